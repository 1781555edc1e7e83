//! What each list can be sorted by.

use std::cmp::Ordering;

use super::book::Book;
use super::fields::Fields;
use super::rows::{latency_ms, mean_price, name, throughput, value_score};
use crate::catalog::Model;
use crate::use_case::{self, CostTier};

/// Which figure of the models comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    by: Figure,
    direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Id,
    Name,
    Provider,
    ContextWindow,
    InputPrice,
    OutputPrice,
    MeanPrice,
    BlendedPrice,
    CostTier,
    Value,
    Throughput,
    Latency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ascending,
    Descending,
}

/// The words of `sort_by`. Unasked, each goes from the best to the worst: small prices and large windows
/// first, names in alphabetical order.
pub struct Words(&'static [(Order, &'static str)]);

/// The words of the list of names, and of the one with prices.
pub const PRICES: Words = Words(&[
    (ascending(Figure::Name), "model_name"),
    (ascending(Figure::Provider), "provider"),
    (INPUT_PRICE, "cost_per_input_token"),
    (OUTPUT_PRICE, "cost_per_output_token"),
    (CONTEXT_WINDOW, "context_window"),
]);
pub const PERFORMANCE: Words = Words(&[
    (THROUGHPUT, "throughput"),
    (LATENCY, "latency"),
    (CONTEXT_WINDOW, "context_window"),
    (ascending(Figure::MeanPrice), "cost"),
    (VALUE, "value"),
]);
pub const USE_CASES: Words = Words(&[
    (ascending(Figure::Name), "model_name"),
    (ascending(Figure::Provider), "provider"),
    (ascending(Figure::CostTier), "cost_tier"),
    (ascending(Figure::BlendedPrice), "blended_usd_per_1m_tokens"),
    (CONTEXT_WINDOW, "context_window"),
]);

impl Words {
    /// The words alone.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(_, name)| *name)
    }
}

const fn ascending(by: Figure) -> Order {
    Order {
        by,
        direction: Direction::Ascending,
    }
}

const fn descending(by: Figure) -> Order {
    Order {
        by,
        direction: Direction::Descending,
    }
}

pub const INPUT_PRICE: Order = ascending(Figure::InputPrice);
pub const OUTPUT_PRICE: Order = ascending(Figure::OutputPrice);
pub const CONTEXT_WINDOW: Order = descending(Figure::ContextWindow);
pub const THROUGHPUT: Order = descending(Figure::Throughput);
pub const LATENCY: Order = ascending(Figure::Latency);
pub const VALUE: Order = descending(Figure::Value);

impl Order {
    /// The order of the catalogue, and of a list of rows nobody wants to have sorted.
    pub const BY_ID: Order = ascending(Figure::Id);
    /// The order of the list of names.
    pub const BY_PROVIDER: Order = ascending(Figure::Provider);

    /// Reads `sort_by` and `order`; what is wrong with them is noted in the fields.
    pub fn read(fields: &mut Fields, words: &Words, unasked: Order) -> Order {
        const DIRECTIONS: [(Direction, &str); 2] = [
            (Direction::Ascending, "asc"),
            (Direction::Descending, "desc"),
        ];
        let order = fields.word("sort_by", words.0).unwrap_or(unasked);
        let direction = fields.word("order", &DIRECTIONS);
        Order {
            direction: direction.unwrap_or(order.direction),
            ..order
        }
    }

    /// Sorts models, given by their places in the catalogue in its order. Those of which the figure is
    /// unknown come last in both directions, and of equals the first by id.
    pub fn arrange(self, book: &Book, models: &mut Vec<usize>) {
        let by = self.direction;
        match self.by {
            Figure::Id => arrange(book, models, by, |model| Some(&model.id)),
            Figure::Name => arrange(book, models, by, |model| {
                Some(name(model).to_ascii_lowercase())
            }),
            Figure::Provider => arrange(book, models, by, |model| {
                Some(&book.catalog.provider(model.provider).name)
            }),
            Figure::ContextWindow => {
                arrange(book, models, by, |model| model.facts.max_input_tokens);
            }
            Figure::InputPrice => arrange(book, models, by, Model::input_rate),
            Figure::OutputPrice => arrange(book, models, by, Model::output_rate),
            Figure::MeanPrice => arrange(book, models, by, |model| Some(mean_price(model))),
            Figure::BlendedPrice => arrange(book, models, by, |model| use_case::cost(model).1),
            Figure::CostTier => arrange(book, models, by, |model| {
                Some(use_case::cost(model).0).filter(|tier| *tier != CostTier::Unknown)
            }),
            // The bits of positive floats are in the order of the floats.
            Figure::Value => arrange(book, models, by, |model| {
                value_score(model).map(f64::to_bits)
            }),
            Figure::Throughput => arrange(book, models, by, |model| {
                throughput(model).map(f64::to_bits)
            }),
            Figure::Latency => arrange(book, models, by, |model| {
                latency_ms(model).map(f64::to_bits)
            }),
        }
    }
}

fn arrange<'a, F: Ord>(
    book: &'a Book,
    models: &mut Vec<usize>,
    direction: Direction,
    figure: impl Fn(&'a Model) -> Option<F>,
) {
    let mut figures: Vec<(Option<F>, usize)> = models
        .iter()
        .map(|&at| (figure(&book.catalog.models()[at]), at))
        .collect();
    figures.sort_by(|(one, _), (two, _)| match (one, two) {
        (Some(one), Some(two)) => direction.of(one.cmp(two)),
        (one, two) => one.is_none().cmp(&two.is_none()),
    });
    models.clear();
    models.extend(figures.into_iter().map(|(_, at)| at));
}

impl Direction {
    fn of(self, ordering: Ordering) -> Ordering {
        match self {
            Direction::Ascending => ordering,
            Direction::Descending => ordering.reverse(),
        }
    }
}
