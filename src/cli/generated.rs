//! What is made of the declaration of the command line besides `--help`: completions and man pages.

use std::io::{self, Write};

use clap::builder::Resettable;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Cli;

const NAME: &str = "llm-pricing";

/// What makes a shell complete the command line.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    if shell != Shell::Bash {
        return script;
    }
    // In a name with a hyphen clap_complete looks for commands under another name than it gives them
    // (clap-rs/clap#6421), and bash would complete nothing behind a command.
    let script = String::from_utf8_lossy(&script);
    script
        .replace("llm__subcmd__pricing", "llm__pricing")
        .into_bytes()
}

/// Writes the manual page of the program, or of the command with that name; `None` when there is none.
///
/// # Errors
/// When it cannot be written.
pub fn man(command: &[String], to: &mut impl Write) -> io::Result<Option<()>> {
    let mut whole = Cli::command();
    whole.build();
    let mut found: &Command = &whole;
    for word in command {
        match found.find_subcommand(word) {
            Some(subcommand) => found = subcommand,
            None => return Ok(None),
        }
    }
    let name = found.get_display_name().unwrap_or(NAME).to_owned();
    let behind = found.get_after_help().map(ToString::to_string);
    let page = found.clone().name(name).after_help(Resettable::Reset);
    Man::new(page)
        .manual("llm-pricing manual")
        .source(format!("{NAME} {}", crate::VERSION))
        .render(to)?;
    if let Some(text) = behind {
        // Filled to the width of the page, examples would run into each other.
        let text = text.replace('\\', "\\e").replace('-', "\\-");
        write!(to, ".SH EXAMPLES AND EXIT CODES\n.nf\n{text}\n.fi\n")?;
    }
    Ok(Some(()))
}
