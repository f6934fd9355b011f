//! What a reader of manifests passes over, and what a user may do with it instead.

use crate::schema;
use plimsoll_diag::{Diagnostic, Span};
use plimsoll_yaml::Node;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Something that holds no manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The path, or `<stdin>`.
    pub name: String,
    /// What it is.
    pub reason: SkipReason,
    /// Where one sees that: the first key of a text.
    pub span: Span,
    /// The chart that the file belongs to, if that is known.
    pub chart: Option<PathBuf>,
}

/// What it is that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// A file whose documents are not Kubernetes objects.
    NotManifest,
    /// A file that is read by a tool and has a type like an object, but is never sent to a cluster: a kubeconfig, the
    /// configuration of kind, kubeadm, Skaffold.
    ToolConfiguration,
    /// A manifest that SOPS encrypted.
    Encrypted,
    /// A template outside of a chart.
    Template,
    /// A `kustomization.yaml`: what it makes of other files has to be rendered first.
    Kustomization,
    /// A component of kustomizations that no kustomization uses.
    Component,
    /// Part of an object, below a kustomization that does not use it as a patch.
    Patch,
    /// A directory of files for tests, many of them broken on purpose.
    TestData,
    /// A chart below a directory of manifests: it has to be rendered first.
    Chart,
    /// The `Chart.yaml` or a template of the chart at this path.
    PartOfChart(PathBuf),
}

impl SkipReason {
    /// What such a file is.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::NotManifest => "not a Kubernetes manifest",
            Self::ToolConfiguration => "the configuration of a tool, which no cluster reads",
            Self::Encrypted => "encrypted with SOPS",
            Self::Template => "a template outside of a chart",
            Self::Kustomization => "a kustomization",
            Self::Component => "a component that no kustomization here uses",
            Self::Patch => "a patch that no kustomization here uses",
            Self::TestData => "a directory of test data",
            Self::Chart => "a chart",
            Self::PartOfChart(_) => "part of a chart",
        }
    }
}

/// Groups of types that only tools read from files.
const TOOL_GROUPS: [&str; 15] = [
    "apiserver.config.k8s.io",
    "apiserver.k8s.io",
    "audit.k8s.io",
    "client.authentication.k8s.io",
    "config.k8s.io",
    "ctlptl.dev",
    "k3d.io",
    "kind.x-k8s.io",
    "kubeadm.k8s.io",
    "kubelet.config.k8s.io",
    "kubeproxy.config.k8s.io",
    "kubescheduler.config.k8s.io",
    "kuttl.dev",
    "skaffold",
    "ytt.dev",
];

/// Why to pass over a document of that file: it is not an object that a cluster takes, nor nearly one.
pub(super) fn find_reason(name: &str, root: &Node) -> Option<SkipReason> {
    // Kustomize reads the file by its name; the type may be left out.
    let version = root.get("apiVersion").and_then(Node::as_str);
    let group = version.and_then(|version| version.split('/').next());
    let is_kustomization_file =
        Path::new(name).file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("kustomization"));
    if group == Some("kustomize.config.k8s.io") || (is_kustomization_file && version.is_none()) {
        return Some(SkipReason::Kustomization);
    }
    if !is_nearly_object(root) {
        return Some(SkipReason::NotManifest);
    }
    let is_kubeconfig = version == Some("v1") && root.get("kind").and_then(Node::as_str) == Some("Config");
    if is_kubeconfig || group.is_some_and(|group| TOOL_GROUPS.contains(&group)) {
        return Some(SkipReason::ToolConfiguration);
    }
    root.at(&["sops", "mac"]).is_some().then_some(SkipReason::Encrypted)
}

/// Whether a document is an object or was meant to be one: with a type, or with one half of it or none by mistake.
fn is_nearly_object(root: &Node) -> bool {
    let Some(map) = root.as_map() else { return false };
    let get = |wanted: &str| {
        map.iter().find(|entry| entry.key.eq_ignore_ascii_case(wanted)).map(|entry| &entry.value)
    };
    let has_body = get("metadata").is_some_and(|metadata| metadata.as_map().is_some());
    match (get("apiVersion"), get("kind")) {
        (Some(_), Some(_)) => true,
        // Configurations and indexes of tools have a version, too.
        (Some(version), None) => has_body || version.as_str().is_some_and(|version| version.contains('/')),
        (None, Some(kind)) => has_body || kind.as_str().is_some_and(is_built_in),
        (None, None) => has_body && (get("spec").is_some() || get("data").is_some()),
    }
}

fn is_built_in(kind: &str) -> bool {
    schema::kinds().iter().any(|known| known.kind == kind)
}

/// Why to pass over a text if it is not valid YAML; nothing if it looks like a manifest.
pub(super) fn unlike_manifest(text: &str) -> Option<SkipReason> {
    let has_key = |key: &str| {
        text.lines().any(|line| {
            line.strip_prefix(key).is_some_and(|rest| rest.trim_start_matches(' ').starts_with(':'))
        })
    };
    if !has_key("apiVersion") && !has_key("kind") && !text.contains("\"apiVersion\"") {
        return Some(SkipReason::NotManifest);
    }
    let is_template = [("{{", "}}"), ("{%", "%}")]
        .iter()
        .any(|(open, close)| text.split_once(open).is_some_and(|(_, rest)| rest.contains(close)));
    is_template.then_some(SkipReason::Template)
}

/// How many names a notice lists.
const NAMED: usize = 5;

/// What was passed over, a line for each reason.
pub fn notices(skipped: &[Skipped]) -> Vec<String> {
    let mut by_reason: BTreeMap<&SkipReason, Vec<&str>> = BTreeMap::new();
    for one in skipped {
        by_reason.entry(&one.reason).or_default().push(&one.name);
    }
    let lines = by_reason.into_iter().map(|(reason, names)| {
        let count = names.len();
        let plural = if count == 1 { "" } else { "s" };
        match reason {
            SkipReason::NotManifest => {
                let verb =
                    if count == 1 { "is not a Kubernetes manifest" } else { "are not Kubernetes manifests" };
                format!("skipped {count} file{plural} that {verb}: {}", listed(&names))
            }
            SkipReason::ToolConfiguration => format!(
                "skipped {count} configuration file{plural} that no cluster reads: {}",
                listed(&names)
            ),
            SkipReason::Encrypted => {
                format!("skipped {count} file{plural} encrypted with SOPS: {}", listed(&names))
            }
            SkipReason::Template => {
                format!("skipped {count} template{plural} outside of charts: {}", listed(&names))
            }
            SkipReason::Kustomization => format!(
                "skipped {count} kustomization{plural}, which `kubectl kustomize` must render first: {}",
                listed(&names)
            ),
            SkipReason::Component => format!(
                "skipped {count} kustomize component{plural} that no kustomization here uses: {}",
                listed(&names)
            ),
            SkipReason::Patch => format!(
                "skipped {count} patch{} that no kustomization here uses: {}",
                if count == 1 { "" } else { "es" },
                listed(&names)
            ),
            SkipReason::TestData => format!(
                "skipped {count} {} of test data: {}",
                if count == 1 { "directory" } else { "directories" },
                listed(&names)
            ),
            SkipReason::Chart => {
                format!("skipped {count} chart{plural}, which must be passed directly: {}", listed(&names))
            }
            SkipReason::PartOfChart(chart) => {
                let chart = chart.display();
                format!(
                    "skipped {count} file{plural} of chart `{chart}`, which must be passed as a whole: {}",
                    listed(&names)
                )
            }
        }
    });
    lines.collect()
}

fn listed(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let shown = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// The error where nothing but this was found; none if it is nothing.
pub fn nothing_else(skipped: &[Skipped]) -> Option<Diagnostic> {
    let [one] = skipped else {
        let found = Diagnostic::error("no Kubernetes manifests found");
        let found = notices(skipped).into_iter().fold(found, Diagnostic::help);
        return (!skipped.is_empty()).then_some(found);
    };
    let Skipped { name, reason, span, chart } = one;
    Some(match reason {
        SkipReason::NotManifest => {
            let found = Diagnostic::error(format!("`{name}` is not a Kubernetes manifest"))
                .at(*span, "neither `apiVersion` nor `kind`");
            match chart {
                Some(chart) => found.help(format!(
                    "it belongs to chart `{}`; pass the chart, and values files with `-f`",
                    chart.display()
                )),
                None => found.help("an object starts with `apiVersion:` and `kind:`"),
            }
        }
        SkipReason::ToolConfiguration
        | SkipReason::Encrypted
        | SkipReason::Template
        | SkipReason::Component
        | SkipReason::Patch
        | SkipReason::TestData => {
            Diagnostic::error(format!("`{name}` is {}", reason.describe())).at(*span, "")
        }
        SkipReason::Kustomization => {
            Diagnostic::error(format!("`{name}` is not a Kubernetes manifest but a kustomization"))
                .at(*span, "")
                .help("render it with `kubectl kustomize DIRECTORY` and pass the output with `-`")
        }
        SkipReason::Chart => Diagnostic::error("no Kubernetes manifests found")
            .help(format!("`{name}` is a chart: pass it directly")),
        SkipReason::PartOfChart(chart) => {
            Diagnostic::error(format!("`{name}` is part of a chart and cannot be used alone"))
                .help(format!("pass the chart instead: `{}`", chart.display()))
        }
    })
}
