use super::prelude::*;

declare! {
    /// Version 0.0.0 is a placeholder of chart generators. Most version constraints do not match it, and `helm lint`
    /// refuses a version that is not above `0.0.0-0`.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 0.0.0-0
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 0.1.0
    /// ```
    ///
    /// ## Fix
    /// Start with 0.1.0.
    ZERO_VERSION = "chart/zero-version", Error, "a chart's version is not above 0.0.0-0";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    let Ok(zero) = semver::Version::parse("0.0.0-0") else { return };
    for scope in subject.own_scopes() {
        let metadata = &scope.chart.metadata;
        if metadata.semver <= zero {
            let span = metadata.node.get("version").map_or(first_key(scope), |node| node.span);
            found.push(
                Diagnostic::from_rule(
                    &ZERO_VERSION.rule,
                    format!("version `{}` is not above 0.0.0-0", metadata.version),
                )
                .at(span, "")
                .help("start with 0.1.0"),
            );
        }
    }
}
