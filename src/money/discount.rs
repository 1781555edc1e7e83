//! What is taken off a price.

use super::decimal::parse_decimal;
use super::{AmountError, Rate, USD_DECIMALS, divide_half_even};

/// A share of a price that is not charged, in millionths; more than nothing and less than everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discount(u32);

impl Discount {
    /// Reads a percentage between 0 and 100, neither included, with up to four decimals, such as `12.5`.
    ///
    /// # Errors
    /// When the text is not a decimal number, or not such a percentage. Nothing is rounded.
    pub fn percent_parse(text: &str) -> Result<Discount, AmountError> {
        /// A ten-thousandth of a percent in the units of an amount.
        const MILLIONTH: i128 = 10i128.pow(USD_DECIMALS - 4);
        let percent = parse_decimal(text, USD_DECIMALS)?;
        match u32::try_from(percent / MILLIONTH) {
            Ok(millionths @ 1..1_000_000) if percent % MILLIONTH == 0 => Ok(Discount(millionths)),
            _ => Err(AmountError::OutOfRange),
        }
    }
}

impl Rate {
    /// The rate after a discount, rounded half to even to 1e-18 USD.
    #[must_use]
    pub fn less(self, discount: Discount) -> Rate {
        let left = i128::from(self.0) * i128::from(1_000_000 - discount.0);
        let left = divide_half_even(left, 1_000_000);
        // What is left of a rate is no more than the rate.
        Rate(u64::try_from(left).unwrap_or(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discount_is_exact_and_rounds_half_to_even_at_the_last_digit() {
        let rows = [
            ("plain", "2.5", "10", "2.25"),
            ("four decimals", "10", "33.3333", "6.66667"),
            ("a millionth of the rate stays", "1", "99.9999", "0.000001"),
            ("half to even, down", "0.000000000001", "50", "0"),
            ("half to even, up", "0.000000000003", "50", "0.000000000002"),
            ("the dearest", "1000000", "0.0001", "999999"),
        ];
        for (name, price, percent, left) in rows {
            let rate = Rate::per_million_parse(price).expect(name);
            let discount = Discount::percent_parse(percent).expect(name);
            let found = rate.less(discount).per_million().to_string();
            assert_eq!(found, left, "{name}");
        }
    }

    #[test]
    fn a_percentage_that_is_none_or_would_be_rounded_is_refused() {
        for text in [
            "0", "100", "-5", "100.5", "0.00001", "12.34567", "", "ten", "5%",
        ] {
            assert!(Discount::percent_parse(text).is_err(), "{text:?}");
        }
    }
}
