//! Everything that a page shows, as plain data: no signals, no browser. [`State::apply`] is the only way in for what
//! the server says, and it is the same code that runs in the tests.

mod again;
mod apply;
mod backoff;
mod blocks;
mod branches;
mod choice;
mod drafts;
mod fault_draft;
pub mod files;
pub(crate) mod formula;
mod frame_log;
mod gantt;
mod groups;
pub(crate) mod highlight;
mod lines;
mod link;
mod lists;
mod map;
mod markdown;
pub mod panel;
mod presets;
pub mod queue;
mod recovery;
mod replay;
mod runs;
mod send;
mod shortcuts;
mod transcript;
mod watched;
mod window;

use std::sync::Arc;

use evenkeel_protocol::read::Read;
use evenkeel_protocol::{
    ClientFrame, Conversation, ConversationId, Forecast, Hello, MessageRole, ModelId,
    PROTOCOL_VERSION, RunId, Topic, User,
};

pub use again::Again;
pub use apply::{Changes, Heard, Unread};
pub use backoff::delay_ms;
pub use blocks::{Block, Blocks, in_text};
pub use choice::{Choice, assistant};
pub use drafts::{DRAFT, Draft, forgotten};
pub use fault_draft::{FaultDraft, KINDS};
pub use files::Attached;
pub use frame_log::{FrameLog, Passed, Shown, indented};
pub use gantt::{Bar, Chart, WIDTH, length};
pub use groups::{Group, groups};
pub use highlight::named;
pub use lines::{Line, Lines, Paint, Source, cut};
pub use link::{Audience, Connection, Deed, Event, Link};
pub use map::{Map, SortedSet};
pub use markdown::{Align, Node, Table, plain, tab_separated};
pub use presets::{PRESETS, Preset, preset_named};
pub use queue::{Held, Queued};
pub use recovery::{Waiting, expected, would_answer};
pub use replay::{Replay, ReplayEnd};
pub use runs::Runs;
pub use send::Pending;
pub use shortcuts::{Action, Keys, Pressed, SHORTCUTS, Scope, Shortcut};
pub use transcript::{Entry, Item, Open, Phase};
pub use watched::Watched;
pub use window::newest;

use crate::{Boot, BootPage, Clock, Watching};

/// Reads what was written as JSON. serde's own readers would bring several times the code into the browser's first file.
pub fn read_json<T: Read>(json: &str) -> Option<T> {
    T::read(serde_json::from_str(json).ok()?).ok()
}

/// What the pages show.
#[derive(Clone, Debug)]
pub struct State {
    /// Who the reader is, and what can be asked for.
    pub hello: Arc<Hello>,
    /// The conversation list, newest first.
    pub conversations: Arc<Vec<Conversation>>,
    /// The conversation that is shown.
    pub open: Open,
    /// Messages that the server has not accepted yet.
    pub pending: Vec<Arc<Pending>>,
    /// Answers that have been asked for again, and which the server has not accepted yet.
    pub again: Vec<Arc<Again>>,
    /// Who would answer now, where it is not the model asked for.
    pub forecast: Arc<Forecast>,
    /// The forecast has been told since the page connected.
    pub forecast_known: bool,
    /// What the page watches, as it was when the page began.
    pub watching: Watching,
    /// The reader's clock when the page began.
    pub clock: Clock,
    /// The next new conversation is a temporary one.
    pub temporary: bool,
    runs: Runs,
    topics: SortedSet<Topic>,
    stopping: SortedSet<RunId>,
}

impl Default for State {
    fn default() -> Self {
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            user: User {
                id: String::new(),
                name: String::new(),
                roles: Vec::new(),
            },
            models: Vec::new(),
            assistants: Vec::new(),
            version: String::new(),
            default_model: ModelId(String::new()),
        };
        Self {
            hello: Arc::new(hello),
            conversations: Arc::default(),
            open: Open::default(),
            pending: Vec::new(),
            again: Vec::new(),
            forecast: Arc::default(),
            forecast_known: false,
            watching: Watching::default(),
            clock: Clock::default(),
            temporary: false,
            runs: Runs::default(),
            topics: [Topic::Conversations, Topic::Forecast]
                .into_iter()
                .map(|topic| (topic, ()))
                .collect(),
            stopping: SortedSet::default(),
        }
    }
}

impl From<Boot> for State {
    fn from(boot: Boot) -> Self {
        let mut state = Self {
            hello: Arc::new(boot.hello),
            conversations: Arc::new(boot.conversations),
            clock: boot.clock,
            ..Self::default()
        };
        match boot.page {
            BootPage::New => {}
            BootPage::Conversation(transcript) => state.open = Open::of(transcript, false),
            BootPage::ConversationEnd(transcript) => state.open = Open::of(transcript, true),
            BootPage::Admin(watching) | BootPage::Debug(watching) => state.watching = watching,
            BootPage::NotFound => state.open.phase = Phase::Missing,
        }
        state
    }
}

impl State {
    /// What a new socket says first: everything that the server has to know to go on where the last one ended.
    pub fn opening(&self) -> Vec<ClientFrame> {
        let mut frames = vec![
            ClientFrame::Hello {
                protocol: PROTOCOL_VERSION,
            },
            ClientFrame::Watch {
                topics: self.topics.keys().copied().collect(),
            },
        ];
        frames.extend(self.subscription());
        frames.extend(self.unsent());
        frames.extend(self.unsaid_again());
        frames.extend(self.stopping.keys().map(|run_id| ClientFrame::Stop {
            run_id: run_id.clone(),
        }));
        frames
    }

    /// Follows the open conversation from where this page stands.
    pub fn subscription(&self) -> Option<ClientFrame> {
        let conversation_id = self.open.id.clone()?;
        let mut after = self.runs.after(&conversation_id);
        for entry in self.open.streaming() {
            // Zero asks for the whole run while it runs, and for its end where it has ended meanwhile.
            if let Some(run_id) = entry.message.run_id.clone() {
                after.entry(run_id).or_insert(0);
            }
        }
        Some(ClientFrame::Subscribe {
            conversation_id,
            after,
        })
    }

    /// Shows another conversation (or a new one): what has to be said to the server for it.
    pub fn show(&mut self, id: Option<ConversationId>) -> Vec<ClientFrame> {
        let mut frames = Vec::new();
        if let Some(conversation_id) = self.open.id.take() {
            self.runs.forget(&conversation_id);
            frames.push(ClientFrame::Unsubscribe { conversation_id });
        }
        self.open = Open::new(id);
        self.temporary = false;
        if self.open.id.is_some() {
            self.open.phase = Phase::Loading;
        }
        frames.extend(self.subscription());
        frames
    }

    /// Follows a topic from now on.
    pub fn watch(&mut self, topic: Topic) -> Option<ClientFrame> {
        self.topics.add(topic).then(|| ClientFrame::Watch {
            topics: vec![topic],
        })
    }

    /// Follows a topic no longer.
    pub fn unwatch(&mut self, topic: Topic) -> Option<ClientFrame> {
        self.topics.remove(&topic).map(|()| ClientFrame::Unwatch {
            topics: vec![topic],
        })
    }

    /// Ends the run of the open conversation.
    pub fn stop(&mut self) -> Option<ClientFrame> {
        let run_id = self.running()?;
        self.stopping.add(run_id.clone());
        Some(ClientFrame::Stop { run_id })
    }

    /// The run that is writing at the end of what is shown.
    pub fn running(&self) -> Option<RunId> {
        self.writing()
            .find_map(|entry| entry.message.run_id.clone())
    }

    /// What is shown is being answered, or on its way to be.
    pub fn busy(&self) -> bool {
        self.writing().next().is_some()
            || self.pending_here().any(|pending| pending.refused.is_none())
            || self.asking_again().next().is_some()
    }

    fn writing(&self) -> impl Iterator<Item = &Arc<Entry>> {
        let last = self.open.shown().iter().rev().take(2);
        last.filter_map(|id| self.open.get(id))
            .filter(|entry| entry.streaming())
    }

    /// Who is asked unless somebody chooses another: the assistant of the newest answer that is shown, else the last model
    /// of what is shown, else the default.
    pub fn usual(&self) -> Choice {
        let shown = || {
            let shown = self.open.shown().iter().rev();
            shown.filter_map(|id| self.open.get(id))
        };
        let answer = shown().find(|entry| entry.message.role == MessageRole::Assistant);
        let id = answer.and_then(|answer| answer.message.assistant.as_deref());
        if let Some(assistant) = id.and_then(|id| assistant(&self.hello, id)) {
            return Choice {
                assistant: Some(assistant.id.clone()),
                model: None,
            };
        }
        shown()
            .filter_map(|entry| entry.message.requested_model.clone())
            .find(|id| choice::offers(&self.hello, id))
            .unwrap_or_else(|| self.hello.default_model.clone())
            .into()
    }

    /// Where the parts of what the page shows begin, newest part first.
    pub fn parts(&self, items: &[Item]) -> Vec<usize> {
        self.open.window.parts(items)
    }

    /// What the page shows of the transcript, in order.
    pub fn items(&self) -> Vec<Item> {
        let pending: Vec<_> = self.pending_here().collect();
        let again = self.asking_again().next();
        let asked_again = || again.map(|again| &again.question);
        let path = match pending.first().map(|first| &first.send) {
            // Another version of a question takes its place.
            Some(send) if let Some(edited) = &send.edited_id => {
                let mut path = self.open.path_to(edited);
                path.pop();
                path
            }
            Some(send) if let Some(parent) = &send.parent_id => self.open.path_to(parent),
            Some(_) | None => match asked_again() {
                Some(question) => self.open.path_to(question),
                None => self.open.shown().to_vec(),
            },
        };
        let start = self.open.window.start(&path);
        let mut items: Vec<Item> = path.into_iter().skip(start).map(Item::Message).collect();
        let again = again.map(|again| Item::Again(again.request_id.clone()));
        items.extend(again);
        items.extend(
            pending
                .iter()
                .map(|pending| Item::Pending(pending.send.request_id.clone())),
        );
        items
    }
}

#[cfg(test)]
mod tests;
