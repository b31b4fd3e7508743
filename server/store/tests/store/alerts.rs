//! What outlives a restart of the alerts, and the messages that wait.

use evenkeel_protocol::AlertState;
use evenkeel_store::{AlertMessage, KeptAlert};

use crate::support::{second, world};

fn kept(rule: &str, state: AlertState) -> KeptAlert {
    KeptAlert {
        rule: rule.to_owned(),
        state,
        since: second(7),
        value: Some(0.25),
    }
}

fn message(id: &str) -> AlertMessage {
    AlertMessage {
        id: id.to_owned(),
        written_at: second(8),
        body: format!("{{\"id\":\"{id}\"}}"),
    }
}

#[tokio::test]
async fn alerts_are_kept_in_the_place_of_those_before() {
    let world = world().await;
    let first = [
        kept("error_rate", AlertState::Firing),
        kept("panics", AlertState::Pending),
        kept("p95", AlertState::Resolved),
    ];
    world.keep_alerts(&first, &[]).await.unwrap();
    let world = world.reopen().await;
    let [firing, _, resolved] = first;
    assert_eq!(world.alerts().await.unwrap(), [firing, resolved]);
    world.keep_alerts(&[], &[]).await.unwrap();
    assert_eq!(world.alerts().await.unwrap(), []);
}

#[tokio::test]
async fn messages_wait_in_their_order() {
    let world = world().await;
    assert_eq!(world.next_alert_message().await.unwrap(), None);
    world
        .keep_alerts(&[], &[message("b"), message("a")])
        .await
        .unwrap();
    world.keep_alerts(&[], &[message("c")]).await.unwrap();
    let world = world.reopen().await;
    for (id, waiting) in [("b", 3), ("a", 2), ("c", 1)] {
        let next = world.next_alert_message().await.unwrap();
        assert_eq!(next, Some((message(id), waiting)));
        world.forget_alert_message(id).await.unwrap();
    }
    assert_eq!(world.next_alert_message().await.unwrap(), None);
}
