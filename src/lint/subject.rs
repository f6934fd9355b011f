//! What rules look at: objects seen as workloads and Services, and places in them.

use super::Lint;
use crate::chart::{Chart, Origin};
use crate::diag::{Diagnostic, Sources, Span};
use crate::k8s::Version;
use crate::manifest::Object;
use crate::values::{Computed, Scope};
use crate::yaml::{Map, Node, Value};
use std::collections::BTreeMap;
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

/// The objects of a release, and what they are to each other.
pub(super) struct Release<'a> {
    pub(super) objects: &'a [&'a Object],
    pub(super) sources: &'a Sources,
    /// Everything that makes pods, except hooks.
    pub(super) workloads: Vec<Workload<'a>>,
    pub(super) services: Vec<Service<'a>>,
    /// The workloads whose pods carry a label, so that a release of thousands of objects is not compared pair by pair.
    by_label: BTreeMap<(&'a str, &'a str), Vec<usize>>,
    by_kind: BTreeMap<&'a str, Vec<&'a Object>>,
    by_name: BTreeMap<(&'a str, &'a str), Vec<&'a Object>>,
    services_by_name: BTreeMap<&'a str, Vec<usize>>,
    /// Whether some object's kind is not Kubernetes' own, so that pods may exist that are not to be seen.
    pub(super) custom_kinds: bool,
}

impl<'a> Release<'a> {
    pub(super) fn new(objects: &'a [&'a Object], sources: &'a Sources) -> Self {
        let lasting = objects.iter().copied().filter(|object| !is_hook(object));
        let workloads: Vec<_> = lasting.filter_map(Workload::of).collect();
        let mut by_label: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, workload) in workloads.iter().enumerate() {
            for entry in workload.labels().into_iter().flatten() {
                if let Some(value) = entry.value.as_str() {
                    by_label.entry((entry.key.as_str(), value)).or_default().push(index);
                }
            }
        }
        let (mut by_kind, mut by_name): (BTreeMap<_, Vec<_>>, BTreeMap<_, Vec<_>>) = Default::default();
        for object in objects.iter().copied() {
            by_kind.entry(object.kind.as_str()).or_default().push(object);
            by_name.entry((object.kind.as_str(), object.name.as_str())).or_default().push(object);
        }
        let services: Vec<_> = objects.iter().copied().filter_map(Service::of).collect();
        let mut services_by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, service) in services.iter().enumerate() {
            services_by_name.entry(service.object.name.as_str()).or_default().push(index);
        }
        Self {
            objects,
            sources,
            workloads,
            services,
            by_label,
            by_kind,
            by_name,
            services_by_name,
            custom_kinds: objects.iter().any(|object| {
                let group = object.group();
                group.contains('.') && !group.ends_with(".k8s.io")
            }),
        }
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
        let all = self.by_name.get(&(kind, name))?;
        all.iter().copied().find(|object| object.group() == group && same_namespace(object, beside))
    }

    /// The workloads, by their place among all, whose pods a selector of `owner` matches.
    pub(super) fn selected(&self, selector: &Selector<'_>, owner: &Object) -> Vec<usize> {
        let matches = |index: &usize| {
            let workload = &self.workloads[*index];
            same_namespace(owner, workload.object) && selector.matches(workload.labels())
        };
        let candidates = selector.pairs().map(|pair| self.by_label.get(&pair).map_or(&[][..], Vec::as_slice));
        match candidates.min_by_key(|list| list.len()) {
            Some(few) => few.iter().copied().filter(matches).collect(),
            None => (0..self.workloads.len()).filter(matches).collect(),
        }
    }

    /// The workloads whose pods a Service selects.
    pub(super) fn behind(&self, service: &Service<'_>) -> Vec<&Workload<'a>> {
        let selected = self.selected(&service.selector, service.object);
        selected.into_iter().map(|index| &self.workloads[index]).collect()
    }

    /// Everything that makes pods, hooks included.
    pub(super) fn pods(&self) -> impl Iterator<Item = Workload<'a>> {
        self.objects.iter().copied().filter_map(Workload::of)
    }

    /// The Service that a StatefulSet names, if the release holds it.
    pub(super) fn governing_service(&self, set: &Workload<'_>) -> Option<&Service<'a>> {
        let name = set.object.at(&["spec", "serviceName"])?.as_str()?;
        let named = self.services_by_name.get(name)?.iter().map(|index| &self.services[*index]);
        named.into_iter().find(|service| same_namespace(service.object, set.object))
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
        Some(Self { object, kind, template_path, template })
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
        self.template?.at(path)
    }

    /// A field of the object's own spec.
    pub(super) fn spec(&self, field: &str) -> Option<&'a Node> {
        self.object.at(&["spec", field]).filter(|node| !node.is_null())
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
    pub(super) fn containers(&self) -> impl Iterator<Item = Container<'a>> {
        let of = |field: &'static str, init: bool| {
            let list = self.pod(&["spec", field]).map(Node::items).unwrap_or_default();
            let path = self.pod_path(&format!("spec.{field}"));
            list.iter().enumerate().map(move |(index, node)| Container {
                node,
                path: format!("{path}[{index}]"),
                init,
            })
        };
        of("initContainers", true).chain(of("containers", false))
    }

    /// The containers that run as long as the pod.
    pub(super) fn main_containers(&self) -> impl Iterator<Item = Container<'a>> {
        self.containers().filter(|container| !container.init)
    }

    /// The pod's volumes, each with its path.
    pub(super) fn volumes(&self) -> impl Iterator<Item = (&'a Node, String)> {
        let path = self.pod_path("spec.volumes");
        items_of(self.pod(&["spec", "volumes"])).map(move |(index, node)| (node, format!("{path}[{index}]")))
    }

    /// The claim templates, each with its name and path.
    pub(super) fn claim_templates(&self) -> impl Iterator<Item = (&'a Node, &'a str, String)> {
        items_of(self.spec("volumeClaimTemplates")).filter_map(|(index, node)| {
            let name = node.at(&["metadata", "name"])?.as_str()?;
            Some((node, name, format!("spec.volumeClaimTemplates[{index}]")))
        })
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

/// A container of a pod template.
pub(super) struct Container<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
    pub(super) init: bool,
}

impl<'a> Container<'a> {
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
    pub(super) fn ports(&self) -> impl Iterator<Item = (Option<&'a str>, Option<i64>)> {
        items_of(self.field("ports")).map(|(_, port)| {
            (port.get("name").and_then(Node::as_str), port.get("containerPort").and_then(Node::as_i64))
        })
    }

    /// Every text of its command, arguments and environment, each with its path.
    pub(super) fn texts(&self) -> Vec<(&'a str, String)> {
        let mut texts = Vec::new();
        for field in ["command", "args"] {
            for (index, item) in items_of(self.field(field)) {
                texts.extend(item.as_str().map(|text| (text, format!("{}.{field}[{index}]", self.path))));
            }
        }
        for (index, variable) in items_of(self.field("env")) {
            let value = variable.get("value").and_then(Node::as_str);
            texts.extend(value.map(|text| (text, format!("{}.env[{index}].value", self.path))));
        }
        texts
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

    /// Whether its selector matches the pods of a workload.
    pub(super) fn selects(&self, workload: &Workload<'_>) -> bool {
        same_namespace(self.object, workload.object) && self.selector.matches(workload.labels())
    }
}

/// A selector of labels: of a Service, a workload, a `PodDisruptionBudget`.
#[derive(Default)]
pub(super) struct Selector<'a> {
    labels: Option<&'a Map>,
    expressions: &'a [Node],
}

impl<'a> Selector<'a> {
    /// A Service's: labels that all have to be there.
    pub(super) fn plain(node: &'a Node) -> Self {
        Self { labels: node.as_map(), expressions: &[] }
    }

    /// A `metav1.LabelSelector`.
    pub(super) fn label_selector(node: &'a Node) -> Self {
        Self {
            labels: node.get("matchLabels").and_then(Node::as_map),
            expressions: node.get("matchExpressions").map(Node::items).unwrap_or_default(),
        }
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

    /// Whether labels satisfy it. An empty selector is taken to match nothing, as a Service's does.
    pub(super) fn matches(&self, labels: Option<&Map>) -> bool {
        let value = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Node::as_str);
        !self.is_empty()
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
    object.at(&["metadata", "annotations", "helm.sh/hook"]).is_some()
}

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
