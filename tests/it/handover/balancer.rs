//! Real balancers with the configurations that are shipped: only addresses and folders are the tests' own.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use super::load::colour_at;
use crate::harness::wait_until;
use crate::price_files::folder;
use crate::tools::{root, system_tool};

/// Which balancer, with which of its configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    HaProxy,
    Nginx,
    /// nginx that is told by a file which colour to use.
    NginxByFile,
    /// HAProxy as a balancer of connections.
    Tcp,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::HaProxy => "HAProxy",
            Kind::Nginx => "nginx",
            Kind::NginxByFile => "nginx, by file",
            Kind::Tcp => "TCP",
        }
    }
}

/// A running balancer, ended when dropped.
pub struct Balancer {
    process: Child,
    pub address: SocketAddr,
    folder: PathBuf,
}

/// A loopback address of one test's own: a port on it that was free once stays free, so that a colour can
/// come back to where it was.
pub fn own_host() -> Ipv4Addr {
    static TESTS: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, high | 0x40, low, TESTS.fetch_add(1, Ordering::Relaxed))
}

pub fn free_port(host: Ipv4Addr) -> SocketAddr {
    let listener = TcpListener::bind((host, 0)).expect("loopback has free ports");
    listener.local_addr().expect("a bound address")
}

impl Balancer {
    /// Starts one in front of these colours, and waits until it passes something on. All clients of a
    /// test have the same address, and so get what is for many.
    pub fn start(kind: Kind, host: Ipv4Addr, colours: [SocketAddr; 2]) -> Balancer {
        Balancer::with_share(kind, host, colours, 4_000)
    }

    /// With this share of its connections for each address.
    pub fn with_share(
        kind: Kind,
        host: Ipv4Addr,
        [blue, green]: [SocketAddr; 2],
        share: usize,
    ) -> Balancer {
        let address = free_port(host);
        let folder = folder(&format!("balancer-{address}"));
        let mut command = match kind {
            Kind::HaProxy => haproxy(Path::new("deploy/haproxy/haproxy.cfg")),
            Kind::Tcp => haproxy(Path::new("tests/it/handover/l4.cfg")),
            Kind::Nginx => nginx("nginx.conf", &folder, address, [blue, green], share),
            Kind::NginxByFile => nginx("file-switch.conf", &folder, address, [blue, green], share),
        };
        let log = File::create(folder.join("log")).expect("a log file");
        command
            .current_dir(root())
            .env("LISTEN", address.to_string())
            .env("BLUE", blue.to_string())
            .env("GREEN", green.to_string())
            .env("ADMIN_SOCKET", folder.join("admin.sock"))
            .env("CONNECTIONS_PER_ADDRESS", share.to_string())
            .env("KEEP_USER", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log);
        let balancer = Balancer {
            process: command.spawn().expect("the balancer starts"),
            address,
            folder,
        };
        wait_until("an answer through the balancer", || {
            colour_at(address).is_ok_and(|colour| !colour.is_empty())
        });
        // Until the first check HAProxy takes everybody for ready.
        wait_until("green is missed", || {
            !matches!(kind, Kind::HaProxy | Kind::Tcp) || balancer.log().contains("/green is DOWN")
        });
        balancer
    }

    /// What a process of the balancer's is called by the kernel.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Where its admin socket is, or the file that says who works.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Asks HAProxy something at its admin socket.
    pub fn admin(&self, command: &str) -> String {
        let socket = self.folder.join("admin.sock");
        let mut stream = UnixStream::connect(socket).expect("the admin socket is there");
        writeln!(stream, "{command}").expect("a command is taken");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Has nginx use this colour from the next request on.
    pub fn switch_file(&self, colour: &str) {
        let file = self.folder.join("green");
        match colour {
            "green" => fs::write(file, "").expect("the file is made"),
            _ => fs::remove_file(file).expect("the file is there"),
        }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the balancer said:\n{}", self.log());
        }
        let pid = libc::pid_t::try_from(self.pid()).expect("a process id");
        // SAFETY: kill takes two numbers, and the process is our own child. nginx ends its workers at this
        // signal, and not at one it does not get to see.
        unsafe { libc::kill(pid, libc::SIGTERM) };
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn haproxy(configuration: &Path) -> Command {
    let mut command = system_tool("haproxy");
    command.env_clear();
    command.arg("-db").arg("-f").arg(configuration);
    command
}

/// What differs in a test from what is shipped: in this file, these words, and the test's own.
type Change<'a> = (&'a str, &'a str, String);

/// A copy of nginx's configuration with its own folders for temporary files, and these changes.
pub fn copy_nginx(folder: &Path, changes: &[Change]) {
    let temporary = "http {\nclient_body_temp_path body;\nproxy_temp_path proxy;\n\
                     fastcgi_temp_path fastcgi;\nuwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n";
    let folders =
        ["nginx.conf", "file-switch.conf"].map(|main| (main, "http {\n", temporary.to_owned()));
    for entry in fs::read_dir(root().join("deploy/nginx")).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let mut text = fs::read_to_string(&path).expect("a text file");
        for (_, shipped, own) in folders
            .iter()
            .chain(changes)
            .filter(|(file, ..)| *file == name)
        {
            assert!(text.contains(shipped), "{name} says {shipped:?}");
            text = text.replace(shipped, own);
        }
        fs::write(folder.join(name), text).expect("a copy");
    }
}

/// nginx with a copy of its configuration in this folder.
pub fn nginx_in(folder: &Path, main: &str) -> Command {
    let mut command = system_tool("nginx");
    command.env_clear();
    command.arg("-p").arg(folder).args(["-e", "stderr"]);
    command.arg("-c").arg(folder.join(main));
    // Started by root, its workers would be somebody who may not enter the folder.
    command.args(["-g", "daemon off; pid nginx.pid; user root;"]);
    command
}

fn nginx(
    main: &str,
    folder: &Path,
    address: SocketAddr,
    [blue, green]: [SocketAddr; 2],
    share: usize,
) -> Command {
    let file = folder.join("green").display().to_string();
    let changes = [
        (main, "listen 8080;", format!("listen {address};")),
        ("colours.conf", "127.0.0.1:8001", blue.to_string()),
        ("colours.conf", "127.0.0.1:8002", green.to_string()),
        (
            "limits.conf",
            "limit_conn addresses 100;",
            format!("limit_conn addresses {share};"),
        ),
        ("file-switch.conf", "/run/llm-pricing/switch/green", file),
    ];
    copy_nginx(folder, &changes);
    nginx_in(folder, main)
}
