//! The figures of any process, under the names that Prometheus' own libraries give them. They are read
//! from /proc (proc(5)), and left out where there is none.

use std::fs;

use prometheus_client::registry::Unit;

use super::families::{Families, Value};

pub fn collect(families: &mut Families) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for (field, name, help) in [
        ("VmRSS:", "process_resident_memory", "Resident memory size"),
        ("VmSize:", "process_virtual_memory", "Virtual memory size"),
    ] {
        families.family_in(Unit::Bytes, name, help);
        if let Some(kib) = field_of(&status, field) {
            families.sample([], Value::Gauge(kib * 1_024.0));
        }
    }
    families.family("process_threads", "Threads of the process");
    if let Some(threads) = field_of(&status, "Threads:") {
        families.sample([], Value::Gauge(threads));
    }
    families.family("process_open_fds", "Open file descriptors");
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is what they are counted with.
        families.sample([], Value::Gauge(open.count().saturating_sub(1) as f64));
    }
    families.family("process_max_fds", "How many there may be");
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(limit) = field_of(&limits, "Max open files") {
        families.sample([], Value::Gauge(limit));
    }
    families.family_in(Unit::Seconds, "process_cpu", "User and system CPU time");
    if let Some(seconds) = cpu_seconds() {
        families.sample([], Value::Counter(seconds));
    }
}

/// The first number after a field's name.
fn field_of(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Fields 14 and 15 of /proc/self/stat, after a name in brackets that may hold anything, in ticks of
/// which Linux shows a hundred a second on every architecture we build for.
fn cpu_seconds() -> Option<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}
