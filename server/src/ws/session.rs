//! One socket's life.

mod following;
mod frames;
mod topics;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use evenkeel_protocol::{
    ClientFrame, ConversationId, Hello, PROTOCOL_VERSION, RequestId, RunId, ServerFrame, Topic,
};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use self::frames::{encode, refused, request_id, too_long, unreadable};
pub(crate) use self::topics::LIST_LIMIT;
use self::topics::{HEALTH_PACE, health_due};
use super::FRAME_LIMIT;
use super::forecast::Forecasts;
use crate::error::Refusal;
use crate::health::Viewed;
use crate::principal::Principal;
use crate::shared::Shared;
use crate::turn::{self, Accepted};

/// The socket is pinged this often, and given up when nothing came for three times as long.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// A client that takes no frame for this long is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is left to say gets this long when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(2);

pub(super) struct Session {
    shared: Arc<Shared>,
    principal: Principal,
    /// What goes out; followers wait here while the client is slow.
    out: mpsc::Sender<Utf8Bytes>,
    queue: mpsc::Receiver<Utf8Bytes>,
    conversations: BTreeSet<ConversationId>,
    followed: HashMap<RunId, (ConversationId, AbortHandle)>,
    followers: JoinSet<()>,
    topics: BTreeSet<Topic>,
    /// What the client knows of the providers' health.
    told: Viewed,
    forecasts: Forecasts,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, principal: Principal) -> Self {
        let (out, queue) = mpsc::channel(64);
        Self {
            forecasts: Forecasts::new(&shared),
            shared,
            principal,
            out,
            queue,
            conversations: BTreeSet::new(),
            followed: HashMap::new(),
            followers: JoinSet::new(),
            topics: BTreeSet::new(),
            told: Viewed::default(),
        }
    }

    /// Speaks with the client until it leaves, or the server stops.
    pub(super) async fn serve(mut self, socket: WebSocket) {
        let (mut sink, mut stream) = socket.split();
        let mut news = self.shared.news.subscribe();
        let mut health = self.shared.health.changes();
        let mut next_health = Instant::now();
        let shutdown = self.shared.shutdown.clone();
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            let watches_health = self.topics.contains(&Topic::Health);
            let watches_forecast = self.topics.contains(&Topic::Forecast);
            let replies = tokio::select! {
                Some(frame) = self.queue.recv() => vec![Message::Text(frame)],
                message = stream.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) if text.len() > FRAME_LIMIT => encode(&too_long(&text)),
                        Some(Ok(Message::Text(text))) => self.hear(&text).await,
                        Some(Ok(Message::Binary(_))) => {
                            encode(&refused(None, Refusal::invalid("frames are JSON text, not binary")))
                        }
                        // A close is answered by itself, and then nothing more comes.
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => vec![],
                        Some(Err(error)) => {
                            // Where it still listens; a frame that is too long even to be read is one such.
                            let _ = timeout(LAST_WORDS, unreadable(&mut sink, &error)).await;
                            return;
                        }
                        None => return,
                    }
                }
                fresh = news.recv() => self.news(fresh).await,
                () = health_due(&mut health, next_health), if watches_health => {
                    next_health = Instant::now() + HEALTH_PACE;
                    self.health(false)
                }
                () = self.forecasts.due(), if watches_forecast => {
                    let changed = self.forecasts.changed(&self.shared, &self.principal.id);
                    changed.map_or_else(Vec::new, |it| encode(&ServerFrame::Forecast(it)))
                }
                _ = heartbeat.tick() => {
                    if heard.elapsed() > 3 * HEARTBEAT {
                        return;
                    }
                    vec![Message::Ping(Default::default())]
                }
                () = shutdown.cancelled() => {
                    // Nobody may be there to hear it.
                    let _ = timeout(LAST_WORDS, self.last_words(&mut sink)).await;
                    let reason = CloseFrame { code: 1001, reason: "the server is stopping".into() };
                    let _ = sink.send(Message::Close(Some(reason))).await;
                    return;
                }
            };
            for reply in replies {
                if !matches!(timeout(PATIENCE, sink.send(reply)).await, Ok(Ok(()))) {
                    return;
                }
            }
        }
    }

    /// Delivers what its turns have said last: they ended a moment ago.
    async fn last_words(&mut self, sink: &mut SplitSink<WebSocket, Message>) {
        while !self.followers.is_empty() {
            tokio::select! {
                Some(frame) = self.queue.recv() => {
                    let _ = sink.send(Message::Text(frame)).await;
                }
                _ = self.followers.join_next() => {}
            }
        }
        while let Ok(frame) = self.queue.try_recv() {
            let _ = sink.send(Message::Text(frame)).await;
        }
    }

    async fn hear(&mut self, text: &str) -> Vec<Message> {
        let frame = match serde_json::from_str::<ClientFrame>(text) {
            Ok(frame) => frame,
            Err(error) => {
                let message = format!("the frame is not understood: {error}");
                return encode(&refused(request_id(text), Refusal::invalid(&message)));
            }
        };
        match frame {
            ClientFrame::Hello { protocol } => encode(&self.hello(protocol)),
            ClientFrame::Send(send) => {
                let begun = turn::begin(&self.shared, &self.principal, &send).await;
                self.begun(begun, send.request_id).await
            }
            ClientFrame::Regenerate {
                request_id,
                message_id,
                model,
            } => {
                let (shared, principal) = (&self.shared, &self.principal);
                let model = model.as_ref();
                let begun =
                    turn::regenerate(shared, principal, &request_id, &message_id, model).await;
                self.begun(begun, request_id).await
            }
            ClientFrame::Stop { run_id } => self.stop(&run_id),
            ClientFrame::Subscribe {
                conversation_id,
                after,
            } => match self.subscribe(conversation_id, after).await {
                Ok(frames) => frames,
                Err(refusal) => encode(&refused(None, refusal)),
            },
            ClientFrame::Unsubscribe { conversation_id } => {
                self.unsubscribe(&conversation_id);
                vec![]
            }
            ClientFrame::Watch { topics } => {
                let mut frames = vec![];
                for topic in topics {
                    frames.extend(self.watch(topic).await);
                }
                frames
            }
            ClientFrame::Unwatch { topics } => {
                for topic in topics {
                    self.topics.remove(&topic);
                }
                vec![]
            }
            ClientFrame::Ping => encode(&ServerFrame::Pong),
        }
    }

    fn hello(&self, protocol: u32) -> ServerFrame {
        if protocol == PROTOCOL_VERSION {
            ServerFrame::Hello(hello(&self.shared, &self.principal))
        } else {
            let message =
                format!("protocol: this server speaks version {PROTOCOL_VERSION}; reload the page");
            refused(None, Refusal::invalid(&message))
        }
    }

    /// Follows the run that was asked for.
    async fn begun(
        &mut self,
        begun: Result<Accepted, Refusal>,
        request_id: RequestId,
    ) -> Vec<Message> {
        match begun {
            Ok(Accepted::Running(run)) => {
                self.conversations.insert(run.conversation_id.clone());
                if self.followed.contains_key(&run.id) {
                    // Sent twice on this socket: the same acceptance again, and the run goes on as it is.
                    let (frames, _) = run.frames_after(0);
                    return frames.into_iter().take(1).map(Message::Text).collect();
                }
                self.follow(run, 0);
                vec![]
            }
            Ok(Accepted::Ended { accepted, run_id }) => {
                let mut frames = encode(&accepted);
                frames.extend(self.terminal(&run_id, 0).await.unwrap_or_default());
                frames
            }
            Err(refusal) => encode(&refused(Some(request_id), refusal)),
        }
    }

    fn stop(&self, run_id: &RunId) -> Vec<Message> {
        match self
            .shared
            .runs
            .get(run_id)
            .filter(|run| run.principal == self.principal.id)
        {
            Some(run) => {
                run.stop.cancel();
                vec![]
            }
            None => encode(&refused(None, Refusal::not_found("running turn"))),
        }
    }
}

/// The introduction, for the socket and for a page's first paint.
pub(crate) fn hello(shared: &Shared, principal: &Principal) -> Hello {
    let catalog = shared.catalog();
    Hello {
        protocol: PROTOCOL_VERSION,
        user: principal.user(),
        models: catalog.wire_models(),
        assistants: catalog.wire_assistants(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        default_model: catalog.default_model().as_str().into(),
    }
}
