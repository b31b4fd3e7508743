//! What models are asked beside a turn, and what is made of what they say. They are told to say no more than is wanted;
//! not all of them listen.

use crate::visible::one_line;

/// A title's characters.
const TITLE_CHARACTERS: usize = 60;

/// A suggested question's characters; a longer one is no short question.
const QUESTION_CHARACTERS: usize = 120;

/// Questions that are suggested.
const QUESTIONS: usize = 3;

/// Of each message of the conversation a model is given so many characters.
const MESSAGE_CHARACTERS: usize = 2_000;

/// No placeholder such as `[email 1]` is longer.
const PLACEHOLDER_BYTES: usize = 32;

/// Asks for a title.
pub(super) const FOR_TITLE: &str = "Give the conversation below a title of at most six words, in the language that the user writes. \
     Answer with the title alone: no quotation marks, no full stop, no explanation.";

/// Asks for questions.
pub(super) const FOR_QUESTIONS: &str = "Suggest three short questions that the user could ask next in the conversation below, in the language \
     that the user writes and from the user's point of view. Answer with one question a line: no numbers, \
     no introduction, no explanation.";

/// What a model is asked about what was said. Personal data is withheld before a message is cut: the half of a number that
/// the cut leaves would be no number any more.
pub(super) fn about(
    order: &str,
    said: &[(&str, &str)],
    mut withhold: impl FnMut(&str) -> String,
) -> String {
    let mut text = order.to_owned() + "\n\n<conversation>\n";
    for (who, message) in said {
        let message = withhold(message);
        text.push_str(&format!("{who}: {}\n\n", head(&message).trim()));
    }
    text + "</conversation>"
}

/// The beginning of a message, cut before a placeholder rather than in it.
fn head(message: &str) -> &str {
    let Some((cut, _)) = message.char_indices().nth(MESSAGE_CHARACTERS) else {
        return message;
    };
    let head = message.get(..cut).unwrap_or_default();
    match head.rsplit_once('[') {
        Some((before, open)) if open.len() < PLACEHOLDER_BYTES && !open.contains(']') => before,
        Some(_) | None => head,
    }
}

/// A title in what a model has said.
pub(super) fn title(said: &str) -> Option<String> {
    let line = lines(said).next()?;
    Some(cut(line.trim_end_matches('.')))
}

/// Questions in what a model has said.
pub(super) fn questions(said: &str) -> Vec<String> {
    let mut questions: Vec<String> = vec![];
    for line in lines(said) {
        // An introduction ends with a colon.
        let fits = line.chars().count() <= QUESTION_CHARACTERS && !line.ends_with(':');
        if fits && !questions.contains(&line) {
            questions.push(line);
        }
        if questions.len() == QUESTIONS {
            break;
        }
    }
    questions
}

/// The lines that say something, without what is not theirs.
fn lines(said: &str) -> impl Iterator<Item = String> {
    // Some think aloud first.
    let said = said.rsplit_once("</think>").map_or(said, |(_, said)| said);
    said.lines()
        .filter(|line| !line.trim_start().starts_with("```"))
        .map(plain)
        .filter(|line| says_something(line))
}

/// A line without list marks, numbers, emphasis, quotation marks, names for what it is, and what cannot be seen.
fn plain(line: &str) -> String {
    let line = one_line(line);
    let mut rest = line.as_str();
    loop {
        let before = rest;
        rest = rest.trim_start_matches(['#', '>', '-', '*', '_', '•', ' ']);
        rest = without_number(rest);
        for name in ["Title:", "title:", "Titel:", "Titre:", "Título:"] {
            rest = rest.strip_prefix(name).unwrap_or(rest).trim_start();
        }
        rest = rest.trim_end_matches(['*', '_', ' ']);
        rest = without_quotes(rest);
        if rest == before {
            return rest.to_owned();
        }
    }
}

fn without_number(line: &str) -> &str {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() == line.len() {
        return line;
    }
    let marked = rest.strip_prefix(['.', ')']);
    marked
        .and_then(|rest| rest.strip_prefix(' '))
        .unwrap_or(line)
}

fn without_quotes(line: &str) -> &str {
    const PAIRS: [(char, char); 8] = [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('“', '”'),
        ('„', '“'),
        ('‘', '’'),
        ('«', '»'),
        ('「', '」'),
    ];
    let pairs = PAIRS
        .iter()
        .find_map(|(open, close)| line.strip_prefix(*open)?.strip_suffix(*close));
    pairs.unwrap_or(line)
}

fn says_something(line: &str) -> bool {
    line.chars().any(char::is_alphanumeric)
}

/// Cut between words, where it is too long.
fn cut(line: &str) -> String {
    if line.chars().count() <= TITLE_CHARACTERS {
        return line.to_owned();
    }
    let head: String = line.chars().take(TITLE_CHARACTERS).collect();
    match head.rsplit_once(' ') {
        Some((words, _)) => format!("{}…", words.trim_end()),
        None => head.chars().take(TITLE_CHARACTERS - 1).collect::<String>() + "…",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guards::pii::Redactor;

    #[test]
    fn a_title_is_one_plain_line() {
        for (said, expected) in [
            ("Ships on an even keel", Some("Ships on an even keel")),
            ("\"Ships on an even keel.\"", Some("Ships on an even keel")),
            ("**Title: Ships**\n\nIt is about ships.", Some("Ships")),
            ("# „Über Schiffe“", Some("Über Schiffe")),
            ("<think>\nhm\n</think>\n\nShips", Some("Ships")),
            ("```\nShips\n```", Some("Ships")),
            ("2001: A Space Odyssey", Some("2001: A Space Odyssey")),
            ("1. Ships", Some("Ships")),
            ("Ships\u{202e}\u{7} at \t sea", Some("Ships at sea")),
            ("Ships\tat\u{61c} sea", Some("Ships at sea")),
            ("船の話", Some("船の話")),
            ("", None),
            (" \n ... \n", None),
            ("🚢", None),
        ] {
            assert_eq!(title(said).as_deref(), expected, "{said:?}");
        }
        let long = title(&"word ".repeat(40)).unwrap();
        assert!(
            long.chars().count() <= 61 && long.ends_with("word…"),
            "{long}"
        );
        assert_eq!(title(&"x".repeat(99)).unwrap().chars().count(), 60);
    }

    #[test]
    fn questions_are_three_short_lines_without_what_stands_around_them() {
        let said =
            "Here are three questions:\n\n1. Why?\n2) **How much?**\n- \"Who?\"\n\n4. And then?";
        assert_eq!(questions(said), ["Why?", "How much?", "Who?"]);
        assert_eq!(questions("Why?\nWhy?\n***"), ["Why?"]);
        assert!(questions(&"long ".repeat(50)).is_empty());
        assert!(questions("").is_empty());
    }

    #[test]
    fn a_model_is_given_no_more_than_it_needs() {
        let long = "é".repeat(10_000);
        let said = [("User", long.as_str()), ("Assistant", "so")];
        let asked = about(FOR_TITLE, &said, str::to_owned);
        assert_eq!(asked.matches('é').count(), 2_000);
        assert!(
            asked.ends_with("Assistant: so\n\n</conversation>"),
            "{asked}"
        );
        let asked = about(FOR_QUESTIONS, &[("User", "a")], str::to_owned);
        assert!(asked.contains("<conversation>\nUser: a\n"));
    }

    #[test]
    fn personal_data_across_the_cut_is_not_sent() {
        for at in 1_980..2_005 {
            let message = format!("{} 4111 1111 1111 1111, and more", "é".repeat(at));
            let mut redactor = Redactor::new([message.as_str()]);
            let asked = about("", &[("User", &message)], |text| {
                redactor.redact(text).into_owned()
            });
            let said = asked.split(['é', ',']).next_back().unwrap();
            assert!(!asked.contains("11"), "{at}: {said}");
            assert_eq!(
                asked.contains('['),
                asked.contains("[card 1]"),
                "{at}: {said}"
            );
            assert!(asked.matches('é').count() == at.min(2_000), "{at}");
        }
    }
}
