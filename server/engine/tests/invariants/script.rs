//! What the scripted models do: every kind of answer and of failure, with secrets in what they say.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use evenkeel_engine::*;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::time::{Sleep, sleep};

use crate::dice::Dice;
use crate::ledger::{Guard, Ledger};
use crate::world::World;

/// One step of a scripted stream.
pub enum Step {
    Wait(Duration),
    Give(Chunk),
    Fail(Observed),
    /// Says nothing more, ever.
    Hang,
}

/// What one call does.
pub enum Call {
    /// No headers: waits, then fails.
    Refuse(Duration, Observed),
    /// Never any headers.
    Silence,
    /// Headers after this time, then these steps.
    Stream(Duration, Vec<Step>),
}

/// How a model is for a while.
#[derive(Clone, Copy)]
pub enum Weather {
    Fair,
    /// Half of its calls fail, each in its own way.
    Flaky,
    /// All of its calls fail in this one way.
    Down(usize),
    /// It answers, late.
    Slow,
}

/// What the user asks for.
pub struct Question {
    /// The words of the answer that most models agree on.
    pub words: Vec<&'static str>,
    pub tools: bool,
}

const WORDS: &[&str] = &[
    "even", "keel", "über", "sea", "日本", "wind", "a", "mast", "\"q\"", "sail.",
];

impl Question {
    pub fn new(dice: &mut Dice) -> Self {
        let words = (0..dice.number(1, 7)).map(|_| *dice.pick(WORDS)).collect();
        Self {
            words,
            tools: dice.one_in(15),
        }
    }

    /// The answer in one model's manner: mostly the same words, with white space of its own.
    fn answer(&self, dice: &mut Dice) -> String {
        let mut text = String::new();
        let differs = dice.percent(25).then(|| dice.place(self.words.len()));
        for (place, word) in self.words.iter().enumerate() {
            if place > 0 {
                text.push_str(if dice.percent(90) { " " } else { "\n " });
            }
            text.push_str(if differs == Some(place) { "else" } else { word });
        }
        if dice.one_in(10) {
            text.push('\n');
        }
        text
    }

    /// The rest of an answer that began like this, or something else altogether.
    fn rest(&self, partial: &str, dice: &mut Dice) -> String {
        let whole = self.answer(dice);
        let mut rest = whole.as_str();
        for shown in partial.chars().filter(|c| !c.is_whitespace()) {
            match rest.trim_start().strip_prefix(shown) {
                Some(more) => rest = more,
                None => return " and so on".to_owned(),
            }
        }
        rest.to_owned()
    }
}

/// Ways to fail, by number, so that a model that is down fails in one way only.
pub const TROUBLES: usize = 24;

pub fn trouble(number: usize, world: &World, question: &Question, dice: &mut Dice) -> Call {
    let after = dice.skewed(Duration::from_secs(8));
    let refuse = |observed| Call::Refuse(after, observed);
    let said = |dice: &mut Dice| world.saying(dice);
    match number {
        0 => refuse(status(404, said(dice), None)),
        1 => refuse(status(401, said(dice), None)),
        2 => refuse(status(402, said(dice), None)),
        3 => refuse(status(403, said(dice), None)),
        4 => refuse(status(429, said(dice), None)),
        5 | 6 => {
            let rest = dice.skewed(Duration::from_secs(90));
            refuse(status(429, said(dice), Some(rest)))
        }
        7 => refuse(status(500, said(dice), None)),
        8 => {
            let rest = dice.skewed(Duration::from_secs(40));
            refuse(status(503, said(dice), Some(rest)))
        }
        9 => {
            let any = *dice.pick(&[400, 405, 408, 409, 413, 418, 422, 451, 502, 504, 529, 599]);
            refuse(status(any, said(dice), None))
        }
        10 => refuse(Observed::Status {
            status: 429,
            code: Some("insufficient_quota".to_owned()),
            message: said(dice),
            retry_after: None,
        }),
        11 => refuse(Observed::Status {
            status: 400,
            code: Some("context_length_exceeded".to_owned()),
            message: said(dice),
            retry_after: None,
        }),
        12 => refuse(Observed::Filtered(said(dice))),
        13 => refuse(Observed::ConnectionFailed(said(dice))),
        14 => refuse(Observed::ConnectionReset(said(dice))),
        15 => refuse(Observed::ConnectTimeout(Duration::from_secs(5))),
        16 => refuse(Observed::Other(said(dice))),
        17 => Call::Silence,
        18 => Call::Stream(
            after,
            vec![Step::Give(Chunk::Usage(usage(dice))), Step::Hang],
        ),
        19 => {
            let end = *dice.pick(&[0, 1, 2, 3]);
            let mut steps = vec![];
            match end {
                0 => steps.push(Step::Give(Chunk::Finish(FinishReason::Stop))),
                1 => steps.push(Step::Give(Chunk::End)),
                2 => steps.push(Step::Give(Chunk::Finish(FinishReason::ContentFilter))),
                _ => steps.push(Step::Fail(Observed::Empty)),
            }
            Call::Stream(after, steps)
        }
        // Answers that break off, in every way there is.
        20.. => {
            let mut steps = pieces(&question.answer(dice), question, dice);
            let keep = dice.place(steps.len() + 1);
            steps.truncate(keep);
            match dice.place(8) {
                0 => {}
                1 => steps.push(Step::Fail(Observed::Malformed(said(dice)))),
                2 => steps.push(Step::Fail(Observed::Other(said(dice)))),
                3 => steps.push(Step::Hang),
                4 => {
                    let rest = dice.one_in(2).then(|| dice.skewed(Duration::from_secs(60)));
                    let any = *dice.pick(&[429, 500, 529, 401, 402, 404]);
                    steps.push(Step::Fail(status(any, said(dice), rest)));
                }
                5 => steps.push(Step::Give(Chunk::Finish(FinishReason::ContentFilter))),
                6 => {
                    // Goes on for as long as anybody listens.
                    let (pause, pieces) = (dice.millis(1_000, 9_000), dice.number(20, 80));
                    let at_once = dice.one_in(3);
                    for _ in 0..pieces {
                        steps.push(Step::Give(Chunk::Content("again ".to_owned())));
                        if !at_once {
                            steps.push(Step::Wait(pause));
                        }
                    }
                }
                _ => steps.push(Step::Fail(Observed::Cut(said(dice)))),
            }
            Call::Stream(dice.skewed(Duration::from_secs(3)), steps)
        }
    }
}

fn status(status: u16, message: String, retry_after: Option<Duration>) -> Observed {
    Observed::Status {
        status,
        code: None,
        message,
        retry_after,
    }
}

fn usage(dice: &mut Dice) -> Usage {
    Usage {
        input_tokens: dice.number(0, 9),
        output_tokens: dice.number(0, 9),
        ..Usage::default()
    }
}

/// A whole answer, or the rest of one, that ends well.
pub fn answer(ask: &Ask, question: &Question, slow: bool, dice: &mut Dice) -> Call {
    let text = match ask {
        Ask::Whole => question.answer(dice),
        Ask::Continue(partial) => question.rest(partial, dice),
    };
    let mut steps = pieces(&text, question, dice);
    let finish = if question.tools {
        FinishReason::ToolCalls
    } else if dice.one_in(10) {
        FinishReason::Length
    } else {
        FinishReason::Stop
    };
    let finish = Step::Give(Chunk::Finish(finish));
    match dice.place(8) {
        0 => steps.push(Step::Give(Chunk::End)),
        1 => steps.push(finish),
        2 => steps.extend([finish, Step::Hang]),
        3 => steps.extend([finish, Step::Fail(Observed::Cut("reset".to_owned()))]),
        4 => steps.extend([
            finish,
            Step::Wait(dice.millis(1, 1_500)),
            Step::Give(Chunk::Usage(usage(dice))),
            Step::Give(Chunk::End),
        ]),
        _ => steps.extend([finish, Step::Give(Chunk::End)]),
    }
    let longest = if slow { 20 } else { 2 };
    Call::Stream(dice.skewed(Duration::from_secs(longest)), steps)
}

/// Reasoning, text and tool calls, cut into pieces anywhere.
fn pieces(text: &str, question: &Question, dice: &mut Dice) -> Vec<Step> {
    let mut steps = vec![];
    if dice.one_in(8) {
        for _ in 0..dice.number(1, 2) {
            steps.push(Step::Give(Chunk::Reasoning("hm".to_owned())));
            if dice.one_in(2) {
                steps.push(Step::Wait(dice.skewed(Duration::from_secs(12))));
            }
        }
        steps.push(Step::Give(Chunk::Signature("proof".to_owned())));
    }
    if dice.one_in(4) {
        steps.push(Step::Give(Chunk::Usage(usage(dice))));
    }
    let mut rest = text;
    while !rest.is_empty() {
        let length = dice.place(12) + 1;
        let cut = rest
            .char_indices()
            .nth(length)
            .map_or(rest.len(), |(at, _)| at);
        let (piece, more) = rest.split_at(cut);
        steps.push(Step::Give(Chunk::Content(piece.to_owned())));
        rest = more;
        if dice.one_in(3) {
            steps.push(Step::Wait(dice.skewed(Duration::from_secs(6))));
        }
    }
    if question.tools && dice.percent(80) {
        if dice.one_in(3) {
            // A call without any text.
            steps.clear();
        }
        for part in 0..dice.number(1, 3) {
            steps.push(Step::Give(Chunk::ToolCall(ToolCallDelta {
                arguments: format!("{{{part}}}"),
                ..ToolCallDelta::default()
            })));
        }
    }
    steps
}

/// One model as one turn asks it.
pub struct Model {
    pub world: Arc<World>,
    pub ledger: Arc<Ledger>,
    pub place: usize,
    /// Whose fault may strike, and how often.
    pub fault: Option<(Overlay, u32)>,
}

impl Upstream for Model {
    fn open(&self, ask: Ask) -> BoxFuture<'static, Result<Opened, UpstreamError>> {
        let (call, simulated) =
            self.world
                .script(self.place, &ask, &self.ledger, self.fault.as_ref());
        let guard = self.ledger.opened(self.place, ask);
        async move {
            match call {
                Call::Refuse(after, observed) => {
                    if !after.is_zero() {
                        sleep(after).await;
                    }
                    guard.failed(&observed);
                    Err(UpstreamError {
                        observed,
                        simulated,
                    })
                }
                Call::Silence => {
                    std::future::pending::<()>().await;
                    drop(guard);
                    Err(UpstreamError {
                        observed: Observed::Empty,
                        simulated,
                    })
                }
                Call::Stream(after, steps) => {
                    if !after.is_zero() {
                        sleep(after).await;
                    }
                    let chunks = Script {
                        steps: steps.into_iter(),
                        waiting: None,
                        guard,
                        simulated: simulated.clone(),
                    };
                    Ok(Opened {
                        simulated,
                        chunks: chunks.boxed(),
                    })
                }
            }
        }
        .boxed()
    }
}

/// A scripted stream. It tells the ledger what it has given.
struct Script {
    steps: std::vec::IntoIter<Step>,
    waiting: Option<Pin<Box<Sleep>>>,
    guard: Guard,
    simulated: Option<Overlay>,
}

impl Stream for Script {
    type Item = Result<Chunk, UpstreamError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                if waiting.poll_unpin(context).is_pending() {
                    return Poll::Pending;
                }
                self.waiting = None;
            }
            match self.steps.next() {
                Some(Step::Wait(time)) => self.waiting = Some(Box::pin(sleep(time))),
                Some(Step::Give(chunk)) => {
                    self.guard.gave(&chunk);
                    return Poll::Ready(Some(Ok(chunk)));
                }
                Some(Step::Fail(observed)) => {
                    self.guard.failed(&observed);
                    let simulated = self.simulated.clone();
                    return Poll::Ready(Some(Err(UpstreamError {
                        observed,
                        simulated,
                    })));
                }
                Some(Step::Hang) => {
                    self.steps = vec![Step::Hang].into_iter();
                    return Poll::Pending;
                }
                None => return Poll::Ready(None),
            }
        }
    }
}
