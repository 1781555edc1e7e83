//! What people do with `/docs` and `/redoc`, each in a browser of its own.

use crate::harness::Instance;
use crate::ui::browser::run;

#[test]
fn everything_but_orders_can_be_tried_as_it_stands() {
    run("reference.tried", &Instance::start());
}

#[test]
fn an_answer_is_shown_as_it_came() {
    run("reference.answers", &Instance::start());
}

#[test]
fn a_long_answer_is_shown_in_part_and_then_whole() {
    run("reference.long", &Instance::start());
}

#[test]
fn a_key_is_sent_and_never_shown() {
    run(
        "reference.key",
        &Instance::with(&[
            ("MCP_API_KEY", "right"),
            ("MCP_API_KEY_HEADER", "x-team-key"),
        ]),
    );
}

#[test]
fn everything_described_can_be_read_and_found() {
    run("reference.read", &Instance::start());
}

#[test]
fn on_paper_nothing_is_cut_off() {
    run("reference.printed", &Instance::start());
}

#[test]
fn nobody_is_shut_out_of_the_reference() {
    run("reference.accessible", &Instance::start());
}

#[test]
fn the_reference_works_below_the_path_of_a_proxy() {
    run("reference.below", &Instance::start());
}

#[test]
fn a_service_that_does_not_describe_itself_is_asked_again() {
    run("reference.failures", &Instance::start());
}
