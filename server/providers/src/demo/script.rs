//! What the demo says.

use super::reading::{Asked, Task};
use super::samples;

const ABOUT: &str = "\
**Evenkeel** is a chat that keeps answering when models fail.

Behind it, a resilience engine asks one model after another:

1. it **retries** what passes by itself, after a short, jittered wait;
2. it **falls back** along a chain of models when one cannot answer;
3. it opens a **circuit** for a model that keeps failing, and lets one probe through after a while;
4. when nothing is left, it says *why*, model by model.

Under each answer you see which model gave it. Open the **debug pane** and simulate an outage to watch it happen.";

const MARKDOWN: &str = "\
# A markdown sample

Text can be *emphasised*, **strong**, `code`, ~~gone~~, or a [link](https://example.org).

## Lists

- an item
  - nested below it
- another

1. first
2. second

> A quotation, for calm waters.

| Term | Meaning |
|---|---|
| leg | one model of a chain |
| turn | a question and its answer |

```rust
fn main() {
    println!(\"on an even keel\");
}
```

---

That is all that a chat usually needs.";

/// The demo's answer. It always ends by saying what it is, save where it was asked for something to be used elsewhere.
pub(super) fn answer(model: &str, asked: &Asked) -> String {
    match asked.task() {
        Some(Task::Title(question)) => return title(question),
        Some(Task::Questions(conversation)) => return questions(conversation),
        None => {}
    }
    let body = match (sent(asked), asked.text.trim()) {
        (Some(sent), "") => sent,
        (Some(sent), text) => format!("{sent}\n\n{}", body(text)),
        (None, _) => body(&asked.text),
    };
    format!(
        "{body}\n\n*{model} is a demo: its answers are written by a program, not by a language model. Configure a provider to talk to a real one.*"
    )
}

/// What came with the question.
fn sent(asked: &Asked) -> Option<String> {
    let count = |number: usize, what: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("**{number} {what}{plural}**")
    };
    let mut kinds = vec![];
    if !asked.images.is_empty() {
        let names = asked.images.join(", ");
        kinds.push(format!("{} ({names})", count(asked.images.len(), "image")));
    }
    if !asked.files.is_empty() {
        let files = asked.files.iter();
        let files: Vec<_> = files
            .map(|(name, lines)| {
                format!("{name}, {lines} line{}", if *lines == 1 { "" } else { "s" })
            })
            .collect();
        let files = files.join("; ");
        kinds.push(format!(
            "{} ({files})",
            count(asked.files.len(), "text file")
        ));
    }
    (!kinds.is_empty()).then(|| {
        format!(
            "You sent {}. I can see that much, and nothing of what it shows or means.",
            kinds.join(" and ")
        )
    })
}

/// The first words of what was asked.
fn title(question: &str) -> String {
    let words: Vec<_> = question.split_whitespace().take(6).collect();
    let title = words.join(" ");
    let title = title.trim_matches(|c: char| c.is_ascii_punctuation());
    let mut letters = title.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// What the demo can answer, and was not asked yet.
fn questions(conversation: &str) -> String {
    let lower = conversation.to_lowercase();
    let known = [
        ("what is evenkeel", "What is Evenkeel?"),
        ("markdown sample", "Can you show me a markdown sample?"),
        ("count to", "Can you count to 20?"),
        ("what can you do", "What can you do?"),
    ];
    let fresh = known
        .iter()
        .filter(|(asked, _)| !lower.contains(&format!("user: {asked}")));
    let fresh: Vec<_> = fresh.map(|(_, question)| *question).take(3).collect();
    fresh.join("\n")
}

fn body(question: &str) -> String {
    let lower = question.to_lowercase();
    let asks = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if let Some(last) = count_to(&lower) {
        let numbers: Vec<String> = (1..=last).map(|number| number.to_string()).collect();
        return numbers.join(" ");
    }
    if asks(&[
        "evenkeel",
        "who are you",
        "what are you",
        "what is this",
        "what can you",
    ]) {
        return ABOUT.to_owned();
    }
    if let Some(sample) = samples::sample(&lower) {
        return sample.to_owned();
    }
    if asks(&["markdown", "table", "sample", "format"]) {
        return MARKDOWN.to_owned();
    }
    if question.trim().is_empty() {
        return "You sent an empty message.".to_owned();
    }
    let quoted: String = question
        .trim()
        .lines()
        .map(|line| format!("> {line}\n"))
        .collect();
    format!(
        "You wrote:\n\n{quoted}\nI can only repeat it. Ask me **what Evenkeel is**, for a **markdown sample**, for **code**, for a **formula**, or to **count to 100**."
    )
}

/// "count to 300": a long answer whose every token can be checked.
fn count_to(question: &str) -> Option<u32> {
    let (_, rest) = question.split_once("count to ")?;
    let digits: String = rest
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok().map(|last: u32| last.clamp(1, 5_000))
}

/// The text in pieces of about a word, which together are the text again.
pub(super) fn tokens(text: &str) -> Vec<String> {
    text.split_inclusive([' ', '\n'])
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_says_that_it_is_a_demo() {
        for question in [
            "",
            "hello",
            "What is Evenkeel?",
            "show me markdown",
            "count to 3",
        ] {
            let answer = answer("demo-swift", &Asked::text(question));
            assert!(answer.contains("demo-swift is a demo"), "{answer}");
            assert_eq!(tokens(&answer).concat(), answer);
        }
    }

    #[test]
    fn it_echoes_and_counts() {
        let answer = |question| answer("m", &Asked::text(question));
        assert!(answer("two\nlines").contains("> two\n> lines\n"));
        assert!(answer("please count to 4!").starts_with("1 2 3 4\n"));
    }

    #[test]
    fn it_says_what_came_with_the_question() {
        let mut asked = Asked::text("");
        asked.images = vec!["cat.png".to_owned()];
        asked.files = vec![("a.txt".to_owned(), 1), ("code.rs".to_owned(), 20)];
        let said = answer("m", &asked);
        assert!(
            said.starts_with("You sent **1 image** (cat.png) and **2 text files** (a.txt, 1 line; code.rs, 20 lines). "),
            "{said}"
        );
        asked.text = "count to 2".to_owned();
        assert!(answer("m", &asked).contains("\n\n1 2\n\n*m is a demo"));
    }

    #[test]
    fn a_title_is_made_of_the_first_words_and_questions_are_ones_that_it_can_answer() {
        assert_eq!(
            title("\"how do ships\nstay on an even keel, then?\""),
            "How do ships stay on an"
        );
        assert_eq!(title(""), "");
        assert_eq!(
            questions("User: What is Evenkeel?\n\nAssistant: count to"),
            "Can you show me a markdown sample?\nCan you count to 20?\nWhat can you do?"
        );
    }
}
