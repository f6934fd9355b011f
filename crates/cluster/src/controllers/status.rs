//! What controllers write about their objects.

use std::collections::BTreeSet;

/// The status of a workload.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Status {
    /// Of a StatefulSet.
    StatefulSet(StatefulSetStatus),
    /// Of a Deployment.
    Deployment(DeploymentStatus),
    /// Of a DaemonSet.
    DaemonSet(DaemonSetStatus),
    /// Of a Job.
    Job(JobStatus),
}

/// `apps/v1` `StatefulSetStatus`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatefulSetStatus {
    /// The generation that the controller has seen.
    pub observed_generation: i64,
    /// Pods that exist.
    pub replicas: i64,
    /// Pods that are ready.
    pub ready_replicas: i64,
    /// Pods of the current revision.
    pub current_replicas: i64,
    /// Pods of the update revision.
    pub updated_replicas: i64,
    /// Pods that have been ready for `minReadySeconds`.
    pub available_replicas: i64,
    /// The revision that pods below the partition have; empty before the first sync.
    pub current_revision: String,
    /// The revision that an update moves to.
    pub update_revision: String,
}

/// `apps/v1` `DeploymentStatus`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentStatus {
    /// The generation that the controller has seen.
    pub observed_generation: i64,
    /// Pods that exist and are not being deleted.
    pub replicas: i64,
    /// Pods of the newest ReplicaSet.
    pub updated_replicas: i64,
    /// Pods that are ready.
    pub ready_replicas: i64,
    /// Pods that have been ready for `minReadySeconds`.
    pub available_replicas: i64,
    /// Pods that are missing or not available.
    pub unavailable_replicas: i64,
    /// Pods that are being deleted.
    pub terminating_replicas: i64,
    /// `deployment.kubernetes.io/revision`, an annotation.
    pub revision: i64,
    /// The conditions, the one that changed last at the end.
    pub conditions: Vec<Condition>,
}

/// A condition of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `Available` or `Progressing`.
    pub kind: &'static str,
    /// `True`, `False` or `Unknown`.
    pub status: &'static str,
    /// Why.
    pub reason: &'static str,
    /// When it was last updated, in seconds of the clock.
    pub updated: i64,
}

impl DeploymentStatus {
    /// The condition of that type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// Adds a condition, unless the same status with the same reason is there (`SetDeploymentCondition`).
    pub(super) fn set_condition(&mut self, condition: Condition) {
        let current = self.condition(condition.kind);
        if current
            .is_none_or(|current| (current.status, current.reason) != (condition.status, condition.reason))
        {
            self.remove_condition(condition.kind);
            self.conditions.push(condition);
        }
    }

    /// Removes a condition (`RemoveDeploymentCondition`).
    pub(super) fn remove_condition(&mut self, kind: &str) {
        self.conditions.retain(|condition| condition.kind != kind);
    }
}

/// `apps/v1` `DaemonSetStatus`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DaemonSetStatus {
    /// The generation that the controller has seen.
    pub observed_generation: i64,
    /// Nodes that should run a pod and do.
    pub current_scheduled: i64,
    /// Nodes that run a pod and should not.
    pub misscheduled: i64,
    /// Nodes that should run a pod.
    pub desired_scheduled: i64,
    /// Nodes whose oldest pod is ready.
    pub ready: i64,
    /// Nodes whose oldest pod has the newest template.
    pub updated_scheduled: i64,
    /// Nodes whose oldest pod has been ready for `minReadySeconds`.
    pub available: i64,
    /// Nodes that should run a pod and have none that is available.
    pub unavailable: i64,
}

/// `batch/v1` `JobStatus`, as far as it is simulated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobStatus {
    /// Pods that have not stopped.
    pub active: i64,
    /// Active pods that are ready.
    pub ready: i64,
    /// Pods that have succeeded.
    pub succeeded: i64,
    /// Pods that have failed.
    pub failed: i64,
    /// The indexes that have succeeded.
    pub completed_indexes: BTreeSet<i64>,
    /// How it ended; `None` while it runs.
    pub outcome: Option<JobOutcome>,
}

/// How a Job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    /// All completions were reached.
    Complete,
    /// Too many pods failed.
    Failed,
}

/// `policy/v1` `PodDisruptionBudgetStatus`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BudgetStatus {
    /// How many healthy pods may be evicted now.
    pub disruptions_allowed: i64,
    /// Pods that are ready and not about to be deleted.
    pub current_healthy: i64,
    /// How many pods must be healthy.
    pub desired_healthy: i64,
    /// How many pods there should be.
    pub expected_pods: i64,
    /// Pods whose eviction was granted and has not begun yet.
    pub disrupted: BTreeSet<String>,
    /// Whether a controller of its pods has no number of replicas, so that nothing may be evicted.
    pub is_failed: bool,
}
