//! One user's turn: a random chain, prompt and patience; and what the user was given.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_engine::*;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::checks;
use crate::ledger::{Ledger, LegFacts, Watcher, number};
use crate::script::{Model, Question};
use crate::world::{World, overlay};

/// How the turn ended for the user.
#[derive(Debug)]
pub enum End {
    Finished,
    /// Before the first content.
    None(NoAnswer),
    /// After it.
    Broken(NoAnswer),
    /// The user left.
    Dropped,
}

/// A part of the answer that one model gave.
#[derive(Debug)]
pub struct Segment {
    pub model: usize,
    pub mode: Option<SeamMode>,
    /// What was shown when it began.
    pub base: String,
    pub text: String,
}

/// What the user was given.
#[derive(Debug)]
pub struct Told {
    pub committed: Option<Instant>,
    /// When the last piece was asked for.
    pub asked: Instant,
    pub segments: Vec<Segment>,
    /// What is shown now.
    pub text: String,
    pub tools: String,
    pub in_reasoning: bool,
    pub seams: Vec<Seam>,
    pub complaints: Vec<String>,
}

/// How the user reads.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    pub leaves: Option<Duration>,
    pub pause: Option<Duration>,
    /// Gives up asking for the next piece after this time, and asks again.
    pub impatience: Option<Duration>,
}

/// What was asked for.
pub struct Plan {
    pub prompt: PromptFacts,
    pub delivery: Delivery,
    pub reader: Reader,
    pub settings: Arc<Settings>,
    /// What was expected of the turn when it began.
    pub outlook: Option<Outlook>,
}

pub async fn turn(world: Arc<World>, id: u64) {
    let (turn, plan, ledger) = begin(&world, id);
    world.turn_begins();
    let now = Instant::now();
    let mut told = Told {
        committed: None,
        asked: now,
        segments: vec![],
        text: String::new(),
        tools: String::new(),
        in_reasoning: false,
        seams: vec![],
        complaints: vec![],
    };
    let reading = read(&world, turn, &plan, &ledger, &mut told);
    let end = match plan.reader.leaves {
        None => reading.await,
        Some(patience) => timeout_at(now + patience, reading)
            .await
            .unwrap_or(End::Dropped),
    };
    checks::turn(&world, &plan, &ledger, &told, &end);
}

fn begin(world: &Arc<World>, id: u64) -> (Turn, Plan, Arc<Ledger>) {
    let inner = &mut *world.inner();
    let dice = &mut inner.dice;
    let (owner, principal) = (dice.place(2), dice.place(3));
    let length = dice.place(world.models.len()) + 1;
    let mut chain: Vec<usize> = vec![];
    while chain.len() < length {
        let model = dice.place(world.models.len());
        if !chain.contains(&model) {
            chain.push(model);
        }
    }
    let faults = inner.faults.iter();
    let seen: Vec<_> = faults
        .filter(|fault| fault.principal.is_none_or(|whose| whose == principal))
        .cloned()
        .collect();
    let overlays: Vec<_> = seen.iter().map(|fault| overlay(fault.overlay)).collect();
    let mut layered = vec![];
    let mut legs = vec![];
    for model in &chain {
        let provider = world.models[*model].provider;
        let fault = seen.iter().find(|fault| fault.model == *model);
        let group = world.group(owner, provider);
        let aimed = if fault.is_some() { &overlays[..] } else { &[] };
        let circuits = world.circuits.seen_by(&group, &overlays, aimed);
        if fault.is_some() {
            let born = seen.iter().map(|fault| (fault.overlay, owner, provider));
            inner.overlaid.extend(born);
        }
        let known = seen.iter().map(|fault| fault.overlay);
        legs.push(LegFacts {
            model: *model,
            provider,
            owner,
            overlays: known
                .filter(|overlay| inner.overlaid.contains(&(*overlay, owner, provider)))
                .collect(),
            fault_aimed: fault.is_some(),
            max_retry_after: world.models[*model].settings.max_retry_after,
        });
        let fault = fault.map(|fault| (overlay(fault.overlay), fault.percent));
        layered.push((*model, circuits, fault));
    }
    let ledger = Arc::new(Ledger::new(id, Question::new(dice), legs));
    let prompt = PromptFacts {
        tokens: dice.number(0, 3_000),
        needs: Capabilities {
            vision: dice.one_in(6),
            tools: ledger.question.tools,
        },
        json: dice.one_in(8),
    };
    let mut plan = Plan {
        prompt,
        delivery: *dice.pick(&[Delivery::Replaceable, Delivery::Final]),
        reader: Reader {
            leaves: dice.one_in(8).then(|| dice.skewed(Duration::from_secs(40))),
            pause: dice.one_in(10).then(|| dice.skewed(Duration::from_secs(4))),
            impatience: dice.one_in(10).then(|| dice.millis(1, 2_000)),
        },
        settings: world.models[chain[0]].settings.clone(),
        outlook: None,
    };
    let legs = layered.into_iter().map(|(place, circuits, fault)| {
        let (world, ledger) = (world.clone(), ledger.clone());
        let upstream = Model {
            world: world.clone(),
            ledger,
            place,
            fault,
        };
        world.leg(place, circuits, upstream)
    });
    #[expect(
        clippy::expect_used,
        reason = "the test fails where a chain is refused"
    )]
    let chain = Chain::new(legs).expect("not empty, and not longer than max_attempts");
    plan.outlook = chain.clone().outlook(&prompt);
    let watcher = Arc::new(Watcher {
        world: world.clone(),
        ledger: ledger.clone(),
    });
    let turn = Turn::new(
        chain,
        prompt,
        plan.delivery,
        watcher,
        world.scrubber.clone(),
        world.budget.clone(),
        dice.fork(),
    );
    (turn, plan, ledger)
}

async fn read(world: &World, turn: Turn, plan: &Plan, ledger: &Ledger, told: &mut Told) -> End {
    let mut answer = match turn.answer().await {
        Ok(answer) => answer,
        Err(none) => return End::None(none),
    };
    told.committed = Some(Instant::now());
    told.segments.push(Segment {
        model: number(answer.model().as_str()),
        mode: None,
        base: String::new(),
        text: String::new(),
    });
    let end = loop {
        told.asked = Instant::now();
        let next = match plan.reader.impatience {
            None => answer.next().await,
            Some(patience) => match timeout(patience, answer.next()).await {
                Ok(next) => next,
                Err(_) => {
                    world.count("next was interrupted");
                    continue;
                }
            },
        };
        match next {
            None => {
                told.complaints
                    .push("nothing more, and no end before it".to_owned());
                return End::Dropped;
            }
            Some(Progress::Chunk(chunk)) => {
                let last = ledger.started + plan.settings.stream_deadline;
                if told.asked > last + checks::TICK {
                    told.complaints
                        .push("a piece after the last moment".to_owned());
                }
                told.chunk(chunk);
            }
            Some(Progress::Seam(seam)) => {
                checks::seam(world, plan, told, &seam);
                told.seam(seam, &answer);
            }
            Some(Progress::Finished(_)) => break End::Finished,
            Some(Progress::Broken(none)) => break End::Broken(none),
        }
        if let Some(pause) = plan.reader.pause {
            sleep(pause).await;
        }
    };
    if ledger.book().running > 0 {
        told.complaints
            .push("a call is still running at the end".to_owned());
    }
    for _ in 0..2 {
        if let Some(more) = answer.next().await {
            told.complaints.push(format!("after the end: {more:?}"));
        }
    }
    end
}

impl Told {
    fn chunk(&mut self, chunk: Chunk) {
        match chunk {
            Chunk::Content(text) => {
                if text.is_empty() {
                    self.complaints.push("an empty piece of text".to_owned());
                }
                self.in_reasoning = false;
                self.text.push_str(&text);
                if let Some(segment) = self.segments.last_mut() {
                    segment.text.push_str(&text);
                }
            }
            Chunk::ToolCall(part) => {
                self.in_reasoning = false;
                self.tools.push_str(&part.arguments);
            }
            Chunk::Reasoning(_) => self.in_reasoning = true,
            Chunk::Signature(_) => {}
            other @ (Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End) => {
                self.complaints.push(format!("not for the user: {other:?}"));
            }
        }
    }

    fn seam(&mut self, seam: Seam, answer: &Answer) {
        if answer.model() != &seam.to {
            self.complaints
                .push(format!("{} answers, and {seam:?}", answer.model()));
        }
        if seam.mode == SeamMode::Restarted {
            self.text.clear();
            self.tools.clear();
        }
        self.in_reasoning = false;
        self.segments.push(Segment {
            model: number(seam.to.as_str()),
            mode: Some(seam.mode),
            base: self.text.clone(),
            text: String::new(),
        });
        self.seams.push(seam);
    }
}
