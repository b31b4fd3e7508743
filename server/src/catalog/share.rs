//! Which conversations try an assistant's candidate: decided by their ids alone, so that nothing has to be kept.

use sha2::{Digest, Sha256};

/// Where a conversation stands among an assistant's 100: from 0 to below 100, always at the same place. It tries the
/// candidate where the percentage is above that place, so that a higher percentage only adds conversations.
pub(super) fn share(assistant: &str, conversation: &str) -> f64 {
    let mut hash = Sha256::new();
    // The length keeps two pairs of ids apart that are the same letters in a row.
    hash.update((assistant.len() as u64).to_be_bytes());
    hash.update(assistant);
    hash.update(conversation);
    let hash = hash.finalize();
    let first = hash.iter().take(8);
    let number = first.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    // 53 bits are what a float holds, so that none of them is rounded up to 1.
    (number >> 11) as f64 / (1_u64 << 53) as f64 * 100.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_conversation_keeps_its_place_from_one_version_to_the_next() {
        // What they came to when this was written: other numbers would throw every conversation's dice anew.
        let places = [("qa", "one"), ("qa", "two"), ("support", "one")];
        let places = places.map(|(assistant, conversation)| {
            (share(assistant, conversation) * 1000.0).round() as u64
        });
        assert_eq!(places, [7_312, 12_962, 97_424]);
    }

    #[test]
    fn conversations_are_spread_evenly() {
        let below = (0..20_000).filter(|number| share("qa", &format!("c-{number}")) < 5.0);
        let share = below.count() as f64 / 20_000.0 * 100.0;
        assert!((4.5..5.5).contains(&share), "{share}");
    }

    proptest! {
        #[test]
        fn everybody_is_below_100_and_nobody_below_0(assistant in ".*", conversation in ".*") {
            let place = share(&assistant, &conversation);
            prop_assert!((0.0..100.0).contains(&place));
            prop_assert_eq!(place, share(&assistant, &conversation));
        }

        #[test]
        fn assistants_throw_dice_of_their_own(a in "[a-z]{1,8}", b in "[a-z]{1,8}", c in "[a-z]{1,8}") {
            prop_assume!(a != b);
            prop_assert_ne!(share(&a, &c), share(&b, &c));
        }
    }
}
