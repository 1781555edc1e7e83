//! How many connections there is room for: what the operator wants, if the process gets it.

use std::io;
use std::path::Path;

/// tiny_http keeps two descriptors for a connection, and we a third.
const DESCRIPTORS_EACH: u64 = 3;

/// Descriptors for everything else: files that are read, connections to ourselves, the logger.
const DESCRIPTORS_SPARE: u64 = 64;

/// Threads beside those of connections and workers: main, signals, accept, warden, courier, keeper,
/// and a few for a tiny_http server that takes the place of another.
const THREADS_SPARE: u64 = 24;

/// Fewer cannot serve anybody.
const CONNECTIONS_MIN: u64 = 8;

const CGROUP_ROOT: &str = "/sys/fs/cgroup";

/// How much the process gets.
pub struct Room {
    /// The connections to allow.
    pub connections: usize,
    /// Whether there may be as many threads again.
    pub has_spare_threads: bool,
}

/// The room when `wanted` connections are asked for: fewer if the descriptors (`RLIMIT_NOFILE`, which
/// is raised if it may be) or threads (`RLIMIT_NPROC` and the cgroup's `pids.max`) do not suffice.
pub fn for_connections(wanted: usize, workers: usize) -> Room {
    let wanted = wanted as u64;
    let descriptors = raise_descriptors(wanted * DESCRIPTORS_EACH + DESCRIPTORS_SPARE);
    let by_descriptors = descriptors.saturating_sub(DESCRIPTORS_SPARE) / DESCRIPTORS_EACH;
    let cgroup = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let threads = tasks_left(&cgroup, Path::new(CGROUP_ROOT)).min(limit(libc::RLIMIT_NPROC).0);
    let by_threads = threads.saturating_sub(THREADS_SPARE + workers as u64);
    let connections = wanted
        .min(by_descriptors)
        .min(by_threads)
        .max(CONNECTIONS_MIN);
    Room {
        connections: usize::try_from(connections).unwrap_or(usize::MAX),
        has_spare_threads: by_threads / 2 >= connections,
    }
}

/// Makes sure of that many descriptors, as far as the hard limit goes; returns how many there are.
fn raise_descriptors(needed: u64) -> u64 {
    let (soft, hard) = limit(libc::RLIMIT_NOFILE);
    if soft >= needed {
        return soft;
    }
    let wanted = libc::rlimit {
        rlim_cur: needed.min(hard) as libc::rlim_t,
        rlim_max: hard as libc::rlim_t,
    };
    // SAFETY: the pointer is to a struct that outlives the call.
    match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const wanted) } {
        0 => needed.min(hard),
        _ => soft,
    }
}

/// The soft and the hard limit of a resource; `u64::MAX` for none.
fn limit(resource: libc::__rlimit_resource_t) -> (u64, u64) {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: the pointer is to a struct that outlives the call. When it fails, there is no limit.
    unsafe { libc::getrlimit(resource, &raw mut limit) };
    (limit.rlim_cur, limit.rlim_max)
}

/// How many more processes and threads the cgroup and those above it allow; `u64::MAX` when none
/// says. `cgroup` is `/proc/self/cgroup`, in which version 2 has the one line that starts with 0.
fn tasks_left(cgroup: &str, root: &Path) -> u64 {
    let own = cgroup.lines().find_map(|line| line.strip_prefix("0::/"));
    let own_pids = cgroup
        .lines()
        .find_map(|line| line.split_once(":pids:/").map(|(_, path)| path));
    let places = [
        own.map(|path| (root.to_path_buf(), path)),
        own_pids.map(|path| (root.join("pids"), path)),
    ];
    let left_in = |folder: &Path| -> io::Result<u64> {
        let number = |file| std::fs::read_to_string(folder.join(file));
        let max = number("pids.max")?.trim().parse::<u64>();
        let current = number("pids.current")?.trim().parse::<u64>();
        match (max, current) {
            (Ok(max), Ok(current)) => Ok(max.saturating_sub(current)),
            // `max` is the kernel's word for no limit.
            _ => Ok(u64::MAX),
        }
    };
    let mut least = u64::MAX;
    for (root, path) in places.into_iter().flatten() {
        let own = root.join(path);
        // In a container the path may be the host's, and the root is what counts.
        let above = own
            .ancestors()
            .take_while(|folder| folder.starts_with(&root));
        least = above
            .filter_map(|folder| left_in(folder).ok())
            .fold(least, u64::min);
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_cgroup_counts() {
        let root = std::env::temp_dir().join(format!("cgroups-{}", std::process::id()));
        for (folder, max, current) in [
            ("", "max", "90"),
            ("outer", "100", "40"),
            ("outer/inner", "1000", "5"),
            ("pids/docker", "30", "10"),
        ] {
            let folder = root.join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("pids.max"), format!("{max}\n")).unwrap();
            std::fs::write(folder.join("pids.current"), format!("{current}\n")).unwrap();
        }
        for (name, cgroup, expected) in [
            ("none", "", u64::MAX),
            ("no limit", "0::/\n", u64::MAX),
            ("one above", "0::/outer/inner\n", 60),
            ("not seen from here", "0::/elsewhere\n", u64::MAX),
            ("version 1", "12:cpu:/docker\n11:pids:/docker\n0::/\n", 20),
        ] {
            assert_eq!(tasks_left(cgroup, &root), expected, "{name}");
        }
        std::fs::remove_dir_all(&root).unwrap();
    }
}
