use crate::diag::Diagnostic;
use crate::lint::registry::declare;
use crate::lint::release::Release;

declare! {
    /// A `ValidatingAdmissionPolicy` that is bound to such requests is evaluated as the API server does it, with defaults
    /// filled in. The message is the server's. The `validationActions` of the binding set the severity: `Deny` is an error,
    /// `Warn` a warning, and `Audit` info. The pods of a workload are reviewed, too: the workload is accepted, but its
    /// controller cannot create them.
    ///
    /// Policies and bindings are taken from the release and from `--policies`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicy
    /// metadata: {name: replica-limit}
    /// spec:
    ///   matchConstraints:
    ///     resourceRules:
    ///       - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
    ///   validations:
    ///     - expression: object.spec.replicas <= 5
    ///       messageExpression: "'at most 5 replicas, not ' + string(object.spec.replicas)"
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicyBinding
    /// metadata: {name: replica-limit}
    /// spec: {policyName: replica-limit, validationActions: [Deny]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: orders-api}
    /// spec:
    ///   replicas: 9
    ///   selector: {matchLabels: {app: orders-api}}
    ///   template:
    ///     metadata: {labels: {app: orders-api}}
    ///     spec: {containers: [{name: api, image: "orders-api:7"}]}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicy
    /// metadata: {name: replica-limit}
    /// spec:
    ///   matchConstraints:
    ///     resourceRules:
    ///       - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
    ///   validations:
    ///     - expression: object.spec.replicas <= 5
    ///       messageExpression: "'at most 5 replicas, not ' + string(object.spec.replicas)"
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicyBinding
    /// metadata: {name: replica-limit}
    /// spec: {policyName: replica-limit, validationActions: [Deny]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: orders-api}
    /// spec:
    ///   replicas: 3
    ///   selector: {matchLabels: {app: orders-api}}
    ///   template:
    ///     metadata: {labels: {app: orders-api}}
    ///     spec: {containers: [{name: api, image: "orders-api:7"}]}
    /// ```
    ///
    /// ## Fix
    /// Change the object as the message says, or exempt it: in `matchConditions` or `excludeResourceRules` of the policy, or
    /// in `matchResources` of the binding.
    DENIED_BY_POLICY = "k8s/denied-by-policy", Error, "an admission policy does not admit the object";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    release.report_violations(&DENIED_BY_POLICY, found);
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, severities};

    const RULE: &str = "k8s/denied-by-policy";

    fn release(resource: &str, expression: &str, action: &str, manifest: &str) -> String {
        format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: p}}\nspec:\n  \
             matchConstraints: {{resourceRules: [{{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE], resources: \
             [{resource}]}}]}}\n  validations: [{{expression: \"{expression}\"}}]\n---\n\
             apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: b}}\nspec: \
             {{policyName: p, validationActions: [{action}]}}\n---\n{manifest}"
        )
    }

    const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {a: b}}\n  \
                       template:\n    metadata: {labels: {a: b}}\n    spec: {containers: [{name: a, image: 'a:1'}]}\n";

    #[test]
    fn actions_are_severities() {
        for (action, severity) in [("Deny", "error"), ("Warn", "warning"), ("Audit", "info")] {
            assert_eq!(severities(RULE, &release("deployments", "false", action, WEB)), [severity]);
        }
        assert_eq!(severities(RULE, &release("deployments", "false", "'Deny, Audit'", WEB)), [""; 0]);
    }

    #[test]
    fn objects_are_reviewed_as_the_server_would_store_them() {
        // The default of the number of replicas, of the namespace and of the restart policy.
        for expression in [
            "object.spec.replicas == 1",
            "object.metadata.namespace == 'default' && request.namespace == 'default'",
            "object.spec.template.spec.restartPolicy == 'Always'",
        ] {
            assert_eq!(findings(RULE, &release("deployments", expression, "Deny", WEB)), [""; 0], "{expression}");
        }
    }

    #[test]
    fn pods_of_workloads_are_reviewed() {
        assert_eq!(
            findings(RULE, &release("pods", "has(object.spec.securityContext.runAsNonRoot)", "Deny", WEB)),
            ["18:3 spec.template"]
        );
        let expression = "object.metadata.labels['a'] == 'b' && object.metadata.generateName == 'web-'";
        assert_eq!(findings(RULE, &release("pods", expression, "Deny", WEB)), [""; 0]);
    }
}
