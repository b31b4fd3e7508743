//! What a turn cost.

use evenkeel_engine::Answer;

use crate::catalog::Catalog;
use crate::shared::Shared;

/// Counts the tokens of a turn that is at its end, and what they cost where the prices are known: the answer's, and those
/// of answers that nobody got.
pub fn cost(
    shared: &Shared,
    catalog: &Catalog,
    answer: &Answer,
    usage: Option<evenkeel_engine::Usage>,
) -> Option<f64> {
    let own = usage.map(|usage| (answer.model(), usage));
    let lost = answer.spent().iter();
    own.into_iter()
        .chain(lost.map(|spent| (&spent.model, spent.usage)))
        .filter_map(|(model, usage)| {
            let id = model.as_str();
            let tokens = |direction, count| {
                let tokens = &shared.metrics.tokens;
                tokens.with_label_values(&[id, direction]).inc_by(count);
            };
            tokens("input", usage.input_tokens);
            tokens("output", usage.output_tokens);
            let cost = catalog
                .model(id)?
                .price(usage.input_tokens, usage.output_tokens)?;
            shared.metrics.cost.with_label_values(&[id]).inc_by(cost);
            Some(cost)
        })
        .reduce(|one, other| one + other)
}
