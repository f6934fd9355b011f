use super::prelude::*;
use crate::chart::EngineKind;
use crate::lint::reads::file_name;

declare! {
    /// A file in `templates/` does not have the name of a template: a backup (`deployment.yaml.old`), a copy made by an
    /// editor, or a README. Helm renders every file there, so the old Deployment is installed beside the new
    /// StatefulSet. In a Tera chart the file is never rendered.
    ///
    /// ## Bad
    /// ```yaml
    /// # templates/deployment.yaml.old
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: db}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # templates/deployment.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: db}
    /// ```
    ///
    /// ## Fix
    /// Delete the file, move it out of `templates/`, or list it in `.helmignore`.
    STRAY_TEMPLATE = "chart/stray-template", Error, "a file in templates/ is rendered by accident, or never";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        let engine = scope.chart.engine;
        for template in &scope.chart.templates {
            let name = file_name(&template.path);
            // What `helm lint` accepts, and what the Tera engine takes up.
            let known: &[&str] = match engine {
                EngineKind::GoTemplate => &[".yaml", ".yml", ".tpl", ".txt"],
                EngineKind::Tera => &[".yaml", ".yml", ".json", "NOTES.txt"],
            };
            let partial = engine == EngineKind::Tera && name.starts_with('_');
            if partial || name.starts_with('.') || known.iter().any(|extension| name.ends_with(extension)) {
                continue;
            }
            let (fate, help) = match engine {
                EngineKind::GoTemplate => {
                    ("is rendered as a manifest like any other", "delete it, or move it out of `templates/`")
                }
                EngineKind::Tera => {
                    ("is never rendered", "delete it, or rename it to `*.yaml` if it is in use")
                }
            };
            found.push(
                Diagnostic::from_rule(&STRAY_TEMPLATE.rule, format!("`{}` {fate}", template.path))
                    .at(Span::new(template.source, 0, 0), "")
                    .help(help),
            );
        }
    }
}
