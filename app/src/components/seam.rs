//! Where an answer changed its model. In the text stands a thin mark, which is all that a reader of the text has to see; its
//! meaning is the mark's name, and a note that it opens. The browser opens and places the notes by itself, so that they
//! stand still while the text around their marks grows.

use evenkeel_protocol::{Message, MessageId, Seam, SeamMode};
use leptos::prelude::*;

use crate::state::in_text;
use crate::wording;

/// The mark in the text.
pub(super) fn mark(message: &Message, place: usize) -> AnyView {
    let Some(seam) = message.seams.get(place) else {
        return ().into_any();
    };
    view! {
        <button
            type="button"
            class="seam"
            data-testid="seam"
            data-mode=seam.mode.as_str()
            aria-label=wording::seam(seam)
            popovertarget=note_id(&message.id, place)
        ></button>
    }
    .into_any()
}

/// What the marks open. It stands outside the text, which is not to be read twice.
pub(super) fn notes(message: &Message) -> Vec<AnyView> {
    in_text(&message.seams)
        .map(|(place, seam)| {
            view! {
                <p class="seam-note" id=note_id(&message.id, place) popover="auto">
                    {wording::seam(seam)}
                </p>
            }
            .into_any()
        })
        .collect()
}

fn note_id(message: &MessageId, place: usize) -> String {
    format!("seam-{message}-{place}")
}

/// The marks above the text: where it was begun anew, and what was discarded for it.
pub(super) fn restarts(message: &Message) -> Vec<AnyView> {
    message
        .seams
        .iter()
        .filter(|seam| seam.mode == SeamMode::Restarted)
        .map(restart)
        .collect()
}

fn restart(seam: &Seam) -> AnyView {
    let mode = seam.mode.as_str();
    let said = wording::seam(seam);
    let Some(discarded) = &seam.discarded else {
        return view! { <p class="restart" data-testid="seam" data-mode=mode>{said}</p> }
            .into_any();
    };
    view! {
        <details class="restart attempts" data-testid="seam" data-mode=mode>
            <summary>{said}</summary>
            <p class="text-sm text-muted">{format!("What {} had written:", seam.from)}</p>
            <div class="discarded">{discarded.replace('\0', "\u{fffd}")}</div>
        </details>
    }
    .into_any()
}
