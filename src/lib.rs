//! plimsoll renders, lints and diffs Kubernetes releases built around StatefulSets, and says before
//! `kubectl apply` what the cluster will do with them. No cluster, no network: the binary fetches charts with
//! `plimsoll-registry`.
//!
//! # The one path
//!
//! ```text
//! chart::load -> values::compute -> render (engine) -> manifest::parse -> { emit | lint | diff -> plan | preview }
//! ```
//!
//! Each stage is a function of its inputs and returns its output plus [`diag::Diagnostic`]s. Imports
//! point only back along the path. What knows nothing of charts is in crates of its own, so that cargo
//! keeps the direction: `plimsoll-limits`, below `plimsoll-diag`, below `plimsoll-yaml`, below `plimsoll-gotmpl` and `plimsoll-kube`.
//!
//! | module | what it owns |
//! |---|---|
//! | [`limits`] | how long the process may run, and how much memory it may allocate (`crates/limits`) |
//! | [`diag`] | sources, spans, diagnostics, rules; how they are shown (`crates/diag`) |
//! | [`yaml`] | the only reader and writer of YAML (`crates/yaml`) |
//! | [`gotmpl`] | Helm's template language, and its version constraints (`crates/gotmpl`) |
//! | [`chart`] | the chart tree; the one door to a chart's files |
//! | [`values`] | `--set` grammar, merge, scoping, schema, the origin of every leaf |
//! | [`engine`] | template engines: Tera with YAML-aware interpolation, Helm's language |
//! | [`render`] | a release rendered, checked, ordered |
//! | [`manifest`] | objects with spans (`crates/kube`) |
//! | [`manifests`] | manifests of files and directories |
//! | [`k8s`] | what Kubernetes knows (`crates/kube`) |
//! | [`cluster`] | an API server in memory and its clients (`crates/cluster`) |
//! | [`policies`] | admission policies that a cluster has besides a release |
//! | [`kustomize`] | kustomizations, built without network |
//! | [`lint`] | rules, registry, configuration |
//! | [`diff`] | two renders compared, and the plan that follows |
//! | [`convert`] | Helm charts as Tera charts |
//! | [`create`] | new charts, from nothing or from manifests |
//! | [`preview`] | one render: pods, DNS names, claims, order |
//! | [`rehearse`] | an upgrade, run step by step on simulated controllers (`crates/cluster`) |
//! | [`unittest`] | tests of charts: suites, assertions, snapshots, cases, coverage, reports |
//! | [`digest`] | the digests that stand for secret values in recorded renders |
//! | [`history`] | recorded renders on disk |
//! | [`authoring`] | the files that follow from a chart: documentation, schemas |
//! | [`world`] | the one door to the outside: files, the time, random numbers |

pub use plimsoll_cluster as cluster;
pub use plimsoll_diag as diag;
pub use plimsoll_gotmpl as gotmpl;
pub use plimsoll_kube as k8s;
pub use plimsoll_kube::manifest;
pub use plimsoll_limits as limits;
pub use plimsoll_openpgp as openpgp;
pub use plimsoll_sops as sops;
pub use plimsoll_yaml as yaml;

pub mod authoring;
pub mod chart;
pub mod convert;
pub mod create;
pub mod diff;
pub mod digest;
pub mod engine;
pub mod history;
pub mod kustomize;
pub mod lint;
pub mod manifests;
pub mod policies;
pub mod preview;
pub mod rehearse;
pub mod render;
pub mod unittest;
pub mod values;
pub mod world;
