//! The objects of one namespace.

use super::event::{Cascade, Event, Note};
use super::status::{BudgetStatus, Status};
use plimsoll_kube::views::{self, Metadata, PodTemplate, Selector, WorkloadKind};
use plimsoll_yaml::{Map, Node};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What tells an object from others that had its name before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(u64);

/// A point in logical time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The tick of the kubelet.
    pub tick: u32,
    /// Seconds that have passed at least.
    pub seconds: i64,
}

/// An owner reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The kind of the owner.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: Uid,
    /// Whether it manages the object.
    pub is_controller: bool,
}

impl Owner {
    /// The reference of a controller (`metav1.NewControllerRef`). It blocks the owner's deletion in the foreground.
    pub fn controller(kind: &'static str, name: &str, uid: Uid) -> Self {
        Self { kind, name: name.to_owned(), uid, is_controller: true }
    }
}

/// The controller among owners (`metav1.GetControllerOf`).
pub fn controller_of(owners: &[Owner]) -> Option<&Owner> {
    owners.iter().find(|owner| owner.is_controller)
}

/// A StatefulSet, Deployment, DaemonSet, Job or CronJob.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Its uid.
    pub uid: Uid,
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: String,
    /// The stored object.
    pub root: Arc<Node>,
    /// What its pods are made from: the part of `root` that revisions and ReplicaSets copy.
    pub template: Arc<Node>,
    /// How often its spec has changed, and once more for its deletion.
    pub generation: i64,
    /// What becomes of what it owns, if it is being deleted.
    pub deletion: Option<Cascade>,
    /// Its owners: a Job's CronJob.
    pub owners: Vec<Owner>,
    /// What its controller says, once it has said anything.
    pub status: Option<Status>,
}

impl Workload {
    /// A workload that has just been created.
    pub fn new(uid: Uid, kind: WorkloadKind, name: &str, root: Arc<Node>) -> Self {
        Self {
            uid,
            kind,
            name: name.to_owned(),
            template: template_of(kind, &root),
            root,
            generation: 1,
            deletion: None,
            owners: Vec::new(),
            status: None,
        }
    }

    /// The reference that its pods have to it.
    pub fn as_owner(&self) -> Owner {
        Owner::controller(self.kind.as_str(), &self.name, self.uid)
    }
}

fn template_of(kind: WorkloadKind, root: &Node) -> Arc<Node> {
    let template = views::Workload::new(kind, root).template().root();
    Arc::new(template.cloned().unwrap_or_else(|| Node::bare(Map::new())))
}

/// A `ControllerRevision`: one template of a StatefulSet or a DaemonSet.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its uid.
    pub uid: Uid,
    /// Its name: a letter, by first appearance of the template. The server uses a hash of the template.
    pub name: String,
    /// The kind and name of the workload it was made for.
    pub of: (WorkloadKind, String),
    /// Its number; the newest has the highest.
    pub number: i64,
    /// Its owners.
    pub owners: Vec<Owner>,
    /// `spec.template`.
    pub template: Arc<Node>,
}

/// A ReplicaSet.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaSet {
    /// Its uid.
    pub uid: Uid,
    /// Its name.
    pub name: String,
    /// The letter of its template, by first appearance. The server uses a hash of the template.
    pub letter: String,
    /// The name of the Deployment it was made for; empty if it was made for none.
    pub of: String,
    /// Its owners.
    pub owners: Vec<Owner>,
    /// `spec.template`.
    pub template: Arc<Node>,
    /// `spec.selector`, without the hash of the template.
    pub selector: Arc<Node>,
    /// How many pods it should have.
    pub replicas: i64,
    /// What its Deployment notes on it.
    pub note: Note,
    /// How often its spec has changed.
    pub generation: i64,
    /// Whether it is being deleted after its pods.
    pub is_deleting: bool,
    /// What its controller says.
    pub status: ReplicaSetStatus,
}

/// `apps/v1` `ReplicaSetStatus`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplicaSetStatus {
    /// The generation that the controller has seen.
    pub observed_generation: i64,
    /// Pods that exist and are not being deleted.
    pub replicas: i64,
    /// Pods that are ready.
    pub ready: i64,
    /// Pods that have been ready for `minReadySeconds`.
    pub available: i64,
    /// Pods that are being deleted.
    pub terminating: i64,
}

/// A pod.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// Its uid.
    pub uid: Uid,
    /// Its name. Where the server makes one up, it ends in `.1`, `.2`, ...
    pub name: String,
    /// The number after the dot, if the name was made up.
    pub serial: Option<u32>,
    /// The name of its revision or the letter of its ReplicaSet; empty if it has none.
    pub revision: String,
    /// Its labels.
    pub labels: Map,
    /// Its owners.
    pub owners: Vec<Owner>,
    /// What it was made from.
    pub template: Arc<Node>,
    /// The node that it is made for, by a DaemonSet.
    pub target_node: Option<String>,
    /// The node it runs on.
    pub node: Option<String>,
    /// The claims that it uses.
    pub claims: Vec<String>,
    /// Its index in a Job.
    pub index: Option<i64>,
    /// Its phase.
    pub phase: Phase,
    /// Since when it has been ready.
    pub ready_since: Option<Moment>,
    /// Whether it was ready once, or was to be, and never will be again.
    pub stays_unready: bool,
    /// When it was created.
    pub created: Moment,
    /// When it was bound to a node.
    pub bound: Option<Moment>,
    /// Since when it has been asked to stop.
    pub deleting_since: Option<Moment>,
}

/// `PodPhase`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Not running yet.
    Pending,
    /// Running.
    Running,
    /// Stopped without an error.
    Succeeded,
    /// Stopped with an error.
    Failed,
}

impl Phase {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

impl Pod {
    /// A pod of a template that has just been created.
    pub(super) fn new(uid: Uid, name: String, template: &Arc<Node>, now: Moment) -> Self {
        Self {
            uid,
            name,
            serial: None,
            revision: String::new(),
            labels: labels_with(template, &[]),
            owners: Vec::new(),
            claims: PodTemplate::new(Some(template)).claims().map(str::to_owned).collect(),
            template: Arc::clone(template),
            target_node: None,
            node: None,
            index: None,
            phase: Phase::Pending,
            ready_since: None,
            stays_unready: false,
            created: now,
            bound: None,
            deleting_since: None,
        }
    }

    /// What it was made from.
    pub fn template(&self) -> PodTemplate<'_> {
        PodTemplate::new(Some(&self.template))
    }

    /// The image of its first container.
    pub fn image(&self) -> &str {
        self.template()
            .containers()
            .next()
            .map_or("", |container| container.node.get("image").and_then(Node::as_str).unwrap_or_default())
    }

    /// A name that does not depend on chance: the second pod of ReplicaSet B is `rsB.2`, the first that a DaemonSet made
    /// from template A for a node `node-1-A.1`. Others keep their name.
    pub fn short_name(&self) -> String {
        match (self.serial, &self.target_node, controller_of(&self.owners)) {
            (Some(serial), Some(node), _) => format!("{node}-{}.{serial}", self.revision),
            (Some(serial), None, Some(owner)) if owner.kind == "ReplicaSet" => {
                format!("rs{}.{serial}", self.revision)
            }
            _ => self.name.clone(),
        }
    }

    /// Whether it is ready.
    pub fn is_ready(&self) -> bool {
        self.ready_since.is_some()
    }

    /// Whether it has been ready for that many seconds (`podutil.IsPodAvailable`).
    pub fn is_available(&self, min_ready_seconds: i64, now: Moment) -> bool {
        self.ready_since.is_some_and(|since| since.seconds.saturating_add(min_ready_seconds) <= now.seconds)
    }

    /// Whether it has been asked to stop.
    pub fn is_deleting(&self) -> bool {
        self.deleting_since.is_some()
    }

    /// Whether its containers have stopped for good (`podutil.IsPodTerminal`).
    pub fn is_terminal(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// Whether a controller manages it.
    pub fn is_controlled_by(&self, uid: Uid) -> bool {
        controller_of(&self.owners).is_some_and(|owner| owner.uid == uid)
    }

    /// The name of the set and the ordinal in a name such as `db-0` (`getParentNameAndOrdinal`).
    pub fn parent_and_ordinal(&self) -> Option<(&str, i64)> {
        let (parent, digits) = self.name.rsplit_once('-')?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<i32>().ok()).flatten().map(|ordinal| (parent, i64::from(ordinal)))
    }
}

/// A `PersistentVolumeClaim`.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// Its owners.
    pub owners: Vec<Owner>,
    /// The claim, or the template it was made from.
    pub root: Arc<Node>,
    /// Whether it is deleted as soon as no pod uses it.
    pub is_deleting: bool,
}

/// A `PodDisruptionBudget`.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// The stored object.
    pub root: Arc<Node>,
    /// What its controller says, once it has said anything.
    pub status: Option<BudgetStatus>,
}

/// The state of one namespace.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The point in time.
    pub now: Moment,
    /// The nodes on which DaemonSets run pods.
    pub nodes: Vec<String>,
    /// Whether the feature gate `MaxUnavailableStatefulSet` is on.
    pub max_unavailable_stateful_set: bool,
    /// Workloads, in the order of their creation.
    pub workloads: Vec<Workload>,
    /// Revisions, in the order of their creation.
    pub revisions: Vec<Revision>,
    /// ReplicaSets, in the order of their creation.
    pub replica_sets: Vec<ReplicaSet>,
    /// Pods by name.
    pub pods: BTreeMap<PodName, Pod>,
    /// Claims by name.
    pub claims: BTreeMap<String, Claim>,
    /// Disruption budgets.
    pub budgets: Vec<Budget>,
    /// Services.
    pub services: Vec<Arc<Node>>,
    uids: u64,
    /// The templates of each workload, in the order of their first appearance. A name means the same template even
    /// after the revision was deleted, as the hash in the server's names does.
    templates: BTreeMap<(WorkloadKind, String), Vec<Arc<Node>>>,
    /// How many pods were made whose names begin with a text.
    serials: BTreeMap<String, u32>,
}

/// The name of a pod, ordered by its number: `db-9` before `db-10`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodName {
    name: String,
    /// How many bytes come before the number at the end.
    stem: usize,
    number: u64,
}

impl PodName {
    /// A name.
    pub fn new(name: &str) -> Self {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        Self { name: name.to_owned(), stem, number: name[stem..].parse().unwrap_or_default() }
    }

    fn stem(&self) -> &str {
        &self.name[..self.stem]
    }
}

impl Ord for PodName {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_number = self.stem().cmp(other.stem()).then(self.number.cmp(&other.number));
        by_number.then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for PodName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl State {
    /// A namespace without objects, in a cluster of these nodes.
    pub fn new(nodes: Vec<String>) -> Self {
        Self { nodes, ..Self::default() }
    }

    /// The uid that the next object gets; `ahead` is how many others get one before it.
    pub(super) fn next_uid(&self, ahead: usize) -> Uid {
        Uid(self.uids + ahead as u64)
    }

    /// The pod of that name.
    pub fn pod(&self, name: &str) -> Option<&Pod> {
        self.pods.get(&PodName::new(name))
    }

    /// The workload with that uid.
    pub fn workload(&self, uid: Uid) -> Option<&Workload> {
        self.workloads.iter().find(|workload| workload.uid == uid)
    }

    /// The workload of that kind and name.
    pub fn workload_named(&self, kind: WorkloadKind, name: &str) -> Option<&Workload> {
        self.workloads.iter().find(|workload| workload.kind == kind && workload.name == name)
    }

    /// The ReplicaSet with that uid.
    pub fn replica_set(&self, uid: Uid) -> Option<&ReplicaSet> {
        self.replica_sets.iter().find(|set| set.uid == uid)
    }

    /// The revision with that uid.
    pub fn revision(&self, uid: Uid) -> Option<&Revision> {
        self.revisions.iter().find(|revision| revision.uid == uid)
    }

    /// Whether an object with that uid exists.
    pub fn exists(&self, uid: Uid) -> bool {
        self.workload(uid).is_some()
            || self.replica_set(uid).is_some()
            || self.pods.values().any(|pod| pod.uid == uid)
    }

    /// The pods that a selector matches.
    pub fn selected<'s>(&'s self, selector: Selector<'s>) -> impl Iterator<Item = &'s Pod> {
        self.pods.values().filter(move |pod| selector.matches(Some(&pod.labels)))
    }

    /// The name of a template of a workload: `A` for the first that the workload had, then `B`.
    pub(super) fn letter(&self, kind: WorkloadKind, name: &str, template: &Node) -> String {
        let known = self.templates.get(&(kind, name.to_owned())).map(Vec::as_slice).unwrap_or_default();
        let index = known.iter().position(|known| **known == *template).unwrap_or(known.len());
        letters(index)
    }

    /// How many pods were made whose names begin with `prefix`.
    pub(super) fn serial(&self, prefix: &str) -> u32 {
        self.serials.get(prefix).copied().unwrap_or_default()
    }

    /// Changes the state by an event. Events that are about nothing that exists change nothing.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::WorkloadCreated(workload) => {
                self.uids += 1;
                self.workloads.push((**workload).clone());
            }
            Event::WorkloadChanged { workload, root, generation } => {
                if let Some(workload) = self.workload_mut(*workload) {
                    workload.template = template_of(workload.kind, root);
                    workload.root = Arc::clone(root);
                    workload.generation = *generation;
                }
            }
            Event::WorkloadDeleting { workload, cascade } => {
                if let Some(workload) = self.workload_mut(*workload) {
                    workload.deletion = Some(*cascade);
                    workload.generation += 1;
                }
            }
            Event::WorkloadGone { workload } => self.workloads.retain(|other| other.uid != *workload),
            Event::StatusChanged { workload, status } => {
                if let Some(workload) = self.workload_mut(*workload) {
                    workload.status = Some((**status).clone());
                }
            }
            Event::RevisionCreated(revision) => {
                self.uids += 1;
                self.remember_template(revision.of.0, &revision.of.1, &revision.template);
                self.revisions.push(revision.clone());
            }
            Event::RevisionNumbered { revision, number } => {
                self.change_revision(*revision, |revision| revision.number = *number);
            }
            Event::RevisionOwned { revision, owners } => {
                self.change_revision(*revision, |revision| revision.owners.clone_from(owners));
            }
            Event::RevisionGone { revision } => self.revisions.retain(|other| other.uid != *revision),
            Event::ServiceStored { service, root } => {
                store_named(
                    &mut self.services,
                    service,
                    root.as_ref(),
                    |root| Metadata::new(root).name(),
                    |root| root,
                );
            }
            Event::BudgetStored { budget, root } => store_named(
                &mut self.budgets,
                budget,
                root.as_ref(),
                |budget| &budget.name,
                |root| Budget { name: budget.clone(), root, status: None },
            ),
            Event::BudgetChanged { budget, status } => {
                for other in self.budgets.iter_mut().filter(|other| other.name == *budget) {
                    other.status = Some(status.clone());
                }
            }
            _ => {
                self.apply_to_replica_sets(event);
                self.apply_to_pods(event);
                self.apply_to_claims(event);
            }
        }
    }

    fn apply_to_replica_sets(&mut self, event: &Event) {
        let change: (Uid, &dyn Fn(&mut ReplicaSet)) = match event {
            Event::ReplicaSetCreated(set) => {
                self.uids += 1;
                if !set.of.is_empty() {
                    self.remember_template(WorkloadKind::Deployment, &set.of, &set.template);
                }
                self.replica_sets.push((**set).clone());
                return;
            }
            Event::ReplicaSetGone { replica_set } => {
                self.replica_sets.retain(|set| set.uid != *replica_set);
                return;
            }
            Event::ReplicaSetScaled { replica_set, to, .. } => (*replica_set, &|set| {
                set.generation += 1;
                set.replicas = *to;
            }),
            Event::ReplicaSetNoted { replica_set, note } => (*replica_set, &|set| set.note = *note),
            Event::ReplicaSetStatus { replica_set, status } => (*replica_set, &|set| set.status = *status),
            Event::ReplicaSetOwned { replica_set, owners } => {
                (*replica_set, &|set| set.owners.clone_from(owners))
            }
            Event::ReplicaSetDeleting { replica_set } => (*replica_set, &|set| set.is_deleting = true),
            _ => return,
        };
        let (uid, change) = change;
        if let Some(set) = self.replica_sets.iter_mut().find(|set| set.uid == uid) {
            change(set);
        }
    }

    fn apply_to_pods(&mut self, event: &Event) {
        let now = self.now;
        let change: (&String, &dyn Fn(&mut Pod)) = match event {
            Event::PodCreated(pod) => {
                self.uids += 1;
                if let (Some(serial), Some((prefix, _))) = (pod.serial, pod.name.rsplit_once('.')) {
                    self.serials.insert(prefix.to_owned(), serial);
                }
                self.pods.insert(PodName::new(&pod.name), (**pod).clone());
                return;
            }
            Event::PodGone { pod } => {
                self.pods.remove(&PodName::new(pod));
                return;
            }
            Event::PodBound { pod, node } => (pod, &|pod| {
                pod.phase = Phase::Running;
                pod.node = Some(node.clone());
                pod.bound = Some(now);
            }),
            Event::PodReady { pod } => (pod, &|pod| pod.ready_since = Some(now)),
            Event::PodUnready { pod } | Event::PodCrashing { pod } => (pod, &|pod| {
                pod.ready_since = None;
                pod.stays_unready = true;
            }),
            Event::PodFailed { pod } => (pod, &|pod| {
                pod.phase = Phase::Failed;
                pod.ready_since = None;
            }),
            Event::PodSucceeded { pod } => (pod, &|pod| {
                pod.phase = Phase::Succeeded;
                pod.ready_since = None;
            }),
            Event::PodDeleting { pod } => (pod, &|pod| pod.deleting_since = Some(now)),
            Event::PodOwned { pod, owners } => (pod, &|pod| pod.owners.clone_from(owners)),
            _ => return,
        };
        let (name, change) = change;
        if let Some(pod) = self.pods.get_mut(&PodName::new(name)) {
            change(pod);
        }
    }

    fn apply_to_claims(&mut self, event: &Event) {
        match event {
            Event::ClaimCreated(claim) => {
                self.claims.insert(claim.name.clone(), (**claim).clone());
            }
            Event::ClaimOwned { claim, owners } => {
                if let Some(claim) = self.claims.get_mut(claim) {
                    claim.owners.clone_from(owners);
                }
            }
            Event::ClaimDeleting { claim } => {
                if let Some(claim) = self.claims.get_mut(claim) {
                    claim.is_deleting = true;
                }
            }
            Event::ClaimChanged { claim, root } => {
                if let Some(claim) = self.claims.get_mut(claim) {
                    claim.root = Arc::clone(root);
                }
            }
            Event::ClaimGone { claim } => {
                self.claims.remove(claim);
            }
            _ => {}
        }
    }

    fn workload_mut(&mut self, uid: Uid) -> Option<&mut Workload> {
        self.workloads.iter_mut().find(|workload| workload.uid == uid)
    }

    fn change_revision(&mut self, uid: Uid, change: impl FnOnce(&mut Revision)) {
        if let Some(revision) = self.revisions.iter_mut().find(|revision| revision.uid == uid) {
            change(revision);
        }
    }

    fn remember_template(&mut self, kind: WorkloadKind, name: &str, template: &Arc<Node>) {
        let known = self.templates.entry((kind, name.to_owned())).or_default();
        if !known.iter().any(|known| known == template) {
            known.push(Arc::clone(template));
        }
    }
}

/// Puts an object in the place of the one that had its name, behind all others if there was none, or removes it.
fn store_named<T>(
    list: &mut Vec<T>,
    name: &str,
    root: Option<&Arc<Node>>,
    name_of: impl Fn(&T) -> &str,
    make: impl FnOnce(Arc<Node>) -> T,
) {
    let place = list.iter().position(|other| name_of(other) == name);
    match (root, place) {
        (Some(root), Some(place)) => list[place] = make(Arc::clone(root)),
        (Some(root), None) => list.push(make(Arc::clone(root))),
        (None, Some(place)) => {
            list.remove(place);
        }
        (None, None) => {}
    }
}

/// `A` to `Z`, then `AA`, `AB`, ...
fn letters(index: usize) -> String {
    let mut text = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        rest -= 1;
        text.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
    }
    text.iter().rev().collect()
}

/// The events of asking a pod to stop. A pod that has no node, or has stopped already, is gone at once: there is no
/// kubelet to wait for (`podStrategy.CheckGracefulDelete`).
pub(super) fn delete_pod(pod: &Pod) -> Vec<Event> {
    let mut events = Vec::new();
    if !pod.is_deleting() {
        events.push(Event::PodDeleting { pod: pod.name.clone() });
        if pod.node.is_none() || pod.is_terminal() {
            events.push(Event::PodGone { pod: pod.name.clone() });
        }
    }
    events
}

/// `metadata.labels` of a template with labels that its controller adds.
pub(super) fn labels_with(template: &Node, added: &[(&str, &str)]) -> Map {
    let mut labels = Metadata::new(template).labels().cloned().unwrap_or_default();
    for (key, value) in added {
        labels.insert(*key, plimsoll_diag::Span::NONE, Node::bare(*value));
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_ordered_by_number() {
        let mut names: Vec<PodName> = ["db-10", "db-9", "web-A.2", "db-1"].map(PodName::new).into();
        names.sort();
        let names: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
        assert_eq!(names, ["db-1", "db-9", "db-10", "web-A.2"]);
    }

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!([0, 25, 26, 27, 701, 702].map(letters), ["A", "Z", "AA", "AB", "ZZ", "AAA"]);
    }
}
