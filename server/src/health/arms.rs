//! How the turns of assistants went, by the model that they asked first: an assistant's own beside its candidate.

use std::collections::HashMap;

use evenkeel_engine::ModelId;
use evenkeel_protocol as wire;

use super::cell::TurnOutcome;
use super::model::milliseconds;
use super::track::Track;
use super::{Health, Turns, lock};
use crate::catalog::{AssistantEntry, Catalog};
use crate::clock::Clock;

/// The real turns of each assistant, by the model that was asked first.
#[derive(Default)]
pub(super) struct Arms(HashMap<(String, ModelId), Track<Turns>>);

/// A turn that counts for an assistant.
pub(super) struct ArmTurn<'t> {
    pub(super) assistant: &'t str,
    pub(super) asked: &'t str,
    pub(super) kind: TurnOutcome,
    pub(super) milliseconds: u64,
    pub(super) ended: u64,
}

impl Arms {
    pub(super) fn record(&mut self, turn: &ArmTurn<'_>, now: u64) {
        let arm = (turn.assistant.to_owned(), turn.asked.into());
        let track = self.0.entry(arm).or_default();
        track.record(turn.ended, now, |cell| {
            cell.record(turn.kind, turn.milliseconds);
        });
    }

    /// Lets go of what is too old; says whether anything is left in the window.
    pub(super) fn pass(&mut self, now: u64) -> bool {
        let mut filled = false;
        self.0.retain(|_, track| {
            track.pass(now);
            filled |= track.fills_window();
            !track.is_empty()
        });
        filled
    }

    /// Keeps only the arms that the assistants still have.
    pub(super) fn forget(&mut self, catalog: &Catalog) {
        self.0.retain(|(id, model), _| {
            catalog.assistant(id).is_some_and(|assistant| {
                let candidate = assistant.candidate.as_ref().map(|(model, _)| model);
                assistant.model == *model || candidate == Some(model)
            })
        });
    }

    fn figures(&mut self, assistant: &str, model: &ModelId, now: u64) -> wire::TurnFigures {
        let known = self.0.get_mut(&(assistant.to_owned(), model.clone()));
        known.map_or_else(
            || Turns::default().figures(),
            |track| {
                track.pass(now);
                track.window().figures()
            },
        )
    }
}

impl Health {
    /// The assistants, in the configuration's order.
    pub(super) fn assistants(
        &self,
        catalog: &Catalog,
        viewer: &str,
        clock: &Clock,
    ) -> Vec<wire::AssistantHealth> {
        let all = catalog.assistants().iter();
        all.map(|assistant| self.assistant(assistant, catalog, viewer, clock))
            .collect()
    }

    /// One assistant. `viewer` is who sees it: simulated outages show to those whom they strike.
    pub fn assistant(
        &self,
        assistant: &AssistantEntry,
        catalog: &Catalog,
        viewer: &str,
        clock: &Clock,
    ) -> wire::AssistantHealth {
        let now = milliseconds(clock.now());
        let mut arms = lock(&self.arms);
        let mut of = |model: &ModelId| arms.figures(&assistant.id, model, now);
        let candidate = assistant.candidate.as_ref();
        let turns = of(&assistant.model);
        let nothing = || Turns::default().figures();
        let candidate_turns = candidate.map_or_else(nothing, |(model, _)| of(model));
        drop(arms);
        let chain = assistant.baseline();
        wire::AssistantHealth {
            id: assistant.id.to_string(),
            name: assistant.name.clone(),
            status: catalog.standing(assistant, viewer),
            model: assistant.model.as_str().into(),
            candidate: candidate.map(|(model, percent)| wire::Candidate {
                model: model.as_str().into(),
                percent: *percent,
            }),
            use_candidate: assistant.use_candidate,
            use_fallback: assistant.use_fallback,
            chain: chain.chain().iter().map(|id| id.as_str().into()).collect(),
            turns,
            candidate_turns,
        }
    }
}
