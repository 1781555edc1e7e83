//! Decimal numbers read digit by digit, so that prices can be compared without a float in between.

/// A number as a count of 1e-18, rounded half to even where it has more digits than that.
#[track_caller]
pub fn attos(text: &str) -> i128 {
    const DECIMALS: i32 = 18;
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}")
        .parse()
        .unwrap_or_else(|_| panic!("not a number: {text}"));
    let exponent: i32 = exponent.parse().expect("an exponent");
    let shift = DECIMALS + exponent - i32::try_from(fraction.len()).unwrap();
    let power = 10_i128.pow(shift.unsigned_abs());
    if shift >= 0 {
        digits * power
    } else {
        divide(digits, power)
    }
}

/// A quotient of whole numbers that are not negative, rounded half to even.
pub fn divide(dividend: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (dividend / divisor, dividend % divisor);
    let is_up = rest * 2 > divisor || (rest * 2 == divisor && quotient % 2 == 1);
    quotient + i128::from(is_up)
}

#[test]
fn decimals_are_read_exactly() {
    let rows = [
        ("0", 0),
        ("1", 1_000_000_000_000_000_000),
        ("2.5e-06", 2_500_000_000_000),
        ("0.0000025", 2_500_000_000_000),
        ("1E-18", 1),
        ("1.0000000000000001e-07", 100_000_000_000),
        ("2.5e-18", 2),
        ("3.5e-18", 4),
        ("2.51e-18", 3),
    ];
    for (text, expected) in rows {
        assert_eq!(attos(text), expected, "{text}");
    }
}
