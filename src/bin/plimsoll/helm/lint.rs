//! `helm lint`: the findings that Helm has, too, printed as Helm prints them.

use super::args::LintArgs;
use super::missing_dependencies;
use super::version::kubernetes;
use crate::commands::{release, world};
use crate::ui::{ExitStatus, Ui};
use anyhow::bail;
use plimsoll::diag::{Diagnostic, Severity, Sources};
use plimsoll::engine::{Capabilities, Release};
use plimsoll::lint::{self, Config, Request, Set, Surroundings, Target};
use plimsoll::render;
use plimsoll::values;
use std::path::Path;
use std::sync::Arc;

/// The rules of `helm lint` by plimsoll's names, with the severities that they have in Helm.
const RULES: &[(&str, Severity)] = &[
    ("chart/bad-crd", Severity::Error),
    ("chart/bad-maintainer", Severity::Error),
    ("chart/bad-url", Severity::Error),
    ("chart/field-needs-v2", Severity::Error),
    ("chart/indented-template", Severity::Warning),
    ("chart/loose-version", Severity::Warning),
    ("chart/no-icon", Severity::Info),
    ("chart/no-values-file", Severity::Info),
    ("chart/no-templates", Severity::Warning),
    (RENDER_FAILED, Severity::Error),
    ("chart/stray-template", Severity::Error),
    (UNDECLARED, Severity::Error),
    ("chart/unknown-field", Severity::Warning),
    ("chart/unquoted-app-version", Severity::Error),
    (INVALID_VALUE, Severity::Warning),
    ("k8s/removed-api", Severity::Warning),
];
const RENDER_FAILED: &str = "chart/render-failed";
const UNDECLARED: &str = "chart/undeclared-dependency";
const INVALID_VALUE: &str = "k8s/invalid-value";

/// What Helm calls the release that it lints.
const RELEASE: &str = "test-release";

pub(super) fn run(args: &LintArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let overrides = release::overrides(&args.values)?;
    let mut charts = args.charts.clone();
    if args.with_subcharts {
        charts = charts
            .into_iter()
            .flat_map(|chart| [vec![chart.clone()], inner_charts(&chart)].concat())
            .collect();
    }
    let (mut out, mut failed, mut remarked) = (Vec::new(), 0, 0);
    for chart in &charts {
        let messages = lint(chart, args, &overrides)?;
        let worst = messages.iter().map(|message| message.severity).max().unwrap_or(Severity::Info);
        let has_failed = worst == Severity::Error || (args.values.strict && worst == Severity::Warning);
        failed += usize::from(has_failed);
        if worst >= Severity::Warning {
            remarked += 1;
        } else if args.quiet {
            continue;
        }
        out.push(format!("==> Linting {chart}\n"));
        let shown = messages.iter().filter(|message| !args.quiet || message.severity > Severity::Info);
        out.extend(shown.map(Message::line));
        out.push("\n".to_owned());
    }
    let summary = format!("{} chart(s) linted, {failed} chart(s) failed", charts.len());
    if failed > 0 {
        ui.print(&out.concat());
        bail!(summary);
    }
    if !args.quiet || remarked > 0 {
        out.push(format!("{summary}\n"));
    }
    ui.print(&out.concat());
    Ok(ExitStatus::Success)
}

/// One line of a chart.
struct Message {
    severity: Severity,
    /// The file in the chart, or the chart.
    place: String,
    text: String,
}

impl Message {
    fn line(&self) -> String {
        let label = match self.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Info => "INFO",
        };
        // Helm has a form of its own for charts that are not there.
        match self.place.as_str() {
            "" => format!("Error {}\n", self.text),
            place => format!("[{label}] {place}: {}\n", self.text),
        }
    }

    /// Where Helm's linter comes to it.
    fn rank(&self) -> usize {
        let starts = ["Chart.yaml", "values.yaml", "templates/", "/", "crds/"];
        starts.iter().position(|start| self.place.starts_with(start)).unwrap_or(3)
    }
}

fn lint(chart: &str, args: &LintArgs, overrides: &values::Overrides) -> anyhow::Result<Vec<Message>> {
    if !world().exists(Path::new(chart)) || (world().is_directory(Path::new(chart)) && !has_metadata(chart)) {
        let text = if world().is_directory(Path::new(chart)) || !is_archive(chart) {
            format!(
                "unable to check Chart.yaml file in chart: stat {chart}/Chart.yaml: no such file or directory"
            )
        } else {
            format!("unable to open tarball: open {chart}: no such file or directory")
        };
        return Ok(vec![Message { severity: Severity::Error, place: String::new(), text }]);
    }
    let sources = Sources::new();
    let mut config = Config::default();
    let names: Vec<String> = RULES.iter().map(|(name, _)| (*name).to_owned()).collect();
    config.only(&names).map_err(|unknown| anyhow::anyhow!(unknown.message))?;
    let request = Request {
        target: Target::Chart(chart.to_owned()),
        sets: vec![Set { name: String::new(), overrides: overrides.clone() }],
        values: values::Options {
            missing_dependencies: Severity::Warning,
            // For Helm, `--strict` is about its own warnings.
            unknown_keys: Severity::Warning,
            ..release::value_options(&args.values)
        },
        render: render::Options {
            release: Release::install(RELEASE, args.namespace.clone()),
            capabilities: Capabilities {
                kube_version: release::parse_kube_version(Some(
                    args.kube_version.as_deref().unwrap_or(&kubernetes()),
                ))?,
                ..Capabilities::default()
            },
            is_lint: true,
            ..release::sample(None)
        },
        surroundings: Arc::new(Surroundings::default()),
    };
    let outcome = lint::lint(world(), &sources, &request, &config);
    let mut messages: Vec<Message> =
        outcome.findings.iter().filter_map(|finding| message(finding, chart, &sources)).collect();
    let missing = missing_dependencies(chart);
    if !missing.is_empty() {
        let text = format!("chart directory is missing these dependencies: {}", missing.join(","));
        messages.push(Message { severity: Severity::Warning, place: absolute(chart), text });
    }
    messages.sort_by_key(Message::rank);
    Ok(messages)
}

fn has_metadata(chart: &str) -> bool {
    world().is_file(&Path::new(chart).join("Chart.yaml"))
}

fn is_archive(path: &str) -> bool {
    [".tgz", ".tar.gz"].iter().any(|end| path.ends_with(end))
}

fn absolute(chart: &str) -> String {
    world().canonical(Path::new(chart)).map_or_else(|_| chart.to_owned(), |path| path.display().to_string())
}

/// A finding as Helm has it; nothing if Helm does not look for it.
fn message(finding: &Diagnostic, chart: &str, sources: &Sources) -> Option<Message> {
    let rule = finding.rule?;
    let (name, severity) = RULES.iter().find(|(name, _)| *name == rule.id)?;
    if *name == INVALID_VALUE && finding.path.as_deref() != Some("metadata.name") {
        return None;
    }
    let source = finding.span().and_then(|span| sources.get(sources.trace(span).0.source));
    let inner = source.and_then(|source| {
        let inner = source.name.strip_prefix(chart.trim_end_matches('/'))?.strip_prefix('/')?;
        Some(inner.to_owned())
    });
    // Helm looks at the files of a sub-chart only when it lints that chart.
    let is_of_subchart = inner.as_deref().is_some_and(|inner| inner.starts_with("charts/"));
    if is_of_subchart && ![RENDER_FAILED, UNDECLARED].contains(name) {
        return None;
    }
    let (place, text) = match *name {
        "chart/no-icon" => ("Chart.yaml".to_owned(), "icon is recommended".to_owned()),
        "chart/no-values-file" => ("values.yaml".to_owned(), "file does not exist".to_owned()),
        "chart/no-templates" => ("templates/".to_owned(), "directory does not exist".to_owned()),
        UNDECLARED => (absolute(chart), finding.message.clone()),
        RENDER_FAILED => {
            let inner = inner.filter(|_| !is_of_subchart);
            let place = match inner.as_deref() {
                Some("values.schema.json") => "values.yaml",
                Some(inner) => inner,
                None => "templates/",
            };
            (place.to_owned(), finding.message.clone())
        }
        _ => (inner?, finding.message.clone()),
    };
    Some(Message { severity: *severity, place, text })
}

/// The charts below `charts/` of a chart, in Helm's order.
fn inner_charts(chart: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(chart).join("charts")];
    while let Some(directory) = open.pop() {
        let mut below = Vec::new();
        for entry in world().list(&directory).unwrap_or_default() {
            let path = directory.join(entry.name);
            let shown = path.display().to_string();
            if has_metadata(&shown) || is_archive(&shown) {
                found.push(shown);
            }
            if world().is_directory(&path) {
                below.push(path);
            }
        }
        open.extend(below.into_iter().rev());
    }
    found
}
