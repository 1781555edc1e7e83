//! Money as whole numbers.
//!
//! An amount is a count of 1e-18 USD ("attodollars"). Every price in the catalogue and every cost computed
//! from one is such a count, so sums are exact and the JSON reply shows them digit by digit. Text enters
//! through `parse_decimal`, the only place that rounds, and leaves through `decimal_text`.

mod decimal;
mod discount;
mod ratio;

use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::num::NonZeroU64;
use std::ops::{Add, Mul, Sub};

use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

pub use discount::Discount;
pub use ratio::Ratio;

use decimal::{decimal_text, parse_decimal};

/// Decimal places of an amount: one unit is 1e-18 USD.
const USD_DECIMALS: u32 = 18;
/// Decimal places of a rate written per million tokens: 1e-12 USD per million is 1e-18 USD per token.
const PER_MILLION_DECIMALS: u32 = USD_DECIMALS - 6;
/// Decimal places of a [`Factor`].
const FACTOR_DECIMALS: u32 = 6;

/// An amount of US dollars in units of 1e-18 USD; about +-1.7e20 USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i128);

impl Usd {
    /// No money.
    pub const ZERO: Usd = Usd(0);

    /// Reads a decimal number of dollars, such as `0.0075`, `12` or `1.5e-07`.
    ///
    /// # Errors
    /// When the text is not a decimal number, or is beyond the range of an amount.
    pub fn parse(text: &str) -> Result<Usd, AmountError> {
        parse_decimal(text, USD_DECIMALS).map(Usd)
    }

    /// An amount from its count of 1e-18 USD.
    pub const fn from_attos(attos: i128) -> Usd {
        Usd(attos)
    }

    /// The amount as a count of 1e-18 USD.
    pub const fn attos(self) -> i128 {
        self.0
    }

    /// Half of the sum of both, rounded half to even.
    pub fn midpoint(one: Usd, other: Usd) -> Usd {
        Usd(divide_half_even((one + other).0, 2))
    }

    /// What a million tokens cost when `tokens` of them cost this much, rounded half to even; nothing
    /// when there are none.
    pub fn per_million_of(self, tokens: u64) -> Usd {
        let Some(tokens) = NonZeroU64::new(tokens) else {
            return Usd::ZERO;
        };
        let tokens = i128::from(tokens.get());
        // Whole and rest apart, so that neither product leaves the range.
        let (whole, rest) = (self.0.div_euclid(tokens), self.0.rem_euclid(tokens));
        Usd(whole.saturating_mul(1_000_000) + divide_half_even(rest * 1_000_000, tokens))
    }
}

impl Add for Usd {
    type Output = Usd;

    /// Saturates at the ends of the range. Every cost is below 2e19 USD (see [`Rate`]), so it takes eight
    /// of the largest imaginable calls to get there.
    fn add(self, other: Usd) -> Usd {
        Usd(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Usd;

    /// Saturates at the ends of the range.
    fn sub(self, other: Usd) -> Usd {
        Usd(self.0.saturating_sub(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Usd>>(amounts: I) -> Usd {
        amounts.fold(Usd::ZERO, Add::add)
    }
}

/// Plain decimal, shortest form, never an exponent: `0.0075`, `0.00000015`, `0`, `12`.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(decimal_text(self.0, USD_DECIMALS, &mut [0; 48]))
    }
}

/// A JSON number with exactly the digits of the amount. It passes as raw text, so only `serde_json` can
/// write it.
impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = [0; 48];
        serialize_digits(decimal_text(self.0, USD_DECIMALS, &mut digits), serializer)
    }
}

/// A number as it stands. It passes as raw text, which `serde_json` checks to be a number again.
fn serialize_digits<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_str::<&RawValue>(text)
        .map_err(S::Error::custom)?
        .serialize(serializer)
}

/// A price per token, from 0 to 1 USD, in units of 1e-18 USD.
///
/// The upper bound is what makes [`Rate`] times tokens safe: 1e18 units times `u64::MAX` tokens is below
/// 1.9e37, and an amount holds 1.7e38.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

impl Rate {
    /// Free.
    pub const ZERO: Rate = Rate(0);
    /// One dollar per token, a thousand times what the catalogue accepts.
    pub const MAX: Rate = Rate(1_000_000_000_000_000_000);

    /// Reads a price in USD per token, such as `2.5e-06`.
    ///
    /// # Errors
    /// When the text is not a decimal number, is negative or above [`Rate::MAX`].
    pub fn parse(text: &str) -> Result<Rate, AmountError> {
        Rate::from_attos(parse_decimal(text, USD_DECIMALS)?)
    }

    /// Reads a price in USD per million tokens, such as `2.5`.
    ///
    /// # Errors
    /// As [`Rate::parse`].
    pub fn per_million_parse(text: &str) -> Result<Rate, AmountError> {
        Rate::from_attos(parse_decimal(text, PER_MILLION_DECIMALS)?)
    }

    fn from_attos(attos: i128) -> Result<Rate, AmountError> {
        match u64::try_from(attos) {
            Ok(attos) if attos <= Rate::MAX.0 => Ok(Rate(attos)),
            _ => Err(AmountError::OutOfRange),
        }
    }

    /// The price of one token.
    pub fn usd(self) -> Usd {
        self * 1
    }

    /// The price of a million tokens, which is how people quote it: `2.5`.
    pub fn per_million(self) -> Usd {
        self * 1_000_000
    }
}

impl Mul<u64> for Rate {
    type Output = Usd;

    /// The price of that many tokens; cannot overflow, as the type's doc explains.
    fn mul(self, tokens: u64) -> Usd {
        Usd(i128::from(self.0) * i128::from(tokens))
    }
}

/// A multiplier on a price, such as 1.1 for a regional endpoint, in millionths; from 0 to 4294.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor(u32);

impl Factor {
    /// Reads a multiplier, such as `1.1`.
    ///
    /// # Errors
    /// When the text is not a decimal number, is negative or too large.
    pub fn parse(text: &str) -> Result<Factor, AmountError> {
        let millionths = parse_decimal(text, FACTOR_DECIMALS)?;
        u32::try_from(millionths)
            .map(Factor)
            .map_err(|_| AmountError::OutOfRange)
    }

    /// What is left of a price after a discount in percent: 0.875 after 12.5.
    ///
    /// # Errors
    /// When the text is not a decimal number, is not from 0 to 100, or has more than four decimals.
    pub fn after_discount(percent: &str) -> Result<Factor, AmountError> {
        const PERCENT_DECIMALS: u32 = FACTOR_DECIMALS - 2;
        let finer = parse_decimal(percent, PERCENT_DECIMALS + 6)?;
        match u32::try_from(finer / 1_000_000) {
            Ok(off) if off <= 1_000_000 && finer % 1_000_000 == 0 => Ok(Factor(1_000_000 - off)),
            _ => Err(AmountError::OutOfRange),
        }
    }

    /// The multiplier in millionths: 1,100,000 for 1.1.
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millionths = i128::from(self.0);
        f.write_str(decimal_text(millionths, FACTOR_DECIMALS, &mut [0; 48]))
    }
}

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millionths = i128::from(self.0);
        let mut digits = [0; 48];
        serialize_digits(
            decimal_text(millionths, FACTOR_DECIMALS, &mut digits),
            serializer,
        )
    }
}

/// A quotient rounded to the nearest whole number, and to the even one of two equally near. The divisor is
/// positive.
fn divide_half_even(dividend: i128, divisor: i128) -> i128 {
    let (whole, rest) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor));
    rounded_half_even(whole, rest, divisor)
}

/// `whole + rest / divisor`, where the rest is from 0 to below the divisor, rounded like that.
fn rounded_half_even(whole: i128, rest: i128, divisor: i128) -> i128 {
    let up = match (rest * 2).cmp(&divisor) {
        Ordering::Less => false,
        Ordering::Equal => whole % 2 != 0,
        Ordering::Greater => true,
    };
    whole + i128::from(up)
}

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountError {
    /// There is no digit at all: empty, or a sign alone.
    Empty,
    /// Something other than digits, one point and one exponent.
    NotANumber,
    /// A number, but beyond what the type holds.
    OutOfRange,
}

impl fmt::Display for AmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AmountError::Empty => "there is no digit in it",
            AmountError::NotANumber => "it is not a decimal number",
            AmountError::OutOfRange => "the number is out of range",
        })
    }
}

impl std::error::Error for AmountError {}

#[cfg(test)]
mod tests;
