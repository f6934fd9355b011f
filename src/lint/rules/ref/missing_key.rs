use super::prelude::*;
use crate::diag::nearest;

declare! {
    /// A pod that needs a key which its `ConfigMap` or Secret does not have stays in `CreateContainerConfigError` or
    /// `ContainerCreating`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: db}
    /// stringData: {postgres-password: hunter2}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: db:1
    ///           env: [{name: PGPASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: db}
    /// stringData: {postgres-password: hunter2}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: db:1
    ///           env: [{name: PGPASSWORD, valueFrom: {secretKeyRef: {name: db, key: postgres-password}}}]
    /// ```
    ///
    /// ## Fix
    /// Correct the key, add it to the object, or mark the reference as `optional: true`. Objects that something else
    /// fills are not checked: those without data, those of type `kubernetes.io/service-account-token`, and those with an
    /// annotation or label of a tool that generates, copies or injects their data.
    MISSING_KEY = "ref/missing-key", Error, "pods need a key that their ConfigMap or Secret does not have";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        for needed in workload.template().config_references() {
            let object = release.named("", needed.kind, needed.name, workload.object);
            let Some(object) = object.filter(|object| !needed.is_optional && !is_filled_elsewhere(object)) else {
                continue;
            };
            for (key, path) in needed.keys {
                if keys(object).any(|known| known == key) {
                    continue;
                }
                let near = nearest(key, keys(object)).map(|near| format!("did you mean `{near}`?"));
                found.push(
                    workload
                        .finding(
                            &MISSING_KEY,
                            path,
                            format!(
                                "{} `{}` has no key `{key}`: the pods of {workload} do not start",
                                needed.kind, needed.name
                            ),
                        )
                        .at(locate(object, "data"), "its keys")
                        .maybe_help(near),
                );
            }
        }
    }
}

/// The keys of a `ConfigMap` or Secret.
fn keys(object: &Object) -> impl Iterator<Item = &str> {
    let fields = ["data", "stringData", "binaryData"].into_iter().filter_map(|field| object.at(&[field])?.as_map());
    fields.flatten().map(|entry| entry.key.as_str())
}

/// Whether something else than the manifest puts keys into an object.
fn is_filled_elsewhere(object: &Object) -> bool {
    const WAYS: [&str; 6] = ["generat", "inject", "mirror", "reflect", "replicat", "sync"];
    let is_token = object.at(&["type"]).and_then(Node::as_str) == Some("kubernetes.io/service-account-token");
    let marks = ["annotations", "labels"].into_iter().filter_map(|field| object.at(&["metadata", field])?.as_map());
    let mut marks = marks.flatten().map(|entry| entry.key.as_str());
    // What GitOps tools say of an object is about the whole of it.
    let is_tool = |key: &str| key.starts_with("argocd.argoproj.io/");
    is_token
        || keys(object).next().is_none()
        || marks.any(|key| !is_tool(key) && WAYS.iter().any(|way| key.contains(way)))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    fn run(secret: &str, source: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: v1\nkind: Secret\n{secret}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  \
             containers: [{{name: a}}]\n  volumes:\n  - name: v\n    {source}\n"
        );
        findings("ref/missing-key", &text)
    }

    #[test]
    fn items_of_volumes_are_keys_too() {
        let secret = "metadata: {name: db}\ndata: {a: YQ==}";
        assert_eq!(
            run(secret, "secret: {secretName: db, items: [{key: b, path: b}]}"),
            ["13:44 spec.volumes[0].secret.items[0].key"]
        );
        assert_eq!(run(secret, "secret: {secretName: db, items: [{key: a, path: b}]}").len(), 0);
        assert_eq!(run(secret, "secret: {secretName: db, optional: true, items: [{key: b}]}").len(), 0);
        assert_eq!(run(secret, "projected: {sources: [{secret: {name: db, items: [{key: b}]}}]}").len(), 1);
    }

    #[test]
    fn what_something_else_fills_is_not_checked() {
        let source = "secret: {secretName: db, items: [{key: b}]}";
        for secret in [
            "metadata: {name: db}",
            "metadata: {name: db}\ntype: kubernetes.io/service-account-token\ndata: {a: YQ==}",
            "metadata: {name: db, annotations: {secret-generator.v1.mittwald.de/autogenerate: b}}\ndata: {a: YQ==}",
            "metadata: {name: other}\ndata: {a: YQ==}",
        ] {
            assert_eq!(run(secret, source).len(), 0, "{secret}");
        }
    }
}
