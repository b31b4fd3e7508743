//! What a model takes, by the generation that its name says: Anthropic has taken parameters away from newer ones.

/// How a model is told to reason, and whether it can be tuned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// Before 3.7: it does not reason.
    Plain,
    /// It reasons within a budget of tokens; so does what has no known name, which other vendors offer.
    Budget,
    /// 4.6: it judges for itself how much to reason.
    Adaptive,
    /// From 4.7 on: adaptive, and neither temperature nor `top_p` are accepted.
    Untuned,
}

impl Generation {
    pub(super) fn of(name: &str) -> Self {
        if !name.contains("claude") {
            return Self::Budget;
        }
        let mut numbers = name
            .split(['-', '.', '@', ':'])
            // A date is no version.
            .filter(|word| word.len() <= 2)
            .filter_map(|word| word.parse::<u32>().ok());
        let Some(major) = numbers.next() else {
            return Self::Untuned;
        };
        match (major, numbers.next().unwrap_or_default()) {
            (..=2, _) | (3, ..=6) => Self::Plain,
            (3, _) | (4, ..=5) => Self::Budget,
            (4, 6) => Self::Adaptive,
            _ => Self::Untuned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_the_generation() {
        for (name, expected) in [
            ("claude-3-haiku-20240307", Generation::Plain),
            ("claude-3-5-sonnet-latest", Generation::Plain),
            ("claude-3-7-sonnet-20250219", Generation::Budget),
            ("claude-opus-4-20250514", Generation::Budget),
            ("claude-haiku-4-5-20251001", Generation::Budget),
            ("claude-sonnet-4-6", Generation::Adaptive),
            ("claude-opus-4.6", Generation::Adaptive),
            ("claude-opus-4-7", Generation::Untuned),
            ("claude-sonnet-5", Generation::Untuned),
            ("claude-haiku-5-5", Generation::Untuned),
            ("claude-next", Generation::Untuned),
            ("kimi-k2-thinking", Generation::Budget),
        ] {
            assert_eq!(Generation::of(name), expected, "{name}");
        }
    }
}
