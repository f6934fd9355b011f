use super::prelude::*;

declare! {
    /// A manifest that fixes `replicas` while an autoscaler changes them: every upgrade sets the number back, pods are
    /// thrown away in the middle of the day, and for a StatefulSet their claims stay behind.
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
    /// Leave `replicas` out when the autoscaler is on, and set `minReplicas` on the autoscaler.
    REPLICAS_WITH_AUTOSCALER = "workload/replicas-with-autoscaler", Warning, "replicas are set while an autoscaler changes them";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for scaler in release.of_kind("autoscaling", "HorizontalPodAutoscaler") {
        let target = |field: &str| scaler.at(&["spec", "scaleTargetRef", field]).and_then(Node::as_str);
        let (Some(kind), Some(name)) = (target("kind"), target("name")) else { continue };
        let group =
            target("apiVersion").and_then(|version| version.split_once('/')).map_or("", |(group, _)| group);
        let scaled = release.named(group, kind, name, scaler).and_then(Workload::of);
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
                .help("leave `replicas` out where the autoscaler is on"),
        );
    }
}
