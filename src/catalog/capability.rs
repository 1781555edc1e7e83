//! What a model can do, as its publisher lists it.

use super::vocabulary::named;

/// Something a model may be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Capability {
    FunctionCalling,
    ParallelFunctionCalling,
    ToolChoice,
    Reasoning,
    ResponseSchema,
    PromptCaching,
    Vision,
    PdfInput,
    AudioInput,
    VideoInput,
    AudioOutput,
    ImageOutput,
    VideoOutput,
    ComputerUse,
    WebSearch,
    UrlContext,
}

impl Capability {
    /// Every capability with its name in the catalogue file, which is LiteLLM's name without `supports_`.
    pub const NAMES: [(Capability, &str); 16] = [
        (Capability::FunctionCalling, "function_calling"),
        (
            Capability::ParallelFunctionCalling,
            "parallel_function_calling",
        ),
        (Capability::ToolChoice, "tool_choice"),
        (Capability::Reasoning, "reasoning"),
        (Capability::ResponseSchema, "response_schema"),
        (Capability::PromptCaching, "prompt_caching"),
        (Capability::Vision, "vision"),
        (Capability::PdfInput, "pdf_input"),
        (Capability::AudioInput, "audio_input"),
        (Capability::VideoInput, "video_input"),
        (Capability::AudioOutput, "audio_output"),
        (Capability::ImageOutput, "image_output"),
        (Capability::VideoOutput, "video_output"),
        (Capability::ComputerUse, "computer_use"),
        (Capability::WebSearch, "web_search"),
        (Capability::UrlContext, "url_context"),
    ];

    /// The capability of that name.
    pub fn named(text: &str) -> Option<Capability> {
        named(&Capability::NAMES, text)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// What is known of a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Yes,
    No,
    /// Nobody said; never to be read as "cannot".
    Unsaid,
}

/// Two sets: what the model is said to be able to do, and what it is said not to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    can: u32,
    cannot: u32,
}

impl Capabilities {
    /// Notes one statement. A yes outweighs a no, because flags and lists of modalities are united.
    pub fn note(&mut self, capability: Capability, known: Known) {
        match known {
            Known::Yes => self.can |= capability.bit(),
            Known::No => self.cannot |= capability.bit(),
            Known::Unsaid => {}
        }
        self.cannot &= !self.can;
    }

    pub fn known(self, capability: Capability) -> Known {
        if self.can & capability.bit() != 0 {
            Known::Yes
        } else if self.cannot & capability.bit() != 0 {
            Known::No
        } else {
            Known::Unsaid
        }
    }

    /// Whether the model is known to be able to do this.
    pub fn can(self, capability: Capability) -> bool {
        self.known(capability) == Known::Yes
    }

    /// Whether nothing at all is known.
    pub fn is_unknown(self) -> bool {
        self == Capabilities::default()
    }

    /// The names of everything that is known in this way.
    pub fn names(self, known: Known) -> impl Iterator<Item = &'static str> {
        Capability::NAMES
            .into_iter()
            .filter(move |&(each, _)| self.known(each) == known)
            .map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_differs_from_silence_and_yields_to_a_yes() {
        let mut capabilities = Capabilities::default();
        assert!(capabilities.is_unknown());
        capabilities.note(Capability::Vision, Known::No);
        assert_eq!(capabilities.known(Capability::Vision), Known::No);
        assert_eq!(capabilities.known(Capability::Reasoning), Known::Unsaid);
        capabilities.note(Capability::Vision, Known::Yes);
        capabilities.note(Capability::Vision, Known::No);
        assert!(capabilities.can(Capability::Vision));
        assert_eq!(
            capabilities.names(Known::Yes).collect::<Vec<_>>(),
            ["vision"]
        );
    }
}
