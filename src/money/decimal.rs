//! Decimal text to a count of the last decimal place, and back.

use super::AmountError;

/// Reads decimal text as a count of 10^-`decimals`. Digits beyond that are rounded by [`round_half_even`].
pub(super) fn parse_decimal(text: &str, decimals: u32) -> Result<i128, AmountError> {
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if unsigned.is_empty() {
        return Err(AmountError::Empty);
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(AmountError::NotANumber),
        None => (mantissa, ""),
    };
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) {
        return Err(AmountError::NotANumber);
    }

    let digits = whole
        .bytes()
        .chain(fraction.bytes())
        .map(|byte| byte - b'0');
    // How many of the digits stand before the last decimal we keep; zeros follow when there are too few.
    let kept = whole.len() as i64 + exponent + i64::from(decimals);
    let magnitude = take_digits(digits, kept)?;
    let magnitude = i128::try_from(magnitude).map_err(|_| AmountError::OutOfRange)?;
    Ok(if negative { -magnitude } else { magnitude })
}

/// An exponent, cut to a range in which sums of exponents and lengths cannot overflow.
fn parse_exponent(text: &str) -> Result<i64, AmountError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AmountError::NotANumber);
    }
    const CUT: i64 = 1_000_000_000;
    let magnitude = digits
        .parse::<i64>()
        .map_or(CUT, |exponent| exponent.min(CUT));
    Ok(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

/// The number made of the first `kept` digits, rounded by the rest.
fn take_digits(digits: impl Iterator<Item = u8>, kept: i64) -> Result<u128, AmountError> {
    let mut number: u128 = 0;
    let mut first_dropped = 0;
    let mut rest_is_zero = true;
    let mut seen: i64 = 0;
    for digit in digits {
        if seen < kept {
            number = push_digit(number, digit)?;
        } else if seen == kept {
            first_dropped = digit;
        } else if digit != 0 {
            rest_is_zero = false;
        }
        seen += 1;
    }
    while seen < kept && number != 0 {
        number = push_digit(number, 0)?;
        seen += 1;
    }
    Ok(round_half_even(number, first_dropped, rest_is_zero))
}

fn push_digit(number: u128, digit: u8) -> Result<u128, AmountError> {
    number
        .checked_mul(10)
        .and_then(|number| number.checked_add(u128::from(digit)))
        .filter(|number| i128::try_from(*number).is_ok())
        .ok_or(AmountError::OutOfRange)
}

/// The rounding rule: to the nearest, and exactly half way to the even neighbour, as IEEE 754 and
/// accounting do, so that rounding many amounts does not drift in one direction.
fn round_half_even(number: u128, first_dropped: u8, rest_is_zero: bool) -> u128 {
    let half_way = first_dropped == 5 && rest_is_zero;
    let up = if half_way {
        number % 2 == 1
    } else {
        first_dropped >= 5
    };
    number + u128::from(up)
}

/// Room for the longest amount: a sign, 21 digits, a point and 18 decimals.
pub(super) type Digits = [u8; 48];

/// A count of 10^-`decimals` as plain decimal without trailing zeros. Written by hand because a reply has
/// dozens of amounts, and a formatter takes several times as long.
pub(super) fn decimal_text(value: i128, decimals: u32, digits: &mut Digits) -> &str {
    let one = 10u64.pow(decimals);
    let magnitude = value.unsigned_abs();
    // Amounts below 18 USD, which are nearly all, divide several times faster in 64 bits.
    let (mut whole, fraction) = match u64::try_from(magnitude) {
        Ok(small) => (u128::from(small / one), small % one),
        Err(_) => (
            magnitude / u128::from(one),
            (magnitude % u128::from(one)) as u64,
        ),
    };
    let mut at = digits.len();
    let mut push = |byte: u8| {
        at -= 1;
        digits[at] = byte;
    };
    if fraction > 0 {
        let (mut fraction, width) = without_trailing_zeros(fraction, decimals);
        for _ in 0..width {
            push(b'0' + (fraction % 10) as u8);
            fraction /= 10;
        }
        push(b'.');
    }
    while whole > u128::from(u64::MAX) {
        push(b'0' + (whole % 10) as u8);
        whole /= 10;
    }
    let mut whole = whole as u64;
    loop {
        push(b'0' + (whole % 10) as u8);
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if value < 0 {
        push(b'-');
    }
    std::str::from_utf8(&digits[at..]).unwrap_or_default()
}

/// A number above zero without the zeros at its end, and how many of its digits are left.
fn without_trailing_zeros(mut number: u64, mut digits: u32) -> (u64, u32) {
    for (power, zeros) in [(100_000_000, 8), (10_000, 4), (100, 2), (10, 1)] {
        while number.is_multiple_of(power) {
            number /= power;
            digits -= zeros;
        }
    }
    (number, digits)
}
