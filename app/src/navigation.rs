//! Which page an address names, and how a reader comes from one to the next without loading anew: links, the browser's
//! way back, and what the pages ask for themselves.

use evenkeel_protocol::ConversationId;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::BootPage;
use crate::state::Phase;
use crate::store::Store;

/// How an address names a message, behind its `#`.
const MESSAGE: &str = "message-";

/// A page, as its address names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// `/` and `/c/{id}`: a conversation, or a new one.
    Chat(Option<ConversationId>),
    /// `/admin`: how providers and models stand.
    Admin,
    /// `/debug`: the armed faults.
    Debug,
    /// Anything else.
    NotFound,
}

impl Page {
    /// The page at this path.
    pub(crate) fn at(path: &str) -> Self {
        match path.trim_end_matches('/') {
            "" => Self::Chat(None),
            "/admin" => Self::Admin,
            "/debug" => Self::Debug,
            path => match path.strip_prefix("/c/") {
                Some(id) if !id.is_empty() && !id.contains('/') => Self::Chat(Some(id.into())),
                Some(_) | None => Self::NotFound,
            },
        }
    }

    /// The page that the server has rendered.
    pub(crate) fn of(page: &BootPage) -> Self {
        match page {
            BootPage::New => Self::Chat(None),
            BootPage::Conversation(transcript) | BootPage::ConversationEnd(transcript) => {
                Self::Chat(Some(transcript.conversation.id.clone()))
            }
            BootPage::Admin(..) => Self::Admin,
            BootPage::Debug(..) => Self::Debug,
            BootPage::NotFound => Self::NotFound,
        }
    }

    /// What stands in the window's title; `name` is the open conversation's.
    pub(crate) fn title(&self, phase: Phase, name: Option<&str>) -> String {
        let title = match self {
            Self::Chat(_) if phase == Phase::Deleted => "Deleted",
            Self::Chat(_) if phase != Phase::Missing => name
                .filter(|name| !name.trim().is_empty())
                .unwrap_or("New chat"),
            Self::Chat(_) | Self::NotFound => "Not found",
            Self::Admin => "Health",
            Self::Debug => "Rehearse outages",
        };
        format!("{title} · Evenkeel")
    }
}

impl Store {
    /// Goes to the page at this path, as if a link to it had been followed.
    pub(crate) fn go(&self, path: &str) {
        let here = window().location();
        let known = here.pathname().unwrap_or_default() + &here.search().unwrap_or_default();
        if known != path {
            let history = window().history();
            // A browser that keeps no history still shows the page.
            let _ =
                history.map(|history| history.push_state_with_url(&JsValue::NULL, "", Some(path)));
        }
        self.arrive(path);
    }

    /// Gives the page that is shown another address.
    fn rename(&self, path: &str) {
        let history = window().history();
        let _ =
            history.map(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(path)));
        self.arrive(path);
    }

    fn arrive(&self, path: &str) {
        let (path, place) = path.split_once('#').unwrap_or((path, ""));
        let page = Page::at(path.split('?').next().unwrap_or_default());
        if self.page.with_untracked(|known| *known != page) {
            let conversation = match &page {
                Page::Chat(id) => Some(id.clone()),
                Page::Admin | Page::Debug | Page::NotFound => None,
            };
            self.page.set(page);
            if let Some(id) = conversation {
                self.show(id);
            }
        }
        self.arrive_at(place);
    }

    /// Brings the message into the page that the address names.
    fn arrive_at(&self, place: &str) {
        if let Some(id) = place.strip_prefix(MESSAGE) {
            self.reveal(&id.into());
        }
    }
}

/// Follows links and the browser's way back, for as long as the page lives; a new conversation takes its address.
pub(crate) fn follow(store: Store) {
    Effect::new(move || {
        let click = window_event_listener(leptos::ev::click, move |event| {
            if let Some(path) = followed(&event) {
                event.prevent_default();
                store.go(&path);
            }
        });
        let back = window_event_listener(leptos::ev::popstate, move |_| {
            let here = window().location();
            store.arrive(&(here.pathname().unwrap_or_default() + &here.hash().unwrap_or_default()));
        });
        let place = window().location().hash().unwrap_or_default();
        store.arrive_at(place.strip_prefix('#').unwrap_or_default());
        on_cleanup(move || {
            click.remove();
            back.remove();
        });
    });
    Effect::new(move || {
        let Some(id) = store.opened.get() else { return };
        if store.page.with_untracked(|page| *page == Page::Chat(None)) {
            store.rename(&format!("/c/{id}"));
        }
    });
}

/// Where a click leads, if it follows a link to one of the pages in this window. All others are the browser's own.
fn followed(event: &leptos::ev::MouseEvent) -> Option<String> {
    let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || elsewhere {
        return None;
    }
    let element = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let link: web_sys::HtmlAnchorElement = element.closest("a[href]").ok()??.dyn_into().ok()?;
    let here = window().location();
    let own_window = matches!(link.target().as_str(), "" | "_self");
    let own_site = here.origin().is_ok_and(|origin| origin == link.origin());
    if !own_window || !own_site || link.has_attribute("download") {
        return None;
    }
    let path = link.pathname();
    if Page::at(&path) == Page::NotFound {
        return None;
    }
    let same = here.pathname().is_ok_and(|pathname| pathname == path);
    let hash = link.hash();
    let message = hash
        .strip_prefix('#')
        .is_some_and(|place| place.starts_with(MESSAGE));
    // Another place in this page: the browser goes there.
    (!same || hash.is_empty() || message).then(|| path + &link.search() + &hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_page() {
        assert_eq!(Page::at("/"), Page::Chat(None));
        assert_eq!(Page::at("/c/7"), Page::Chat(Some("7".into())));
        assert_eq!(Page::at("/c/7/"), Page::Chat(Some("7".into())));
        assert_eq!(Page::at("/admin"), Page::Admin);
        assert_eq!(Page::at("/debug/"), Page::Debug);
        for other in ["/c/", "/c", "/c/7/8", "/x", "/api/models", "/admin/x"] {
            assert_eq!(Page::at(other), Page::NotFound, "{other}");
        }
    }

    #[test]
    fn a_title_names_the_conversation_or_the_page() {
        let chat = Page::Chat(Some("7".into()));
        let title = |phase, name| chat.title(phase, name);
        assert_eq!(title(Phase::Ready, Some("Keels")), "Keels · Evenkeel");
        assert_eq!(title(Phase::Ready, Some("  ")), "New chat · Evenkeel");
        assert_eq!(title(Phase::Loading, None), "New chat · Evenkeel");
        assert_eq!(title(Phase::Missing, None), "Not found · Evenkeel");
        let health = Page::Admin.title(Phase::Ready, Some("Keels"));
        assert_eq!(health, "Health · Evenkeel");
    }
}
