//! The configuration: defaults, under the file, under the environment. Raw becomes checked in one step, which finds every
//! problem and names its key's path.

pub(crate) mod alert_words;
mod alerts;
mod assistants;
mod chains;
mod chat;
mod demo;
pub(crate) mod entry_words;
pub(crate) mod guard_words;
mod guards;
mod kind;
mod known;
mod live;
mod models;
mod ollama;
mod presets;
mod providers;
pub(crate) mod reader;
pub(crate) mod resilience;
pub(crate) mod resilience_words;
mod source;
mod telemetry;
mod tree;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use url::Url;

pub use alerts::{AlertsConfig, Bar, LimitKind, RULES, Rule, RuleFacts};
pub use assistants::AssistantConfig;
pub use chat::ChatConfig;
pub use guards::{Grounding, GuardsConfig, Injection, Pii};
pub use kind::{Family, ProviderKind};
use live::Extras;
pub use live::{Changes, Keys, Place, Scope};
pub use models::ModelConfig;
pub use providers::ProviderConfig;
use reader::{At, Reader};
pub use source::Source;
pub use telemetry::TelemetryConfig;
use tree::Origin;

use evenkeel_engine::{BudgetSettings, Settings};

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How the server is reached from elsewhere.
    pub public_url: Option<Url>,
    /// The database.
    pub storage_url: String,
    /// What may be asked of a model without anybody's question.
    pub chat: ChatConfig,
    /// What is alerted, and where it is sent.
    pub alerts: AlertsConfig,
    /// What is done to turns for safety's sake.
    pub guards: GuardsConfig,
    /// Where spans and metrics are sent.
    pub telemetry: TelemetryConfig,
    /// The engine's figures, where nothing nearer says otherwise.
    pub resilience: Settings,
    /// What all turns together may spend on retries and hedges.
    pub retry_budget: BudgetSettings,
    /// The order of the providers, as far as it is said or known.
    pub provider_order: Vec<String>,
    /// The models that step in for everybody's.
    pub default_fallbacks: Vec<String>,
    /// The model that answers where none is asked for; none where only the demo is there.
    pub default_model: Option<String>,
    /// The providers, in the file's order.
    pub providers: Vec<ProviderConfig>,
    /// The models, in the file's order.
    pub models: Vec<ModelConfig>,
    /// The demo's providers, each with its model.
    pub demos: Vec<(ProviderConfig, ModelConfig)>,
    /// The assistants, in the file's order.
    pub assistants: Vec<AssistantConfig>,
}

/// Something that is wrong, or looks wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// It keeps the server from starting.
    pub fatal: bool,
    path: String,
    origin: Option<Origin>,
    message: String,
}

impl Problem {
    pub(crate) fn error(path: &str, origin: Option<Origin>, message: String) -> Self {
        Self {
            fatal: true,
            path: path.to_owned(),
            origin,
            message,
        }
    }

    /// The key's path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn warning(path: &str, origin: Option<Origin>, message: String) -> Self {
        Self {
            fatal: false,
            path: path.to_owned(),
            origin,
            message,
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.fatal { "error" } else { "warning" };
        write!(f, "{kind}: {}", self.path)?;
        if let Some(origin) = &self.origin {
            write!(f, " ({origin})")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Every problem that was found, in the order of the file's sections.
pub type Problems = Vec<Problem>;

/// What the environment gives.
pub type Environment = BTreeMap<String, String>;

/// Reads another document than the configuration in the same manner: a scenario. The environment has no say in it.
///
/// # Errors
///
/// All problems, if one of them is fatal. Otherwise the warnings come with what was read.
pub(crate) fn parse_document<T>(
    text: &str,
    read: impl FnOnce(Reader<'_>) -> T,
) -> Result<(T, Problems), Problems> {
    let table = tree::parse(text).map_err(|problem| vec![problem])?;
    let problems = RefCell::new(vec![]);
    let document = read(Reader::new(table, "", &problems));
    let problems = problems.into_inner();
    if problems.iter().any(|problem: &Problem| problem.fatal) {
        Err(problems)
    } else {
        Ok((document, problems))
    }
}

fn read(mut root: Reader<'_>, environment: &Environment, mut live: Extras) -> Config {
    let mut server = root.table("server");
    let listen = server.text("listen");
    let listen = match &listen {
        None => SocketAddr::from(([127, 0, 0, 1], 3000)),
        Some(text) => text.value.parse().unwrap_or_else(|_| {
            server.complain(
                text,
                "must be an address and a port, such as 127.0.0.1:3000".into(),
            );
            SocketAddr::from(([127, 0, 0, 1], 3000))
        }),
    };
    let public_url = server.text("public_url").and_then(|text| {
        let url = Url::parse(&text.value).ok().filter(|url| url.has_host());
        if url.is_none() {
            server.complain(
                &text,
                "must be a URL such as https://chat.example.org".into(),
            );
        }
        url
    });
    server.finish();

    let mut storage = root.table("storage");
    let storage_url = storage.text("url");
    if let Some(url) = storage_url
        .as_ref()
        .filter(|url| !url.value.starts_with("sqlite://"))
    {
        storage.complain(
            url,
            "must begin with sqlite://; this version keeps its data in SQLite".into(),
        );
    }
    storage.finish();

    let mut auth = root.table("auth");
    if let Some(mode) = auth.text("mode").filter(|mode| mode.value != "local") {
        auth.complain(
            &mode,
            "must be \"local\"; this version has one local user".into(),
        );
    }
    auth.finish();

    let chat = chat::read(root.table("chat"));
    let alerts = alerts::read(root.table("alerts"), environment);
    let guards = guards::read(root.table("guards"), &GuardsConfig::default());
    let telemetry = telemetry::read(root.table("telemetry"));

    let mut section = root.table("resilience");
    let resilience = resilience::settings(&mut section, &Settings::default());
    let ProcessWide {
        retry_budget,
        default_fallbacks,
        provider_order,
    } = process_wide(&mut section);
    section.finish();

    let mut providers = providers::read_providers(&mut root, &resilience, environment);
    if providers.is_empty() {
        providers = known::from_environment(&root, environment, &resilience, &mut live);
    }
    let mut models = models::read_models(&mut root, &resilience, &mut providers, &mut live);
    let mut demos = demo::read(&root, &resilience, &mut live);
    let mut assistants = assistants::read_assistants(&mut root, &providers, &models, &guards);
    for (path, message) in live.left() {
        root.add(Problem::error(&path, Some(Origin::Live), message.into()));
    }
    root.later(&["cluster", "organisations"]);

    let order = provider_order.as_ref().map_or_else(
        || {
            ["openrouter", "anthropic", "deepseek", "openai"]
                .map(str::to_owned)
                .to_vec()
        },
        |names| names.iter().map(|name| name.value.clone()).collect(),
    );
    let default_fallbacks = chains::link(
        &root,
        &providers,
        &mut models,
        default_fallbacks.as_deref(),
        &order,
    );
    chains::link_demos(&root, &models, &mut demos);
    let everybodys = &default_fallbacks;
    chains::link_assistants(&root, &models, &demos, everybodys, &mut assistants);
    root.finish();
    let first_default = chains::defaults(&providers, &order).into_iter().next();
    let enabled = |model: &&ModelConfig| {
        !model.discovered
            && providers
                .iter()
                .any(|provider| provider.id == model.provider && provider.enabled)
    };
    let first_model = || models.iter().find(enabled).map(|model| model.id.clone());
    Config {
        listen,
        public_url,
        storage_url: storage_url.map_or_else(|| "sqlite://evenkeel.db".to_owned(), |url| url.value),
        chat,
        alerts,
        guards,
        telemetry,
        resilience,
        retry_budget,
        provider_order: order,
        default_fallbacks,
        default_model: first_default.or_else(first_model),
        providers,
        models,
        demos,
        assistants,
    }
}

/// What of `[resilience]` holds for the whole process.
pub(crate) struct ProcessWide {
    retry_budget: BudgetSettings,
    default_fallbacks: Option<Vec<At<String>>>,
    provider_order: Option<Vec<At<String>>>,
}

pub(crate) fn process_wide(section: &mut Reader<'_>) -> ProcessWide {
    ProcessWide {
        retry_budget: resilience::retry_budget(section),
        default_fallbacks: section.texts("default_fallbacks"),
        provider_order: section.texts("provider_order"),
    }
}

#[cfg(test)]
mod tests;
