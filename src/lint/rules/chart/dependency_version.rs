use super::prelude::*;

declare! {
    /// The version of the sub-chart in `charts/` does not match `Chart.yaml`. Helm renders it without a warning, so the
    /// version that is installed is not the one that was reviewed.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: umbrella
    /// version: 1.0.0
    /// dependencies: [{name: db, version: ^2.0.0}]
    /// ```
    /// ```yaml
    /// # charts/db/Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.4.0
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: umbrella
    /// version: 1.0.0
    /// dependencies: [{name: db, version: ^2.0.0}]
    /// ```
    /// ```yaml
    /// # charts/db/Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 2.1.0
    /// ```
    ///
    /// ## Fix
    /// Run `helm dependency update`, or correct the constraint.
    DEPENDENCY_VERSION = "chart/dependency-version", Warning, "a sub-chart's version does not match its constraint";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        for dependency in &scope.chart.metadata.dependencies {
            let Some(wanted) = &dependency.version else { continue };
            let mut named =
                scope.chart.children.iter().filter(|child| child.name() == dependency.name).peekable();
            let Some(first) = named.peek().map(|child| child.metadata.version.clone()) else { continue };
            if named.any(|child| wanted.matches(&child.metadata.semver)) {
                continue;
            }
            found.push(
                Diagnostic::from_rule(
                    &DEPENDENCY_VERSION.rule,
                    format!(
                        "`{}` {first} is in `charts/`, but `{}` is required",
                        dependency.name,
                        wanted.as_str()
                    ),
                )
                .at(dependency.span, "")
                .help("run `helm dependency update`, or correct the constraint"),
            );
        }
    }
}
