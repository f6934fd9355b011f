//! plimsoll renders, lints and diffs Kubernetes releases built around StatefulSets, and says before
//! `kubectl apply` what the cluster will do with them. No cluster, no network.
//!
//! # The one path
//!
//! ```text
//! chart::load -> values::compute -> render (engine) -> manifest::parse -> { emit | lint | diff -> plan | preview }
//! ```
//!
//! Each stage is a function of its inputs and returns its output plus [`diag::Diagnostic`]s. Imports
//! point only back along the path:
//!
//! | module | what it owns |
//! |---|---|
//! | [`diag`] | sources, spans, diagnostics, rules; how they are shown |
//! | [`yaml`] | the only reader and writer of YAML |
//! | [`chart`] | the chart tree; the one door to a chart's files |
//! | [`values`] | `--set` grammar, merge, scoping, schema, the origin of every leaf |
//! | [`engine`] | template engines: Tera with YAML-aware interpolation, Helm's language |
//! | [`render`] | a release rendered, checked, ordered |
//! | [`manifest`] | objects with spans, typed views |
//! | [`k8s`] | what Kubernetes knows |
//! | [`lint`] | rules, registry, configuration |
//! | [`diff`] | two renders compared, and the plan that follows |
//! | [`preview`] | one render: pods, DNS names, claims, order |
//! | [`history`] | recorded renders on disk |

pub mod chart;
pub mod diag;
pub mod diff;
pub mod engine;
pub mod history;
pub mod k8s;
pub mod lint;
pub mod manifest;
pub mod preview;
pub mod render;
pub mod values;
pub mod yaml;
