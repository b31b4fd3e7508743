//! A caller who leaves.

use std::time::Duration;

use futures_util::StreamExt;

use super::{Behaviour, Server, Upstream};

/// The upstream is closed within the contract's second when the caller of a stream leaves, before its first byte and after,
/// and no circuit takes it for a failure.
pub async fn leaves(path: &str, body: &serde_json::Value) {
    for behaviour in [
        Behaviour::Count {
            to: 100_000,
            every: Duration::from_millis(20),
        },
        Behaviour::Silence,
    ] {
        let silent = matches!(behaviour, Behaviour::Silence);
        let a = Upstream::start([behaviour]).await;
        let server = Server::with_upstreams(&[&a], "").await;
        let call = server.http.post(server.url(path)).json(body).send();
        if silent {
            let call = tokio::spawn(call);
            while a.requests().is_empty() {
                tokio::task::yield_now().await;
            }
            call.abort();
        } else {
            let mut body = call.await.unwrap().bytes_stream();
            body.next().await.unwrap().unwrap();
        }
        assert!(a.all_closed().await < Duration::from_secs(1));
        let state = "evenkeel_circuit_state{model=\"a\",provider=\"a-provider\"}";
        assert_eq!(server.metric(state).await, 0.0);
    }
}
