use super::*;

fn no_environment(_: &str) -> Option<String> {
    None
}

fn refusal(change: impl FnOnce(&mut Settings)) -> String {
    let mut settings = Settings::default();
    change(&mut settings);
    Config::from_settings(&settings, &no_environment)
        .expect_err("the setting is refused")
        .to_string()
}

#[test]
fn nothing_set_is_the_contracts_defaults() {
    let config = Config::from_settings(&Settings::default(), &no_environment).unwrap();
    assert_eq!(config.listen, "0.0.0.0:8000".parse().unwrap());
    assert_eq!(config.limits.body_bytes_max, 1_000_000);
    assert_eq!(config.drain.drain_timeout, Duration::from_secs(30));
    assert_eq!(config.identity.environment, "production");
    assert_eq!(config.access.api_key_header, "x-api-key");
    assert!(config.access.api_keys.is_none());
    assert!(config.access.requests_per_minute_max.is_none());
}

#[test]
fn a_refusal_names_the_setting_the_value_and_what_is_allowed() {
    type Change = fn(&mut Settings);
    let rows: [(&str, Change, &[&str]); 9] = [
        (
            "port",
            |s| s.server_port = Some("70000".into()),
            &["SERVER_PORT", "70000", "65535"],
        ),
        (
            "port word",
            |s| s.server_port = Some("http".into()),
            &["SERVER_PORT", "http"],
        ),
        (
            "host",
            |s| s.server_host = Some("localhost!".into()),
            &["SERVER_HOST", "localhost!"],
        ),
        (
            "workers",
            |s| s.workers = Some("0".into()),
            &["WORKERS", "\"0\"", "from 1"],
        ),
        (
            "flag",
            |s| s.debug = Some("maybe".into()),
            &["DEBUG", "maybe", "true or false"],
        ),
        (
            "level",
            |s| s.log_level = Some("loud".into()),
            &["LOG_LEVEL", "loud", "info"],
        ),
        (
            "range",
            |s| s.trusted_proxies = Some("10/8".into()),
            &["TRUSTED_PROXIES", "10/8"],
        ),
        (
            "rate",
            |s| s.rate_limit_per_minute = Some("1e3".into()),
            &["RATE_LIMIT_PER_MINUTE", "1e3", "from 0 to 1000000"],
        ),
        (
            "group",
            |s| s.deployment_group = Some("blue\r\nX: y".into()),
            &["DEPLOYMENT_GROUP", "printable"],
        ),
    ];
    for (name, change, parts) in rows {
        let text = refusal(change);
        assert!(!text.contains('\n'), "{name}: one line");
        for part in parts {
            assert!(text.contains(part), "{name}: {text:?} lacks {part:?}");
        }
    }
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let settings = Settings {
        shutdown_token: Some("hush".into()),
        ..Settings::default()
    };
    let config = Config::from_settings(&settings, &no_environment).unwrap();
    assert!(!format!("{config:?}").contains("hush"));
}

#[test]
fn ranges_of_proxies_are_kept_as_addresses_are_compared() {
    let rows = [
        ("with commas", "10.0.0.0/8, ::1/128,", "10.0.0.0/8 ::1/128"),
        ("one address", "192.168.1.7", "192.168.1.7/32"),
        ("mapped range", "::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("mapped address", "::ffff:192.168.1.7", "192.168.1.7/32"),
        ("wider than mapped", "::/0", "::/0"),
        ("nothing", "", ""),
    ];
    for (name, text, expected) in rows {
        let settings = Settings {
            trusted_proxies: Some(text.into()),
            ..Settings::default()
        };
        let config = Config::from_settings(&settings, &no_environment).unwrap();
        let ranges = config.access.trusted_proxies.iter();
        let ranges: Vec<String> = ranges.map(|range| range.to_string()).collect();
        assert_eq!(ranges.join(" "), expected, "{name}");
    }
}
