//! Times and lengths that vary: fixed, even between two ends, or with a median and a 95th percentile.

use rand::Rng;

/// How a quantity varies. Quantities are seconds or tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Fixed(f64),
    /// Even between the two.
    Uniform {
        /// The least.
        from: f64,
        /// The most.
        to: f64,
    },
    /// Log-normal, as latencies and lengths mostly are: this median, and a spread of the logarithm.
    LogNormal {
        /// Half of the values are below it.
        median: f64,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
}

/// Nineteen in twenty of a normal distribution's values lie below the mean plus so many standard deviations.
const NORMAL_P95: f64 = 1.644_853_626_951_472;

/// The longest draw is so many medians: a tail has an end in a real world.
const LONGEST: f64 = 1_000.0;

impl Distribution {
    /// The log-normal distribution with this median and 95th percentile; none where there is no such.
    pub fn with_percentiles(p50: f64, p95: f64) -> Option<Self> {
        (p50 > 0.0 && p95 >= p50).then(|| Self::LogNormal {
            median: p50,
            sigma: (p95 / p50).ln() / NORMAL_P95,
        })
    }

    /// One value; never negative.
    pub fn draw(&self, rng: &mut impl Rng) -> f64 {
        match *self {
            Self::Fixed(value) => value,
            Self::Uniform { from, to } => from + (to - from) * rng.random::<f64>(),
            Self::LogNormal { median, sigma } => {
                // The Box-Muller transform; its first argument is never 0.
                let (radius, angle) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
                let normal = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
                median * (sigma * normal).exp().min(LONGEST)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    fn sorted(distribution: Distribution) -> Vec<f64> {
        let mut rng = SmallRng::seed_from_u64(1);
        let mut draws: Vec<_> = (0..20_000).map(|_| distribution.draw(&mut rng)).collect();
        draws.sort_by(f64::total_cmp);
        draws
    }

    #[test]
    fn a_log_normal_has_its_percentiles() {
        let draws = sorted(Distribution::with_percentiles(0.6, 2.4).unwrap());
        assert!((draws[10_000] - 0.6).abs() < 0.02, "{}", draws[10_000]);
        assert!((draws[19_000] - 2.4).abs() < 0.1, "{}", draws[19_000]);
        assert!(draws[0] > 0.0);
    }

    #[test]
    fn an_even_one_stays_between_its_ends() {
        let draws = sorted(Distribution::Uniform { from: 1.0, to: 3.0 });
        assert!(draws[0] >= 1.0 && draws[19_999] <= 3.0);
        assert!((draws[10_000] - 2.0).abs() < 0.05);
    }

    #[test]
    fn percentiles_the_wrong_way_round_are_none() {
        assert_eq!(Distribution::with_percentiles(2.0, 1.0), None);
        assert_eq!(Distribution::with_percentiles(0.0, 1.0), None);
        let flat = Distribution::with_percentiles(2.0, 2.0).unwrap();
        assert_eq!(sorted(flat)[0], 2.0);
    }
}
