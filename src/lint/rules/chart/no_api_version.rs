use super::prelude::*;

declare! {
    /// `apiVersion` is the format of `Chart.yaml`. Without it, Helm assumes a chart of Helm 2 and refuses to lint it.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// name: db
    /// version: 1.0.0
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// ```
    ///
    /// ## Fix
    /// Write `apiVersion: v2` as the first line.
    NO_API_VERSION = "chart/no-api-version", Warning, "the apiVersion of a chart is missing";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        if scope.chart.metadata.node.get("apiVersion").is_none() {
            found.push(
                Diagnostic::from_rule(&NO_API_VERSION.rule, "`Chart.yaml` has no `apiVersion`")
                    .at(first_key(scope), "")
                    .help("write `apiVersion: v2`"),
            );
        }
    }
}
