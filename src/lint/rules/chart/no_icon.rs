use super::prelude::*;

declare! {
    /// Chart catalogues show the icon of each chart, and `helm lint` recommends one.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
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
    /// icon: https://example.com/db.svg
    /// ```
    ///
    /// ## Fix
    /// Set `icon`, or turn the rule off in `plimsoll.toml` for charts that are not published.
    NO_ICON = "chart/no-icon", Info, "a chart has no icon";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    let scope = &subject.computed.root;
    let metadata = &scope.chart.metadata;
    if metadata.icon.as_deref().is_none_or(str::is_empty) && !scope.chart.is_library() {
        found.push(
            Diagnostic::from_rule(&NO_ICON.rule, format!("chart `{}` has no `icon`", metadata.name))
                .at(first_key(scope), "")
                .help("set `icon` to the URL of an image"),
        );
    }
}
