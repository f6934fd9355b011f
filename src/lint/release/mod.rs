//! The objects of a release as rules see them: what they are to each other.

mod admission;
mod names;
mod peers;
mod pod_security;
mod pods;
mod viewed;

pub(super) use names::same_namespace;
pub(super) use peers::peer_names;
pub(super) use pods::Selection;
pub(super) use viewed::{Budget, Service, StatefulSet, Workload};

use super::input::is_incomplete;
use super::scalar::{self, Scalar};
use super::subject::Rendering;
use super::upgrade::{self, Raise};
use super::{ChartSubject, Config, Lint, Subject};
use crate::diag::{SourceKind, Sources};
use crate::k8s::views::{self, Metadata, Selector};
use crate::k8s::{Version, kinds};
use crate::manifest::Object;
use crate::yaml::{Node, Value};
use names::Names;
use pods::Pods;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// What only one object of a cluster can have.
pub(super) fn identity(object: &Object) -> (&str, &str, &str, &str) {
    // Cluster-scoped objects are in no namespace, even if they set one.
    let namespace = match kinds::namespaced(&object.api_version, &object.kind) {
        Some(false) => "",
        _ => object.namespace.as_deref().unwrap_or_default(),
    };
    (object.group(), &object.kind, namespace, &object.name)
}

/// The objects of a release, and what they are to each other. Everything that is asked for one object after the
/// other is found through an index: a release may hold thousands.
pub(super) struct Release<'a> {
    pub(super) objects: &'a [&'a Object],
    pub(super) sources: &'a Sources,
    /// The version of Kubernetes that the release is checked against.
    pub(super) version: Version,
    settings: &'a Config,
    /// Everything that makes pods, except hooks.
    pods: Pods<'a>,
    /// The hooks that make pods.
    hooks: Pods<'a>,
    pub(super) services: Vec<Service<'a>>,
    /// What the Services that have a selector select.
    pub(super) service_selections: Vec<Selection>,
    by_kind: BTreeMap<&'a str, Vec<&'a Object>>,
    names: Names<'a>,
    named_by_custom: OnceCell<BTreeSet<&'a str>>,
    disguised: OnceCell<Vec<Scalar<'a>>>,
    peers: OnceCell<BTreeSet<(&'a str, &'a str)>>,
    insecure: OnceCell<Vec<pod_security::Insecure<'a>>>,
    /// Definitions of custom resources, and admission policies, that the release itself does not hold.
    crds: &'a [&'a Object],
    policies: &'a [&'a Object],
    reviews: OnceCell<Vec<admission::Reviewed<'a>>>,
    /// Whether some object's kind is not Kubernetes' own, so that pods may exist that are not to be seen.
    pub(super) custom_kinds: bool,
    has_unread: bool,
    /// The chart that the release was rendered from, and its StatefulSets as the next versions have them.
    chart: Option<&'a ChartSubject<'a>>,
    next_chart: OnceCell<Vec<Object>>,
    next_app: OnceCell<Vec<Object>>,
}

impl<'a> Release<'a> {
    /// The release of a subject.
    pub(super) fn new(subject: &'a Subject<'a>, settings: &'a Config) -> Self {
        let Subject { objects, sources, .. } = *subject;
        let workloads = objects.iter().copied().filter_map(Workload::from_object);
        let (hooks, workloads): (Vec<_>, Vec<_>) = workloads.partition(|workload| is_hook(workload.object));
        let pods = Pods::new(workloads);
        let services: Vec<Service<'_>> = objects.iter().copied().filter_map(Service::from_object).collect();
        let selecting = services.iter().enumerate().filter(|(_, service)| !service.selector().is_empty());
        let service_selections =
            pods.select(selecting.map(|(index, service)| (index, service.object, service.selector())));
        let mut by_kind: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for object in objects.iter().copied() {
            by_kind.entry(object.kind.as_str()).or_default().push(object);
        }
        Self {
            objects,
            sources,
            version: subject.version,
            settings,
            pods,
            hooks: Pods::new(hooks),
            services,
            service_selections,
            by_kind,
            names: Names::new(objects),
            named_by_custom: OnceCell::new(),
            disguised: OnceCell::new(),
            peers: OnceCell::new(),
            insecure: OnceCell::new(),
            crds: subject.crds,
            policies: subject.policies,
            reviews: OnceCell::new(),
            custom_kinds: objects.iter().any(|object| is_custom(object)),
            has_unread: subject.reported.iter().any(is_incomplete),
            chart: subject.chart.as_ref().filter(|chart| chart.rendering.is_some()),
            next_chart: OnceCell::new(),
            next_app: OnceCell::new(),
        }
    }

    /// Whether a rule is named by the configuration or a flag: some rules run only then.
    pub(super) fn is_asked_for(&self, lint: &Lint) -> bool {
        self.settings.names(&lint.rule)
    }

    /// Whether objects of the release may be missing here: a single one was given as a file, or some file could not
    /// be read.
    pub(super) fn is_partial(&self) -> bool {
        if self.has_unread {
            return true;
        }
        let [object] = self.objects else { return false };
        let source = self.sources.get(object.root.span.source);
        source.is_some_and(|source| matches!(source.kind, SourceKind::File))
    }

    /// Everything that makes pods, except hooks.
    pub(super) fn workloads(&self) -> &[Workload<'a>] {
        &self.pods.workloads
    }

    /// The StatefulSets among the [workloads](Self::workloads).
    pub(super) fn stateful_sets(&self) -> impl Iterator<Item = StatefulSet<'a>> {
        self.numbered_stateful_sets().map(|(_, set)| set)
    }

    /// The StatefulSets, each with its place among the [workloads](Self::workloads).
    pub(super) fn numbered_stateful_sets(&self) -> impl Iterator<Item = (usize, StatefulSet<'a>)> {
        let workloads = self.workloads().iter().enumerate();
        workloads.filter_map(|(place, workload)| Some((place, workload.stateful_set()?)))
    }

    /// Everything that makes pods, hooks included, but for the pods of `helm test`: those run on demand and are deleted.
    pub(super) fn started_workloads(&self) -> impl Iterator<Item = &Workload<'a>> {
        let hooks = self.hooks.workloads.iter().filter(|hook| !is_test(hook.object));
        self.workloads().iter().chain(hooks)
    }

    /// The objects of one kind of an API group.
    pub(super) fn objects_of_kind(&self, group: &str, kind: &str) -> impl Iterator<Item = &'a Object> {
        let all = self.by_kind.get(kind).map(Vec::as_slice).unwrap_or_default();
        all.iter().copied().filter(move |object| object.group() == group)
    }

    /// The object of that kind and name which `beside` may meet.
    pub(super) fn named(&self, group: &str, kind: &str, name: &str, beside: &Object) -> Option<&'a Object> {
        self.names.find(group, kind, name, beside.namespace.as_deref())
    }

    /// Whether the cluster has an object of that kind and name, as the user says.
    pub(super) fn is_assumed(&self, group: &str, kind: &str, name: &str) -> bool {
        self.settings.assume.iter().any(|assumed| assumed.matches(group, kind, name))
    }

    /// Whether a custom resource of the release has that name somewhere in its spec. What it names, its controller may
    /// make: the Secret of a `Certificate`.
    pub(super) fn is_named_by_custom_object(&self, name: &str) -> bool {
        let names = || {
            let custom = self.objects.iter().filter(|object| is_custom(object));
            custom.flat_map(|object| texts(&object.root)).collect()
        };
        self.named_by_custom.get_or_init(names).contains(name)
    }

    /// The workloads whose pods each selector matches. The numbers identify the owners.
    pub(super) fn select<'s>(
        &self,
        owners: impl Iterator<Item = (usize, &'s Object, Selector<'s>)>,
    ) -> Vec<Selection> {
        self.pods.select(owners)
    }

    /// Everything whose pods a selector matches, hooks and the pods of `helm test` included.
    pub(super) fn find_selected(&self, selector: Selector<'_>, owner: &Object) -> Vec<Workload<'a>> {
        let of = |pods: &Pods<'a>| -> Vec<Workload<'a>> {
            pods.find_selected(selector, owner).into_iter().map(|place| pods.workloads[place]).collect()
        };
        [of(&self.pods), of(&self.hooks)].concat()
    }

    /// Whether the pods of some hook are selected.
    pub(super) fn selects_hooks(&self, selector: Selector<'_>, owner: &Object) -> bool {
        !self.hooks.find_selected(selector, owner).is_empty()
    }

    /// Of the workloads whose pods have one of these labels, those with the rarest; at most `limit`.
    pub(super) fn find_related<'s>(
        &'s self,
        selector: Selector<'s>,
        limit: usize,
    ) -> impl Iterator<Item = &'s Workload<'a>> + use<'s, 'a> {
        self.pods.find_related(selector, limit)
    }

    /// The disruption budgets, those with the same selector together, with the workloads whose pods they count.
    pub(super) fn budgets(&self) -> Vec<(Vec<Budget<'a>>, Selection)> {
        let budgets: Vec<_> =
            self.objects_of_kind("policy", "PodDisruptionBudget").map(Budget::new).collect();
        let selecting = budgets.iter().enumerate();
        let selections = self.select(selecting.map(|(index, each)| (index, each.object, each.selector())));
        let owners = |selection: &Selection| selection.owners.iter().map(|owner| budgets[*owner]).collect();
        selections.into_iter().map(|selection| (owners(&selection), selection)).collect()
    }

    /// The scalars of all objects that may be read as something else than they look like.
    pub(super) fn ambiguous_scalars(&self) -> &[Scalar<'a>] {
        self.disguised
            .get_or_init(|| scalar::find_ambiguous(self.objects.iter().map(|o| &*o.root), self.sources))
    }

    /// Whether the pods of a StatefulSet need DNS names of their own: there are several, or a text of the release names
    /// one of them as `<pod>.<service>`.
    pub(super) fn needs_peer_names(&self, set: StatefulSet<'_>) -> bool {
        set.replicas() > 1 || self.names_peers(set)
    }

    /// Whether a text of the release names a pod of a StatefulSet as `<pod>.<service>`.
    pub(super) fn names_peers(&self, set: StatefulSet<'_>) -> bool {
        let peers = self.peers.get_or_init(|| peers::named_peers(self.objects));
        peers.contains(&(set.name(), set.service_name()))
    }

    /// Whether a chart was rendered, so that it is to be seen what its next version changes.
    pub(super) fn is_rendered(&self) -> bool {
        self.chart.is_some()
    }

    /// Whether a text may hold the version that is raised, of any chart of the release. Punctuation is passed over:
    /// labels replace it.
    pub(super) fn may_hold_version(&self, text: &str, raise: Raise) -> bool {
        let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let text = plain(text);
        self.chart.is_some_and(|chart| {
            chart.scopes().iter().any(|scope| {
                let version = plain(upgrade::version(&scope.chart.metadata, raise).unwrap_or_default());
                !version.is_empty() && text.contains(&version)
            })
        })
    }

    /// A StatefulSet as the next version of the chart renders it; `None` for manifests, and if it gets another name.
    pub(super) fn upgraded(&self, set: StatefulSet<'_>, raise: Raise) -> Option<views::StatefulSet<'_>> {
        let chart = self.chart?;
        let next = match raise {
            Raise::Chart => &self.next_chart,
            Raise::App => &self.next_app,
        };
        let sets = next.get_or_init(|| match chart.rendering {
            Some(Rendering { world, options, .. }) => {
                upgrade::stateful_sets(world, self.sources, chart.computed, options, raise)
            }
            None => Vec::new(),
        });
        let object = set.object;
        let next = sets.iter().find(|next| next.name == object.name && next.namespace == object.namespace);
        next.map(|next| views::StatefulSet::new(&next.root))
    }

    /// The objects of two upgrades to the same chart and values that differ only in what is random; nothing if nothing is.
    pub(super) fn repeated(&self) -> Option<[Vec<Object>; 2]> {
        let chart = self.chart?;
        let rendering = chart.rendering.filter(|rendering| rendering.uses_random_values)?;
        Some(
            [1, 2].map(|seed| upgrade::repeated(rendering, self.sources, chart.computed, self.objects, seed)),
        )
    }

    /// The Service that a StatefulSet names, if the release holds it.
    pub(super) fn governing_service(&self, set: StatefulSet<'_>) -> Option<Service<'a>> {
        let name = Some(set.service_name()).filter(|name| !name.is_empty())?;
        self.named("", "Service", name, set.object).and_then(Service::from_object)
    }
}

/// Whether the kind of an object is not Kubernetes' own.
fn is_custom(object: &Object) -> bool {
    let group = object.group();
    group.contains('.') && !group.ends_with(".k8s.io")
}

/// All texts in a tree.
fn texts(node: &Node) -> Vec<&str> {
    match &node.value {
        Value::String(text) => vec![text],
        Value::Seq(items) => items.iter().flat_map(texts).collect(),
        Value::Map(map) => map.iter().flat_map(|entry| texts(&entry.value)).collect(),
        _ => Vec::new(),
    }
}

/// Whether an object is a hook: hooks do not keep running.
pub(super) fn is_hook(object: &Object) -> bool {
    events(object).is_some()
}

/// Whether an object is created by `helm test` only.
pub(super) fn is_test(object: &Object) -> bool {
    let events = events(object).and_then(Node::as_str).unwrap_or_default();
    // Helm 2 had one event for tests that must succeed and one for tests that must fail.
    events.split(',').all(|event| matches!(event.trim(), "test" | "test-success" | "test-failure"))
}

/// The annotation that makes an object a hook.
fn events(object: &Object) -> Option<&Node> {
    Metadata::new(&object.root).annotations()?.get("helm.sh/hook")
}
