use crate::diag::Diagnostic;
use crate::lint::registry::declare;
use crate::lint::release::Release;
use crate::render::undecrypted;

declare! {
    /// A value that SOPS or age has encrypted, or a reference such as `ref+vault://...`, is an ordinary text for Kubernetes.
    /// Nothing decrypts it: the application gets the ciphertext as its password, and fails when it uses it.
    ///
    /// Custom resources are not checked, because an operator may decrypt them, and neither are manifests that SOPS has
    /// encrypted itself (with a `sops` block), which Flux decrypts.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: db}
    /// stringData:
    ///   password: ref+vault://secret/db#/password
    ///   token: ENC[AES256_GCM,data:eE1s,iv:iG/9,tag:x3JS,type:str]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: db}
    /// stringData:
    ///   password: hunter2
    /// ```
    ///
    /// ## Fix
    /// Pass a values file that SOPS has encrypted as a whole, with its `sops` block: plimsoll decrypts it with your age key.
    /// Replace `ref+` references in the values with `vals eval`, or let an operator fetch the values. If `vals` runs on the
    /// rendered manifests, allow the rule.
    UNDECRYPTED = "values/undecrypted", Error, "an object contains a value that is still encrypted, or a reference that nothing has replaced";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for object in release.objects {
        for (path, span, what) in undecrypted(object) {
            let message = format!("`{path}` of {} {what}", object.reference());
            let finding = Diagnostic::from_rule(&UNDECRYPTED.rule, message).at(span, "");
            found.push(finding.object(object.reference()).path(path).help(what.help()));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn ciphertext_is_found_wherever_nothing_decrypts_it() {
        let run = |kind: &str, field: &str, text: &str| {
            let (api_version, more) = match kind {
                "Secret" | "ConfigMap" => ("v1", ""),
                "Flux" => ("v1", "sops: {mac: x}\n"),
                _ => ("bitnami.com/v1alpha1", ""),
            };
            let kind = if kind == "Flux" { "Secret" } else { kind };
            let manifest = format!(
                "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n{more}{field}:\n  a: {}\n",
                serde_json::Value::from(text)
            );
            findings("values/undecrypted", &manifest).len()
        };
        let sealed = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";
        // Base64 of `ref+echo://x`.
        for (field, text, expected) in [
            ("stringData", sealed, 1),
            ("stringData", "postgres://me:ref+vault://db#/password+@host", 1),
            ("stringData", "secretref+awssecrets://a", 1),
            ("data", "cmVmK2VjaG86Ly94", 1),
            ("stringData", "-----BEGIN AGE ENCRYPTED FILE-----\nx\n", 1),
            ("stringData", "how to write ref+vault references", 0),
            ("stringData", "xref+vault://a", 0),
            ("stringData", "# a script\ncurl ref+vault://a\n", 0),
            ("stringData", "cmVmK2VjaG86Ly94", 0),
        ] {
            assert_eq!(run("Secret", field, text), expected, "{field}: {text}");
        }
        assert_eq!(run("ConfigMap", "data", sealed), 1);
        assert_eq!(run("SealedSecret", "spec", sealed), 0);
        assert_eq!(run("Flux", "stringData", sealed), 0);
    }
}
