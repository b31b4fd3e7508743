//! The user's menu: how the pages look, what they suggest, and what is seldom needed.

use leptos::prelude::*;

use super::menu::{Choose, menu};
use super::theme::Theme;
use super::{Icon, icon};
use crate::browser;
use crate::store::Store;
use crate::store::list::Overlay;

/// Whether follow-up questions are suggested: "on" where nothing is remembered.
const SUGGESTIONS: &str = "suggestions";

/// The menu at the foot of the list.
pub(super) fn user_menu(store: Store) -> AnyView {
    menu(
        store,
        Overlay::User,
        "user-menu".to_owned(),
        "Settings and more".to_owned(),
        move |choose| items(store, choose),
    )
}

fn items(store: Store, choose: Choose) -> AnyView {
    let theme = RwSignal::new(Theme::chosen());
    let themes: Vec<_> = Theme::ALL
        .into_iter()
        .map(|one| {
            view! {
                <button
                    type="button"
                    class="menu-choice"
                    role="menuitemradio"
                    data-testid="theme"
                    data-theme-name=one.label()
                    aria-checked=move || (theme.get() == one).to_string()
                    on:click=move |_| {
                        one.choose();
                        theme.set(one);
                    }
                >
                    {one.label()}
                </button>
            }
        })
        .collect();
    let suggests = RwSignal::new(browser::remembered(SUGGESTIONS).as_deref() != Some("off"));
    let switch = move |_| {
        let now = !suggests.get_untracked();
        browser::remember(SUGGESTIONS, Some(if now { "on" } else { "off" }));
        suggests.set(now);
    };
    let open = move |overlay: Overlay| {
        choose.close();
        store.lay_over(overlay);
    };
    let import = move |_| {
        choose.close();
        super::import::ask();
    };
    view! {
        <div class="menu-choices" role="group" aria-label="Theme">{themes}</div>
        <hr class="menu-line" />
        <button
            type="button"
            class="list-menu-item"
            role="menuitemcheckbox"
            data-testid="suggestions-setting"
            aria-checked=move || suggests.get().to_string()
            on:click=switch
        >
            <span class="switch" aria-hidden="true"></span>
            <span>"Suggest follow-up questions"</span>
        </button>
        <hr class="menu-line" />
        <button type="button" class="list-menu-item" role="menuitem" on:click=move |_| open(Overlay::Receipt)>
            <Icon shape=icon::RECEIPT />
            <span>"Resilience receipt"</span>
        </button>
        <button type="button" class="list-menu-item" role="menuitem" on:click=import>
            <Icon shape=icon::UPLOAD />
            <span>"Import a conversation …"</span>
        </button>
        <button type="button" class="list-menu-item" role="menuitem" on:click=move |_| open(Overlay::Shortcuts)>
            <Icon shape=icon::KEYBOARD />
            <span>"Shortcuts"</span>
            <kbd aria-hidden="true">"?"</kbd>
        </button>
    }
    .into_any()
}
