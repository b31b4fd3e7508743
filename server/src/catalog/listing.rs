//! What the providers list: the models that discovery has seen, and which of them a configured name means.

use std::collections::BTreeMap;
use std::sync::Arc;

use evenkeel_engine::ProviderId;

use evenkeel_providers::Discovered;

/// What each provider listed last.
pub type Listings = BTreeMap<ProviderId, Arc<[Discovered]>>;

/// The listed model that a name means. Providers answer to more names than they list.
pub(super) fn find<'l>(listing: &'l [Discovered], name: &str) -> Option<&'l Discovered> {
    let exact = listing.iter().find(|listed| listed.is_named(name));
    exact.or_else(|| listing.iter().find(|listed| means(name, &listed.name)))
}

fn means(name: &str, listed: &str) -> bool {
    // OpenRouter takes `:online` and the like behind any name.
    if name.contains('/') && name.split_once(':').is_some_and(|(name, _)| name == listed) {
        return true;
    }
    let (stem, any_version) = match name.strip_suffix("-latest") {
        Some(stem) => (stem, true),
        None => (name, false),
    };
    let version = listed
        .strip_prefix(stem)
        .and_then(|rest| rest.strip_prefix('-'));
    version.is_some_and(|version| any_version || is_date(version))
}

/// A date, or a version number like OpenAI's `0613`.
fn is_date(version: &str) -> bool {
    let digits = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
    match version.split('-').collect::<Vec<_>>().as_slice() {
        [number] => number.len() >= 3 && digits(number),
        [year, month, day] => {
            [year.len(), month.len(), day.len()] == [4, 2, 2]
                && [year, month, day].iter().all(|part| digits(part))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_answers_to_more_names_than_it_lists() {
        let listed = |name: &str| Discovered {
            name: name.to_owned(),
            ..Discovered::default()
        };
        let listing = [
            "gpt-4o-2024-08-06",
            "gpt-4o",
            "claude-sonnet-4-5-20250929",
            "claude-3-5-haiku-20241022",
            "llama3.2:latest",
            "gemini-2.5-flash",
            "openai/gpt-4o",
        ]
        .map(listed);
        for (name, expected) in [
            ("gpt-4o", Some("gpt-4o")),
            ("claude-sonnet-4-5", Some("claude-sonnet-4-5-20250929")),
            ("claude-3-5-haiku-latest", Some("claude-3-5-haiku-20241022")),
            ("llama3.2", Some("llama3.2:latest")),
            ("models/gemini-2.5-flash", Some("gemini-2.5-flash")),
            ("openai/gpt-4o:online", Some("openai/gpt-4o")),
            ("gpt-4", None),
            ("llama3.2:3b", None),
            ("claude-sonnet", None),
            ("", None),
        ] {
            let found = find(&listing, name).map(|listed| listed.name.as_str());
            assert_eq!(found, expected, "{name}");
        }
    }
}
