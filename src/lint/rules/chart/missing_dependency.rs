use super::prelude::*;

declare! {
    /// `Chart.yaml` declares a dependency that is not in `charts/`, so its objects are not installed. In the chart that
    /// is rendered this is already an error. This rule checks its sub-charts, where Helm reports nothing.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: umbrella
    /// version: 1.0.0
    /// dependencies: [{name: db, version: 1.0.0}]
    /// ```
    /// ```yaml
    /// # charts/db/Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// dependencies: [{name: common, version: 2.0.0}]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: umbrella
    /// version: 1.0.0
    /// dependencies: [{name: db, version: 1.0.0}]
    /// ```
    /// ```yaml
    /// # charts/db/Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// ```
    ///
    /// ## Fix
    /// Run `helm dependency update` in that chart, or remove the entry.
    MISSING_DEPENDENCY = "chart/missing-dependency", Warning, "a declared dependency is not in charts/";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        for dependency in &scope.chart.metadata.dependencies {
            if !scope.chart.children.iter().any(|child| child.name() == dependency.name) {
                found.push(
                    Diagnostic::from_rule(
                        &MISSING_DEPENDENCY.rule,
                        format!(
                            "`{}` depends on `{}`, which is not in its `charts/`",
                            scope.path, dependency.name
                        ),
                    )
                    .at(dependency.span, "")
                    .help("run `helm dependency update` there, or remove the entry"),
                );
            }
        }
    }
}
