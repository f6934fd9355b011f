use crate::diag::Diagnostic;
use crate::lint::registry::declare;
use crate::lint::release::Release;

declare! {
    /// Objects of the release go through an admission policy or a webhook that plimsoll cannot answer for, so the API server
    /// may refuse or change them. Either an expression needs what only a running cluster knows: the user (`request.userInfo`),
    /// permissions (`authorizer`), a parameter or the labels of a namespace that no manifest shows. Or it is a webhook, which
    /// is not called, or a `MutatingAdmissionPolicy`, which is not applied.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicy
    /// metadata: {name: production-only}
    /// spec:
    ///   matchConstraints:
    ///     namespaceSelector: {matchLabels: {environment: production}}
    ///     resourceRules:
    ///       - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}
    ///   validations:
    ///     - expression: has(object.immutable) && object.immutable
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicyBinding
    /// metadata: {name: production-only}
    /// spec: {policyName: production-only, validationActions: [Deny]}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: settings, namespace: orders}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicy
    /// metadata: {name: production-only}
    /// spec:
    ///   matchConstraints:
    ///     namespaceSelector: {matchLabels: {environment: production}}
    ///     resourceRules:
    ///       - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}
    ///   validations:
    ///     - expression: has(object.immutable) && object.immutable
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicyBinding
    /// metadata: {name: production-only}
    /// spec: {policyName: production-only, validationActions: [Deny]}
    /// ---
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: orders, labels: {environment: test}}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: settings, namespace: orders}
    /// ```
    ///
    /// ## Fix
    /// Pass the manifests of namespaces and parameters with `--policies`, beside the policies. Nothing has to change if the
    /// rest is known to be admitted.
    UNEVALUATED_POLICY = "k8s/unevaluated-policy", Info, "an admission policy or a webhook was not evaluated";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    release.report_unevaluated(&UNEVALUATED_POLICY, found);
}
