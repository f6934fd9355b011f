//! ConfigMaps, Secrets, service accounts and namespaces: `pkg/apis/core/validation`.

use super::{At, Context};
use crate::names;
use crate::pod_security::{Level, StandardVersion};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// `MaxSecretSize`, of ConfigMaps too: 1 MiB.
const MAX_SIZE: usize = 1024 * 1024;

/// `ValidateConfigMap`.
pub(super) fn config_map(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let (data, binary) = (root.field("data"), root.field("binaryData"));
    let mut size = 0_usize;
    for (key, value) in data.entries() {
        bag_key(key, &value, cx);
        if binary.key(key).key_span().is_some() {
            cx.invalid_key(&value, key, value.key_span(), "duplicate of key present in binaryData");
        }
        size = size.saturating_add(value.text().len());
    }
    for (key, value) in binary.entries() {
        bag_key(key, &value, cx);
        size = size.saturating_add(decoded_len(value.text()));
    }
    if size > MAX_SIZE {
        // The server reports this at no field in particular.
        cx.too_long(root, MAX_SIZE);
    }
}

/// A key, reported at its own entry.
fn bag_key(key: &str, at: &At<'_, '_>, cx: &mut Context<'_>) {
    for complaint in names::config_map_key(key) {
        cx.invalid_key(at, key, at.key_span(), complaint);
    }
}

/// How many bytes base64 text stands for.
fn decoded_len(text: &str) -> usize {
    text.trim_end_matches('=').len() / 4 * 3 + text.trim_end_matches('=').len() % 4 * 3 / 4
}

/// `ValidateSecret`, after the strategy moved `stringData` over to `data`.
pub(super) fn secret(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let bag = Bag { data: root.field("data"), texts: root.field("stringData") };
    let mut size = 0_usize;
    for (key, value) in bag.data.entries() {
        bag_key(key, &value, cx);
        if bag.texts.key(key).key_span().is_none() {
            size = size.saturating_add(decoded_len(value.text()));
        }
    }
    for (key, value) in bag.texts.entries() {
        if bag.data.key(key).key_span().is_none() {
            bag_key(key, &bag.data.key(key).showing(&value), cx);
        }
        size = size.saturating_add(value.text().len());
    }
    if size > MAX_SIZE {
        cx.too_long(&bag.data, MAX_SIZE);
    }

    match root.field("type").text() {
        "kubernetes.io/service-account-token" => {
            let metadata = root.field("metadata");
            let annotations = metadata.field("annotations");
            let account = annotations.key("kubernetes.io/service-account.name");
            if account.text().is_empty() {
                cx.required(&account, "");
            }
        }
        "kubernetes.io/dockercfg" => docker_config(&bag, ".dockercfg", cx),
        "kubernetes.io/dockerconfigjson" => docker_config(&bag, ".dockerconfigjson", cx),
        "kubernetes.io/basic-auth" if !bag.has("username") && !bag.has("password") => {
            cx.missing(&bag.data.key("username"), "one of `username` and `password` is enough");
            cx.missing(&bag.data.key("password"), "one of `username` and `password` is enough");
        }
        "kubernetes.io/ssh-auth" if bag.bytes("ssh-privatekey").is_none_or(|key| key.is_empty()) => {
            cx.missing(&bag.data.key("ssh-privatekey"), "the key that the Secret's type is about");
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if !bag.has(key) {
                    cx.missing(&bag.data.key(key), "a TLS Secret contains `tls.crt` and `tls.key`");
                }
            }
            tls_warning(&bag, cx);
        }
        _ => {}
    }
}

/// A Secret's data: `stringData` wins over `data`.
struct Bag<'p, 'n> {
    data: At<'p, 'n>,
    texts: At<'p, 'n>,
}

impl<'n> Bag<'_, 'n> {
    fn has(&self, key: &str) -> bool {
        self.data.key(key).key_span().is_some() || self.texts.key(key).key_span().is_some()
    }

    /// The bytes of a key, if it is there and can be read.
    fn bytes(&self, key: &str) -> Option<Cow<'n, [u8]>> {
        let text = self.texts.key(key);
        if text.key_span().is_some() {
            return Some(text.text().as_bytes().into());
        }
        let encoded = self.data.key(key);
        encoded.key_span()?;
        let joined: String = encoded.text().split(['\r', '\n']).collect();
        STANDARD.decode(joined).ok().map(Cow::Owned)
    }
}

/// A registry's credentials are a JSON object.
fn docker_config(bag: &Bag<'_, '_>, key: &str, cx: &mut Context<'_>) {
    let place = bag.data.key(key);
    if !bag.has(key) {
        cx.missing(&place, "the credentials that the Secret's type is about");
        return;
    }
    let Some(bytes) = bag.bytes(key) else { return };
    match serde_json::from_slice::<serde_json::Value>(&bytes) {
        Ok(serde_json::Value::Object(_) | serde_json::Value::Null) => {}
        other => {
            let text = bag.texts.key(key);
            let span = text.key_span().or(place.key_span());
            let detail = other.map_or_else(|error| error.to_string(), |_| "not a JSON object".to_owned());
            cx.invalid_key(&place, "<secret contents redacted>", span, detail);
        }
    }
}

/// `warningsForSecret`: without reading the certificate itself.
fn tls_warning(bag: &Bag<'_, '_>, cx: &mut Context<'_>) {
    let (Some(certificate), Some(key)) = (bag.bytes("tls.crt"), bag.bytes("tls.key")) else { return };
    let (name, part) = if !has_pem(&certificate) {
        ("tls.crt", "certificate")
    } else if !has_pem(&key) {
        ("tls.key", "key")
    } else {
        return;
    };
    let place = bag.data.key(name);
    let text = bag.texts.key(name);
    let place = if text.key_span().is_some() { place.showing(&text) } else { place };
    cx.warning(&place, format_args!("tls: failed to find any PEM data in {part} input"));
}

/// Whether Go's `pem.Decode` would find a block: base64 between a `BEGIN` line and the `END` line of the same name.
fn has_pem(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let label = |line: &str, edge: &str| {
        line.strip_prefix(edge).and_then(|rest| rest.strip_suffix("-----")).map(str::to_owned)
    };
    lines.iter().enumerate().any(|(begin, line)| {
        let Some(name) = label(line, "-----BEGIN ") else { return false };
        let inside = lines.get(begin + 1..).unwrap_or_default();
        let Some(end) = inside.iter().position(|line| line.starts_with("-----END ")) else { return false };
        let (inside, end) = inside.split_at(end);
        // Headers such as `Proc-Type: 4,ENCRYPTED` may stand above.
        let body: String = inside.iter().filter(|line| !line.contains(':')).copied().collect();
        end.first().and_then(|line| label(line, "-----END ")) == Some(name) && STANDARD.decode(body).is_ok()
    })
}

/// `ValidateServiceAccount`, which looks at the metadata only; and its warning.
pub(super) fn service_account(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let metadata = root.field("metadata");
    let annotations = metadata.field("annotations");
    let enforce = annotations.key("kubernetes.io/enforce-mountable-secrets");
    if enforce.key_span().is_some() {
        cx.warning(
            &enforce,
            "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets",
        );
    }
}

/// `ValidateNamespace`, and what the admission plugin `PodSecurity`, which is on by default, asks of labels.
pub(super) fn namespace(root: &At<'_, '_>, cx: &mut Context<'_>) {
    pod_security(root, cx);
    let spec = root.field("spec");
    let finalizers = spec.field("finalizers");
    for finalizer in finalizers.items() {
        let path = finalizers.showing(&finalizer);
        let complaints = names::qualified_name(finalizer.text());
        if complaints.is_empty() && !is_finalizer(finalizer.text()) {
            cx.invalid(&path, "name is neither a standard finalizer name nor is it fully qualified");
        }
        cx.invalid_each(&path, complaints);
    }
}

/// `PolicyToEvaluate` of `pod-security-admission/api`: the labels that set the standards of a namespace's pods.
fn pod_security(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let labels = root.field("metadata.labels");
    for (key, label) in labels.entries() {
        let Some(mode) = key.strip_prefix("pod-security.kubernetes.io/") else { continue };
        let text = label.text();
        let wanted = match mode {
            "enforce" | "audit" | "warn" if Level::named(text).is_none() => {
                "must be one of privileged, baseline, restricted"
            }
            "enforce-version" | "audit-version" | "warn-version"
                if StandardVersion::from_label(text).is_none() =>
            {
                "must be \"latest\" or \"v1.x\""
            }
            _ => continue,
        };
        cx.invalid(&label, wanted);
    }
}

/// `validateKubeFinalizerName`: qualified, or one that Kubernetes itself uses.
fn is_finalizer(name: &str) -> bool {
    name.contains('/') || matches!(name, "kubernetes" | "orphan" | "foregroundDeletion")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    fn config_map(rest: &str) -> Vec<String> {
        list_findings(&format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n{rest}\n"))
    }

    fn secret(rest: &str) -> Vec<String> {
        list_findings(&format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\n{rest}\n"))
    }

    #[test]
    fn keys() {
        check(
            config_map,
            &[
                ("data: {a.b_c-D: x}", &[]),
                ("data: {'': x}", &["data[] invalid-value"]),
                ("data: {..a: x}", &["data[..a] invalid-value"]),
                ("data: {a: x}\nbinaryData: {a: eA==}", &["data[a] invalid-value"]),
                ("binaryData: {a b: eA==}", &["binaryData[a b] invalid-value"]),
            ],
        );
        check(
            secret,
            &[
                ("stringData: {a/b: x}", &["data[a/b] invalid-value"]),
                ("data: {a/b: eA==}\nstringData: {a/b: x}", &["data[a/b] invalid-value"]),
            ],
        );
    }

    #[test]
    fn sizes() {
        let text = "x".repeat(super::MAX_SIZE);
        assert_eq!(config_map(&format!("data: {{a: {text}}}")), Vec::<String>::new());
        assert_eq!(config_map(&format!("data: {{a: {text}, b: z}}")), [" too-long"]);
        // Four characters of base64 are three bytes.
        assert_eq!(secret(&format!("data: {{a: {text}}}")), Vec::<String>::new());
        assert_eq!(secret(&format!("data: {{a: {text}, b: {text}}}")), ["data too-long"]);
        assert_eq!(super::decoded_len("YQ=="), 1);
        assert_eq!(super::decoded_len("YWI="), 2);
        assert_eq!(super::decoded_len("YWJj"), 3);
    }

    #[test]
    fn types_of_secrets() {
        check(
            secret,
            &[
                ("type: kubernetes.io/tls", &["data[tls.crt] required", "data[tls.key] required"]),
                ("type: kubernetes.io/tls\nstringData: {tls.crt: a, tls.key: b}", &["data[tls.crt] warning"]),
                (
                    "type: kubernetes.io/tls\nstringData: {tls.crt: \"-----BEGIN A-----\\neA==\\n-----END A-----\", \
                     tls.key: \"-----BEGIN A-----\\n???\\n-----END A-----\"}",
                    &["data[tls.key] warning"],
                ),
                ("type: kubernetes.io/basic-auth\ndata: {password: ''}", &[]),
                (
                    "type: kubernetes.io/ssh-auth\ndata: {ssh-privatekey: ''}",
                    &["data[ssh-privatekey] required"],
                ),
                (
                    "type: kubernetes.io/dockercfg\nstringData: {.dockercfg: '[]'}",
                    &["data[.dockercfg] invalid-value"],
                ),
                ("type: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: e30=}", &[]),
                (
                    "type: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: e30}",
                    &["data..dockerconfigjson wrong-type"],
                ),
                (
                    "type: kubernetes.io/service-account-token",
                    &["metadata.annotations[kubernetes.io/service-account.name] required"],
                ),
                ("type: anything", &[]),
            ],
        );
    }

    #[test]
    fn namespaces() {
        check(
            list_findings,
            &[
                (
                    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\nspec: {finalizers: [kubernetes, a.b/c]}",
                    &[],
                ),
                (
                    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {pod-security.kubernetes.io/enforce: \
                     restricted, pod-security.kubernetes.io/enforce-version: v1.30, \
                     pod-security.kubernetes.io/warn: strict, pod-security.kubernetes.io/warn-version: v1.030}}",
                    &[
                        "metadata.labels[pod-security.kubernetes.io/warn] invalid-value",
                        "metadata.labels[pod-security.kubernetes.io/warn-version] invalid-value",
                    ],
                ),
                (
                    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}\nspec: {finalizers: [mine, 'a b']}",
                    &[
                        "metadata.name invalid-value",
                        "spec.finalizers invalid-value",
                        "spec.finalizers invalid-value",
                    ],
                ),
            ],
        );
    }
}
