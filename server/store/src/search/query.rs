//! A person's words as a query of the full text index.

/// More words than this say nothing more.
const WORDS: usize = 20;

/// All the words, each of them quoted, so that none of them is syntax; the last one may go on. None where there is no
/// word: signs alone are in no index.
pub(super) fn query(words: &str) -> Option<String> {
    let quoted: Vec<_> = words
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(WORDS)
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    (!quoted.is_empty()).then(|| quoted.join(" ") + "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_quoted_and_the_last_one_may_go_on() {
        assert_eq!(query("blue sk").as_deref(), Some("\"blue\" \"sk\"*"));
        assert_eq!(
            query(" say \"hi\" ").as_deref(),
            Some("\"say\" \"\"\"hi\"\"\"*")
        );
        assert_eq!(
            query("a AND NOT b*").as_deref(),
            Some("\"a\" \"AND\" \"NOT\" \"b*\"*")
        );
    }

    #[test]
    fn what_is_no_word_is_left_out() {
        assert_eq!(query("C & - \0 D").as_deref(), Some("\"C\" \"D\"*"));
        for nothing in ["", "  ", "?!", "\"", "*", "\0"] {
            assert_eq!(query(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn there_is_an_end_to_the_words() {
        let many = "word ".repeat(1000);
        assert_eq!(query(&many).unwrap().matches("word").count(), WORDS);
    }
}
