use super::prelude::*;

declare! {
    /// A pod that takes a variable or a volume from a Secret which does not exist stays in `CreateContainerConfigError`
    /// or `ContainerCreating`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: web, image: "web:1", envFrom: [{secretRef: {name: web-passwords}}]}]
    /// ---
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: web-password}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: web, image: "web:1", envFrom: [{secretRef: {name: web-password}}]}]
    /// ---
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: web-password}
    /// ```
    ///
    /// ## Fix
    /// Correct the name, add the Secret, or mark the reference as `optional: true`. The severity is info if no Secret of
    /// the release has a similar name: it may be in the cluster. `--assume Secret/NAME` says so. A Secret that a custom
    /// resource of the release names, such as a `Certificate` or an `ExternalSecret`, counts as there.
    MISSING_SECRET = "ref/missing-secret", Warning, "pods need a Secret that is not in the release";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    super::check_config(release, "Secret", &MISSING_SECRET, found);
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, severities};

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: a, envFrom: [{secretRef: {name: db}}]}\n";
    const OTHER: &str = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n";

    #[test]
    fn what_is_not_known_is_info_and_of_a_single_file_nothing() {
        assert_eq!(severities("ref/missing-secret", &format!("{POD}{OTHER}")), ["info"]);
        assert_eq!(severities("ref/missing-secret", POD).len(), 0);
        let optional = POD.replace("name: db}", "name: db, optional: true}");
        assert_eq!(findings("ref/missing-secret", &format!("{optional}{OTHER}")).len(), 0);
    }

    #[test]
    fn a_secret_that_a_custom_resource_names_is_made_by_it() {
        let made = "---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: x}\nspec: {secretName: db}\n";
        assert_eq!(findings("ref/missing-secret", &format!("{POD}{made}")).len(), 0);
    }
}
