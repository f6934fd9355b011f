use super::prelude::*;

declare! {
    /// Chart versions are Semantic Versions, all three numbers and no `v`. Some repositories refuse other versions or
    /// sort them wrongly.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: v1.2
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.2.0
    /// ```
    ///
    /// ## Fix
    /// Write `MAJOR.MINOR.PATCH`.
    LOOSE_VERSION = "chart/loose-version", Warning, "a chart's version is not a strict Semantic Version";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        let metadata = &scope.chart.metadata;
        if semver::Version::parse(&metadata.version).is_err() {
            let span = metadata.node.get("version").map_or(first_key(scope), |node| node.span);
            found.push(
                Diagnostic::from_rule(
                    &LOOSE_VERSION.rule,
                    format!("version `{}` is not a strict Semantic Version", metadata.version),
                )
                .at(span, "")
                .help(format!("write `{}`", metadata.semver)),
            );
        }
    }
}
