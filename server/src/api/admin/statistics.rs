//! `/api/admin/statistics`: how often others had to step in, which models are used, and which fail all the time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use evenkeel_protocol::{ModelStatistics, Statistics, Timestamp};
use jiff::SignedDuration;

use super::administrator;
use super::attempts::Asked;
use crate::error::Refusal;
use crate::health::Tally;
use crate::principal::Principal;
use crate::shared::Shared;

/// The span, where none is named.
const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(crate) async fn statistics(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<axum::Json<Statistics>, Refusal> {
    administrator(&principal)?;
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &["from", "to"])?;
    let now = shared.clock.now();
    let to = asked.time("to")?.unwrap_or(now);
    let day_before = to.checked_sub(DAY).unwrap_or(Timestamp::MIN);
    let from = asked.time("from")?.unwrap_or(day_before);
    if from > to {
        return Err(Refusal::at("to", "give a time that is not before `from`"));
    }
    Ok(axum::Json(count(&shared, from, to).await?))
}

async fn count(shared: &Shared, from: Timestamp, to: Timestamp) -> Result<Statistics, Refusal> {
    let mut models: BTreeMap<String, Tally> = BTreeMap::new();
    let each = |model: &str, provider: &str, sample| match models.get_mut(model) {
        Some(tally) => tally.count(&sample),
        None => {
            let mut tally = Tally::of(provider);
            tally.count(&sample);
            models.insert(model.to_owned(), tally);
        }
    };
    shared.store.each_attempt(from, to, each).await?;
    let turns = shared.store.count_turns(from, to).await?;
    let catalog = shared.catalog();
    // Who was asked for and never asked, because another was told to answer, was used as well.
    for turn in &turns {
        let provider = catalog.model(turn.asked.as_str());
        let provider = provider.map_or("", |model| model.provider.as_str());
        let tally = models.entry(turn.asked.0.clone());
        tally.or_insert_with(|| Tally::of(provider));
    }
    let sum = |which: &dyn Fn(&evenkeel_store::TurnCount) -> bool| -> u64 {
        let turns = turns.iter().filter(|turn| which(turn));
        turns.map(|turn| turn.count).sum()
    };
    let fell_back = |turn: &evenkeel_store::TurnCount| {
        let by = turn.answered_by.as_ref();
        turn.outcome == "answered" && by.is_some_and(|by| *by != turn.asked)
    };
    let mut models: Vec<_> = models
        .into_iter()
        .map(|(id, tally)| ModelStatistics {
            asked_first: sum(&|turn| turn.asked.as_str() == id),
            stepped_in: sum(&|turn| {
                let by = turn.answered_by.as_ref();
                fell_back(turn) && by.is_some_and(|by| by.as_str() == id)
            }),
            model: id.into(),
            provider: tally.provider.as_str().into(),
            figures: tally.sums.figures(),
            failing_in_a_row: tally.failing_in_a_row,
        })
        .collect();
    models.sort_by_key(|model| Reverse(model.asked_first));
    Ok(Statistics {
        from,
        to,
        requests: sum(&|_| true),
        answered: sum(&|turn| turn.outcome == "answered"),
        fallbacks: sum(&fell_back),
        exhausted: sum(&|turn| turn.outcome == "fallback_exhausted"),
        models,
    })
}
