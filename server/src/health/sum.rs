//! What can be added up over spans of time, taken away again, and written down in few bytes: most numbers are small.

use super::cell::{Attempts, Turns};
use super::histogram::Histogram;

/// Which writing this is. What was written in another is forgotten: it would be a day old at most.
const VERSION: u64 = 1;

/// See the module.
pub trait Sum: Sized {
    /// Adds another span's.
    fn add(&mut self, other: &Self);
    /// Takes away another span's, which was added before.
    fn subtract(&mut self, other: &Self);
    /// Writes it.
    fn write(&self, out: &mut Vec<u8>);
    /// Reads what [`Sum::write`] has written; none where it is something else.
    fn read(from: &mut &[u8]) -> Option<Self>;

    /// Everything in bytes.
    fn pack(&self) -> Box<[u8]> {
        let mut out = vec![];
        VERSION.write(&mut out);
        self.write(&mut out);
        out.into()
    }

    /// What [`Sum::pack`] has packed; none where it is something else.
    fn unpack(mut bytes: &[u8]) -> Option<Self> {
        let known = u64::read(&mut bytes)? == VERSION;
        let sum = Self::read(&mut bytes).filter(|_| known)?;
        bytes.is_empty().then_some(sum)
    }
}

/// Seven bits a byte, the lowest first; the eighth says that more come.
impl Sum for u64 {
    fn add(&mut self, other: &Self) {
        *self = self.saturating_add(*other);
    }

    fn subtract(&mut self, other: &Self) {
        *self = self.saturating_sub(*other);
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let (byte, rest) = from.split_first()?;
            *from = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }
}

impl<const N: usize> Sum for [u64; N] {
    fn add(&mut self, other: &Self) {
        self.iter_mut().zip(other).for_each(|(own, it)| own.add(it));
    }

    fn subtract(&mut self, other: &Self) {
        let pairs = self.iter_mut().zip(other);
        pairs.for_each(|(own, it)| own.subtract(it));
    }

    /// Those that are not zero, each with its place.
    fn write(&self, out: &mut Vec<u8>) {
        let filled = || self.iter().enumerate().filter(|(_, it)| **it > 0);
        (filled().count() as u64).write(out);
        for (place, number) in filled() {
            (place as u64).write(out);
            number.write(out);
        }
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let mut numbers = [0; N];
        for _ in 0..u64::read(from)? {
            let place = usize::try_from(u64::read(from)?).ok()?;
            *numbers.get_mut(place)? = u64::read(from)?;
        }
        Some(numbers)
    }
}

impl Sum for Histogram {
    fn add(&mut self, other: &Self) {
        self.add(other);
    }

    fn subtract(&mut self, other: &Self) {
        self.subtract(other);
    }

    /// Each bin by its distance from the one before.
    fn write(&self, out: &mut Vec<u8>) {
        (self.bins().len() as u64).write(out);
        let mut before = 0;
        for (number, count) in self.bins() {
            u64::from(number - before).write(out);
            count.write(out);
            before = *number;
        }
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let (mut bins, mut before) = (vec![], 0_u16);
        for _ in 0..u64::read(from)? {
            let distance = u16::try_from(u64::read(from)?).ok()?;
            before = before.checked_add(distance)?;
            bins.push((before, u64::read(from)?));
        }
        Self::of(bins)
    }
}

/// A struct all of whose fields are sums is one.
macro_rules! sums {
    ($($cell:ident { $($field:ident),+ $(,)? })+) => {$(
        impl Sum for $cell {
            fn add(&mut self, other: &Self) {
                $(Sum::add(&mut self.$field, &other.$field);)+
            }

            fn subtract(&mut self, other: &Self) {
                $(Sum::subtract(&mut self.$field, &other.$field);)+
            }

            fn write(&self, out: &mut Vec<u8>) {
                $(self.$field.write(out);)+
            }

            fn read(from: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: Sum::read(from)?),+ })
            }
        }
    )+};
}

sums! {
    Attempts {
        answered, failed, cancelled, skipped, reasons, first_token, total, input_tokens, output_tokens,
        streamed_tokens, streaming_ms, cost,
    }
    Turns { answered, fallbacks, exhausted, failed, stopped, total }
}

#[cfg(test)]
mod tests {
    use evenkeel_protocol::Reason;
    use proptest::prelude::*;

    use super::*;

    /// Reasons are written by their place: one that is added comes last.
    #[test]
    fn what_a_version_before_has_written_is_read() {
        assert_eq!(Reason::ALL[14], Reason::DeadlineExceeded);
        let mut cell = Attempts {
            answered: 300,
            failed: 1,
            cost: 7,
            ..Attempts::default()
        };
        cell.reasons[1] = 1;
        cell.total.record(70);
        let bytes = [1, 172, 2, 1, 0, 0, 1, 1, 1, 0, 1, 67, 1, 0, 0, 0, 0, 7];
        assert_eq!(*cell.pack(), bytes);
        assert_eq!(Attempts::unpack(&bytes), Some(cell));
    }

    #[test]
    fn what_is_something_else_is_not_read() {
        let bytes = Attempts::default().pack();
        assert_eq!(Attempts::unpack(&bytes), Some(Attempts::default()));
        assert_eq!(Attempts::unpack(&bytes[1..]), None);
        assert_eq!(Attempts::unpack(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Attempts::unpack(&[&bytes[..], &[0]].concat()), None);
        assert_eq!(u64::read(&mut &[0xff; 20][..]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Attempts::unpack(&bytes);
            let _ = Turns::unpack(&[&[1], &bytes[..]].concat());
        }

        #[test]
        fn numbers_come_back_as_they_were(numbers in any::<[u64; 4]>()) {
            prop_assert_eq!(<[u64; 4]>::unpack(&numbers.pack()), Some(numbers));
        }
    }
}
