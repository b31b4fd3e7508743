//! A stored conversation's last answer, run again under a fault: both timelines on one axis, and what came of it in a
//! sentence.

use evenkeel_protocol::{
    ConversationId, Message, MessageRole, MessageStatus, ReplayFault, ReplayRequest, Target,
};
use leptos::prelude::*;

use super::replaying::{Reading, replay, stop};
use super::timelines::excerpt;
use crate::components::{Turn, timeline};
use crate::late;
use crate::state::{FaultDraft, PRESETS, Replay, ReplayEnd, length, preset_named};
use crate::store::Store;
use crate::wording;

/// The choice that means the form's content.
const AS_ABOVE: &str = "";

/// The last answer of a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
struct Last {
    question: String,
    answer: Option<Message>,
    /// Why there is none.
    problem: Option<String>,
}

/// A run: of which answer, under what, and how far it is.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    answer: Message,
    fault: String,
    replay: Replay,
}

#[component]
pub(super) fn Replaying(
    /// The form's content.
    draft: RwSignal<FaultDraft>,
) -> impl IntoView {
    let store = Store::here();
    let chosen = RwSignal::new(None::<ConversationId>);
    let preset = RwSignal::new("Overloaded".to_owned());
    let everything = RwSignal::new(false);
    let last = RwSignal::new(Last::default());
    let run = RwSignal::new(None::<Run>);
    let problem = RwSignal::new(None::<String>);
    let reading: Reading = StoredValue::new(None);
    let running = Memo::new(move |_| {
        run.with(|run| run.as_ref().is_some_and(|run| run.replay.end.is_none()))
    });
    // The one that the reader chose, else the open one, else the newest.
    let conversation = Memo::new(move |_| {
        let newest = || {
            store
                .conversations
                .with(|all| all.first().map(|one| one.id.clone()))
        };
        chosen
            .get()
            .or_else(|| store.open.with(|open| open.id.clone()))
            .or_else(newest)
    });
    fetch(store, conversation, last);
    let start = move |_| {
        if running.get_untracked() {
            return;
        }
        let Some(answer) = last.with_untracked(|last| last.answer.clone()) else {
            return;
        };
        let name = preset.get_untracked();
        let fault = match fault(
            &draft.get_untracked(),
            &name,
            &answer,
            everything.get_untracked(),
        ) {
            Ok(fault) => fault,
            Err(wrong) => return problem.set(Some(wrong)),
        };
        problem.set(None);
        let request = ReplayRequest {
            message_id: answer.id.clone(),
            fault,
        };
        let fault = match name.as_str() {
            AS_ABOVE => wording::fault(&request.fault.kind),
            name => name.to_lowercase(),
        };
        run.set(Some(Run {
            answer,
            fault,
            replay: Replay::default(),
        }));
        leptos::task::spawn_local(async move {
            // The reader may have left the page: then nobody is told any more.
            let change = move |change: &dyn Fn(&mut Replay)| {
                let _ =
                    run.try_update(|run| run.iter_mut().for_each(|run| change(&mut run.replay)));
            };
            let told = replay(&request, reading, |text| {
                change(&|replay| replay.push(text))
            })
            .await;
            match told {
                Ok(()) => change(&|replay| replay.close(ReplayEnd::Lost)),
                Err(refused) => {
                    let _ = run.try_set(None);
                    let _ = problem.try_set(Some(refused.sentence()));
                }
            }
        });
    };
    let halt = move |_| {
        run.update(|run| {
            run.iter_mut()
                .for_each(|run| run.replay.close(ReplayEnd::Stopped));
        });
        reading.with_value(|reader| reader.iter().for_each(|reader| stop(reader)));
    };
    on_cleanup(move || {
        // Nobody would hear of it.
        let _ = reading.try_with_value(|reader| reader.iter().for_each(|reader| stop(reader)));
    });
    view! {
        <section class="pane-section replay" aria-labelledby="replay-title" data-testid="replay">
            <h2 id="replay-title">"Run an answer again under a fault"</h2>
            <p class="text-sm text-muted">
                "The same prompt goes to the same chain. The fault strikes this run alone; nothing is kept, and no circuit or figure learns of it. Models that are not struck are really asked."
            </p>
            <div class="replay-form">
                <Conversations chosen conversation />
                <FaultChoice preset />
                <label class="flex min-w-0 flex-col gap-1 text-sm">
                    <span>"Against"</span>
                    <select
                        class="select"
                        name="replay-target"
                        autocomplete="off"
                        on:change=move |event| everything.set(event_target_value(&event) == "*")
                    >
                        <option value="asked">{move || asked(&last.get())}</option>
                        <option value="*">"Everything"</option>
                    </select>
                </label>
                <div>
                    {move || if running.get() {
                        view! { <button type="button" class="button" data-testid="stop-replay" on:click=halt>"Stop"</button> }.into_any()
                    } else {
                        view! {
                            <button
                                type="button"
                                class="button primary"
                                data-testid="run-replay"
                                disabled=move || !store.hydrated.get() || last.with(|last| last.answer.is_none())
                                on:click=start
                            >
                                "Run it again"
                            </button>
                        }.into_any()
                    }}
                </div>
            </div>
            {move || last.with(|last| last.problem.clone()).map(|text| view! { <p class="text-muted">{text}</p> })}
            {move || {
                let question = last.with(|last| last.question.clone());
                (!question.is_empty()).then(|| view! { <p class="turn-asked">{question}</p> })
            }}
            {move || problem.get().map(|text| view! { <p class="problem" role="alert">{text}</p> })}
            <div aria-busy=move || running.get().to_string()>
                {move || run.get().map(|run| outcome(&run))}
            </div>
        </section>
    }
    .into_any()
}

/// The conversation whose last answer it is.
#[component]
fn Conversations(
    /// What the reader has chosen.
    chosen: RwSignal<Option<ConversationId>>,
    /// What that comes to.
    conversation: Memo<Option<ConversationId>>,
) -> impl IntoView {
    let store = Store::here();
    let options = move || {
        let current = conversation.get();
        store.conversations.with(|all| {
            let named = all.iter().map(|one| {
                let title = if one.title.trim().is_empty() {
                    "New chat".to_owned()
                } else {
                    excerpt(&one.title)
                };
                (one.id.clone(), title)
            });
            let mut options: Vec<_> = named.collect();
            // A temporary conversation stands in no list.
            if let Some(open) = &current
                && !options.iter().any(|(id, _)| id == open)
            {
                options.insert(0, (open.clone(), "The open conversation".to_owned()));
            }
            let option = |(id, title): (ConversationId, String)| {
                let selected = current.as_ref() == Some(&id);
                view! { <option value=id.to_string() selected=selected>{title}</option> }
            };
            options.into_iter().map(option).collect::<Vec<_>>()
        })
    };
    view! {
        <label class="flex min-w-0 flex-col gap-1 text-sm">
            <span>"Last answer of"</span>
            <select
                class="select"
                name="replay-conversation"
                autocomplete="off"
                on:change=move |event| {
                    let id = event_target_value(&event);
                    chosen.set((!id.is_empty()).then(|| id.as_str().into()));
                }
            >
                {options}
            </select>
        </label>
    }
    .into_any()
}

/// Under what it is run.
#[component]
fn FaultChoice(
    /// A preset's name; none is the form's content.
    preset: RwSignal<String>,
) -> impl IntoView {
    let groups: Vec<_> = PRESETS
        .iter()
        .map(|(group, presets)| {
            let options: Vec<_> = presets
                .iter()
                .map(|one| {
                    let selected = preset.get_untracked() == one.name;
                    view! { <option value=one.name selected=selected>{one.name}</option> }
                })
                .collect();
            view! { <optgroup label=*group>{options}</optgroup> }
        })
        .collect();
    view! {
        <label class="flex min-w-0 flex-col gap-1 text-sm">
            <span>"Under"</span>
            <select
                class="select"
                name="replay-preset"
                autocomplete="off"
                on:change=move |event| preset.set(event_target_value(&event))
            >
                <option value=AS_ABOVE>"What the form says"</option>
                {groups}
            </select>
        </label>
    }
    .into_any()
}

fn asked(last: &Last) -> String {
    let answer = last.answer.as_ref();
    match answer.and_then(|answer| answer.requested_model.as_ref()) {
        Some(model) => format!("Model {model}"),
        None => "The model asked for".to_owned(),
    }
}

/// The fault that is chosen: a preset against the model that was asked for or everything, or what the form says.
fn fault(
    draft: &FaultDraft,
    name: &str,
    answer: &Message,
    everything: bool,
) -> Result<ReplayFault, String> {
    let Some(preset) = preset_named(name) else {
        return draft.strike();
    };
    let mut draft = FaultDraft::default();
    draft.fill(preset);
    let strike = draft.strike()?;
    let model = answer.requested_model.clone();
    let preset_is_about_everything = preset.name == "Everything down";
    Ok(match model {
        Some(model) if !everything && !preset_is_about_everything => ReplayFault {
            target: Target::Some {
                provider: None,
                model: Some(model),
            },
            ..strike
        },
        Some(_) | None => strike,
    })
}

/// Fetches the last answer, whenever another conversation is chosen or the open one has gone on.
fn fetch(store: Store, conversation: Memo<Option<ConversationId>>, last: RwSignal<Last>) {
    Effect::new(move || {
        // An answer that has just ended is the last one now.
        store.busy.track();
        let Some(id) = conversation.get() else {
            return last.set(Last {
                problem: Some("There is no conversation yet.".to_owned()),
                ..Last::default()
            });
        };
        leptos::task::spawn_local(async move {
            let told = (late::ANSWERS.load().await.transcript)(id.clone()).await;
            // The reader may have left the page, or chosen another one.
            if conversation.try_get_untracked().flatten() != Some(id) {
                return;
            }
            let found = match told {
                Ok(transcript) => of(&transcript.messages),
                Err(problem) => Last {
                    problem: Some(problem.sentence()),
                    ..Last::default()
                },
            };
            let _ = last.try_set(found);
        });
    });
}

fn of(messages: &[Message]) -> Last {
    let answer = messages.iter().rev().find(|message| {
        message.role == MessageRole::Assistant && message.status != MessageStatus::Streaming
    });
    let Some(answer) = answer else {
        return Last {
            problem: Some("This conversation has no answer yet.".to_owned()),
            ..Last::default()
        };
    };
    let question = messages
        .iter()
        .find(|message| Some(&message.id) == answer.parent_id.as_ref());
    Last {
        question: question
            .map(|question| excerpt(&question.text))
            .unwrap_or_default(),
        answer: Some(answer.clone()),
        problem: None,
    }
}

/// Both timelines on one axis, and the sentence above them.
fn outcome(run: &Run) -> AnyView {
    let Run {
        answer,
        fault,
        replay,
    } = run;
    let again = Turn::from(replay.attempts.clone());
    let (then, now) = (length(&answer.attempts), length(&replay.attempts));
    let failed = match &replay.end {
        Some(ReplayEnd::Failed(error)) => Some(error.error.clone()),
        Some(ReplayEnd::Answered { .. } | ReplayEnd::Stopped | ReplayEnd::Lost) | None => None,
    };
    view! {
        <p class="replay-outcome" role="status" data-testid="replay-outcome">
            {wording::then_and_under(answer, fault, replay)}
        </p>
        <div class="side-by-side">
            <div class="side" data-testid="replay-then">
                <h3>"Then"</h3>
                <div class="timeline">{timeline(&Turn::of(answer).bare(), now)}</div>
                {beginning(&answer.text)}
            </div>
            <div class="side" data-testid="replay-under">
                <h3>{format!("Under “{fault}”")}</h3>
                <div class="timeline">{timeline(&again, then)}</div>
                {failed.map(|text| view! { <p class="problem">{text}</p> })}
                {beginning(&replay.text)}
                {replay.seed.map(|seed| view! { <p class="text-sm text-muted">{format!("Seed {seed}")}</p> })}
            </div>
        </div>
    }
    .into_any()
}

/// The beginning of an answer, as it was written.
fn beginning(text: &str) -> Option<AnyView> {
    let shown: String = text.chars().take(400).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    (!shown.is_empty())
        .then(|| view! { <blockquote class="beginning">{shown}{more}</blockquote> }.into_any())
}
