//! Asks a provider for its models.

use std::sync::Arc;

use bytes::Bytes;
use evenkeel_engine::{ModelId, Observed, UpstreamError};
use evenkeel_providers::{Caller, Wire};
use futures_util::StreamExt;
use http::{Request, header};
use serde_json::Value;

use crate::config::Endpoint;

/// A model that a provider lists; none is what it does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Discovered {
    /// The provider's name for it.
    pub name: String,
    /// The tokens its context holds.
    pub context_window: Option<u64>,
    /// It sees images.
    pub vision: Option<bool>,
    /// It calls tools.
    pub tools: Option<bool>,
    /// US dollars per million tokens of the prompt.
    pub input_cost: Option<f64>,
    /// US dollars per million tokens of the answer.
    pub output_cost: Option<f64>,
}

/// Stands in until every family lists its models itself.
#[derive(Clone)]
pub(super) struct Lister {
    pub wire: Wire,
    pub at: Endpoint,
}

impl Lister {
    pub async fn list(self, caller: Arc<str>) -> Result<Vec<Discovered>, UpstreamError> {
        let other = |observed| UpstreamError {
            observed,
            simulated: None,
        };
        let base = self.at.base_url.as_str().trim_end_matches('/');
        let mut request = Request::get(format!("{base}/models"));
        if let Some(key) = &self.at.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", key.reveal()));
        }
        let request = request
            .body(Bytes::new())
            .map_err(|error| other(Observed::Other(error.to_string())))?;
        let caller = Caller { principal: caller };
        let mut reply = self.wire.send(&caller, &ModelId::from(""), request).await?;
        let mut body = vec![];
        while let Some(piece) = reply.body.next().await {
            body.extend_from_slice(&piece?);
        }
        if !reply.status.is_success() {
            return Err(other(Observed::Status {
                status: reply.status.as_u16(),
                code: None,
                message: String::new(),
                retry_after: None,
            }));
        }
        let value: Value = serde_json::from_slice(&body)
            .map_err(|error| other(Observed::Malformed(error.to_string())))?;
        let list = value["data"].as_array().cloned().unwrap_or_default();
        let names = list.iter().filter_map(|model| model["id"].as_str());
        Ok(names
            .map(|name| Discovered {
                name: name.to_owned(),
                ..Discovered::default()
            })
            .collect())
    }
}
