//! The one WebSocket. It does what [`Link`] tells it, begins every connection with all that the server has to know, and
//! hands frames on once per painted frame.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use evenkeel_protocol::{ClientFrame, ServerFrame};
use futures::channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
use futures::future::{Fuse, abortable, poll_fn};
use futures::{FutureExt, Sink as _, SinkExt, StreamExt, select_biased};
use gloo_net::websocket::{Message, State, futures::WebSocket};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::state::{Audience, Connection, Deed, Event, Heard, Link};
use crate::store::{Order, Store};
use crate::{browser, late};

/// Frames wait no longer than this for a picture.
const COVERED: Duration = Duration::from_millis(250);

/// Connects this page, for as long as it lives.
pub(crate) fn start(store: Store) {
    let (sender, orders) = mpsc::unbounded();
    listen(&sender);
    store.connect(sender);
    store.take_up_unsent();
    let (life, end) = abortable(run(store, orders));
    leptos::task::spawn_local(life.map(drop));
    // What it tells is gone with the page.
    on_cleanup(move || end.abort());
}

/// A page that becomes visible, or a machine that comes back online, does not wait for the next try.
fn listen(orders: &UnboundedSender<Order>) {
    let page: web_sys::EventTarget = window().unchecked_into();
    for (target, event) in [
        (page.clone(), "online"),
        (page.clone(), "offline"),
        (page.clone(), "focus"),
        // Out of the browser's store of left pages: the socket is of another time.
        (page, "pageshow"),
        (document().unchecked_into(), "visibilitychange"),
    ] {
        let orders = orders.clone();
        let tell = Closure::<dyn Fn()>::new(move || {
            let order = match event {
                "offline" => Order::Lost,
                _ if visible() => Order::Hurry,
                _ => return,
            };
            // The receiver lives as long as the page.
            let _ = orders.unbounded_send(order);
        });
        // It only fails for a listener that is none.
        let _ = target.add_event_listener_with_callback(event, tell.as_ref().unchecked_ref());
        tell.forget();
    }
}

fn visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// The link with what it needs to know, and with those who show how it stands.
struct Driver {
    store: Store,
    link: Link,
    timer: Fuse<TimeoutFuture>,
    /// When the timer comes.
    rings: i64,
    /// The loss has been announced, and not yet its end.
    lost: Cell<bool>,
}

impl Driver {
    fn new(store: Store) -> Self {
        let now = browser::now_ms();
        Self {
            store,
            link: Link::new(now),
            timer: TimeoutFuture::new(0).fuse(),
            rings: now,
            lost: Cell::new(false),
        }
    }

    fn audience(&self) -> Audience {
        Audience {
            awaiting: self.store.busy.get_untracked(),
            visible: visible(),
        }
    }

    fn tell(&mut self, event: Event) -> Deed {
        let now = browser::now_ms();
        let deed = self
            .link
            .step(event, now, self.audience(), js_sys::Math::random());
        self.show(now);
        deed
    }

    fn show(&self, now: i64) {
        let stands = self.link.connection(now);
        let before = self.store.connection.get_untracked();
        if before == stands {
            return;
        }
        self.store.connection.set(stands);
        let stood = matches!(before, Connection::Open | Connection::Silent);
        if stood && matches!(stands, Connection::Waiting { .. }) {
            self.store.announce("Connection lost.");
            self.lost.set(true);
        } else if stands == Connection::Open && self.lost.replace(false) {
            self.store.announce("Connected again.");
        }
    }

    /// Sets the timer where it would come too late; one that comes too early is set anew when it comes.
    fn wind(&mut self) {
        use futures::future::FusedFuture;
        let now = browser::now_ms();
        let due = self.link.due(now, self.audience()).max(now);
        if self.timer.is_terminated() || due < self.rings {
            // Far below the limit of a timer.
            let wait = u32::try_from(due - now).unwrap_or(0).min(60_000);
            self.rings = now + i64::from(wait);
            self.timer = TimeoutFuture::new(wait.max(1)).fuse();
        }
    }
}

async fn run(store: Store, mut orders: UnboundedReceiver<Order>) {
    let mut driver = Driver::new(store);
    let mut first = true;
    loop {
        driver.show(browser::now_ms());
        match WebSocket::open(&address()) {
            Ok(socket) => session(&mut driver, socket, &mut orders, &mut first).await,
            Err(_) => drop(driver.tell(Event::Ended)),
        }
        // Until it is time for the next one.
        loop {
            driver.wind();
            let event = select_biased! {
                order = orders.next() => match order {
                    Some(Order::Hurry) => Event::Hurry,
                    // The next connection begins with all that counts.
                    Some(Order::Say(_) | Order::Look | Order::Lost) => continue,
                    None => return,
                },
                () = &mut driver.timer => Event::Time,
            };
            if driver.tell(event) == Deed::Open {
                break;
            }
        }
    }
}

fn address() -> String {
    let location = window().location();
    let secure = location
        .protocol()
        .is_ok_and(|protocol| protocol == "https:");
    let scheme = if secure { "wss" } else { "ws" };
    format!("{scheme}://{}/ws", location.host().unwrap_or_default())
}

/// One connection, from its opening to its end.
async fn session(
    driver: &mut Driver,
    mut socket: WebSocket,
    orders: &mut UnboundedReceiver<Order>,
    first: &mut bool,
) {
    if !stands(driver, &mut socket).await {
        return;
    }
    driver.tell(Event::Opened);
    let store = driver.store;
    let (mut sink, stream) = socket.split();
    let mut stream = stream.fuse();
    let frames = Frames::new(store);
    for frame in store.opening() {
        if !say(driver, &mut sink, &frame).await {
            driver.tell(Event::Ended);
            return;
        }
    }
    loop {
        driver.wind();
        let event = select_biased! {
            message = stream.next() => match message {
                Some(Ok(message)) => {
                    if let Message::Text(text) = message {
                        hear(store, &frames, &text, first);
                    }
                    Event::Heard
                }
                Some(Err(_)) | None => Event::Ended,
            },
            order = orders.next() => match order {
                Some(Order::Say(frame)) => {
                    if say(driver, &mut sink, &frame).await { continue } else { Event::Ended }
                }
                Some(Order::Hurry) => Event::Hurry,
                Some(Order::Look) => Event::Look,
                Some(Order::Lost) => Event::Offline,
                None => Event::Ended,
            },
            () = &mut driver.timer => Event::Time,
        };
        let deed = driver.tell(event);
        let lost = deed == Deed::Close
            || deed == Deed::Ping && !say(driver, &mut sink, &ClientFrame::Ping).await;
        if lost {
            driver.tell(Event::Ended);
            break;
        }
    }
    frames.flush();
}

/// Takes a frame.
fn hear(store: Store, frames: &Frames, text: &str, first: &mut bool) {
    store.overhear(text, false);
    match serde_json::from_str::<Heard>(text) {
        Ok(frame) => {
            if matches!(frame, ServerFrame::Hello(_)) && !std::mem::replace(first, false) {
                // Turns may have come and gone while nobody listened.
                store.refresh();
            }
            frames.push(frame);
        }
        Err(error) => leptos::logging::warn!("a frame was not understood: {error}"),
    }
}

/// Waits until the connection stands; false where it does not come about.
async fn stands(driver: &mut Driver, socket: &mut WebSocket) -> bool {
    {
        let mut ready = poll_fn(|context| Pin::new(&mut *socket).poll_ready(context)).fuse();
        loop {
            driver.wind();
            select_biased! {
                _ = ready => break,
                () = &mut driver.timer => if driver.tell(Event::Time) == Deed::Close {
                    return false;
                },
            }
        }
    }
    if matches!(socket.state(), State::Open) {
        return true;
    }
    driver.tell(Event::Ended);
    false
}

type Sink = futures::stream::SplitSink<WebSocket, Message>;

/// False where the socket takes nothing any more.
async fn say(driver: &mut Driver, sink: &mut Sink, frame: &ClientFrame) -> bool {
    // The wire types always have a JSON form.
    let Ok(text) = serde_json::to_string(frame) else {
        return true;
    };
    driver.store.overhear(&text, true);
    driver.tell(Event::Said(text.len()));
    sink.send(Message::Text(text)).await.is_ok()
}
/// Frames that wait for the next painted frame, so that a fast answer costs one update of the page per picture. A page
/// that nobody sees is painted never, and takes them at once.
#[derive(Clone)]
struct Frames {
    store: Store,
    queue: Rc<RefCell<Vec<Heard>>>,
    waiting: Rc<Cell<bool>>,
    /// How often they have been taken.
    picture: Rc<Cell<u64>>,
}

impl Frames {
    fn new(store: Store) -> Self {
        Self {
            store,
            queue: Rc::default(),
            waiting: Rc::default(),
            picture: Rc::default(),
        }
    }

    fn push(&self, frame: Heard) {
        // The place of an answer is made at once, so that its first words find it there.
        let begins = matches!(frame, Heard::Accepted { .. });
        self.queue.borrow_mut().push(frame);
        if begins || document().visibility_state() == web_sys::VisibilityState::Hidden {
            self.flush();
        } else if !self.waiting.replace(true) {
            let frames = self.clone();
            request_animation_frame(move || frames.flush());
            // A window that is covered by others may not be painted, and has to go on all the same.
            let (frames, picture) = (self.clone(), self.picture.get());
            let late = move || {
                if frames.picture.get() == picture {
                    frames.flush();
                }
            };
            set_timeout(late, COVERED);
        }
    }

    fn flush(&self) {
        self.waiting.set(false);
        self.picture.set(self.picture.get() + 1);
        // What shows an answer, and why there is none.
        let answers =
            |frame: &Heard| frame.place().is_some() || matches!(frame, Heard::Error { .. });
        if late::ANSWERS.get().is_none() && self.queue.borrow().iter().any(answers) {
            let frames = self.clone();
            leptos::task::spawn_local(async move {
                late::ANSWERS.load().await;
                frames.flush();
            });
            return;
        }
        let frames = std::mem::take(&mut *self.queue.borrow_mut());
        if !frames.is_empty() {
            self.store.receive(frames);
        }
    }
}
