//! The one WebSocket. It comes back by itself, begins every connection with all that the server has to know, notices a
//! connection that is dead without saying so, and hands frames on once per painted frame.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use evenkeel_protocol::{ClientFrame, ServerFrame};
use futures::channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
use futures::future::poll_fn;
use futures::{FutureExt, Sink as _, SinkExt, StreamExt, select_biased};
use gloo_net::websocket::{Message, State, futures::WebSocket};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::state::delay_ms;
use crate::store::{Connection, Order, Store};
use crate::{browser, late};

/// A connection that is not open after this time is given up.
const OPEN_MS: u32 = 10_000;
/// A connection on which nothing came for so long is asked whether it lives …
const QUIET_MS: u32 = 20_000;
/// … and given up when it does not answer within this time.
const ANSWER_MS: u32 = 5_000;

/// Frames wait no longer than this for a picture.
const COVERED: Duration = Duration::from_millis(250);

/// Connects this page, for as long as it lives.
pub(crate) fn start(store: Store) {
    let (sender, orders) = mpsc::unbounded();
    listen(&sender);
    store.connect(sender);
    leptos::task::spawn_local(run(store, orders));
}

/// A page that becomes visible, or a machine that comes back online, does not wait for the next try.
fn listen(orders: &UnboundedSender<Order>) {
    let page: web_sys::EventTarget = window().unchecked_into();
    for (target, event) in [
        (page.clone(), "online"),
        (page, "offline"),
        (document().unchecked_into(), "visibilitychange"),
    ] {
        let orders = orders.clone();
        let tell = Closure::<dyn Fn()>::new(move || {
            let order = if event == "offline" {
                Order::Lost
            } else {
                Order::Hurry
            };
            if document().visibility_state() == web_sys::VisibilityState::Visible {
                // The receiver lives as long as the page.
                let _ = orders.unbounded_send(order);
            }
        });
        // It only fails for a listener that is none.
        let _ = target.add_event_listener_with_callback(event, tell.as_ref().unchecked_ref());
        tell.forget();
    }
}

async fn run(store: Store, mut orders: UnboundedReceiver<Order>) {
    let mut failures = 0;
    let mut first = true;
    loop {
        store.connection.set(Connection::Connecting);
        if let Ok(socket) = WebSocket::open(&address()) {
            let opened = Rc::new(Cell::new(false));
            session(store, socket, &mut orders, &opened, !first).await;
            if opened.get() {
                failures = 0;
                first = false;
            }
        }
        let delay = delay_ms(failures, js_sys::Math::random());
        failures += 1;
        store.connection.set(Connection::Waiting {
            until: browser::now_ms() + i64::from(delay),
        });
        let mut pause = TimeoutFuture::new(delay).fuse();
        loop {
            select_biased! {
                () = pause => break,
                order = orders.next() => match order {
                    Some(Order::Hurry) => break,
                    // The next connection begins with all that counts.
                    Some(Order::Say(_) | Order::Lost) => {}
                    None => return,
                },
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
    store: Store,
    mut socket: WebSocket,
    orders: &mut UnboundedReceiver<Order>,
    opened: &Rc<Cell<bool>>,
    again: bool,
) {
    if !stands(&mut socket).await {
        return;
    }
    let (mut sink, stream) = socket.split();
    let mut stream = stream.fuse();
    let frames = Frames::new(store);
    for text in store.opening().iter().filter_map(encode) {
        if sink.send(text).await.is_err() {
            return;
        }
    }
    let mut asked = false;
    loop {
        let mut patience = TimeoutFuture::new(if asked { ANSWER_MS } else { QUIET_MS }).fuse();
        // Until the patience is at its end: whatever comes starts it anew.
        let alive = loop {
            select_biased! {
                message = stream.next() => match message {
                    Some(Ok(Message::Text(text))) => {
                        asked = false;
                        match serde_json::from_str::<ServerFrame>(&text) {
                            Ok(frame) => {
                                if matches!(frame, ServerFrame::Hello(_)) && !opened.replace(true) {
                                    store.connection.set(Connection::Open);
                                    if again {
                                        // Turns may have come and gone while nobody listened.
                                        store.refresh();
                                    }
                                }
                                frames.push(frame);
                            }
                            Err(error) => leptos::logging::warn!("a frame was not understood: {error}"),
                        }
                        break true;
                    }
                    Some(Ok(Message::Bytes(_))) => break true,
                    Some(Err(_)) | None => break false,
                },
                order = orders.next() => match order {
                    Some(Order::Say(frame)) => {
                        if let Some(text) = encode(&frame) && sink.send(text).await.is_err() {
                            break false;
                        }
                    }
                    Some(Order::Hurry) => {
                        // Somebody is back and looks: make sure that this connection still lives.
                        if !asked && ping(&mut sink).await {
                            asked = true;
                            break true;
                        }
                    }
                    Some(Order::Lost) | None => break false,
                },
                () = patience => {
                    if asked || !ping(&mut sink).await {
                        break false;
                    }
                    asked = true;
                    break true;
                }
            }
        };
        if !alive {
            break;
        }
    }
    frames.flush();
}

/// Waits until the connection stands; false where it does not come about.
async fn stands(socket: &mut WebSocket) -> bool {
    let mut ready = poll_fn(|context| Pin::new(&mut *socket).poll_ready(context)).fuse();
    let mut patience = TimeoutFuture::new(OPEN_MS).fuse();
    select_biased! {
        ready = ready => ready.is_ok(),
        () = patience => false,
    };
    drop(ready);
    matches!(socket.state(), State::Open)
}

type Sink = futures::stream::SplitSink<WebSocket, Message>;

async fn ping(sink: &mut Sink) -> bool {
    match encode(&ClientFrame::Ping) {
        Some(text) => sink.send(text).await.is_ok(),
        None => false,
    }
}

fn encode(frame: &ClientFrame) -> Option<Message> {
    // The wire types always have a JSON form.
    serde_json::to_string(frame).ok().map(Message::Text)
}

/// Frames that wait for the next painted frame, so that a fast answer costs one update of the page per picture. A page
/// that nobody sees is painted never, and takes them at once.
#[derive(Clone)]
struct Frames {
    store: Store,
    queue: Rc<RefCell<Vec<ServerFrame>>>,
    waiting: Rc<Cell<bool>>,
}

impl Frames {
    fn new(store: Store) -> Self {
        Self {
            store,
            queue: Rc::default(),
            waiting: Rc::default(),
        }
    }

    fn push(&self, frame: ServerFrame) {
        self.queue.borrow_mut().push(frame);
        if document().visibility_state() == web_sys::VisibilityState::Hidden {
            self.flush();
        } else if !self.waiting.replace(true) {
            let frames = self.clone();
            request_animation_frame(move || frames.flush());
            // A window that is covered by others may not be painted, and has to go on all the same.
            let frames = self.clone();
            set_timeout(move || frames.flush(), COVERED);
        }
    }

    fn flush(&self) {
        self.waiting.set(false);
        let answers = |frame: &ServerFrame| frame.place().is_some();
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
