//! Everything that makes pods.

use super::{Metadata, PodTemplate, Selector, int, items, text};
use plimsoll_yaml::Node;

/// The kinds that make pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WorkloadKind {
    /// `apps/v1`
    StatefulSet,
    /// `apps/v1`
    Deployment,
    /// `apps/v1`
    DaemonSet,
    /// `apps/v1`
    ReplicaSet,
    /// `v1`
    ReplicationController,
    /// `batch/v1`
    Job,
    /// `batch/v1`
    CronJob,
    /// `v1`
    Pod,
}

impl WorkloadKind {
    /// The kind of that name in an API group; `None` if it makes no pods.
    pub fn of(group: &str, kind: &str) -> Option<Self> {
        Some(match (group, kind) {
            ("apps", "StatefulSet") => Self::StatefulSet,
            ("apps", "Deployment") => Self::Deployment,
            ("apps", "DaemonSet") => Self::DaemonSet,
            ("apps", "ReplicaSet") => Self::ReplicaSet,
            ("", "ReplicationController") => Self::ReplicationController,
            ("batch", "Job") => Self::Job,
            ("batch", "CronJob") => Self::CronJob,
            ("", "Pod") => Self::Pod,
            _ => return None,
        })
    }

    /// The name of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StatefulSet => "StatefulSet",
            Self::Deployment => "Deployment",
            Self::DaemonSet => "DaemonSet",
            Self::ReplicaSet => "ReplicaSet",
            Self::ReplicationController => "ReplicationController",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::Pod => "Pod",
        }
    }

    /// The path of its pod template; empty for a Pod, which is its own template.
    pub fn template_path(self) -> &'static [&'static str] {
        match self {
            Self::Pod => &[],
            Self::CronJob => &["spec", "jobTemplate", "spec", "template"],
            _ => &["spec", "template"],
        }
    }

    /// Whether its pods run until they are told to stop.
    pub fn runs_forever(self) -> bool {
        !matches!(self, Self::Job | Self::CronJob | Self::Pod)
    }
}

/// An object that makes pods.
#[derive(Debug, Clone, Copy)]
pub struct Workload<'a> {
    kind: WorkloadKind,
    root: &'a Node,
    spec: Option<&'a Node>,
    template: PodTemplate<'a>,
}

impl<'a> Workload<'a> {
    /// An object of that group and kind; `None` if the kind makes no pods.
    pub fn of(group: &str, kind: &str, root: &'a Node) -> Option<Self> {
        Some(Self::new(WorkloadKind::of(group, kind)?, root))
    }

    /// An object of a kind that is known.
    pub fn new(kind: WorkloadKind, root: &'a Node) -> Self {
        let template = PodTemplate::new(root.at(kind.template_path()));
        Self { kind, root, spec: root.get("spec"), template }
    }

    /// Its name.
    pub fn name(self) -> &'a str {
        Metadata::of(self.root).name()
    }

    /// Its kind.
    pub fn kind(self) -> WorkloadKind {
        self.kind
    }

    /// The whole object.
    pub fn root(self) -> &'a Node {
        self.root
    }

    /// A node of its own spec by its path from there.
    pub fn at(self, path: &[&str]) -> Option<&'a Node> {
        self.spec?.at(path)
    }

    /// An integer of its own spec.
    pub(super) fn int(self, path: &[&str]) -> Option<i64> {
        int(self.spec, path)
    }

    /// A string of its own spec; empty if there is none.
    pub(super) fn text(self, path: &[&str]) -> &'a str {
        text(self.spec, path)
    }

    /// A switch of its own spec; off if there is none.
    pub(super) fn flag(self, field: &str) -> bool {
        self.spec(field).and_then(Node::as_bool).unwrap_or_default()
    }

    /// How many seconds a pod must be ready to count as available.
    pub fn min_ready_seconds(self) -> i64 {
        self.int(&["minReadySeconds"]).unwrap_or_default().max(0)
    }

    /// A field of its own spec, unless it is null.
    pub fn spec(self, field: &str) -> Option<&'a Node> {
        self.spec?.get(field).filter(|node| !node.is_null())
    }

    /// What its pods are made from.
    pub fn template(self) -> PodTemplate<'a> {
        self.template
    }

    /// How many pods it should have; `None` if that depends on the cluster, the clock or the work.
    pub fn replicas(self) -> Option<i64> {
        match self.kind {
            WorkloadKind::StatefulSet
            | WorkloadKind::Deployment
            | WorkloadKind::ReplicaSet
            | WorkloadKind::ReplicationController => Some(int(self.spec, &["replicas"]).unwrap_or(1).max(0)),
            WorkloadKind::Pod => Some(1),
            WorkloadKind::DaemonSet | WorkloadKind::Job | WorkloadKind::CronJob => None,
        }
    }

    /// Its label selector; one that matches nothing if its kind has none of its own.
    pub fn selector(self) -> Selector<'a> {
        let Some(node) = self.spec("selector") else { return Selector::default() };
        match self.kind {
            WorkloadKind::StatefulSet
            | WorkloadKind::Deployment
            | WorkloadKind::DaemonSet
            | WorkloadKind::ReplicaSet => Selector::label_selector(node),
            WorkloadKind::ReplicationController => Selector::plain(node),
            WorkloadKind::Job | WorkloadKind::CronJob | WorkloadKind::Pod => Selector::default(),
        }
    }

    /// The claim templates of a StatefulSet; none of any other kind.
    pub fn claim_templates(self) -> &'a [Node] {
        items(self.spec, &["volumeClaimTemplates"])
    }
}

/// A view of one kind of workload: what all of them have, it has from [`Workload`].
macro_rules! workload_view {
    ($(#[$doc:meta])* $view:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $view<'a>(crate::views::Workload<'a>);

        impl<'a> $view<'a> {
            /// The view of the object `root`.
            pub fn new(root: &'a plimsoll_yaml::Node) -> Self {
                Self(crate::views::Workload::new(crate::views::WorkloadKind::$view, root))
            }
        }

        impl<'a> std::ops::Deref for $view<'a> {
            type Target = crate::views::Workload<'a>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    };
}
pub(super) use workload_view;

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn templates_are_found_wherever_a_kind_has_them() {
        for (group, kind, text) in [
            ("apps", "Deployment", "{spec: {template: {metadata: {labels: {app: web}}}}}"),
            (
                "batch",
                "CronJob",
                "{spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: web}}}}}}}",
            ),
            ("", "Pod", "{metadata: {labels: {app: web}}}"),
        ] {
            let root = node(text);
            let workload = Workload::of(group, kind, &root).expect("it makes pods");
            assert!(workload.template().labels().is_some_and(|labels| labels.contains_key("app")), "{kind}");
        }
        assert!(Workload::of("", "Deployment", &node("{}")).is_none());
    }

    #[test]
    fn a_missing_number_of_replicas_is_one() {
        let root = node("{spec: {}}");
        assert_eq!(Workload::new(WorkloadKind::Deployment, &root).replicas(), Some(1));
        assert_eq!(Workload::new(WorkloadKind::DaemonSet, &root).replicas(), None);
    }
}
