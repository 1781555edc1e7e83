//! Secrets in settings and files: what is refused, what is replaced, and that nobody sees them.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::access_log::logging;
use crate::cli::{run, stderr, stdout};
use crate::commands::command_for;
use crate::harness::{Instance, binary, wait_until};
use crate::price_files::folder;
use crate::replies::public_routes;

/// A hundred times as often as by default, so that nobody waits.
const EAGER: (&str, &str) = ("PRICING_RELOAD_SECONDS", "0.01");

fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).expect("the file is written");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn status(server: &Instance, key: &str) -> u16 {
    let headers = [("x-api-key", key)];
    let mut client = server.connect();
    client.request("GET", "/models", &headers, b"").status
}

#[test]
fn a_file_of_keys_has_one_a_line() {
    let folder = folder("keys");
    let rows = [
        ("one", "k1", &["k1"][..]),
        ("lines", "k1\nk2\n", &["k1", "k2"]),
        ("of Windows", "k1\r\nk2\r\n", &["k1", "k2"]),
        ("with a mark", "\u{feff}k1\n", &["k1"]),
        (
            "comments",
            "# until May\nk1\n\n  # new\n  k2  \n",
            &["k1", "k2"],
        ),
        ("not a comment", "k1 # x\nk,2", &["k1 # x", "k,2"]),
    ];
    for (name, content, keys) in rows {
        let path = file(&folder, "keys", content);
        let server = Instance::with(&[("MCP_API_KEY_FILE", text(&path)), ("MCP_API_KEY", "")]);
        for key in keys {
            assert_eq!(status(&server, key), 200, "{name}: {key:?}");
        }
        for wrong in ["", "#", "# until May", "k3", "k1 k2", "k1,k2"] {
            assert_eq!(status(&server, wrong), 401, "{name}: {wrong:?}");
        }
    }
}

#[test]
fn a_secret_that_cannot_be_used_stops_the_start_and_is_not_shown() {
    let folder = folder("bad-secrets");
    let path = |name, content: &str| text(&file(&folder, name, content)).to_owned();
    let many = vec!["hush"; 33];
    let (large, long) = ("hush\n".repeat(20_000), "hush".repeat(2_000));
    let not_text = folder.join("not-text");
    fs::write(&not_text, b"hush\xff\n").unwrap();
    let key_file = path("keys", "hush-key\n");
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let rows: [Row; 18] = [
        (
            "no keys",
            &[("MCP_API_KEY", ",")],
            &["MCP_API_KEY:", "1 to 32 keys"],
        ),
        (
            "blank",
            &[("MCP_API_KEY", " ")],
            &["MCP_API_KEY:", "1 to 32 keys"],
        ),
        (
            "many",
            &[("MCP_API_KEY", &many.join(","))],
            &["MCP_API_KEY:", "1 to 32 keys"],
        ),
        (
            "umlaut",
            &[("MCP_API_KEY", "hush,hüsh")],
            &["MCP_API_KEY:", "printable ASCII"],
        ),
        (
            "two lines",
            &[("MCP_API_KEY", "hush\nhush")],
            &["MCP_API_KEY:", "printable ASCII"],
        ),
        (
            "long",
            &[("MCP_API_KEY", &long)],
            &["MCP_API_KEY:", "1 to 32 keys"],
        ),
        (
            "token",
            &[("SHUTDOWN_TOKEN", "hush\u{7f}")],
            &["SHUTDOWN_TOKEN:", "printable ASCII"],
        ),
        (
            "blank token",
            &[("SHUTDOWN_TOKEN", "  ")],
            &["SHUTDOWN_TOKEN:", "a token"],
        ),
        (
            "both keys",
            &[("MCP_API_KEY", "hush"), ("MCP_API_KEY_FILE", &key_file)],
            &[
                "MCP_API_KEY_FILE:",
                "MCP_API_KEY is set as well",
                "one of the two",
            ],
        ),
        (
            "both tokens",
            &[
                ("SHUTDOWN_TOKEN", "hush"),
                ("SHUTDOWN_TOKEN_FILE", &key_file),
            ],
            &["SHUTDOWN_TOKEN_FILE:", "SHUTDOWN_TOKEN is set as well"],
        ),
        (
            "no file",
            &[("MCP_API_KEY_FILE", "/no/such/file")],
            &["\"/no/such/file\"", "No such file"],
        ),
        (
            "a folder",
            &[("MCP_API_KEY_FILE", text(&folder))],
            &["not a regular file"],
        ),
        (
            "empty",
            &[("MCP_API_KEY_FILE", &path("empty", ""))],
            &["empty\"", "one a line"],
        ),
        (
            "comments alone",
            &[("MCP_API_KEY_FILE", &path("comments", "# hush\n"))],
            &["comments\"", "one a line"],
        ),
        (
            "large",
            &[("MCP_API_KEY_FILE", &path("large", &large))],
            &["more than 65536"],
        ),
        (
            "not text",
            &[("MCP_API_KEY_FILE", text(&not_text))],
            &["not-text\"", "valid UTF-8"],
        ),
        (
            "two tokens",
            &[("SHUTDOWN_TOKEN_FILE", &path("tokens", "hush\nhush\n"))],
            &["tokens\"", "a file with a token"],
        ),
        (
            "another",
            &[("MCP_API_KEY", "hush"), ("WORKERS", "0")],
            &["WORKERS"],
        ),
    ];
    for (name, environment, parts) in rows {
        let mut command = binary();
        command.envs([("SERVER_HOST", "127.0.0.1"), ("SERVER_PORT", "0")]);
        // Whatever it says of a crash is to be without secrets, too.
        command.env("RUST_BACKTRACE", "full");
        let output = run(command.envs(environment.iter().copied()));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert_eq!(said.lines().count(), 1, "{name} is one line: {said}");
        for part in parts {
            assert!(said.contains(part), "{name} says {part:?}: {said}");
        }
        assert!(!(said + &stdout(&output)).contains("hush"), "{name}");
    }
    // Before anything of ours has seen it.
    let output = run(binary().env("MCP_API_KEY", OsStr::from_bytes(b"hush\xff")));
    assert_eq!(output.status.code(), Some(2));
    assert!(!stderr(&output).contains("hush"), "{}", stderr(&output));
}

#[test]
fn secrets_show_nowhere() {
    let folder = folder("hidden");
    let (keys, token) = (
        file(&folder, "keys", "hush-key-1\nhush-key-2\n"),
        file(&folder, "token", "hush-token\n"),
    );
    let in_files = [
        ("MCP_API_KEY_FILE", text(&keys)),
        ("SHUTDOWN_TOKEN_FILE", text(&token)),
    ];
    let in_variables = [
        ("MCP_API_KEY", "hush-key-1,hush-key-2"),
        ("SHUTDOWN_TOKEN", "hush-token"),
    ];
    for (name, secrets) in [("files", in_files), ("variables", in_variables)] {
        for arguments in [&["--help"][..], &["-h"], &["shutdown", "--help"]] {
            let help = stdout(&run(binary().args(arguments).envs(secrets)));
            assert!(!help.contains("hush"), "{name}: {arguments:?}: {help}");
        }
        let verbose = [EAGER, ("LOG_LEVEL", "trace")];
        let (mut server, mut lines) = logging(&[&secrets[..], &verbose].concat());
        for key in ["hush-key-1", "hush-key-3"] {
            let headers = [("x-api-key", key), ("Authorization", "Bearer hush-tokem")];
            let mut client = server.connect();
            for row in public_routes() {
                let reply = client.request(row.method, row.path, &headers, b"");
                let said = format!("{:?} {}", reply.headers, reply.text());
                assert!(!said.contains("hush"), "{name}: {}: {said}", row.path);
            }
        }
        // New secrets, one that cannot be used, and the end.
        file(&folder, "keys", "hush-key-2\nhush-key-4\n");
        file(&folder, "token", "hush\u{7f}");
        if name == "files" {
            server.wait_for_log("MCP_API_KEY_FILE: new secrets, 2 in all");
            server.wait_for_log("what was in it before stays in use");
        }
        let output = run(command_for(&server, &["shutdown"]).env("SHUTDOWN_TOKEN", "hush-token"));
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        assert_eq!(server.wait_for_exit().code(), Some(0));
        let log = server.wait_for_log("exit 0");
        let mut requests = String::new();
        lines.read_to_string(&mut requests).expect("text");
        assert!(requests.contains("/telemetry"), "{name}: {requests}");
        for said in [log, requests] {
            assert!(!said.contains("hush"), "{name}: {said}");
        }
    }
}

#[test]
fn keys_are_replaced_while_the_service_runs() {
    let folder = folder("rotation");
    let (first, second) = (
        file(&folder, "first", "old\n"),
        file(&folder, "second", "old\nnew\n"),
    );
    // As Kubernetes mounts them: the file is a link, and the link is replaced.
    let (path, beside) = (folder.join("keys"), folder.join("beside"));
    let _ = fs::remove_file(&path);
    symlink(&first, &path).unwrap();
    let server = Instance::with(&[("MCP_API_KEY_FILE", text(&path)), EAGER]);
    assert_eq!((status(&server, "old"), status(&server, "new")), (200, 401));

    symlink(&second, &beside).unwrap();
    fs::rename(&beside, &path).unwrap();
    wait_until("the new key", || {
        assert_eq!(status(&server, "old"), 200, "all the time");
        status(&server, "new") == 200
    });
    fs::write(&second, "new\n").unwrap();
    wait_until("the end of the old key", || {
        assert_eq!(status(&server, "new"), 200, "all the time");
        status(&server, "old") == 401
    });
    assert!(
        server
            .log()
            .contains("MCP_API_KEY_FILE: new secrets, 1 in all")
    );
}

#[test]
fn a_file_that_can_no_longer_be_used_changes_nothing_and_is_named_once() {
    let folder = folder("spoilt");
    let (keys, token) = (
        file(&folder, "keys", "key"),
        file(&folder, "token", "token"),
    );
    let mut server = Instance::with(&[
        ("MCP_API_KEY_FILE", text(&keys)),
        ("SHUTDOWN_TOKEN_FILE", text(&token)),
        EAGER,
    ]);
    let spoil = [
        ("empty", "one a line"),
        ("removed", "No such file or directory"),
    ];
    for (how, words) in spoil {
        match how {
            "empty" => fs::write(&keys, "").unwrap(),
            _ => fs::remove_file(&keys).unwrap(),
        }
        server.wait_for_log(words);
        assert_eq!(status(&server, "key"), 200, "{how}");
    }
    // By the time this is noticed, the other file has been looked at again.
    fs::remove_file(&token).unwrap();
    let log = server.wait_for_log("SHUTDOWN_TOKEN_FILE: ");
    assert_eq!(
        log.matches("MCP_API_KEY_FILE: ").count(),
        spoil.len(),
        "{log}"
    );
    assert_eq!(log.matches(text(&keys)).count(), spoil.len(), "{log}");

    file(&folder, "keys", "another");
    wait_until("a file that is there again", || {
        status(&server, "another") == 200
    });
    file(&folder, "token", "of today\n");
    server.wait_for_log("SHUTDOWN_TOKEN_FILE: new secrets");
    let order = |token: &Path| {
        let mut command = command_for(&server, &["shutdown", "--shutdown-token-file"]);
        run(command.arg(token)).status.code()
    };
    let old = file(&folder, "old", "token");
    assert_eq!(order(&old), Some(1), "the token of before");
    assert_eq!(order(&folder.join("nowhere")), Some(2));
    assert_eq!(order(&token), Some(0));
    assert_eq!(server.wait_for_exit().code(), Some(0));
}

#[test]
fn files_are_left_alone_when_told_so() {
    let folder = folder("left-alone");
    let keys = file(&folder, "keys", "old");
    let never = ("PRICING_RELOAD_SECONDS", "0");
    let server = Instance::with(&[("MCP_API_KEY_FILE", text(&keys)), never]);
    file(&folder, "keys", "new");
    for _ in 0..50 {
        assert_eq!((status(&server, "old"), status(&server, "new")), (200, 401));
    }
}
