//! The sheet of the shortcuts, made of the same table that the page listens by.

use leptos::prelude::*;

use super::dialog::dialog;
use super::keys::CHARACTERS;
use crate::browser;
use crate::state::{Keys, SHORTCUTS};
use crate::store::Store;

fn caps(keys: Keys, mac: bool) -> Vec<String> {
    let mut caps = Vec::new();
    let mut push = |cap: &str| caps.push(cap.to_owned());
    if keys.control {
        push(if mac { "⌘" } else { "Ctrl" });
    }
    if keys.alt {
        push(if mac { "⌥" } else { "Alt" });
    }
    if keys.shift {
        push(if mac { "⇧" } else { "Shift" });
    }
    push(match keys.key {
        "ArrowUp" => "↑",
        "ArrowDown" => "↓",
        "Escape" => "Esc",
        "Delete" => "Del",
        key => key,
    });
    if let Some(last) = caps.last_mut().filter(|last| last.len() == 1) {
        *last = last.to_uppercase();
    }
    caps
}

/// All shortcuts, by what they are about.
pub(super) fn shortcut_sheet(store: Store) -> AnyView {
    let mac = browser::is_mac();
    let groups: Vec<_> = SHORTCUTS
        .iter()
        .map(|(about, shortcuts)| {
            let rows: Vec<_> = shortcuts
                .chunk_by(|one, next| one.label == next.label)
                .map(|same| {
                    let keys: Vec<_> = same
                        .iter()
                        .enumerate()
                        .map(|(place, shortcut)| {
                            let caps: Vec<_> = caps(shortcut.keys, mac)
                                .into_iter()
                                .map(|cap| view! { <kbd>{cap}</kbd> })
                                .collect();
                            view! { {(place > 0).then_some(" or ")} {caps} }
                        })
                        .collect();
                    view! {
                        <div class="shortcut">
                            <dt>{same.first().map(|shortcut| shortcut.label)}</dt>
                            <dd>{keys}</dd>
                        </div>
                    }
                })
                .collect();
            view! {
                <section>
                    <h3 class="group-name">{*about}</h3>
                    <dl>{rows}</dl>
                </section>
            }
        })
        .collect();
    let characters = RwSignal::new(super::keys::characters());
    let switch = move |_| {
        let now = !characters.get_untracked();
        browser::remember(CHARACTERS, (!now).then_some("off"));
        characters.set(now);
    };
    let content = view! {
        <div class="shortcuts">{groups}</div>
        <button
            type="button"
            class="list-menu-item"
            role="switch"
            aria-checked=move || characters.get().to_string()
            on:click=switch
        >
            <span class="switch" aria-hidden="true"></span>
            <span>"Single keys (/ and ?) are shortcuts"</span>
        </button>
    };
    dialog(store, "shortcuts", "Shortcuts", content)
}
