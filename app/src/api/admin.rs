//! What administrators ask and change over HTTP. Only the part that shows the panel calls this.

use evenkeel_protocol::read::{Json, Object, Read, Take, Wrong};
use evenkeel_protocol::{
    self as wire, AttemptPage, AuditEntry, AuditPage, DryRun, DryRunRequest, ModelId, Series,
    SettingChange, Settings, SettingsChange, Statistics, TestPlan, TestResult,
};
use gloo_net::http::{Method, RequestBuilder};
use serde::Serialize;

use super::escape;
use crate::state::read_json;

/// A refusal with all that can be shown of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Refused {
    /// It in a sentence.
    pub(crate) sentence: String,
    /// The status, where the server answered.
    pub(crate) status: Option<u16>,
    /// Which settings are wrong.
    pub(crate) problems: Vec<FieldProblem>,
    /// What others have changed meanwhile.
    pub(crate) changes: Vec<AuditEntry>,
    /// The revision that holds now.
    pub(crate) revision: Option<u64>,
}

/// What is wrong with one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldProblem {
    pub(crate) scope: String,
    pub(crate) key: String,
    pub(crate) message: String,
}

impl Take for FieldProblem {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            scope: object.field("scope")?,
            key: object.field("key")?,
            message: object.field("message")?,
        })
    }
}

impl Take for Refused {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        let title: Option<String> = object.field("title")?;
        let detail: Option<String> = object.field("detail")?;
        let sentence = match (title, detail.filter(|detail| !detail.is_empty())) {
            (Some(title), Some(detail)) => format!("{title}: {detail}"),
            (title, detail) => title.or(detail).unwrap_or_default(),
        };
        Ok(Self {
            sentence,
            status: None,
            problems: object.field::<Option<_>>("problems")?.unwrap_or_default(),
            changes: object.field::<Option<_>>("changes")?.unwrap_or_default(),
            revision: object.field("revision")?,
        })
    }
}

fn plain(sentence: &str) -> Refused {
    Refused {
        sentence: sentence.to_owned(),
        ..Refused::default()
    }
}

async fn text(method: Method, path: &str, body: Option<String>) -> Result<String, Refused> {
    let lost = |_| plain("The server could not be reached.");
    let request = RequestBuilder::new(path)
        .method(method)
        .header("content-type", "application/json");
    let response = match body {
        Some(body) => request.body(body).map_err(lost)?.send().await,
        None => request.send().await,
    };
    let response = response.map_err(lost)?;
    let status = response.status();
    let said = response.text().await.map_err(lost)?;
    if response.ok() {
        return Ok(said);
    }
    let mut refused = read_json::<Refused>(&said).unwrap_or_default();
    if refused.sentence.is_empty() {
        refused.sentence = format!("The server answered with {status}.");
    }
    refused.status = Some(status);
    Err(refused)
}

async fn ask<T: Read>(method: Method, path: &str, body: Option<String>) -> Result<T, Refused> {
    let said = text(method, path, body).await?;
    read_json(&said).ok_or_else(|| plain("The server's answer was not understood."))
}

fn json(body: &impl Serialize) -> Option<String> {
    serde_json::to_string(body).ok()
}

/// Settings of a scope.
pub(crate) async fn settings(scope: &str) -> Result<Settings, Refused> {
    let path = format!("/api/admin/settings?scope={}", escape(scope));
    ask(Method::GET, &path, None).await
}

/// Changes settings, or says what that would do.
pub(crate) async fn change(change: &SettingsChange) -> Result<wire::Effect, Refused> {
    ask(Method::PATCH, "/api/admin/settings", json(change)).await
}

/// The turns of the last hours once more, with these changes.
pub(crate) async fn dry_run(changes: &[SettingChange]) -> Result<DryRun, Refused> {
    let request = DryRunRequest {
        changes: changes.to_vec(),
        from: None,
        to: None,
    };
    ask(Method::POST, "/api/admin/dry-run", json(&request)).await
}

/// What an administrator can do to a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CircuitAction {
    /// Hold it open: ask it nothing.
    Open,
    /// Hold it closed: ask it whatever happens.
    Close,
    /// Let it decide for itself again.
    Reset,
}

fn circuit_path(kind: &str, id: &str) -> String {
    format!("/api/admin/{kind}/{}/circuit", escape(id))
}

/// Steers the circuit of a model or a provider; `kind` is `models` or `providers`.
pub(crate) async fn circuit(kind: &str, id: &str, action: CircuitAction) -> Result<(), Refused> {
    let body = serde_json::json!({ "action": action }).to_string();
    let said = text(Method::POST, &circuit_path(kind, id), Some(body)).await;
    said.map(drop)
}

/// What that would do.
pub(crate) async fn circuit_effect(
    kind: &str,
    id: &str,
    action: CircuitAction,
) -> Result<wire::Effect, Refused> {
    let body = serde_json::json!({ "action": action, "preview": true }).to_string();
    ask(Method::POST, &circuit_path(kind, id), Some(body)).await
}

/// What a test of a model would send, and cost.
pub(crate) async fn test_plan(model: &str) -> Result<TestPlan, Refused> {
    let path = format!("/api/admin/models/{}/test", escape(model));
    ask(Method::POST, &path, Some(r#"{"preview":true}"#.to_owned())).await
}

/// Sends one small request to a model.
pub(crate) async fn test(model: &str) -> Result<TestResult, Refused> {
    let path = format!("/api/admin/models/{}/test", escape(model));
    ask(Method::POST, &path, Some("{}".to_owned())).await
}

/// What came of a new key's test, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct KeyTest {
    /// The small request that was made with it.
    pub(crate) attempt: Option<wire::Attempt>,
    /// How many models the provider lists for it.
    pub(crate) models: Option<usize>,
}

impl Take for KeyTest {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        let Some(Json::Object(mut tested)) = object.field("tested")? else {
            return Ok(Self::default());
        };
        Ok(Self {
            attempt: tested.field("attempt")?,
            models: tested
                .field::<Option<u64>>("models")?
                .and_then(|count| count.try_into().ok()),
        })
    }
}

fn key_path(provider: &str) -> String {
    format!("/api/admin/providers/{}/key", escape(provider))
}

/// Gives a provider another key, after a test of it.
pub(crate) async fn replace_key(provider: &str, key: &str) -> Result<KeyTest, Refused> {
    let body = serde_json::json!({ "key": key }).to_string();
    ask(Method::PUT, &key_path(provider), Some(body)).await
}

/// Takes a key back that was given here.
pub(crate) async fn forget_key(provider: &str) -> Result<(), Refused> {
    let said = text(Method::DELETE, &key_path(provider), None).await;
    said.map(drop)
}

/// A page of the audit log, from before this entry on.
pub(crate) async fn audit(before: Option<&str>, limit: u32) -> Result<AuditPage, Refused> {
    let before = before.map_or_else(String::new, |id| format!("&before={}", escape(id)));
    let path = format!("/api/admin/audit?limit={limit}{before}");
    ask(Method::GET, &path, None).await
}

/// Takes a change back, or says what that would do.
pub(crate) async fn revert(
    id: &str,
    revision: u64,
    preview: bool,
) -> Result<wire::Effect, Refused> {
    let path = format!("/api/admin/audit/{}/revert", escape(id));
    let body = serde_json::json!({ "revision": revision, "preview": preview }).to_string();
    ask(Method::POST, &path, Some(body)).await
}

/// A page of the attempt log.
pub(crate) async fn attempts(query: &str) -> Result<AttemptPage, Refused> {
    ask(Method::GET, &format!("/api/admin/attempts?{query}"), None).await
}

/// What the attempt log says of a span of time.
pub(crate) async fn statistics(query: &str) -> Result<Statistics, Refused> {
    ask(Method::GET, &format!("/api/admin/statistics?{query}"), None).await
}

/// How the last 15 minutes (`15m`) or 24 hours (`24h`) went, for these models; for all of them where none is named.
pub(crate) async fn series(span: &str, models: &[ModelId]) -> Result<Series, Refused> {
    let names: String = models
        .iter()
        .map(|id| format!("&model={}", escape(id.as_str())))
        .collect();
    ask(
        Method::GET,
        &format!("/api/admin/series?span={span}{names}"),
        None,
    )
    .await
}

/// The alerts' rules, and who is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rules {
    pub(crate) rules: Vec<Rule>,
    pub(crate) webhook: Webhook,
}

/// A rule as it is set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) rule: String,
    pub(crate) severity: String,
    pub(crate) label: String,
    pub(crate) help: String,
    pub(crate) limit: Option<f64>,
    /// What the limit is in: `share`, `times`, `dollars` or `seconds`.
    pub(crate) unit: Option<String>,
    /// How long the limit must be exceeded.
    pub(crate) hold: String,
    pub(crate) enabled: bool,
}

/// Where alerts are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub(crate) configured: bool,
    pub(crate) signed: bool,
    /// Messages that have not arrived yet.
    pub(crate) waiting: u64,
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) delivered: bool,
    pub(crate) detail: Option<String>,
}

impl Take for Rules {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            rules: object.field("rules")?,
            webhook: object.field("webhook")?,
        })
    }
}

impl Take for Rule {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            rule: object.field("rule")?,
            severity: object.field("severity")?,
            label: object.field("label")?,
            help: object.field("help")?,
            limit: object.field("limit")?,
            unit: object.field("unit")?,
            hold: object.field("for")?,
            enabled: object.field("enabled")?,
        })
    }
}

impl Take for Webhook {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            configured: object.field("configured")?,
            signed: object.field("signed")?,
            waiting: object.field("waiting")?,
        })
    }
}

impl Take for Delivered {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            delivered: object.field("delivered")?,
            detail: object.field("detail")?,
        })
    }
}

/// The alerts' rules, and who is told.
pub(crate) async fn alerts() -> Result<Rules, Refused> {
    ask(Method::GET, "/api/admin/alerts", None).await
}

/// Sends a message to the webhook, and says what came of it.
pub(crate) async fn test_webhook() -> Result<Delivered, Refused> {
    ask(
        Method::POST,
        "/api/admin/alerts/test",
        Some("{}".to_owned()),
    )
    .await
}
