//! The shapes of the charts, as paths of SVG: one path for each colour, however many slots there are.

use std::fmt::Write;

use super::Slot;

/// How high every chart is, in its own units; each slot is one unit wide.
const HEIGHT: f64 = 100.0;

/// Attempts, one above the other: those that answered at the bottom, then those that failed, then the simulated ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bars {
    /// Answered.
    pub answered: String,
    /// Failed.
    pub failed: String,
    /// Simulated.
    pub simulated: String,
    /// What the whole height stands for.
    pub top: u64,
}

/// The bars of these slots.
pub fn bars(slots: &[Slot]) -> Bars {
    let most = slots.iter().map(|slot| slot.real() + slot.simulated).max();
    let top = round_up(most.unwrap_or(0).max(4));
    let mut bars = Bars {
        top,
        ..Bars::default()
    };
    for (x, slot) in slots.iter().enumerate() {
        let mut below = 0;
        let parts = [
            (&mut bars.answered, slot.answered),
            (&mut bars.failed, slot.failed),
            (&mut bars.simulated, slot.simulated),
        ];
        for (path, count) in parts {
            if count > 0 {
                let (from, to) = (height(below, top), height(below + count, top));
                // Writing to a text does not fail.
                let _ = write!(path, "M{x} {from}V{to}h1V{from}z");
            }
            below += count;
        }
    }
    bars
}

/// Times: two lines, broken where nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Curves {
    /// To the first token.
    pub first_token: String,
    /// To the end.
    pub total: String,
    /// The milliseconds that the whole height stands for.
    pub top_ms: u64,
}

/// The curves of these slots.
pub fn curves(slots: &[Slot]) -> Curves {
    let times = slots
        .iter()
        .flat_map(|slot| [slot.first_token_ms, slot.total_ms]);
    let top_ms = round_up(times.flatten().max().unwrap_or(0).max(100));
    Curves {
        first_token: curve(slots, top_ms, |slot| slot.first_token_ms),
        total: curve(slots, top_ms, |slot| slot.total_ms),
        top_ms,
    }
}

fn curve(slots: &[Slot], top: u64, of: impl Fn(&Slot) -> Option<u64>) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for (x, slot) in slots.iter().enumerate() {
        let Some(ms) = of(slot) else {
            drawing = false;
            continue;
        };
        let y = height(ms, top);
        // A point alone is a line without a length, whose round ends are seen.
        let _ = if drawing {
            write!(path, "L{x}.5 {y}")
        } else {
            write!(path, "M{x}.5 {y}h0")
        };
        drawing = true;
    }
    path
}

/// How well the attempts went: slots of the same kind beside one another are one rectangle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strip {
    /// All answered.
    pub good: String,
    /// Some failed.
    pub mixed: String,
    /// More failed than answered.
    pub bad: String,
    /// Only simulated attempts.
    pub simulated: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Went {
    Nothing,
    Good,
    Mixed,
    Bad,
    Simulated,
}

impl Went {
    fn of(slot: &Slot) -> Self {
        match (slot.answered, slot.failed) {
            (0, 0) if slot.simulated > 0 => Self::Simulated,
            (0, 0) => Self::Nothing,
            (_, 0) => Self::Good,
            (answered, failed) if failed <= answered => Self::Mixed,
            _ => Self::Bad,
        }
    }
}

/// The strip of these slots.
pub fn strip(slots: &[Slot]) -> Strip {
    let mut strip = Strip::default();
    let mut x = 0;
    for same in slots.chunk_by(|one, next| Went::of(one) == Went::of(next)) {
        let wide = same.len();
        let path = match same.first().map_or(Went::Nothing, Went::of) {
            Went::Nothing => None,
            Went::Good => Some(&mut strip.good),
            Went::Mixed => Some(&mut strip.mixed),
            Went::Bad => Some(&mut strip.bad),
            Went::Simulated => Some(&mut strip.simulated),
        };
        if let Some(path) = path {
            let _ = write!(path, "M{x} 0h{wide}v{HEIGHT}H{x}z");
        }
        x += wide;
    }
    strip
}

/// The next of 1, 2, 5, 10, 20, … that is not below.
pub fn round_up(value: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for round in [1, 2, 5] {
            let step = power.saturating_mul(round);
            if step >= value {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A place on the scale from the bottom (100) to the top (0), as few digits as do.
fn height(value: u64, top: u64) -> f64 {
    // Far below 2^53, and a chart is no more precise than its pixels.
    let share = value.min(top) as f64 / top.max(1) as f64;
    ((1.0 - share) * HEIGHT * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(answered: u64, failed: u64, simulated: u64) -> Slot {
        Slot {
            answered,
            failed,
            simulated,
            ..Slot::default()
        }
    }

    #[test]
    fn bars_stand_on_one_another() {
        let bars = bars(&[slot(5, 5, 0), slot(0, 0, 0), slot(0, 0, 2)]);
        assert_eq!(bars.top, 10);
        assert_eq!(bars.answered, "M0 100V50h1V100z");
        assert_eq!(bars.failed, "M0 50V0h1V50z");
        assert_eq!(bars.simulated, "M2 100V80h1V100z");
    }

    #[test]
    fn few_attempts_do_not_fill_the_chart() {
        assert_eq!(bars(&[slot(1, 0, 0)]).top, 5);
        assert_eq!(bars(&[]).top, 5);
    }

    #[test]
    fn a_curve_breaks_where_nothing_was_measured() {
        let timed = |ms| Slot {
            first_token_ms: ms,
            ..Slot::default()
        };
        let curves = curves(&[
            timed(Some(0)),
            timed(Some(500)),
            timed(None),
            timed(Some(1000)),
        ]);
        assert_eq!(curves.top_ms, 1000);
        assert_eq!(curves.first_token, "M0.5 100h0L1.5 50M3.5 0h0");
        assert_eq!(curves.total, "");
    }

    #[test]
    fn the_strip_joins_what_went_alike_and_leaves_gaps() {
        let slots = [
            slot(1, 0, 0),
            slot(2, 0, 0),
            slot(0, 0, 0),
            slot(1, 1, 0),
            slot(1, 2, 5),
            slot(0, 0, 5),
        ];
        let strip = strip(&slots);
        assert_eq!(strip.good, "M0 0h2v100H0z");
        assert_eq!(strip.mixed, "M3 0h1v100H3z");
        assert_eq!(strip.bad, "M4 0h1v100H4z");
        assert_eq!(strip.simulated, "M5 0h1v100H5z");
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (value, top) in [(0, 1), (1, 1), (3, 5), (6, 10), (11, 20), (201, 500)] {
            assert_eq!(round_up(value), top);
        }
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }
}
