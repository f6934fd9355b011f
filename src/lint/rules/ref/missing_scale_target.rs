use super::prelude::*;
use crate::k8s::views::WorkloadKind;

declare! {
    /// An autoscaler whose target does not exist scales nothing.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web}
    /// spec:
    ///   maxReplicas: 5
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: web}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web}
    /// spec:
    ///   maxReplicas: 5
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: web}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: web}
    /// ```
    ///
    /// ## Fix
    /// Correct kind or name of the target. Targets of kinds that are not Kubernetes' own are not checked.
    MISSING_SCALE_TARGET = "ref/missing-scale-target", Warning, "the target of an autoscaler is not in the release";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    if release.is_partial() {
        return;
    }
    for scaler in release.objects_of_kind("autoscaling", "HorizontalPodAutoscaler") {
        let text = |field| scaler.at(&["spec", "scaleTargetRef", field]).and_then(Node::as_str).unwrap_or_default();
        let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
        let (kind, name) = (text("kind"), text("name"));
        if WorkloadKind::from_group_kind(group, kind).is_none() {
            continue;
        }
        let path = "spec.scaleTargetRef.name".to_owned();
        let reference = Reference { from: scaler, path, group, kind, name };
        if reference.is_met(release) {
            continue;
        }
        let mut finding = reference.missing(release, &MISSING_SCALE_TARGET, "nothing is scaled");
        let namesake = release.workloads().iter().find(|workload| workload.object.name == name);
        if let Some(namesake) = namesake {
            finding.severity = Severity::Warning;
            finding = finding.at(locate(namesake.object, "kind"), "this one is of another kind");
        }
        found.push(finding);
    }
}
