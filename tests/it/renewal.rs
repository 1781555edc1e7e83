//! A new program in the same process, while clients go on asking.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::attacks::watch::Watch;
use crate::harness::{Client, Instance, wait_until};

const ESTIMATE: &str = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;
/// What one renewal may cost a client, on a machine that is busy with other tests.
const SLOWEST: Duration = Duration::from_secs(5);

/// A server whose program lies in a folder of its own, where it can be replaced.
struct Renewable {
    server: Instance,
    folder: PathBuf,
}

impl Renewable {
    fn start(settings: &[(&str, &str)]) -> Renewable {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("llm-pricing-renewal-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder for the program");
        let program = folder.join("llm-pricing");
        fs::copy(env!("CARGO_BIN_EXE_llm-pricing"), &program).expect("the program can be copied");
        let mut command = Command::new(&program);
        command
            .env_clear()
            .envs([("SERVER_HOST", "127.0.0.1"), ("SERVER_PORT", "0")])
            .envs(settings.iter().copied());
        let server = Instance::run(command);
        Renewable { server, folder }
    }

    /// Puts another program in its place, as an upgrade does.
    fn replace_program(&self, by: &Path) {
        let beside = self.folder.join("new");
        fs::copy(by, &beside).expect("the new program can be copied");
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o755)).expect("it is ours");
        fs::rename(&beside, self.folder.join("llm-pricing")).expect("it takes the place");
    }

    fn replace_program_by_text(&self, text: &str) {
        let file = self.folder.join("text");
        fs::write(&file, text).expect("the folder can be written to");
        self.replace_program(&file);
    }

    fn renew(&self) -> Output {
        Command::new(env!("CARGO_BIN_EXE_llm-pricing"))
            .env_clear()
            .args(["renew", "--server-host", "127.0.0.1", "--server-port"])
            .arg(self.server.address.port().to_string())
            .output()
            .expect("the command runs")
    }

    fn renewals(&self) -> u64 {
        let status = self.server.get("/deployment/renew/status").json();
        status["renewals"].as_u64().expect("a number")
    }
}

impl Drop for Renewable {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[test]
fn renewals_under_load_lose_no_request_and_no_connection() {
    let mut renewable = Renewable::start(&[]);
    let server = &renewable.server;
    let (address, pid) = (server.address, server.pid());
    // Idle all the while, and still there at the end.
    let mut idle = Client::connect(address);
    assert_eq!(idle.get("/health").status, 200);
    let mut silent = Client::connect(address);
    let mut watch = Watch::start(address, pid, "/health/live");
    let post = format!(
        "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{ESTIMATE}",
        ESTIMATE.len()
    );
    let get = "GET /pricing?provider=openai HTTP/1.1\r\nHost: test\r\n\r\n";
    let close = "GET /models HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
    for requests in [[&post, get], [get, &post], [&post, &post], [close, close]] {
        watch.add_client(requests.map(str::to_owned).to_vec());
    }
    for number in 1..=3 {
        renewable.replace_program(Path::new(env!("CARGO_BIN_EXE_llm-pricing")));
        let output = renewable.renew();
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(renewable.renewals(), number);
    }
    let seen = watch.end();
    println!(
        "{} requests, {} failed, {} probes, slowest {:?}",
        seen.good_requests,
        seen.failures.len(),
        seen.probes,
        seen.worst
    );
    assert!(seen.failures.is_empty(), "{:#?}", seen.failures);
    assert!(seen.worst < SLOWEST, "{:?}", seen.worst);
    assert_eq!(idle.get("/health/ready").status, 200, "the same connection");
    assert_eq!(
        silent.get("/health/ready").status,
        200,
        "the same connection"
    );
    // The process is the one that was started, and ends as it always did.
    renewable.server.signal("TERM");
    assert_eq!(renewable.server.wait_for_exit().code(), Some(0));
}

#[test]
fn a_request_that_is_on_its_way_is_served_by_whoever_has_it() {
    let renewable = Renewable::start(&[]);
    let address = renewable.server.address;
    let mut halfway = Client::connect(address);
    let head = format!(
        "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n",
        ESTIMATE.len()
    );
    halfway.send(&head);
    halfway.send(&ESTIMATE[..10]);
    wait_until("the half of a request", || {
        renewable.server.has_accepted(&halfway)
    });
    let order = renewable.server.post("/deployment/renew", "");
    assert_eq!(order.status, 202, "{}", order.text());
    // Nobody reads a new request while this one is on its way.
    renewable.server.wait_for_log("renewal: asking");
    halfway.send(&ESTIMATE[10..]);
    assert_eq!(halfway.receive().status, 200);
    wait_until("the renewal", || renewable.renewals() == 1);
    assert_eq!(halfway.get("/health").status, 200, "the same connection");
}

#[test]
fn a_program_that_cannot_serve_is_refused_and_the_old_one_stays() {
    let renewable = Renewable::start(&[]);
    for (name, program, reason) in [
        ("not a program", "nonsense", "cannot be run"),
        (
            "fails",
            "#!/bin/sh\necho no prices >&2\nexit 1\n",
            "no prices",
        ),
        (
            "older",
            "#!/bin/sh\necho what is check? >&2\nexit 2\n",
            "what is check?",
        ),
    ] {
        renewable.replace_program_by_text(program);
        let output = renewable.renew();
        assert_eq!(output.status.code(), Some(1), "{name}: {}", said(&output));
        assert!(said(&output).contains(reason), "{name}: {}", said(&output));
        let status = renewable.server.get("/deployment/renew/status").json();
        assert_eq!(status["state"], "failed", "{name}");
        let forwarded = [("X-Forwarded-For", "192.0.2.1")];
        let others =
            renewable
                .server
                .connect()
                .request("GET", "/deployment/renew/status", &forwarded, b"");
        assert!(
            others.json()["error"].is_null(),
            "{name}: {}",
            others.text()
        );
        assert_eq!(
            renewable.server.post("/cost-estimate", ESTIMATE).status,
            200,
            "{name}"
        );
    }
    // Passes its check, and cannot be run a moment later.
    renewable.replace_program_by_text("#!/bin/sh\nrm \"$0\"\necho ready to serve\n");
    let output = renewable.renew();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(
        renewable.server.post("/cost-estimate", ESTIMATE).status,
        200
    );
    // And a good one is welcome after all.
    renewable.replace_program(Path::new(env!("CARGO_BIN_EXE_llm-pricing")));
    let output = renewable.renew();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn settings_are_kept_and_checked_with_the_new_program() {
    let renewable = Renewable::start(&[("DEPLOYMENT_GROUP", "green")]);
    assert!(renewable.renew().status.success());
    let reply = renewable.server.get("/deployment/info");
    assert_eq!(reply.header("X-Deployment-Group"), Some("green"));
    let prices = renewable.folder.join("prices.json");
    let mut check = Command::new(env!("CARGO_BIN_EXE_llm-pricing"));
    check.env_clear().args(["check", "--pricing-overrides"]);
    let output = check.arg(&prices).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

#[test]
fn only_those_who_may_shut_the_service_down_may_renew_it_and_only_when_it_is_ready() {
    let mut renewable = Renewable::start(&[("SHUTDOWN_DELAY_SECONDS", "20")]);
    let server = &renewable.server;
    let mut client = Client::connect(server.address);
    let forwarded = client.request(
        "POST",
        "/deployment/renew",
        &[("X-Forwarded-For", "192.0.2.1")],
        b"",
    );
    assert_eq!(forwarded.status, 403);
    assert_eq!(server.get("/deployment/renew").status, 405);
    assert_eq!(server.post("/deployment/renew", "[now").status, 422);
    assert_eq!(renewable.renewals(), 0);
    server.signal("TERM");
    server.wait_for_log("phase lame_duck");
    let late = server.post("/deployment/renew", "");
    assert_eq!(late.status, 409, "{}", late.text());
    let asked = Instant::now();
    server.signal("TERM");
    assert_eq!(renewable.server.wait_for_exit().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_stop_signal_in_the_middle_of_a_renewal_is_obeyed_by_whoever_is_there() {
    for delay_ms in (0..160).step_by(20) {
        let mut renewable = Renewable::start(&[]);
        let order = renewable.server.post("/deployment/renew", "");
        assert_eq!(order.status, 202, "{}", order.text());
        // Somewhere between the question whether it could serve and the first request it answers.
        std::thread::sleep(Duration::from_millis(delay_ms));
        renewable.server.signal("TERM");
        let exit = renewable.server.wait_for_exit();
        assert_eq!(exit.code(), Some(0), "after {delay_ms} ms");
    }
}

#[test]
fn a_stop_signal_in_the_middle_of_a_renewal_is_obeyed_by_whoever_is_there_then() {
    for round in 0..5 {
        let mut renewable = Renewable::start(&[]);
        // The more there is to hand over, the longer it takes.
        let open = (0..200).map(|_| {
            let mut client = renewable.server.connect();
            assert_eq!(client.get("/health").status, 200);
            client
        });
        let open: Vec<Client> = open.collect();
        assert_eq!(renewable.server.post("/deployment/renew", "").status, 202);
        renewable.server.wait_for_log("connections go to");
        renewable.server.signal("TERM");
        let exit = renewable.server.wait_for_exit();
        assert_eq!(exit.code(), Some(0), "round {round}");
        drop(open);
    }
}

#[test]
fn a_check_that_does_not_end_keeps_the_service_neither_from_stopping_nor_from_going_on() {
    let mut renewable = Renewable::start(&[]);
    renewable.replace_program_by_text("#!/bin/sh\nsleep 60 &\necho not me >&2\nexit 1\n");
    let output = renewable.renew();
    assert!(said(&output).contains("not me"), "{}", said(&output));
    renewable.replace_program_by_text("#!/bin/sh\nexec sleep 60\n");
    assert_eq!(renewable.server.post("/deployment/renew", "").status, 202);
    wait_until("the check", || {
        let log = renewable.server.log();
        log.matches("renewal: asking").count() == 2
    });
    let asked = Instant::now();
    renewable.server.signal("TERM");
    assert_eq!(renewable.server.wait_for_exit().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_renewal_that_fails_for_a_slow_reader_cuts_off_nobody() {
    let renewable = Renewable::start(&[]);
    let mut reader = renewable.server.connect();
    reader.send("GET /pricing HTTP/1.1\r\nHost: test\r\n\r\n".repeat(40));
    let mut halfway = renewable.server.connect();
    let length = ESTIMATE.len();
    halfway.send(format!(
        "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n"
    ));
    halfway.send(&ESTIMATE[..10]);
    wait_until("both in flight", || {
        let status = renewable.server.get("/deployment/shutdown/status").json();
        status["active_requests"] == 2
    });
    let output = renewable.renew();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("/pricing: 1"), "{}", said(&output));
    halfway.send(&ESTIMATE[10..]);
    assert_eq!(halfway.receive().status, 200);
    assert_eq!(reader.receive().status, 200);
}

#[test]
fn a_renewal_fails_no_probe_on_the_admin_port() {
    let renewable = Renewable::start(&[("ADMIN_PORT", "0")]);
    let server = &renewable.server;
    let line = server.wait_for_log("admin port on http://");
    let admin = line.split("admin port on http://").nth(1).unwrap();
    let admin: SocketAddr = admin.split_whitespace().next().unwrap().parse().unwrap();
    let mut watch = Watch::start(admin, server.pid(), "/health/live");
    watch.add_client(vec![
        "GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n".to_owned(),
        "GET /health/live HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".to_owned(),
    ]);
    for number in 1..=4 {
        assert_eq!(
            Client::connect(admin).post("/deployment/renew", "").status,
            202
        );
        wait_until("the renewal", || renewable.renewals() == number);
    }
    let seen = watch.end();
    // The client that asks for estimates is told that they are not to be had here.
    let is_lost = |failure: &&String| !failure.contains("404 Not Found");
    let lost: Vec<_> = seen.failures.iter().filter(is_lost).collect();
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn a_program_that_was_found_through_a_link_is_looked_for_there_again() {
    let renewable = Renewable::start(&[]);
    let folder = &renewable.folder;
    let (link, second) = (folder.join("link"), folder.join("second"));
    fs::copy(folder.join("llm-pricing"), &second).expect("the program can be copied");
    std::os::unix::fs::symlink(folder.join("llm-pricing"), &link).expect("the folder is ours");
    let mut command = Command::new("/bin/sh");
    command
        .env_clear()
        .args(["-c", "exec link"])
        .env("PATH", folder)
        .envs([("SERVER_HOST", "127.0.0.1"), ("SERVER_PORT", "0")]);
    let server = Instance::run(command);
    fs::remove_file(&link).expect("it is ours");
    std::os::unix::fs::symlink(&second, &link).expect("the folder is ours");
    assert_eq!(server.post("/deployment/renew", "").status, 202);
    let program = format!("/proc/{}/exe", server.pid());
    let second = second.canonicalize().expect("it is there");
    wait_until("the other program", || {
        fs::read_link(&program).is_ok_and(|running| running == second)
    });
}
