use crate::diag::{Diagnostic, Span};
use crate::lint::registry::declare;
use crate::lint::subject::ChartSubject;

declare! {
    /// YAML forbids tabs as indentation. A tab in a template goes unnoticed if its line is not rendered. In a block
    /// scalar the tab is kept and ends up in the file that the container reads.
    ///
    /// ## Bad
    /// ```yaml
    /// # templates/config.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// data:
    /// 	key: value
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # templates/config.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// data:
    ///   key: value
    /// ```
    ///
    /// ## Fix
    /// Indent with spaces.
    TAB = "yaml/tab", Warning, "a template line is indented with a tab";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        for template in &scope.chart.templates {
            if ![".yaml", ".yml"].iter().any(|extension| template.path.ends_with(extension)) {
                continue;
            }
            let mut start = 0;
            for line in template.text.split_inclusive('\n') {
                let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
                let rest = line[indent..].trim_end();
                // Lines of template code alone leave nothing behind.
                let code = rest.starts_with("{%") || rest.starts_with("{{-") || rest.starts_with("{#");
                if let Some(tab) = line[..indent].find('\t').filter(|_| !rest.is_empty() && !code) {
                    found.push(
                        Diagnostic::from_rule(&TAB.rule, "this line is indented with a tab")
                            .at(Span::new(template.source, start + tab, start + indent), "")
                            .help("indent with spaces"),
                    );
                }
                start += line.len();
            }
        }
    }
}
