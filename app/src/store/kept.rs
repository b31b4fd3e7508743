//! What the browser keeps of this page, so that neither a reload nor a crash loses it: drafts, queues, and messages that
//! the server has not accepted yet.
//!
//! A draft is kept twice: for this tab, so that two tabs with one conversation do not take each other's words, and for
//! the next tab.

use evenkeel_protocol::{Attachment, RequestId, Send};
use serde::{Deserialize, Serialize};
use web_sys::Storage;

use crate::browser;
use crate::state::{DRAFT, Draft, Map, Pending, Queued, forgotten, queue};

/// The names of messages on their way begin like this.
pub(crate) const UNSENT: &str = "unsent:";

/// What has more characters than this in its files is not kept: no browser has the room.
const ROOM: usize = 1_000_000;

fn of_this_tab() -> Option<Storage> {
    leptos::prelude::window().session_storage().ok()?
}

fn of_all_tabs() -> Option<Storage> {
    leptos::prelude::window().local_storage().ok()?
}

fn keep(storage: Option<Storage>, name: &str, value: Option<&str>) -> bool {
    let Some(storage) = storage else { return false };
    match value {
        Some(value) => storage.set_item(name, value).is_ok(),
        None => storage.remove_item(name).is_ok(),
    }
}

fn get(storage: Option<Storage>, name: &str) -> Option<String> {
    storage?.get_item(name).ok()?
}

/// The names of what is kept under such a beginning.
pub(crate) fn names(beginning: &str) -> Vec<String> {
    let Some(storage) = of_all_tabs() else {
        return vec![];
    };
    (0..storage.length().unwrap_or(0))
        .filter_map(|index| storage.key(index).ok()?)
        .filter(|name| name.starts_with(beginning))
        .collect()
}

/// The draft of a conversation: this tab's, else any tab's, which becomes this tab's as well.
pub(crate) fn draft(key: &str) -> Draft {
    let name = format!("{DRAFT}{key}");
    let json = get(of_this_tab(), &name).or_else(|| {
        let json = get(of_all_tabs(), &name)?;
        keep(of_this_tab(), &name, Some(&json));
        Some(json)
    });
    json.map(|json| Draft::read(&json)).unwrap_or_default()
}

/// Keeps the draft of a conversation, or forgets it where nothing is in it.
pub(crate) fn keep_draft(key: &str, draft: &Draft) {
    let name = format!("{DRAFT}{key}");
    let json = draft.written();
    if json.is_none() && get(of_this_tab(), &name).is_none() {
        // What another tab has written there is its own.
        return;
    }
    keep(of_this_tab(), &name, json.as_deref());
    keep(of_all_tabs(), &name, json.as_deref());
}

/// Another tab has changed a draft: what this tab had of the same words follows it, where nobody writes on it here.
pub(crate) fn follow_draft(name: &str, old: Option<&str>, new: Option<&str>) {
    if get(of_this_tab(), name).as_deref() == old {
        keep(of_this_tab(), name, new);
    }
}

/// Forgets old drafts.
pub(crate) fn forget_old_drafts() {
    let kept = names(DRAFT).into_iter().map(|name| {
        let at = get(of_all_tabs(), &name).map_or(0, |json| Draft::read(&json).at);
        (name, at)
    });
    for name in forgotten(kept.collect(), browser::now_ms()) {
        keep(of_all_tabs(), &name, None);
    }
}

/// The queue of a conversation, with the files that this page has for it.
pub(crate) fn queue(key: &str, files: &Map<RequestId, Vec<Attachment>>) -> Vec<Queued> {
    let json = get(of_all_tabs(), &format!("{}{key}", queue::QUEUE));
    queue::read(json.as_deref(), files)
}

/// Keeps the queue of a conversation.
pub(crate) fn keep_queue(key: &str, queue: &[Queued]) {
    let name = format!("{}{key}", queue::QUEUE);
    keep(of_all_tabs(), &name, queue::written(queue).as_deref());
}

/// A message on its way, as it is kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct Unsent {
    /// The tab that it was written in.
    pub(crate) tab: String,
    /// When, in milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) send: Send,
}

/// Keeps a message on its way, where there is room for it.
pub(crate) fn keep_unsent(pending: &Pending) {
    let files = pending.send.attachments.iter();
    if pending.send.temporary || files.map(|file| file.data.len()).sum::<usize>() > ROOM {
        return;
    }
    let unsent = Unsent {
        tab: tab(),
        at: pending.at.as_millisecond(),
        send: pending.send.clone(),
    };
    let name = format!("{UNSENT}{}", pending.send.request_id);
    // The wire types always have a JSON form.
    keep(
        of_all_tabs(),
        &name,
        serde_json::to_string(&unsent).ok().as_deref(),
    );
}

/// This tab goes, or may: another one may take up what is on its way from it at once.
pub(crate) fn release_unsent() {
    let own = format!("\"tab\":\"{}\"", tab());
    for name in names(UNSENT) {
        // The tab stands first. To read all of it would bring its reader into the first part of the program.
        if let Some(json) = get(of_all_tabs(), &name)
            .filter(|json| json.get(1..).is_some_and(|json| json.starts_with(&own)))
        {
            let nobodys = json.replacen(&own, "\"tab\":\"\"", 1);
            keep(of_all_tabs(), &name, Some(&nobodys));
        }
    }
}

/// A message on its way, as it was kept.
pub(crate) fn unsent(name: &str) -> Option<Unsent> {
    serde_json::from_str(&get(of_all_tabs(), name)?).ok()
}

/// Forgets a message on its way.
pub(crate) fn forget_unsent(id: &RequestId) {
    keep(of_all_tabs(), &format!("{UNSENT}{id}"), None);
}

/// This tab's name; it stays the same when the page is loaded again.
pub(crate) fn tab() -> String {
    if let Some(tab) = get(of_this_tab(), "tab") {
        return tab;
    }
    let tab = browser::uuid();
    keep(of_this_tab(), "tab", Some(&tab));
    tab
}
