//! What a reader of manifests passes over, and what a user may do with it instead.

use plimsoll_diag::{Diagnostic, Span};
use std::collections::BTreeMap;
use std::path::PathBuf;

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
    /// A file whose documents have neither `apiVersion` nor `kind`.
    NotManifest,
    /// A `kustomization.yaml`: what it makes of other files has to be rendered first.
    Kustomization,
    /// A chart below a directory of manifests: it has to be rendered first.
    Chart,
    /// The `Chart.yaml` or a template of the chart at this path.
    PartOfChart(PathBuf),
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
            SkipReason::Kustomization => format!(
                "skipped {count} kustomization{plural}, which `kubectl kustomize` must render first: {}",
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
pub(super) fn nothing_else(skipped: &[Skipped]) -> Option<Diagnostic> {
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
