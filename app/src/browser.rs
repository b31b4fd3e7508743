//! The little that is asked of the browser itself. It compiles for the server as well, which never calls it.

use std::cell::Cell;

use evenkeel_protocol::Timestamp;
use futures::channel::oneshot;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::{document, request_idle_callback_with_handle, window};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;

/// The time by this machine's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millisecond(now_ms()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The same, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    // A time of day in milliseconds is far below 2^53, so nothing is lost.
    js_sys::Date::now() as i64
}

/// A random UUID (version 4). `crypto.randomUUID` is missing where a page comes over plain HTTP, its source is not.
pub(crate) fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    if let Ok(crypto) = window().crypto() {
        // It only fails for more than 65,536 bytes.
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Comes when the browser has nothing else to do.
pub(crate) async fn idle() {
    let (tell, told) = oneshot::channel::<()>();
    let tell = Cell::new(Some(tell));
    let asked = request_idle_callback_with_handle(move || {
        if let Some(tell) = tell.take() {
            // Whoever waited may have gone.
            let _ = tell.send(());
        }
    });
    match asked {
        Ok(_) => drop(told.await),
        // Not every browser says when.
        Err(_) => TimeoutFuture::new(16).await,
    }
}

/// Copies a text; false where the browser does not let us.
pub(crate) async fn copy(text: &str) -> bool {
    // There is no clipboard where a page comes over plain HTTP.
    let clipboard = window().navigator().clipboard();
    if clipboard.is_undefined() {
        return false;
    }
    JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// Something is open over the page that takes the keys for itself, or is closed by Escape.
pub(crate) fn covered() -> bool {
    // Asked for one by one: a browser that does not know a selector refuses the whole list.
    ["dialog[open]", ":popover-open"].iter().any(|open| {
        document()
            .query_selector(open)
            .is_ok_and(|open| open.is_some())
    })
}

/// Moves the focus to the element with this id.
pub(crate) fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) =
        element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
    {
        // An element that cannot have the focus leaves it where it is.
        let _ = element.focus();
    }
}

/// Nothing has the focus: what had it has gone.
pub(crate) fn focus_is_nowhere() -> bool {
    let active = document().active_element();
    active.is_none_or(|active| active.tag_name() == "BODY")
}

/// What is remembered under a name.
pub(crate) fn remembered(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(name).ok()?
}

/// Remembers something, or forgets it.
pub(crate) fn remember(name: &str, value: Option<&str>) {
    let Ok(Some(storage)) = window().local_storage() else {
        return;
    };
    // A browser that keeps nothing still shows everything.
    let _ = match value {
        Some(value) => storage.set_item(name, value),
        None => storage.remove_item(name),
    };
}

/// The same without its seconds: "14:02", "2026-11-20 14:02".
pub(crate) fn short_time(at: Timestamp) -> String {
    let mut time = local_time(at);
    time.truncate(time.len().saturating_sub(3));
    time
}

/// A time of day to the millisecond, in the reader's own time zone: "14:02:07.031".
pub(crate) fn clock_time(at_ms: i64) -> String {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at_ms as f64));
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds(),
        date.get_milliseconds()
    )
}

/// The time of day in the reader's own time zone and manner; with the date where it is not today.
pub(crate) fn local_time(at: Timestamp) -> String {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.as_millisecond() as f64));
    let time = format!(
        "{:02}:{:02}:{:02}",
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds()
    );
    if date.to_date_string() == js_sys::Date::new_0().to_date_string() {
        time
    } else {
        let (year, month, day) = (date.get_full_year(), date.get_month() + 1, date.get_date());
        format!("{year}-{month:02}-{day:02} {time}")
    }
}

/// From now on a formula is copied as its source, and what only the page needs is not copied with it.
pub(crate) fn copy_formulas() {
    let copied =
        Closure::<dyn Fn(web_sys::ClipboardEvent)>::new(|event: web_sys::ClipboardEvent| {
            // Where anything is amiss the browser copies as it always does.
            let _ = copy_selection(&event);
        });
    let listening =
        document().add_event_listener_with_callback("copy", copied.as_ref().unchecked_ref());
    if listening.is_ok() {
        copied.forget();
    }
}

fn copy_selection(event: &web_sys::ClipboardEvent) -> Option<()> {
    let selection = window().get_selection().ok()??;
    let range = selection.get_range_at(0).ok()?;
    let around = range.common_ancestor_container().ok()?;
    let around = match around.dyn_into::<web_sys::Element>() {
        Ok(element) => element,
        Err(node) => node.parent_element()?,
    };
    let data = event.clipboard_data()?;
    // A part of a formula is no formula: it is the whole one that is meant.
    if let Some(formula) = around.closest("math").ok()? {
        data.set_data("text/plain", &source_of(&formula)?).ok()?;
        event.prevent_default();
        return Some(());
    }
    let fragment = range.clone_contents().ok()?;
    fragment.query_selector("math").ok()??;
    let holder: web_sys::HtmlElement = document().create_element("div").ok()?.dyn_into().ok()?;
    holder.append_child(&fragment).ok()?;
    let extra = holder
        .query_selector_all("button, .code-head, .table-foot")
        .ok()?;
    for place in 0..extra.length() {
        if let Some(element) = extra
            .get(place)
            .and_then(|node| node.dyn_into::<web_sys::Element>().ok())
        {
            element.remove();
        }
    }
    let formulas = holder.query_selector_all("math").ok()?;
    for place in 0..formulas.length() {
        let formula = formulas.get(place)?.dyn_into::<web_sys::Element>().ok()?;
        let source = source_of(&formula).unwrap_or_default();
        formula.replace_with_with_str_1(&source).ok()?;
    }
    // Only what is in the page has lines.
    holder.set_class_name("sr-only");
    document().body()?.append_child(&holder).ok()?;
    let text = holder.inner_text();
    holder.remove();
    data.set_data("text/plain", &text).ok()?;
    event.prevent_default();
    Some(())
}

/// The LaTeX of a formula, with its marks.
fn source_of(formula: &web_sys::Element) -> Option<String> {
    let source = formula.query_selector("annotation").ok()??.text_content()?;
    let mark = if formula.has_attribute("display") {
        "$$"
    } else {
        "$"
    };
    Some(format!("{mark}{source}{mark}"))
}

/// How many minutes the reader's clock was ahead of UTC at this time.
pub(crate) fn utc_offset(at: Timestamp) -> i64 {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.as_millisecond() as f64));
    // Whole minutes, less than a day.
    -date.get_timezone_offset() as i64
}

/// A day by the reader's clock: "2026-11-20".
pub(crate) fn local_day(at: Timestamp) -> String {
    let ahead = utc_offset(at) * 60_000;
    let local = Timestamp::from_millisecond(at.as_millisecond() + ahead).unwrap_or(at);
    local.to_string().chars().take(10).collect()
}

/// Whether this is a Mac, where Command does what Control does elsewhere.
pub(crate) fn is_mac() -> bool {
    let platform = window().navigator().platform().unwrap_or_default();
    platform.contains("Mac") || platform.starts_with("iP")
}
