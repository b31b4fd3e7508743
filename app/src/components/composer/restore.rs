//! What was on its way when a page was closed goes on from the next one.

use std::collections::BTreeSet;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;

use crate::browser;
use crate::state::queue::QUEUE;
use crate::state::{Choice, Draft};
use crate::store::{Store, kept};

/// Another tab that is just sending needs no help within this time, in milliseconds.
const RECENT_MS: i64 = 30_000;
/// What has waited longer than this is not sent by surprise.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Messages that were on their way when a page was closed are sent from this one; those of an older day become drafts.
pub(crate) fn restore(store: Store) {
    let (now, tab) = (browser::now_ms(), kept::tab());
    let mut all: Vec<_> = kept::names(kept::UNSENT)
        .iter()
        .filter_map(|name| kept::unsent(name))
        .filter(|unsent| {
            let nobodys = unsent.tab.is_empty() || unsent.tab == tab;
            nobodys || now - unsent.at > RECENT_MS
        })
        .collect();
    all.sort_by_key(|unsent| unsent.at);
    for unsent in all {
        if now - unsent.at < DAY_MS {
            store.adopt(unsent.send, unsent.at);
            continue;
        }
        kept::forget_unsent(&unsent.send.request_id);
        let key = unsent.send.conversation_id.as_ref();
        let key = key.map_or("new", evenkeel_protocol::ConversationId::as_str);
        let draft = Draft {
            text: unsent.send.text,
            instructions: unsent.send.system_prompt,
            choice: Some(Choice {
                assistant: unsent.send.assistant,
                model: unsent.send.model,
            }),
            at: unsent.at,
        };
        if kept::draft(key).written().is_none() {
            kept::keep_draft(key, &draft);
        }
    }
}

/// Looks every few seconds after what waits in conversations that are not shown, for as long as something does.
pub(crate) fn look_after(store: Store) {
    /// As often as this, in milliseconds.
    const PACE_MS: u32 = 3_000;

    if store.composing.watching.get_value() {
        return;
    }
    store.composing.watching.set_value(true);
    leptos::task::spawn_local(async move {
        let mut given_up = BTreeSet::new();
        loop {
            let here = store.composing.key();
            let elsewhere: Vec<_> = kept::names(QUEUE)
                .iter()
                .filter_map(|name| name.strip_prefix(QUEUE))
                .filter(|key| *key != here && *key != "new" && !given_up.contains(*key))
                .map(str::to_owned)
                .collect();
            if elsewhere.is_empty() {
                break;
            }
            for key in elsewhere {
                if !store.send_elsewhere(&key).await {
                    given_up.insert(key);
                }
            }
            TimeoutFuture::new(PACE_MS).await;
        }
        store.composing.watching.set_value(false);
    });
}
