use super::prelude::*;
use crate::diag::{Severity, nearest};
use crate::k8s::views;
use crate::yaml::Entry;

declare! {
    /// A Service selects its pods by labels. If it selects none, it has no endpoints, and every connection fails
    /// without an explanation. The usual cause is a label that is spelt differently in another template.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db}
    /// spec:
    ///   clusterIP: None
    ///   selector: {app: db}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     metadata:
    ///       labels: {app.kubernetes.io/name: db}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db}
    /// spec:
    ///   clusterIP: None
    ///   selector: {app.kubernetes.io/name: db}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     metadata:
    ///       labels: {app.kubernetes.io/name: db}
    /// ```
    ///
    /// ## Fix
    /// Take selector and pod labels from one partial. The severity is error if the Service belongs to a workload (by
    /// its name or as its `serviceName`), or if only the spelling of a value differs. It is warning if one label of
    /// several differs. Otherwise it is info: the pods may belong to another release or to a disabled workload, or an
    /// operator may set the label at run time, for example on a leader.
    ///
    /// The rule is skipped if the release has no pods in the namespace of the Service, or has custom resources whose
    /// operator may create pods.
    SERVICE_SELECTS_NOTHING = "sts/service-selects-nothing", Error, "a Service selects no pod of the release";
    release: check;
}

/// How many workloads are searched for the intended one.
const CANDIDATES: usize = 100;

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    if release.workloads().is_empty() || release.custom_kinds {
        return;
    }
    let unmatched = release.service_selections.iter().filter(|selection| selection.workloads.is_empty());
    for service in unmatched.flat_map(|selection| &selection.owners).map(|owner| &release.services[*owner]) {
        // Hooks have pods too, for a while. Workloads of a removed API version will have them once that is corrected.
        let elsewhere = release.selects_hooks(service.selector(), service.object)
            || release.objects.iter().any(|object| selects_template(service, object));
        if let Some(diagnostic) = (!elsewhere).then(|| unmatched_service(release, service)).flatten() {
            found.push(diagnostic);
        }
    }
}

/// Whether a Service selects the pods of an object that is not known as a workload.
fn selects_template(service: &Service<'_>, object: &Object) -> bool {
    let kind = WorkloadKind::named(&object.kind);
    let labels = kind.and_then(|kind| views::Workload::new(kind, &object.root).template().labels());
    labels.is_some() && same_namespace(service.object, object) && service.selector().matches(labels)
}

/// The finding about a Service that selects nothing; none where no workload is in its namespace.
fn unmatched_service(release: &Release<'_>, service: &Service<'_>) -> Option<Diagnostic> {
    // The workload with the fewest differing labels is the likely target.
    let near = release
        .find_related(service.selector(), CANDIDATES)
        .chain(release.workloads().iter().take(CANDIDATES))
        .filter(|workload| same_namespace(workload.object, service.object))
        .map(|workload| NearMiss::of(service, workload))
        .min_by_key(|near| near.missed.len())
        .filter(|near| !near.missed.is_empty())?;
    let mut diagnostic = finding(
        &SERVICE_SELECTS_NOTHING,
        service.object,
        "spec.selector",
        format!("Service `{}` selects no pod of the release", service.object.name),
    );
    diagnostic.severity = near.severity(service);
    let NearMiss { workload, missed, .. } = &near;
    if near.is_set_at_run_time() {
        diagnostic = diagnostic.help("if an operator labels the pods at run time, allow the finding");
    }
    for entry in missed {
        let wanted = entry.value.as_str().unwrap_or_default();
        let has = workload.template().labels().and_then(|labels| labels.entry(&entry.key));
        diagnostic = match has {
            Some(label) => diagnostic
                .at(label.value.span, format!("{workload} has another value"))
                .help(format!("the selector requires `{}: {wanted}`", entry.key)),
            None => diagnostic.help(format!(
                "the selector requires `{}: {wanted}`, which the pods of {workload} do not have",
                entry.key
            )),
        };
    }
    Some(diagnostic)
}

/// A workload, and by which labels a Service misses its pods.
struct NearMiss<'r, 'a> {
    workload: &'r Workload<'a>,
    missed: Vec<&'a Entry>,
    /// How many labels of the selector the pods have.
    shared: usize,
}

impl<'r, 'a> NearMiss<'r, 'a> {
    fn of(service: &Service<'a>, workload: &'r Workload<'a>) -> Self {
        let labels = workload.template().labels();
        let has = |key: &str| labels.and_then(|labels| labels.get(key));
        let wanted = service.selector().labels().into_iter().flatten();
        let is_added =
            |entry: &Entry| workload.adds_label(&entry.key, entry.value.as_str().unwrap_or_default());
        let (shared, missed): (Vec<_>, Vec<_>) =
            wanted.partition(|entry| has(&entry.key) == Some(&entry.value) || is_added(entry));
        Self { workload, missed, shared: shared.len() }
    }

    /// Whether the pods lack only labels that their template does not set at all: operators add such labels to running
    /// pods.
    fn is_set_at_run_time(&self) -> bool {
        let has =
            |entry: &Entry| self.workload.template().labels().is_some_and(|labels| labels.contains_key(&entry.key));
        self.shared > 0 && !self.missed.iter().any(|entry| has(entry))
    }

    /// An error if the Service belongs to the workload. Any other may select pods of another release, or of a workload
    /// that the values switch off.
    fn severity(&self, service: &Service<'_>) -> Severity {
        if self.is_set_at_run_time() {
            Severity::Info
        } else if self.belongs_together(service) {
            Severity::Error
        } else if self.shared > 0 && self.missed.len() == 1 {
            Severity::Warning
        } else {
            Severity::Info
        }
    }

    /// Whether the Service is clearly the workload's: it has its name, governs it, or misses it by misspelt values only.
    fn belongs_together(&self, service: &Service<'_>) -> bool {
        let (workload, name) = (self.workload, service.object.name.as_str());
        let governs = workload.stateful_set().is_some_and(|set| set.service_name() == name);
        let is_misspelt = |entry: &&Entry| {
            let value = workload.template().labels().and_then(|labels| labels.get(&entry.key)).and_then(Node::as_str);
            value.is_some_and(|value| nearest(entry.value.as_str().unwrap_or_default(), [value]).is_some())
        };
        governs || workload.object.name == name || self.missed.iter().all(is_misspelt)
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, severities};

    /// The severity for a Service with this name and selector beside a StatefulSet `db`.
    fn severity(name: &str, selector: &str) -> Option<&'static str> {
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  selector: {{{selector}}}\n---\n\
             apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  serviceName: nodes\n  \
             template: {{metadata: {{labels: {{app: db, tier: data}}}}}}\n"
        );
        severities("sts/service-selects-nothing", &text).first().copied()
    }

    #[test]
    fn labels_of_controllers_and_operators_are_known() {
        assert_eq!(severity("db", "app: db, statefulset.kubernetes.io/pod-name: db-0"), None);
        assert_eq!(severity("db", "app: db, statefulset.kubernetes.io/pod-name: web-0"), Some("info"));
        assert_eq!(severity("db", "app: db, vault-active: 'true'"), Some("info"));
    }

    #[test]
    fn it_is_an_error_if_the_workload_was_meant() {
        assert_eq!(severity("db", "app: db, tier: web"), Some("error"));
        assert_eq!(severity("nodes", "app: database"), Some("error"));
        assert_eq!(severity("other", "app: db, tier: date"), Some("error"));
        assert_eq!(severity("other", "app: db, tier: web"), Some("warning"));
        assert_eq!(severity("other", "app: prometheus"), Some("info"));
    }

    #[test]
    fn pods_may_be_in_another_namespace_or_of_a_removed_version() {
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: dns, namespace: kube-system}\n\
                       spec:\n  selector: {app: dns}\n---\n";
        let set =
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: dns, namespace: prod}\nspec: {}\n---\n";
        assert_eq!(findings("sts/service-selects-nothing", &format!("{service}{set}")).len(), 0);
        let same = format!("{service}{}", set.replace("prod", "kube-system"));
        assert_eq!(findings("sts/service-selects-nothing", &same).len(), 1);
        let removed = "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: dns, namespace: kube-system}\n\
                       spec:\n  template: {metadata: {labels: {app: dns}}}\n";
        assert_eq!(findings("sts/service-selects-nothing", &format!("{same}{removed}")).len(), 0);
    }

    #[test]
    fn operators_and_hooks_may_own_the_pods() {
        let service =
            "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec:\n  selector: {app: db}\n---\n";
        let other = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {}\n";
        assert_eq!(
            findings("sts/service-selects-nothing", &format!("{service}{other}")),
            ["5:3 spec.selector"]
        );
        let custom = "---\napiVersion: acid.zalan.do/v1\nkind: postgresql\nmetadata: {name: db}\n";
        assert_eq!(findings("sts/service-selects-nothing", &format!("{service}{other}{custom}")).len(), 0);
        let hook = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}, \
                    labels: {app: db}}\n";
        assert_eq!(findings("sts/service-selects-nothing", &format!("{service}{other}{hook}")).len(), 0);
        assert_eq!(findings("sts/service-selects-nothing", service).len(), 0);
    }
}
