//! `/api/search`.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use evenkeel_protocol::SearchResults;
use serde::Deserialize;

use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

/// How many conversations a search finds.
const LIMIT: u32 = 50;

/// What is searched for may have this many characters.
const WORDS_LIMIT: usize = 1000;

#[derive(Deserialize)]
pub(crate) struct Words {
    #[serde(default)]
    q: String,
}

pub(crate) async fn search(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    words: Result<Query<Words>, QueryRejection>,
) -> Result<axum::Json<SearchResults>, Refusal> {
    let Query(words) = words.map_err(|_| {
        Refusal::invalid("q: give the words once, percent-encoded, as in ?q=blue%20sky")
    })?;
    if words.q.trim().is_empty() {
        return Err(Refusal::invalid(
            "q: give the words to search for, as in ?q=blue%20sky",
        ));
    }
    if words.q.chars().count() > WORDS_LIMIT {
        return Err(Refusal::invalid(
            "q: is longer than 1,000 characters; give fewer words",
        ));
    }
    let results = shared.store.search(&principal.id, &words.q, LIMIT).await?;
    Ok(axum::Json(SearchResults { results }))
}
