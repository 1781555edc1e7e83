use super::*;

#[track_caller]
fn check_attos(text: &str, attos: i128) {
    assert_eq!(Usd::parse(text), Ok(Usd(attos)), "{text}");
}

#[test]
fn a_rate_beyond_18_decimals_is_rounded_half_even() {
    check_attos("0.0000000000000000005", 0); // half way down to even 0
    check_attos("0.0000000000000000015", 2); // half way up to even 2
    check_attos("0.0000000000000000025", 2); // half way down to even 2
    check_attos("0.00000000000000000250001", 3); // just above half way
    check_attos("0.00000000000000000149", 1);
    check_attos("5e-19", 0);
    check_attos("6e-19", 1);
    check_attos("9e-20", 0);
    check_attos("-1.5e-18", -2);
    check_attos("0.9999999999999999999", 1_000_000_000_000_000_000); // the carry runs through
}

#[test]
fn amounts_print_as_plain_decimals_and_read_back() {
    for (text, printed) in [
        ("0.0075", "0.0075"),
        ("1.5e-07", "0.00000015"),
        ("0.0", "0"),
        ("-0", "0"),
        ("12", "12"),
        ("1.20E+1", "12"),
        ("007.50", "7.5"),
        ("-0.25", "-0.25"),
        ("1e-18", "0.000000000000000001"),
        ("0e999999999999", "0"),
        (
            "170141183460469231731.687303715884105727",
            "170141183460469231731.687303715884105727",
        ),
    ] {
        let amount = Usd::parse(text).unwrap();
        assert_eq!(amount.to_string(), printed, "{text}");
        assert_eq!(Usd::parse(printed), Ok(amount), "{text}");
        assert_eq!(serde_json::to_string(&amount).unwrap(), printed, "{text}");
    }
}

#[test]
fn what_is_not_an_amount_says_why() {
    use AmountError::{Empty, NotANumber, OutOfRange};
    for (text, why) in [
        ("", Empty),
        ("-", Empty),
        ("NaN", NotANumber),
        ("inf", NotANumber),
        (".5", NotANumber),
        ("5.", NotANumber),
        ("1.2.3", NotANumber),
        ("1e", NotANumber),
        ("1e+-2", NotANumber),
        ("--1", NotANumber),
        ("1 ", NotANumber),
        ("0x10", NotANumber),
        ("\u{663}", NotANumber),
        ("1e21", OutOfRange),
        ("1e999999999999", OutOfRange),
        ("170141183460469231731.687303715884105728", OutOfRange),
    ] {
        assert_eq!(Usd::parse(text), Err(why), "{text:?}");
    }
}

#[test]
fn a_rate_is_quoted_per_million_and_charged_per_token() {
    let rate = Rate::per_million_parse("2.5").unwrap();
    assert_eq!(rate, Rate::parse("2.5e-06").unwrap());
    assert_eq!(rate.per_million().to_string(), "2.5");
    assert_eq!((rate * 1000).to_string(), "0.0025");
    assert_eq!(Rate::parse("-1e-6"), Err(AmountError::OutOfRange));
    assert_eq!(
        Rate::parse("1.000000000000000001"),
        Err(AmountError::OutOfRange)
    );
}

#[test]
fn the_dearest_rate_times_the_most_tokens_fits_and_still_adds_up() {
    let most = Rate::MAX * u64::MAX;
    assert_eq!(most.to_string(), "18446744073709551615");
    assert_eq!((most + most).to_string(), "36893488147419103230");
}

#[test]
fn a_factor_keeps_its_digits() {
    assert_eq!(Factor::parse("1.1").unwrap().to_string(), "1.1");
    assert_eq!(Factor::parse("2.0").unwrap().millionths(), 2_000_000);
    assert_eq!(Factor::parse("-1"), Err(AmountError::OutOfRange));
}

#[test]
fn quotients_are_rounded_half_to_even() {
    let rows = [
        ("exact", 6, 3, 2),
        ("below half", 10, 4, 2),
        ("half, to even below", 5, 2, 2),
        ("half, to even above", 7, 2, 4),
        ("above half", 8, 3, 3),
        ("negative half", -5, 2, -2),
    ];
    for (name, dividend, divisor, expected) in rows {
        assert_eq!(divide_half_even(dividend, divisor), expected, "{name}");
    }
}

#[test]
fn the_price_of_a_million_follows_from_the_price_of_some() {
    let rows = [
        ("a few", "0.0075", 1_500, "5"),
        (
            "thirds are rounded",
            "0.000000000000000001",
            3,
            "0.000000000000333333",
        ),
        ("no tokens", "1", 0, "0"),
        (
            "the largest count does not overflow",
            "18446744073709551615",
            u64::MAX,
            "1000000",
        ),
    ];
    for (name, cost, tokens, expected) in rows {
        let cost = Usd::parse(cost).unwrap();
        assert_eq!(cost.per_million_of(tokens).to_string(), expected, "{name}");
    }
}
