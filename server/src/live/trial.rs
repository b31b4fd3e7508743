//! "Test now": one small real request to one model, through the adapter that turns use.
//!
//! It asks no circuit, since it is often made to find out whether one can be closed, and takes no probe from a turn that
//! waits for one. An answer is what a probe's answer is: it closes the circuits that stood in the way, except those that
//! an administrator holds. A failure changes nothing: it is in the log and the figures, but looking must neither open a
//! circuit nor prolong its rest. What a fault of the debug pane has touched proves nothing about the real provider.

use std::sync::Arc;

use evenkeel_engine::{Answer, BudgetSettings, Chunk, Delivery, Progress, RetryBudget, Turn};
use evenkeel_protocol::{AttemptState, TestPlan, TestResult, Usage};
use evenkeel_providers::{Caller, Prompt, Speaker};
use evenkeel_store::CallAttempts;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use uuid::Uuid;

use super::audit::{Action, audit};
use crate::attempt_log::Noted;
use crate::catalog::{self, Catalog, ModelEntry};
use crate::config::Scope;
use crate::principal::Principal;
use crate::recorder::{Recorder, Whose};
use crate::shared::Shared;

/// What is asked.
const WORDS: &str = "Reply with the word OK.";

/// The answer's tokens: a word; and room for thoughts, where there are some.
const TOKENS: u32 = 16;
const TOKENS_WITH_THOUGHTS: u32 = 1_024;

/// More of an answer is not shown.
const SHOWN: usize = 200;

fn prompt(model: &ModelEntry) -> (Prompt, u32) {
    let tokens = if model.reasoning {
        TOKENS_WITH_THOUGHTS
    } else {
        TOKENS
    };
    let prompt = Prompt::conversation([(Speaker::User, WORDS)]);
    (prompt.at_most(tokens), tokens)
}

/// What a test of this model would send, and cost at most.
pub fn plan(model: &ModelEntry) -> TestPlan {
    let (prompt, tokens) = prompt(model);
    let usage = Usage {
        input_tokens: prompt.estimated_tokens(),
        output_tokens: tokens.into(),
    };
    TestPlan {
        prompt: WORDS.to_owned(),
        usage,
        cost: model.price(usage.input_tokens, usage.output_tokens),
    }
}

/// Tests a model; none where there is no such model.
pub async fn test(shared: &Arc<Shared>, by: &Principal, id: &str) -> Option<TestResult> {
    let catalog = shared.catalog();
    let model = catalog.model(id)?;
    let result = ask(shared, by, &catalog, model).await?;
    let attempt = &result.attempt;
    let answered = attempt.state == AttemptState::Answered;
    if answered
        && !attempt.simulated
        && let Some(provider) = catalog.source(model.provider.as_str())
    {
        provider.real_circuits().answered(&model.id);
    }
    let said = if answered {
        format!("answered in {} ms", attempt.duration_ms.unwrap_or_default())
    } else {
        let reason = attempt.reason.map_or("no answer", |reason| reason.as_str());
        format!("failed: {reason}")
    };
    let scope = Scope::Model(id.to_owned()).to_string();
    audit(shared, by, Action::Test, scope, "test", None, Some(&said)).await;
    Some(result)
}

/// Asks a model of this catalog, which need not be the one in force.
pub(super) async fn ask(
    shared: &Arc<Shared>,
    by: &Principal,
    catalog: &Catalog,
    model: &ModelEntry,
) -> Option<TestResult> {
    let (prompt, _) = prompt(model);
    let prompt = Arc::new(prompt);
    // Beside the turns: it meets the faults that are armed, and uses none of them up.
    let caller = Caller::aside(by.id.clone());
    let whose = Whose {
        principal: by.id.clone(),
        request_id: Uuid::now_v7().to_string().into(),
        assistant: None,
    };
    let request_id = whose.request_id.clone();
    let noted = Arc::new(Noted::default());
    let noting = noted.clone();
    let recorder = Recorder::new(shared.clone(), whose, move |attempt| noting.note(attempt));
    let chain = catalog.trial(model, &prompt, &caller)?;
    let turn = Turn::new(
        chain,
        catalog::facts(&prompt),
        Delivery::Replaceable,
        Arc::new(recorder),
        shared.scrubber.clone(),
        // It is never asked again, and no turn owes its retry to it.
        Arc::new(RetryBudget::new(BudgetSettings::default())),
        SmallRng::from_os_rng(),
    );
    let text = match turn.answer().await {
        Ok(answer) => read(answer).await,
        // The attempt says why.
        Err(_) => String::new(),
    };
    let attempts = noted.take();
    let attempt = attempts.last().cloned()?;
    shared.attempts.keep(CallAttempts {
        principal: by.id.clone(),
        request_id,
        assistant: None,
        attempts,
    });
    Some(TestResult { attempt, text })
}

/// The answer's beginning.
async fn read(mut answer: Answer) -> String {
    let mut text = String::new();
    while let Some(progress) = answer.next().await {
        match progress {
            Progress::Chunk(Chunk::Content(more)) => {
                let room = SHOWN.saturating_sub(text.chars().count());
                text.extend(more.chars().take(room));
            }
            Progress::Chunk(
                Chunk::Reasoning(_)
                | Chunk::Signature(_)
                | Chunk::ToolCall(_)
                | Chunk::Usage(_)
                | Chunk::Finish(_)
                | Chunk::End,
            )
            | Progress::Seam(_)
            | Progress::Finished(_)
            | Progress::Broken(_) => {}
        }
    }
    text
}
