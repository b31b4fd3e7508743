//! The demo's providers and models: always there, and nothing of them is in the file; live changes reach them as they
//! reach others.

use evenkeel_engine::Settings;
use evenkeel_providers::DEMO_MODELS;

use super::kind::ProviderKind;
use super::live::Extras;
use super::models::ModelConfig;
use super::providers::ProviderConfig;
use super::reader::Reader;
use super::resilience;

pub(super) fn read(
    root: &Reader<'_>,
    outer: &Settings,
    live: &mut Extras,
) -> Vec<(ProviderConfig, ModelConfig)> {
    let mut read = |demo: &evenkeel_providers::DemoModel| {
        let path = format!("providers.{}", demo.provider);
        let mut said = root.apart(live.provider(demo.provider), &path);
        let mut nested = said.table("resilience");
        resilience::refuse_process_wide(&mut nested);
        let settings = resilience::settings(&mut nested, outer);
        nested.finish();
        let provider = ProviderConfig {
            id: demo.provider.to_owned(),
            kind: ProviderKind::Demo,
            default_model: None,
            enabled: said.flag("enabled").unwrap_or(true),
            probed: false,
            offers_listed: false,
            resilience: settings,
            key_source: None,
            first_model: None,
        };
        said.finish();
        let said = live.model(demo.id).unwrap_or_default();
        let mut said = root.apart(said, &format!("models.{}", demo.id));
        let fallbacks = said.texts("fallbacks");
        let mut nested = said.table("resilience");
        resilience::refuse_process_wide(&mut nested);
        resilience::refuse_provider_wide(&mut nested);
        let mut model = ModelConfig::bare(demo.id, demo.provider, &provider.resilience);
        model.resilience = resilience::settings(&mut nested, &provider.resilience);
        nested.finish();
        said.finish();
        model.said = fallbacks.is_some();
        for name in fallbacks.unwrap_or_default() {
            model.fallbacks.push(name.value);
            model.places.push((name.path, name.origin));
        }
        (provider, model)
    };
    DEMO_MODELS.iter().map(&mut read).collect()
}
