//! Numbers without bounds, as exact as their text.

use num_bigint::BigInt;
use num_rational::BigRational;

/// A number with all its digits.
pub type Exact = BigRational;
pub fn exact(number: u64) -> Exact {
    Exact::from_integer(number.into())
}

/// The number that a decimal text says, such as `2.5e-06`.
pub fn parse(text: &str) -> Exact {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: BigInt = format!("{whole}{fraction}")
        .parse()
        .unwrap_or_else(|_| panic!("not a number: {text}"));
    let exponent: i32 = exponent.parse().expect("an exponent");
    let exponent = exponent - i32::try_from(fraction.len()).expect("a few digits");
    let power = BigInt::from(10).pow(exponent.unsigned_abs());
    if exponent < 0 {
        Exact::new(digits, power)
    } else {
        Exact::from_integer(digits * power)
    }
}

/// Whether two numbers are the same to 12 significant digits.
pub fn is_same_to_12_digits(one: &Exact, other: &Exact) -> bool {
    let difference = one - other;
    let allowed = other * parse("5e-13");
    -&allowed <= difference && difference <= allowed
}

/// Whether a number has more than 18 decimals.
pub fn is_finer_than_attos(number: &Exact) -> bool {
    let attos = Exact::from_integer(BigInt::from(10).pow(18));
    !(number * attos).is_integer()
}

/// A number to read in a report, to 24 decimals.
pub fn decimal(number: &Exact) -> String {
    let scaled = (number * parse("1e24")).round().to_integer().to_string();
    let padded = format!("{scaled:0>25}");
    let (whole, fraction) = padded.split_at(padded.len() - 24);
    let digits = format!("{whole}.{fraction}");
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}
