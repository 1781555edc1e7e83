//! Deployments replaced under load, behind the balancers whose configurations are shipped: not one request
//! may fail.
//!
//! Each test prints a row. `HANDOVER_SWITCHES` is how often it switches, for runs longer than a build.

pub mod balancer;
mod files;
mod hostile;
pub mod load;
mod manners;
mod scenarios;
pub mod stage;

use balancer::Kind;

/// The same claims of several balancers, each a test.
macro_rules! behind {
    ($kind:expr, $module:ident: $($claim:ident),+) => {
        $(#[test]
        fn $claim() {
            super::$module::$claim($kind);
        })+
    };
}

mod haproxy {
    use super::Kind;

    behind!(
        Kind::HaProxy, manners:
        orders_from_outside_are_refused,
        nobody_can_say_that_he_is_somebody_else,
        what_is_too_much_is_refused_before_the_service,
        what_the_service_allows_gets_through
    );
    behind!(
        Kind::HaProxy, hostile:
        no_attack_gets_through,
        no_request_that_can_be_misread_gets_through
    );
    behind!(
        Kind::HaProxy, scenarios:
        a_lame_duck_is_relieved,
        a_colour_that_refuses_at_once_is_relieved,
        idle_connections_end_without_notice,
        a_colour_stays_away,
        a_colour_is_killed,
        slow_requests_outlive_the_order_to_stop
    );

    #[test]
    fn a_colour_is_drained_by_order_and_killed() {
        super::scenarios::a_colour_is_drained_by_order_and_killed();
    }
}

mod nginx {
    use super::Kind;

    behind!(
        Kind::Nginx, manners:
        orders_from_outside_are_refused,
        nobody_can_say_that_he_is_somebody_else,
        what_is_too_much_is_refused_before_the_service,
        what_the_service_allows_gets_through
    );
    behind!(
        Kind::Nginx, hostile:
        no_attack_gets_through,
        no_request_that_can_be_misread_gets_through
    );
    behind!(
        Kind::Nginx, scenarios:
        a_lame_duck_is_relieved,
        a_colour_that_refuses_at_once_is_relieved,
        idle_connections_end_without_notice,
        a_colour_stays_away,
        a_colour_is_killed,
        slow_requests_outlive_the_order_to_stop
    );

    #[test]
    fn a_file_says_who_works_and_the_other_is_a_lame_duck() {
        super::scenarios::a_file_says_who_works_and_the_other_is_a_lame_duck();
    }

    #[test]
    fn a_file_says_who_works_and_the_other_refuses_at_once() {
        super::scenarios::a_file_says_who_works_and_the_other_refuses_at_once();
    }
}

mod tcp {
    use super::Kind;

    behind!(Kind::Tcp, scenarios: a_lame_duck_is_relieved);
}
