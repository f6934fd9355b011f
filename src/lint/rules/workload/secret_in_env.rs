use super::prelude::*;
use crate::k8s::names;

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
                if !is_secret_name(name) || !is_literal(value) {
                    continue;
                }
                if names_a_secret(name, value) || (ends_in_secret(name) && is_secret_of(release, value)) {
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

/// What a Secret holds. A variable that is called after it and `SECRET` has the Secret's name as its value.
const HELD: [&str; 13] = [
    "CA",
    "CERT",
    "CERTIFICATE",
    "CREDENTIAL",
    "CREDENTIALS",
    "EXISTING",
    "PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PULL",
    "SSL",
    "TLS",
];

/// Whether a variable holds the name of a Secret, or of a key in it: `DB_PASSWORD_SECRET: db-credentials`,
/// `DB_PASSWORD_SECRET_KEY: password`. What is no such name is not one, whatever the variable is called.
fn names_a_secret(name: &str, value: &str) -> bool {
    let name = split_words(name);
    let held = name.strip_suffix("_KEY").unwrap_or(&name).strip_suffix("_SECRET");
    let is_called_after =
        held.is_some_and(|held| HELD.contains(&held.rsplit('_').next().unwrap_or_default()));
    is_called_after && names::dns1123_subdomain(value).is_empty()
}

fn ends_in_secret(name: &str) -> bool {
    split_words(name).ends_with("SECRET")
}

/// Whether the release holds a Secret of that name, or something that makes one, such as a `SealedSecret`.
fn is_secret_of(release: &Release<'_>, name: &str) -> bool {
    release.objects.iter().any(|object| object.kind.ends_with("Secret") && object.name == name)
}

fn split_words(name: &str) -> String {
    name.to_ascii_uppercase().replace(['-', '.'], "_")
}

/// Whether a variable of that name holds a secret itself, rather than the place or the name of one.
fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 8] =
        ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "PRIVATEKEY", "CREDENTIALS"];
    const KEYS: [&str; 4] = ["API_KEY", "PRIVATE_KEY", "SECRET_KEY", "ACCESS_KEY"];
    let name = split_words(name);
    let last = name.rsplit('_').next().unwrap_or_default();
    // Names by which members of a cluster identify each other are not secrets.
    if name.ends_with("CLUSTER_TOKEN") {
        return false;
    }
    WORDS.contains(&last) || KEYS.iter().any(|key| name == *key || name.ends_with(&format!("_{key}")))
}

/// Whether a value is the secret itself: not empty, not a reference, not a path, not a switch.
fn is_literal(value: &str) -> bool {
    let switch = ["true", "false", "yes", "no", "on", "off", "0", "1", "none", "null"];
    !value.is_empty()
        && !value.starts_with('/')
        && !value.contains("$(")
        && !value.contains("=/")
        && !REFERENCES.iter().any(|reference| value.starts_with(reference))
        && !switch.contains(&value.to_ascii_lowercase().as_str())
}

/// How values begin that some tool in the container or the cluster replaces by the secret.
const REFERENCES: [&str; 7] =
    ["vault:", "ref+", "arn:aws:", "op://", "gcp:secretmanager:", "azurekeyvault@", "file:"];

#[cfg(test)]
mod tests {
    use super::{is_literal, is_secret_name, names_a_secret};
    use crate::lint::testing::findings;

    #[test]
    fn names_of_secrets_are_told_from_their_places() {
        for name in
            ["PASSWORD", "db_password", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "api-key", "CLIENT_SECRET"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in
            ["PASSWORD_FILE", "TOKEN_TTL", "SECRET_NAME", "KEY", "TOKENIZER", "ETCD_INITIAL_CLUSTER_TOKEN"]
        {
            assert!(!is_secret_name(name), "{name}");
        }
        for value in ["", "/run/secrets/x", "$(OTHER)", "true", "vault:secret/x", "jwt,priv-key=/opt/key.pem"]
        {
            assert!(!is_literal(value), "{value}");
        }
        assert!(is_literal("hunter2"));
    }

    #[test]
    fn the_name_of_a_secret_is_none() {
        for (name, value) in [
            ("DB_PASSWORD_SECRET", "my-secret"),
            ("existing-secret", "my-release-postgresql"),
            ("IMAGE_PULL_SECRET", "registry.example.com"),
            ("DB_PASSWORD_SECRET_KEY", "password"),
        ] {
            assert!(names_a_secret(name, value), "{name}: {value}");
        }
        for (name, value) in [
            ("CLIENT_SECRET", "my-secret"),
            ("DB_PASSWORD", "my-secret"),
            ("DB_PASSWORD_SECRET", "Hunter2!"),
            ("SECRET", "a"),
        ] {
            assert!(!names_a_secret(name, value), "{name}: {value}");
        }
    }

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
