//! A conversation's first title.

/// The most characters that a title made here has, the ellipsis included.
const LONGEST: usize = 60;

/// The beginning of a text's first line that says anything, cut between words where it is long. Empty for a text that
/// is blank.
pub(crate) fn title(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    // All that fits beside the ellipsis, and one more: a space there means that the last word is whole.
    let head: String = line.chars().take(LONGEST).collect();
    let cut = match head.rsplit_once(char::is_whitespace) {
        Some((words, _)) => words.trim_end().to_owned(),
        None => head.chars().take(LONGEST - 1).collect(),
    };
    cut + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_first_line_that_says_anything() {
        assert_eq!(
            title("  Why is the sky blue?  \nI wonder."),
            "Why is the sky blue?"
        );
        assert_eq!(title("\n \r\nHello\r\nworld"), "Hello");
        assert_eq!(title(" \n\t"), "");
    }

    #[test]
    fn stays_whole_up_to_its_length() {
        let line = "x".repeat(LONGEST);
        assert_eq!(title(&line), line);
    }

    #[test]
    fn is_cut_between_words() {
        let line = format!("{} {} {}", "a".repeat(29), "b".repeat(29), "c");
        assert_eq!(
            title(&line),
            format!("{} {}…", "a".repeat(29), "b".repeat(29))
        );
        let line = format!("{} {}", "a".repeat(29), "b".repeat(40));
        assert_eq!(title(&line), format!("{}…", "a".repeat(29)));
    }

    #[test]
    fn cuts_a_word_that_has_no_end() {
        let cut = title(&"ü".repeat(100));
        assert_eq!(cut, format!("{}…", "ü".repeat(LONGEST - 1)));
    }
}
