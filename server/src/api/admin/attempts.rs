//! `/api/admin/attempts`: the log of attempts, filtered and paged, or all that matches as a table.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use evenkeel_protocol::{AttemptPage, AttemptState, Reason, Timestamp};
use evenkeel_store::{AttemptFilter, LogPlace};

use super::administrator;
use super::table::table;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

/// Attempts of a page, where nothing is said.
const LIMIT: u32 = 50;

/// Attempts of a page at most.
const MOST: u32 = 500;

/// What can be asked for.
const KEYS: [&str; 14] = [
    "from",
    "to",
    "user",
    "organisation",
    "provider",
    "model",
    "assistant",
    "state",
    "reason",
    "request_id",
    "simulated",
    "before",
    "limit",
    "format",
];

pub(crate) async fn attempts(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    administrator(&principal)?;
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &KEYS)?;
    let filter = asked.filter()?;
    let before: Option<u64> = asked.number("before")?;
    let limit = asked.number("limit")?.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(Refusal::at("limit", "give a number from 1 to 500"));
    }
    let after = match before {
        Some(id) => {
            let gone = || Refusal::at("before", "that attempt is gone; begin with the newest");
            Some(shared.store.log_place(id).await?.ok_or_else(gone)?)
        }
        None => None,
    };
    match asked.text("format") {
        None | Some("json") => {}
        Some("csv") => return Ok(table(shared, principal, filter, after)),
        Some(_) => return Err(Refusal::at("format", "give json or csv")),
    }
    let attempts = shared
        .store
        .logged_attempts(&filter, after, limit, &principal.id)
        .await?;
    let whole = attempts.len() == limit as usize;
    let last = attempts.last().filter(|_| whole);
    Ok(axum::Json(AttemptPage {
        next: last.map(|last| LogPlace::of(last).id),
        attempts,
    })
    .into_response())
}

/// What a query string says, each key once.
pub(super) struct Asked(BTreeMap<String, String>);

impl Asked {
    /// Reads it; only these keys are known.
    pub(super) fn read(query: &str, keys: &[&str]) -> Result<Self, Refusal> {
        let mut asked = BTreeMap::new();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if !keys.contains(&&*key) {
                let known = keys.join(", ");
                return Err(Refusal::at(
                    key,
                    &format!("is no filter here; there are {known}"),
                ));
            }
            if asked.insert(key.to_string(), value.into_owned()).is_some() {
                return Err(Refusal::at(key, "give it once"));
            }
        }
        // What is left empty in a form is not asked for.
        asked.retain(|_, value| !value.is_empty());
        Ok(Self(asked))
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub(super) fn time(&self, key: &str) -> Result<Option<Timestamp>, Refusal> {
        let mend = "give a time such as 2026-11-20T08:00:00Z";
        let time = self.text(key).map(|text| text.parse::<Timestamp>());
        time.transpose().map_err(|_| Refusal::at(key, mend))
    }

    fn number<N: std::str::FromStr>(&self, key: &str) -> Result<Option<N>, Refusal> {
        let number = self.text(key).map(str::parse);
        number
            .transpose()
            .map_err(|_| Refusal::at(key, "give a whole number"))
    }

    /// One of these words.
    fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, meant)| Some(*meant)).ok_or_else(|| {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            Refusal::at(key, &format!("give one of {}", known.join(", ")))
        })
    }

    fn filter(&self) -> Result<AttemptFilter, Refusal> {
        if self.text("organisation").is_some() {
            return Err(Refusal::at(
                "organisation",
                "there are no organisations here; leave it out",
            ));
        }
        let (from, to) = (self.time("from")?, self.time("to")?);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(Refusal::at("to", "give a time that is not before `from`"));
        }
        let states = [
            AttemptState::Started,
            AttemptState::Answering,
            AttemptState::Answered,
            AttemptState::Failed,
            AttemptState::Skipped,
            AttemptState::Cancelled,
        ];
        Ok(AttemptFilter {
            from,
            to,
            user: self.text("user").map(str::to_owned),
            provider: self.text("provider").map(Into::into),
            model: self.text("model").map(Into::into),
            assistant: self.text("assistant").map(str::to_owned),
            state: self.word("state", &states.map(|state| (state.as_str(), state)))?,
            reason: self.word(
                "reason",
                &Reason::ALL.map(|reason| (reason.as_str(), reason)),
            )?,
            request_id: self.text("request_id").map(str::to_owned),
            simulated: self.word("simulated", &[("true", true), ("false", false)])?,
        })
    }
}
