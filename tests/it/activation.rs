//! Started by a service manager: sockets it has opened, and what it is told.

use std::fs;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;

use crate::attacks::watch::Watch;
use crate::harness::{Client, Instance, PATIENCE, binary, wait_until};

/// The binary, given this socket as a service manager gives it. The shell becomes the program, so that
/// its process is the one the variable names.
pub fn activated(listener: &TcpListener, more: &str) -> Command {
    let fd = listener.as_raw_fd();
    let script =
        format!("exec 3<&{fd}; LISTEN_PID=$$ LISTEN_FDS=1 {more} exec \"$0\" --server-port 1",);
    let mut command = Command::new("/bin/sh");
    command
        .env_clear()
        .args(["-c", &script, env!("CARGO_BIN_EXE_llm-pricing")]);
    // SAFETY: fcntl may be called between fork and exec, and the descriptor is open in the child.
    unsafe {
        std::os::unix::process::CommandExt::pre_exec(&mut command, move || {
            libc::fcntl(fd, libc::F_SETFD, 0);
            Ok(())
        });
    }
    command
}

#[test]
fn a_socket_that_somebody_opened_is_served_and_its_backlog_left_to_the_next() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut first = Instance::run(activated(&listener, "DEPLOYMENT_GROUP=first"));
    assert_eq!(
        first.address, address,
        "the port in the settings is not bound"
    );
    let mut watch = Watch::start(address, first.pid(), "/health/live");
    watch.add_client(vec![
        "GET /pricing?provider=openai HTTP/1.1\r\nHost: test\r\n\r\n".to_owned(),
    ]);
    wait_until("some requests", || watch.so_far().good_requests > 20);
    for successor in ["second", "third"] {
        first.signal("TERM");
        assert_eq!(first.wait_for_exit().code(), Some(0));
        // Nobody serves it at the moment: this client waits.
        let mut early = Client::connect(address);
        early.send("GET /health HTTP/1.1\r\nHost: test\r\n\r\n");
        first = Instance::run(activated(
            &listener,
            &format!("DEPLOYMENT_GROUP={successor}"),
        ));
        let reply = early.receive();
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("X-Deployment-Group"), Some(successor));
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
    first.signal("TERM");
    assert_eq!(first.wait_for_exit().code(), Some(0));
}

#[test]
fn sockets_that_are_not_for_this_process_are_left_alone() {
    for (name, pid, count) in [("another process", "1", "1"), ("none", "", "")] {
        let mut command = binary();
        command.envs([("SERVER_HOST", "127.0.0.1"), ("SERVER_PORT", "0")]);
        command.envs([("LISTEN_PID", pid), ("LISTEN_FDS", count)]);
        let server = Instance::run(command);
        assert_eq!(server.get("/health").status, 200, "{name}");
    }
}

#[test]
fn what_is_no_listening_socket_is_refused_by_name() {
    let output = Command::new("/bin/sh")
        .env_clear()
        .args([
            "-c",
            "exec 3</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\"",
        ])
        .arg(env!("CARGO_BIN_EXE_llm-pricing"))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("LISTEN_FDS: \"1\" cannot be used"),
        "{error}"
    );
}

/// A service manager's end of the notification socket.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
    heard: Vec<String>,
}

impl Manager {
    fn new(name: &str) -> Manager {
        let name = format!("llm-pricing-notify-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Manager {
            socket,
            path,
            heard: Vec::new(),
        }
    }

    /// Listens until a message has this line; returns the message.
    #[track_caller]
    fn hear(&mut self, line: &str) -> String {
        let mut bytes = [0; 1_024];
        loop {
            let length = self.socket.recv(&mut bytes);
            let length = length.unwrap_or_else(|_| panic!("no {line} in {:#?}", self.heard));
            let message = String::from_utf8_lossy(&bytes[..length]).into_owned();
            self.heard.push(message.clone());
            if message.lines().any(|said| said == line) {
                return message;
            }
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[test]
fn the_service_manager_is_told_what_happens() {
    let mut manager = Manager::new("all");
    let mut command = binary();
    command
        .envs([("SERVER_HOST", "127.0.0.1"), ("SERVER_PORT", "0")])
        .env("NOTIFY_SOCKET", &manager.path)
        .env("WATCHDOG_USEC", "100000");
    let mut server = Instance::run(command);
    manager.hear("READY=1");
    assert_eq!(manager.heard.len(), 1, "{:#?}", manager.heard);
    assert_eq!(server.get("/health/ready").status, 200, "it was true");
    for _ in 0..3 {
        manager.hear("WATCHDOG=1");
    }
    assert_eq!(server.post("/deployment/renew", "").status, 202);
    let reloading = manager.hear("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    manager.hear("READY=1");
    manager.hear("WATCHDOG=1");
    server.signal("TERM");
    let stopping = manager.hear("STOPPING=1");
    assert!(stopping.contains("EXTEND_TIMEOUT_USEC=35"), "{stopping}");
    assert_eq!(server.wait_for_exit().code(), Some(0));
}

#[test]
fn a_slow_check_of_a_successor_does_not_look_like_a_stuck_service() {
    let mut manager = Manager::new("slow");
    let folder = std::env::temp_dir().join(format!("llm-pricing-slow-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("llm-pricing");
    fs::copy(env!("CARGO_BIN_EXE_llm-pricing"), &program).unwrap();
    let mut command = Command::new(&program);
    command
        .env_clear()
        .envs([("SERVER_HOST", "127.0.0.1"), ("SERVER_PORT", "0")])
        .env("NOTIFY_SOCKET", &manager.path)
        .env("WATCHDOG_USEC", "100000");
    let server = Instance::run(command);
    fs::remove_file(&program).unwrap();
    // The folder is emptied while the check waits for it, which ends it.
    let waits = "#!/bin/sh\nwhile [ -e \"$0\" ]; do sleep 0.02; done\nexit 1\n";
    fs::write(&program, waits).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(server.post("/deployment/renew", "").status, 202);
    manager.hear("RELOADING=1");
    for _ in 0..3 {
        manager.hear("WATCHDOG=1");
    }
    fs::remove_dir_all(&folder).unwrap();
    manager.hear("STATUS=ready; the last renewal failed");
}

#[test]
fn a_watchdog_that_is_for_another_process_is_not_fed() {
    let mut manager = Manager::new("other");
    let mut command = binary();
    command
        .envs([("SERVER_HOST", "127.0.0.1"), ("SERVER_PORT", "0")])
        .env("NOTIFY_SOCKET", &manager.path)
        .envs([("WATCHDOG_USEC", "20000"), ("WATCHDOG_PID", "1")]);
    let mut server = Instance::run(command);
    manager.hear("READY=1");
    // A renewal takes longer than a sign of life would wait for.
    assert_eq!(server.post("/deployment/renew", "").status, 202);
    manager.hear("RELOADING=1");
    manager.hear("READY=1");
    server.signal("TERM");
    manager.hear("STOPPING=1");
    let is_fed = |message: &String| message.contains("WATCHDOG=1");
    assert!(!manager.heard.iter().any(is_fed), "{:#?}", manager.heard);
    assert_eq!(server.wait_for_exit().code(), Some(0));
}
