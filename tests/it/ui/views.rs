//! What people do with the page, each in a browser of its own.

use super::browser::{run, run_with};
use crate::harness::Instance;
use crate::tools::root;

const PICTURES_BYTES_MAX: u64 = 400_000;

#[test]
fn a_search_shows_what_the_service_would_find() {
    run("models.search", &Instance::start());
}

#[test]
fn filters_and_orders_are_those_of_the_service() {
    run("models.filters", &Instance::start());
}

#[test]
fn thousands_of_models_are_never_all_on_the_screen() {
    run("models.thousands", &Instance::start());
}

#[test]
fn six_models_stand_side_by_side_and_no_more() {
    run("models.compare", &Instance::start());
}

#[test]
fn all_can_be_done_with_the_keyboard() {
    run("models.keyboard", &Instance::start());
}

#[test]
fn a_month_costs_what_the_service_says_times_its_requests() {
    run("money.month", &Instance::start());
}

#[test]
fn the_chart_shows_tiers_and_where_models_cross() {
    run("money.crossings", &Instance::start());
}

#[test]
fn what_cannot_be_calculated_is_said_at_its_field() {
    run("money.mistakes", &Instance::start());
}

#[test]
fn an_address_shows_the_same_in_another_browser() {
    run("sharing.addresses", &Instance::start());
}

#[test]
fn the_copied_command_asks_for_what_is_on_the_screen() {
    run("sharing.commands", &Instance::start());
}

#[test]
fn nobody_is_shut_out_in_light_or_dark_on_a_phone_or_a_desk() {
    run("everyone.accessible", &Instance::start());
}

#[test]
fn nothing_else_runs_on_the_page() {
    run("everyone.policy", &Instance::start());
}

#[test]
fn a_key_is_asked_for_and_kept_in_the_tab() {
    run(
        "service.key",
        &Instance::with(&[
            ("MCP_API_KEY", "right"),
            ("MCP_API_KEY_HEADER", "x-team-key"),
        ]),
    );
}

#[test]
fn a_refusal_that_passes_is_waited_out() {
    run(
        "service.patience",
        &Instance::with(&[("RATE_LIMIT_PER_MINUTE", "30")]),
    );
}

fn colour(group: &str) -> Instance {
    Instance::with(&[
        ("DEPLOYMENT_GROUP", group),
        ("INSTANCE_ID", &format!("{group}-1")),
        ("REGION", "eu-west-1"),
        ("SHUTDOWN_DELAY_SECONDS", "3"),
        ("DRAIN_TIMEOUT_SECONDS", "60"),
    ])
}

#[test]
fn a_drain_is_seen_as_it_happens() {
    let server = colour("blue");
    let mut held = Some(server.hold_a_request());
    run_with("service.drain", &[&server], |word| match word {
        "stop it" => server.signal("TERM"),
        "let go" => drop(held.take()),
        other => panic!("the scenario says {other}"),
    });
    assert!(held.is_none(), "the whole drain was seen");
}

#[test]
fn a_switch_is_seen_behind_a_balancer() {
    let (blue, green) = (colour("blue"), colour("green"));
    let mut is_stopped = false;
    let _held = blue.hold_a_request();
    run_with("service.change_of_colour", &[&blue, &green], |word| {
        assert_eq!(word, "stop blue");
        blue.signal("TERM");
        is_stopped = true;
    });
    assert!(is_stopped, "the whole switch was seen");
}

/// `make screenshots` puts them into `docs/ui`.
#[test]
fn the_pictures_of_the_documents_can_be_taken() {
    let (blue, green) = (colour("blue"), colour("green"));
    let held = blue.hold_a_request();
    run_with("pictures.take", &[&blue, &green], |word| {
        assert_eq!(word, "stop blue");
        blue.signal("TERM");
    });
    drop(held);
    let size = |folder: &str| -> u64 {
        let files = std::fs::read_dir(root().join(folder)).expect("a folder");
        let sizes = files.map(|file| file.unwrap().metadata().unwrap().len());
        let sizes: Vec<u64> = sizes.collect();
        assert_eq!(sizes.len(), 8, "pictures in {folder}");
        sizes.iter().sum()
    };
    for folder in ["target/ui/pictures", "docs/ui"] {
        let size = size(folder);
        assert!(size < PICTURES_BYTES_MAX, "{folder} has {size} bytes");
    }
}
