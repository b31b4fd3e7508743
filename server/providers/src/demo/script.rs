//! What the demo says.

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

/// The demo's answer. It always ends by saying what it is.
pub(super) fn answer(model: &str, question: &str) -> String {
    let body = body(question);
    format!(
        "{body}\n\n*{model} is a demo: its answers are written by a program, not by a language model. Configure a provider to talk to a real one.*"
    )
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
            let answer = answer("demo-swift", question);
            assert!(answer.contains("demo-swift is a demo"), "{answer}");
            assert_eq!(tokens(&answer).concat(), answer);
        }
    }

    #[test]
    fn it_echoes_and_counts() {
        assert!(answer("m", "two\nlines").contains("> two\n> lines\n"));
        assert!(answer("m", "please count to 4!").starts_with("1 2 3 4\n"));
    }
}
