//! Everything that makes pods.

use super::{Metadata, PodTemplate, Selector, StatefulSet, int, items};
use crate::kinds;
use crate::manifest::Object;
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
    /// All of them. This is the only list of the kinds that make pods: everything else asks here.
    pub const ALL: [Self; 8] = [
        Self::StatefulSet,
        Self::Deployment,
        Self::DaemonSet,
        Self::ReplicaSet,
        Self::ReplicationController,
        Self::Job,
        Self::CronJob,
        Self::Pod,
    ];

    /// The kind of that name in an API group; `None` if it makes no pods.
    pub fn from_group_kind(group: &str, kind: &str) -> Option<Self> {
        Self::named(kind).filter(|found| found.group() == group)
    }

    /// The kind of an object, in whichever version its manifest is written; `None` if it makes no pods.
    pub fn from_object(object: &Object) -> Option<Self> {
        Self::from_group_kind(kinds::current_group(&object.api_version, &object.kind), &object.kind)
    }

    /// The kind of that name, whatever the group.
    pub fn named(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == kind)
    }

    /// The API group that it is in.
    pub fn group(self) -> &'static str {
        match self {
            Self::StatefulSet | Self::Deployment | Self::DaemonSet | Self::ReplicaSet => "apps",
            Self::Job | Self::CronJob => "batch",
            Self::ReplicationController | Self::Pod => "",
        }
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

    /// Whether its pods run until they are told to stop, and are replaced when they fail.
    pub fn runs_forever(self) -> bool {
        !matches!(self, Self::Job | Self::CronJob | Self::Pod)
    }

    /// Whether its controller brings a new template into running pods, so that `kubectl rollout status` and `kubectl
    /// rollout restart` work on it (`polymorphichelpers.StatusViewerFor`, `defaultObjectRestarter`).
    pub fn rolls_out(self) -> bool {
        matches!(self, Self::StatefulSet | Self::Deployment | Self::DaemonSet)
    }

    /// Whether its templates are kept as `ControllerRevision`s, which are compared as text (`history.EqualRevision`).
    pub fn keeps_revisions(self) -> bool {
        matches!(self, Self::StatefulSet | Self::DaemonSet)
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
    pub fn from_root(group: &str, kind: &str, root: &'a Node) -> Option<Self> {
        Some(Self::new(WorkloadKind::from_group_kind(group, kind)?, root))
    }

    /// An object, in whichever version its manifest is written; `None` if its kind makes no pods.
    pub fn from_object(object: &'a Object) -> Option<Self> {
        Some(Self::new(WorkloadKind::from_object(object)?, &object.root))
    }

    /// An object of a kind that is known.
    pub fn new(kind: WorkloadKind, root: &'a Node) -> Self {
        let template = PodTemplate::in_workload(root, kind.template_path());
        Self { kind, root, spec: root.get("spec"), template }
    }

    /// Its kind.
    pub fn kind(self) -> WorkloadKind {
        self.kind
    }

    /// The whole object.
    pub fn root(self) -> &'a Node {
        self.root
    }

    /// Its name.
    pub fn name(self) -> &'a str {
        Metadata::new(self.root).name()
    }

    /// How many seconds a pod must be ready to count as available.
    pub fn min_ready_seconds(self) -> i64 {
        int(self.spec, &["minReadySeconds"]).unwrap_or_default().max(0)
    }

    /// A field of its own spec, unless it is null.
    pub fn spec(self, field: &str) -> Option<&'a Node> {
        self.spec?.get(field).filter(|node| !node.is_null())
    }

    /// What its pods are made from.
    pub fn template(self) -> PodTemplate<'a> {
        self.template
    }

    /// The same object as a StatefulSet; `None` for other kinds.
    pub fn stateful_set(self) -> Option<StatefulSet<'a>> {
        (self.kind == WorkloadKind::StatefulSet).then(|| StatefulSet::new(self.root))
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

    /// Whether its controller adds that label to its pods: `updateIdentity` and `setPodRevision` of StatefulSets,
    /// `CreatePodTemplate` of DaemonSets, `getNewReplicaSet` of Deployments.
    pub fn adds_label(self, key: &str, value: &str) -> bool {
        let set = self.stateful_set();
        match key {
            "statefulset.kubernetes.io/pod-name" => set.is_some_and(|set| set.ordinal_of(value).is_some()),
            "apps.kubernetes.io/pod-index" => set.is_some(),
            "controller-revision-hash" => self.kind.keeps_revisions(),
            "pod-template-hash" => self.kind == WorkloadKind::Deployment,
            _ => false,
        }
    }

    /// Its label selector, if its kind has one of its own.
    pub fn selector(self) -> Option<Selector<'a>> {
        let node = self.spec("selector")?;
        match self.kind {
            WorkloadKind::StatefulSet
            | WorkloadKind::Deployment
            | WorkloadKind::DaemonSet
            | WorkloadKind::ReplicaSet => Some(Selector::label_selector(node)),
            WorkloadKind::ReplicationController => Some(Selector::from_map(node)),
            WorkloadKind::Job | WorkloadKind::CronJob | WorkloadKind::Pod => None,
        }
    }

    /// The claim templates of a StatefulSet; none of any other kind.
    pub fn claim_templates(self) -> &'a [Node] {
        items(self.spec, &["volumeClaimTemplates"])
    }
}

/// A view of one kind of workload, with what all of them have.
macro_rules! workload_view {
    ($(#[$doc:meta])* $view:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $view<'a> {
            root: &'a plimsoll_yaml::Node,
            spec: Option<&'a plimsoll_yaml::Node>,
        }

        impl<'a> $view<'a> {
            /// The object `root`, whose kind is known.
            pub fn new(root: &'a plimsoll_yaml::Node) -> Self {
                Self { root, spec: root.get("spec") }
            }

            /// Its name.
            pub fn name(self) -> &'a str {
                $crate::views::Metadata::new(self.root).name()
            }

            /// The same object as anything that makes pods.
            pub fn workload(self) -> $crate::views::Workload<'a> {
                $crate::views::Workload::new($crate::views::WorkloadKind::$view, self.root)
            }

            /// What its pods are made from.
            pub fn template(self) -> $crate::views::PodTemplate<'a> {
                self.workload().template()
            }

            /// Its label selector; one that matches nothing if its kind has none of its own.
            pub fn selector(self) -> $crate::views::Selector<'a> {
                self.workload().selector().unwrap_or_default()
            }

            /// How many seconds a pod must be ready to count as available.
            pub fn min_ready_seconds(self) -> i64 {
                self.workload().min_ready_seconds()
            }
        }
    };
}
pub(super) use workload_view;

#[cfg(test)]
mod tests {
    use super::super::testing::{node, object};
    use super::*;
    use crate::schema::{self, Schemas};

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
            let workload = Workload::from_root(group, kind, &root).expect("it makes pods");
            assert!(workload.template().labels().is_some_and(|labels| labels.contains_key("app")), "{kind}");
        }
        assert!(Workload::from_root("", "Deployment", &node("{}")).is_none());
    }

    #[test]
    fn a_kind_is_found_by_its_name_and_group() {
        for kind in WorkloadKind::ALL {
            assert_eq!(WorkloadKind::from_group_kind(kind.group(), kind.as_str()), Some(kind));
        }
        assert_eq!(WorkloadKind::from_group_kind("apps.kruise.io", "StatefulSet"), None);
    }

    /// The schema decides which kinds have a pod template, and where.
    #[test]
    fn the_templates_are_where_the_schema_has_them() {
        let (schemas, version) = (Schemas::get(), crate::Version::DEFAULT);
        let has_template = |kind: &schema::Kind, path: &[&str]| {
            let field = |id, name: &&str| schemas.field(id, name, version)?.ty.object();
            let found = schemas.type_named(kind.type_name).and_then(|root| path.iter().try_fold(root, field));
            found.is_some_and(|id| schemas.name(id) == "core.v1.PodTemplateSpec")
        };
        let paths = WorkloadKind::ALL.map(WorkloadKind::template_path);
        for kind in schema::kinds() {
            let group = kind.api_version.split_once('/').map_or("", |(group, _)| group);
            let known =
                WorkloadKind::from_group_kind(group, kind.kind).filter(|known| *known != WorkloadKind::Pod);
            let path = paths.into_iter().find(|path| !path.is_empty() && has_template(kind, path));
            assert_eq!(known.map(WorkloadKind::template_path), path, "{} {}", kind.api_version, kind.kind);
        }
    }

    #[test]
    fn removed_versions_of_a_kind_are_read_alike() {
        let objects =
            [("extensions/v1beta1", true), ("apps/v1beta2", true), ("apps.kruise.io/v1beta1", false)];
        for (api_version, is_workload) in objects {
            let object =
                object(&format!("{{apiVersion: {api_version}, kind: Deployment, metadata: {{name: web}}}}"));
            assert_eq!(Workload::from_object(&object).is_some(), is_workload, "{api_version}");
        }
    }

    #[test]
    fn controllers_add_labels_to_their_pods() {
        let root = node("{metadata: {name: db}}");
        let adds = |kind, key, value| Workload::new(kind, &root).adds_label(key, value);
        assert!(adds(WorkloadKind::StatefulSet, "statefulset.kubernetes.io/pod-name", "db-0"));
        assert!(!adds(WorkloadKind::StatefulSet, "statefulset.kubernetes.io/pod-name", "web-0"));
        assert!(!adds(WorkloadKind::Deployment, "apps.kubernetes.io/pod-index", "0"));
        assert!(adds(WorkloadKind::DaemonSet, "controller-revision-hash", "x"));
        assert!(adds(WorkloadKind::Deployment, "pod-template-hash", "x"));
        assert!(!adds(WorkloadKind::ReplicaSet, "pod-template-hash", "x"));
    }

    #[test]
    fn a_missing_number_of_replicas_is_one() {
        let root = node("{spec: {}}");
        assert_eq!(Workload::new(WorkloadKind::Deployment, &root).replicas(), Some(1));
        assert_eq!(Workload::new(WorkloadKind::DaemonSet, &root).replicas(), None);
    }
}
