//! What was on its way when a page was closed goes on from the next one.

use crate::browser;
use crate::state::Draft;
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
            at: unsent.at,
        };
        if kept::draft(key).written().is_none() {
            kept::keep_draft(key, &draft);
        }
    }
}
