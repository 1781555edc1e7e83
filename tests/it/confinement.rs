//! Servers that get fewer descriptors or threads than they would like.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::attacks::Confinement;

/// What has to be there while the confined process lives; removed when dropped, after that process.
pub struct Cage {
    cgroup: Option<PathBuf>,
}

/// Where a group of processes can be made whose number is limited: version 1 of control groups has a
/// hierarchy for it, version 2 has one for everything.
const CGROUP_ROOTS: [&str; 2] = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"];

/// Arranges that the process this command starts is confined.
///
/// # Errors
///
/// A thread limit needs a control group that this process may make.
pub fn confine(command: &mut Command, confinement: Confinement) -> io::Result<Cage> {
    match confinement {
        Confinement::None => Ok(Cage { cgroup: None }),
        Confinement::Descriptors(count) => {
            let limit = libc::rlimit {
                rlim_cur: count.into(),
                rlim_max: count.into(),
            };
            // SAFETY: between fork and exec only this one system call is made.
            unsafe {
                command.pre_exec(move || {
                    match libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) {
                        0 => Ok(()),
                        _ => Err(io::Error::last_os_error()),
                    }
                });
            }
            Ok(Cage { cgroup: None })
        }
        Confinement::Threads(count) => {
            let group = make_group(count).map_err(|why| {
                let hint =
                    "a thread limit needs a control group for pids, which only root may make";
                io::Error::other(format!("{hint}: {why}"))
            })?;
            let members = fs::OpenOptions::new()
                .write(true)
                .open(group.join("cgroup.procs"))?;
            // SAFETY: between fork and exec only a write is made, to a file that is open already;
            // "0" is whoever writes it.
            unsafe {
                command.pre_exec(move || io::Write::write_all(&mut &members, b"0"));
            }
            Ok(Cage {
                cgroup: Some(group),
            })
        }
    }
}

fn make_group(threads_max: u32) -> io::Result<PathBuf> {
    let name = format!("llm-pricing-test-{}", std::process::id());
    let mut outcome = Err(io::Error::other("no such hierarchy"));
    for root in CGROUP_ROOTS.map(Path::new) {
        let group = root.join(&name);
        outcome = fs::create_dir(&group)
            .and_then(|()| fs::write(group.join("pids.max"), threads_max.to_string()))
            .map(|()| group.clone());
        if outcome.is_ok() {
            break;
        }
        // A folder that is no group of the right kind is none of ours to keep.
        let _ = fs::remove_dir(&group);
    }
    outcome
}

impl Drop for Cage {
    fn drop(&mut self) {
        if let Some(group) = &self.cgroup {
            // A process that was killed leaves its group a moment after it was waited for.
            for _ in 0..100 {
                if fs::remove_dir(group).is_ok() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
    }
}
