//! One sentence on what to use a model for.

use time::Date;

use super::{grouped, is_code_model};
use crate::catalog::capability::Capability::*;
use crate::catalog::{Mode, Model, Status};

/// The provider whose models answer from the web.
const SEARCH_PROVIDER: &str = "perplexity";

/// The first sentence that holds, with the model's own numbers in it.
pub(super) fn sentence(model: &Model, today: Date) -> String {
    if model.status(today) == Status::Retired {
        return match model.facts.deprecation_date {
            Some(day) => format!("Nothing new: stopped serving on {day}"),
            None => "Nothing new: no longer in the price lists".to_owned(),
        };
    }
    let facts = &model.facts;
    let context = facts.max_input_tokens.unwrap_or(0);
    let up_to = limit(facts.max_input_tokens, ", up to ", " tokens of input");
    if let Some(of_mode) = facts.mode.and_then(|mode| sentence_of_mode(model, mode)) {
        return format!("{of_mode}{up_to}");
    }
    let can = |capability| facts.capabilities.can(capability);
    let purpose = if is_code_model(model) {
        "Writing, reviewing and repairing code"
    } else if can(ComputerUse) {
        "Agents that operate a browser or desktop"
    } else if can(AudioOutput) {
        "Spoken conversation"
    } else if model.id.split('/').next() == Some(SEARCH_PROVIDER) {
        "Answers from the web with their sources"
    } else if can(FunctionCalling) && can(Reasoning) {
        "Multi-step agents that reason and call tools"
    } else if can(Reasoning) {
        "Hard questions that need reasoning"
    } else if can(Vision) || can(PdfInput) {
        "Questions about images and documents"
    } else if context >= 500_000 {
        "Whole repositories and book-length text"
    } else if can(FunctionCalling) {
        "Assistants that call tools and APIs"
    } else if context >= 100_000 {
        "Long documents"
    } else {
        "General chat and text tasks"
    };
    format!("{purpose}{up_to}")
}

/// The sentence of a mode that says it all, or `None` for a mode of general text.
fn sentence_of_mode(model: &Model, mode: Mode) -> Option<String> {
    let purpose = match mode {
        Mode::Embedding => {
            let size = limit(
                model.facts.output_vector_size,
                " with vectors of ",
                " numbers",
            );
            return Some(format!("Semantic search and retrieval{size}"));
        }
        Mode::Realtime => "Live voice sessions",
        Mode::AudioTranscription => "Turning speech into text",
        Mode::AudioSpeech => "Turning text into speech",
        Mode::Rerank => "Putting search hits in order of relevance",
        Mode::ImageGeneration => "Creating images from text",
        Mode::ImageEdit => "Editing images",
        Mode::VideoGeneration => "Creating short video",
        Mode::Moderation | Mode::Guardrail => "Screening content",
        Mode::Ocr => "Reading scanned pages",
        Mode::Search | Mode::VectorStore => "Web or document search",
        Mode::Chat | Mode::Completion | Mode::Responses => return None,
        Mode::Evaluation | Mode::Decisions | Mode::Extraction => return None,
    };
    Some(purpose.to_owned())
}

/// A number between its words, or nothing when it is not known.
fn limit(number: Option<u64>, before: &str, after: &str) -> String {
    match number {
        Some(number) if number > 0 => format!("{before}{}{after}", grouped(number)),
        _ => String::new(),
    }
}
