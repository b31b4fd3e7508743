//! Languages that are made of words, numbers, strings and comments, as most are.

use super::languages::{Language, Quote};
use super::{Kind, Open, Pen};

/// Paints a line from `at` on; gives what it leaves open.
pub(super) fn paint(language: &Language, line: &str, at: usize, open: Open, pen: &mut Pen) -> Open {
    let mut at = at;
    match open {
        Open::Nothing => {}
        Open::Comment(depth) => match comment(language, line, at, depth) {
            (end, 0) => {
                pen.until(end, Some(Kind::Comment));
                at = end;
            }
            (end, depth) => {
                pen.until(end, Some(Kind::Comment));
                return Open::Comment(depth);
            }
        },
        Open::Text(place) => {
            let Some(quote) = language.quotes.get(usize::from(place)) else {
                return Open::Nothing;
            };
            match closed(line, at, quote) {
                Some(end) => {
                    pen.until(end, Some(Kind::String));
                    at = end;
                }
                None => {
                    pen.until(line.len(), Some(Kind::String));
                    return open;
                }
            }
        }
    }
    words(language, line, at, pen)
}

fn words(language: &Language, line: &str, mut at: usize, pen: &mut Pen) -> Open {
    let begin = at;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let before = line
            .get(begin..at)
            .and_then(|before| before.chars().next_back());
        if begins_comment(language, rest, before) {
            pen.piece(at, line.len(), Kind::Comment);
            return Open::Nothing;
        }
        if language
            .block
            .is_some_and(|(mark, _)| rest.starts_with(mark))
        {
            let (end, depth) = comment(language, line, at, 0);
            pen.piece(at, end, Kind::Comment);
            if depth > 0 {
                return Open::Comment(depth);
            }
            at = end;
            continue;
        }
        if let Some((place, quote)) = opened(language, rest, before) {
            let inside = at + quote.open.len();
            let Some(end) = closed(line, inside, quote) else {
                pen.piece(at, line.len(), Kind::String);
                let next = u8::try_from(place).unwrap_or_default();
                return if quote.lines {
                    Open::Text(next)
                } else {
                    Open::Nothing
                };
            };
            let key = language.keys == Some(':')
                && line
                    .get(end..)
                    .is_some_and(|rest| rest.trim_start().starts_with(':'));
            pen.piece(at, end, if key { Kind::Name } else { Kind::String });
            at = end;
            continue;
        }
        let (length, kind) = word(
            language,
            rest,
            before,
            line.get(begin..at).unwrap_or_default(),
        );
        if let Some(kind) = kind {
            pen.piece(at, at + length, kind);
        }
        at += length;
    }
    Open::Nothing
}

/// What begins here: how long it is, and what.
fn word(
    language: &Language,
    rest: &str,
    before: Option<char>,
    line: &str,
) -> (usize, Option<Kind>) {
    let first = rest.chars().next().unwrap_or(' ');
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if first.is_ascii_digit() && !in_word {
        let more = |c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.' && c != '%';
        let length = rest.find(more).unwrap_or(rest.len());
        let number = rest.get(..length).unwrap_or_default();
        // `1..2` is two numbers and something between them.
        let length = number.find("..").unwrap_or(length);
        return (
            number
                .get(..length)
                .unwrap_or_default()
                .trim_end_matches('.')
                .len(),
            Some(Kind::Number),
        );
    }
    if let Some(mark) = language.meta.iter().find(|mark| rest.starts_with(**mark)) {
        let next = rest.get(mark.len()..).unwrap_or_default();
        let length = match *mark {
            "#[" | "#![" | "[<" => next
                .find(']')
                .map_or(rest.len(), |end| mark.len() + end + 1),
            "#" if !line.trim().is_empty() => return (1, None),
            _ => {
                mark.len()
                    + next
                        .find(|c: char| !c.is_alphanumeric() && !"_-.:".contains(c))
                        .unwrap_or(next.len())
            }
        };
        if length > mark.len() {
            return (length, Some(Kind::Meta));
        }
    }
    let letter = |c: char| c.is_alphanumeric() || c == '_' || language.letters.contains(c);
    if !letter(first) {
        return (first.len_utf8(), None);
    }
    let length = rest.find(|c| !letter(c)).unwrap_or(rest.len());
    let word = rest.get(..length).unwrap_or_default();
    let after = rest.get(length..).unwrap_or_default();
    (length, named(language, word, before, after, line))
}

fn named(
    language: &Language,
    word: &str,
    before: Option<char>,
    after: &str,
    line: &str,
) -> Option<Kind> {
    let member = before == Some('.') && !line.ends_with("..");
    if !member && language.has(language.keywords, word) {
        return Some(Kind::Keyword);
    }
    if !member && language.has(language.values, word) {
        return Some(Kind::Number);
    }
    if language.has(language.types, word) {
        return Some(Kind::Type);
    }
    if word.starts_with('$') && word.len() > 1 {
        return Some(Kind::Type);
    }
    let keyed =
        |mark: char| after.trim_start().starts_with(mark) && !after.trim_start().starts_with("::");
    let first = || line.trim().is_empty();
    let tag = language.tags
        && (line.ends_with('<') || line.ends_with("</"))
        && !line
            .trim_end_matches(['<', '/'])
            .ends_with(|c: char| c.is_alphanumeric());
    match language.keys {
        _ if tag => Some(Kind::Keyword),
        Some('=') if keyed('=') || keyed('.') && first() => Some(Kind::Name),
        Some('-') if first() && after.trim_start().starts_with(':') => Some(Kind::Name),
        Some('1') if first() => Some(Kind::Keyword),
        _ if after.starts_with('(') || after.starts_with("!(") || after.starts_with("![") => {
            Some(Kind::Name)
        }
        _ if language.capitals && word.starts_with(char::is_uppercase) => Some(Kind::Type),
        _ => None,
    }
}

fn begins_comment(language: &Language, rest: &str, before: Option<char>) -> bool {
    language.comments.iter().any(|mark| {
        // In a shell, and in a URL, a mark within a word is none.
        let apart = *mark != "#" || before.is_none_or(|c| c.is_whitespace() || ";)}]".contains(c));
        apart && rest.starts_with(mark)
    })
}

/// Where a comment ends that is `depth` deep at `at`, and how deep it is then.
fn comment(language: &Language, line: &str, at: usize, depth: u8) -> (usize, u8) {
    let Some((open, close)) = language.block else {
        return (line.len(), 0);
    };
    let (mut at, mut depth) = (at, depth);
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(close) && depth > 0 {
            (at, depth) = (at + close.len(), depth - 1);
            if depth == 0 {
                return (at, 0);
            }
        } else if rest.starts_with(open) && (depth == 0 || language.nested) {
            (at, depth) = (at + open.len(), depth.saturating_add(1));
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    (line.len(), depth)
}

/// The string that begins here.
fn opened<'a>(
    language: &'a Language,
    rest: &str,
    before: Option<char>,
) -> Option<(usize, &'a Quote)> {
    let found = language
        .quotes
        .iter()
        .enumerate()
        .find(|(_, quote)| rest.starts_with(quote.open))?;
    let quote = found.1;
    let prefixed = quote.open.starts_with(|c: char| c.is_ascii_alphabetic());
    if prefixed && before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    // One character in quotes, or the name of a lifetime; or the apostrophe of a word.
    if quote.single {
        let mut inside = rest.get(1..)?.chars();
        let first = inside.next()?;
        let character = first == '\\' || inside.next() == Some('\'');
        return (character && first != '\'').then_some(found);
    }
    Some(found)
}

/// The place behind the string's end mark.
fn closed(line: &str, at: usize, quote: &Quote) -> Option<usize> {
    let mut at = at;
    loop {
        let rest = line.get(at..).filter(|rest| !rest.is_empty())?;
        if rest.starts_with(quote.close) {
            return Some(at + quote.close.len());
        }
        let mut chars = rest.chars();
        at += chars.next().map_or(1, char::len_utf8);
        if quote.escapes && rest.starts_with('\\') {
            at += chars.next().map_or(0, char::len_utf8);
        }
    }
}
