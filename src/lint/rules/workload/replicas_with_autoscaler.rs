use super::prelude::*;

declare! {
    /// If a manifest sets `replicas` and an autoscaler changes them, every upgrade resets the number. Pods are removed
    /// under load, and the claims of a StatefulSet remain.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    /// ---
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: db}
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: db}
    ///   maxReplicas: 6
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   serviceName: db
    /// ---
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: db}
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: db}
    ///   minReplicas: 3
    ///   maxReplicas: 6
    /// ```
    ///
    /// ## Fix
    /// Omit `replicas` when the autoscaler is enabled, and set `minReplicas` on the autoscaler.
    REPLICAS_WITH_AUTOSCALER = "workload/replicas-with-autoscaler", Warning, "replicas are set while an autoscaler changes them";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for scaler in release.objects_of_kind("autoscaling", "HorizontalPodAutoscaler") {
        let target = |field: &str| scaler.at(&["spec", "scaleTargetRef", field]).and_then(Node::as_str);
        let (Some(kind), Some(name)) = (target("kind"), target("name")) else { continue };
        let group =
            target("apiVersion").and_then(|version| version.split_once('/')).map_or("", |(group, _)| group);
        let scaled = release.named(group, kind, name, scaler).and_then(Workload::from_object);
        let Some(workload) = scaled.filter(|workload| workload.spec("replicas").is_some()) else { continue };
        found.push(
            workload
                .finding(
                    &REPLICAS_WITH_AUTOSCALER,
                    "spec.replicas",
                    format!(
                        "{workload} sets its replicas, but HorizontalPodAutoscaler `{}` changes them: every upgrade \
                         sets them back",
                        scaler.name
                    ),
                )
                .at(locate(scaler, "spec.scaleTargetRef"), "scaled here")
                .help("omit `replicas` when the autoscaler is enabled"),
        );
    }
}
