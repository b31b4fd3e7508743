//! Who did what, taking it back, and two administrators at once.

use serde_json::{Value, json};

use crate::support::{Administrator, Server, Socket, Upstream};

#[tokio::test]
async fn every_act_is_written_down_with_what_was_before_and_after() {
    let a = Upstream::answering(&["from a"]).await;
    let server = Server::with_upstreams(&[&a], "timeout = \"30s\"").await;
    server
        .change(&[("global", "resilience.timeout", json!("90s"))])
        .await;
    let post = async |path: &str, body: Value| server.post(path, &body).await;
    post("/api/admin/models/a/circuit", json!({"action": "open"})).await;
    post(
        "/api/admin/providers/a-provider/circuit",
        json!({"action": "reset"}),
    )
    .await;
    post("/api/admin/models/a/test", json!({})).await;
    let fault = |audience: &str| json!({"target": {"model": "a"}, "audience": audience, "kind": "http_status", "status": 503, "ttl_s": 60});
    post("/api/debug/faults", fault("me")).await;
    let (_, armed) = post("/api/debug/faults", fault("everyone")).await;
    post("/api/debug/faults/halt", json!({})).await;
    let id = armed["id"].as_str().unwrap();
    let entries = server.audit().await;
    let told: Vec<_> = entries
        .iter()
        .map(|entry| {
            let text = |key: &str| entry[key].as_str().unwrap_or("-").to_owned();
            assert_eq!(entry["by"], "local");
            assert!(text("at").starts_with("20"));
            [
                text("action"),
                text("scope"),
                text("key"),
                text("before"),
                text("after").chars().take(12).collect(),
            ]
            .join(" | ")
        })
        .collect();
    let fault = format!("faults/{id}");
    assert_eq!(
        told,
        [
            format!("fault | {fault} | halted | - | {{\"target\":{{\""),
            format!("fault | {fault} | armed | - | {{\"target\":{{\""),
            "test | models/a | test | - | answered in ".to_owned(),
            "circuit | providers/a-provider | reset | closed | closed".to_owned(),
            "circuit | models/a | open | closed | open, held".to_owned(),
            "setting | global | resilience.timeout | 30s | 90s".to_owned(),
        ]
    );
    let revertible: Vec<_> = entries
        .iter()
        .map(|entry| entry["revertible"] == true)
        .collect();
    assert_eq!(revertible, [false, false, false, false, false, true]);
    assert_eq!(entries[5]["revision"], 1);

    for path in [
        "/api/admin/audit?limit=x",
        "/api/admin/settings?scope=global&scope=global",
        "/api/admin/settings?scope=all",
    ] {
        let (status, problem) = server.get(path).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("INVALID_REQUEST")),
            "{path}"
        );
    }

    // In pages.
    let (_, page) = server.get("/api/admin/audit?limit=4").await;
    let next = page["next"].as_str().unwrap().to_owned();
    assert_eq!(page["entries"].as_array().unwrap()[..], entries[..4]);
    let (_, page) = server
        .get(&format!("/api/admin/audit?limit=4&before={next}"))
        .await;
    assert_eq!(
        (
            page["entries"].as_array().unwrap().as_slice(),
            &page["next"]
        ),
        (&entries[4..], &Value::Null)
    );
}

#[tokio::test]
async fn a_change_is_taken_back_to_what_it_was() {
    let a = Upstream::answering(&["from a"]).await;
    let server = Server::with_upstreams(&[&a], "timeout = \"30s\"").await;
    server
        .change(&[("global", "resilience.timeout", json!("90s"))])
        .await;
    server
        .change(&[("global", "resilience.timeout", json!("60s"))])
        .await;
    server
        .change(&[("models/a", "resilience.max_retries", json!(1))])
        .await;
    let entries = server.audit().await;
    let revert = async |entry: &Value, revision: u64, preview: bool| {
        let path = format!("/api/admin/audit/{}/revert", entry["id"].as_str().unwrap());
        server
            .post(&path, &json!({"revision": revision, "preview": preview}))
            .await
    };
    // The first was changed over: there is nothing left of it to take back.
    assert_eq!(entries[2]["revertible"], false);
    let (status, body) = revert(&entries[2], 3, false).await;
    assert_eq!(
        (status, body["changes"][1]["id"].clone()),
        (409, entries[1]["id"].clone()),
        "{body}"
    );
    let (status, _) = revert(&entries[1], 3, true).await;
    assert_eq!((status, server.revision().await), (200, 3));
    let (status, effect) = revert(&entries[1], 3, false).await;
    assert_eq!((status, &effect["revision"]), (200, &json!(4)));
    let shown = server.setting("global", "resilience.timeout").await;
    assert_eq!(
        (&shown["value"], &shown["live"]),
        (&json!("90s"), &json!(true))
    );
    // Now the first can be, and what it was is the file's.
    let (status, _) = revert(&entries[2], 4, false).await;
    assert_eq!(status, 200);
    let shown = server.setting("global", "resilience.timeout").await;
    assert_eq!(
        (&shown["value"], &shown["live"]),
        (&json!("30s"), &json!(false))
    );
    assert_eq!(
        server.setting("models/a", "resilience.max_retries").await["value"],
        json!(1.0)
    );
    let newest = &server.audit().await[0];
    assert_eq!(
        (&newest["before"], &newest["after"]),
        (&json!("90s"), &json!("30s"))
    );
    for path in ["/api/admin/audit/999/revert", "/api/admin/audit/x/revert"] {
        assert_eq!(server.post(path, &json!({"revision": 5})).await.0, 404);
    }
}

#[tokio::test]
async fn the_second_of_two_administrators_is_told_what_changed() {
    let a = Upstream::answering(&["from a"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut watching = Socket::open(&server).await;
    watching
        .say(json!({"type": "watch", "topics": ["health"]}))
        .await;
    let snapshot = watching.hear().await;
    assert_eq!(
        (&snapshot["type"], &snapshot["revision"]),
        (&json!("health"), &json!(0))
    );

    let change = |timeout: &str| json!({"revision": 0, "changes": [{"scope": "global", "key": "resilience.timeout", "value": timeout}]});
    let first = change("90s");
    let (status, _) = server
        .call("PATCH", "/api/admin/settings", Some(&first))
        .await;
    assert_eq!(status, 200);
    loop {
        let frame = watching.hear().await;
        assert_eq!(frame["type"], "health");
        if frame["revision"] == 1 {
            break;
        }
    }
    for preview in [true, false] {
        let mut second = change("20s");
        second["preview"] = json!(preview);
        let (status, body) = server
            .call("PATCH", "/api/admin/settings", Some(&second))
            .await;
        assert_eq!(
            (status, &body["code"], &body["revision"]),
            (409, &json!("CONFLICT"), &json!(1))
        );
        let came = &body["changes"];
        assert_eq!(came.as_array().unwrap().len(), 1);
        assert_eq!(
            (
                &came[0]["by"],
                &came[0]["key"],
                &came[0]["before"],
                &came[0]["after"]
            ),
            (
                &json!("local"),
                &json!("resilience.timeout"),
                &json!("45s"),
                &json!("90s")
            )
        );
    }
    assert_eq!(
        server.setting("global", "resilience.timeout").await["value"],
        "90s"
    );
    // Of two at the very same time, one.
    let both = ["50s", "51s", "52s", "53s"].map(|timeout| {
        let mut body = change(timeout);
        body["revision"] = json!(1);
        let (http, url) = (server.http.clone(), server.url("/api/admin/settings"));
        tokio::spawn(async move {
            http.patch(url)
                .json(&body)
                .send()
                .await
                .unwrap()
                .status()
                .as_u16()
        })
    });
    let mut statuses = vec![];
    for one in both {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
    assert_eq!(server.revision().await, 2);
}
