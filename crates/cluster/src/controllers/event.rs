//! What happens to the objects of a namespace.

use super::state::{Claim, Owner, Pod, ReplicaSet, ReplicaSetStatus, Revision, Uid, Workload};
use super::status::{BudgetStatus, Status};
use plimsoll_yaml::Node;
use std::sync::Arc;

/// One change of one object. The state is what all events so far have made of it: nothing else changes it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A StatefulSet, Deployment, DaemonSet or Job was created.
    WorkloadCreated(Box<Workload>),
    /// Its manifest changed. The generation counts changes of the spec.
    WorkloadChanged {
        /// Which one.
        workload: Uid,
        /// The stored object.
        root: Arc<Node>,
        /// The generation that it has now.
        generation: i64,
    },
    /// It is deleted, but what it owns comes first.
    WorkloadDeleting {
        /// Which one.
        workload: Uid,
        /// What becomes of what it owns.
        cascade: Cascade,
    },
    /// It no longer exists.
    WorkloadGone {
        /// Which one.
        workload: Uid,
    },
    /// Its controller wrote its status.
    StatusChanged {
        /// Which one.
        workload: Uid,
        /// The new status.
        status: Box<Status>,
    },
    /// A `ControllerRevision` was created.
    RevisionCreated(Revision),
    /// It became the newest again.
    RevisionNumbered {
        /// Which one.
        revision: Uid,
        /// Its new number.
        number: i64,
    },
    /// It got or lost an owner.
    RevisionOwned {
        /// Which one.
        revision: Uid,
        /// Its owners now.
        owners: Vec<Owner>,
    },
    /// It no longer exists.
    RevisionGone {
        /// Which one.
        revision: Uid,
    },
    /// A ReplicaSet was created.
    ReplicaSetCreated(Box<ReplicaSet>),
    /// Its number of replicas changed.
    ReplicaSetScaled {
        /// Which one.
        replica_set: Uid,
        /// How many replicas it had.
        from: i64,
        /// How many replicas it has now.
        to: i64,
    },
    /// The Deployment noted something on it.
    ReplicaSetNoted {
        /// Which one.
        replica_set: Uid,
        /// What it says now.
        note: Note,
    },
    /// Its controller wrote its status.
    ReplicaSetStatus {
        /// Which one.
        replica_set: Uid,
        /// The new status.
        status: ReplicaSetStatus,
    },
    /// It got or lost an owner.
    ReplicaSetOwned {
        /// Which one.
        replica_set: Uid,
        /// Its owners now.
        owners: Vec<Owner>,
    },
    /// It is deleted, but its pods come first.
    ReplicaSetDeleting {
        /// Which one.
        replica_set: Uid,
    },
    /// It no longer exists.
    ReplicaSetGone {
        /// Which one.
        replica_set: Uid,
    },
    /// A pod was created.
    PodCreated(Box<Pod>),
    /// It runs on a node.
    PodBound {
        /// Which one.
        pod: String,
        /// The node.
        node: String,
    },
    /// It is ready.
    PodReady {
        /// Which one.
        pod: String,
    },
    /// It is no longer ready.
    PodUnready {
        /// Which one.
        pod: String,
    },
    /// Its containers stop with an error again and again (`CrashLoopBackOff`).
    PodCrashing {
        /// Which one.
        pod: String,
    },
    /// All its containers have stopped, one of them with an error.
    PodFailed {
        /// Which one.
        pod: String,
    },
    /// All its containers have stopped without an error.
    PodSucceeded {
        /// Which one.
        pod: String,
    },
    /// It is asked to stop.
    PodDeleting {
        /// Which one.
        pod: String,
    },
    /// It no longer exists.
    PodGone {
        /// Which one.
        pod: String,
    },
    /// It got or lost an owner.
    PodOwned {
        /// Which one.
        pod: String,
        /// Its owners now.
        owners: Vec<Owner>,
    },
    /// A claim was created.
    ClaimCreated(Box<Claim>),
    /// It got or lost an owner.
    ClaimOwned {
        /// Which one.
        claim: String,
        /// Its owners now.
        owners: Vec<Owner>,
    },
    /// It is deleted as soon as no pod uses it.
    ClaimDeleting {
        /// Which one.
        claim: String,
    },
    /// It no longer exists.
    ClaimGone {
        /// Which one.
        claim: String,
    },
    /// A claim was changed.
    ClaimChanged {
        /// Which one.
        claim: String,
        /// The stored object.
        root: Arc<Node>,
    },
    /// A Service was created, changed or deleted.
    ServiceStored {
        /// Which one.
        service: String,
        /// The stored object; `None` if it was deleted.
        root: Option<Arc<Node>>,
    },
    /// A disruption budget was created, changed or deleted.
    BudgetStored {
        /// Which one.
        budget: String,
        /// The stored object; `None` if it was deleted.
        root: Option<Arc<Node>>,
    },
    /// The status of a disruption budget changed.
    BudgetChanged {
        /// Which one.
        budget: String,
        /// The new status.
        status: BudgetStatus,
    },
}

/// What becomes of what a deleted object owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cascade {
    /// It is deleted afterwards.
    Background,
    /// It is deleted first.
    Foreground,
    /// It stays.
    Orphan,
}

/// What a Deployment notes on a ReplicaSet in annotations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Note {
    /// `deployment.kubernetes.io/revision`
    pub revision: i64,
    /// `deployment.kubernetes.io/desired-replicas`: the replicas of the Deployment when it last scaled the ReplicaSet.
    pub desired: i64,
    /// `deployment.kubernetes.io/max-replicas`: the same with its surge.
    pub max: i64,
    /// `minReadySeconds`, which is copied as well.
    pub min_ready_seconds: i64,
}
