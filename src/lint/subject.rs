//! What rules look at: objects seen as workloads and Services, and places in them.

use super::scalar::{self, Scalar};
use super::upgrade::{self, Raise};
use super::{Lint, is_unread};
use crate::chart::{Chart, Origin};
use crate::diag::{Diagnostic, SourceKind, Sources, Span};
use crate::k8s::Version;
use crate::manifest::Object;
use crate::render;
use crate::values::{Computed, Scope};
use crate::world::World;
use crate::yaml::{Map, Node, Value};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::fmt::Write as _;
use std::sync::Arc;

/// What one run of lint is about.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The objects of one release, or of one set of manifest files; hooks included.
    pub objects: &'a [&'a Object],
    /// The custom resource definitions that the chart ships in `crds/`.
    pub crds: &'a [&'a Object],
    /// The chart they were rendered from.
    pub chart: Option<ChartSubject<'a>>,
    /// What the stages before had to say: warnings, and what only a reader sees (duplicate keys).
    pub reported: &'a [Diagnostic],
    /// The texts of the run.
    pub sources: &'a Sources,
    /// The version of Kubernetes to answer for.
    pub version: Version,
}

/// A chart with the values it was rendered with.
#[derive(Debug)]
pub struct ChartSubject<'a> {
    /// The chart named on the command line.
    pub chart: &'a Chart,
    /// Its values and those of the sub-charts that are enabled.
    pub computed: &'a Computed,
    /// The texts of the run.
    pub sources: &'a Sources,
    /// How it was rendered, if it was.
    pub rendering: Option<Rendering<'a>>,
}

/// How a chart was rendered.
#[derive(Debug, Clone, Copy)]
pub struct Rendering<'a> {
    /// What was handed in from outside.
    pub world: &'a World,
    /// The options.
    pub options: &'a render::Options,
}

impl<'a> ChartSubject<'a> {
    /// The root scope and every enabled scope below, parents first.
    pub fn scopes(&self) -> Vec<&'a Scope> {
        let mut scopes = vec![&self.computed.root];
        let mut next = 0;
        while let Some(scope) = scopes.get(next).copied() {
            scopes.extend(&scope.children);
            next += 1;
        }
        scopes
    }

    /// The charts that are the user's own to change: the root and its unpacked sub-charts, each once however
    /// often it is aliased. Archives in `charts/` are somebody else's.
    pub(super) fn own_scopes(&self) -> Vec<&'a Scope> {
        let mut own: Vec<&'a Scope> = Vec::new();
        for scope in self.scopes() {
            let root = own.is_empty();
            let archived = matches!(scope.chart.origin, Origin::Archive(_));
            if (root || !archived) && !own.iter().any(|seen| Arc::ptr_eq(&seen.chart, &scope.chart)) {
                own.push(scope);
            }
        }
        own
    }
}

/// The objects of a release, and what they are to each other. Everything that is asked for one object after the
/// other is found through an index: a release may hold thousands.
pub(super) struct Release<'a> {
    pub(super) objects: &'a [&'a Object],
    pub(super) sources: &'a Sources,
    /// The version of Kubernetes that the release is checked against.
    pub(super) version: Version,
    /// Everything that makes pods, except hooks.
    pub(super) workloads: Vec<Workload<'a>>,
    by_label: ByLabel<'a>,
    /// The hooks that make pods.
    hooks: Vec<Workload<'a>>,
    hooks_by_label: ByLabel<'a>,
    pub(super) services: Vec<Service<'a>>,
    /// What the Services that have a selector select.
    pub(super) behind: Vec<Selection>,
    by_kind: BTreeMap<&'a str, Vec<&'a Object>>,
    names: Names<'a>,
    disguised: OnceCell<Vec<Scalar<'a>>>,
    peers: OnceCell<BTreeSet<(&'a str, &'a str)>>,
    /// Whether some object's kind is not Kubernetes' own, so that pods may exist that are not to be seen.
    pub(super) custom_kinds: bool,
    has_unread: bool,
    /// The chart that the release was rendered from, and its StatefulSets as the next versions have them.
    chart: Option<&'a ChartSubject<'a>>,
    next_chart: OnceCell<Vec<Object>>,
    next_app: OnceCell<Vec<Object>>,
}

/// What several owners select that have the same selector: looked up once, however many they are.
pub(super) struct Selection {
    /// The owners, by the number each was given.
    pub(super) owners: Vec<usize>,
    /// The workloads, by their place among all and in this order, whose pods are selected.
    pub(super) taken: Vec<usize>,
}

impl<'a> Release<'a> {
    pub(super) fn new(subject: &'a Subject<'a>) -> Self {
        let Subject { objects, sources, .. } = *subject;
        let pods = objects.iter().copied().filter_map(Workload::of);
        let (hooks, workloads): (Vec<_>, Vec<_>) = pods.partition(|workload| is_hook(workload.object));
        let mut by_kind: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for object in objects.iter().copied() {
            by_kind.entry(object.kind.as_str()).or_default().push(object);
        }
        let mut release = Self {
            objects,
            sources,
            version: subject.version,
            by_label: by_label(&workloads),
            workloads,
            hooks_by_label: by_label(&hooks),
            hooks,
            services: objects.iter().copied().filter_map(Service::of).collect(),
            behind: Vec::new(),
            by_kind,
            names: Names::of(objects),
            disguised: OnceCell::new(),
            peers: OnceCell::new(),
            custom_kinds: objects.iter().any(|object| {
                let group = object.group();
                group.contains('.') && !group.ends_with(".k8s.io")
            }),
            has_unread: subject.reported.iter().any(is_unread),
            chart: subject.chart.as_ref().filter(|chart| chart.rendering.is_some()),
            next_chart: OnceCell::new(),
            next_app: OnceCell::new(),
        };
        let selecting =
            release.services.iter().enumerate().filter(|(_, service)| !service.selector.is_empty());
        let selecting = selecting.map(|(index, service)| (index, service.object, service.selector));
        release.behind = release.selections(selecting);
        release
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

    pub(super) fn stateful_sets(&self) -> impl Iterator<Item = &Workload<'a>> {
        self.workloads.iter().filter(|workload| workload.kind == Kind::StatefulSet)
    }

    /// The objects of one kind of an API group.
    pub(super) fn of_kind(&self, group: &str, kind: &str) -> impl Iterator<Item = &'a Object> {
        let all = self.by_kind.get(kind).map(Vec::as_slice).unwrap_or_default();
        all.iter().copied().filter(move |object| object.group() == group)
    }

    /// The object of that kind and name which `beside` may meet.
    pub(super) fn named(&self, group: &str, kind: &str, name: &str, beside: &Object) -> Option<&'a Object> {
        self.names.find(group, kind, name, beside.namespace.as_deref())
    }

    /// Whose pods each of many selectors matches. Those of one namespace that are the same are looked up together.
    pub(super) fn selections<'s>(
        &self,
        owners: impl Iterator<Item = (usize, &'s Object, Selector<'s>)>,
    ) -> Vec<Selection> {
        let mut selections: Vec<Selection> = Vec::new();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for (number, owner, selector) in owners {
            match known.entry(selector.key(owner)) {
                btree_map::Entry::Occupied(known) => selections[*known.get()].owners.push(number),
                btree_map::Entry::Vacant(new) => {
                    new.insert(selections.len());
                    let taken = selected(&self.workloads, &self.by_label, &selector, owner);
                    selections.push(Selection { owners: vec![number], taken });
                }
            }
        }
        selections
    }

    /// Whether the pods of some hook are selected.
    pub(super) fn selects_hooks(&self, selector: &Selector<'_>, owner: &Object) -> bool {
        !selected(&self.hooks, &self.hooks_by_label, selector, owner).is_empty()
    }

    /// Of the workloads whose pods carry one of these labels, those with the rarest; at most `limit`.
    pub(super) fn related<'s>(
        &'s self,
        selector: &Selector<'s>,
        limit: usize,
    ) -> impl Iterator<Item = &'s Workload<'a>> + use<'s, 'a> {
        let lists = selector.pairs().filter_map(|pair| self.by_label.get(&pair));
        let rarest: &'s [usize] = lists.min_by_key(|list| list.len()).map(Vec::as_slice).unwrap_or_default();
        rarest.iter().take(limit).map(|index| &self.workloads[*index])
    }

    /// The scalars of all objects that may be read as something else than they look like.
    pub(super) fn disguised(&self) -> &[Scalar<'a>] {
        self.disguised.get_or_init(|| scalar::disguised(self.objects.iter().map(|o| &o.root), self.sources))
    }

    /// Everything that makes pods, hooks included, but for the pods of `helm test`: those run on demand and are deleted.
    pub(super) fn pods(&self) -> impl Iterator<Item = &Workload<'a>> {
        self.workloads.iter().chain(self.hooks.iter().filter(|hook| !is_test(hook.object)))
    }

    /// The disruption budgets, those with the same selector together, with the workloads whose pods they count.
    pub(super) fn budgets(&self) -> Vec<(Vec<&'a Object>, Selection)> {
        let budgets: Vec<_> = self.of_kind("policy", "PodDisruptionBudget").collect();
        let selecting = budgets.iter().enumerate().map(|(index, budget)| {
            let selector = budget.at(&["spec", "selector"]);
            (index, *budget, selector.map_or(Selector::default(), Selector::of_budget))
        });
        let selections = self.selections(selecting).into_iter();
        selections
            .map(|selection| (selection.owners.iter().map(|owner| budgets[*owner]).collect(), selection))
            .collect()
    }

    /// Whether the pods of a StatefulSet need DNS names of their own: there are several, or a text of the release, be it
    /// an argument or a file in a `ConfigMap`, names one of them as `<pod>.<service>`.
    pub(super) fn needs_peer_names(&self, set: &Workload<'_>) -> bool {
        let service = set.spec("serviceName").and_then(Node::as_str).unwrap_or_default();
        let is_named = || {
            let peers = self.peers.get_or_init(|| {
                let mut peers = BTreeSet::new();
                self.objects.iter().for_each(|object| collect_peers(&object.root, &mut peers));
                peers
            });
            peers.contains(&(set.object.name.as_str(), service))
        };
        set.replicas().is_some_and(|replicas| replicas > 1) || is_named()
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
    pub(super) fn upgraded(&self, set: &Workload<'_>, raise: Raise) -> Option<&Object> {
        let chart = self.chart?;
        let next = match raise {
            Raise::Chart => &self.next_chart,
            Raise::App => &self.next_app,
        };
        let sets = next.get_or_init(|| match chart.rendering {
            Some(Rendering { world, options }) => {
                upgrade::stateful_sets(world, self.sources, chart.computed, options, raise)
            }
            None => Vec::new(),
        });
        let object = set.object;
        sets.iter().find(|next| next.name == object.name && next.namespace == object.namespace)
    }

    /// The Service that a StatefulSet names, if the release holds it.
    pub(super) fn governing_service(&self, set: &Workload<'_>) -> Option<Service<'a>> {
        let name = set.spec("serviceName")?.as_str()?;
        self.named("", "Service", name, set.object).and_then(Service::of)
    }
}

/// Workloads, by their place among all, by the labels of their pods.
type ByLabel<'a> = BTreeMap<(&'a str, &'a str), Vec<usize>>;

fn by_label<'a>(workloads: &[Workload<'a>]) -> ByLabel<'a> {
    let mut index = ByLabel::new();
    for (place, workload) in workloads.iter().enumerate() {
        for entry in workload.labels().into_iter().flatten() {
            if let Some(value) = entry.value.as_str() {
                index.entry((entry.key.as_str(), value)).or_default().push(place);
            }
        }
    }
    index
}

/// The workloads, by their place, whose pods a selector of `owner` matches.
fn selected(
    workloads: &[Workload<'_>],
    by_label: &ByLabel<'_>,
    selector: &Selector<'_>,
    owner: &Object,
) -> Vec<usize> {
    let matches = |index: &usize| {
        let workload = &workloads[*index];
        same_namespace(owner, workload.object) && selector.matches(workload.labels())
    };
    let candidates = selector.pairs().map(|pair| by_label.get(&pair).map_or(&[][..], Vec::as_slice));
    match candidates.min_by_key(|list| list.len()) {
        Some(few) => few.iter().copied().filter(matches).collect(),
        None => (0..workloads.len()).filter(matches).collect(),
    }
}

/// Objects by group, kind, name and namespace, in this order.
struct Names<'a>(Vec<(Identity<'a>, &'a Object)>);

type Identity<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

impl<'a> Names<'a> {
    fn of(objects: &[&'a Object]) -> Self {
        let identity = |object: &'a Object| -> Identity<'a> {
            (object.group(), &object.kind, &object.name, object.namespace.as_deref())
        };
        let mut names: Vec<_> = objects.iter().map(|object| (identity(object), *object)).collect();
        names.sort_by_key(|(identity, _)| *identity);
        Self(names)
    }

    /// The object that one in `namespace` may meet, as [`same_namespace`] says.
    fn find(&self, group: &str, kind: &str, name: &str, namespace: Option<&str>) -> Option<&'a Object> {
        let from = |namespace: Option<&str>| {
            let wanted = (group, kind, name, namespace);
            let index = self.0.partition_point(|(identity, _)| *identity < wanted);
            self.0.get(index).filter(|((g, k, n, _), _)| (*g, *k, *n) == (group, kind, name))
        };
        // The one without a namespace comes first.
        let (_, first) = from(None)?;
        if namespace.is_none() || first.namespace.is_none() {
            return Some(first);
        }
        from(namespace).map(|(_, object)| *object).filter(|object| object.namespace.as_deref() == namespace)
    }
}

/// What makes the pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    StatefulSet,
    Deployment,
    DaemonSet,
    ReplicaSet,
    ReplicationController,
    Job,
    CronJob,
    Pod,
}

/// An object that makes pods.
pub(super) struct Workload<'a> {
    pub(super) object: &'a Object,
    pub(super) kind: Kind,
    /// Where `metadata` and `spec` of its pods are: `spec.template`; empty for a Pod.
    template_path: &'static str,
    template: Option<&'a Node>,
    /// The object's own spec, and that of its pods.
    spec: Option<&'a Node>,
    pod_spec: Option<&'a Node>,
}

impl<'a> Workload<'a> {
    pub(super) fn of(object: &'a Object) -> Option<Self> {
        let (kind, template_path): (_, &'static str) = match (object.group(), object.kind.as_str()) {
            ("apps", "StatefulSet") => (Kind::StatefulSet, "spec.template"),
            ("apps", "Deployment") => (Kind::Deployment, "spec.template"),
            ("apps", "DaemonSet") => (Kind::DaemonSet, "spec.template"),
            ("apps", "ReplicaSet") => (Kind::ReplicaSet, "spec.template"),
            ("", "ReplicationController") => (Kind::ReplicationController, "spec.template"),
            ("batch", "Job") => (Kind::Job, "spec.template"),
            ("batch", "CronJob") => (Kind::CronJob, "spec.jobTemplate.spec.template"),
            ("", "Pod") => (Kind::Pod, ""),
            _ => return None,
        };
        let mut template = Some(&object.root);
        if !template_path.is_empty() {
            template = template_path.split('.').try_fold(&object.root, |node, key| node.get(key));
        }
        let spec = object.root.get("spec");
        let pod_spec = template.and_then(|template| template.get("spec"));
        Some(Self { object, kind, template_path, template, spec, pod_spec })
    }

    /// The path of a field of the pod template: `spec.template.` and `field`.
    pub(super) fn pod_path(&self, field: &str) -> String {
        if self.template_path.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", self.template_path)
        }
    }

    /// A field of the pod template: `["spec", "volumes"]`.
    pub(super) fn pod(&self, path: &[&str]) -> Option<&'a Node> {
        match path {
            ["spec", rest @ ..] => self.pod_spec?.at(rest),
            _ => self.template?.at(path),
        }
    }

    /// A field of the object's own spec.
    pub(super) fn spec(&self, field: &str) -> Option<&'a Node> {
        self.spec?.get(field).filter(|node| !node.is_null())
    }

    /// The labels of its pods.
    pub(super) fn labels(&self) -> Option<&'a Map> {
        self.pod(&["metadata", "labels"])?.as_map()
    }

    /// How many pods it wants: what is written, else 1; `None` where it is not a matter of a number.
    pub(super) fn replicas(&self) -> Option<i64> {
        match self.kind {
            Kind::StatefulSet | Kind::Deployment | Kind::ReplicaSet | Kind::ReplicationController => {
                Some(self.spec("replicas").and_then(Node::as_i64).unwrap_or(1))
            }
            Kind::Pod => Some(1),
            Kind::DaemonSet | Kind::Job | Kind::CronJob => None,
        }
    }

    /// Its label selector, if its kind has one of its own.
    pub(super) fn selector(&self) -> Option<Selector<'a>> {
        let node = self.spec("selector")?;
        match self.kind {
            Kind::StatefulSet | Kind::Deployment | Kind::DaemonSet | Kind::ReplicaSet => {
                Some(Selector::label_selector(node))
            }
            Kind::ReplicationController => Some(Selector::plain(node)),
            Kind::Job | Kind::CronJob | Kind::Pod => None,
        }
    }

    /// Whether its pods run until they are told to stop.
    pub(super) fn runs_forever(&self) -> bool {
        !matches!(self.kind, Kind::Job | Kind::CronJob | Kind::Pod)
    }

    /// Its containers: init containers first, as they start.
    pub(super) fn containers(&self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        let template = self.template_path;
        let of = |list: &'static str| {
            let items = self.pod_spec.and_then(|spec| spec.get(list)).map(Node::items).unwrap_or_default();
            items.iter().enumerate().map(move |(index, node)| Container { node, template, list, index })
        };
        of("initContainers").chain(of("containers"))
    }

    /// The containers that run as long as the pod.
    pub(super) fn main_containers(&self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        self.containers().filter(|container| container.list == "containers")
    }

    /// The pod's volumes, each with its index.
    pub(super) fn volumes(&self) -> impl Iterator<Item = (usize, &'a Node)> + use<'a> {
        items_of(self.pod(&["spec", "volumes"]))
    }

    /// The claim templates, each with its name and index.
    pub(super) fn claim_templates(&self) -> impl Iterator<Item = (usize, &'a str, &'a Node)> + use<'a> {
        items_of(self.spec("volumeClaimTemplates"))
            .filter_map(|(index, node)| Some((index, node.at(&["metadata", "name"])?.as_str()?, node)))
    }

    /// A finding about a field of it.
    pub(super) fn finding(
        &self,
        lint: &'static Lint,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Diagnostic {
        finding(lint, self.object, path, message)
    }
}

impl std::fmt::Display for Workload<'_> {
    /// ``StatefulSet `db` ``
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} `{}`", self.object.kind, self.object.name)
    }
}

/// A container of a pod template. Where it stands is spelt only for findings.
pub(super) struct Container<'a> {
    pub(super) node: &'a Node,
    template: &'static str,
    list: &'static str,
    index: usize,
}

impl<'a> Container<'a> {
    /// The path of a field of it.
    pub(super) fn path(&self, field: &str) -> String {
        let dot = if self.template.is_empty() { "" } else { "." };
        format!("{}{dot}spec.{}[{}].{field}", self.template, self.list, self.index)
    }

    pub(super) fn name(&self) -> &'a str {
        self.node.get("name").and_then(Node::as_str).unwrap_or_default()
    }

    pub(super) fn field(&self, name: &str) -> Option<&'a Node> {
        self.node.get(name).filter(|node| !node.is_null())
    }

    /// The volumes it mounts: name and path of each mount.
    pub(super) fn mounts(&self) -> impl Iterator<Item = (&'a str, &'a str, usize)> {
        items_of(self.field("volumeMounts")).filter_map(|(index, mount)| {
            let name = mount.get("name")?.as_str()?;
            Some((name, mount.get("mountPath").and_then(Node::as_str).unwrap_or_default(), index))
        })
    }

    /// The ports it declares: name and number.
    pub(super) fn ports(&self) -> impl Iterator<Item = (Option<&'a str>, Option<i64>)> + use<'a> {
        items_of(self.field("ports")).map(|(_, port)| {
            (port.get("name").and_then(Node::as_str), port.get("containerPort").and_then(Node::as_i64))
        })
    }

    /// The names of its ports.
    pub(super) fn port_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.ports().filter_map(|(name, _)| name)
    }

    /// Every text of its command, arguments and environment, each with the field it stands in.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'a str, Text)> {
        let words = ["command", "args"].into_iter().flat_map(|field| {
            items_of(self.field(field))
                .filter_map(move |(index, item)| Some((item.as_str()?, Text { field, index, rest: "" })))
        });
        words.chain(items_of(self.field("env")).filter_map(|(index, variable)| {
            Some((variable.get("value")?.as_str()?, Text { field: "env", index, rest: ".value" }))
        }))
    }
}

/// The field that a text of a container stands in: `env[3].value`.
#[derive(Clone, Copy)]
pub(super) struct Text {
    field: &'static str,
    index: usize,
    rest: &'static str,
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}]{}", self.field, self.index, self.rest)
    }
}

/// A Service.
pub(super) struct Service<'a> {
    pub(super) object: &'a Object,
    pub(super) selector: Selector<'a>,
}

impl<'a> Service<'a> {
    fn of(object: &'a Object) -> Option<Self> {
        if !object.group().is_empty() || object.kind != "Service" {
            return None;
        }
        let selector = object.at(&["spec", "selector"]);
        Some(Self { object, selector: selector.map_or(Selector::default(), Selector::plain) })
    }

    pub(super) fn spec(&self, field: &str) -> Option<&'a Node> {
        self.object.at(&["spec", field]).filter(|node| !node.is_null())
    }

    pub(super) fn is_headless(&self) -> bool {
        self.spec("clusterIP").and_then(Node::as_str) == Some("None")
    }
}

/// A selector of labels: of a Service, a workload, a `PodDisruptionBudget`.
#[derive(Clone, Copy, Default)]
pub(super) struct Selector<'a> {
    labels: Option<&'a Map>,
    expressions: &'a [Node],
    /// Whether one that asks for nothing gets everything.
    empty_takes_all: bool,
}

impl<'a> Selector<'a> {
    /// A Service's: labels that all have to be there.
    pub(super) fn plain(node: &'a Node) -> Self {
        Self { labels: node.as_map(), ..Self::default() }
    }

    /// A `metav1.LabelSelector`.
    pub(super) fn label_selector(node: &'a Node) -> Self {
        Self {
            labels: node.get("matchLabels").and_then(Node::as_map),
            expressions: node.get("matchExpressions").map(Node::items).unwrap_or_default(),
            empty_takes_all: false,
        }
    }

    /// That of a `policy/v1` disruption budget: an empty one takes every pod of the namespace.
    pub(super) fn of_budget(node: &'a Node) -> Self {
        Self { empty_takes_all: true, ..Self::label_selector(node) }
    }

    /// A text that two selectors of two owners share only if they match the same pods.
    fn key(&self, owner: &Object) -> String {
        let mut key = owner.namespace.clone().unwrap_or_default();
        let mut pairs: Vec<_> = self.labels.into_iter().flatten().collect();
        pairs.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        for entry in pairs {
            for part in ["\0", &entry.key, "\0"] {
                key.push_str(part);
            }
            match entry.value.as_str() {
                Some(value) => key.push_str(value),
                None => key.push('\0'),
            }
        }
        for expression in self.expressions {
            for field in ["key", "operator"] {
                // Writing to a string cannot fail.
                let _ = write!(key, "\0\0{:?}", expression.get(field).and_then(Node::as_str));
            }
            for value in expression.get("values").map(Node::items).unwrap_or_default() {
                let _ = write!(key, "\0{:?}", value.as_str());
            }
        }
        key
    }

    /// The labels that it names one by one.
    fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let labels = self.labels.into_iter().flatten();
        labels.filter_map(|entry| Some((entry.key.as_str(), entry.value.as_str()?)))
    }

    /// Whether it asks for nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_none_or(Map::is_empty) && self.expressions.is_empty()
    }

    /// Whether labels satisfy it. An empty selector matches nothing, as a Service's, or everything, as a budget's.
    pub(super) fn matches(&self, labels: Option<&Map>) -> bool {
        let value = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Node::as_str);
        (self.empty_takes_all || !self.is_empty())
            && self
                .labels
                .into_iter()
                .flatten()
                .all(|entry| entry.value.as_str().is_some_and(|wanted| value(&entry.key) == Some(wanted)))
            && self.expressions.iter().all(|expression| {
                let key = expression.get("key").and_then(Node::as_str).unwrap_or_default();
                let listed = || {
                    let values = expression.get("values").map(Node::items).unwrap_or_default();
                    value(key).is_some_and(|value| values.iter().any(|item| item.as_str() == Some(value)))
                };
                match expression.get("operator").and_then(Node::as_str) {
                    Some("In") => listed(),
                    Some("NotIn") => !listed(),
                    Some("Exists") => value(key).is_some(),
                    Some("DoesNotExist") => value(key).is_none(),
                    _ => false,
                }
            })
    }
}

/// The items of a list that may be absent, each with its index.
pub(super) fn items_of(node: Option<&Node>) -> impl Iterator<Item = (usize, &Node)> {
    node.map(Node::items).unwrap_or_default().iter().enumerate()
}

/// Whether two objects may meet: a manifest without a namespace goes into the release's.
pub(super) fn same_namespace(a: &Object, b: &Object) -> bool {
    match (&a.namespace, &b.namespace) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// Whether an object is a hook: it comes and goes, so it is no part of what keeps running.
pub(super) fn is_hook(object: &Object) -> bool {
    object.at(HOOK).is_some()
}

/// Whether an object is created by `helm test` only.
fn is_test(object: &Object) -> bool {
    let events = object.at(HOOK).and_then(Node::as_str).unwrap_or_default();
    // Helm 2 had one event for tests that must succeed and one for tests that must fail.
    events.split(',').all(|event| matches!(event.trim(), "test" | "test-success" | "test-failure"))
}

/// The annotation that makes an object a hook.
const HOOK: &[&str] = &["metadata", "annotations", "helm.sh/hook"];

/// A finding about a field of an object, placed at the field, or where it is missing at the nearest
/// key above.
pub(super) fn finding(
    lint: &'static Lint,
    object: &Object,
    path: impl Into<String>,
    message: impl Into<String>,
) -> Diagnostic {
    let path = path.into();
    Diagnostic::of(&lint.rule, message).at(locate(object, &path), "").object(object.reference()).path(path)
}

/// The place of a field path in an object: of a scalar the value, of a map or a list its key, of a
/// missing field that of the nearest key above.
pub(super) fn locate(object: &Object, path: &str) -> Span {
    let mut node = &object.root;
    // A document is pointed at by its first line.
    let first = node.as_map().and_then(|map| map.iter().next());
    let mut place = first.map_or(node.span, |entry| entry.key_span);
    for step in steps(path) {
        let (next, key) = match (step, &node.value) {
            (Step::Key(key), Value::Map(map)) => match map.entry(key) {
                Some(entry) => (&entry.value, Some(entry.key_span)),
                None => return place,
            },
            (Step::Index(index), Value::Seq(items)) => match items.get(index) {
                Some(item) => (item, None),
                None => return place,
            },
            _ => return place,
        };
        node = next;
        place = match (&node.value, key) {
            (Value::Map(_) | Value::Seq(_) | Value::Null, Some(key)) => key,
            // An item of a list is pointed at by its first key.
            (Value::Map(map), None) => map.iter().next().map_or(node.span, |entry| entry.key_span),
            _ => node.span,
        };
    }
    place
}

enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

/// The steps of `spec.containers[0].env` and `metadata.labels[app.kubernetes.io/name]`.
fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let Some((key, after)) = inner.split_once(']') else { break };
            steps.push(key.parse().map_or(Step::Key(key), Step::Index));
            rest = after;
        } else {
            let trimmed = rest.strip_prefix('.').unwrap_or(rest);
            let end = trimmed.find(['.', '[']).unwrap_or(trimmed.len());
            let (key, after) = trimmed.split_at(end);
            if !key.is_empty() {
                steps.push(Step::Key(key));
            }
            // In `a..b` nothing stands between.
            rest = if key.is_empty() { after.strip_prefix('.').unwrap_or(after) } else { after };
        }
    }
    steps
}

/// Notes the names `db-0.db-headless` and `db-${i}.db-headless` in the texts of a tree: StatefulSet and Service of each.
fn collect_peers<'a>(node: &'a Node, peers: &mut BTreeSet<(&'a str, &'a str)>) {
    match &node.value {
        Value::String(text) => peers.extend(peer_names(text)),
        Value::Seq(items) => items.iter().for_each(|item| collect_peers(item, peers)),
        Value::Map(map) => map.iter().for_each(|entry| collect_peers(&entry.value, peers)),
        _ => {}
    }
}

/// The pods that a text names by an ordinal, or by what a script fills in for it: StatefulSet and Service of each.
pub(super) fn peer_names(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.match_indices('.').filter_map(move |(dot, _)| {
        let (before, after) = (&text[..dot], &text[dot + 1..]);
        let service = &after[..after.find(|c| !is_name(c)).unwrap_or(after.len())];
        let digits = before.trim_end_matches(|c: char| c.is_ascii_digit());
        let set = if digits.len() < before.len() { digits } else { before_variable(before)? };
        let set = set.strip_suffix('-')?;
        let set = &set[set.rfind(|c| !is_name(c)).map_or(0, |at| at + 1)..];
        (!set.is_empty() && !service.is_empty()).then_some((set, service))
    })
}

/// What stands before `$i`, `${i}` or `$(i)` at the end of a text.
fn before_variable(text: &str) -> Option<&str> {
    let sign = text.trim_end_matches(|c: char| c.is_alphanumeric() || "_{}()".contains(c));
    sign.strip_suffix('$').filter(|_| sign.len() < text.len())
}
