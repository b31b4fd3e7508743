//! The debug pane: rehearse outages. Faults are armed for a while, count down, and can be halted at any time; below them
//! the frames of the turns as they pass, the timelines of the last turns, and a turn run again under a fault. It is a
//! page, and a drawer beside the chat.

mod armed;
mod fields;
mod form;
mod frames;
mod parameters;
mod replay;
mod replaying;
mod timelines;

use evenkeel_protocol::Topic;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use self::armed::Armed;
use self::form::FaultForm;
use self::frames::LiveFrames;
use self::replay::Replaying;
use self::timelines::Timelines;
use crate::api;
use crate::browser;
use crate::components::{ConnectionLine, Icon, icon};
use crate::navigation::Page;
use crate::state::FaultDraft;
use crate::store::{Store, WatchedStore};

/// The pane, where it is wanted: as the page, or as the drawer of another.
pub(crate) fn debug() -> AnyView {
    match Store::here().page.get_untracked() {
        Page::Debug => view! { <DebugPage /> }.into_any(),
        Page::Chat(_) | Page::Admin | Page::NotFound => view! { <DebugDrawer /> }.into_any(),
    }
}

#[component]
fn DebugPage() -> impl IntoView {
    let store = Store::here();
    timelines::open_newest(store);
    let problem = RwSignal::new(None::<String>);
    view! {
        <div class="page rehearsal-page">
            <header class="sticky-head flex flex-wrap items-center gap-3">
                <h1 class="text-xl font-semibold">"Rehearse outages"</h1>
                // It comes and goes, and moves nothing.
                <div class="min-w-0 flex-1">
                    <ConnectionLine />
                </div>
                <HaltAll problem />
            </header>
            <Problem problem />
            <p class="page-note text-muted">
                "A fault acts on the bytes from a provider, so everything above takes the path of a real outage. What it touches is marked as simulated, and it ends by itself."
            </p>
            <Pane />
        </div>
    }
    .into_any()
}

#[component]
fn DebugDrawer() -> impl IntoView {
    let store = Store::here();
    let problem = RwSignal::new(None::<String>);
    let keydown = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !browser::covered() {
            event.stop_propagation();
            store.rehearse(false);
        }
    };
    Effect::new(|| request_animation_frame(|| browser::focus("rehearsal-title")));
    view! {
        <div class="rehearsal-drawer" on:keydown=keydown>
            <header class="rehearsal-head">
                <h2 id="rehearsal-title" tabindex="-1" class="flex-1 font-semibold">
                    "Rehearse outages"
                </h2>
                <HaltAll problem />
                <button
                    type="button"
                    class="icon-button"
                    aria-label="Close the rehearsal"
                    on:click=move |_| store.rehearse(false)
                >
                    <Icon shape=icon::CLOSE />
                </button>
            </header>
            <div class="rehearsal-scroll">
                <Problem problem />
                <Pane />
            </div>
        </div>
    }
    .into_any()
}

/// All that the page and the drawer have in common.
#[component]
fn Pane() -> impl IntoView {
    WatchedStore::begin(Store::here(), &[Topic::Faults]);
    let draft = RwSignal::new(FaultDraft::default());
    view! {
        <div class="pane">
            <div class="pane-grid">
                <div class="pane-column">
                    <FaultForm draft />
                    <Armed />
                </div>
                <div class="pane-column">
                    <LiveFrames />
                    <Timelines />
                </div>
                <Replaying draft />
            </div>
        </div>
    }
    .into_any()
}

/// Ends every fault that the reader sees.
#[component]
fn HaltAll(
    /// What went wrong with it.
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let store = Store::here();
    let halt = move |_| {
        leptos::task::spawn_local(async move {
            let told = api::halt().await;
            // The reader may have left the page.
            let _ = problem.try_set(told.err().map(|problem| problem.sentence()));
        });
    };
    view! {
        <button
            type="button"
            class="button danger"
            data-testid="halt-all"
            disabled=move || !store.hydrated.get()
            on:click=halt
        >
            "Halt all"
        </button>
    }
}

/// What went wrong, where something has.
#[component]
fn Problem(
    /// In a sentence.
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    move || {
        problem
            .get()
            .map(|text| view! { <p class="problem" role="alert">{text}</p> })
    }
}
