//! An administrator who changes settings live.

use serde_json::{Value, json};

use super::Server;

/// What the tests of live control do again and again.
pub trait Administrator {
    /// The settings of a scope.
    async fn settings(&self, scope: &str) -> Value;

    /// One of them.
    async fn setting(&self, scope: &str, key: &str) -> Value;

    /// The revision of the live settings.
    async fn revision(&self) -> u64;

    /// Tries to change settings: scope, key, value. Status and body.
    async fn try_change(&self, preview: bool, changes: &[(&str, &str, Value)]) -> (u16, Value);

    /// Changes settings, which works; the effect.
    async fn change(&self, changes: &[(&str, &str, Value)]) -> Value;

    /// What changing settings would do.
    async fn preview(&self, changes: &[(&str, &str, Value)]) -> Value;

    /// The newest entries of the audit log.
    async fn audit(&self) -> Vec<Value>;

    /// The message that answers a question to this model, or to the default.
    async fn ask(&self, model: Option<&str>) -> (u16, Value);

    /// Who answers it; nobody where it is exhausted.
    async fn answers(&self, model: &str) -> Option<String>;
}

impl Administrator for Server {
    async fn settings(&self, scope: &str) -> Value {
        let url =
            reqwest::Url::parse_with_params(&self.url("/api/admin/settings"), [("scope", scope)]);
        let response = self.http.get(url.unwrap()).send().await.unwrap();
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn setting(&self, scope: &str, key: &str) -> Value {
        let settings = self.settings(scope).await;
        let all = settings["settings"].as_array().unwrap();
        let found = all.iter().find(|setting| setting["key"] == key);
        found
            .unwrap_or_else(|| panic!("no {key} in {settings}"))
            .clone()
    }

    async fn revision(&self) -> u64 {
        self.settings("global").await["revision"].as_u64().unwrap()
    }

    async fn try_change(&self, preview: bool, changes: &[(&str, &str, Value)]) -> (u16, Value) {
        let changes: Vec<_> = changes
            .iter()
            .map(|(scope, key, value)| json!({"scope": scope, "key": key, "value": value}))
            .collect();
        let revision = self.revision().await;
        let body = json!({"revision": revision, "preview": preview, "changes": changes});
        self.call("PATCH", "/api/admin/settings", Some(&body)).await
    }

    async fn change(&self, changes: &[(&str, &str, Value)]) -> Value {
        let (status, body) = self.try_change(false, changes).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn preview(&self, changes: &[(&str, &str, Value)]) -> Value {
        let (status, body) = self.try_change(true, changes).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn audit(&self) -> Vec<Value> {
        let (status, body) = self.get("/api/admin/audit").await;
        assert_eq!(status, 200, "{body}");
        body["entries"].as_array().unwrap().clone()
    }

    async fn ask(&self, model: Option<&str>) -> (u16, Value) {
        self.chat("new", json!({"message": "hi", "model": model}))
            .await
    }

    async fn answers(&self, model: &str) -> Option<String> {
        let (status, body) = self.ask(Some(model)).await;
        if status == 502 {
            return None;
        }
        assert_eq!(status, 200, "{body}");
        Some(body["message"]["model_name"].as_str().unwrap().to_owned())
    }
}
