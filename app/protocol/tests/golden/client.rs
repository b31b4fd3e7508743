//! What clients say.

use std::collections::BTreeMap;

use evenkeel_protocol::*;

use crate::samples::client;

#[test]
fn client_frames() {
    client(
        ClientFrame::Hello { protocol: 1 },
        r#"{"type":"hello","protocol":1}"#,
    );
    client(
        ClientFrame::Send(Send {
            request_id: "q".into(),
            conversation_id: None,
            parent_id: Some("m".into()),
            text: "hi".into(),
            edited_id: None,
            temporary: false,
            system_prompt: None,
            attachments: vec![],
            model: None,
            assistant: None,
        }),
        r#"{"type":"send","request_id":"q","conversation_id":null,"parent_id":"m","text":"hi","model":null}"#,
    );
    client(
        ClientFrame::Send(Send {
            request_id: "q".into(),
            conversation_id: None,
            parent_id: None,
            edited_id: Some("m".into()),
            temporary: true,
            system_prompt: Some("Be brief.".into()),
            text: "hi".into(),
            attachments: vec![Attachment {
                name: "a.txt".into(),
                media_type: "text/plain".into(),
                data: "aGk=".into(),
            }],
            model: Some("gpt-4o".into()),
            assistant: None,
        }),
        r#"{"type":"send","request_id":"q","conversation_id":null,"parent_id":null,"edited_id":"m","temporary":true,"system_prompt":"Be brief.","text":"hi","attachments":[{"name":"a.txt","media_type":"text/plain","data":"aGk="}],"model":"gpt-4o"}"#,
    );
    client(
        ClientFrame::Regenerate {
            request_id: "q".into(),
            message_id: "m".into(),
            model: None,
        },
        r#"{"type":"regenerate","request_id":"q","message_id":"m","model":null}"#,
    );
    client(
        ClientFrame::Stop { run_id: "r".into() },
        r#"{"type":"stop","run_id":"r"}"#,
    );
    client(
        ClientFrame::Subscribe {
            conversation_id: "c".into(),
            after: BTreeMap::from([("r".into(), 7)]),
        },
        r#"{"type":"subscribe","conversation_id":"c","after":{"r":7}}"#,
    );
    client(
        ClientFrame::Unsubscribe {
            conversation_id: "c".into(),
        },
        r#"{"type":"unsubscribe","conversation_id":"c"}"#,
    );
    client(
        ClientFrame::Watch {
            topics: vec![
                Topic::Health,
                Topic::Faults,
                Topic::Conversations,
                Topic::Forecast,
            ],
        },
        r#"{"type":"watch","topics":["health","faults","conversations","forecast"]}"#,
    );
    client(
        ClientFrame::Unwatch {
            topics: vec![Topic::Health],
        },
        r#"{"type":"unwatch","topics":["health"]}"#,
    );
    client(ClientFrame::Ping, r#"{"type":"ping"}"#);
}

#[test]
fn empty_and_null_fields_of_a_send_may_be_left_out() {
    let frame = serde_json::from_str(r#"{"type":"send","request_id":"q","text":"hi"}"#).unwrap();
    let ClientFrame::Send(send) = frame else {
        panic!("{frame:?}")
    };
    assert_eq!(
        (send.conversation_id, send.parent_id, send.model),
        (None, None, None)
    );
    serde_json::from_str::<ClientFrame>(r#"{"type":"subscribe","conversation_id":"c"}"#).unwrap();
    serde_json::from_str::<ClientFrame>(
        r#"{"type":"subscribe","conversation_id":"c","after":null}"#,
    )
    .unwrap();
    serde_json::from_str::<ClientFrame>(
        r#"{"type":"send","request_id":"q","text":"hi","attachments":null}"#,
    )
    .unwrap();
}
