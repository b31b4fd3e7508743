//! HTML and XML, with the styles and scripts in them.

use super::languages::Language;
use super::{Carry, Kind, Name, Open, Pen, general};

/// What is open around a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Outer {
    /// Text.
    #[default]
    Text,
    /// A comment.
    Comment,
    /// A tag; what follows it is in this language.
    Tag(Inner),
    /// A string in a tag, with this mark.
    Value(u8, Inner),
    /// A script or a style.
    Inside(Inner),
}

/// What stands in an element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Inner {
    /// Markup.
    #[default]
    Markup,
    /// A script.
    Script,
    /// A style.
    Style,
}

impl Inner {
    fn of(tag: &str) -> Self {
        match tag.to_ascii_lowercase().as_str() {
            "script" => Self::Script,
            "style" => Self::Style,
            _ => Self::Markup,
        }
    }

    fn language(self) -> Option<(&'static Language, &'static str)> {
        match self {
            Self::Markup => None,
            Self::Script => Some((Name::Script.language(), "</script")),
            Self::Style => Some((Name::Css.language(), "</style")),
        }
    }
}

/// Paints a line.
pub(super) fn paint(line: &str, before: Carry, pen: &mut Pen) -> Carry {
    let Carry {
        mut open,
        mut outer,
    } = before;
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match outer {
            Outer::Text => text(rest, &mut outer),
            Outer::Comment => {
                let end = rest.find("-->").map(|end| end + 3);
                if end.is_some() {
                    outer = Outer::Text;
                }
                (end.unwrap_or(rest.len()), Some(Kind::Comment))
            }
            Outer::Tag(inner) => tag(rest, inner, &mut outer),
            Outer::Value(mark, inner) => {
                let end = rest.find(char::from(mark)).map(|end| end + 1);
                if end.is_some() {
                    outer = Outer::Tag(inner);
                }
                (end.unwrap_or(rest.len()), Some(Kind::String))
            }
            Outer::Inside(inner) => {
                let Some((language, end)) = inner.language() else {
                    outer = Outer::Text;
                    continue;
                };
                let until = rest.find(end);
                let part = line.get(..until.map_or(line.len(), |until| at + until));
                open = general::paint(language, part.unwrap_or_default(), at, open, pen);
                if until.is_some() {
                    (outer, open) = (Outer::Text, Open::Nothing);
                }
                at += until.unwrap_or(rest.len());
                pen.until(at, None);
                continue;
            }
        };
        pen.until(at + length.0, length.1);
        at += length.0;
    }
    Carry { open, outer }
}

/// Text up to the next mark, or the mark.
fn text(rest: &str, outer: &mut Outer) -> (usize, Option<Kind>) {
    if rest.starts_with("<!--") {
        *outer = Outer::Comment;
        return (4, Some(Kind::Comment));
    }
    if let Some(name) = rest.strip_prefix('<') {
        let mark = if name.starts_with('/') { 2 } else { 1 };
        let name = name.trim_start_matches('/');
        if name.starts_with(|c: char| c.is_alphabetic() || c == '!' || c == '?') {
            let length = name
                .find(|c: char| c.is_whitespace() || "<>/=".contains(c))
                .unwrap_or(name.len());
            let inner = if mark == 1 {
                Inner::of(name.get(..length).unwrap_or_default())
            } else {
                Inner::Markup
            };
            *outer = Outer::Tag(inner);
            return (mark + length, Some(Kind::Keyword));
        }
        return (1, None);
    }
    if rest.starts_with('&') {
        let end = rest
            .get(..rest.len().min(rest.floor_char_boundary(12)))
            .unwrap_or_default()
            .find(';');
        return end.map_or((1, None), |end| (end + 1, Some(Kind::Number)));
    }
    (rest.find(['<', '&']).unwrap_or(rest.len()), None)
}

/// The next piece of a tag.
fn tag(rest: &str, inner: Inner, outer: &mut Outer) -> (usize, Option<Kind>) {
    if rest.starts_with("/>") || rest.starts_with("?>") {
        *outer = Outer::Text;
        return (2, Some(Kind::Keyword));
    }
    let first = rest.chars().next().unwrap_or(' ');
    match first {
        '>' => {
            *outer = if inner == Inner::Markup {
                Outer::Text
            } else {
                Outer::Inside(inner)
            };
            (1, Some(Kind::Keyword))
        }
        '"' | '\'' => {
            *outer = Outer::Value(first as u8, inner);
            (1, Some(Kind::String))
        }
        _ if first.is_alphanumeric() || "@:_#*".contains(first) => {
            let end = rest.find(|c: char| c.is_whitespace() || "=>/\"'".contains(c));
            (end.unwrap_or(rest.len()), Some(Kind::Type))
        }
        _ => (first.len_utf8(), None),
    }
}
