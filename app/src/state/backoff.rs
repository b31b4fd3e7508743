//! How long to wait before the next try to connect: exponential, bounded, and with full jitter, so that the readers of a
//! server that restarts do not all come back at once.

const FIRST_MS: f64 = 500.0;
const LONGEST_MS: f64 = 15_000.0;
/// Less would only load a server that is just starting.
const LEAST_MS: f64 = 200.0;

/// Milliseconds to wait after so many failures in a row; `dice` is between 0 and 1.
pub fn delay_ms(failures: u32, dice: f64) -> u32 {
    let longest = (FIRST_MS * 2_f64.powi(failures.min(10).cast_signed())).min(LONGEST_MS);
    // At most 15,000, so the cast is exact enough.
    (longest * dice.clamp(0.0, 1.0)).max(LEAST_MS) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_and_is_bounded() {
        assert_eq!(delay_ms(0, 0.0), 200);
        assert_eq!(delay_ms(0, 1.0), 500);
        assert_eq!(delay_ms(2, 1.0), 2000);
        assert_eq!(delay_ms(2, 0.5), 1000);
        for failures in 5..100 {
            for dice in [0.0, 0.3, 1.0, 7.0, f64::NAN] {
                assert!((200..=15_000).contains(&delay_ms(failures, dice)));
            }
        }
    }
}
