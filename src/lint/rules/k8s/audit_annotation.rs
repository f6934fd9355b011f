use crate::diag::Diagnostic;
use crate::lint::registry::declare;
use crate::lint::release::Release;

declare! {
    /// The `auditAnnotations` of a `ValidatingAdmissionPolicy` add texts to the audit event of a request. They change nothing
    /// for the client, so that this rule runs only if it is named: with `--rule k8s/audit-annotation`, or under `[rules]` in `plimsoll.toml`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicy
    /// metadata: {name: count-keys}
    /// spec:
    ///   matchConstraints:
    ///     resourceRules:
    ///       - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}
    ///   auditAnnotations:
    ///     - {key: keys, valueExpression: "string(object.data.size()) + ' keys'"}
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicyBinding
    /// metadata: {name: count-keys}
    /// spec: {policyName: count-keys, validationActions: [Audit]}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: settings}
    /// data: {a: b}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: settings}
    /// data: {a: b}
    /// ```
    ///
    /// ## Fix
    /// Nothing has to change. An annotation whose expression gives an empty text is left out.
    AUDIT_ANNOTATION = "k8s/audit-annotation", Info, "an admission policy adds an annotation to the audit event";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    if release.is_asked_for(&AUDIT_ANNOTATION) {
        release.report_audit_annotations(&AUDIT_ANNOTATION, found);
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::Sources;
    use crate::lint::Config;
    use crate::lint::testing::{findings, lint_with};

    const RELEASE: &str = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\n\
                           spec:\n  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], \
                           resources: [configmaps]}]}\n  auditAnnotations: [{key: a, valueExpression: \"string(1)\"}]\n---\n\
                           apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n\
                           metadata: {name: b}\nspec: {policyName: p, validationActions: [Audit]}\n---\n\
                           apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n";

    #[test]
    fn annotations_are_shown_if_the_rule_is_named() {
        assert_eq!(findings("k8s/audit-annotation", RELEASE), [""; 0]);
        let mut config = Config::default();
        config.only(&["k8s/audit-annotation".into()]).unwrap();
        let found = lint_with(&Sources::new(), RELEASE, &config);
        let messages: Vec<_> = found.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert_eq!(messages, ["audit annotation `p/a` of ConfigMap `settings`: 1"]);
    }
}
