//! The lines of a cost, and their sum.

use super::seller::{Searches, Seller};
use super::tariff::{Applied, Tariff};
use super::terms::{Region, SearchSize, Terms};
use super::{Estimate, Line, Part, Unpriced, Warning, What};
use crate::catalog::Model;
use crate::catalog::prices::{SearchBilling, SearchCost, SearchPrices, Uplift};
use crate::catalog::rates::Tier;
use crate::money::{Factor, Ratio, Usd};

/// A cost in the making.
pub(super) struct Bill {
    lines: Vec<Line>,
    multipliers: Vec<(Uplift, Factor)>,
    /// The product of the multipliers.
    multiplier: Ratio,
    after_discount: Ratio,
    above_tokens: u64,
    warnings: Vec<Warning>,
}

impl Bill {
    pub fn new(model: &Model, terms: &Terms, warnings: Vec<Warning>) -> Result<Bill, Unpriced> {
        let mut bill = Bill {
            lines: Vec::with_capacity(4),
            multipliers: Vec::new(),
            multiplier: Ratio::ONE,
            after_discount: terms.after_discount.map_or(Ratio::ONE, Ratio::from),
            above_tokens: 0,
            warnings,
        };
        if !terms.occasions.is_empty() || terms.region.is_some() {
            bill.apply_uplifts(model, terms)?;
        }
        Ok(bill)
    }

    fn apply_uplifts(&mut self, model: &Model, terms: &Terms) -> Result<(), Unpriced> {
        let rare = model.facts.prices.rare.as_deref();
        let published = rare.map_or(&[][..], |rare| &rare.uplifts);
        let find = |occasion| published.iter().find(|(of, _)| *of == occasion).copied();
        for occasion in terms.occasions.iter() {
            match find(occasion) {
                Some(uplift) => self.multipliers.push(uplift),
                None => self.warnings.push(Warning::NoUplift { occasion }),
            }
        }
        if let Some(region) = terms.region {
            match region
                .occasions()
                .iter()
                .find_map(|occasion| find(*occasion))
            {
                // The request may say the same in the provider's words, too.
                Some(uplift) if self.multipliers.contains(&uplift) => {}
                Some(uplift) => self.multipliers.push(uplift),
                None if region == Region::Global => {}
                None => self.warnings.push(Warning::NoRegionalPrice),
            }
        }
        for (_, factor) in &self.multipliers {
            self.multiplier = self
                .multiplier
                .times(Ratio::from(*factor))
                .ok_or(Unpriced::OutOfRange)?;
        }
        Ok(())
    }

    /// Adds a line for tokens. No tokens cost nothing even where nobody knows the rate.
    pub fn tokens(&mut self, tariff: &Tariff, what: What, tokens: u64) -> Result<(), Unpriced> {
        let Some(applied) = tariff.rate_of(what) else {
            return match (tokens, what.part()) {
                (0, _) => Ok(()),
                _ if what == What::Citation => Err(Unpriced::Citation),
                (_, Part::Output) => Err(Unpriced::Output),
                _ => Err(Unpriced::Input),
            };
        };
        if tokens > 0 {
            self.above_tokens = self.above_tokens.max(applied.above_tokens);
            self.warn_of_gap(tariff, what, applied);
        }
        let multiplier = self
            .multiplier
            .times(applied.share)
            .ok_or(Unpriced::OutOfRange)?;
        self.line(what, what.part(), tokens, applied.rate.usd(), multiplier)
    }

    /// Says when the rate is not the tier's own.
    fn warn_of_gap(&mut self, tariff: &Tariff, what: What, applied: Applied) {
        let tier = tariff.tier;
        let has_own = what.component().is_some_and(|of| tariff.has_own(of));
        match tier {
            Tier::Standard => {}
            // A batch never prices reasoning apart.
            Tier::Batch if what == What::Reasoning || tariff.is_assumed_batch() => {}
            Tier::Batch if has_own => {
                let standard = what.component().map(|of| tariff.standard_threshold(of));
                match standard {
                    Some(above_tokens) if above_tokens > applied.above_tokens => {
                        self.warnings
                            .push(Warning::BatchThresholdIncomplete { what, above_tokens });
                    }
                    _ => {}
                }
            }
            Tier::Batch => self.warnings.push(Warning::BatchIncomplete { what }),
            _ if tier == applied.tier => {}
            _ if has_own && applied.above_tokens > 0 => {
                self.warnings.push(Warning::ThresholdIncomplete {
                    tier,
                    what,
                    above_tokens: applied.above_tokens,
                });
            }
            _ => self.warnings.push(Warning::TierIncomplete { tier, what }),
        }
    }

    /// Adds the line for web searches. Multipliers are on tokens, not on tools.
    pub fn searches(
        &mut self,
        model: &Model,
        seller: Seller,
        searches: u64,
        terms: &Terms,
    ) -> Result<(), Unpriced> {
        let rare = model.facts.prices.rare.as_deref();
        let prices = rare.map(|rare| &rare.search);
        let per_search = prices.and_then(|prices| prices.per_search);
        let size = match seller.searches {
            Searches::EachWithinOutput => SearchSize::Low,
            _ => terms.search_size.unwrap_or_default(),
        };
        let is_ignored = terms
            .search_size
            .zip(per_search)
            .is_some_and(|(asked, prices)| asked.price(prices) != size.price(prices));
        if is_ignored {
            self.warnings.push(Warning::SearchSizeIgnored);
        }
        let price = per_search
            .map(|per_search: SearchCost| size.price(per_search))
            .or(seller.search_price)
            .ok_or(Unpriced::WebSearch)?;
        let is_per_query = prices.is_some_and(|prices| prices.billing == SearchBilling::PerQuery);
        let (part_of, billed) = match seller.searches {
            Searches::EachWithinOutput => (Part::Output, searches),
            Searches::OncePerPrompt if !is_per_query => {
                if searches > 1 {
                    self.warnings.push(Warning::SearchesBilledOnce);
                }
                (Part::Tools, 1)
            }
            _ => (Part::Tools, searches),
        };
        self.warn_of_allowance(prices);
        self.line(What::WebSearch, part_of, billed, price, Ratio::ONE)
    }

    fn warn_of_allowance(&mut self, prices: Option<&SearchPrices>) {
        if let Some(free) = prices.and_then(|prices| prices.free_requests.as_ref()) {
            self.warnings.push(Warning::FreeSearches {
                count: free.count,
                period: free.period,
                shared_group: free.shared_group.clone(),
            });
        }
    }

    fn line(
        &mut self,
        what: What,
        part_of: Part,
        quantity: u64,
        price: Usd,
        multiplier: Ratio,
    ) -> Result<(), Unpriced> {
        let cost = multiplier
            .times(self.after_discount)
            .zip(price.times(quantity))
            .and_then(|(multiplier, price)| price.scaled(multiplier))
            .ok_or(Unpriced::OutOfRange)?;
        self.lines.push(Line {
            what,
            part_of,
            quantity,
            price,
            multiplier,
            cost,
        });
        Ok(())
    }

    pub fn total(self, tariff: &Tariff) -> Estimate {
        let sum = |part: Part| -> Usd {
            let lines = self.lines.iter().filter(|line| line.part_of == part);
            lines.map(|line| line.cost).sum()
        };
        let (input_cost, output_cost, tool_cost) =
            (sum(Part::Input), sum(Part::Output), sum(Part::Tools));
        Estimate {
            input_cost,
            output_cost,
            tool_cost,
            total_cost: input_cost + output_cost + tool_cost,
            tier: tariff.tier,
            threshold_applied: (self.above_tokens > 0).then_some(self.above_tokens),
            is_off_peak: tariff.off_peak.is_some(),
            is_assumed: tariff.is_assumed_batch(),
            lines: self.lines,
            multipliers: self.multipliers,
            warnings: self.warnings,
        }
    }
}
