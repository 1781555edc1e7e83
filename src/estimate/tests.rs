use time::OffsetDateTime;

use super::*;
use crate::catalog::Catalog;

fn price(name: &str, input_tokens: u64, output_tokens: u64) -> Result<[String; 3], Unpriced> {
    let catalog = Catalog::built_in().unwrap();
    let model = catalog.find(name).unwrap();
    let estimate = estimate(
        model,
        catalog.provider(model.provider),
        &Usage::text(input_tokens, output_tokens),
        &Terms::at(OffsetDateTime::UNIX_EPOCH),
    )?;
    let Estimate {
        input_cost,
        output_cost,
        total_cost,
        ..
    } = estimate;
    Ok([input_cost, output_cost, total_cost].map(|usd| usd.to_string()))
}
#[test]
fn the_worked_examples_without_options_come_out_exactly() {
    for (name, input, output, costs) in [
        ("gpt-4o", 1000, 500, ["0.0025", "0.005", "0.0075"]),
        (
            "text-embedding-3-large",
            123_457,
            0,
            ["0.01604941", "0", "0.01604941"],
        ),
        ("gpt-4o", 0, 0, ["0", "0", "0"]),
    ] {
        assert_eq!(price(name, input, output).unwrap(), costs, "{name}");
    }
}

#[test]
fn a_missing_rate_is_an_error_and_not_a_zero() {
    // Priced in the priority tier only.
    assert_eq!(
        price("fireworks_ai/accounts/fireworks/models/minimax-m2p7", 1, 1),
        Err(Unpriced::Model)
    );
    // Input is billed per second of video.
    assert_eq!(
        price("twelvelabs.pegasus-1-2-v1:0", 1, 1),
        Err(Unpriced::Input)
    );
    assert!(price("twelvelabs.pegasus-1-2-v1:0", 0, 1).is_ok());
    // Output is billed per image token, which stands in for the missing output rate.
    assert_eq!(price("gpt-image-1", 0, 1_000_000).unwrap()[1], "40");
}

#[test]
fn an_embedding_charges_its_input_only() {
    assert_eq!(
        price("mistral/mistral-embed", 1_000_000, 9).unwrap(),
        ["0.1", "0", "0.1"]
    );
}

#[test]
fn a_batch_price_of_the_output_alone_is_charged() {
    let text = r#"{"format":"llm-pricing catalogue","format_version":1,"version":"v1","date":"2026-11-23","source":"list","source_digest":"0000000000000000000000000000000000000000000000000000000000000000","unit":"USD per million tokens","providers":1,"models":1}
{"slug":"acme","name":"Acme"}
{"id":"acme/m","name":"m","mode":"chat","rates":{"input":"2","output":"10","output@batch":"4"}}
"#;
    let catalog = crate::catalog::file::read(text).unwrap();
    let model = catalog.find("acme/m").unwrap();
    let usage = Usage {
        reasoning_tokens: 250_000,
        ..Usage::text(1_000_000, 1_000_000)
    };
    let terms = Terms {
        service_tier: ServiceTier::Batch,
        ..Terms::at(OffsetDateTime::UNIX_EPOCH)
    };
    let estimate = estimate(model, catalog.provider(model.provider), &usage, &terms).unwrap();
    assert_eq!(estimate.input_cost.to_string(), "1");
    assert_eq!(estimate.output_cost.to_string(), "4");
    assert!(estimate.is_assumed);
}
