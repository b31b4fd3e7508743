//! What a turn cost.

use evenkeel_engine::Answer;

use crate::catalog::Catalog;

/// What the tokens of a turn that is at its end cost where the prices are known: the answer's, and those of answers that
/// nobody got.
pub fn cost(
    catalog: &Catalog,
    answer: &Answer,
    usage: Option<evenkeel_engine::Usage>,
) -> Option<f64> {
    let own = usage.map(|usage| (answer.model(), usage));
    let lost = answer.spent().iter();
    own.into_iter()
        .chain(lost.map(|spent| (&spent.model, spent.usage)))
        .filter_map(|(model, usage)| {
            let model = catalog.model(model.as_str())?;
            model.price(usage.input_tokens, usage.output_tokens)
        })
        .reduce(|one, other| one + other)
}
