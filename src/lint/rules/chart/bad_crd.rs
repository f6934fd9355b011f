use super::prelude::*;
use crate::yaml::{self, ReadOptions};

declare! {
    /// Files under `crds/` are installed before anything else and are never templated. Anything in there that is not
    /// a `CustomResourceDefinition` is installed too early, is never upgraded, and survives the uninstallation.
    ///
    /// ## Bad
    /// ```yaml
    /// # crds/config.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # crds/backups.yaml
    /// apiVersion: apiextensions.k8s.io/v1
    /// kind: CustomResourceDefinition
    /// metadata: {name: backups.db.example.com}
    /// ```
    ///
    /// ## Fix
    /// Move the object to `templates/`, or correct its `apiVersion` and `kind`.
    BAD_CRD = "chart/bad-crd", Error, "a file under crds/ contains something other than a CustomResourceDefinition";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        for file in &scope.chart.crds {
            let Some(documents) = yaml::read(subject.sources, file.source, &ReadOptions::lenient()).output
            else {
                found.push(
                    Diagnostic::from_rule(&BAD_CRD.rule, format!("`{}` is not YAML", file.path))
                        .at(Span::new(file.source, 0, 0), "")
                        .help(
                            "files under `crds/` are read as they are: template syntax has no meaning there",
                        ),
                );
                continue;
            };
            for document in documents.into_iter().filter(|document| !document.blank) {
                let text = |key: &str| document.root.get(key).and_then(Node::as_str).unwrap_or_default();
                let group = text("apiVersion").split('/').next() == Some("apiextensions.k8s.io");
                if group && text("kind") == "CustomResourceDefinition" {
                    continue;
                }
                let span = document.root.get("kind").map_or(document.span, |kind| kind.span);
                found.push(
                    Diagnostic::from_rule(
                        &BAD_CRD.rule,
                        format!("`{}` contains a {} of `{}`", file.path, text("kind"), text("apiVersion")),
                    )
                    .at(span, "")
                    .help("only a `CustomResourceDefinition` of `apiextensions.k8s.io` belongs there"),
                );
            }
        }
    }
}
