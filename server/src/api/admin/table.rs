//! The log of attempts as comma-separated values, for a spreadsheet.

use std::fmt::Write;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use evenkeel_protocol::LoggedAttempt;
use evenkeel_store::{AttemptFilter, LogPlace, StoreError};
use futures_util::stream;

use crate::principal::Principal;
use crate::shared::Shared;

/// Attempts that are read at once.
const PAGE: u32 = 1_000;

const HEAD: &str = "id,started_at,user,request_id,index,kind,state,model,provider,status_code,reason,detail,\
                    first_token_ms,duration_ms,input_tokens,output_tokens,cost,simulated,conversation_id,assistant\r\n";

/// All that matches, newest first, as it is read. Where the database fails on the way, the download breaks off: it must
/// not pass for whole.
pub(super) fn table(
    shared: Arc<Shared>,
    principal: Principal,
    filter: AttemptFilter,
    after: Option<LogPlace>,
) -> Response {
    let name = format!(
        "attempts-{}.csv",
        shared.clock.now().strftime("%Y%m%d-%H%M%S")
    );
    let reading = Reading {
        shared,
        principal,
        filter,
        after,
        over: false,
    };
    let head = stream::iter([Ok(Bytes::from_static(HEAD.as_bytes()))]);
    let rows = stream::try_unfold(reading, |mut reading| async move {
        Ok::<_, StoreError>(reading.next().await?.map(|rows| (rows, reading)))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let body = futures_util::StreamExt::chain(head, rows);
    (headers, Body::from_stream(body)).into_response()
}

struct Reading {
    shared: Arc<Shared>,
    principal: Principal,
    filter: AttemptFilter,
    after: Option<LogPlace>,
    over: bool,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        if self.over {
            return Ok(None);
        }
        let page = self
            .shared
            .store
            .logged_attempts(&self.filter, self.after, PAGE, &self.principal.id)
            .await;
        let page = page.inspect_err(|error| tracing::error!(%error, "attempts_not_exported"))?;
        self.over = page.len() < PAGE as usize;
        self.after = page.last().map(LogPlace::of).or(self.after);
        let mut rows = String::with_capacity(page.len() * 200);
        page.iter().for_each(|attempt| row(attempt, &mut rows));
        Ok((!rows.is_empty()).then(|| rows.into()))
    }
}

fn row(logged: &LoggedAttempt, out: &mut String) {
    let LoggedAttempt {
        id,
        attempt,
        user,
        request_id,
        message_id: _,
        assistant,
        conversation_id,
    } = logged;
    let number = |number: Option<u64>| number.map(|it| it.to_string()).unwrap_or_default();
    let cells = [
        id.to_string(),
        attempt.started_at.to_string(),
        text(user),
        text(request_id),
        attempt.index.to_string(),
        attempt.kind.as_str().to_owned(),
        attempt.state.as_str().to_owned(),
        text(attempt.model_name.as_str()),
        text(attempt.provider.as_str()),
        number(attempt.status_code.map(u64::from)),
        attempt
            .reason
            .map_or("", |reason| reason.as_str())
            .to_owned(),
        text(attempt.detail.as_deref().unwrap_or_default()),
        number(attempt.first_token_ms),
        number(attempt.duration_ms),
        number(attempt.usage.map(|usage| usage.input_tokens)),
        number(attempt.usage.map(|usage| usage.output_tokens)),
        attempt
            .cost
            .map(|cost| cost.to_string())
            .unwrap_or_default(),
        attempt.simulated.to_string(),
        text(conversation_id.as_ref().map_or("", |id| id.as_str())),
        text(assistant.as_deref().unwrap_or_default()),
    ];
    // Writing to a string cannot fail.
    let _ = write!(out, "{}\r\n", cells.join(","));
}

/// A text as a cell. A spreadsheet takes what begins with one of these for a formula and may run it; the apostrophe tells
/// it not to.
fn text(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let mark = if formula { "'" } else { "" };
    if formula || text.contains([',', '"', '\r', '\n', ';']) {
        format!("\"{mark}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_or_leaves_its_cell() {
        for (said, cell) in [
            ("plain", "plain"),
            ("", ""),
            ("a, b", "\"a, b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\tx", "\"'\tx\""),
            ("\r=1", "\"'\r=1\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(text(said), cell);
        }
    }
}
