//! Any document comes back as it was.

use std::collections::HashMap;

use evenkeel_protocol::*;
use proptest::option;
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::api::conversations::document::{Document, Entry, FORMAT, Head, VERSION};
use crate::api::conversations::import::{check, read};

fn time() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_000_i64).prop_map(|at| Timestamp::from_millisecond(at).unwrap())
}

fn name() -> impl Strategy<Value = String> {
    "\\PC{0,20}"
}

fn count() -> impl Strategy<Value = Option<u64>> {
    option::of(0..=i64::MAX.unsigned_abs())
}

fn usage() -> impl Strategy<Value = Option<Usage>> {
    (count(), count()).prop_map(|(input, output)| {
        input
            .zip(output)
            .map(|(input_tokens, output_tokens)| Usage {
                input_tokens,
                output_tokens,
            })
    })
}

fn reason() -> impl Strategy<Value = Reason> {
    prop::sample::select(&Reason::ALL[..])
}

prop_compose! {
    fn attempt()(
        kind in prop::sample::select(vec![AttemptKind::Primary, AttemptKind::Retry, AttemptKind::Hedge]),
        state in prop::sample::select(vec![AttemptState::Answered, AttemptState::Failed, AttemptState::Skipped]),
        (model, provider, detail) in (name(), name(), option::of(any::<String>())),
        (status_code, reason) in (option::of(any::<u16>()), option::of(reason())),
        (retry_in_ms, first_token_ms, duration_ms) in (count(), count(), count()),
        (started_at, simulated, retry_limit) in (time(), any::<bool>(), option::of(any::<u32>())),
        (usage, cost) in (usage(), option::of(0.0..1e6_f64)),
    ) -> Attempt {
        Attempt {
            index: 0, kind, state, model_name: model.into(), provider: provider.into(), status_code,
            reason, detail, retry_in_ms, retry_limit, started_at, first_token_ms, duration_ms, usage,
            cost, simulated,
        }
    }
}

fn seam() -> impl Strategy<Value = Seam> {
    let mode = prop::sample::select(vec![SeamMode::Continued, SeamMode::Restarted]);
    let parts = (
        name(),
        name(),
        mode,
        any::<u64>(),
        option::of(any::<String>()),
    );
    parts.prop_map(|(from, to, mode, at, discarded)| Seam {
        from: from.into(),
        to: to.into(),
        mode,
        at,
        discarded,
    })
}

fn error() -> impl Strategy<Value = TurnError> {
    let failure = (name(), reason(), option::of(any::<String>()));
    let failure = failure.prop_map(|(model, reason, detail)| ModelFailure {
        model_name: model.into(),
        status_code: Some(503),
        reason,
        detail,
    });
    let failures = prop::collection::vec(failure, 0..3);
    let exhausted = (failures, option::of(time()));
    let exhausted = exhausted
        .prop_map(|(failures, retry_at)| ErrorKind::FallbackExhausted { failures, retry_at });
    let kind = prop_oneof![
        exhausted,
        Just(ErrorKind::Cancelled),
        Just(ErrorKind::Internal)
    ];
    (any::<String>(), kind).prop_map(|(error, kind)| TurnError { error, kind })
}

/// A text file, as it comes out of the server again.
fn file() -> impl Strategy<Value = Attachment> {
    use base64::Engine;
    ("[a-z]{1,9}", "[a-z\u{e9}]{1,50}").prop_map(|(name, text)| Attachment {
        name: format!("{name}.txt"),
        media_type: "text/plain".to_owned(),
        data: base64::engine::general_purpose::STANDARD.encode(text),
    })
}

prop_compose! {
    /// A message; where it stands is left to `tied`.
    fn entry()(
        (text, created_at, status) in (any::<String>(), time(), prop::sample::select(vec![
            MessageStatus::Complete, MessageStatus::Incomplete, MessageStatus::Interrupted,
            MessageStatus::Cancelled, MessageStatus::Failed,
        ])),
        (requested, model, provider) in (option::of(name()), option::of(name()), option::of(name())),
        assistant in option::of(name()),
        (fallback, simulated, finish_reason) in (any::<bool>(), any::<bool>(), option::of(name())),
        (usage, cost, error) in (usage(), option::of(0.0..1e6_f64), option::of(error())),
        attempts in prop::collection::vec(attempt(), 0..4),
        seams in prop::collection::vec(seam(), 0..3),
        attachments in prop::collection::vec(file(), 0..3),
        suggestions in prop::collection::vec(any::<String>(), 0..4),
        guards in prop::collection::vec(notice(), 0..3),
    ) -> Entry {
        Entry {
            id: "".into(), parent_id: None, role: MessageRole::Assistant, text, status, created_at,
            requested_model: requested.map(ModelId), model_name: model.map(ModelId), assistant,
            provider: provider.map(ProviderId), fallback, finish_reason, usage, cost, attempts, seams,
            attachments, suggestions, guards, simulated, error,
        }
    }
}

fn notice() -> impl Strategy<Value = GuardNotice> {
    let parts = (name(), 0..1_000_u64, option::of(name()));
    parts.prop_map(|(kind, count, file)| GuardNotice {
        guard: Guard::Pii,
        kind,
        count,
        file,
    })
}

/// The message as the one so far behind the others: a question, or the answer to one before it.
fn tied(entry: Entry, place: usize, parent: usize, before: &[Entry]) -> Entry {
    let parent = (place > 0).then(|| &before[parent % place]);
    let id = place.to_string().into();
    let parent_id = parent.map(|parent| parent.id.clone());
    match parent.map(|parent| parent.role) {
        Some(MessageRole::User) => Entry {
            id,
            parent_id,
            attempts: entry
                .attempts
                .into_iter()
                .zip(0..)
                .map(|(attempt, index)| Attempt { index, ..attempt })
                .collect(),
            attachments: vec![],
            ..entry
        },
        Some(MessageRole::Assistant) | None => Entry {
            id,
            parent_id,
            role: MessageRole::User,
            text: format!("{}?", entry.text),
            status: MessageStatus::Complete,
            created_at: entry.created_at,
            attachments: entry.attachments,
            requested_model: None,
            assistant: None,
            model_name: None,
            provider: None,
            fallback: false,
            finish_reason: None,
            usage: None,
            cost: None,
            attempts: vec![],
            seams: vec![],
            suggestions: vec![],
            guards: vec![],
            simulated: false,
            error: None,
        },
    }
}

prop_compose! {
    fn documents()(
        (title, system_prompt) in ("[a-zA-Z\u{e9}]{1,40}", option::of("[a-z]{1,40}")),
        source in prop::sample::select(vec![TitleSource::Plain, TitleSource::Model, TitleSource::Person]),
        (created_at, updated_at) in (time(), time()),
        entries in prop::collection::vec((entry(), any::<usize>()), 1..8),
    ) -> Document {
        let mut messages = Vec::new();
        for (place, (entry, parent)) in entries.into_iter().enumerate() {
            let entry = tied(entry, place, parent, &messages);
            messages.push(entry);
        }
        Document {
            format: FORMAT.to_owned(),
            version: VERSION,
            conversation: Head { title, title_source: source, system_prompt, created_at, updated_at },
            messages,
        }
    }
}

/// The document with places for ids.
fn numbered(mut document: Document) -> Document {
    let places: HashMap<_, _> = document
        .messages
        .iter()
        .enumerate()
        .map(|(place, entry)| (entry.id.clone(), MessageId(place.to_string())))
        .collect();
    for entry in &mut document.messages {
        entry.id = places[&entry.id].clone();
        entry.parent_id = entry.parent_id.as_ref().map(|id| places[id].clone());
    }
    document
}

#[test]
fn what_is_imported_is_exported_as_it_was_but_for_its_ids() {
    let runtime = Runtime::new().unwrap();
    let folder = TempDir::new().unwrap();
    let store = runtime.block_on(evenkeel_store::Store::open(
        "sqlite://evenkeel.db",
        folder.path(),
    ));
    let store = store.unwrap();
    proptest!(ProptestConfig::with_cases(64), |(document in documents())| {
        let body = serde_json::to_vec(&document).unwrap();
        let import = read(&body).and_then(check::check);
        prop_assert!(import.is_ok(), "{:?}", import.err());
        let again = runtime.block_on(async {
            let conversation = store.import("me", &import.unwrap()).await.unwrap();
            let id = &conversation.id;
            let transcript = store.transcript("me", id).await.unwrap().unwrap();
            assert!(transcript.messages.iter().all(|message| message.run_id.is_none()));
            assert_eq!(store.transcript("stranger", id).await.unwrap(), None);
            assert!(store.conversation_files("stranger", id).await.unwrap().is_empty());
            let files = store.conversation_files("me", id).await.unwrap();
            Document::of(transcript, files)
        });
        prop_assert_eq!(numbered(again), document);
    });
}
