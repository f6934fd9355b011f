//! The releases that the shipped charts must reproduce, fact by fact.

use crate::support::release;
use plimsoll::manifest::Object;
use plimsoll::render::{self, Output};
use plimsoll::yaml::Node;

/// The one object of that kind and name.
fn object<'a>(output: &'a Output, kind: &str, name: &str) -> &'a Object {
    let mut found = output.render.objects().filter(|object| object.kind == kind && object.name == name);
    let object = found.next().unwrap_or_else(|| panic!("no {kind} `{name}`"));
    assert!(found.next().is_none(), "more than one {kind} `{name}`");
    object
}

/// The node at a path like `spec.ports[0].port`.
fn at<'a>(object: &'a Object, path: &str) -> &'a Node {
    let mut node = &*object.root;
    for part in path.split('.') {
        let (key, index) = match part.split_once('[') {
            Some((key, index)) => (key, Some(index.trim_end_matches(']').parse::<usize>().unwrap())),
            None => (part, None),
        };
        node = node.get(key).unwrap_or_else(|| panic!("no `{key}` of `{path}` in {}", object.name));
        if let Some(index) = index {
            node = &node.items()[index];
        }
    }
    node
}

#[track_caller]
fn says(object: &Object, path: &str, expected: impl Into<plimsoll::yaml::Value>) {
    assert_eq!(at(object, path).value, expected.into(), "{path} of {}", object.name);
}

/// The names in a list of maps.
fn names<'a>(list: &'a Node, key: &str) -> Vec<&'a str> {
    list.items().iter().map(|item| item.get(key).and_then(Node::as_str).unwrap()).collect()
}

fn kinds(output: &Output, kind: &str) -> usize {
    output.render.objects().filter(|object| object.kind == kind).count()
}

/// The Service and the StatefulSet agree: it exists, is headless, and selects the pods.
fn assert_governed(output: &Output, set: &Object) {
    let service = object(output, "Service", at(set, "spec.serviceName").as_str().unwrap());
    says(service, "spec.clusterIP", "None");
    let labels = at(set, "spec.template.metadata.labels");
    for entry in at(service, "spec.selector").as_map().unwrap() {
        assert_eq!(labels.get(&entry.key), Some(&entry.value), "selector of {}", service.name);
    }
    // A selector cannot be changed later, so nothing in it may change with the version.
    for entry in at(set, "spec.selector.matchLabels").as_map().unwrap() {
        assert_eq!(labels.get(&entry.key), Some(&entry.value));
        assert!(
            !["app.kubernetes.io/version", "helm.sh/chart", "app.kubernetes.io/managed-by"]
                .contains(&entry.key.as_str()),
            "{} in the selector",
            entry.key
        );
    }
}

#[test]
fn a_python_app() {
    let output = release("app-stateful", "charts/python-app", &[], &[]);
    let set = object(&output, "StatefulSet", "app-stateful-python-app");
    says(set, "spec.replicas", 3);
    says(set, "spec.serviceName", "app-stateful-python-app");
    says(set, "spec.podManagementPolicy", "Parallel");
    says(set, "spec.updateStrategy.type", "RollingUpdate");
    assert!(set.at(&["spec", "updateStrategy", "rollingUpdate"]).is_none());
    assert_governed(&output, set);
    let service = object(&output, "Service", "app-stateful-python-app");
    says(service, "spec.ports[0].port", 80);
    says(service, "spec.ports[0].protocol", "TCP");
    says(set, "spec.volumeClaimTemplates[0].metadata.name", "data");
    says(set, "spec.volumeClaimTemplates[0].spec.storageClassName", "standard");
    says(set, "spec.volumeClaimTemplates[0].spec.accessModes[0]", "ReadWriteOnce");
    says(set, "spec.volumeClaimTemplates[0].spec.resources.requests.storage", "1Gi");
    let container = "spec.template.spec.containers[0]";
    says(set, &format!("{container}.volumeMounts[0].mountPath"), "/data");
    says(set, &format!("{container}.volumeMounts[0].name"), "data");
    for (probe, delay) in [("livenessProbe", 30), ("readinessProbe", 10)] {
        says(set, &format!("{container}.{probe}.httpGet.path"), "/health");
        says(set, &format!("{container}.{probe}.httpGet.port"), "http");
        says(set, &format!("{container}.{probe}.initialDelaySeconds"), delay);
        says(set, &format!("{container}.{probe}.periodSeconds"), 10);
        says(set, &format!("{container}.{probe}.timeoutSeconds"), 5);
        says(set, &format!("{container}.{probe}.successThreshold"), 1);
        says(set, &format!("{container}.{probe}.failureThreshold"), 3);
    }
    for kind in ["requests", "limits"] {
        for resource in ["cpu", "memory"] {
            assert!(at(set, &format!("{container}.resources.{kind}.{resource}")).as_str().is_some());
        }
    }
    let notes = output.render.notes.as_deref().unwrap();
    assert!(
        notes.contains("app-stateful-python-app-1.app-stateful-python-app.default.svc.cluster.local"),
        "{notes}"
    );
}

#[test]
fn a_switches() {
    let off = ["livenessProbe.enabled=false", "readinessProbe.enabled=false", "persistence.enabled=false"];
    let output = release("app-stateful", "charts/python-app", &[], &off);
    let set = object(&output, "StatefulSet", "app-stateful-python-app");
    assert!(set.at(&["spec", "volumeClaimTemplates"]).is_none());
    let container = at(set, "spec.template.spec.containers[0]");
    for gone in ["livenessProbe", "readinessProbe", "volumeMounts"] {
        assert!(container.get(gone).is_none(), "{gone}");
    }
    let canary = ["statefulset.updateStrategy.partition=2"];
    let output = release("app-stateful", "charts/python-app", &[], &canary);
    let set = object(&output, "StatefulSet", "app-stateful-python-app");
    says(set, "spec.updateStrategy.rollingUpdate.partition", 2);
    let output =
        release("app-stateful", "charts/python-app", &[], &["statefulset.updateStrategy.type=OnDelete"]);
    let set = object(&output, "StatefulSet", "app-stateful-python-app");
    says(set, "spec.updateStrategy.type", "OnDelete");
    assert!(set.at(&["spec", "updateStrategy", "rollingUpdate"]).is_none());
}

#[test]
fn b_python_app_with_vault() {
    let output = release("python", "charts/python-app-vault", &[], &[]);
    assert_eq!(kinds(&output, "Deployment"), 0);
    let set = object(&output, "StatefulSet", "python-python-app-vault");
    assert_governed(&output, set);
    says(set, "spec.replicas", 3);
    let pod = "spec.template.spec";
    let container = format!("{pod}.containers[0]");
    for kind in ["requests", "limits"] {
        says(set, &format!("{container}.resources.{kind}.cpu"), "100m");
        says(set, &format!("{container}.resources.{kind}.memory"), "128Mi");
    }
    says(set, &format!("{container}.ports[0].containerPort"), 8080);
    says(set, &format!("{pod}.serviceAccountName"), "internal-app");
    let image = at(set, &format!("{container}.image")).as_str().unwrap();
    assert!(!image.ends_with(":latest") && image.contains(':'), "{image}");
    let annotations = at(set, "spec.template.metadata.annotations");
    for (key, value) in [
        ("vault.hashicorp.com/agent-inject", "true"),
        ("vault.hashicorp.com/agent-inject-secret-config.txt", "internal/data/database/config"),
        ("vault.hashicorp.com/role", "internal-app"),
    ] {
        assert_eq!(annotations.get(key).and_then(Node::as_str), Some(value), "{key}");
    }
    let env = at(set, &format!("{container}.env"));
    assert_eq!(names(env, "name"), ["MY_PASSWORD", "CONFIG_MAP_VAR", "RELEASE_NAME", "SLEEP_TIME"]);
    says(set, &format!("{container}.env[0].valueFrom.secretKeyRef.name"), "credentials");
    says(set, &format!("{container}.env[0].valueFrom.secretKeyRef.key"), "password");
    says(set, &format!("{container}.env[1].valueFrom.configMapKeyRef.key"), "env-var");
    says(set, &format!("{container}.env[2].value"), "python");
    says(set, &format!("{container}.env[3].value"), "5");
    let mounts = at(set, &format!("{container}.volumeMounts"));
    assert_eq!(names(mounts, "mountPath"), ["/app/data", "/app/config_map"]);
    // The claim and no emptyDir of the same name.
    assert_eq!(names(at(set, &format!("{pod}.volumes")), "name"), ["config"]);
    says(set, &format!("{pod}.volumes[0].configMap.name"), "app-python-configmap");
    says(set, "spec.volumeClaimTemplates[0].metadata.name", "visits-data");
    says(set, "spec.volumeClaimTemplates[0].spec.accessModes[0]", "ReadWriteOnce");
    says(set, "spec.volumeClaimTemplates[0].spec.resources.requests.storage", "1Gi");
    assert!(at(set, "spec.volumeClaimTemplates[0].spec").get("storageClassName").is_none());
    for probe in ["livenessProbe", "readinessProbe"] {
        let probe = at(set, &format!("{container}.{probe}"));
        // Nothing but the request: the cluster's defaults for the rest.
        assert_eq!(probe.as_map().unwrap().len(), 1);
        assert_eq!(probe.at(&["httpGet", "path"]).and_then(Node::as_str), Some("/healthcheck"));
        assert_eq!(probe.at(&["httpGet", "port"]).and_then(Node::as_i64), Some(8080));
    }
    let service = object(&output, "Service", "python-python-app-vault");
    says(service, "spec.type", "LoadBalancer");
    says(service, "spec.ports[0].port", 8080);
    object(&output, "ServiceAccount", "internal-app");
    assert!(object(&output, "ConfigMap", "app-python-configmap").at(&["data", "env-var"]).is_some());
    let hook = object(&output, "Pod", "python-postinstall-hook");
    assert_eq!(
        at(hook, "metadata.annotations").get("helm.sh/hook").and_then(Node::as_str),
        Some("post-install")
    );
    assert_eq!(output.render.hooks.len(), 1);
}

#[test]
fn c_moscow_time() {
    let output = release("moscow-time", "charts/moscow-time", &[], &[]);
    let set = object(&output, "StatefulSet", "moscow-time");
    assert_governed(&output, set);
    says(set, "spec.replicas", 2);
    says(set, "spec.podManagementPolicy", "Parallel");
    says(set, "spec.serviceName", "moscow-time");
    let service = object(&output, "Service", "moscow-time");
    says(service, "spec.ports[0].port", 5000);
    says(service, "spec.ports[0].protocol", "TCP");
    says(set, "spec.volumeClaimTemplates[0].metadata.name", "visits-data");
    says(set, "spec.volumeClaimTemplates[0].spec.storageClassName", "standard");
    says(set, "spec.volumeClaimTemplates[0].spec.accessModes[0]", "ReadWriteOnce");
    says(set, "spec.volumeClaimTemplates[0].spec.resources.requests.storage", "10Mi");
    for probe in ["livenessProbe", "readinessProbe"] {
        says(set, &format!("spec.template.spec.containers[0].{probe}.httpGet.path"), "/");
        says(set, &format!("spec.template.spec.containers[0].{probe}.httpGet.port"), "http");
    }
}

#[test]
fn d_python_app_that_was_a_deployment() {
    let files = ["examples/values/python-app-beside-deployment.yaml"];
    let output = release("python-app", "charts/python-app", &files, &[]);
    let set = object(&output, "StatefulSet", "python-app");
    assert_governed(&output, set);
    assert_eq!(kinds(&output, "Deployment"), 0);
    says(set, "spec.replicas", 2);
    let service = object(&output, "Service", "python-app");
    says(service, "spec.ports[0].port", 5000);
    says(service, "spec.ports[0].protocol", "TCP");
    says(set, "spec.volumeClaimTemplates[0].metadata.name", "data");
    says(set, "spec.volumeClaimTemplates[0].spec.storageClassName", "standard");
    says(set, "spec.volumeClaimTemplates[0].spec.resources.requests.storage", "1Gi");
    says(set, "spec.template.spec.containers[0].volumeMounts[0].mountPath", "/config");
}

#[test]
fn e_moscow_time_python() {
    let output = release("moscow-python", "charts/moscow-time-python", &[], &[]);
    let set = object(&output, "StatefulSet", "moscow-python");
    assert_governed(&output, set);
    // One workload: the stray Deployment is gone.
    assert_eq!(kinds(&output, "Deployment"), 0);
    says(set, "spec.replicas", 3);
    says(set, "spec.serviceName", "moscow-python-headless");
    says(set, "spec.volumeClaimTemplates[0].metadata.name", "visits");
    let pod = "spec.template.spec";
    assert!(at(set, &format!("{pod}.containers[0]")).get("readinessProbe").is_some());
    assert_eq!(names(at(set, &format!("{pod}.containers")), "name"), ["moscow-time-python", "vault-agent"]);
    says(set, &format!("{pod}.containers[1].image"), "hashicorp/vault:1.14.0");
    for container in [0, 1] {
        let mounts = at(set, &format!("{pod}.containers[{container}].volumeMounts"));
        assert!(names(mounts, "name").contains(&"vault-secret"));
    }
    assert!(names(at(set, &format!("{pod}.volumes")), "name").contains(&"vault-secret"));
    let mounts = at(set, &format!("{pod}.containers[0].volumeMounts")).items();
    assert!(mounts.iter().any(|mount| mount.get("subPath").and_then(Node::as_str) == Some("config.json")));
    says(set, &format!("{pod}.containers[0].envFrom[0].configMapRef.name"), "moscow-python-env");
    // Values are data: Vault's template arrives as it is.
    let template =
        at(set, "spec.template.metadata.annotations").get("vault.hashicorp.com/agent-inject-template-config");
    assert_eq!(
        template.and_then(Node::as_str),
        Some(
            "{{- with secret \"secret/my-secret\" -}}\nexport PASSWORD={{ .Data.data.password }}\n{{- end -}}\n"
        )
    );
    let config = object(&output, "ConfigMap", "moscow-python-config");
    let file = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/charts/moscow-time-python/files/config.json"
    ));
    assert_eq!(config.at(&["data", "config.json"]).and_then(Node::as_str), file.ok().as_deref());
    for label in ["name", "instance", "version", "managed-by"] {
        assert!(
            at(config, "metadata.labels").get(&format!("app.kubernetes.io/{label}")).is_some(),
            "{label}"
        );
    }
    assert!(at(config, "metadata.labels").get("helm.sh/chart").is_some());

    let mut hooks: Vec<(&str, Vec<String>, Vec<String>)> = output
        .render
        .hooks
        .iter()
        .map(|document| {
            let hook = document.hook.clone().unwrap();
            (document.path.as_str(), hook.events, hook.delete_policies)
        })
        .collect();
    hooks.sort();
    let owned = |text: &str| vec![text.to_owned()];
    assert_eq!(
        hooks,
        [
            (
                "moscow-time-python/templates/post-install-hook.yaml",
                owned("post-install"),
                owned("hook-succeeded")
            ),
            (
                "moscow-time-python/templates/pre-install-hook.yaml",
                owned("pre-install"),
                owned("hook-succeeded")
            ),
            ("moscow-time-python/templates/tests/test-connection.yaml", owned("test"), vec![]),
        ]
    );
    // The library renders nothing itself, but its values show.
    assert!(output.render.manifest.iter().all(|document| !document.path.contains("raleksan-library")));
    assert!(output.computed.root.values.at(&["raleksan-library", "partOf"]).is_some());
}

#[test]
fn e_report() {
    let output = release("moscow-python", "charts/moscow-time-python", &[], &["replicaCount=2"]);
    let report =
        render::dry_run(&output.render, &output.computed, &output.options, &render::Selection::default());
    let place = |text: &str| report.find(text).unwrap_or_else(|| panic!("no `{text}` in\n{report}"));
    assert!(report.starts_with(
        "NAME: moscow-python\nNAMESPACE: default\nSTATUS: pending-install\nREVISION: 1\nUSER-SUPPLIED VALUES:\nreplicaCount: 2\n"
    ));
    let order = [
        "USER-SUPPLIED VALUES:",
        "COMPUTED VALUES:",
        "HOOKS:",
        "# Source: moscow-time-python/templates/tests/test-connection.yaml",
        "MANIFEST:",
        "# Source: moscow-time-python/templates/statefulset.yaml",
        "NOTES:",
    ];
    assert!(order.is_sorted_by_key(|text| place(text)), "{report}");
    assert!(report.contains("raleksan-library:\n"));
}

#[test]
fn moscow_time_rust_has_the_same_shape() {
    let python = release("x", "charts/moscow-time-python", &[], &[]);
    let rust = release("x", "charts/moscow-time-rust", &[], &[]);
    let shape = |output: &Output| -> Vec<String> {
        output.render.objects().map(|object| format!("{} {}", object.kind, object.name)).collect()
    };
    assert_eq!(shape(&python), shape(&rust));
    says(object(&rust, "StatefulSet", "x"), "spec.updateStrategy.type", "OnDelete");
}
