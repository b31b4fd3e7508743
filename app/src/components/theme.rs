//! Light, dark, or as the system has it. What is chosen is kept; `public/early.js` applies it before the first paint.

use leptos::prelude::document;

use crate::browser;

const KEY: &str = "theme";

/// How the pages look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them, as they are offered.
    pub(super) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The one that was chosen.
    pub(super) fn chosen() -> Self {
        let kept = browser::remembered(KEY);
        let known = Self::ALL
            .into_iter()
            .find(|one| one.name() == kept.as_deref());
        known.unwrap_or_default()
    }

    /// Applies and keeps it.
    pub(super) fn choose(self) {
        browser::remember(KEY, self.name());
        if let Some(root) = document().document_element() {
            // Both only fail for a name that no attribute can have.
            let _ = match self.name() {
                Some(name) => root.set_attribute("data-theme", name),
                None => root.remove_attribute("data-theme"),
            };
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// What it is called.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}
