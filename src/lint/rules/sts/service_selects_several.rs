use super::prelude::*;

declare! {
    /// A Service whose selector matches the pods of two workloads sends its traffic to both. Some requests reach pods
    /// without the data, and a headless Service lists the wrong pods as peers. This happens when a StatefulSet replaces
    /// a Deployment, and the Deployment remains in the chart.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: app}
    /// spec:
    ///   selector: {app: app}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: app}
    /// spec: {template: {metadata: {labels: {app: app}}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: app}
    /// spec: {template: {metadata: {labels: {app: app}}}}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: app}
    /// spec:
    ///   selector: {app: app, component: store}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: app}
    /// spec: {template: {metadata: {labels: {app: app, component: store}}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: app}
    /// spec: {template: {metadata: {labels: {app: app, component: web}}}}
    /// ```
    ///
    /// ## Fix
    /// Delete the workload that should no longer run, or distinguish the two with a label such as
    /// `app.kubernetes.io/component`, in the pod labels and in the selectors. If a Service is meant to select several
    /// workloads, add an allow comment. A headless Service that governs all of them, such as the shards of a database,
    /// is not reported.
    SERVICE_SELECTS_SEVERAL = "sts/service-selects-several", Warning, "a Service selects the pods of a StatefulSet and of another workload";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for selection in &release.service_selections {
        let selected = selection.workloads.iter().map(|index| &release.workloads()[*index]);
        let selected: Vec<_> = selected.filter(|workload| workload.kind().runs_forever()).collect();
        if selected.len() < 2 || !selected.iter().any(|workload| workload.stateful_set().is_some()) {
            continue;
        }
        let names = enumerated(&selected, &count_others(selected.len().saturating_sub(NAMED)));
        for service in selection.owners.iter().map(|owner| &release.services[*owner]) {
            // The members of one cluster, shards or a primary and its replicas, share their governing Service.
            let governed = |workload: &&Workload<'_>| {
                workload.stateful_set().is_some_and(|set| set.service_name() == service.name())
            };
            if service.is_headless() && selected.iter().all(governed) {
                continue;
            }
            let message = format!("Service `{}` selects the pods of {names}", service.object.name);
            let mut diagnostic = finding(&SERVICE_SELECTS_SEVERAL, service.object, "spec.selector", message)
                .help(
                    "delete the one that should not run, or distinguish them by a label in pods and selector",
                );
            for workload in selected.iter().take(NAMED) {
                let path = workload.template().path("metadata.labels");
                diagnostic =
                    diagnostic.at(locate(workload.object, &path), format!("the labels of {workload}"));
            }
            found.push(diagnostic);
        }
    }
}

fn count_others(count: usize) -> String {
    if count == 1 { "1 other".to_owned() } else { format!("{count} others") }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn shards_may_share_their_governing_service() {
        let set = |name: &str, kind: &str| {
            format!(
                "---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\n\
                 spec: {{serviceName: db, template: {{metadata: {{labels: {{app: db}}}}}}}}\n"
            )
        };
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec:\n  clusterIP: None\n  selector: {app: db}\n";
        let shards = set("a", "StatefulSet") + &set("b", "StatefulSet");
        let run = |text: &str| findings("sts/service-selects-several", text).len();
        assert_eq!(run(&format!("{service}{shards}")), 0);
        assert_eq!(run(&format!("{service}{shards}").replace("  clusterIP: None\n", "")), 1);
        assert_eq!(run(&format!("{service}{shards}{}", set("c", "Deployment"))), 1);
    }
}
