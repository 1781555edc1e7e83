//! What holds for every amount of money, whatever its text: it is the nearest there is, and prints
//! what reads back as itself.

use std::cell::Cell;

use llm_pricing::money::{Factor, Rate, Usd};
use proptest::prelude::{Strategy, prop_oneof};
use proptest::{prop_assert, prop_assert_eq};

use crate::oracle::exact::{exact, parse};
use crate::properties::for_all;

/// Decimal numbers as people and programs write them, more digits than an amount keeps included.
fn decimal_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,19}",
        "0\\.[0-9]{1,25}",
        "-?[0-9]{1,12}(\\.[0-9]{1,25})?",
        "[0-9](\\.[0-9]{1,17})?[eE]-[0-9]{1,2}",
        "-?[0-9]{1,5}(\\.[0-9]{1,8})?[eE]\\+?[0-9]",
    ]
}

#[test]
fn an_amount_is_the_nearest_to_its_text_and_reads_back_what_it_prints() {
    let half_an_atto = parse("5e-19");
    for_all(2_000, &decimal_text(), |text| {
        let amount = Usd::parse(&text).expect("an amount");
        let printed = amount.to_string();
        prop_assert_eq!(Usd::parse(&printed), Ok(amount), "{}", printed);
        prop_assert_eq!(serde_json::to_string(&amount).unwrap(), printed.clone());
        prop_assert!(!printed.contains(['e', 'E', '+']), "{}", printed);
        let error = parse(&printed) - parse(&text);
        prop_assert!(
            -&half_an_atto <= error && error <= half_an_atto,
            "{}",
            printed
        );
        Ok(())
    });
    for_all(1_000, &(-i128::MAX..=i128::MAX), |count| {
        let amount = Usd::from_attos(count);
        prop_assert_eq!(Usd::parse(&amount.to_string()), Ok(amount));
        Ok(())
    });
}

#[test]
fn a_rate_reads_back_what_it_prints_per_token_and_per_million() {
    let seen = Cell::new(0);
    for_all(2_000, &decimal_text(), |text| {
        if let Ok(rate) = Rate::parse(&text) {
            seen.set(seen.get() + 1);
            prop_assert_eq!(Rate::parse(&rate.usd().to_string()), Ok(rate));
            let per_million = rate.per_million().to_string();
            prop_assert_eq!(Rate::per_million_parse(&per_million), Ok(rate));
            prop_assert_eq!(
                parse(&per_million),
                parse(&rate.usd().to_string()) * exact(1_000_000)
            );
        }
        Ok(())
    });
    assert!(seen.get() > 500, "{} texts were rates", seen.get());
}

#[test]
fn a_factor_reads_back_what_it_prints() {
    let seen = Cell::new(0);
    for_all(2_000, &decimal_text(), |text| {
        if let Ok(factor) = Factor::parse(&text) {
            seen.set(seen.get() + 1);
            prop_assert_eq!(Factor::parse(&factor.to_string()), Ok(factor));
        }
        Ok(())
    });
    assert!(seen.get() > 500, "{} texts were factors", seen.get());
}
