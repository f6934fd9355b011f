//! The workload controllers as state machines with logical time.
//!
//! [`State`] holds the objects of one namespace. Each controller is a pure function from a state to [`Event`]s, in a file
//! of its own that names the functions of Kubernetes it follows. [`Simulation`] applies the events, calls the controllers
//! until they are at rest, then lets the scripted kubelet ([`Script`]) do one tick, and so on; the [`Timeline`] is what
//! happened.
//!
//! | file | follows |
//! |---|---|
//! | `stateful_set` | `pkg/controller/statefulset` |
//! | `deployment`, `replica_set` | `pkg/controller/deployment`, `pkg/controller/replicaset` |
//! | `daemon_set` | `pkg/controller/daemon` |
//! | `job`, `cron_job` | `pkg/controller/job`, `pkg/controller/cronjob` |
//! | `disruption` | `pkg/controller/disruption`, `pkg/registry/core/pod/storage/eviction.go` |
//! | `endpoints` | `pkg/controller/endpointslice` |
//! | `garbage`, `claim_protection` | `pkg/controller/garbagecollector`, `pkg/controller/volume/pvcprotection` |
//!
//! Not simulated: a scheduler that looks at resources, volumes (claims need no volume), failures of nodes, quotas.

pub mod cron_job;
pub mod daemon_set;
pub mod deployment;
pub mod disruption;
pub mod endpoints;
pub mod job;
pub mod replica_set;
pub mod request;
pub mod stateful_set;
pub mod status;

mod claim_protection;
mod event;
mod garbage;
mod kubelet;
mod run;
mod state;

pub use event::{Cascade, Event, Note};
pub use kubelet::{Pace, Script};
pub use run::{End, Entry, MAX_TICKS, Simulation, Subject, Timeline};
pub use state::{
    Budget, Claim, Moment, Owner, Phase, Pod, PodName, ReplicaSet, ReplicaSetStatus, Revision, State, Uid,
    Workload, controller_of,
};
