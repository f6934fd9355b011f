//! `values/*`: what is wrong between a chart's values and its templates.

super::group! {
    no_schema: NO_SCHEMA,
    schema_refuses_defaults: SCHEMA_REFUSES_DEFAULTS,
    undeclared: UNDECLARED,
    undecrypted: UNDECRYPTED,
    unread: UNREAD,
}

use crate::values::Scope;

/// Whether a top-level key is not for the chart's own templates but for a sub-chart, the
/// shared `global`, what dependencies are switched by or export.
fn is_foreign(scope: &Scope, path: &[String]) -> bool {
    let Some(first) = path.first() else { return false };
    let metadata = &scope.chart.metadata;
    ["global", "tags", "exports"].contains(&first.as_str())
        || metadata.dependencies.iter().any(|dependency| dependency.key() == first)
        || scope.chart.children.iter().any(|child| child.name() == first)
        || scope.children.iter().any(|child| child.name == *first)
        || metadata
            .dependencies
            .iter()
            .flat_map(|dependency| &dependency.import_values)
            .any(|import| import.parent == "." || import.parent.split('.').next() == Some(first.as_str()))
}
