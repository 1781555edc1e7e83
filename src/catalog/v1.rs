//! The 87 models of the v1 service. Whoever priced one of them there can price it here.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::rates::{Component, RateKey, Rates};
use crate::money::{AmountError, Rate};

/// What `source` says of a model that only v1 knew.
pub const SOURCE: &str = "price list of the v1 service; today's price map does not have the model";

/// A model as v1 had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V1Model {
    /// v1's display name of the provider.
    pub provider: String,
    pub name: String,
    pub input: Rate,
    pub output: Rate,
    /// The context window, in tokens.
    pub context_window: u64,
}

#[derive(Deserialize)]
struct Row<'a> {
    provider: String,
    model_name: String,
    /// Read as text: v1 wrote floats, and their shortest text is the price that was meant.
    #[serde(borrow)]
    cost_per_input_token: &'a RawValue,
    #[serde(borrow)]
    cost_per_output_token: &'a RawValue,
    context_window: u64,
}

/// v1's models in v1's order.
///
/// # Errors
/// None in a released build: the tests read the same text.
pub fn models() -> Result<Vec<V1Model>, String> {
    let rows: Vec<Row> =
        serde_json::from_str(include_str!("data/v1_models.json")).map_err(|why| why.to_string())?;
    let parsed = rows.into_iter().map(|row| {
        Ok(V1Model {
            input: Rate::parse(row.cost_per_input_token.get())?,
            output: Rate::parse(row.cost_per_output_token.get())?,
            provider: row.provider,
            name: row.model_name,
            context_window: row.context_window,
        })
    });
    parsed
        .collect::<Result<_, AmountError>>()
        .map_err(|why| why.to_string())
}

impl V1Model {
    /// v1's two prices as rates of a model.
    pub fn rates(&self) -> Rates {
        let rates = vec![
            (RateKey::base(Component::Input), self.input),
            (RateKey::base(Component::Output), self.output),
        ];
        // Two different keys cannot be there twice.
        Rates::new(rates).unwrap_or_default()
    }
}
