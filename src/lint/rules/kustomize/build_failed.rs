use crate::lint::registry::declare;

declare! {
    /// `kubectl kustomize` fails at this place, so nothing of the kustomization reaches the cluster. The rest of it is still
    /// linted.
    ///
    /// ## Bad
    /// ```yaml
    /// # kustomization.yaml
    /// resources: [set.yaml]
    /// namePrefx: prod-
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # kustomization.yaml
    /// resources: [set.yaml]
    /// namePrefix: prod-
    /// ```
    ///
    /// ## Fix
    /// Correct what the message names. A kustomization that cannot be built is reported whatever `--rule` selects and
    /// whether or not the group `kustomize` is off; only the level of this rule itself changes that.
    BUILD_FAILED = "kustomize/build-failed", Error, "a kustomization cannot be built";
}
