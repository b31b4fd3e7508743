//! A configured provider: a wire family, an address, a credential, and the wire to it.

use std::sync::Arc;

use evenkeel_engine::{ModelId, Upstream};
use url::Url;

use crate::openai::OpenAiUpstream;
use crate::{Caller, Prompt, Secret, Wire};

/// A provider of the OpenAI-compatible family; the demo's are of it as well.
#[derive(Clone)]
pub struct Provider {
    wire: Wire,
    completions: Arc<str>,
    key: Option<Secret>,
    usage_option: bool,
}

impl Provider {
    /// `base_url` is what OpenAI's own client libraries take: up to and including `/v1`, or its like.
    pub fn openai(wire: Wire, base_url: &Url, key: Option<Secret>) -> Self {
        let mut url = base_url.clone();
        let path = format!("{}/chat/completions", url.path().trim_end_matches('/'));
        url.set_path(&path);
        // Mistral always counts, and refuses to be asked to.
        let usage_option = url.host_str() != Some("api.mistral.ai");
        Self {
            wire,
            completions: url.as_str().into(),
            key,
            usage_option,
        }
    }

    /// The way to ask one of its models. `id` is the model's id here, `name` the provider's own name for it.
    pub fn upstream(
        &self,
        id: ModelId,
        name: &str,
        prompt: Arc<Prompt>,
        caller: Caller,
    ) -> Arc<dyn Upstream> {
        Arc::new(OpenAiUpstream {
            wire: self.wire.clone(),
            url: self.completions.clone(),
            key: self.key.clone(),
            model: id,
            name: name.into(),
            usage_option: self.usage_option,
            prompt,
            caller,
        })
    }
}
