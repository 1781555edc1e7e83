//! What Kubernetes is told: that the parts fit together, and that the switch is a selector.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::yaml;
use crate::tools::{kubectl, root, said_by};

pub const OVERLAYS: [&str; 6] = [
    "active-blue",
    "active-green",
    "rolling",
    "single",
    "single-before-1.30",
    "argo-rollouts",
];

/// What each overlay comes to.
pub static RENDERED: LazyLock<BTreeMap<&str, Vec<Value>>> = LazyLock::new(|| {
    let rendered = OVERLAYS.map(|overlay| {
        let folder = root().join("deploy/kubernetes/overlays").join(overlay);
        let text = said_by(kubectl().arg("kustomize").arg(folder));
        (overlay, yaml::documents(&text))
    });
    rendered.into()
});

/// The name of an object, if it is of this kind.
fn name_if<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let is_of_kind = object["kind"] == kind;
    object["metadata"]["name"].as_str().filter(|_| is_of_kind)
}

fn named<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let mut found = objects
        .iter()
        .filter(|object| name_if(object, kind) == Some(name));
    let object = found.next();
    assert!(found.next().is_none(), "{kind} {name} is there twice");
    object.unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

pub fn all<'a>(objects: &'a [Value], kind: &str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

/// The labels a Deployment's pods have, if a selector matches them.
fn is_selected(deployment: &Value, selector: &Value) -> bool {
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    let selector = selector.as_object().expect("a selector");
    assert!(!selector.is_empty(), "a selector selects");
    selector.iter().all(|(name, value)| labels[name] == *value)
}

fn selected<'a>(objects: &'a [Value], selector: &Value) -> Vec<&'a str> {
    all(objects, "Deployment")
        .filter(|deployment| is_selected(deployment, selector))
        .filter_map(|deployment| deployment["metadata"]["name"].as_str())
        .collect()
}

#[test]
fn every_overlay_is_tested() {
    let folder = fs::read_dir(root().join("deploy/kubernetes/overlays")).expect("a folder");
    let mut found: Vec<String> = folder
        .map(|entry| entry.expect("an entry").file_name().into_string().unwrap())
        .collect();
    found.sort();
    let mut known = OVERLAYS;
    known.sort_unstable();
    assert_eq!(found, known);
}

#[test]
fn a_switch_changes_two_selectors_and_nothing_else() {
    let selectors = ["llm-pricing", "llm-pricing-preview"].map(|service| {
        ["active-blue", "active-green"].map(|overlay| {
            let objects = &RENDERED[overlay];
            let selector = &named(objects, "Service", service)["spec"]["selector"];
            selected(objects, selector)
        })
    });
    let (blue, green) = (vec!["llm-pricing-blue"], vec!["llm-pricing-green"]);
    assert_eq!(
        selectors,
        [[blue.clone(), green.clone()], [green, blue]],
        "what the Service and the preview lead to"
    );

    let without_colour = |overlay: &str| {
        let mut objects = RENDERED[overlay].clone();
        for object in objects
            .iter_mut()
            .filter(|object| object["kind"] == "Service")
        {
            let selector = object["spec"]["selector"].as_object_mut().unwrap();
            selector.remove("deployment-group").expect("a colour");
        }
        objects
    };
    assert_eq!(
        without_colour("active-blue"),
        without_colour("active-green")
    );
}

#[test]
fn the_colours_differ_in_their_colour_and_their_image_alone() {
    let objects = &RENDERED["active-blue"];
    for kind in [
        "Deployment",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
    ] {
        let [blue, green] = ["blue", "green"].map(|colour| {
            let object = named(objects, kind, &format!("llm-pricing-{colour}"));
            object.to_string().replace(colour, "COLOUR")
        });
        let image = |text: &str| text.split('@').next().unwrap().to_owned();
        assert_eq!(image(&blue), image(&green), "{kind}");
    }
}

#[test]
fn whatever_is_named_is_there() {
    for (overlay, objects) in RENDERED.iter() {
        let deployments: Vec<&Value> = all(objects, "Deployment").collect();
        assert!(!deployments.is_empty(), "{overlay}");
        let container =
            |deployment: &Value| deployment["spec"]["template"]["spec"]["containers"][0].clone();
        let ports: Vec<Value> = deployments
            .iter()
            .flat_map(|deployment| container(deployment)["ports"].as_array().unwrap().clone())
            .map(|port| port["name"].clone())
            .collect();
        for service in all(objects, "Service") {
            let spec = &service["spec"];
            assert!(
                !selected(objects, &spec["selector"]).is_empty(),
                "{overlay}"
            );
            assert!(ports.contains(&spec["ports"][0]["targetPort"]), "{overlay}");
        }
        for budget in all(objects, "PodDisruptionBudget") {
            let selector = &budget["spec"]["selector"]["matchLabels"];
            assert_eq!(selected(objects, selector).len(), 1, "{overlay}");
        }
        for autoscaler in all(objects, "HorizontalPodAutoscaler") {
            let target = &autoscaler["spec"]["scaleTargetRef"];
            let [kind, name] = ["kind", "name"].map(|field| target[field].as_str().unwrap());
            // Whoever has an autoscaler does not say how many it wants.
            let target = named(objects, kind, name);
            assert_eq!(target["spec"]["replicas"], Value::Null, "{overlay}");
        }
        for rollout in all(objects, "Rollout") {
            let spec = &rollout["spec"];
            named(
                objects,
                "Deployment",
                spec["workloadRef"]["name"].as_str().unwrap(),
            );
            let strategy = &spec["strategy"]["blueGreen"];
            for service in ["activeService", "previewService"] {
                named(objects, "Service", strategy[service].as_str().unwrap());
            }
            for analysis in ["prePromotionAnalysis", "postPromotionAnalysis"] {
                let template = &strategy[analysis]["templates"][0]["templateName"];
                named(objects, "AnalysisTemplate", template.as_str().unwrap());
            }
        }
    }
}

#[test]
fn probes_use_the_admin_port_which_only_monitoring_may_reach() {
    for (overlay, objects) in RENDERED.iter() {
        for deployment in all(objects, "Deployment") {
            let template = &deployment["spec"]["template"];
            let container = &template["spec"]["containers"][0];
            for (probe, path) in [
                ("startupProbe", "/health/ready"),
                ("readinessProbe", "/health/ready"),
                ("livenessProbe", "/health/live"),
            ] {
                let expected = json!({"path": path, "port": "admin"});
                assert_eq!(container[probe]["httpGet"], expected, "{overlay}: {probe}");
            }
            let ports = container["ports"].as_array().unwrap();
            let setting = |name: &str| {
                let settings = container["env"].as_array().unwrap();
                let mut found = settings.iter().filter(|setting| setting["name"] == name);
                yaml::scalar(&found.next().expect("a setting")["value"])
            };
            for (port, name) in [("http", "SERVER_PORT"), ("admin", "ADMIN_PORT")] {
                let mut found = ports.iter().filter(|found| found["name"] == port);
                let number = &found.next().expect("a port")["containerPort"];
                assert_eq!(yaml::scalar(number), setting(name), "{overlay}");
            }
            let scraped = &template["metadata"]["annotations"]["prometheus.io/port"];
            assert_eq!(yaml::scalar(scraped), setting("ADMIN_PORT"), "{overlay}");
        }
        let policy = &named(objects, "NetworkPolicy", "llm-pricing")["spec"];
        for deployment in all(objects, "Deployment") {
            assert!(is_selected(
                deployment,
                &policy["podSelector"]["matchLabels"]
            ));
        }
        let ingress = policy["ingress"].as_array().unwrap();
        for rule in ingress {
            let is_for_all = rule.get("from").is_none();
            let expected = if is_for_all { "http" } else { "admin" };
            assert_eq!(rule["ports"], json!([{"port": expected}]), "{overlay}");
        }
        assert_eq!(policy["egress"], json!([]), "{overlay}");
    }
}
