//! What guards did, in a sentence each.

use evenkeel_protocol::{Guard, GuardNotice};

/// "2 e-mail addresses and 1 IP address were not sent to the model."; one sentence for all that was withheld, and one for
/// each rule that fired.
pub fn guards(notices: &[GuardNotice]) -> Vec<String> {
    let withheld: Vec<_> = notices
        .iter()
        .filter(|notice| notice.guard == Guard::Pii)
        .map(|notice| (notice.count, data(&notice.kind, notice.count)))
        .collect();
    let one = matches!(withheld.as_slice(), [(1, _)]);
    let parts = withheld
        .iter()
        .map(|(count, what)| format!("{count} {what}"));
    let mut parts: Vec<_> = parts.collect();
    let last = parts.pop();
    let all = match (parts.is_empty(), last) {
        (true, last) => last,
        (false, last) => last.map(|last| format!("{} and {last}", parts.join(", "))),
    };
    let verb = if one { "was" } else { "were" };
    let withheld = all.map(|all| format!("{all} {verb} not sent to the model."));
    let others = notices.iter().filter_map(|notice| match notice.guard {
        Guard::Pii => None,
        Guard::Injection => {
            let place = notice.file.as_deref().unwrap_or("The question");
            Some(format!("{place} {}.", looks(&notice.kind)))
        }
        Guard::Grounding => Some(match notice.count {
            0 => "The model says that the sources do not answer this.".to_owned(),
            1 => "Checked: the answer cites 1 source, and it is there.".to_owned(),
            count => format!("Checked: the answer cites {count} sources, and they are there."),
        }),
    });
    withheld.into_iter().chain(others).collect()
}

/// The kinds as people call them; a kind of a later version by its own name.
fn data(kind: &str, count: u64) -> String {
    let (one, many) = match kind {
        "email" => ("e-mail address", "e-mail addresses"),
        "iban" => ("account number (IBAN)", "account numbers (IBAN)"),
        "card" => ("card number", "card numbers"),
        "ssn" => ("social security number", "social security numbers"),
        "ip" => ("IP address", "IP addresses"),
        "phone" => ("telephone number", "telephone numbers"),
        other => return other.to_owned(),
    };
    if count == 1 { one } else { many }.to_owned()
}

fn looks(kind: &str) -> String {
    let does = match kind {
        "ignore_instructions" => "tells the model to set its instructions aside",
        "role_override" => "gives the model a role without limits",
        "prompt_extraction" => "asks for the model's confidential instructions",
        "fake_turn" => "imitates another part of the conversation",
        "addresses_model" => "speaks to the model, though it is a text for people",
        "sends_data" => "wants data sent somewhere",
        "hidden_text" => "holds text that cannot be seen",
        "turned_text" => "holds text that is shown in another order",
        "encoded_instructions" => "holds instructions in base64",
        other => return format!("looks like an attempt to take over the model ({other})"),
    };
    format!("{does}; it may be an attempt to take over the model ({kind})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(guard: Guard, kind: &str, count: u64, file: Option<&str>) -> GuardNotice {
        GuardNotice {
            guard,
            kind: kind.to_owned(),
            count,
            file: file.map(str::to_owned),
        }
    }

    #[test]
    fn what_was_withheld_is_one_sentence() {
        let pii = |kind: &str, count| notice(Guard::Pii, kind, count, None);
        assert!(guards(&[]).is_empty());
        for (notices, said) in [
            (
                vec![pii("email", 1)],
                "1 e-mail address was not sent to the model.",
            ),
            (
                vec![pii("email", 2)],
                "2 e-mail addresses were not sent to the model.",
            ),
            (
                vec![pii("email", 1), pii("phone", 1)],
                "1 e-mail address and 1 telephone number were not sent to the model.",
            ),
            (
                vec![pii("card", 3), pii("ip", 1), pii("later", 2)],
                "3 card numbers, 1 IP address and 2 later were not sent to the model.",
            ),
        ] {
            assert_eq!(guards(&notices), [said]);
        }
    }

    #[test]
    fn a_rule_that_fired_is_told_with_its_place() {
        let notices = [
            notice(Guard::Injection, "fake_turn", 1, None),
            notice(Guard::Injection, "hidden_text", 1, Some("notes.md")),
        ];
        assert_eq!(
            guards(&notices),
            [
                "The question imitates another part of the conversation; it may be an attempt to take over the model (fake_turn).",
                "notes.md holds text that cannot be seen; it may be an attempt to take over the model (hidden_text).",
            ]
        );
    }
}
