//! What only a browser can tell: the page built in a real document, and what its keys do.

#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use evenkeel_app::{App, BootPage};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use support::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::*;
use web_sys::{HtmlElement, HtmlTextAreaElement, KeyboardEvent, KeyboardEventInit};

wasm_bindgen_test_configure!(run_in_browser);

/// A page in its own corner of the document; it goes when this is dropped.
struct Page {
    root: HtmlElement,
    boot: web_sys::Element,
    _handle: Box<dyn std::any::Any>,
}

impl Page {
    async fn new(page: BootPage) -> Self {
        let document = document();
        let block = document.create_element("script").unwrap();
        block.set_attribute("type", "application/json").unwrap();
        block.set_id("boot");
        block.set_text_content(Some(&serde_json::to_string(&boot(page)).unwrap()));
        document.body().unwrap().append_child(&block).unwrap();
        let root: HtmlElement = document.create_element("div").unwrap().unchecked_into();
        document.body().unwrap().append_child(&root).unwrap();
        let handle = leptos::mount::mount_to(root.clone(), App);
        let page = Self {
            root,
            boot: block,
            _handle: Box::new(handle),
        };
        TimeoutFuture::new(50).await;
        page
    }

    fn find(&self, selector: &str) -> Option<web_sys::Element> {
        self.root.query_selector(selector).unwrap()
    }

    fn count(&self, selector: &str) -> u32 {
        self.root.query_selector_all(selector).unwrap().length()
    }

    fn composer(&self) -> HtmlTextAreaElement {
        self.find("[data-testid=composer]")
            .unwrap()
            .unchecked_into()
    }

    fn type_in(&self, text: &str) {
        let composer = self.composer();
        composer.set_value(text);
        composer
            .dispatch_event(&web_sys::Event::new("input").unwrap())
            .unwrap();
    }

    /// Presses a key in the composer; true where its own effect was prevented.
    fn press(&self, init: &KeyboardEventInit) -> bool {
        init.set_bubbles(true);
        init.set_cancelable(true);
        let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", init).unwrap();
        !self.composer().dispatch_event(&event).unwrap()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.root.remove();
        self.boot.remove();
    }
}

fn enter() -> KeyboardEventInit {
    let init = KeyboardEventInit::new();
    init.set_key("Enter");
    init
}

#[wasm_bindgen_test]
async fn what_a_model_writes_stays_text() {
    let page = Page::new(BootPage::Conversation(conversation(fallback_answer(
        HOSTILE,
    ))))
    .await;
    let prose = page.find("[data-role=assistant] .prose").unwrap();
    assert_eq!(
        prose
            .query_selector_all("script, img, b, [onerror]")
            .unwrap()
            .length(),
        0
    );
    let text = prose.text_content().unwrap();
    for part in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b>c</b>",
        "</code></pre>",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let links = prose.query_selector_all("a").unwrap();
    assert_eq!(links.length(), 2);
    for index in 0..links.length() {
        let link: web_sys::Element = links.get(index).unwrap().unchecked_into();
        assert!(link.get_attribute("href").unwrap().starts_with("https://"));
        assert_eq!(
            link.get_attribute("rel").unwrap(),
            "noopener noreferrer nofollow"
        );
        assert_eq!(link.get_attribute("target").unwrap(), "_blank");
    }
}

#[wasm_bindgen_test]
async fn enter_sends_and_empties_the_composer() {
    let page = Page::new(BootPage::New).await;
    page.type_in("Hello\nthere");
    assert!(page.press(&enter()));
    TimeoutFuture::new(50).await;
    assert_eq!(page.composer().value(), "");
    assert_eq!(page.count("[data-testid=message][data-role=user]"), 1);
    assert_eq!(
        page.find(".bubble").unwrap().text_content().unwrap(),
        "Hello\nthere"
    );
    assert!(page.find("[data-testid=stop]").is_some());
    // While one is on its way, another waits beside it.
    page.type_in("And you?");
    page.press(&enter());
    TimeoutFuture::new(50).await;
    assert_eq!(page.composer().value(), "");
    assert_eq!(page.count("[data-testid=message]"), 1);
    assert_eq!(page.count("[data-testid=queued]"), 1);
}

#[wasm_bindgen_test]
async fn shift_and_an_input_method_keep_their_enter() {
    let page = Page::new(BootPage::New).await;
    page.type_in("Hello");
    let shift = enter();
    shift.set_shift_key(true);
    assert!(!page.press(&shift));
    let composing = enter();
    composing.set_is_composing(true);
    assert!(!page.press(&composing));
    let ending = enter();
    ending.set_key_code(229);
    assert!(!page.press(&ending));
    TimeoutFuture::new(50).await;
    assert_eq!(page.count("[data-testid=message]"), 0);
    assert_eq!(page.composer().value(), "Hello");
}

#[wasm_bindgen_test]
async fn nothing_is_sent_where_there_is_nothing() {
    let page = Page::new(BootPage::New).await;
    page.type_in("  \n ");
    page.press(&enter());
    TimeoutFuture::new(50).await;
    assert_eq!(page.count("[data-testid=message]"), 0);
    let send = page.find("[data-testid=send]").unwrap();
    assert_eq!(send.get_attribute("aria-disabled").as_deref(), Some("true"));
}

#[wasm_bindgen_test]
async fn the_theme_is_kept() {
    let page = Page::new(BootPage::New).await;
    let root = document().document_element().unwrap();
    let storage = window().local_storage().unwrap().unwrap();
    let menu: HtmlElement = page
        .find("[data-testid=user-menu]")
        .unwrap()
        .unchecked_into();
    menu.click();
    TimeoutFuture::new(50).await;
    for (label, theme) in [
        ("Light", Some("light")),
        ("Dark", Some("dark")),
        ("System", None),
    ] {
        let choice = format!("[data-testid=theme][data-theme-name={label}]");
        let button: HtmlElement = page.find(&choice).unwrap().unchecked_into();
        button.click();
        TimeoutFuture::new(50).await;
        assert_eq!(root.get_attribute("data-theme").as_deref(), theme);
        assert_eq!(storage.get_item("theme").unwrap().as_deref(), theme);
        assert_eq!(
            button.get_attribute("aria-checked").as_deref(),
            Some("true")
        );
    }
}

#[wasm_bindgen_test]
async fn a_turn_that_nobody_could_answer_can_be_tried_again() {
    let page = Page::new(BootPage::Conversation(conversation(exhausted_answer()))).await;
    assert_eq!(page.count("[data-testid=exhausted-model]"), 2);
    let again: HtmlElement = page
        .find("[data-testid=try-again]")
        .unwrap()
        .unchecked_into();
    again.click();
    TimeoutFuture::new(50).await;
    let bubbles = page.root.query_selector_all(".bubble").unwrap();
    let last = bubbles.get(bubbles.length() - 1).unwrap();
    assert_eq!(last.text_content().unwrap(), "What keeps a boat upright?");
    // Another answer is asked for in its place.
    assert_eq!(page.count("[data-testid=exhausted]"), 0);
    assert!(page.find("[data-testid=stop]").is_some());
}
