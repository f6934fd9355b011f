use super::prelude::*;
use crate::k8s::secrets::{ends_in_secret, is_secret_variable};

declare! {
    /// A password in a plain environment variable is visible in the chart, in the release record, in `kubectl describe`
    /// and in the diff of every upgrade. Anyone who can read pods can read it.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: db:1
    ///           env:
    ///             - name: DB_PASSWORD
    ///               value: hunter2
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: db:1
    ///           env:
    ///             - name: DB_PASSWORD
    ///               valueFrom: {secretKeyRef: {name: db, key: password}}
    ///             - name: DB_PASSWORD_FILE
    ///               value: /run/secrets/password
    ///             - name: DB_PASSWORD_SECRET
    ///               value: db
    /// ```
    ///
    /// ## Fix
    /// Put the value into a Secret and refer to it with `secretKeyRef`, or mount it as a file.
    SECRET_IN_ENV = "workload/secret-in-env", Warning, "a plain environment variable contains a password, token or key";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.started_workloads() {
        for container in workload.template().all_containers() {
            for (index, variable) in container.env().iter().enumerate() {
                let text = |field: &str| variable.get(field).and_then(Node::as_str).unwrap_or_default();
                let (name, value) = (text("name"), text("value"));
                if !is_secret_variable(name, value) || (ends_in_secret(name) && is_secret_of(release, value)) {
                    continue;
                }
                found.push(
                    workload
                        .finding(
                            &SECRET_IN_ENV,
                            container.path(&format!("env[{index}].value")),
                            format!(
                                "the value of `{name}` in {workload} can be read by anyone who can read pods"
                            ),
                        )
                        .help("take it from a Secret with `valueFrom.secretKeyRef`"),
                );
            }
        }
    }
}

/// Whether the release holds a Secret of that name, or something that makes one, such as a `SealedSecret`.
fn is_secret_of(release: &Release<'_>, name: &str) -> bool {
    release.objects.iter().any(|object| object.kind.ends_with("Secret") && object.name == name)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn the_name_of_a_secret_of_the_release_is_none_either() {
        let run = |secret: &str, variable: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: {secret}}}\n---\napiVersion: v1\nkind: Pod\n\
                 metadata: {{name: a}}\nspec:\n  containers:\n  - {{name: a, env: [{{name: {variable}, value: oauth}}]}}\n"
            );
            findings("workload/secret-in-env", &text).len()
        };
        assert_eq!(run("oauth", "CLIENT_SECRET"), 0);
        assert_eq!(run("other", "CLIENT_SECRET"), 1);
        assert_eq!(run("oauth", "CLIENT_PASSWORD"), 1);
    }
}
