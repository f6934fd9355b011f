use super::prelude::*;
use crate::lint::reads::file_name;

declare! {
    /// A template whose first line is indented renders a document that is indented as a whole. It breaks as soon as a
    /// line above it, such as a comment or a `{% if %}`, does not have the same indentation.
    ///
    /// ## Bad
    /// ```yaml
    /// # templates/config.yaml
    ///   apiVersion: v1
    ///   kind: ConfigMap
    ///   metadata: {name: db}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # templates/config.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// ```
    ///
    /// ## Fix
    /// Start the document in the first column.
    INDENTED_TEMPLATE = "chart/indented-template", Warning, "the first line of a template is indented";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        for template in &scope.chart.templates {
            let yaml = [".yaml", ".yml"].iter().any(|extension| template.path.ends_with(extension));
            if !yaml || file_name(&template.path).starts_with('_') {
                continue;
            }
            let mut start = 0;
            for line in template.text.split_inclusive('\n') {
                let content = line.trim_start();
                let statement =
                    content.starts_with("{%") || content.starts_with("{#") || content.starts_with("{{");
                if !content.is_empty() && !content.starts_with('#') && !statement {
                    let indent = line.len() - content.len();
                    if indent > 0 {
                        found.push(
                            Diagnostic::from_rule(
                                &INDENTED_TEMPLATE.rule,
                                format!("the first line of `{}` is indented", template.path),
                            )
                            .at(Span::new(template.source, start, start + indent), "")
                            .help("start it in the first column"),
                        );
                    }
                    break;
                }
                start += line.len();
            }
        }
    }
}
