use super::prelude::*;

declare! {
    /// A pod that takes a variable or a volume from a `ConfigMap` which does not exist stays in
    /// `CreateContainerConfigError` or `ContainerCreating`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: web, image: "web:1", envFrom: [{configMapRef: {name: web-confg}}]}]
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: web-config}
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
    ///       containers: [{name: web, image: "web:1", envFrom: [{configMapRef: {name: web-config}}]}]
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: web-config}
    /// ```
    ///
    /// ## Fix
    /// Correct the name, add the `ConfigMap`, or mark the reference as `optional: true`. The severity is info if no
    /// `ConfigMap` of the release has a similar name: it may be in the cluster. `--assume ConfigMap/NAME` says so.
    MISSING_CONFIG_MAP = "ref/missing-config-map", Warning, "pods need a ConfigMap that is not in the release";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    super::check_config(release, "ConfigMap", &MISSING_CONFIG_MAP, found);
}
