//! What has become of the prices from one catalogue to another, as a table for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::rates::Rates;
use super::{Catalog, Model};
use crate::money::Usd;

/// The differences, by model id and then by price.
#[derive(Debug, Default)]
pub struct Diff {
    rows: Vec<Row>,
    pub added: usize,
    pub removed: usize,
    pub changed: usize,
    pub same: usize,
}

/// One price before and after.
#[derive(Debug)]
struct Row {
    what: &'static str,
    id: Box<str>,
    price: String,
    before: Option<Value>,
    after: Option<Value>,
}

/// A price as text, and as an amount when it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Value {
    text: String,
    amount: Option<Usd>,
}

impl Value {
    fn amount(usd: Usd) -> Value {
        Value {
            text: usd.to_string(),
            amount: Some(usd),
        }
    }
}

impl Diff {
    /// Compares all prices of all models; a model is the same as the one of its id.
    pub fn between(before: &Catalog, after: &Catalog) -> Diff {
        let by_id = |catalog| -> BTreeMap<&str, &Model> {
            let models = Catalog::models(catalog).iter();
            models.map(|model| (&*model.id, model)).collect()
        };
        let (before, after) = (by_id(before), by_id(after));
        let ids: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
        let mut diff = Diff::default();
        for id in ids {
            match (before.get(id), after.get(id)) {
                (Some(one), Some(two)) => diff.compare(one, two),
                (Some(gone), None) => {
                    diff.removed += 1;
                    diff.show("removed", gone, |value| (Some(value), None));
                }
                (None, Some(new)) => {
                    diff.added += 1;
                    diff.show("added", new, |value| (None, Some(value)));
                }
                (None, None) => {}
            }
        }
        diff
    }

    /// Whether all models and all their prices are the same.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn compare(&mut self, before: &Model, after: &Model) {
        let (mut old, new) = (prices(before), prices(after));
        let count = self.rows.len();
        for (price, value) in new {
            let known = old.remove(&price);
            if known.as_ref() != Some(&value) {
                self.row("changed", before, price, (known, Some(value)));
            }
        }
        for (price, value) in old {
            self.row("changed", before, price, (Some(value), None));
        }
        if self.rows.len() == count {
            self.same += 1;
        } else {
            self.changed += 1;
        }
    }

    /// The two prices by which people know a model that is there on one side only.
    fn show(
        &mut self,
        what: &'static str,
        model: &Model,
        side: impl Fn(Value) -> (Option<Value>, Option<Value>),
    ) {
        for (price, rate) in [
            ("input", model.input_rate()),
            ("output", model.output_rate()),
        ] {
            let value = rate.map_or_else(
                || Value {
                    text: "none".into(),
                    amount: None,
                },
                |rate| Value::amount(rate.per_million()),
            );
            self.row(what, model, price.to_owned(), side(value));
        }
    }

    fn row(
        &mut self,
        what: &'static str,
        model: &Model,
        price: String,
        (before, after): (Option<Value>, Option<Value>),
    ) {
        self.rows.push(Row {
            what,
            id: model.id.clone(),
            price,
            before,
            after,
        });
    }
}

/// Every price of a model under a name of its own.
fn prices(model: &Model) -> BTreeMap<String, Value> {
    let mut prices = BTreeMap::new();
    let mut add_rates = |rates: &Rates, suffix: &str| {
        for (key, rate) in rates.iter() {
            let value = Value::amount(rate.per_million());
            prices.insert(format!("{key}{suffix}"), value);
        }
    };
    add_rates(model.rates(), "");
    let Some(rare) = &model.facts.prices.rare else {
        return prices;
    };
    for step in &rare.steps {
        let (above, up_to) = (step.above_tokens, step.up_to_tokens);
        add_rates(&step.rates, &format!(" in {above}..{up_to}"));
    }
    if let Some(off_peak) = &rare.off_peak {
        add_rates(&off_peak.rates, " off-peak");
        let spans = off_peak.windows.iter().map(|window| {
            let hours = window.hours_utc.iter().map(ToString::to_string);
            let hours: Vec<String> = hours.collect();
            format!("{} on {:?}", hours.join(" "), window.weekdays)
        });
        let text = spans.collect::<Vec<String>>().join(", ");
        prices.insert("off-peak hours".into(), Value { text, amount: None });
    }
    for (unit, usd) in &rare.units {
        prices.insert(unit.name().into(), Value::amount(*usd));
    }
    if let Some(cost) = rare.search.per_search {
        for (name, usd) in [
            ("low", cost.low),
            ("medium", cost.medium),
            ("high", cost.high),
        ] {
            prices.insert(format!("per_search {name}"), Value::amount(usd));
        }
    }
    if let Some(usd) = rare.search.google_maps_query {
        prices.insert("google_maps_query".into(), Value::amount(usd));
    }
    for (uplift, factor) in &rare.uplifts {
        let text = format!("x{factor}");
        prices.insert(
            format!("uplift {}", uplift.name()),
            Value { text, amount: None },
        );
    }
    prices
}

impl Row {
    fn cells(&self) -> [String; 6] {
        let text = |value: &Option<Value>| match value {
            Some(value) => value.text.clone(),
            None => "-".into(),
        };
        [
            self.what.into(),
            self.id.to_string(),
            self.price.clone(),
            text(&self.before),
            text(&self.after),
            self.percent().unwrap_or_default(),
        ]
    }

    /// By how much the price went up or down, to a tenth of a percent.
    fn percent(&self) -> Option<String> {
        let (before, after) = (self.before.as_ref()?.amount?, self.after.as_ref()?.amount?);
        let (before, after) = (before.attos(), after.attos());
        let permille = (after - before).checked_mul(1_000)?.checked_div(before)?;
        let sign = if after < before { '-' } else { '+' };
        let permille = permille.unsigned_abs();
        Some(format!("{sign}{}.{} %", permille / 10, permille % 10))
    }
}

/// A table with a heading and a last line that sums it up.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = ["", "model", "price", "before", "after", "change"].map(str::to_owned);
        let mut table = vec![heading];
        table.extend(self.rows.iter().map(Row::cells));
        let width = |column: usize| {
            let cells = table.iter().map(|cells| cells[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: [usize; 6] = std::array::from_fn(width);
        let is_table = !self.is_empty();
        for cells in table.iter().filter(|_| is_table) {
            let [what, id, price, numbers @ ..] = cells;
            let mut line = format!(
                "{what:0$}  {id:1$}  {price:2$}",
                widths[0], widths[1], widths[2]
            );
            for (number, width) in numbers.iter().zip(&widths[3..]) {
                line.push_str(&format!("  {number:>width$}"));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        let prices = self.rows.iter().filter(|row| row.what == "changed").count();
        writeln!(
            f,
            "models: {} added, {} removed, {} changed in {prices} prices, {} the same",
            self.added, self.removed, self.changed, self.same
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::file;

    fn catalogue(models: &[&str]) -> Catalog {
        let header = format!(
            r#"{{"format":"llm-pricing catalogue","format_version":1,"version":"v","date":"2026-11-23","source":"a test","source_digest":"{:064}","unit":"USD per million tokens","providers":1,"models":{}}}"#,
            0,
            models.len()
        );
        let lines = [&[&*header, r#"{"slug":"acme","name":"Acme"}"#], models].concat();
        file::read(&(lines.join("\n") + "\n")).expect("a good catalogue")
    }

    #[test]
    fn every_kind_of_price_that_changed_has_a_row() {
        let before = catalogue(&[
            r#"{"id":"acme/a","name":"a","rates":{"input":"2","output":"10","output>200k@flex":"15"}}"#,
            r#"{"id":"acme/b","name":"b","rates":{"input":"1"},"off_peak":{"rates":{"input":"0.5"},"windows":[{"hours_utc":["22:00-06:00"],"weekdays":[1]}]}}"#,
            r#"{"id":"acme/gone","name":"gone","rates":{"input":"0.5"}}"#,
            r#"{"id":"acme/same","name":"same","rates":{"input":"1"}}"#,
        ]);
        let after = catalogue(&[
            r#"{"id":"acme/a","name":"a","rates":{"input":"2.25","output>200k@flex":"7.5","cache_read":"0.2"}}"#,
            r#"{"id":"acme/b","name":"b","rates":{"input":"1"},"off_peak":{"rates":{"input":"0"},"windows":[{"hours_utc":["23:00-06:00"],"weekdays":[1]}]}}"#,
            r#"{"id":"acme/new","name":"new","rates":{},"steps":[{"above_tokens":0,"up_to_tokens":32000,"rates":{"input":"3","output":"4"}}]}"#,
            r#"{"id":"acme/same","name":"same","rates":{"input":"1"}}"#,
        ]);
        let diff = Diff::between(&before, &after);
        let lines = [
            "         model      price                        before               after    change",
            "changed  acme/a     cache_read                        -                 0.2",
            "changed  acme/a     input                             2                2.25  +12.5 %",
            "changed  acme/a     output>200k@flex                 15                 7.5  -50.0 %",
            "changed  acme/a     output                           10                   -",
            "changed  acme/b     input off-peak                  0.5                   0  -100.0 %",
            "changed  acme/b     off-peak hours  22:00-06:00 on [1]  23:00-06:00 on [1]",
            "removed  acme/gone  input                           0.5                   -",
            "removed  acme/gone  output                         none                   -",
            "added    acme/new   input                             -                   3",
            "added    acme/new   output                            -                   4",
            "models: 1 added, 1 removed, 2 changed in 6 prices, 1 the same",
        ];
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let table = diff.to_string();
        let found: Vec<String> = table.lines().map(squeezed).collect();
        assert_eq!(found, lines.map(squeezed), "{table}");
        // Aligned: every row has its id and its price where the heading has them.
        let heading = table.lines().next().unwrap();
        for column in ["model", "price"] {
            let at = heading.find(column).unwrap();
            let rows = table.lines().skip(1).take(10);
            for row in rows {
                assert_eq!(&row[at - 1..at], " ", "{row}");
                assert_ne!(&row[at..=at], " ", "{row}");
            }
        }
    }

    #[test]
    fn nothing_but_the_sum_is_said_of_equals() {
        let one = catalogue(&[r#"{"id":"acme/a","name":"a","rates":{"input":"2"}}"#]);
        let diff = Diff::between(&one, &one);
        assert!(diff.is_empty());
        let said = "models: 0 added, 0 removed, 0 changed in 0 prices, 1 the same\n";
        assert_eq!(diff.to_string(), said);
    }
}
