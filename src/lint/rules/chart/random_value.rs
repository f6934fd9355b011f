use crate::diag::{Diagnostic, Severity};
use crate::k8s::views::Workload;
use crate::lint::finding::finding;
use crate::lint::registry::declare;
use crate::lint::release::Release;
use crate::manifest::Object;
use crate::yaml::{Node, Value};
use std::collections::BTreeMap;

declare! {
    /// A template that generates a password generates another one with every upgrade. The Secret then holds a password
    /// that the database does not know, because the database keeps the first one on its volume. A random value in a pod
    /// template, or a checksum of one, restarts all pods with every upgrade.
    ///
    /// ## Bad
    /// ```yaml
    /// # templates/secret.yaml
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: db}
    /// data:
    ///   password: {{ randAlphaNum 20 | b64enc }}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # templates/secret.yaml
    /// {{- $installed := lookup "v1" "Secret" .Release.Namespace "db" }}
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: db}
    /// data:
    ///   {{- if $installed }}
    ///   password: {{ index $installed.data "password" }}
    ///   {{- else }}
    ///   password: {{ randAlphaNum 20 | b64enc }}
    ///   {{- end }}
    /// ```
    ///
    /// ## Fix
    /// Take the value from the installed Secret with `lookup`, or let the user set it. Under `helm template`, and so in Argo
    /// CD, `lookup` finds nothing: there only a value that is set stays the same. The rule renders an upgrade twice, with
    /// `lookup` answered from the release itself, and reports what differs. Hooks are not checked.
    RANDOM_VALUE = "chart/random-value", Warning, "every upgrade generates a value anew";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    let Some(upgrades) = release.repeated() else { return };
    let [one, other] = upgrades.each_ref().map(|objects| {
        objects.iter().map(|object| (identity(object), &object.root)).collect::<BTreeMap<_, _>>()
    });
    for object in release.objects {
        let identity = identity(object);
        let Some((one, other)) = one.get(&identity).zip(other.get(&identity)) else { continue };
        found.extend(find_difference(one, other).map(|path| report(object, path)));
    }
}

fn identity(object: &Object) -> (&str, &str, &str, Option<&str>) {
    (object.group(), &object.kind, &object.name, object.namespace.as_deref())
}

fn report(object: &Object, path: String) -> Diagnostic {
    let name = format!("{} `{}`", object.kind, object.name);
    let restarts = Workload::from_object(object)
        .filter(|workload| workload.kind().rolls_out())
        .is_some_and(|workload| path.starts_with(&workload.template().path("")));
    let is_secret = object.kind == "Secret";
    let message = if restarts {
        format!("every upgrade restarts the pods of {name}: `{path}` is generated anew")
    } else if is_secret {
        format!("every upgrade generates `{path}` of {name} anew: what has stored the old value rejects the new one")
    } else {
        format!("every upgrade generates `{path}` of {name} anew")
    };
    let mut finding = finding(&RANDOM_VALUE, object, path, message);
    if !restarts && !is_secret {
        finding.severity = Severity::Info;
    }
    finding.help("keep the installed value with `lookup`, or let the user set it")
}

/// The path of the first field in which two trees differ.
fn find_difference(one: &Node, other: &Node) -> Option<String> {
    match (&one.value, &other.value) {
        (Value::Map(map), Value::Map(_)) => map.iter().find_map(|entry| {
            let key = if entry.key.contains(['.', '/']) { format!("[{}]", entry.key) } else { entry.key.clone() };
            let other = other.get(&entry.key);
            let rest = match other {
                Some(other) => find_difference(&entry.value, other)?,
                None => String::new(),
            };
            Some(join(key, &rest))
        }),
        (Value::Seq(items), Value::Seq(others)) if items.len() == others.len() => {
            let mut pairs = items.iter().zip(others).enumerate();
            pairs.find_map(|(index, (one, other))| Some(join(format!("[{index}]"), &find_difference(one, other)?)))
        }
        (one, other) => (one != other).then(String::new),
    }
}

fn join(step: String, rest: &str) -> String {
    if rest.is_empty() || rest.starts_with('[') { step + rest } else { format!("{step}.{rest}") }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::release_findings;

    fn run(template: &str) -> Vec<String> {
        release_findings("chart/random-value", &[("templates/a.yaml", template)])
    }

    #[test]
    fn a_random_annotation_restarts_pods() {
        let workload = |kind: &str| {
            run(&format!(
                "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n  template:\n    metadata:\n      annotations:\n        \
                 checksum/config: {{{{ randAlphaNum 5 | sha256sum }}}}\n"
            ))
        };
        assert_eq!(workload("Deployment"), ["warning spec.template.metadata.annotations[checksum/config]"]);
    }

    #[test]
    fn what_is_generated_only_at_installation_stays() {
        let secret = |condition: &str| {
            run(&format!(
                "{{{{ if {condition} }}}}\napiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{a: \"{{{{ randAlpha 9 \
                 }}}}\"}}\n{{{{ end }}}}\n"
            ))
        };
        assert_eq!(secret("true"), ["warning stringData.a"]);
        assert_eq!(secret(".Release.IsInstall").len(), 0);
    }

    #[test]
    fn elsewhere_it_is_told() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {id: \"{{ uuidv4 }}\"}\n";
        assert_eq!(run(text), ["info data.id"]);
    }
}
