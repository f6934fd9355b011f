//! A chart from nothing: one workload and what belongs to it.

use super::files::Parts;
use super::settings::{Kind, Settings};
use super::{Files, Starter};
use crate::chart::EngineKind;
use crate::diag::Span;
use crate::values;
use crate::yaml::{Map, Node};

/// An image that runs without root and with a read-only root file system.
pub(super) const REPOSITORY: &str = "nginxinc/nginx-unprivileged";
/// Its tag.
pub(super) const TAG: &str = "1.27.3";

/// The texts of a starter in one language: paths below `templates`, and texts with markers.
struct Texts {
    common: &'static [(&'static str, &'static str)],
    deployment: &'static str,
    stateful_set: &'static str,
    headless_service: &'static str,
    pod: &'static str,
    mounts: &'static str,
}

/// Embeds the texts of a language.
macro_rules! texts {
    ($dir:literal, $helpers:literal) => {
        Texts {
            common: &[
                ($helpers, include_str!(concat!("starter/", $dir, "/", $helpers))),
                ("NOTES.txt", include_str!(concat!("starter/", $dir, "/NOTES.txt"))),
                ("service.yaml", include_str!(concat!("starter/", $dir, "/service.yaml"))),
                ("serviceaccount.yaml", include_str!(concat!("starter/", $dir, "/serviceaccount.yaml"))),
                (
                    "poddisruptionbudget.yaml",
                    include_str!(concat!("starter/", $dir, "/poddisruptionbudget.yaml")),
                ),
            ],
            deployment: include_str!(concat!("starter/", $dir, "/deployment.yaml")),
            stateful_set: include_str!(concat!("starter/", $dir, "/statefulset.yaml")),
            headless_service: include_str!(concat!("starter/", $dir, "/service-headless.yaml")),
            pod: include_str!(concat!("starter/", $dir, "/pod.yaml")),
            mounts: include_str!(concat!("starter/", $dir, "/mounts.yaml")),
        }
    };
}

const TERA: Texts = texts!("tera", "_helpers.tera");
const HELM: Texts = texts!("helm", "_helpers.tpl");

/// The files of a chart.
pub(super) fn files(name: &str, engine: EngineKind, starter: Starter) -> Files {
    let texts = match engine {
        EngineKind::Tera => &TERA,
        EngineKind::GoTemplate => &HELM,
    };
    let has_storage = starter == Starter::StatefulSet;
    let pod = with_block(texts.pod, "<MOUNTS>", if has_storage { texts.mounts } else { "" });
    let workload = if has_storage { texts.stateful_set } else { texts.deployment };
    let stem = starter.kind().as_str().to_ascii_lowercase();
    let mut files = Files::new();
    let mut add = |path: &str, text: &str| {
        files.insert(format!("templates/{path}"), text.replace("<NAME>", name));
    };
    texts.common.iter().for_each(|(path, text)| add(path, text));
    add(&format!("{stem}.yaml"), &with_block(workload, "<POD>", &pod));
    if has_storage {
        add("service-headless.yaml", texts.headless_service);
    }
    files.insert(format!("tests/{stem}_test.yaml"), suite(name, starter));
    let settings = settings(has_storage);
    let parts = Parts {
        name,
        engine,
        description: format!("{name} as a {}", starter.kind().as_str()),
        app_version: Some(TAG.to_owned()),
        settings: &settings,
        secrets: &[],
        ci: Some(values::from_paths([(keys("replicaCount"), Node::bare(3))])),
    };
    parts.add_to(&mut files);
    files
}

/// Replaces the line that consists of a marker by a text of lines with the same indentation. `<INDENT+n>` in the text is
/// the column of its line's parent, which `nindent` needs.
fn with_block(text: &str, marker: &str, block: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if line.trim() != marker {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        for line in block.lines() {
            if !line.is_empty() && line.trim() != marker {
                out.extend(std::iter::repeat_n(' ', indent));
            }
            let (mut line, mut number) = (line.to_owned(), 0);
            while marker == "<POD>" && number <= 10 {
                line = line.replace(&format!("<INDENT+{number}>"), &(indent + number).to_string());
                number += 1;
            }
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

fn suite(name: &str, starter: Starter) -> String {
    let kind = starter.kind().as_str();
    let stem = kind.to_ascii_lowercase();
    format!(
        "suite: {kind}\ntemplates:\n  - templates/{stem}.yaml\nrelease:\n  name: {name}\ntests:\n  - it: renders the {kind}\n    \
         asserts:\n      - isKind:\n          of: {kind}\n      - equal:\n          path: metadata.name\n          \
         value: {name}\n  - it: sets the number of pods\n    set:\n      replicaCount: 5\n    asserts:\n      - equal:\n          \
         path: spec.replicas\n          value: 5\n  - it: sets the tag of the image\n    set:\n      image.tag: \"2.0.0\"\n    \
         asserts:\n      - equal:\n          path: spec.template.spec.containers[0].image\n          \
         value: {REPOSITORY}:2.0.0\n"
    )
}

fn keys(path: &str) -> Vec<String> {
    path.split('.').map(str::to_owned).collect()
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    let mut map = Map::new();
    for (key, value) in entries {
        map.insert(key, Span::NONE, value);
    }
    Node::bare(map)
}

fn settings(has_storage: bool) -> Settings {
    let mut all = Settings::default();
    let mut add = |path: &str, default: Node, doc: &str, kind: Kind| all.add(&keys(path), default, doc, kind);
    let text = |text: &str| Node::bare(text);
    let empty_map = || Node::bare(Map::new());
    let empty_list = || Node::bare(Vec::new());
    add("nameOverride", text(""), "Replaces the name of the chart in labels and names.", Kind::OptionalText);
    add("fullnameOverride", text(""), "Replaces the whole name of the objects.", Kind::OptionalText);
    add("replicaCount", Node::bare(1), "How many pods run.", Kind::Count);
    add("image.repository", text(REPOSITORY), "The image, without its tag.", Kind::Text);
    add("image.tag", text(TAG), "The tag of the image. `latest` cannot be rolled back.", Kind::Text);
    add(
        "image.pullPolicy",
        text("IfNotPresent"),
        "When the image is pulled.",
        Kind::Choice(&["Always", "IfNotPresent", "Never"]),
    );
    add(
        "imagePullSecrets",
        empty_list(),
        "Secrets for a private registry: a list of maps with a name.",
        Kind::List,
    );
    add("serviceAccount.create", Node::bare(true), "Whether the chart makes a ServiceAccount.", Kind::Flag);
    add(
        "serviceAccount.name",
        text(""),
        "The name of the ServiceAccount; by default that of the other objects.",
        Kind::OptionalText,
    );
    add("serviceAccount.annotations", empty_map(), "Annotations of the ServiceAccount.", Kind::Map);
    add(
        "serviceAccount.automountToken",
        Node::bare(false),
        "Whether the pods get a token for the Kubernetes API.",
        Kind::Flag,
    );
    add("containerPort", Node::bare(8080), "The port that the container listens on.", Kind::Port);
    add(
        "service.type",
        text("ClusterIP"),
        "How the Service is reached: ClusterIP, NodePort or LoadBalancer.",
        Kind::Choice(&["ClusterIP", "NodePort", "LoadBalancer"]),
    );
    add("service.port", Node::bare(80), "The port of the Service.", Kind::Port);
    if has_storage {
        add("persistence.size", text("1Gi"), "The size of each volume.", Kind::Quantity);
        add(
            "persistence.storageClassName",
            text("standard"),
            "The class of the storage: `kubectl get storageclasses` lists those of a cluster.",
            Kind::Text,
        );
        add("persistence.mountPath", text("/data"), "Where the container finds its volume.", Kind::Text);
    }
    let amounts = |cpu: &str, memory: &str| map([("cpu", text(cpu)), ("memory", text(memory))]);
    let resources =
        map([("requests", amounts("100m", "128Mi")), ("limits", map([("memory", text("128Mi"))]))]);
    add("resources", resources, "The resources of the container: requests and limits.", Kind::Map);
    let probe = || map([("httpGet", map([("path", text("/")), ("port", text("http"))]))]);
    add("livenessProbe", probe(), "When the container is restarted.", Kind::Map);
    add("readinessProbe", probe(), "When the pod gets traffic.", Kind::Map);
    add("terminationGracePeriodSeconds", Node::bare(30), "How long a pod may take to stop.", Kind::Count);
    let mut pod_security = Map::new();
    pod_security.insert("runAsNonRoot", Span::NONE, Node::bare(true));
    if has_storage {
        pod_security.insert("fsGroup", Span::NONE, Node::bare(101));
    }
    pod_security.insert("seccompProfile", Span::NONE, map([("type", text("RuntimeDefault"))]));
    add("podSecurityContext", Node::bare(pod_security), "The security context of the pods.", Kind::Map);
    let security = map([
        ("allowPrivilegeEscalation", Node::bare(false)),
        ("readOnlyRootFilesystem", Node::bare(true)),
        ("capabilities", map([("drop", Node::bare(vec![text("ALL")]))])),
    ]);
    add("securityContext", security, "The security context of the container.", Kind::Map);
    add("podAnnotations", empty_map(), "Annotations of the pods.", Kind::Map);
    add("podLabels", empty_map(), "Labels of the pods, beside those of the selector.", Kind::Map);
    add("nodeSelector", empty_map(), "Labels of the nodes that the pods may run on.", Kind::Map);
    add("tolerations", empty_list(), "Taints of nodes that the pods tolerate.", Kind::List);
    add("affinity", empty_map(), "Rules that place the pods near or away from others.", Kind::Map);
    all
}
