//! From a configured `base_url` to the addresses that are asked.

use url::Url;

/// The base without what is not part of it: a slash at its end, a query, and `tail`, where somebody has written the
/// version already that the family adds itself.
pub(crate) fn root(base: &Url, tail: &str) -> Url {
    let mut root = base.clone();
    root.set_query(None);
    root.set_fragment(None);
    let path = base.path().trim_end_matches('/');
    let path = path.strip_suffix(tail).unwrap_or(path);
    root.set_path(path.trim_end_matches('/'));
    root
}

/// An address below the root. Each segment is encoded as one, so that no model's name can change the path.
pub(crate) fn below<'s>(root: &Url, segments: impl IntoIterator<Item = &'s str>) -> Url {
    let mut url = root.clone();
    // Fails only for URLs that cannot have a path (`mailto:`), and those reach no provider anyway.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// Whether a URL's host is one of these or below one of them (`.example.org`).
pub(crate) fn hosted_at(url: &Url, hosts: &[&str]) -> bool {
    url.host_str().is_some_and(|host| {
        hosts
            .iter()
            .any(|wanted| host == *wanted || (wanted.starts_with('.') && host.ends_with(wanted)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_as_a_base() {
        for (base, tail, expected) in [
            ("https://a.example", "/v1", "https://a.example/v1/messages"),
            ("https://a.example/", "/v1", "https://a.example/v1/messages"),
            (
                "https://a.example/v1",
                "/v1",
                "https://a.example/v1/messages",
            ),
            (
                "https://a.example/v1/",
                "/v1",
                "https://a.example/v1/messages",
            ),
            (
                "https://a.example/proxy/v1//?x=1#y",
                "/v1",
                "https://a.example/proxy/v1/messages",
            ),
            (
                "http://a.example:8080/anthropic",
                "/v1",
                "http://a.example:8080/anthropic/v1/messages",
            ),
        ] {
            let root = root(&base.parse().unwrap(), tail);
            assert_eq!(
                below(&root, ["v1", "messages"]).as_str(),
                expected,
                "{base}"
            );
        }
    }

    #[test]
    fn a_name_is_one_segment_whatever_is_in_it() {
        let root: Url = "https://a.example".parse().unwrap();
        for (name, expected) in [
            (
                "gemini-2.5-pro:stream",
                "https://a.example/gemini-2.5-pro:stream",
            ),
            ("a/../b?c#d", "https://a.example/a%2F..%2Fb%3Fc%23d"),
            ("50% ü", "https://a.example/50%25%20%C3%BC"),
        ] {
            assert_eq!(below(&root, [name]).as_str(), expected);
        }
    }
}
