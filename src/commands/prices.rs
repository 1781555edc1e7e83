//! `models`, `estimate` and `compare`: what the API answers, as a table or as it is.

mod documents;
mod parameters;

use std::cmp::Reverse;
use std::fmt::Write as _;

use serde::Deserialize;

use documents::{Compared, ComparedRow, Estimated, PricingList};
use parameters::Parameters;

use super::table::{Column, Table};
use super::{fail, print};
use crate::api::Question;
use crate::cli::{Compare, Estimate, Models};
use crate::exit_code::Exit;
use crate::money::{Rate, Usd};
use crate::terminal;

pub fn models(asked: &Models) -> Exit {
    let mut parameters = Parameters::default();
    let supports = Some(asked.supports.join(",")).filter(|words| !words.is_empty());
    let include_retired = asked.include_retired.then(|| "true".to_owned());
    for (option, name, value) in [
        ("SEARCH", "search", &asked.search),
        ("--provider", "provider", &asked.provider),
        ("--mode", "mode", &asked.mode),
        ("--supports", "supports", &supports),
        ("--min-context", "min_context", &asked.min_context),
        (
            "--max-input-price",
            "max_input_price",
            &asked.max_input_price,
        ),
        (
            "--max-output-price",
            "max_output_price",
            &asked.max_output_price,
        ),
        ("--include-retired", "include_retired", &include_retired),
        ("--sort-by", "sort_by", &asked.sort_by),
        ("--order", "order", &asked.order),
        ("--limit", "limit", &asked.limit),
        ("--offset", "offset", &asked.offset),
    ] {
        parameters.add(option, name, value.as_deref());
    }
    let document = match parameters.ask(Question::Pricing, &asked.prices) {
        Ok(document) => document,
        Err(exit) => return exit,
    };
    if asked.prices.json {
        return print_document(&document);
    }
    let list: PricingList = read(&document);
    let mut table = Table::new([
        (Column::Name, "MODEL"),
        (Column::Figure, "IN $/1M"),
        (Column::Figure, "OUT $/1M"),
        (Column::Figure, "CONTEXT"),
        (Column::Name, "STATUS"),
    ]);
    for row in &list.models {
        let context = row.context_window.map(|tokens| tokens.to_string());
        table.row(&[
            &row.id,
            row.cost_at_1m_tokens.input_cost.text(),
            row.cost_at_1m_tokens.output_cost.text(),
            context.as_deref().unwrap_or(""),
            &row.status,
        ]);
    }
    print(table.lines(terminal::width()).as_bytes())
}

pub fn estimate(asked: &Estimate) -> Exit {
    let mut parameters = match Parameters::of(&asked.workload) {
        Ok(parameters) => parameters,
        Err(exit) => return exit,
    };
    parameters.add("MODEL", "model_name", Some(&asked.model));
    let document = match parameters.ask(Question::CostEstimate, &asked.prices) {
        Ok(document) => document,
        Err(exit) => return exit,
    };
    if asked.prices.json {
        return print_document(&document);
    }
    let estimated: Estimated = read(&document);
    match terminal::width() {
        Some(width) => {
            warn(&estimated.warnings);
            print(estimated.table().lines(Some(width)).as_bytes())
        }
        None => {
            let about_the_name = format!(" is priced as {}: ", estimated.resolved_model);
            let (of_name, of_price): (Vec<String>, Vec<String>) = estimated
                .warnings
                .iter()
                .cloned()
                .partition(|warning| warning.contains(&about_the_name));
            warn(&of_name);
            print(estimated.lines(&of_price).as_bytes())
        }
    }
}

impl Estimated {
    fn table(&self) -> Table {
        let mut table = Table::new([
            (Column::Name, &*self.resolved_model),
            (Column::Figure, "COUNT"),
            (Column::Figure, "$/1M"),
            (Column::Figure, "COST $"),
        ]);
        for line in &self.breakdown {
            let count = line.tokens.or(line.requests).map(|count| count.to_string());
            let rate = Rate::parse(line.rate.text()).ok();
            let rate = rate.map(|rate| rate.per_million().to_string());
            table.row(&[
                &line.what,
                count.as_deref().unwrap_or(""),
                rate.as_deref().unwrap_or(""),
                line.cost.text(),
            ]);
        }
        table.row(&["total", "", "", self.total_cost.text()]);
        if let Some(all) = &self.all_requests {
            table.row(&[
                "all calls",
                &all.requests.to_string(),
                "",
                all.total_cost.text(),
            ]);
        }
        table
    }

    /// As scripts have read it since before there were tables.
    fn lines(&self, notes: &[String]) -> String {
        let mut lines = format!(
            "model   {}\ninput   {} USD for {} tokens\noutput  {} USD for {} tokens\ntotal   {} USD\n",
            self.resolved_model,
            self.input_cost.text(),
            self.input_tokens,
            self.output_cost.text(),
            self.output_tokens,
            self.total_cost.text(),
        );
        let mut line = |name: &str, text: &str| {
            // Text takes whatever is written to it.
            let _ = writeln!(lines, "{name:<8}{text}");
        };
        if let Some(all) = &self.all_requests {
            let (total, requests) = (all.total_cost.text(), all.requests);
            line("all", &format!("{total} USD for {requests} calls"));
        }
        let day = self.price_as_of.split('T').next().unwrap_or_default();
        line("prices", &format!("of {day}"));
        for note in notes {
            line("note", note);
        }
        lines
    }
}

pub fn compare(asked: &Compare) -> Exit {
    let mut parameters = match Parameters::of(&asked.workload) {
        Ok(parameters) => parameters,
        Err(exit) => return exit,
    };
    parameters.add("MODEL", "models", Some(&asked.models.join(",")));
    let document = match parameters.ask(Question::Compare, &asked.prices) {
        Ok(document) => document,
        Err(exit) => return exit,
    };
    let compared: Compared = read(&document);
    let (priced, unpriced): (Vec<&ComparedRow>, Vec<&ComparedRow>) =
        compared.models.iter().partition(|row| row.is_available);
    let printed = if asked.prices.json {
        print_document(&document)
    } else {
        for row in &priced {
            let about = |warning| format!("{}: {warning}", row.name());
            warn(&row.warnings.iter().map(about).collect::<Vec<_>>());
        }
        let table = compared.table(priced);
        print(table.lines(terminal::width()).as_bytes())
    };
    for row in &unpriced {
        row.complain();
    }
    if unpriced.is_empty() {
        printed
    } else {
        Exit::Failed
    }
}

impl Compared {
    /// The cheapest first. What costs less than that and still is not named the cheapest, because nobody
    /// can call it or its price is not all of one, comes last.
    fn table(&self, mut priced: Vec<&ComparedRow>) -> Table {
        let cheapest = priced
            .iter()
            .find(|row| row.resolved_model == self.cheapest_resolved_model)
            .map_or(Usd::ZERO, |row| row.total_cost.usd());
        let rank = |row: &&ComparedRow| {
            let total = row.total_cost.usd();
            let is_cheapest = row.resolved_model == self.cheapest_resolved_model;
            (total < cheapest, total, Reverse(is_cheapest))
        };
        priced.sort_by_key(rank);
        let mut table = Table::new([
            (Column::Name, "MODEL"),
            (Column::Figure, "INPUT $"),
            (Column::Figure, "OUTPUT $"),
            (Column::Figure, "TOTAL $"),
            (Column::Figure, "MORE $"),
        ]);
        let all_calls = format!("{} CALLS $", self.requests);
        if self.requests > 1 {
            table.add(Column::Figure, &all_calls);
        }
        for row in priced {
            let more = row.total_cost.usd().attos() - cheapest.attos();
            let more = match more {
                1.. => format!("+{}", Usd::from_attos(more)),
                0 => "0".to_owned(),
                _ => String::new(),
            };
            let all = row.all_requests.as_ref();
            let mut cells = vec![
                row.name(),
                row.input_cost.text(),
                row.output_cost.text(),
                row.total_cost.text(),
                &more,
            ];
            cells.extend(all.map(|all| all.total_cost.text()));
            table.row(&cells);
        }
        table
    }
}

impl ComparedRow {
    fn name(&self) -> &str {
        self.resolved_model.as_deref().unwrap_or(&self.model_name)
    }

    /// Says why there is no price, and which names there are.
    fn complain(&self) {
        let why = self.error_message.as_deref().unwrap_or("no price");
        let candidates = self.candidates.iter().map(|candidate| &candidate.model);
        let names: Vec<&String> = self.suggestions.iter().chain(candidates).collect();
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        if names.is_empty() {
            fail(format_args!("{}: {why}", self.model_name));
        } else {
            fail(format_args!("{why}; closest: {}", names.join(", ")));
        }
    }
}

fn read<'a, T: Deserialize<'a>>(document: &'a [u8]) -> T {
    serde_json::from_slice(document).expect("the document is the one that was asked for")
}

fn print_document(document: &[u8]) -> Exit {
    print(&[document, b"\n"].concat())
}

fn warn(warnings: &[String]) {
    warnings
        .iter()
        .for_each(|warning| eprintln!("llm-pricing: {warning}"));
}
