//! Which part of the panel an address names, and what it asks of it.

use super::{decoded, encoded};

/// A part of the panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PanelView {
    /// How everything stands now.
    #[default]
    Overview,
    /// The attempt log.
    Log,
    /// What the log says over a longer time.
    Statistics,
    /// What can be changed.
    Settings,
    /// The rules by which alerts fire.
    Alerts,
    /// Who changed what.
    Audit,
    /// Where each step of the runbooks is done.
    Runbook,
}

impl PanelView {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 7] = [
        Self::Overview,
        Self::Log,
        Self::Statistics,
        Self::Settings,
        Self::Alerts,
        Self::Audit,
        Self::Runbook,
    ];

    /// Its name in an address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Log => "log",
            Self::Statistics => "statistics",
            Self::Settings => "settings",
            Self::Alerts => "alerts",
            Self::Audit => "audit",
            Self::Runbook => "runbook",
        }
    }

    /// What its link is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Log => "Attempts",
            Self::Statistics => "Statistics",
            Self::Settings => "Settings",
            Self::Alerts => "Alerts",
            Self::Audit => "Audit",
            Self::Runbook => "Runbook",
        }
    }
}

/// An address of the panel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PanelRoute {
    /// The part.
    pub view: PanelView,
    asked: Vec<(String, String)>,
}

impl PanelRoute {
    /// The part of the panel, with nothing asked of it.
    pub fn to(view: PanelView) -> Self {
        Self {
            view,
            asked: Vec::new(),
        }
    }

    /// What stands behind the `?` of an address; with or without it.
    pub fn of(query: &str) -> Self {
        let mut route = Self::default();
        for pair in query.trim_start_matches('?').split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name), decoded(value));
            if name == "view" {
                let named = PanelView::ALL.into_iter().find(|view| view.name() == value);
                route.view = named.unwrap_or_default();
            } else if !name.is_empty() && !value.is_empty() {
                route.asked.push((name, value));
            }
        }
        route
    }

    /// What is asked under this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.asked.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The same with this asked, or not asked where it is empty.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.asked.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.asked.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// What is asked, as a query without the part's name.
    pub fn query(&self) -> String {
        let pairs = self.asked.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        pairs.join("&")
    }

    /// Its address.
    pub fn address(&self) -> String {
        let mut parts = Vec::new();
        if self.view != PanelView::Overview {
            parts.push(format!("view={}", self.view.name()));
        }
        if !self.asked.is_empty() {
            parts.push(self.query());
        }
        if parts.is_empty() {
            "/admin".to_owned()
        } else {
            format!("/admin?{}", parts.join("&"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_was_written() {
        let log = PanelRoute::to(PanelView::Log)
            .with("model", "mistral:7b & co")
            .with("reason", "timeout")
            .with("user", "");
        assert_eq!(
            log.address(),
            "/admin?view=log&model=mistral%3A7b%20%26%20co&reason=timeout"
        );
        let query = log.address();
        let read = PanelRoute::of(query.split_once('?').unwrap().1);
        assert_eq!(read, log);
        assert_eq!(read.get("model"), Some("mistral:7b & co"));
        assert_eq!(read.get("user"), None);
        for view in PanelView::ALL {
            let address = PanelRoute::to(view).address();
            let query = address.strip_prefix("/admin").unwrap();
            assert_eq!(PanelRoute::of(query).view, view);
        }
    }

    #[test]
    fn what_names_no_part_names_the_overview() {
        for query in ["", "?", "?view=", "?view=none", "?x", "&&=&="] {
            assert_eq!(PanelRoute::of(query).view, PanelView::Overview, "{query}");
        }
        assert_eq!(PanelRoute::of("").address(), "/admin");
    }
}
