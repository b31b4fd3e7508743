//! How alike the names of models are: families, and what somebody may have meant.

use std::collections::BTreeSet;

/// Families by the words that their models' names begin with.
const FAMILIES: [(&str, &[&str]); 16] = [
    ("gpt", &["gpt", "chatgpt"]),
    ("claude", &["claude"]),
    ("gemini", &["gemini"]),
    ("gemma", &["gemma", "codegemma"]),
    ("llama", &["llama", "codellama", "tinyllama"]),
    (
        "mistral",
        &[
            "mistral",
            "mixtral",
            "ministral",
            "codestral",
            "devstral",
            "magistral",
            "pixtral",
        ],
    ),
    ("qwen", &["qwen", "qwq", "qvq"]),
    ("deepseek", &["deepseek"]),
    ("grok", &["grok"]),
    ("command", &["command", "aya"]),
    ("phi", &["phi"]),
    ("sonar", &["sonar"]),
    ("kimi", &["kimi", "moonshot"]),
    ("glm", &["glm", "chatglm"]),
    ("nova", &["nova"]),
    ("granite", &["granite"]),
];

/// OpenAI's models that reason have names of one word.
const REASONERS: [&str; 3] = ["o1", "o3", "o4"];

/// Words that say in which edition a model comes, not which it is.
const EDITIONS: [&str; 8] = [
    "latest", "preview", "instruct", "chat", "it", "free", "exp", "beta",
];

/// Words in the names of models that do not chat.
const NO_CHAT: [&str; 24] = [
    "aqa",
    "audio",
    "babbage",
    "bge",
    "clip",
    "dall",
    "davinci",
    "diffusion",
    "flux",
    "guard",
    "image",
    "imagen",
    "minilm",
    "moderation",
    "ocr",
    "realtime",
    "rerank",
    "reranker",
    "sora",
    "speech",
    "transcribe",
    "tts",
    "veo",
    "whisper",
];

/// No more names are offered for one that is not there.
const NEAR_LIMIT: usize = 3;

/// What is longer is nobody's misspelt name.
const LONGEST_NAME: usize = 200;

/// Below this, two names have nothing to do with one another.
const NEAR_ENOUGH: f64 = 0.8;

/// The words of a name without its maker.
fn words(name: &str) -> impl Iterator<Item = String> {
    let own = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    let words: Vec<_> = own
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

/// The family that a model belongs to, by its name: sizes, versions and makers aside.
pub(super) fn family(name: &str) -> String {
    if name.to_lowercase().contains("gpt-oss") {
        return "gpt-oss".to_owned();
    }
    let of = |word: &String| {
        let reasons = REASONERS.contains(&word.as_str()).then_some("gpt");
        let known = FAMILIES.iter().find(|(_, beginnings)| {
            beginnings
                .iter()
                .any(|beginning| word.starts_with(beginning))
        });
        reasons.or(known.map(|(family, _)| *family))
    };
    let known = words(name).find_map(|word| of(&word).map(str::to_owned));
    known.unwrap_or_else(|| {
        let first = words(name).next().unwrap_or_default();
        first
            .chars()
            .take_while(|letter| letter.is_alphabetic())
            .collect()
    })
}

/// What a model is called wherever it is offered: without maker, date and edition.
pub(super) fn canonical(name: &str) -> String {
    let mut kept: Vec<String> = vec![];
    let mut after_year = 0;
    for word in words(name) {
        let digits = word.chars().all(|c| c.is_ascii_digit());
        if digits && word.len() >= 4 {
            // A year has a month and a day behind it.
            after_year = if word.len() == 4 { 2 } else { 0 };
            continue;
        }
        if digits && word.len() == 2 && after_year > 0 {
            after_year -= 1;
            continue;
        }
        after_year = 0;
        if !EDITIONS.contains(&word.as_str()) {
            kept.push(word);
        }
    }
    kept.join("-")
}

/// Whether a model can be chatted with, as far as its name tells.
pub(super) fn chats(name: &str) -> bool {
    !words(name).any(|word| word.contains("embed") || NO_CHAT.contains(&word.as_str()))
}

/// How alike two canonical names are, from 0 to 1: by their words, and by their letters.
pub(super) fn likeness(a: &str, b: &str) -> f64 {
    let words = |name| -> BTreeSet<String> { words(name).collect() };
    let (own, other) = (words(a), words(b));
    let all = own.union(&other).count().max(1);
    let shared = own.intersection(&other).count() as f64 / all as f64;
    (shared + strsim::jaro_winkler(a, b)) / 2.0
}

/// The names that somebody may have meant, the nearest first.
pub fn near<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    if name.len() > LONGEST_NAME {
        return vec![];
    }
    let (whole, plain) = (name.to_lowercase(), canonical(name));
    let mut near: Vec<(f64, &str)> = names
        .into_iter()
        .filter(|other| *other != name)
        .map(|other| {
            let alike = strsim::jaro_winkler(&whole, &other.to_lowercase());
            // The same model under another maker's or date's name is nearer than a misspelt one.
            let same = !plain.is_empty() && canonical(other) == plain;
            (if same { alike.max(0.99) } else { alike }, other)
        })
        .filter(|(alike, _)| *alike >= NEAR_ENOUGH)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.dedup_by(|a, b| a.1 == b.1);
    near.truncate(NEAR_LIMIT);
    near.into_iter().map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_found_whatever_stands_around_it() {
        for (name, expected) in [
            ("gpt-4o-mini", "gpt"),
            ("openai/chatgpt-4o-latest", "gpt"),
            ("o3-mini", "gpt"),
            ("gpt-oss:20b", "gpt-oss"),
            ("anthropic/claude-sonnet-4.5", "claude"),
            ("meta-llama/Meta-Llama-3.1-70B-Instruct", "llama"),
            ("llama3.2:3b", "llama"),
            ("deepseek-r1-distill-llama-70b", "deepseek"),
            ("mistralai/Mixtral-8x7B", "mistral"),
            ("open-mistral-nemo", "mistral"),
            ("qwen2.5-coder:7b", "qwen"),
            ("models/gemini-2.5-flash", "gemini"),
            ("starling-lm", "starling"),
            ("", ""),
        ] {
            assert_eq!(family(name), expected, "{name}");
        }
    }

    #[test]
    fn a_model_is_the_same_under_another_makers_or_dates_name() {
        for name in [
            "claude-sonnet-4-5",
            "claude-sonnet-4-5-20250929",
            "anthropic/claude-sonnet-4.5",
            "claude-sonnet-4-5-latest",
        ] {
            assert_eq!(canonical(name), "claude-sonnet-4-5", "{name}");
        }
        assert_eq!(canonical("gpt-4o-2024-08-06"), "gpt-4o");
        assert_eq!(canonical("gpt-4-0613"), "gpt-4");
        assert_ne!(canonical("gpt-4o"), canonical("gpt-4o-mini"));
    }

    #[test]
    fn what_does_not_chat_is_told_by_its_name() {
        for name in [
            "text-embedding-3-small",
            "nomic-embed-text:latest",
            "whisper-1",
            "dall-e-3",
            "gpt-image-1",
            "tts-1-hd",
            "llama-guard-4-12b",
        ] {
            assert!(!chats(name), "{name}");
        }
        for name in ["gpt-4o", "llama3.2:3b", "imagine-chat", "claude-sonnet-4-5"] {
            assert!(chats(name), "{name}");
        }
    }

    #[test]
    fn near_names_are_offered_the_nearest_first() {
        let names = ["claude-sonnet-4-5", "gpt-4o", "gpt-4o-mini", "demo-swift"];
        assert_eq!(near("gtp-4o", names), ["gpt-4o", "gpt-4o-mini"]);
        assert_eq!(near("GPT-4o", names)[0], "gpt-4o");
        assert_eq!(
            near("anthropic/claude-sonnet-4.5", names)[0],
            "claude-sonnet-4-5"
        );
        assert_eq!(near("nothing-like-it", names), Vec::<String>::new());
        assert_eq!(near("", names), Vec::<String>::new());
    }
}
