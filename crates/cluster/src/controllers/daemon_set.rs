//! The DaemonSet controller (`pkg/controller/daemon`).
//!
//! Every node is taken to suit every pod: taints, node selectors and affinity are not looked at.

use super::event::Event;
use super::state::{Pod, Revision, State, Workload, controller_of, delete_pod, labels_with};
use super::status::{DaemonSetStatus, Status};
use plimsoll_kube::views::{self, WorkloadKind};
use plimsoll_yaml::Node;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One sync of a DaemonSet (`syncDaemonSet`): what the controller does about the state it sees.
pub fn step(state: &State, workload: &Workload) -> Vec<Event> {
    if workload.deletion.is_some() {
        return Vec::new();
    }
    let mut sync = Sync::new(state, workload);
    sync.claim_pods();
    let old = sync.construct_history();
    sync.manage();
    let is_settled = sync.created.is_empty() && sync.deleted.is_empty();
    if is_settled && !sync.set.is_on_delete() {
        sync.roll();
    }
    sync.act();
    sync.clean_up_history(&old);
    sync.write_status();
    sync.events
}

struct Sync<'a> {
    state: &'a State,
    workload: &'a Workload,
    set: views::DaemonSet<'a>,
    template: &'a Arc<Node>,
    /// The pods of each node that has any.
    pods: BTreeMap<&'a str, Vec<&'a Pod>>,
    /// The name of the newest revision.
    revision: String,
    /// The nodes that get a pod.
    created: Vec<&'a str>,
    /// The pods that are deleted.
    deleted: Vec<&'a Pod>,
    events: Vec<Event>,
}

impl<'a> Sync<'a> {
    fn new(state: &'a State, workload: &'a Workload) -> Self {
        let set = views::DaemonSet::new(&workload.root);
        Self {
            state,
            workload,
            set,
            template: &workload.template,
            pods: BTreeMap::new(),
            revision: String::new(),
            created: Vec::new(),
            deleted: Vec::new(),
            events: Vec::new(),
        }
    }

    /// `getNodesToDaemonPods`: the pods that the set owns, orphans that it adopts included.
    fn claim_pods(&mut self) {
        let selector = self.set.selector();
        for pod in self.state.pods.values() {
            let is_selected = selector.matches(Some(&pod.labels));
            match controller_of(&pod.owners) {
                Some(owner) if owner.uid != self.workload.uid => continue,
                Some(_) => {}
                None if is_selected && !pod.is_deleting() => {
                    let mut owners = pod.owners.clone();
                    owners.push(self.workload.as_owner());
                    self.events.push(Event::PodOwned { pod: pod.name.clone(), owners });
                }
                None => continue,
            }
            let node = pod.target_node.as_deref().or(pod.node.as_deref());
            if let (Some(node), false) = (node, pod.is_terminal() && pod.is_deleting()) {
                self.pods.entry(node).or_default().push(pod);
            }
        }
        for pods in self.pods.values_mut() {
            // `podByCreationTimestampAndPhase`
            pods.sort_by_key(|pod| (pod.node.is_none(), pod.created, pod.serial));
        }
    }

    /// `constructHistory`. Returns the revisions of other templates.
    fn construct_history(&mut self) -> Vec<&'a Revision> {
        let mut old = Vec::new();
        let mut current: Option<&Revision> = None;
        for revision in &self.state.revisions {
            match controller_of(&revision.owners) {
                Some(owner) if owner.uid != self.workload.uid => continue,
                Some(_) => {}
                None => {
                    let labels = views::Metadata::new(&revision.template).labels();
                    if !self.set.selector().matches(labels) {
                        continue;
                    }
                    let mut owners = revision.owners.clone();
                    owners.push(self.workload.as_owner());
                    self.events.push(Event::RevisionOwned { revision: revision.uid, owners });
                }
            }
            if revision.template == *self.template {
                current = Some(revision);
            } else {
                old.push(revision);
            }
        }
        let number = old.iter().map(|revision| revision.number).max().unwrap_or_default() + 1;
        self.revision = self.state.letter(WorkloadKind::DaemonSet, &self.workload.name, self.template);
        match current {
            None => self.events.push(Event::RevisionCreated(Revision {
                uid: self.state.next_uid(0),
                name: self.revision.clone(),
                of: (WorkloadKind::DaemonSet, self.workload.name.clone()),
                number,
                owners: vec![self.workload.as_owner()],
                template: Arc::clone(self.template),
            })),
            Some(current) if current.number < number => {
                self.events.push(Event::RevisionNumbered { revision: current.uid, number });
            }
            Some(_) => {}
        }
        old
    }

    fn pods_of(&self, node: &str) -> &[&'a Pod] {
        self.pods.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    fn node_count(&self) -> i64 {
        i64::try_from(self.state.nodes.len()).unwrap_or(i64::MAX)
    }

    fn max_surge(&self) -> i64 {
        self.set.max_surge(self.node_count())
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pod.is_available(self.set.min_ready_seconds(), self.state.now)
    }

    /// `manage`, `podsShouldBeOnNode`: one pod on every node.
    fn manage(&mut self) {
        let allows_surge = self.max_surge() > 0;
        for node in &self.state.nodes {
            if !self.pods.contains_key(node.as_str()) {
                self.created.push(node);
                continue;
            }
            let here = self.pods_of(node).iter().filter(|pod| !pod.is_deleting()).copied();
            let (stopped, running): (Vec<_>, Vec<_>) = here.partition(|pod| pod.is_terminal());
            self.deleted.extend(stopped);
            if !allows_surge {
                self.deleted.extend(running.iter().skip(1).copied());
            } else if running.is_empty() {
                self.created.push(node);
            } else if running.len() > 1 {
                self.delete_surplus(&running);
            }
        }
    }

    /// While the set surges a node may have two pods: an old one that is ready, and a new one that is not yet.
    fn delete_surplus(&mut self, running: &[&'a Pod]) {
        let newest = |pod: &&&Pod| pod.revision == self.revision;
        let new = running.iter().find(|pod| newest(pod)).copied();
        let old = running.iter().find(|pod| !newest(pod)).copied();
        let is_kept = |pod: &&&Pod| [new, old].into_iter().flatten().any(|kept| kept.name == pod.name);
        let mut surplus: Vec<&Pod> = running.iter().filter(|pod| !is_kept(pod)).copied().collect();
        if let (Some(new), Some(old)) = (new, old)
            && (!old.is_ready() || self.is_available(new))
        {
            surplus.push(old);
        }
        self.deleted.extend(surplus);
    }

    /// `rollingUpdate`. On a server chance decides which of several nodes comes first; here it is the order of their
    /// names.
    fn roll(&mut self) {
        if self.max_surge() > 0 { self.roll_with_surge() } else { self.roll_in_place() }
    }

    /// `findUpdatedPodsOnNode`: the new and the old pod of a node; `None` if it has several of one.
    fn new_and_old(&self, node: &str) -> Option<(Option<&'a Pod>, Option<&'a Pod>)> {
        let (mut new, mut old) = (None, None);
        for &pod in self.pods_of(node).iter().filter(|pod| !pod.is_deleting()) {
            let slot = if pod.revision == self.revision { &mut new } else { &mut old };
            if slot.replace(pod).is_some() {
                return None;
            }
        }
        Some((new, old))
    }

    fn roll_in_place(&mut self) {
        let limit = self.set.max_unavailable(self.node_count());
        let mut unavailable = 0;
        let mut candidates = Vec::new();
        for node in &self.state.nodes {
            match self.new_and_old(node) {
                Some((Some(new), None)) if self.is_available(new) => {}
                Some((None, Some(old))) if self.is_available(old) => candidates.push(old),
                Some((None, Some(old))) => {
                    self.deleted.push(old);
                    unavailable += 1;
                }
                _ => unavailable += 1,
            }
        }
        let remaining = usize::try_from(limit - unavailable).unwrap_or_default();
        self.deleted.extend(candidates.into_iter().take(remaining));
    }

    fn roll_with_surge(&mut self) {
        let mut surging = 0;
        let mut candidates = Vec::new();
        for node in &self.state.nodes {
            match self.new_and_old(node) {
                Some((_, None)) => {}
                Some((None, Some(old))) if self.is_available(old) => candidates.push(node.as_str()),
                Some((None, Some(_))) => self.created.push(node),
                Some((Some(new), Some(old))) if self.is_available(new) => self.deleted.push(old),
                None | Some((Some(_), Some(_))) => surging += 1,
            }
        }
        let remaining = usize::try_from(self.max_surge() - surging).unwrap_or_default();
        self.created.extend(candidates.into_iter().take(remaining));
    }

    /// `syncNodes`.
    fn act(&mut self) {
        let ahead = usize::from(matches!(self.events.last(), Some(Event::RevisionCreated(_))));
        for (index, node) in std::mem::take(&mut self.created).into_iter().enumerate() {
            let pod = self.new_pod(node, ahead + index);
            self.events.push(Event::PodCreated(Box::new(pod)));
        }
        for pod in std::mem::take(&mut self.deleted) {
            self.events.extend(delete_pod(pod));
        }
    }

    fn new_pod(&self, node: &str, ahead: usize) -> Pod {
        let prefix = format!("{}-{node}-{}", self.workload.name, self.revision);
        let serial = self.state.serial(&prefix) + 1;
        let hash = format!("{}-{}", self.workload.name, self.revision);
        let uid = self.state.next_uid(ahead);
        Pod {
            serial: Some(serial),
            revision: self.revision.clone(),
            labels: labels_with(self.template, &[("controller-revision-hash", &hash)]),
            owners: vec![self.workload.as_owner()],
            target_node: Some(node.to_owned()),
            ..Pod::new(uid, format!("{prefix}.{serial}"), self.template, self.state.now)
        }
    }

    /// `cleanupHistory`.
    fn clean_up_history(&mut self, old: &[&Revision]) {
        let Ok(limit) = usize::try_from(self.set.revision_history_limit()) else { return };
        let live: BTreeSet<&str> = self.pods.values().flatten().map(|pod| pod.revision.as_str()).collect();
        let mut unused: Vec<_> =
            old.iter().filter(|revision| !live.contains(revision.name.as_str())).collect();
        unused.sort_by_key(|revision| revision.number);
        for revision in unused.into_iter().take(old.len().saturating_sub(limit)) {
            self.events.push(Event::RevisionGone { revision: revision.uid });
        }
    }

    /// `updateDaemonSetStatus`: of each node the oldest pod counts.
    fn write_status(&mut self) {
        let oldest: Vec<&Pod> =
            self.state.nodes.iter().filter_map(|node| self.pods_of(node).first().copied()).collect();
        let count = |counts: &dyn Fn(&Pod) -> bool| {
            i64::try_from(oldest.iter().filter(|pod| counts(pod)).count()).unwrap_or(i64::MAX)
        };
        let desired = self.node_count();
        let available = count(&|pod| self.is_available(pod));
        let is_misplaced = |node: &&&str| !self.state.nodes.iter().any(|known| known == **node);
        let status = DaemonSetStatus {
            observed_generation: self.workload.generation,
            current_scheduled: count(&|_| true),
            misscheduled: i64::try_from(self.pods.keys().filter(is_misplaced).count()).unwrap_or(i64::MAX),
            desired_scheduled: desired,
            ready: count(&Pod::is_ready),
            updated_scheduled: count(&|pod| pod.revision == self.revision),
            available,
            unavailable: desired - available,
        };
        let is_changed = !matches!(&self.workload.status, Some(Status::DaemonSet(old)) if *old == status);
        if is_changed {
            let status = Box::new(Status::DaemonSet(status));
            self.events.push(Event::StatusChanged { workload: self.workload.uid, status });
        }
    }
}
