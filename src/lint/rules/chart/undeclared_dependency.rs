use super::prelude::*;

declare! {
    /// A chart in `charts/` that `Chart.yaml` does not declare is rendered anyway and cannot be disabled. If
    /// the chart has dependencies, the next `plimsoll dependency update` deletes it, if it is an archive.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: umbrella
    /// version: 1.0.0
    /// ```
    /// ```yaml
    /// # charts/db/Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
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
    /// Declare it under `dependencies`, or remove it from `charts/`. `helm lint` fails because of it; `helm install` does not.
    UNDECLARED_DEPENDENCY = "chart/undeclared-dependency", Warning, "a chart in charts/ is not declared as a dependency";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        for child in &scope.chart.children {
            let declared = scope.chart.metadata.dependencies.iter().any(|entry| entry.name == child.name());
            if !declared {
                found.push(
                    Diagnostic::from_rule(
                        &UNDECLARED_DEPENDENCY.rule,
                        format!("`{}` is in `charts/` but `Chart.yaml` does not declare it", child.name()),
                    )
                    .at(first_key(scope), "")
                    .help("declare it under `dependencies`, or remove it"),
                );
            }
        }
    }
}
