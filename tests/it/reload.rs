//! Price files that change while the service runs: swapped whole, between requests, and only when
//! they are good.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::harness::{Client, Instance, wait_until};
use crate::price_files::{catalogue, costs, folder};

/// A hundred times as often as by default, so that nobody waits.
const EAGER: (&str, &str) = ("PRICING_RELOAD_SECONDS", "0.01");

fn serve(catalog: &Path) -> Instance {
    Instance::with(&[("PRICING_CATALOG", catalog.to_str().unwrap()), EAGER])
}

/// Writes beside the file and renames, as one should.
fn replace(path: &Path, content: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, content).unwrap();
    fs::rename(&beside, path).unwrap();
}

fn detailed(server: &Instance) -> Value {
    server.get("/health/detailed").json()
}

#[track_caller]
fn wait_for_price(server: &Instance, price: usize) {
    wait_until(&format!("the price of {price}"), || {
        costs(server, "acme/m0") == (price as f64, price as f64)
    });
}

/// Waits until the service is degraded for a reason with these words, and still ready.
#[track_caller]
fn wait_for_fault(server: &Instance, words: &str) {
    wait_until(&format!("degraded because of {words:?}"), || {
        let health = detailed(server);
        let service = &health["services"][0];
        assert_eq!(service["name"], "catalog");
        let reason = service["error_message"].as_str().unwrap_or_default();
        health["status"] == "degraded" && service["status"] == "degraded" && reason.contains(words)
    });
    assert_eq!(server.get("/health/ready").status, 200, "readiness stays");
}

/// One client's replies: which tag came with which price, and how many there were.
#[derive(Default)]
struct Seen {
    tags: BTreeMap<String, String>,
    requests: usize,
}

impl Seen {
    /// A whole list: all rows of one catalogue, under the tag of that catalogue.
    fn list(&mut self, client: &mut Client) {
        let reply = client.get("/pricing");
        assert_eq!(reply.status, 200);
        let tag = reply.header("ETag").expect("a tag").to_owned();
        let list = reply.json();
        let rows = list["models"].as_array().unwrap();
        let price = rows[0]["cost_at_1m_tokens"]["total_cost"].to_string();
        for row in rows {
            assert_eq!(
                row["cost_at_1m_tokens"]["total_cost"].to_string(),
                price,
                "one price"
            );
            assert_eq!(
                row["source"],
                format!("list {price}"),
                "the source of that price"
            );
        }
        let known = self.tags.entry(tag).or_insert_with(|| price.clone());
        assert_eq!(*known, price, "a tag is of one catalogue");
        self.requests += 1;
    }

    /// A batch: all of its prices from one catalogue.
    fn batch(&mut self, client: &mut Client) {
        let names: Vec<String> = (0..50).map(|model| format!("acme/m{model}")).collect();
        let body = json!({"model_names": names, "input_tokens": 1_000_000, "output_tokens": 0});
        let reply = client.post("/cost-estimate/batch", body.to_string());
        assert_eq!(reply.status, 200);
        let reply = reply.json();
        let models = reply["models"].as_array().unwrap();
        assert_eq!(models.len(), names.len());
        for model in models {
            assert_eq!(
                model["total_cost"], models[0]["total_cost"],
                "one catalogue"
            );
        }
        let version = format!("v{}", models[0]["total_cost"]);
        assert_eq!(
            reply["catalog"]["version"], version,
            "the version of that price"
        );
        self.requests += 1;
    }
}

#[test]
fn fifty_swaps_under_load_fail_no_request_and_mix_no_answer() {
    let path = folder("swaps").join("catalogue.jsonl");
    replace(&path, &catalogue(1, 50));
    let server = serve(&path);
    let is_over = AtomicBool::new(false);
    let seen: Vec<Seen> = thread::scope(|scope| {
        let load = || {
            let mut client = server.connect();
            let mut seen = Seen::default();
            while !is_over.load(Ordering::Relaxed) {
                seen.list(&mut client);
                seen.batch(&mut client);
            }
            seen
        };
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(load)).collect();
        for swap in 0..50 {
            let price = 2 + swap % 2;
            replace(&path, &catalogue(price, 50));
            wait_for_price(&server, price);
        }
        is_over.store(true, Ordering::Relaxed);
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    let metrics = detailed(&server)["metrics"].clone();
    assert_eq!(metrics["catalog_reloads"], 50);
    assert_eq!(metrics["catalog_failed_reloads"], 0);
    assert_eq!(metrics["panics"], 0);
    for seen in seen {
        assert!(seen.requests > 50, "{} requests", seen.requests);
        assert!(seen.tags.len() >= 2, "saw both catalogues: {:?}", seen.tags);
    }
}

#[test]
fn a_mounted_config_map_is_noticed_when_its_link_is_swapped() {
    // data -> ..data/data, ..data -> ..1: as the kubelet lays it out.
    let mount = folder("mount");
    for (folder, price) in [("..1", 1), ("..2", 2)] {
        fs::create_dir_all(mount.join(folder)).unwrap();
        fs::write(mount.join(folder).join("prices"), catalogue(price, 2)).unwrap();
    }
    let _ = fs::remove_file(mount.join("..data"));
    let _ = fs::remove_file(mount.join("prices"));
    symlink("..1", mount.join("..data")).unwrap();
    symlink("..data/prices", mount.join("prices")).unwrap();
    let server = serve(&mount.join("prices"));
    wait_for_price(&server, 1);
    symlink("..2", mount.join("..data_tmp")).unwrap();
    fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    wait_for_price(&server, 2);
}

#[test]
fn a_file_that_cannot_be_used_changes_nothing_but_health_until_it_is_good_again() {
    let path = folder("faults").join("catalogue.jsonl");
    replace(&path, &catalogue(1, 3));
    let server = serve(&path);
    let good = catalogue(1, 3);
    let faults = [
        ("a bad price", good.replace("\"1\"", "\"cheap\""), "cheap"),
        ("half a file", good[..good.len() - 40].to_owned(), "line 5"),
        ("no file", String::new(), "No such file"),
        (
            "another kind",
            "{\"format\": \"llm-pricing overrides\"}".into(),
            "these are overrides",
        ),
    ];
    for (price, (name, content, words)) in (2..).zip(faults) {
        match name {
            "no file" => fs::remove_file(&path).unwrap(),
            _ => replace(&path, &content),
        }
        wait_for_fault(&server, words);
        assert_eq!(
            costs(&server, "acme/m0").0,
            (price - 1) as f64,
            "{name} changes nothing"
        );
        let log = server.wait_for_log(words);
        let line = log.lines().find(|line| line.contains(words)).unwrap();
        assert!(
            line.contains(path.to_str().unwrap()),
            "{name} is logged with its file: {line}"
        );
        let lines = log
            .lines()
            .filter(|line| line.contains("the prices stay as they are"));
        assert_eq!(lines.count(), price - 1, "{name} is said once");

        replace(&path, &catalogue(price, 3));
        wait_for_price(&server, price);
        wait_until("healthy again", || detailed(&server)["status"] == "healthy");
    }
    let metrics = detailed(&server)["metrics"].clone();
    assert_eq!(metrics["catalog_failed_reloads"], 4);
    assert_eq!(metrics["catalog_reloads"], 4);
}

#[test]
fn a_file_written_in_pieces_counts_when_it_is_whole() {
    let path = folder("pieces").join("catalogue.jsonl");
    fs::write(&path, catalogue(1, 3)).unwrap();
    let server = serve(&path);
    let next = catalogue(2, 3);
    let (head, tail) = next.split_at(next.len() / 2);
    fs::write(&path, head).unwrap();
    wait_for_fault(&server, "problem");
    assert_eq!(
        costs(&server, "acme/m0"),
        (1.0, 1.0),
        "half of it counts for nothing"
    );
    fs::write(&path, [head, tail].concat()).unwrap();
    wait_for_price(&server, 2);
    wait_until("healthy again", || detailed(&server)["status"] == "healthy");
}

#[test]
fn overrides_change_on_their_own_and_with_the_catalogue_under_them() {
    let folder = folder("both");
    let (catalog, overrides) = (
        folder.join("catalogue.jsonl"),
        folder.join("overrides.json"),
    );
    let half_off = |percent: u8| {
        format!(
            "{{\"format\": \"llm-pricing overrides\", \"source\": \"deal\", \
             \"providers\": {{\"acme\": {{\"discount_percent\": {percent}}}}}}}"
        )
    };
    fs::write(&catalog, catalogue(8, 2)).unwrap();
    fs::write(&overrides, half_off(50)).unwrap();
    let server = Instance::with(&[
        ("PRICING_CATALOG", catalog.to_str().unwrap()),
        ("PRICING_OVERRIDES", overrides.to_str().unwrap()),
        EAGER,
    ]);
    let version = || detailed(&server)["metrics"]["catalog_version"].to_string();
    let tag = || server.get("/pricing").header("ETag").map(str::to_owned);
    wait_for_price(&server, 4);
    let (first_version, first_tag) = (version(), tag());
    replace(&overrides, &half_off(75));
    wait_for_price(&server, 2);
    assert_ne!(version(), first_version);
    assert_ne!(tag(), first_tag);
    replace(&catalog, &catalogue(4, 2));
    wait_for_price(&server, 1);
    replace(&overrides, "{}");
    wait_for_fault(&server, "PRICING_OVERRIDES");
    assert_eq!(costs(&server, "acme/m0"), (1.0, 1.0));
    replace(&overrides, &half_off(50));
    wait_for_price(&server, 2);
}

/// How many files a process may have open from now on; what it has stays open.
fn limit_open_files(server: &Instance, count: u64) {
    let limit = libc::rlimit {
        rlim_cur: count,
        rlim_max: 1_024,
    };
    let pid = libc::pid_t::try_from(server.pid()).expect("a process id");
    // SAFETY: the process is our own child, the new limit outlives the call, and nobody asks for the old.
    let outcome = unsafe { libc::prlimit(pid, libc::RLIMIT_NOFILE, &limit, std::ptr::null_mut()) };
    assert_eq!(outcome, 0, "the limit is set");
}

#[test]
fn a_file_that_could_not_be_opened_for_a_while_is_taken_when_it_can() {
    let path = folder("retry").join("catalogue.jsonl");
    replace(&path, &catalogue(1, 3));
    let server = serve(&path);
    limit_open_files(&server, 3);
    replace(&path, &catalogue(2, 3));
    server.wait_for_log("Too many open files");
    limit_open_files(&server, 1_024);
    wait_for_price(&server, 2);
    assert_eq!(detailed(&server)["status"], "healthy");
    let log = server.log();
    let said = log.matches("Too many open files").count();
    assert_eq!(said, 1, "it is said once:\n{log}");
}

#[test]
fn what_a_query_selected_is_stale_when_only_the_catalogue_knows_of_the_change() {
    let path = folder("selections").join("overrides.json");
    let overrides = |can: &str| {
        format!(
            "{{\"format\": \"llm-pricing overrides\", \"source\": \"deal\", \
             \"models\": {{\"openai/gpt-4o\": {{\"can\": [\"{can}\"]}}}}}}"
        )
    };
    replace(&path, &overrides("vision"));
    let server = Instance::with(&[("PRICING_OVERRIDES", path.to_str().unwrap()), EAGER]);
    // These two do not say what a model can do.
    let lists = ["/models", "/performance"];
    let whole = lists.map(|list| server.get(list).body);
    let video_lists = lists.map(|list| format!("{list}?supports=video_input&provider=openai"));
    let before = video_lists.each_ref().map(|path| server.get(path));
    replace(&path, &overrides("video_input"));
    wait_until("the overrides are taken", || {
        detailed(&server)["metrics"]["catalog_reloads"] == 1
    });
    assert!(lists.map(|list| server.get(list).body) == whole, "unasked");
    for (path, before) in video_lists.iter().zip(before) {
        let known = [("If-None-Match", before.header("ETag").expect("a tag"))];
        let after = server.connect().request("GET", path, &known, b"");
        assert_eq!(after.status, 200, "{path}");
        assert!(after.text().contains("gpt-4o"), "{path}: {}", after.text());
    }
}
