use super::prelude::*;
use crate::diag::Severity;
use crate::k8s::views::WorkloadKind;
use crate::lint::release::is_test;

declare! {
    /// A Service sends requests to every ready pod that has its labels. The pod of a hook, of `helm test` or of a Job has
    /// them often, because templates share their labels: while it runs, it receives some of the requests, and a headless
    /// Service lists it among the peers.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec: {template: {metadata: {labels: {app: web}}}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-test, labels: {app: web}, annotations: {helm.sh/hook: test}}
    /// spec: {restartPolicy: Never, containers: [{name: test, image: "curl:8"}]}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec: {template: {metadata: {labels: {app: web}}}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-test, labels: {app: web-test}, annotations: {helm.sh/hook: test}}
    /// spec: {restartPolicy: Never, containers: [{name: test, image: "curl:8"}]}
    /// ```
    ///
    /// ## Fix
    /// Give the pod other labels than those of the selector, or add a label such as `app.kubernetes.io/component` to the
    /// selector and to the pods that serve. The severity is info for the pods of `helm test`, which run on demand.
    SHORT_LIVED_ENDPOINT = "workload/short-lived-endpoint", Warning, "a Service selects a pod that does not serve";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for service in release.services.iter().filter(|service| !service.selector().is_empty()) {
        let selected = release.find_selected(service.selector(), service.object);
        // A Pod by itself may be what serves.
        let Some(serving) = selected.iter().find(|workload| workload.kind().runs_forever()) else { continue };
        for workload in selected.iter().filter(|workload| !workload.kind().runs_forever()) {
            let whose = if workload.kind() == WorkloadKind::Pod {
                workload.to_string()
            } else {
                format!("the pods of {workload}")
            };
            let message =
                format!("Service `{}` selects {whose} as well as the pods of {serving}", service.object.name);
            let mut finding = workload
                    .finding(&SHORT_LIVED_ENDPOINT, workload.template().path("metadata.labels"), message)
                    .at(locate(service.object, "spec.selector"), format!("the selector of {service}"))
                    .help("give it other labels, or distinguish the pods that serve by a label");
            // Tests are run by hand, and `helm create` writes one like that.
            if is_test(workload.object) {
                finding.severity = Severity::Info;
            }
            found.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: a}}\n";

    #[test]
    fn hooks_and_jobs_are_seen_and_pods_that_serve_are_not() {
        let run = |manifests: &str| findings("workload/short-lived-endpoint", &format!("{SERVICE}{manifests}")).len();
        let set = "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\n\
                   spec: {template: {metadata: {labels: {app: a}}}}\n";
        let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: a}}\n";
        let job = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: j, annotations: {helm.sh/hook: pre-upgrade}}\n\
                   spec: {template: {metadata: {labels: {app: a}}}}\n";
        assert_eq!(run(pod), 0);
        assert_eq!(run(&format!("{pod}{set}")), 1);
        assert_eq!(run(&format!("{set}{job}")), 1);
        assert_eq!(run(&format!("{set}{job}{pod}")), 2);
        assert_eq!(run(&format!("{set}{}", job.replace("app: a", "app: b"))), 0);
    }
}
