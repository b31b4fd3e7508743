//! What came of something over time: the last 15 minutes in steps of 5 seconds and as one sum, and a day in minutes.
//!
//! A span ends with the step that is under way. Whatever the order in which things are recorded, a span's sum is that of
//! all that ended in it.

use std::collections::VecDeque;

use super::sum::Sum;

/// Milliseconds of a step.
pub const STEP: u64 = 5_000;

/// Steps of the window: 15 minutes.
pub const STEPS: u64 = 180;

/// Milliseconds of a minute.
pub const MINUTE: u64 = 60_000;

/// Minutes that are kept: a day.
pub const MINUTES: u64 = 24 * 60;

/// See the module. Times are milliseconds since 1970.
#[derive(Clone, Debug)]
pub struct Track<C> {
    /// The steps' sum.
    window: C,
    /// Those in which something happened, oldest first.
    steps: VecDeque<(u64, C)>,
    /// The same by minutes.
    minutes: VecDeque<(u64, Minute<C>)>,
}

/// A minute is packed once it is over.
#[derive(Clone, Debug)]
enum Minute<C> {
    Open(C),
    Packed(Box<[u8]>),
}

impl<C: Default> Default for Track<C> {
    fn default() -> Self {
        Self {
            window: C::default(),
            steps: VecDeque::new(),
            minutes: VecDeque::new(),
        }
    }
}

impl<C: Sum + Clone + Default> Track<C> {
    /// Records something that happened at this time.
    pub fn record(&mut self, at: u64, now: u64, record: impl Fn(&mut C)) {
        self.recount(at, now, 0, record);
    }

    /// The same, where the minutes before `first` are known already.
    pub fn recount(&mut self, at: u64, now: u64, first: u64, record: impl Fn(&mut C)) {
        self.pass(now);
        let (step, minute) = (at / STEP, at / MINUTE);
        if step + STEPS > now / STEP {
            record(&mut self.window);
            record(entry(&mut self.steps, step, C::default));
        }
        if minute >= first && minute + MINUTES > now / MINUTE {
            let minute = entry(&mut self.minutes, minute, || Minute::Open(C::default()));
            minute.change(record);
        }
    }

    /// Adds a minute that was kept.
    pub fn restore(&mut self, minute: u64, now: u64, kept: &C) {
        if minute + MINUTES > now / MINUTE && minute <= now / MINUTE {
            let minute = entry(&mut self.minutes, minute, || Minute::Open(C::default()));
            minute.change(|own| own.add(kept));
        }
    }

    /// Lets go of what is too old.
    pub fn pass(&mut self, now: u64) {
        while let Some((step, cell)) = self.steps.front()
            && step + STEPS <= now / STEP
        {
            self.window.subtract(cell);
            self.steps.pop_front();
        }
        let minute = now / MINUTE;
        while let Some((first, _)) = self.minutes.front()
            && first + MINUTES <= minute
        {
            self.minutes.pop_front();
        }
        // What ended a moment before the minute did may still come.
        let over = self
            .minutes
            .iter_mut()
            .rev()
            .skip_while(|(at, _)| at + 1 >= minute);
        for (_, cell) in over.take_while(|(_, cell)| matches!(cell, Minute::Open(_))) {
            cell.close();
        }
    }

    /// Something happened in the last 15 minutes, as of the last [`Track::pass`].
    pub fn fills_window(&self) -> bool {
        !self.steps.is_empty()
    }

    /// The sum of the last 15 minutes, as of the last [`Track::pass`].
    pub fn window(&self) -> &C {
        &self.window
    }

    /// The steps of the last 15 minutes in which something happened, oldest first.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = (u64, &C)> {
        self.steps.iter().map(|(step, cell)| (*step, cell))
    }

    /// The minutes of the last day in which something happened, oldest first, from this one on.
    pub fn minutes_from(&self, first: u64) -> impl Iterator<Item = (u64, C)> {
        let from = self.minutes.partition_point(|(minute, _)| *minute < first);
        let minutes = self.minutes.range(from..);
        minutes.map(|(minute, cell)| (*minute, cell.open()))
    }

    /// The sum of the last so many milliseconds: by steps as far as they reach, else by minutes.
    pub fn over(&self, span: u64, now: u64) -> C {
        let mut sum = C::default();
        if span <= STEP * STEPS {
            let from = (now / STEP + 1).saturating_sub(span.div_ceil(STEP));
            let steps = self.steps.iter().filter(|(step, _)| *step >= from);
            steps.for_each(|(_, cell)| sum.add(cell));
        } else {
            let from = (now / MINUTE + 1).saturating_sub(span.div_ceil(MINUTE));
            self.minutes_from(from).for_each(|(_, cell)| sum.add(&cell));
        }
        sum
    }

    /// Nothing happened for a day.
    pub fn is_empty(&self) -> bool {
        self.minutes.is_empty() && self.steps.is_empty()
    }
}

impl<C: Sum + Clone + Default> Minute<C> {
    fn open(&self) -> C {
        match self {
            Self::Open(cell) => cell.clone(),
            Self::Packed(bytes) => C::unpack(bytes).unwrap_or_default(),
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut C)) {
        let mut cell = self.open();
        if let Self::Open(own) = self {
            change(own);
        } else {
            change(&mut cell);
            *self = Self::Open(cell);
        }
    }

    fn close(&mut self) {
        if let Self::Open(cell) = self {
            *self = Self::Packed(cell.pack());
        }
    }
}

/// The cell of this number; it comes into being in its place.
fn entry<T>(cells: &mut VecDeque<(u64, T)>, number: u64, new: impl FnOnce() -> T) -> &mut T {
    let place = cells.partition_point(|(at, _)| *at < number);
    if cells.get(place).is_none_or(|(at, _)| *at != number) {
        cells.insert(place, (number, new()));
    }
    &mut cells[place].1
}
