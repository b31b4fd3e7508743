//! `/api/admin/order`: the order of the providers, which is the setting `resilience.provider_order`.

use std::sync::Arc;

use axum::extract::State;
use evenkeel_protocol::{Effect, SettingValue};
use serde::{Deserialize, Serialize};

use super::{administrator, refusal};
use crate::api::{Json, to_its_end};
use crate::config::Scope;
use crate::error::Refusal;
use crate::live::{self, Wanted};
use crate::principal::Principal;
use crate::shared::Shared;

#[derive(Serialize)]
pub(super) struct Order {
    order: Vec<String>,
    revision: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrder {
    /// None takes a live order back.
    order: Option<Vec<String>>,
    revision: u64,
    #[serde(default)]
    preview: bool,
}

pub(super) async fn read(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Result<axum::Json<Order>, Refusal> {
    administrator(&principal)?;
    Ok(axum::Json(Order {
        revision: shared.live.revision(),
        order: shared.config().provider_order.clone(),
    }))
}

pub(super) async fn change(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Json(new): Json<NewOrder>,
) -> Result<axum::Json<Effect>, Refusal> {
    administrator(&principal)?;
    let place = (Scope::Global, "resilience.provider_order".to_owned());
    let wanted = Wanted::from([(place, new.order.map(SettingValue::List))]);
    let effect = to_its_end(async move {
        let changed = live::change(&shared, &principal.id, new.revision, new.preview, wanted).await;
        changed.map_err(refusal)
    });
    Ok(axum::Json(effect.await?))
}
