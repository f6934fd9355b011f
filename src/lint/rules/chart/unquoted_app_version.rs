use super::prelude::*;

declare! {
    /// `appVersion` is a string. Unquoted, `1.10` is the number 1.1. The objects are then labelled with version 1.1,
    /// and that image is pulled.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// appVersion: 1.10
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// appVersion: "1.10"
    /// ```
    ///
    /// ## Fix
    /// Quote it. `helm lint` fails because of it; `helm install` does not.
    UNQUOTED_APP_VERSION = "chart/unquoted-app-version", Warning, "the appVersion of a chart is not a string";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        for key in ["appVersion", "version"] {
            let Some(node) = scope.chart.metadata.node.get(key) else { continue };
            if node.as_str().is_none() && !node.is_null() {
                found.push(
                    Diagnostic::from_rule(
                        &UNQUOTED_APP_VERSION.rule,
                        format!("`{key}` is {}, not a string", node.type_name()),
                    )
                    .at(node.span, "")
                    .help("quote it"),
                );
            }
        }
    }
}
