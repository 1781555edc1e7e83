//! Decimal texts as amounts, rates and shares, against whole numbers without bounds.
#![no_main]

use std::cmp::Ordering;

use libfuzzer_sys::fuzz_target;
use llm_pricing::money::{AmountError, Discount, Factor, Rate, Ratio, Usd};
use num_bigint::BigInt;

/// Texts whose exact value would fill the memory are only compared where they are out of range.
const EXPONENT_MAX: i64 = 1_000;

fuzz_target!(|text: &str| {
    let amount = Usd::parse(text);
    match exact(text, 18) {
        None => assert!(amount.is_err(), "{text:?} is {amount:?}"),
        Some(Exact::Known(attos)) => {
            let known = i128::try_from(attos)
                .ok()
                .filter(|attos| *attos != i128::MIN);
            let expected = known.map(Usd::from_attos);
            assert_eq!(amount, expected.ok_or(AmountError::OutOfRange), "{text:?}");
        }
        Some(Exact::Huge) => assert_eq!(amount, Err(AmountError::OutOfRange), "{text:?}"),
        Some(Exact::Zero) => assert_eq!(amount, Ok(Usd::ZERO), "{text:?}"),
    }
    if let Ok(amount) = amount {
        check_amount(amount);
    }
    if let Ok(rate) = Rate::parse(text) {
        assert_eq!(Rate::parse(&rate.usd().to_string()), Ok(rate));
        let per_million = rate.per_million().to_string();
        assert_eq!(Rate::per_million_parse(&per_million), Ok(rate));
        assert!(rate * u64::MAX >= rate.usd(), "a product never wraps");
    }
    if let Ok(discount) = Discount::percent_parse(text) {
        for rate in [Rate::ZERO, Rate::MAX] {
            assert!(rate.less(discount) <= rate, "a discount is one");
        }
    }
    if let Ok(left) = Factor::after_discount(text) {
        assert!(left.millionths() <= 1_000_000, "a discount is one");
    }
    if let Ok(factor) = Factor::parse(text) {
        assert_eq!(Factor::parse(&factor.to_string()), Ok(factor));
    }
});

/// What prints reads back, and what is multiplied is exact or refused.
fn check_amount(amount: Usd) {
    let printed = amount.to_string();
    assert_eq!(Usd::parse(&printed), Ok(amount), "{printed}");
    assert_eq!(serde_json::to_string(&amount).expect("a number"), printed);
    let attos = BigInt::from(amount.attos());
    for factor in ["0", "0.000001", "0.5", "1.1", "4294.967295"] {
        let factor = Factor::parse(factor).expect("a factor");
        let scaled = amount.scaled(Ratio::from(factor));
        let exact = divide(&(&attos * factor.millionths()), &BigInt::from(1_000_000));
        if let Some(scaled) = scaled {
            assert_eq!(
                BigInt::from(scaled.attos()),
                exact,
                "{printed} times {factor}"
            );
        } else {
            assert!(i128::try_from(exact).is_err(), "{printed} times {factor}");
        }
    }
    for tokens in [1_u64, 3, 999_999_999_999_999] {
        let exact = divide(&(&attos * 1_000_000), &BigInt::from(tokens));
        // Beyond the range it stays at its end.
        if let Ok(exact) = i128::try_from(exact) {
            let found = amount.per_million_of(tokens);
            assert_eq!(found.attos(), exact, "{printed} for {tokens} tokens");
        }
    }
}

/// What a text says, to so many decimals.
enum Exact {
    Known(BigInt),
    /// Not zero, and more than anything holds.
    Huge,
    /// Nearer to zero than to anything else.
    Zero,
}

/// Reads a decimal number: a sign, digits, a point and digits, an exponent. All but digits may be missing.
fn exact(text: &str, decimals: i64) -> Option<Exact> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], &unsigned[at + 1..]),
        None => (unsigned, "0"),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, "0"),
    };
    let power = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let are_digits = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if ![whole, fraction, power].iter().all(are_digits) {
        return None;
    }
    let digits: BigInt = format!("{whole}{fraction}").parse().expect("digits");
    let digits = if text.starts_with('-') {
        -digits
    } else {
        digits
    };
    if digits == BigInt::ZERO {
        return Some(Exact::Zero);
    }
    let shift = exponent.parse().ok().and_then(|exponent: i64| {
        exponent
            .checked_add(decimals)?
            .checked_sub(fraction.len() as i64)
    });
    let reach = EXPONENT_MAX + text.len() as i64;
    Some(
        match shift.filter(|shift| (-reach..=reach).contains(shift)) {
            None if exponent.starts_with('-') => Exact::Zero,
            None => Exact::Huge,
            Some(shift) => {
                let power = BigInt::from(10).pow(shift.unsigned_abs() as u32);
                Exact::Known(if shift < 0 {
                    divide(&digits, &power)
                } else {
                    digits * power
                })
            }
        },
    )
}

/// A quotient by a positive divisor, rounded to the nearest whole number, half way to the even one.
fn divide(dividend: &BigInt, divisor: &BigInt) -> BigInt {
    let (mut whole, mut rest): (BigInt, BigInt) = (dividend / divisor, dividend % divisor);
    if rest < BigInt::ZERO {
        rest += divisor;
        whole -= 1;
    }
    let is_odd = &whole % 2 != BigInt::ZERO;
    rest *= 2;
    match rest.cmp(divisor) {
        Ordering::Less => whole,
        Ordering::Equal if !is_odd => whole,
        _ => whole + 1,
    }
}
