use super::prelude::*;

declare! {
    /// A password written into an environment variable stands in the chart, in the release record, in every `kubectl
    /// describe` and in the diff of every upgrade. Everybody who may read pods may read it.
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
    /// ```
    ///
    /// ## Fix
    /// Put the value into a Secret and refer to it with `secretKeyRef`, or mount it as a file.
    SECRET_IN_ENV = "sts/secret-in-env", Warning, "a password, token or key stands in a plain environment value";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.pods() {
        for container in workload.containers() {
            for (index, variable) in items_of(container.field("env")) {
                let text = |field: &str| variable.get(field).and_then(Node::as_str).unwrap_or_default();
                let (name, value) = (text("name"), text("value"));
                if !is_secret_name(name) || !is_literal(value) {
                    continue;
                }
                found.push(
                    workload
                        .finding(
                            &SECRET_IN_ENV,
                            container.path(&format!("env[{index}].value")),
                            format!("the value of `{name}` in {workload} can be read by everybody who may read pods"),
                        )
                        .help("take it from a Secret with `valueFrom.secretKeyRef`"),
                );
            }
        }
    }
}

/// Whether a variable of that name holds a secret itself, rather than the place or the name of one.
fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 8] =
        ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "PRIVATEKEY", "CREDENTIALS"];
    const KEYS: [&str; 4] = ["API_KEY", "PRIVATE_KEY", "SECRET_KEY", "ACCESS_KEY"];
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    let last = name.rsplit('_').next().unwrap_or_default();
    // What members of a cluster know each other by is no secret.
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
        && !value.starts_with("vault:")
        && !value.starts_with("ref+")
        && !switch.contains(&value.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::{is_literal, is_secret_name};

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
}
