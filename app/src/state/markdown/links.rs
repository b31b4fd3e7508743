//! Addresses that stand in a text as they are, and what of them may be followed.

use super::Node;

/// The address, where it may be followed.
pub(super) fn safe_href(href: &str) -> Option<String> {
    let href = href.trim();
    let begins = |scheme: &str| {
        href.get(..scheme.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    (begins("https://") || begins("http://") || begins("mailto:")).then(|| href.to_owned())
}

/// The host of an address of the web.
pub(super) fn host(href: &str) -> Option<&str> {
    let (_, rest) = href.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    (!host.is_empty()).then_some(host)
}

/// The same pieces with the bare addresses in their text as links. Seams that lie in one are marked behind it.
pub(super) fn linked(children: Vec<Node>) -> Vec<Node> {
    let bare = |node: &Node| matches!(node, Node::Text(text) if text.contains("://"));
    // A seam may lie in the very colon.
    let seam = |node: &Node| matches!(node, Node::Seam(_));
    if !children.iter().any(bare) && !children.iter().any(seam) {
        return children;
    }
    let mut out = Vec::with_capacity(children.len());
    let mut text = String::new();
    let mut seams = Vec::new();
    for child in children {
        if let Node::Text(part) = &child {
            text.push_str(part);
        } else if let Node::Seam(place) = &child {
            seams.push((text.len(), *place));
        } else {
            flush(&mut text, &mut seams, &mut out);
            out.push(child);
        }
    }
    flush(&mut text, &mut seams, &mut out);
    out
}

/// Adds what was gathered.
fn flush(text: &mut String, seams: &mut Vec<(usize, usize)>, out: &mut Vec<Node>) {
    let mut seams = seams.drain(..).peekable();
    let mut from = 0;
    let mut plain = |until: usize, out: &mut Vec<Node>, from: &mut usize| {
        while let Some((at, place)) = seams.next_if(|(at, _)| *at <= until) {
            push_text(text.get(*from..at.max(*from)), out);
            out.push(Node::Seam(place));
            *from = at.max(*from);
        }
        push_text(text.get(*from..until), out);
        *from = until;
    };
    while let Some((start, end)) = next_address(text, from) {
        plain(start, out, &mut from);
        let href = text.get(start..end).unwrap_or_default().to_owned();
        let children = vec![Node::Text(href.clone())];
        out.push(Node::Link { href, children });
        from = end;
    }
    plain(text.len(), out, &mut from);
    drop(seams);
    text.clear();
}

fn push_text(text: Option<&str>, out: &mut Vec<Node>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        out.push(Node::Text(text.to_owned()));
    }
}

/// Where the next address begins and ends.
fn next_address(text: &str, from: usize) -> Option<(usize, usize)> {
    let mut search = from;
    loop {
        let found = text.get(search..)?.find("://")? + search;
        search = found + 3;
        let before = text.get(from..found).unwrap_or_default();
        let Some(scheme) = ["https", "http"]
            .into_iter()
            .find(|scheme| before.ends_with(scheme))
        else {
            continue;
        };
        let start = found - scheme.len();
        let word = text.get(..start)?.chars().next_back();
        let end = search + address_length(text.get(search..)?);
        let host = text.get(search..end)?;
        if !word.is_some_and(char::is_alphanumeric) && host.starts_with(char::is_alphanumeric) {
            return Some((start, end));
        }
    }
}

/// How much of a text belongs to the address that it begins in the middle of.
fn address_length(rest: &str) -> usize {
    let outside = |c: char| {
        c.is_whitespace() || c.is_control() || "<>\"`|\\^{}、。，；：！？（）「」".contains(c)
    };
    let mut address = &rest[..rest.find(outside).unwrap_or(rest.len())];
    while let Some(last) = address.chars().next_back() {
        let unmatched = |open: char, close: char| {
            last == close && address.matches(close).count() > address.matches(open).count()
        };
        if !"?!.,:;*_~'".contains(last) && !unmatched('(', ')') && !unmatched('[', ']') {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        linked(vec![Node::Text(text.to_owned())])
            .into_iter()
            .map(|node| {
                if let Node::Link { href, .. } = node {
                    format!("<{href}>")
                } else {
                    crate::state::plain(&[node])
                }
            })
            .collect()
    }

    #[test]
    fn bare_addresses_are_links_up_to_the_end_of_the_sentence() {
        assert_eq!(
            shown("see https://a.example/b_c?d=1, or not"),
            "see <https://a.example/b_c?d=1>, or not"
        );
        assert_eq!(
            shown("(http://a.example/b(c))."),
            "(<http://a.example/b(c)>)."
        );
        assert_eq!(shown("https://a.example。次"), "<https://a.example>。次");
    }

    #[test]
    fn what_is_no_address_is_text() {
        for text in [
            "xhttps://a.example",
            "https://",
            "ftp://a.example",
            "javascript://a",
            "://",
            "https://-",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn the_host_is_what_is_asked() {
        assert_eq!(host("https://a.example/b?c"), Some("a.example"));
        assert_eq!(
            host("https://user@evil.example:8080#x"),
            Some("evil.example:8080")
        );
        assert_eq!(host("mailto:a@b.example"), None);
    }
}
