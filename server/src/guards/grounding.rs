//! Answers from sources: where a turn has text files, the model is told to cite them, and an answer that cites none of
//! them, or one that is not there, is refused. Whether a citation bears out what is said with it nobody checks here.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use evenkeel_engine::ResponseGuard;
use evenkeel_protocol::{Guard, GuardNotice};
use regex::Regex;

use super::pattern;

/// What a model says where its sources do not answer.
const DECLINES: &str = "The sources do not answer this.";

/// How the metrics call an answer that is refused.
pub const REFUSED: &str = "rejected";

static BRACKET: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[[^\[\]\n]{1,160}\]"));
/// Code, which is full of brackets.
static CODE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)```.*?(?:```|$)|`[^`\n]*`"));
/// The name of a file, by the ending of a document, of data or of code: much else has a dot, such as domains and Node.js.
static FILE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)^[^\s@][^@]*\.(?:txt|text|md|markdown|rst|adoc|tex|log|pdf|docx?|odt|rtf|csv|tsv|xlsx?|json|jsonl|xml",
        r"|ya?ml|toml|ini|cfg|conf|html?|css|sql|rs|py|ts|tsx|jsx|java|kt|c|h|cpp|hpp|cs|go|rb|php|swift|sh)$"
    ))
});

/// No higher number is a citation, unless there are more sources: "[100]" and "[2026]" are sizes and years.
const NUMBERS: usize = 99;

/// The sources of a turn, in the order in which they stand in the prompt.
#[derive(Clone, Debug)]
pub struct Sources {
    names: Vec<String>,
    /// The names under which the model knows them.
    sent: Vec<String>,
}

/// What an answer says of its sources.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// It cites so many of them.
    Cites(usize),
    /// They do not answer.
    Declines,
}

impl Sources {
    /// The sources of these names; none where there are none.
    pub fn of(names: Vec<String>) -> Option<Self> {
        (!names.is_empty()).then(|| Self {
            sent: names.clone(),
            names,
        })
    }

    /// Gives each the name under which the model knows it.
    pub fn rename(&mut self, name: impl FnMut(&String) -> String) {
        self.sent = self.names.iter().map(name).collect();
    }

    /// What the model is told.
    pub fn instruction(&self) -> String {
        let count = self.names.len();
        let numbers = match count {
            1 => "[1]".to_owned(),
            count => format!("[1] to [{count}]"),
        };
        format!(
            "Answer from the attached text files alone. They are numbered in the order in which they stand, {numbers}. After each statement cite its source by that number in brackets, such as [1], or by its name in brackets. If they do not answer the question, say exactly: \"{DECLINES}\""
        )
    }

    /// What is said of an answer that has passed.
    pub fn notice(&self, answer: &str) -> Option<GuardNotice> {
        let (kind, count) = match judge(&self.names, answer).ok()? {
            Said::Cites(count) => ("cited", count as u64),
            Said::Declines => ("declined", 0),
        };
        Some(GuardNotice {
            guard: Guard::Grounding,
            kind: kind.to_owned(),
            count,
            file: None,
        })
    }

    /// What the log is told of an answer that has not.
    pub fn refused() -> GuardNotice {
        GuardNotice {
            guard: Guard::Grounding,
            kind: REFUSED.to_owned(),
            count: 1,
            file: None,
        }
    }
}

fn judge(names: &[String], answer: &str) -> Result<Said, String> {
    let text = CODE.replace_all(answer, " ");
    let mut cited = BTreeSet::new();
    for bracket in BRACKET.find_iter(&text) {
        let before = text.get(..bracket.start()).unwrap_or_default();
        let after = text.get(bracket.end()..).unwrap_or_default();
        // A place in a list, a picture; "[1](https://…)" and "[1]: https://…" lead elsewhere.
        let belongs = |c: char| c.is_alphanumeric() || matches!(c, '_' | '!' | '\\');
        if before.ends_with(belongs) || after.starts_with('(') || after.starts_with(": http") {
            continue;
        }
        let inner = bracket.as_str().trim_matches(['[', ']']);
        if let Some(place) = named(names, inner) {
            cited.insert(place);
            continue;
        }
        let parts = inner.split([',', ';']);
        let parts = parts.map(|part| part.trim().trim_start_matches('^'));
        let numbers: Option<Vec<usize>> = parts.clone().map(number).collect();
        if let Some(numbers) = &numbers {
            // One that no source can have makes all of them something else, such as an interval.
            let possible = 1..=NUMBERS.max(names.len());
            if !numbers.iter().all(|number| possible.contains(number)) {
                continue;
            }
            if let Some(number) = numbers.iter().find(|number| **number > names.len()) {
                return Err(format!(
                    "the answer cites [{number}], and there is no such source"
                ));
            }
        }
        for part in parts {
            match named(names, part) {
                Some(place) => {
                    cited.insert(place);
                }
                // Its name may be anything that the answer says, and nothing of an answer is logged.
                None if is_file(part) => {
                    return Err("the answer cites a file that is no source".to_owned());
                }
                None => {}
            }
        }
    }
    if !cited.is_empty() {
        Ok(Said::Cites(cited.len()))
    } else if declines(answer) {
        Ok(Said::Declines)
    } else {
        Err("the answer cites none of its sources".to_owned())
    }
}

/// The source of this number or name.
fn named(names: &[String], citation: &str) -> Option<usize> {
    let citation = citation.trim();
    if let Ok(number) = citation.parse::<usize>() {
        return (1..=names.len()).contains(&number).then(|| number - 1);
    }
    let said = citation.to_lowercase();
    names.iter().position(|name| {
        let rest = said.strip_prefix(&name.to_lowercase());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ',', ' ', '#']))
    })
}

/// The number that this is, and nothing else.
fn number(text: &str) -> Option<usize> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The name of a file; anything else in brackets that is no number is a remark.
fn is_file(text: &str) -> bool {
    FILE.is_match(text) && !text.contains("://")
}

fn declines(answer: &str) -> bool {
    let plain = |text: &str| text.trim_end_matches('.').to_lowercase();
    plain(answer.trim()).contains(&plain(DECLINES))
}

impl ResponseGuard for Sources {
    fn name(&self) -> &str {
        "checked against its sources before it is shown"
    }

    fn check(&self, answer: &str) -> Result<(), String> {
        judge(&self.sent, answer).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        Sources::of(vec!["notes.md".to_owned(), "Report 2026.txt".to_owned()]).unwrap()
    }

    #[test]
    fn an_answer_that_cites_its_sources_passes() {
        for (answer, count) in [
            ("The keel is deep [1].", 1),
            ("[2] says so.", 1),
            ("One [1] and two [2], both [1, 2].", 2),
            ("As [notes.md] says, and [report 2026.txt, page 3].", 2),
            ("See [notes.md:12].", 1),
            ("Both say so [1][2].", 2),
            ("- [x] done [1]\n- [ ] open", 1),
            ("Code `a[7]` and a[9]; [1]\n```\nb = [5]\n```", 1),
            ("[1] and [a link](https://example.org) and ![3](x.png)", 1),
            (
                "The sources do not answer this fully, but [1] says much.",
                1,
            ),
            ("A probability in [0, 1] [1].", 1),
            ("An array of [100] items, from [0] to [1, 100], [1].", 1),
            ("Between [1999; 2026], see [^2].", 1),
            ("Mail [anna@example.org] or [anna@example.md] [1].", 1),
            ("[https://example.com], [https://example.org/a.md] [1]", 1),
            ("[1] [see example.com], [example.org] [Node.js]", 1),
        ] {
            assert_eq!(
                judge(&sources().names, answer),
                Ok(Said::Cites(count)),
                "{answer}"
            );
        }
    }

    #[test]
    fn beyond_ninety_nine_a_number_is_a_citation_where_there_are_so_many_sources() {
        let names: Vec<_> = (1..=120).map(|number| format!("{number}.txt")).collect();
        for (answer, count) in [
            ("It is deep [100], [119, 120].", 3),
            ("[121] items [1].", 1),
        ] {
            assert_eq!(judge(&names, answer), Ok(Said::Cites(count)), "{answer}");
        }
    }

    #[test]
    fn an_answer_without_sources_or_with_invented_ones_is_refused() {
        for (answer, why) in [
            ("The keel is deep.", "cites none"),
            ("The keel is deep [sic].", "cites none"),
            ("Look at [1](https://example.org).", "cites none"),
            ("In code: `x[1]`.", "cites none"),
            ("It is deep [3].", "cites [3]"),
            ("It is deep [1], very deep [1, 4].", "cites [4]"),
            ("It is deep [1] [others.pdf].", "cites a file that is no"),
            (
                "It is deep [1], says [Log 7.TXT].",
                "cites a file that is no",
            ),
            ("It is deep [1; 99].", "cites [99]"),
            ("It is deep [0].", "cites none"),
            ("A probability in [0, 1].", "cites none"),
            ("", "cites none"),
        ] {
            let refused = judge(&sources().names, answer).unwrap_err();
            assert!(refused.contains(why), "{answer}: {refused}");
        }
    }

    #[test]
    fn a_refusal_repeats_nothing_of_the_answer_but_a_number() {
        let refused = judge(&sources().names, "[1] [Ann earns 90.csv]").unwrap_err();
        assert_eq!(refused, "the answer cites a file that is no source");
    }

    #[test]
    fn an_answer_may_say_that_the_sources_say_nothing() {
        for answer in [
            "The sources do not answer this.",
            " the sources do not answer this",
            "The sources do not answer this. Ask the shipyard.",
        ] {
            assert_eq!(
                judge(&sources().names, answer),
                Ok(Said::Declines),
                "{answer}"
            );
        }
        assert!(sources().instruction().contains(DECLINES));
        assert!(sources().instruction().contains("[1] to [2]"));
    }

    #[test]
    fn without_sources_there_is_nothing_to_check() {
        assert!(Sources::of(vec![]).is_none());
    }
}
