//! What several tests need.

use plimsoll::diag::Sources;
use plimsoll::engine::{Capabilities, KubeVersion, Release};
use plimsoll::render::{self, Output, Request};
use plimsoll::values::{Options, Overrides, ValuesFile};
use std::path::PathBuf;

/// The project's root.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The shipped charts: the release's name, the chart, a values file.
pub(crate) const SHIPPED: &[(&str, &str, Option<&str>)] = &[
    ("moscow-time", "charts/moscow-time", None),
    ("moscow-python", "charts/moscow-time-python", None),
    ("moscow-rust", "charts/moscow-time-rust", None),
    ("app-stateful", "charts/python-app", None),
    ("python", "charts/python-app-vault", None),
    ("orders", "builtin:statefulset", Some("examples/values/orders-database.yaml")),
];

/// Renders a chart of the project; panics with everything that is said about it.
pub(crate) fn release(name: &str, chart: &str, files: &[&str], set: &[&str]) -> Output {
    let in_project = |path: &str| format!("{ROOT}/{path}");
    let request = Request {
        chart: if chart.starts_with("builtin:") { chart.to_owned() } else { in_project(chart) },
        overrides: Overrides {
            files: files.iter().map(|file| ValuesFile::Argument(in_project(file))).collect(),
            set: set.iter().map(|set| (*set).to_owned()).collect(),
            ..Overrides::default()
        },
        values: Options::default(),
        options: render::Options {
            release: Release {
                name: name.to_owned(),
                namespace: "default".to_owned(),
                is_upgrade: false,
                revision: 1,
            },
            capabilities: capabilities(),
            strict: true,
            with_namespace: false,
            seed: None,
        },
    };
    let report = render::release(&Sources::new(), &request);
    assert!(report.diagnostics.is_empty(), "{chart}: {:#?}", report.diagnostics);
    report.output.unwrap()
}

/// A cluster that serves nothing in particular.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities {
        kube_version: KubeVersion::parse("1.35").unwrap(),
        api_versions: Vec::new(),
        extra_api_versions: Vec::new(),
    }
}

/// The path in an environment variable that CI sets; `None` in a plain `cargo test`, which has no such tools.
pub(crate) fn tool(variable: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "CI names the tools in the environment")]
    let path = PathBuf::from(std::env::var_os(variable)?);
    assert!(path.exists(), "{variable} names {}, which does not exist", path.display());
    Some(path)
}
