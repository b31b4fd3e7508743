//! How a model's attempts went over time: buckets as they come from the server, and the even slots of a chart.

use evenkeel_protocol::Bucket;

/// The slots of 15 minutes.
pub const QUARTER: usize = 180;
/// The length of one of them.
pub const QUARTER_STEP_MS: i64 = 5_000;
/// The slots of 24 hours.
pub const DAY: usize = 1_440;
/// The length of one of them.
pub const DAY_STEP_MS: i64 = 60_000;

/// The buckets of a model, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    buckets: Vec<Bucket>,
}

/// A part of a chart; the same length as every other one of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// When it begins, in milliseconds since 1970.
    pub start: i64,
    /// Real attempts that answered.
    pub answered: u64,
    /// Real attempts that failed.
    pub failed: u64,
    /// Simulated attempts.
    pub simulated: u64,
    /// The median to the first token.
    pub first_token_ms: Option<u64>,
    /// The 95th of 100 to the end.
    pub total_ms: Option<u64>,
}

impl Slot {
    /// Real attempts.
    pub fn real(&self) -> u64 {
        self.answered + self.failed
    }

    fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.failed += other.failed;
        self.simulated += other.simulated;
        self.first_token_ms = self.first_token_ms.max(other.first_token_ms);
        self.total_ms = self.total_ms.max(other.total_ms);
    }

    fn take(&mut self, bucket: &Bucket) {
        self.add(&Self {
            start: self.start,
            answered: bucket.answered.into(),
            failed: bucket.failed.into(),
            simulated: bucket.simulated.into(),
            first_token_ms: bucket.first_token_ms,
            total_ms: bucket.total_ms,
        });
    }
}

impl Track {
    /// A track of these buckets.
    pub fn new(mut buckets: Vec<Bucket>) -> Self {
        buckets.sort_by_key(|bucket| bucket.start);
        Self { buckets }
    }

    /// A bucket that has come or has grown; those that began before `keep_from` are forgotten.
    pub fn add(&mut self, bucket: Bucket, keep_from: i64) {
        let place = self
            .buckets
            .partition_point(|known| known.start < bucket.start);
        match self.buckets.get_mut(place) {
            Some(known) if known.start == bucket.start => *known = bucket,
            Some(_) | None => self.buckets.insert(place, bucket),
        }
        let old = self
            .buckets
            .partition_point(|known| known.start.as_millisecond() < keep_from);
        self.buckets.drain(..old);
    }

    /// When the newest bucket begins.
    pub fn newest(&self) -> Option<i64> {
        self.buckets.last().map(|one| one.start.as_millisecond())
    }

    /// So many slots of this length; the last one is that in which `end` lies.
    pub fn window(&self, end: i64, step: i64, count: usize) -> Vec<Slot> {
        let last = end.div_euclid(step);
        let first = last - i64::try_from(count).unwrap_or(0) + 1;
        let mut slots: Vec<Slot> = (first..=last)
            .map(|place| Slot {
                start: place * step,
                ..Slot::default()
            })
            .collect();
        for bucket in &self.buckets {
            let place = bucket.start.as_millisecond().div_euclid(step) - first;
            let slot = usize::try_from(place).ok().and_then(|at| slots.get_mut(at));
            if let Some(slot) = slot {
                slot.take(bucket);
            }
        }
        slots
    }
}

/// So many slots at a time as one, for a table; of the times the slowest.
pub fn summed(slots: &[Slot], at_a_time: usize) -> Vec<Slot> {
    let chunks = slots.chunks(at_a_time.max(1));
    chunks
        .filter_map(|chunk| {
            let (first, rest) = chunk.split_first()?;
            let mut sum = *first;
            rest.iter().for_each(|slot| sum.add(slot));
            Some(sum)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use evenkeel_protocol::Timestamp;

    use super::*;

    fn bucket(second: i64, answered: u32, failed: u32) -> Bucket {
        Bucket {
            start: Timestamp::from_millisecond(second * 1000).unwrap(),
            answered,
            failed,
            simulated: 0,
            first_token_ms: Some(100),
            total_ms: (answered > 0).then_some(900),
        }
    }

    #[test]
    fn a_bucket_has_its_slot_and_gaps_stay_gaps() {
        let track = Track::new(vec![bucket(110, 2, 0), bucket(100, 1, 1)]);
        let slots = track.window(113_000, QUARTER_STEP_MS, 4);
        let starts: Vec<_> = slots.iter().map(|slot| slot.start).collect();
        assert_eq!(starts, [95_000, 100_000, 105_000, 110_000]);
        let counts: Vec<_> = slots
            .iter()
            .map(|slot| (slot.answered, slot.failed))
            .collect();
        assert_eq!(counts, [(0, 0), (1, 1), (0, 0), (2, 0)]);
        assert_eq!(slots[0].first_token_ms, None);
        assert_eq!(slots[1].first_token_ms, Some(100));
        assert_eq!(track.newest(), Some(110_000));
    }

    #[test]
    fn what_lies_outside_the_window_is_left_out() {
        let track = Track::new(vec![bucket(0, 9, 9), bucket(500, 9, 9)]);
        let slots = track.window(113_000, QUARTER_STEP_MS, 4);
        assert!(slots.iter().all(|slot| slot.real() == 0));
        assert!(track.window(0, QUARTER_STEP_MS, 0).is_empty());
    }

    #[test]
    fn a_bucket_that_grows_takes_its_own_place_and_old_ones_are_forgotten() {
        let mut track = Track::new(vec![bucket(100, 1, 0), bucket(105, 1, 0)]);
        track.add(bucket(105, 3, 0), 0);
        track.add(bucket(115, 4, 0), 0);
        track.add(bucket(110, 2, 0), 105_000);
        let answered: Vec<_> = track
            .window(115_000, QUARTER_STEP_MS, 4)
            .iter()
            .map(|slot| slot.answered)
            .collect();
        assert_eq!(answered, [0, 3, 2, 4]);
    }

    #[test]
    fn fine_buckets_add_up_in_coarse_slots() {
        let track = Track::new(vec![bucket(60, 1, 0), bucket(65, 2, 1), bucket(120, 4, 0)]);
        let slots = track.window(120_000, DAY_STEP_MS, 2);
        assert_eq!((slots[0].answered, slots[0].failed), (3, 1));
        let all = summed(&slots, 2);
        assert_eq!((all.len(), all[0].answered, all[0].start), (1, 7, 60_000));
        assert_eq!(all[0].total_ms, Some(900));
        assert!(summed(&[], 0).is_empty());
    }
}
