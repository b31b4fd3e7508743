//! `/api/receipt`.

use std::sync::Arc;

use axum::extract::State;
use evenkeel_protocol::Receipt;
use evenkeel_store::Account;

use crate::catalog::Catalog;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

pub(crate) async fn receipt(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Result<axum::Json<Receipt>, Refusal> {
    let accounts = shared.store.accounts(&principal.id).await?;
    Ok(axum::Json(total(&accounts, &shared.catalog())))
}

/// All models together. Prices are today's.
fn total(accounts: &[Account], catalog: &Catalog) -> Receipt {
    let sum = |figure: fn(&Account) -> u64| accounts.iter().map(figure).sum::<u64>();
    let extra = accounts.iter().filter_map(|account| {
        let usage = account.usage?;
        let model = account.requested_model.as_str();
        let asked = catalog
            .model(model)?
            .price(usage.input_tokens, usage.output_tokens)?;
        Some(account.cost - asked)
    });
    Receipt {
        since: accounts.iter().filter_map(|account| account.since).min(),
        answers: sum(|account| account.answers),
        saved: sum(|account| account.saved),
        lost: sum(|account| account.lost),
        seconds_lost: sum(|account| account.lost_ms) as f64 / 1000.0,
        extra_cost: extra.reduce(|one, other| one + other),
        simulated: sum(|account| account.simulated),
    }
}
