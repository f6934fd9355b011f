use super::is_foreign;
use crate::diag::Diagnostic;
use crate::engine::Usage;
use crate::lint::reads::{Read, Reader};
use crate::lint::registry::declare;
use crate::lint::subject::ChartSubject;
use crate::values::Scope;
use crate::yaml::Map;

declare! {
    /// A key of `values.yaml` that no template reads has no effect when users set it. Often the name was changed in the
    /// template but not in the values, or the reverse.
    ///
    /// ## Bad
    /// ```yaml
    /// # values.yaml
    /// replicas: 3
    /// nodeSelctor: {}
    /// ```
    /// ```yaml
    /// # templates/set.yaml
    /// replicas: {{ values.replicas }}
    /// nodeSelector: {{ values.nodeSelector | default(value={}) }}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # values.yaml
    /// replicas: 3
    /// nodeSelector: {}
    /// ```
    /// ```yaml
    /// # templates/set.yaml
    /// replicas: {{ values.replicas }}
    /// nodeSelector: {{ values.nodeSelector }}
    /// ```
    ///
    /// ## Fix
    /// Remove the key, or use it in a template. Values of sub-charts, `global`, `tags` and the conditions of
    /// dependencies count as read; so does everything below a map that a template uses as a whole.
    UNREAD = "values/unread", Warning, "a value that no template reads";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    let mut reader = Reader::default();
    for scope in subject.own_scopes() {
        if scope.chart.is_library() || scope.chart.templates.is_empty() {
            continue;
        }
        let mut reads = reader.read_scope(&subject.computed.root, scope);
        reads.retain(|read| read.usage != Usage::Changed);
        let dependencies = &scope.chart.metadata.dependencies;
        reads.extend(dependencies.iter().flat_map(|dependency| &dependency.condition).map(|condition| {
            Read { path: condition.split('.').map(str::to_owned).collect(), span: None, usage: Usage::Tested }
        }));
        if let Some(map) = scope.chart.values.as_map() {
            walk(scope, map, &mut Vec::new(), &reads, found);
        }
    }
}

fn walk(scope: &Scope, map: &Map, path: &mut Vec<String>, reads: &[Read], found: &mut Vec<Diagnostic>) {
    for entry in map {
        path.push(entry.key.clone());
        if !is_foreign(scope, path) {
            let whole = reads.iter().any(|read| path.starts_with(&read.path));
            let below = reads.iter().any(|read| read.path.len() > path.len() && read.path.starts_with(path));
            match entry.value.as_map() {
                _ if whole => {}
                Some(inner) if below && path.len() < 64 => walk(scope, inner, path, reads, found),
                _ if below => {}
                _ => {
                    let same_parent = |read: &&Read| read.path.len() >= path.len();
                    let siblings = reads
                        .iter()
                        .filter(same_parent)
                        .filter(|read| read.path[..path.len() - 1] == path[..path.len() - 1])
                        .map(|read| read.path[path.len() - 1].as_str());
                    let near = crate::diag::nearest(&entry.key, siblings);
                    found.push(
                        Diagnostic::from_rule(&UNREAD.rule, format!("no template reads `{}`", path.join(".")))
                            .at(entry.key_span, "")
                            .help(near.map_or_else(
                                || "remove it, or use it in a template".to_owned(),
                                |near| format!("did you mean `{near}`, which a template reads?"),
                            )),
                    );
                }
            }
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::chart_findings;

    const CHART: (&str, &str) = (
        "Chart.yaml",
        "apiVersion: v2\nname: db\nversion: 1.0.0\nengine: tera\ndependencies:\n  - name: sub\n    version: 1.0.0\n    \
         condition: backup.enabled\n",
    );
    const SUB: (&str, &str) = ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n");

    #[test]
    fn only_the_topmost_unread_key_is_named() {
        let values = "a: {b: 1, c: {d: 1}}\nsub: {x: 1}\nglobal: {y: 1}\nbackup: {enabled: false, size: 1}\nlist: [1]\n";
        let template = "x: {{ values.a.b }}\ny: {{ values.list[0] }}\n";
        assert_eq!(
            chart_findings(
                "values/unread",
                &[CHART, SUB, ("values.yaml", values), ("templates/a.yaml", template)]
            ),
            ["values.yaml:1:11 no template reads `a.c`", "values.yaml:4:26 no template reads `backup.size`"]
        );
    }

    #[test]
    fn components_of_the_library_read_names() {
        let run = |template: &str| {
            chart_findings(
                "values/unread",
                &[CHART, SUB, ("values.yaml", "nameOverride: x\n"), ("templates/a.yaml", template)],
            )
            .len()
        };
        assert_eq!(run("a: {{<k8s.name/>}}\n"), 0);
        assert_eq!(run("a: {{ values.b | default(value=1) }}\n"), 1);
    }

    #[test]
    fn values_that_are_handed_on_as_a_whole_are_all_read() {
        let chart = ("Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\nengine: gotpl\n");
        let run = |template: &str| {
            chart_findings(
                "values/unread",
                &[chart, ("values.yaml", "a: 1\n"), ("templates/a.yaml", template)],
            )
            .len()
        };
        assert_eq!(run("x: {{ toYaml .Values }}\n"), 0);
        assert_eq!(run("x: {{ .Values.b }}\n"), 1);
        assert_eq!(run("x: {{ index $.Values \"a\" }}\n"), 0);
    }
}
