//! Light, dark, or as the system has it. What is chosen is kept; `public/early.js` applies it before the first paint.

use leptos::prelude::*;

use crate::browser;

const KEY: &str = "theme";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    fn of(name: Option<&str>) -> Self {
        match name {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            Some(_) | None => Self::System,
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::System => "Theme: system",
            Self::Light => "Theme: light",
            Self::Dark => "Theme: dark",
        }
    }
}

/// Goes from one theme to the next.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new(Theme::System);
    Effect::new(move || theme.set(Theme::of(browser::remembered(KEY).as_deref())));
    let switch = move |_| {
        let next = theme.get_untracked().next();
        browser::remember(KEY, next.name());
        if let Some(root) = document().document_element() {
            // Both only fail for a name that no attribute can have.
            let _ = match next.name() {
                Some(name) => root.set_attribute("data-theme", name),
                None => root.remove_attribute("data-theme"),
            };
        }
        theme.set(next);
    };
    view! {
        <button type="button" class="side-link" data-testid="theme" on:click=switch>
            <span class="theme-mark" aria-hidden="true"></span>
            <span>{move || theme.get().label()}</span>
        </button>
    }
}
