//! The rules of alerts.

use serde_json::json;

use crate::support::{Administrator, Server, Upstream};

#[tokio::test]
async fn the_rules_of_alerts_are_settings() {
    let a = Upstream::answering(&["from a"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let shown = server.setting("global", "alerts.p95").await;
    assert_eq!(
        (&shown["value"], &shown["kind"], &shown["options"]),
        (&json!("10s"), &json!("duration"), &json!(["off"]))
    );
    server
        .change(&[
            ("global", "alerts.error_rate", json!(0.25)),
            ("global", "alerts.error_rate_for", json!("1m")),
            ("global", "alerts.p95", json!("off")),
        ])
        .await;
    let (_, alerts) = server.get("/api/admin/alerts").await;
    let rule = |name: &str| {
        let rules = alerts["rules"].as_array().unwrap().iter();
        rules
            .clone()
            .find(|rule| rule["rule"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(rule("error_rate")["limit"], 0.25);
    assert_eq!(rule("p95")["enabled"], false);
    let shown = server.setting("global", "alerts.error_rate_for").await;
    assert_eq!(
        (&shown["value"], &shown["file"], &shown["live"]),
        (&json!("60s"), &json!("300s"), &json!(true))
    );
    let secret = [("global", "alerts.webhook_secret_env", json!("PATH"))];
    let (status, _) = server.try_change(false, &secret).await;
    assert_eq!(status, 400);
    let hook = "https://hooks.example.org/T0/secret-token";
    server
        .change(&[("global", "alerts.webhook_url", json!(hook))])
        .await;
    assert!(
        !json!(server.audit().await)
            .to_string()
            .contains("secret-token")
    );
    server
        .change(&[("global", "alerts.webhook_url", json!(""))])
        .await;
    assert_eq!(
        server.setting("global", "alerts.webhook_url").await["value"],
        ""
    );
}
