//! Which deployment an instance says it belongs to, and from which settings it knows.

use std::thread;

use serde_json::{Value, json};

use crate::harness::{Instance, wait_until};

/// What `/deployment/info` says, without the uptime.
fn info(server: &Instance) -> Value {
    let mut info = server.get("/deployment/info").json();
    info.as_object_mut()
        .unwrap()
        .remove("service_uptime_seconds");
    info
}

#[test]
fn an_instance_knows_itself_from_its_environment() {
    type Row = (&'static str, &'static [(&'static str, &'static str)], Value);
    let nobody = json!({
        "environment": "production", "deployment_group": null, "region": null,
        "availability_zone": null, "instance_id": null, "deployment_timestamp": null,
    });
    let knows = |changes: Value| {
        let mut expected = nobody.clone();
        let fields = changes.as_object().unwrap().clone();
        expected.as_object_mut().unwrap().extend(fields);
        expected
    };
    let rows: [Row; 7] = [
        ("nothing said", &[], nobody.clone()),
        (
            "everything said",
            &[
                ("ENV", "staging"),
                ("DEPLOYMENT_GROUP", "blue"),
                ("REGION", "eu-west-1"),
                ("AVAILABILITY_ZONE", "eu-west-1a"),
                ("INSTANCE_ID", "i-1"),
                ("DEPLOYMENT_TIMESTAMP", "2026-01-02T03:04:05+02:00"),
            ],
            json!({
                "environment": "staging", "deployment_group": "blue", "region": "eu-west-1",
                "availability_zone": "eu-west-1a", "instance_id": "i-1",
                "deployment_timestamp": "2026-01-02T01:04:05.000Z",
            }),
        ),
        (
            "aws",
            &[
                ("AWS_REGION", "us-east-1"),
                ("AZ", "us-east-1b"),
                ("HOSTNAME", "ip-10-0-0-1"),
            ],
            knows(json!({
                "region": "us-east-1", "availability_zone": "us-east-1b",
                "instance_id": "ip-10-0-0-1",
            })),
        ),
        (
            "kubernetes on gcp",
            &[
                ("GCP_REGION", "europe-west4"),
                ("POD_NAME", "pricing-5d9c-x2x"),
            ],
            knows(json!({"region": "europe-west4", "instance_id": "pricing-5d9c-x2x"})),
        ),
        (
            "the first of several counts",
            &[
                ("REGION", "c"),
                ("GCP_REGION", "b"),
                ("AWS_REGION", "a"),
                ("AZ", "b"),
                ("AVAILABILITY_ZONE", "a"),
                ("POD_NAME", "c"),
                ("HOSTNAME", "b"),
                ("INSTANCE_ID", "a"),
            ],
            knows(json!({"region": "a", "availability_zone": "a", "instance_id": "a"})),
        ),
        (
            "the second where there is no first",
            &[
                ("REGION", "c"),
                ("GCP_REGION", "b"),
                ("POD_NAME", "c"),
                ("HOSTNAME", "b"),
            ],
            knows(json!({"region": "b", "instance_id": "b"})),
        ),
        (
            "empty is not said",
            &[
                ("ENV", ""),
                ("DEPLOYMENT_GROUP", ""),
                ("AWS_REGION", ""),
                ("REGION", "c"),
                ("AVAILABILITY_ZONE", ""),
                ("AZ", "b"),
                ("INSTANCE_ID", ""),
                ("HOSTNAME", "b"),
                ("DEPLOYMENT_TIMESTAMP", ""),
            ],
            knows(json!({"region": "c", "availability_zone": "b", "instance_id": "b"})),
        ),
    ];
    thread::scope(|scope| {
        for (name, environment, expected) in rows {
            scope.spawn(move || {
                let server = Instance::with(environment);
                assert_eq!(info(&server), expected, "{name}");
                let detailed = server.get("/health/detailed").json();
                assert_eq!(detailed["environment"], expected, "{name}: health agrees");
                let header = server.get("/").header("X-Instance-Id").map(str::to_owned);
                assert_eq!(
                    json!(header),
                    expected["instance_id"],
                    "{name}: headers agree"
                );
            });
        }
    });
}

#[test]
fn metadata_says_what_runs_and_since_when() {
    let server = Instance::with(&[
        ("DEPLOYMENT_TIMESTAMP", "2026-01-02T03:04:05Z"),
        ("BUILD_TIMESTAMP", "2026-01-01T00:00:00-01:00"),
    ]);
    let metadata = server.get("/deployment/metadata").json();
    assert_eq!(metadata["version"], llm_pricing::VERSION);
    assert_eq!(metadata["build_date"], "2026-01-01T01:00:00.000Z");
    assert_eq!(metadata["deployment_date"], "2026-01-02T03:04:05.000Z");
    assert_eq!(metadata["api_versions"], json!(["v1"]));
    assert_eq!(metadata["breaking_changes"], json!({}));
    assert_eq!(
        server.get("/api/versions").json(),
        json!({
            "current_version": "v1", "all_versions": ["v1"], "deprecated_versions": [],
            "migration_guide_url": null,
        })
    );
    let uptime = || {
        server.get("/deployment/info").json()["service_uptime_seconds"]
            .as_f64()
            .unwrap()
    };
    let earlier = uptime();
    wait_until("the uptime grow", || uptime() > earlier);
}

#[test]
fn health_and_deployment_are_never_cached() {
    let server = Instance::start();
    for path in [
        "/health",
        "/health/detailed",
        "/health/ready",
        "/health/live",
        "/deployment/info",
        "/deployment/metadata",
        "/deployment/shutdown/status",
        "/api/versions",
    ] {
        let reply = server.get(path);
        assert_eq!(reply.header("Cache-Control"), Some("no-store"), "{path}");
        assert_eq!(reply.header("Connection"), None, "{path}");
    }
    let order = server.post("/deployment/shutdown", r#"{"delay_seconds":600}"#);
    assert_eq!(order.header("Cache-Control"), Some("no-store"));
    for path in ["/health/live", "/models", "/nope"] {
        let reply = server.get(path);
        assert_eq!(reply.header("Connection"), Some("close"), "{path}");
    }
}
