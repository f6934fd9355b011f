//! Scenarios: what is created, what is done to it, and what its pods do.
//!
//! A scenario is YAML or JSON:
//!
//! ```yaml
//! objects:                # created at tick 0, in this order
//! - {apiVersion: apps/v1, kind: StatefulSet, ...}
//! actions:                # one after the other, each when everything is at rest
//! - {do: patch, body: {spec: {template: {...}}}}   # a strategic merge patch
//! - {do: scale, n: 5, after_ticks: 3}              # at the latest three ticks after the action before
//! never_ready: [db-1]     # pods that never get ready
//! unschedulable: []       # pods that no node has room for
//! ready_ticks: 1          # how many ticks after its start a pod is ready
//! ```
//!
//! [`parse`] reads it, [`run`] runs it, [`Outcome::to_json`] writes what happened.

mod oracle;
mod parse;
mod run;

pub use parse::parse;
pub use run::{Outcome, run};

use crate::controllers::Cascade;
use plimsoll_diag::Span;
use plimsoll_kube::Version;
use plimsoll_kube::manifest::Object;
use plimsoll_yaml::Node;
use std::collections::BTreeSet;

/// How many pods the workloads of a scenario may have together.
pub const MAX_PODS: i64 = 1_000;

/// How many actions a scenario may have.
pub const MAX_ACTIONS: usize = 1_000;

/// What is created, what is done to it, and what its pods do.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The objects that are created at first.
    pub objects: Vec<Object>,
    /// What is done then.
    pub actions: Vec<Action>,
    /// Pods that never get ready.
    pub never_ready: BTreeSet<String>,
    /// Pods that no node has room for.
    pub unschedulable: BTreeSet<String>,
    /// How many ticks after it started to run a pod is ready.
    pub ready_ticks: u32,
    /// The nodes on which DaemonSets run pods.
    pub nodes: Vec<String>,
    /// The version of Kubernetes whose feature gates count.
    pub version: Version,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            objects: Vec::new(),
            actions: Vec::new(),
            never_ready: BTreeSet::new(),
            unschedulable: BTreeSet::new(),
            ready_ticks: 1,
            nodes: ["node-0", "node-1", "node-2"].map(str::to_owned).into(),
            version: Version::DEFAULT,
        }
    }
}

/// Something that is done.
#[derive(Debug, Clone)]
pub struct Action {
    /// What.
    pub what: Do,
    /// How many ticks after the action before it is done at the latest. Without it everything comes to rest before.
    pub after_ticks: Option<u32>,
    /// As it was written.
    pub node: Node,
    /// Where it was written.
    pub span: Span,
}

/// What an action does.
#[derive(Debug, Clone)]
pub enum Do {
    /// Patches the workload.
    Patch(Node),
    /// Changes its number of replicas.
    Scale(i64),
    /// Creates an object.
    Create(Box<Object>),
    /// Deletes the workload.
    Delete(Cascade),
    /// Deletes a pod; by force, without waiting for its containers.
    DeletePod {
        /// The pod.
        pod: String,
        /// Whether by force.
        force: bool,
    },
    /// Asks for the eviction of a pod.
    Evict(String),
    /// Makes a pod fail: its containers stop with an error and are not started again.
    FailPod(String),
    /// Makes a pod unready, for good.
    UnreadyPod(String),
    /// Deletes a claim.
    DeleteClaim(String),
    /// Starts a run of a CronJob.
    Trigger,
    /// Lets seconds pass.
    Wait(i64),
}
