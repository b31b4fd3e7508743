//! What must hold of every turn, whatever its models did.

use std::time::Duration;

use evenkeel_engine::*;
use tokio::time::Instant;

use crate::ledger::{Attempt, Book, Ledger, Seen, number};
use crate::turns::{End, Plan, Told};
use crate::world::World;

use AttemptKind as K;
use AttemptState as S;

/// The timer's grain: everything that is waited for may come this much later.
pub const TICK: Duration = Duration::from_millis(1);

/// A Retry-After is believed up to this long.
const LONGEST_REST: Duration = Duration::from_secs(3_600);

/// Checks a turn that has just ended.
pub fn turn(world: &World, plan: &Plan, ledger: &Ledger, told: &Told, end: &End) {
    let mut book = ledger.book();
    let mut complaints = std::mem::take(&mut book.complaints);
    complaints.extend(told.complaints.iter().cloned());
    let check = Check {
        world,
        plan,
        ledger,
        told,
        end,
        book: &book,
        now: Instant::now(),
    };
    complaints.extend(check.in_time());
    complaints.extend(check.attempts());
    complaints.extend(check.requests());
    complaints.extend(check.time_line());
    complaints.extend(check.answer());
    complaints.extend(check.account());
    complaints.extend(check.outlook());
    check.cover();
    if book.running > 0 {
        complaints.push(format!("{} calls are still running", book.running));
    }
    if !complaints.is_empty() {
        let attempts = book
            .attempts
            .iter()
            .map(|attempt| format!("\n    {:?} visit {:?}", attempt.record, attempt.visit));
        world.complain(format!(
            "turn {} begun at {:?}: {}\n  {:?} {:?} {:?}\n  {told:?}\n  {end:?}\n  {:?}{}",
            ledger.id,
            ledger.started,
            complaints.join("; "),
            plan.prompt,
            plan.delivery,
            plan.settings,
            book.calls,
            attempts.collect::<String>(),
        ));
    }
}

/// A seam comes only where it may, and in time.
pub fn seam(world: &World, plan: &Plan, told: &mut Told, seam: &Seam) {
    let joined = seam.mode != SeamMode::Restarted;
    if joined && (plan.prompt.json || told.in_reasoning || !told.tools.is_empty()) {
        told.complaints
            .push(format!("{seam:?} where two halves make no whole"));
    }
    if !joined && plan.delivery == Delivery::Final {
        told.complaints
            .push(format!("{seam:?}, and what is out is out"));
    }
    let at = if joined {
        told.text.chars().count() as u64
    } else {
        0
    };
    if seam.at != at {
        told.complaints.push(format!("{seam:?} is not at {at}"));
    }
    if told.segments.last().map(|last| last.model) != Some(number(seam.from.as_str())) {
        told.complaints
            .push(format!("{seam:?} comes from somewhere else"));
    }
    world.count(match seam.mode {
        SeamMode::Continued => "seam: continued",
        SeamMode::Spliced => "seam: spliced",
        SeamMode::Restarted => "seam: restarted",
    });
    if !told.seams.is_empty() {
        world.count("seam: second one of a turn");
    }
}

pub struct Check<'c> {
    pub world: &'c World,
    pub plan: &'c Plan,
    pub ledger: &'c Ledger,
    pub told: &'c Told,
    pub end: &'c End,
    pub book: &'c Book,
    pub now: Instant,
}

impl Check<'_> {
    pub fn sent(&self) -> impl DoubleEndedIterator<Item = &Attempt> {
        self.book.attempts.iter().filter(|attempt| attempt.sent())
    }

    fn of(&self, model: usize) -> impl Iterator<Item = (&Attempt, &Seen)> {
        let sent = self.sent().filter(move |attempt| attempt.model == model);
        sent.zip(
            self.book
                .calls
                .iter()
                .filter(move |seen| seen.model == model),
        )
    }

    /// Invariant 1: One end, in time.
    fn in_time(&self) -> Vec<String> {
        let mut complaints = vec![];
        let started = self.ledger.started;
        let deadline = started + self.plan.settings.deadline + TICK;
        let mut last = started + self.plan.settings.stream_deadline + TICK;
        if self
            .told
            .committed
            .is_some_and(|committed| committed > deadline)
        {
            complaints.push("committed after the deadline".to_owned());
        }
        if self.plan.reader.pause.is_some() {
            // Nobody can be told the end before asking for it.
            last = last.max(self.told.asked);
        } else if self.book.calls.iter().any(|seen| seen.opened > deadline) {
            complaints.push("a request was sent after the deadline".to_owned());
        }
        if matches!(self.end, End::None(_)) {
            last = deadline;
        }
        let left_amid_a_pause =
            matches!(self.end, End::Dropped) && self.plan.reader.pause.is_some();
        if self.now > last && !left_amid_a_pause {
            complaints.push(format!("ended {:?} too late", self.now - last));
        }
        complaints
    }

    /// Invariant 2: No more attempts than allowed, no leg visited twice, and no Retry-After undercut.
    fn attempts(&self) -> Vec<String> {
        let mut complaints = vec![];
        if self.sent().count() > self.plan.settings.max_attempts as usize {
            complaints.push("more attempts than allowed".to_owned());
        }
        for leg in &self.ledger.legs {
            let own: Vec<_> = self.of(leg.model).collect();
            if own
                .first()
                .is_some_and(|(attempt, _)| attempt.record.kind == K::Retry)
            {
                complaints.push(format!(
                    "leg m{} was asked again before it was asked",
                    leg.model
                ));
            }
            for pair in own.windows(2) {
                let [(before, seen), (after, _)] = pair else {
                    continue;
                };
                if after.record.kind != K::Retry {
                    // Only a leg that another was faster than may be needed later.
                    if before.record.state != S::Cancelled {
                        complaints.push(format!("leg m{} was visited twice", leg.model));
                    }
                    self.world.count("a loser of a race asked later");
                    continue;
                }
                let retries = own.iter().filter(|(it, _)| it.record.kind == K::Retry);
                let before_it = retries.filter(|(it, _)| it.record.index <= after.record.index);
                let limit = before.record.retry_limit.unwrap_or_default() as usize;
                if before_it.count() > limit {
                    complaints.push("a retry beyond the number that was told".to_owned());
                }
                let end = before.end().unwrap_or(self.now);
                let due = before.record.retry_in.map(|wait| end + wait);
                let late = due.and_then(|due| after.record.started.checked_duration_since(due));
                if late.is_none_or(|late| late > TICK) {
                    complaints.push("a retry came at another time than was told".to_owned());
                }
                let named = matches!(before.record.status_code, Some(408 | 429 | 500..=599));
                if let Some(rest) = seen.retry_after.filter(|_| named) {
                    self.world.count("retry after its Retry-After");
                    if after.record.started < end + rest.min(LONGEST_REST) {
                        complaints.push("a Retry-After was undercut".to_owned());
                    }
                }
            }
        }
        complaints
    }

    /// Invariant 6: Every request has its record, and every record its request; each has ended.
    fn requests(&self) -> Vec<String> {
        let mut complaints = vec![];
        for leg in &self.ledger.legs {
            let records = self.sent().filter(|attempt| attempt.model == leg.model);
            let calls = self
                .book
                .calls
                .iter()
                .filter(|seen| seen.model == leg.model);
            let records: Vec<_> = records.map(|attempt| attempt.record.started).collect();
            let calls: Vec<_> = calls.map(|seen| seen.opened).collect();
            if records != calls {
                complaints.push(format!(
                    "m{} saw {calls:?}, and told is {records:?}",
                    leg.model
                ));
            }
        }
        for attempt in &self.book.attempts {
            let record = &attempt.record;
            if record.duration.is_none() {
                complaints.push(format!("attempt {} has not ended", record.index));
            }
            if record.first_token > record.duration {
                complaints.push(format!("attempt {} spoke after its end", record.index));
            }
            let failed = matches!(record.state, S::Failed | S::Skipped);
            if failed != record.reason.is_some() {
                complaints.push(format!("attempt {} needs a reason or none", record.index));
            }
        }
        complaints
    }

    /// Invariant 6: The attempts and the waits between them account for the turn's whole time, except where it waits for the probe
    /// of another turn.
    fn time_line(&self) -> Vec<String> {
        let mut complaints = vec![];
        let mut told_until = self.ledger.started;
        let mut gap = |from: Instant, to: Instant, waits_for: Option<usize>| {
            if to <= from + TICK {
                return;
            }
            let waits = self.book.attempts.iter().any(|attempt| {
                attempt.record.reason == Some(Reason::CircuitOpen)
                    && waits_for.is_none_or(|model| attempt.model == model)
            });
            if waits {
                self.world.count("waited for a probe");
            } else {
                complaints.push(format!("nothing is told of {from:?} to {to:?}"));
            }
        };
        for attempt in &self.book.attempts {
            let record = &attempt.record;
            gap(told_until, record.started, Some(attempt.model));
            let end = attempt.end().unwrap_or(self.now);
            told_until = told_until.max(end + record.retry_in.unwrap_or_default());
        }
        gap(told_until, self.now, None);
        if self.sent().any(|attempt| attempt.end() > Some(self.now)) {
            complaints.push("an attempt ends after its turn".to_owned());
        }
        complaints
    }

    /// Invariant 3: What was delivered is what the models gave, and a success is a whole answer.
    fn answer(&self) -> Vec<String> {
        let mut complaints = vec![];
        let finished = matches!(self.end, End::Finished);
        let answered: Vec<_> = self
            .sent()
            .filter(|attempt| attempt.record.state == S::Answered)
            .collect();
        if answered.len() != usize::from(finished) {
            complaints.push(format!("{} answers", answered.len()));
        }
        let count = self.told.segments.len();
        for (place, segment) in self.told.segments.iter().enumerate() {
            let Some((attempt, seen)) = self.of(segment.model).last() else {
                complaints.push("an answer from nowhere".to_owned());
                continue;
            };
            let whole = finished && place + 1 == count;
            if whole && (!seen.finished || attempt.record.state != S::Answered) {
                complaints.push("a truncated answer ended as a success".to_owned());
            }
            let fits = match (segment.mode, &seen.ask) {
                (None | Some(SeamMode::Restarted), Ask::Whole) => {
                    same(&segment.text, &seen.text, whole)
                }
                (Some(SeamMode::Continued), Ask::Continue(partial)) => {
                    **partial == *segment.base.trim_end()
                        && (same(&segment.text, &seen.text, whole)
                            || (segment.base.ends_with(char::is_whitespace)
                                && same(segment.text.trim_start(), seen.text.trim_start(), whole)))
                }
                (Some(SeamMode::Spliced), Ask::Whole) => {
                    let shown = squeeze(&format!("{}{}", segment.base, segment.text));
                    let given = squeeze(&seen.text);
                    same(&shown, &given, whole)
                        && (!whole || seen.text.trim_end().ends_with(segment.text.trim()))
                }
                _ => false,
            };
            if !fits {
                complaints.push(format!("{segment:?} is not what was given: {seen:?}"));
            }
            if whole && self.told.tools != seen.tools {
                complaints.push("the tool calls are not one model's".to_owned());
            }
        }
        complaints
    }

    /// The account of a turn without a whole answer: an entry a leg, with the leg's own last failure.
    fn account(&self) -> Vec<String> {
        let mut complaints = vec![];
        let (End::None(none) | End::Broken(none)) = self.end else {
            return complaints;
        };
        let failures = match none {
            NoAnswer::Exhausted { failures, .. } | NoAnswer::Interrupted { failures } => failures,
            NoAnswer::Filtered(failure) => &vec![failure.clone()],
            NoAnswer::DeadlineExceeded => return complaints,
        };
        for failure in failures {
            self.world
                .listen_for_secrets(failure.detail.as_deref().unwrap_or_default());
            let model = number(failure.model.as_str());
            let mut ends = self.book.attempts.iter().rev().filter(|attempt| {
                attempt.model == model
                    && (attempt.record.state != S::Cancelled || attempt.answering)
            });
            let last = ends
                .next()
                .filter(|attempt| attempt.record.state != S::Cancelled);
            let last = last.map_or((Some(Reason::DeadlineExceeded), None), |attempt| {
                (attempt.record.reason, attempt.record.status_code)
            });
            if last != (Some(failure.reason), failure.status_code) {
                complaints.push(format!("{failure:?}, and its last attempt says {last:?}"));
            }
        }
        if !matches!(none, NoAnswer::Filtered(_)) {
            let mut models: Vec<_> = failures
                .iter()
                .map(|failure| number(failure.model.as_str()))
                .collect();
            let mut legs: Vec<_> = self.ledger.legs.iter().map(|leg| leg.model).collect();
            if models.first() != legs.first() {
                complaints.push("the requested model does not come first".to_owned());
            }
            models.sort_unstable();
            legs.sort_unstable();
            if models != legs {
                complaints.push(format!("entries of {models:?} for the legs {legs:?}"));
            }
            for text in [
                summarise(failures, Some("org")),
                summarise_interruption(failures),
            ] {
                self.world.listen_for_a_mark(&text);
            }
        }
        complaints
    }
}

/// Whether this is what was given: all of it, or its beginning.
fn same(shown: &str, given: &str, whole: bool) -> bool {
    if whole {
        shown == given
    } else {
        given.starts_with(shown)
    }
}

fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
