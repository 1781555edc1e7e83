//! From options to the query they stand for, and from what is wrong with it back to the option.

use form_urlencoded::Serializer;

use super::super::{fail, refuse};
use crate::api::{Question, Refusal, ask};
use crate::cli::{Prices, Workload};
use crate::config;
use crate::exit_code::Exit;
use crate::price_files::PriceFiles;

/// What of a query an option says.
struct Parameter {
    option: &'static str,
    name: &'static str,
    value: String,
}

/// A query, and which option each part of it comes from.
#[derive(Default)]
pub struct Parameters(Vec<Parameter>);

impl Parameters {
    pub fn of(workload: &Workload) -> Result<Parameters, Exit> {
        let mut parameters = Parameters::default();
        let strict = workload.strict.then(|| "true".to_owned());
        for (option, name, value) in [
            ("--input", "input_tokens", &Some(workload.input.clone())),
            ("--output", "output_tokens", &Some(workload.output.clone())),
            (
                "--cache-read",
                "cache_read_input_tokens",
                &workload.cache_read,
            ),
            (
                "--cache-read-percent",
                "cache_read_input_tokens",
                &cache_read(workload)?,
            ),
            (
                "--cache-write",
                "cache_creation_input_tokens",
                &workload.cache_write,
            ),
            (
                "--cache-write-1h",
                "cache_creation_1h_input_tokens",
                &workload.cache_write_1h,
            ),
            ("--audio-input", "audio_input_tokens", &workload.audio_input),
            (
                "--audio-output",
                "audio_output_tokens",
                &workload.audio_output,
            ),
            ("--reasoning", "reasoning_tokens", &workload.reasoning),
            (
                "--web-searches",
                "web_search_requests",
                &workload.web_searches,
            ),
            (
                "--search-context-size",
                "search_context_size",
                &workload.search_context_size,
            ),
            ("--service-tier", "service_tier", &workload.service_tier),
            ("--region", "region", &workload.region),
            ("--speed", "speed", &workload.speed),
            ("--as-of", "as_of", &workload.as_of),
            (
                "--discount-percent",
                "discount_percent",
                &workload.discount_percent,
            ),
            ("--requests", "requests", &workload.requests),
            ("--provider", "provider", &workload.provider),
            ("--strict", "strict", &strict),
        ] {
            parameters.add(option, name, value.as_deref());
        }
        Ok(parameters)
    }

    pub fn add(&mut self, option: &'static str, name: &'static str, value: Option<&str>) {
        self.0.extend(value.map(|value| Parameter {
            option,
            name,
            value: value.to_owned(),
        }));
    }

    pub fn ask(&self, question: Question, prices: &Prices) -> Result<Vec<u8>, Exit> {
        // A query cannot tell an empty parameter from none, a command line can.
        if let Some(empty) = self.0.iter().find(|parameter| parameter.value.is_empty()) {
            return Err(refuse(&config::bad(empty.option, "", "something")));
        }
        let mut query = Serializer::new(String::new());
        for parameter in &self.0 {
            query.append_pair(parameter.name, &parameter.value);
        }
        let (catalog, overrides) = (&prices.pricing_catalog, &prices.pricing_overrides);
        let files = PriceFiles::new(catalog.as_deref(), overrides.as_deref());
        let stock = files.load().map_err(fail)?;
        ask(stock.catalog, question, &query.finish()).map_err(|refusal| match refusal {
            Refusal::Unanswered(why) => fail(why),
            Refusal::Unusable { parameter, message } => {
                let named = |known: &&Parameter| Some(known.name) == parameter.as_deref();
                let allowed = message.strip_prefix("Input should be ");
                match self.0.iter().find(named) {
                    Some(wrong) => {
                        let allowed = allowed.unwrap_or(&message);
                        refuse(&config::bad(wrong.option, &wrong.value, allowed))
                    }
                    None => {
                        fail(message);
                        Exit::Usage
                    }
                }
            }
        })
    }
}

/// A share of the input in tokens. Input that is no number is refused where it is read.
fn cache_read(workload: &Workload) -> Result<Option<String>, Exit> {
    let Some(text) = &workload.cache_read_percent else {
        return Ok(None);
    };
    let percent = text.parse::<u8>().ok().filter(|percent| *percent <= 100);
    let Some(percent) = percent else {
        let allowed = "a whole number from 0 to 100";
        return Err(refuse(&config::bad("--cache-read-percent", text, allowed)));
    };
    let input: Option<u64> = workload.input.parse().ok();
    Ok(input.map(|tokens| (u128::from(tokens) * u128::from(percent) / 100).to_string()))
}
