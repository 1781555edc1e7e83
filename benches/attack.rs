//! Every attack of the tests on a bare tiny_http server (`bare.rs`) and on ours, one after the
//! other, each on a server of its own: what everybody else sees of it, and what becomes of the
//! server.
//!
//! Nothing is judged; the tests do that. It needs `slowhttptest`, root (for the limit of threads), and
//! what `cargo build --release` builds, and takes about eight minutes. A name on the command line
//! chooses the attacks that contain it.

#[path = "../tests/it/attacks/mod.rs"]
mod attacks;
#[path = "../tests/it/confinement.rs"]
mod confinement;
mod server;
mod yardstick;

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use attacks::watch::{Figures, Watch};
use attacks::wire::raise_descriptor_limit;
use attacks::{Confinement, FAMILIES, Family, Plan};
use confinement::{Cage, confine};
use server::{Outcome, Server, fetch};

/// How long to keep up what takes time.
const HOLD: Duration = Duration::from_secs(5);
/// How soon after an attack everything has to be as before.
const RECOVERY: Duration = Duration::from_secs(3);
const SEED: u64 = 4;

/// The modes of slowhttptest: how it is told, and what it asks for.
const SLOW_MODES: [(&str, &[&str], &str); 3] = [
    ("slow headers", &["-H", "-c", "500", "-i", "2"], "/health"),
    (
        "slow bodies",
        &["-B", "-c", "500", "-i", "2", "-s", "8192"],
        "/cost-estimate",
    ),
    (
        "slow reading",
        &[
            "-X", "-c", "500", "-n", "1", "-z", "32", "-w", "8", "-y", "16", "-k", "3",
        ],
        "/pricing",
    ),
];

fn main() -> Outcome<()> {
    let chosen = std::env::args().nth(1).unwrap_or_default();
    raise_descriptor_limit();
    println!("seed {SEED}, up to {} s each\n", HOLD.as_secs());
    println!(
        "| attack | server | probes answered | worst | good requests failed | RSS, peak \
         | threads, peak | 3 s later | the attacker saw |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |");
    for family in FAMILIES
        .iter()
        .filter(|family| family.name.contains(&chosen))
    {
        for is_ours in [false, true] {
            println!("{}", row(family, is_ours)?);
        }
    }
    println!("\n| slowhttptest | server | says that the service is available |");
    println!("| --- | --- | --- |");
    for (mode, options, path) in SLOW_MODES {
        for is_ours in [false, true].iter().filter(|_| mode.contains(&chosen)) {
            let target = Target::start(Confinement::None, *is_ours)?;
            let verdicts = slowhttptest(&target.server, options, path)?;
            println!("| {mode} | {} | {verdicts} |", target.name());
        }
    }
    Ok(())
}

/// A server, and what confines it, which goes after it.
struct Target {
    server: Server,
    is_ours: bool,
    _cage: Cage,
}

impl Target {
    fn start(confinement: Confinement, is_ours: bool) -> Outcome<Target> {
        let mut cage = None;
        let prepare = |command: &mut Command| {
            cage = Some(confine(command, confinement)?);
            Ok(())
        };
        let server = if is_ours {
            server::ours(prepare)?
        } else {
            yardstick::like(&server::ours(|_| Ok(()))?, prepare)?
        };
        Ok(Target {
            server,
            is_ours,
            _cage: cage.ok_or("nothing was started")?,
        })
    }

    fn name(&self) -> &'static str {
        if self.is_ours { "ours" } else { "bare" }
    }

    fn probe(&self) -> &'static str {
        if self.is_ours {
            "/health/live"
        } else {
            "/health"
        }
    }

    /// What is left of the server, in words.
    fn state(&mut self, before: Figures) -> Outcome<String> {
        if let Some(status) = self.server.child.try_wait()? {
            return Ok(format!("dead, {status}"));
        }
        let now = Figures::of(self.server.child.id()).ok_or("a process that runs has figures")?;
        let answers = match fetch(self.server.address, "GET", self.probe(), "") {
            Ok(_) => "alive",
            Err(_) => "hangs",
        };
        Ok(format!(
            "{answers}, {} threads ({}), {} descriptors ({}), {:.0} MiB ({:.0})",
            now.threads,
            before.threads,
            now.descriptors,
            before.descriptors,
            now.rss_mib,
            before.rss_mib
        ))
    }
}

fn row(family: &Family, is_ours: bool) -> Outcome<String> {
    let mut target = Target::start(family.confinement, is_ours)?;
    let (address, pid) = (target.server.address, target.server.child.id());
    let before = Figures::of(pid).ok_or("the server has gone before the attack")?;
    let watch = Watch::start(address, pid, target.probe());
    let ends = (family.attack)(&Plan {
        address,
        hold: HOLD,
        seed: SEED,
    });
    sleep(RECOVERY);
    let state = target.state(before)?;
    let seen = watch.end();
    Ok(format!(
        "| {} | {} | {:.1} % of {} | {:.0} ms | {} of {} | {:.0} MiB | {} | {} | {ends} |",
        family.name,
        target.name(),
        seen.availability_percent(),
        seen.probes,
        seen.worst.as_secs_f64() * 1e3,
        seen.failures.len(),
        seen.good_requests,
        seen.rss_mib_max,
        seen.threads_max,
        state,
    ))
}

/// What slowhttptest says, every five seconds, of whether it can still reach the server.
fn slowhttptest(server: &Server, options: &[&str], path: &str) -> Outcome<String> {
    let output = Command::new("slowhttptest")
        .args(options)
        .args(["-r", "200", "-l", "21", "-p", "2", "-u"])
        .arg(format!("http://{}{path}", server.address))
        .output()
        .map_err(|why| {
            format!("slowhttptest does not run ({why}); on Debian: apt-get install slowhttptest")
        })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let verdicts: Vec<&str> = text
        .split("service available:")
        .skip(1)
        .filter_map(|rest| {
            ["YES", "NO"]
                .into_iter()
                .min_by_key(|word| rest.find(word).unwrap_or(usize::MAX))
        })
        .collect();
    if verdicts.is_empty() {
        return Err(format!("slowhttptest says something new:\n{text}").into());
    }
    Ok(verdicts.join(", "))
}
