//! A person's words as a query of the full text index.

/// More words than this say nothing more.
const WORDS: usize = 20;

/// All the words, each of them quoted, so that none of them is syntax; the last one may go on. None where there is no
/// word: signs alone are in no index.
pub(super) fn query(words: &str) -> Option<String> {
    let words: Vec<_> = words
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(WORDS)
        .collect();
    // A single Latin letter begins so many words that it says nothing; a single character of Chinese says much.
    let goes_on = words.last()?.len() > 1;
    let quoted: Vec<_> = words
        .iter()
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    Some(quoted.join(" ") + if goes_on { "*" } else { "" })
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
        assert_eq!(query("C & - \0 D").as_deref(), Some("\"C\" \"D\""));
        for nothing in ["", "  ", "?!", "\"", "*", "\0"] {
            assert_eq!(query(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn one_latin_letter_is_no_beginning() {
        assert_eq!(query("vitamin c").as_deref(), Some("\"vitamin\" \"c\""));
        assert_eq!(query("\u{6c34}").as_deref(), Some("\"\u{6c34}\"*"));
    }

    #[test]
    fn there_is_an_end_to_the_words() {
        let many = "word ".repeat(1000);
        assert_eq!(query(&many).unwrap().matches("word").count(), WORDS);
    }
}
