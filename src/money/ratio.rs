//! Exact multipliers on an amount.

use super::{Factor, Usd, rounded_half_even};

/// An exact fraction of whole numbers: the product of factors, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    numerator: u64,
    denominator: u64,
}

impl Ratio {
    /// Leaves an amount as it is.
    pub const ONE: Ratio = Ratio::of(1, 1);
    pub const HALF: Ratio = Ratio::of(1, 2);

    const fn of(numerator: u64, denominator: u64) -> Ratio {
        Ratio {
            numerator,
            denominator,
        }
    }

    /// This ratio times another; `None` when the product has more digits than can be kept exactly.
    #[must_use]
    pub fn times(self, other: Ratio) -> Option<Ratio> {
        // Nearly every price is multiplied by one only.
        if self == Ratio::ONE {
            return Some(other);
        }
        if other == Ratio::ONE {
            return Some(self);
        }
        // Reduced crosswise first, so that whatever can be represented is.
        let (one, two) = (
            Ratio::reduced(self.numerator, other.denominator),
            Ratio::reduced(other.numerator, self.denominator),
        );
        Some(Ratio::reduced(
            one.numerator.checked_mul(two.numerator)?,
            one.denominator.checked_mul(two.denominator)?,
        ))
    }

    fn reduced(numerator: u64, denominator: u64) -> Ratio {
        let (mut divisor, mut rest) = (denominator, numerator);
        while rest != 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        Ratio::of(numerator / divisor, denominator / divisor)
    }
}

impl From<Factor> for Ratio {
    fn from(factor: Factor) -> Ratio {
        Ratio::reduced(u64::from(factor.millionths()), 1_000_000)
    }
}

impl Usd {
    /// The amount times an exact ratio, rounded once, half to even; `None` beyond the range of an amount.
    #[must_use]
    pub fn scaled(self, ratio: Ratio) -> Option<Usd> {
        if ratio == Ratio::ONE {
            return Some(self);
        }
        let (numerator, denominator) = (i128::from(ratio.numerator), i128::from(ratio.denominator));
        // Whole and rest apart, so that the products stay small.
        let (whole, rest) = (
            self.attos().div_euclid(denominator),
            self.attos().rem_euclid(denominator),
        );
        let rest = rest.checked_mul(numerator)?;
        let whole = whole
            .checked_mul(numerator)?
            .checked_add(rest.div_euclid(denominator))?;
        let rounded = rounded_half_even(whole, rest.rem_euclid(denominator), denominator);
        Some(Usd::from_attos(rounded))
    }

    /// This many times the amount; `None` beyond the range of an amount.
    #[must_use]
    pub fn times(self, count: u64) -> Option<Usd> {
        let attos = self.attos().checked_mul(i128::from(count))?;
        Some(Usd::from_attos(attos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(text: &str) -> Ratio {
        Factor::parse(text).unwrap().into()
    }

    #[test]
    fn an_amount_is_scaled_exactly_and_rounded_once_half_to_even() {
        for (amount, factors, wanted) in [
            ("0.03", vec!["1.1"], Some("0.033")),
            ("0.0168", vec!["2", "1.1"], Some("0.03696")),
            // Three halves of 1e-18 and of 3e-18 are 1.5 and 4.5 units.
            (
                "0.000000000000000001",
                vec!["1.5"],
                Some("0.000000000000000002"),
            ),
            (
                "0.000000000000000003",
                vec!["1.5"],
                Some("0.000000000000000004"),
            ),
            // Rounded after each factor, this would be 4e-18.
            (
                "0.000000000000000001",
                vec!["1.5", "1.5"],
                Some("0.000000000000000002"),
            ),
            (
                "-0.000000000000000003",
                vec!["0.5"],
                Some("-0.000000000000000002"),
            ),
            ("1", vec!["0"], Some("0")),
            ("100000000000000000000", vec!["2"], None),
        ] {
            let product = factors.iter().fold(Ratio::ONE, |product, factor| {
                product.times(ratio(factor)).unwrap()
            });
            let scaled = Usd::parse(amount).unwrap().scaled(product);
            assert_eq!(
                scaled,
                wanted.map(|text| Usd::parse(text).unwrap()),
                "{amount} {factors:?}"
            );
        }
    }

    #[test]
    fn products_are_exact_or_refused() {
        let third_power = |text| ratio(text).times(ratio(text))?.times(ratio(text));
        assert_eq!(ratio("1.1").times(ratio("0.5")), Some(Ratio::of(11, 20)));
        assert_eq!(
            third_power("0.000002"),
            Some(Ratio::of(1, 125_000_000_000_000_000))
        );
        assert_eq!(
            third_power("1.000001").and_then(|cube| cube.times(ratio("1.000003"))),
            None
        );
    }
}
