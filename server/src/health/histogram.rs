//! How long things took, in bins that grow with the time: small enough to be kept for every model and minute, and two of
//! them can be added up.
//!
//! Below 64 ms every millisecond has a bin of its own. Above, each doubling of the time is split into 32 bins, so that the
//! middle of a bin is off by at most 1/64 of the time, which is 1.6 %. What takes longer than 70 minutes counts as that.

/// A bin's number, and how many times fell into it.
pub type Bin = (u16, u64);

/// Counts of times. Only the bins that hold something are kept, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(Vec<Bin>);

/// Every millisecond below this has its own bin.
const EXACT: u64 = 64;

/// Bins of a doubling, as a power of two.
const SPLIT: u32 = 5;

/// The longest time, in milliseconds: 70 minutes.
const LONGEST: u64 = (1 << 22) - 1;

impl Histogram {
    /// One with these bins, which must be in order and not empty; none where they are not.
    pub fn of(bins: Vec<Bin>) -> Option<Self> {
        let rising = bins.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let known = bins
            .last()
            .is_none_or(|(number, _)| *number <= bin(LONGEST));
        let filled = bins.iter().all(|(_, count)| *count > 0);
        (rising && known && filled).then_some(Self(bins))
    }

    /// The bins that hold something, in order.
    pub fn bins(&self) -> &[Bin] {
        &self.0
    }

    /// Takes note of one time.
    pub fn record(&mut self, milliseconds: u64) {
        self.change(bin(milliseconds), |count| *count += 1);
    }

    /// Adds what another one holds.
    pub fn add(&mut self, other: &Self) {
        for (number, more) in &other.0 {
            self.change(*number, |count| *count += more);
        }
    }

    /// Takes away what another one holds, which was added before.
    pub fn subtract(&mut self, other: &Self) {
        for (number, less) in &other.0 {
            self.change(*number, |count| *count = count.saturating_sub(*less));
        }
        self.0.retain(|(_, count)| *count > 0);
    }

    /// How many times it holds.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// The time that so many of a hundred stayed under or met, within 1.6 %; none where it holds nothing.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.count() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.0.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        found.map(|(number, _)| middle(*number))
    }

    fn change(&mut self, number: u16, change: impl FnOnce(&mut u64)) {
        match self.0.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(place) => change(&mut self.0[place].1),
            Err(place) => {
                let mut count = 0;
                change(&mut count);
                self.0.insert(place, (number, count));
            }
        }
    }
}

/// The bin that a time falls into.
fn bin(milliseconds: u64) -> u16 {
    let time = milliseconds.min(LONGEST);
    if time < EXACT {
        return time as u16;
    }
    let doublings = time.ilog2() - EXACT.ilog2();
    let within = (time >> (doublings + 1)) - (1 << SPLIT);
    (EXACT + (u64::from(doublings) << SPLIT) + within) as u16
}

/// The middle of a bin.
fn middle(number: u16) -> u64 {
    let number = u64::from(number);
    if number < EXACT {
        return number;
    }
    let (doublings, within) = ((number - EXACT) >> SPLIT, (number - EXACT) % (1 << SPLIT));
    let width = 2_u64 << doublings;
    ((1 << SPLIT) + within) * width + width / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_bin_follows_the_one_before() {
        let numbers = (0..=LONGEST).step_by(7).map(bin).collect::<Vec<_>>();
        assert!(numbers.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((bin(63), bin(64), bin(u64::MAX)), (63, 64, bin(LONGEST)));
        assert_eq!(bin(LONGEST), 575);
        for number in 0..=bin(LONGEST) {
            assert_eq!(bin(middle(number)), number);
        }
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Histogram::default().percentile(50), None);
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_a_sixty_fourth(
            mut times in prop::collection::vec(0..LONGEST, 1..200),
            percent in 1_u64..=100,
        ) {
            let mut histogram = Histogram::default();
            times.iter().for_each(|time| histogram.record(*time));
            times.sort_unstable();
            let rank = (times.len() as u64 * percent).div_ceil(100).max(1);
            let exact = times[rank as usize - 1];
            let found = histogram.percentile(percent).unwrap();
            prop_assert!(found.abs_diff(exact) * 64 <= exact, "{found} for {exact}");
        }

        #[test]
        fn what_was_added_can_be_taken_away(
            one in prop::collection::vec(0_u64..100_000, 0..50),
            two in prop::collection::vec(0_u64..100_000, 0..50),
        ) {
            let of = |times: &[u64]| {
                let mut histogram = Histogram::default();
                times.iter().for_each(|time| histogram.record(*time));
                histogram
            };
            let (first, second) = (of(&one), of(&two));
            let mut both = first.clone();
            both.add(&second);
            prop_assert_eq!(&both, &of(&[one, two].concat()));
            both.subtract(&second);
            prop_assert_eq!(&both, &first);
            prop_assert_eq!(Histogram::of(both.bins().to_vec()), Some(both));
        }
    }
}
