//! One socket's life.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use evenkeel_protocol::{
    ClientFrame, ConversationChange, ConversationId, FaultChange, Hello, MessageStatus,
    PROTOCOL_VERSION, ProviderHealth, RequestId, Role, RunId, Send, ServerFrame, Topic,
};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::FRAME_LIMIT;
use super::forecast::Forecasts;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::run::{End, Run, terminal_frame};
use crate::shared::{News, Shared};
use crate::turn::{self, Accepted};

/// Health is pushed at most this often.
const HEALTH_PACE: Duration = Duration::from_millis(500);

/// The socket is pinged this often, and given up when nothing came for three times as long.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// A client that takes no frame for this long is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is left to say gets this long when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Runs that a `subscribe` may name.
const AFTER_LIMIT: usize = 1000;

/// Beyond this many runs, those that ended are forgotten.
const FOLLOWED_LIMIT: usize = 256;

/// How many conversations a list shows.
pub(crate) const LIST_LIMIT: u32 = 500;

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
    /// What the client knows of each provider.
    told: Vec<ProviderHealth>,
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
            told: vec![],
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
            ClientFrame::Send(send) => self.send(send).await,
            ClientFrame::Regenerate { request_id, .. } => encode(&refused(
                Some(request_id),
                Refusal::invalid("regenerate: not yet"),
            )),
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

    async fn send(&mut self, send: Send) -> Vec<Message> {
        match turn::begin(&self.shared, &self.principal, &send).await {
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
            Err(refusal) => encode(&refused(Some(send.request_id), refusal)),
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

    /// Replays what was missed, then follows.
    async fn subscribe(
        &mut self,
        conversation: ConversationId,
        after: BTreeMap<RunId, u64>,
    ) -> Result<Vec<Message>, Refusal> {
        if after.len() > AFTER_LIMIT {
            return Err(Refusal::invalid(
                "after: names too many runs; leave out those that ended",
            ));
        }
        let store = &self.shared.store;
        if store
            .conversation(&self.principal.id, &conversation)
            .await?
            .is_none()
        {
            return Err(Refusal::not_found("conversation"));
        }
        // The newest run may have ended while nobody was looking.
        let latest = store.latest_run(&self.principal.id, &conversation).await?;
        self.conversations.insert(conversation.clone());
        let mut ended: BTreeSet<RunId> = after.keys().cloned().chain(latest).collect();
        for run in self.shared.runs.of(&conversation) {
            ended.remove(&run.id);
            let seq = after.get(&run.id).copied().unwrap_or(0);
            self.follow(run, seq);
        }
        let mut frames = vec![];
        for run_id in ended {
            let seq = after.get(&run_id).copied().unwrap_or(0);
            frames.extend(self.terminal(&run_id, seq).await?);
        }
        Ok(frames)
    }

    /// The last frame of a run that has ended, for a client that has its frames up to `after`.
    async fn terminal(&self, run_id: &RunId, after: u64) -> Result<Vec<Message>, Refusal> {
        let ended = self
            .shared
            .store
            .ended_run(&self.principal.id, run_id)
            .await?;
        Ok(ended.map_or_else(Vec::new, |ended| {
            // A run that a crash has ended never wrote its last frame: it comes after whatever the client has.
            let interrupted = ended.answer.status == MessageStatus::Interrupted;
            let seq = if interrupted {
                ended.last_seq.max(after) + 1
            } else {
                ended.last_seq
            };
            let end = match ended.answer.error.clone() {
                None => End::Done(ended.answer),
                Some(error) => End::Error(error, ended.answer),
            };
            encode(&terminal_frame(run_id.clone(), seq, end))
        }))
    }

    fn unsubscribe(&mut self, conversation: &ConversationId) {
        self.conversations.remove(conversation);
        self.followed.retain(|_, (of, follower)| {
            let gone = of == conversation;
            if gone {
                follower.abort();
            }
            !gone
        });
    }

    /// Sends a run's frames from a place on. Following it anew takes the place of following it before.
    fn follow(&mut self, run: Arc<Run>, after: u64) {
        let (id, conversation) = (run.id.clone(), run.conversation_id.clone());
        let follower = self.followers.spawn(follow(run, after, self.out.clone()));
        if let Some((_, before)) = self.followed.insert(id, (conversation, follower)) {
            before.abort();
        }
        // Those that are done need no place, but their runs are remembered for as long as the news may bring them up.
        while self.followers.try_join_next().is_some() {}
        if self.followed.len() > FOLLOWED_LIMIT {
            self.followed
                .retain(|_, (_, follower)| !follower.is_finished());
        }
    }

    async fn watch(&mut self, topic: Topic) -> Vec<Message> {
        let needed = match topic {
            Topic::Health => Role::Admin,
            Topic::Faults => Role::Tester,
            Topic::Conversations | Topic::Forecast => Role::User,
        };
        if !self.principal.has(needed) {
            let message = "watch: this topic needs another role";
            return encode(&refused(None, Refusal::not_allowed(message)));
        }
        self.topics.insert(topic);
        self.snapshot(topic).await
    }

    async fn snapshot(&mut self, topic: Topic) -> Vec<Message> {
        match topic {
            Topic::Health => self.health(true),
            Topic::Faults => encode(&ServerFrame::Fault(FaultChange::Snapshot {
                faults: crate::api::debug::visible(&self.shared, &self.principal),
            })),
            Topic::Forecast => {
                let now = self.forecasts.whole(&self.shared, &self.principal.id);
                encode(&ServerFrame::Forecast(now))
            }
            Topic::Conversations => {
                let list = self
                    .shared
                    .store
                    .conversations(&self.principal.id, LIST_LIMIT)
                    .await;
                match list {
                    Ok(conversations) => {
                        encode(&ServerFrame::Conversation(ConversationChange::Snapshot {
                            conversations,
                        }))
                    }
                    Err(error) => encode(&refused(None, error.into())),
                }
            }
        }
    }

    /// All providers, or those that have changed since the client was told.
    fn health(&mut self, snapshot: bool) -> Vec<Message> {
        let catalog = self.shared.catalog();
        let (viewer, clock) = (&self.principal.id, &self.shared.clock);
        let mut report = self.shared.health.report(&catalog, viewer, clock);
        let all = report.providers.clone();
        if !snapshot {
            report.snapshot = false;
            report
                .providers
                .retain(|provider| !self.told.contains(provider));
        }
        self.told = all;
        if report.providers.is_empty() {
            vec![]
        } else {
            encode(&ServerFrame::Health(report))
        }
    }

    async fn news(&mut self, news: Result<News, broadcast::error::RecvError>) -> Vec<Message> {
        match news {
            Ok(News::Run(run)) => {
                let mine = run.principal == self.principal.id;
                if mine
                    && self.conversations.contains(&run.conversation_id)
                    && !self.followed.contains_key(&run.id)
                {
                    self.follow(run, 0);
                }
                vec![]
            }
            Ok(News::Conversation(whose, change)) => {
                if whose != self.principal.id {
                    return vec![];
                }
                if let ConversationChange::Deleted { conversation_id } = &change {
                    self.unsubscribe(conversation_id);
                }
                let watched = self.topics.contains(&Topic::Conversations);
                if watched {
                    encode(&ServerFrame::Conversation(change))
                } else {
                    vec![]
                }
            }
            Ok(News::Models) => encode(&ServerFrame::Hello(hello(&self.shared, &self.principal))),
            Ok(News::Fault(whose, change)) => {
                let visible = whose.is_none_or(|whose| whose == self.principal.id);
                let watched = self.topics.contains(&Topic::Faults);
                if visible && watched {
                    encode(&ServerFrame::Fault(change))
                } else {
                    vec![]
                }
            }
            // Too slow for the news: given everything anew.
            Err(broadcast::error::RecvError::Lagged(_)) => {
                let missed: Vec<_> = self
                    .conversations
                    .iter()
                    .flat_map(|conversation| self.shared.runs.of(conversation))
                    .filter(|run| !self.followed.contains_key(&run.id))
                    .collect();
                missed.into_iter().for_each(|run| self.follow(run, 0));
                let mut frames = vec![];
                for topic in self.topics.clone() {
                    frames.extend(self.snapshot(topic).await);
                }
                frames
            }
            Err(broadcast::error::RecvError::Closed) => vec![],
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
        assistants: vec![],
        version: env!("CARGO_PKG_VERSION").to_owned(),
        default_model: catalog.default_model().as_str().into(),
    }
}

async fn follow(run: Arc<Run>, mut seq: u64, out: mpsc::Sender<Utf8Bytes>) {
    let mut changes = run.changes();
    loop {
        let (frames, ended) = run.frames_after(seq);
        seq += frames.len() as u64;
        for frame in frames {
            if out.send(frame).await.is_err() {
                return;
            }
        }
        if ended || changes.changed().await.is_err() {
            return;
        }
    }
}

/// In this order: a change that was noticed is not lost when another event comes before its time.
async fn health_due(changes: &mut watch::Receiver<()>, not_before: Instant) {
    sleep_until(not_before).await;
    // Its sender lives as long as the server.
    let _ = changes.changed().await;
}

/// A frame was longer than it may be.
fn too_long(text: &str) -> ServerFrame {
    let message = "the frame is longer than 32 MiB, and was not read; send fewer or smaller files";
    refused(request_id(text), Refusal::invalid(message))
}

/// Which request a frame is that is not understood.
fn request_id(text: &str) -> Option<RequestId> {
    #[derive(serde::Deserialize)]
    struct Named {
        request_id: Option<RequestId>,
    }
    serde_json::from_str::<Named>(text).ok()?.request_id
}

async fn unreadable(sink: &mut SplitSink<WebSocket, Message>, error: &axum::Error) {
    let message = format!("the frame cannot be read, and the connection ends: {error}");
    for frame in encode(&refused(None, Refusal::invalid(&message))) {
        let _ = sink.send(frame).await;
    }
    let _ = sink.close().await;
}

fn refused(request_id: Option<RequestId>, refusal: Refusal) -> ServerFrame {
    ServerFrame::Error {
        run_id: None,
        seq: None,
        request_id,
        error: refusal.error,
        message: None,
    }
}

fn encode(frame: &ServerFrame) -> Vec<Message> {
    match serde_json::to_string(frame) {
        Ok(json) => vec![Message::Text(json.into())],
        Err(error) => {
            tracing::error!(%error, "a frame cannot be written as JSON");
            vec![]
        }
    }
}
