//! Where a setting stands, and which one a problem of the configuration speaks of.

use serde::Serialize;

use crate::config::{Changes, Config, Problem, Problems, Scope};

/// What is wrong with a live change, and with which setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// Its scope.
    pub scope: String,
    /// Its key within the scope.
    pub key: String,
    /// What is wrong with it.
    pub message: String,
}

impl Wrong {
    pub(super) fn new(scope: &Scope, key: &str, message: impl Into<String>) -> Self {
        Self {
            scope: scope.to_string(),
            key: key.to_owned(),
            message: message.into(),
        }
    }
}

/// What keeps the changes from being made, each under the setting at fault.
pub(super) fn wrongs(problems: &Problems, file: &Config, changes: &Changes) -> Vec<Wrong> {
    let fatal = problems.iter().filter(|problem| problem.fatal);
    fatal.map(|problem| wrong(problem, file, changes)).collect()
}

fn wrong(problem: &Problem, file: &Config, changes: &Changes) -> Wrong {
    let (path, message) = (problem.path(), problem.message());
    let (scope, key) = place(path, file, changes);
    match key.split_once('[') {
        // Which member of a list it is, where people count from one.
        Some((key, place)) => {
            let place = place.trim_end_matches(']').parse::<usize>();
            let place =
                place.map_or_else(|_| String::new(), |place| format!("entry {}: ", place + 1));
            Wrong::new(&scope, key, format!("{place}{message}"))
        }
        None => Wrong::new(&scope, key, message),
    }
}

/// The setting that a path of the configuration means. Ids may hold dots: the longest that is there counts.
pub(super) fn place<'p>(path: &'p str, file: &Config, changes: &Changes) -> (Scope, &'p str) {
    let providers = file
        .providers
        .iter()
        .chain(file.demos.iter().map(|(provider, _)| provider));
    let models = file
        .models
        .iter()
        .chain(file.demos.iter().map(|(_, model)| model));
    let known = providers.map(|provider| Scope::Provider(provider.id.clone()));
    let known = known.chain(models.map(|model| Scope::Model(model.id.clone())));
    let assistants = file.assistants.iter();
    let known = known.chain(assistants.map(|it| Scope::Assistant(it.id.clone())));
    let spoken_of = changes.values.keys().map(|(scope, _)| scope.clone());
    let named = changes.models.keys().map(|id| Scope::Model(id.clone()));
    let fits = known.chain(spoken_of).chain(named).filter_map(|scope| {
        let key = match scope {
            Scope::Global => return None,
            Scope::Provider(_) | Scope::Model(_) | Scope::Assistant(_) => {
                path.strip_prefix(&scope.path(""))?
            }
        };
        Some((scope, key.strip_prefix('.')?))
    });
    let nearest = fits.min_by_key(|(_, key)| key.len());
    nearest.unwrap_or((Scope::Global, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Source};

    #[test]
    fn a_path_is_found_again_though_ids_hold_dots() {
        let text = "[[providers]]\nid = \"p\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
                    [[models]]\nid = \"gpt-4\"\nprovider = \"p\"\n[[models]]\nid = \"gpt-4.1\"\nprovider = \"p\"\n\
                    [[assistants]]\nid = \"qa.fr\"\nmodel = \"gpt-4\"\n";
        let (file, _) = Source::of(text, &Environment::new()).read().unwrap();
        for (path, scope, key) in [
            ("resilience.timeout", "global", "resilience.timeout"),
            (
                "models.gpt-4.1.resilience.timeout",
                "models/gpt-4.1",
                "resilience.timeout",
            ),
            ("models.gpt-4.fallbacks[1]", "models/gpt-4", "fallbacks[1]"),
            (
                "assistants.qa.fr.candidate.percent",
                "assistants/qa.fr",
                "candidate.percent",
            ),
            ("providers.p.enabled", "providers/p", "enabled"),
            (
                "models.demo-swift.fallbacks",
                "models/demo-swift",
                "fallbacks",
            ),
        ] {
            let (found, rest) = place(path, &file, &Changes::default());
            assert_eq!((found.to_string().as_str(), rest), (scope, key));
        }
    }
}
