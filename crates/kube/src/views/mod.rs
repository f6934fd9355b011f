//! Typed views of objects.
//!
//! A view borrows the tree of an object and names its fields. It costs nothing to make and copies nothing. Where a
//! manifest leaves a field out, a view answers with the API server's default, so that manifests and stored objects
//! read alike. A field of the wrong type reads as a missing one: validation reports it.

mod budget;
mod claim;
mod config_reference;
mod daemon_set;
mod deployment;
mod image;
mod job;
mod number;
mod pod_template;
mod selector;
mod service;
mod stateful_set;
mod workload;

pub use budget::{Budget, UnhealthyPodEviction};
pub use claim::{Claim, Retention, Volume};
pub use config_reference::{ConfigReference, ConfigTarget};
pub use daemon_set::DaemonSet;
pub use deployment::Deployment;
pub use image::Image;
pub use job::{CronJob, Job};
pub use number::IntOrPercent;
pub use pod_template::{Container, Mount, PodTemplate, Probe};
pub use selector::Selector;
pub use service::Service;
pub use stateful_set::StatefulSet;
pub use workload::{Workload, WorkloadKind};

use plimsoll_yaml::{Map, Node};

/// `metadata` of an object or a template.
#[derive(Debug, Clone, Copy, Default)]
pub struct Metadata<'a>(Option<&'a Node>);

impl<'a> Metadata<'a> {
    /// That of an object, or of anything else with a field `metadata`.
    pub fn new(root: &'a Node) -> Self {
        Self(root.get("metadata"))
    }

    /// The name; empty if it has none.
    pub fn name(self) -> &'a str {
        text(self.0, &["name"])
    }

    /// The namespace, if it is given.
    pub fn namespace(self) -> Option<&'a str> {
        self.0?.get("namespace")?.as_str()
    }

    /// The labels.
    pub fn labels(self) -> Option<&'a Map> {
        self.0?.get("labels")?.as_map()
    }

    /// The annotations.
    pub fn annotations(self) -> Option<&'a Map> {
        self.0?.get("annotations")?.as_map()
    }
}

/// The domain that the names of Services and pods end in, unless the kubelets are told another (`--cluster-domain`).
const CLUSTER_DOMAIN: &str = "cluster.local";

/// A string at the end of a path; empty if there is none.
fn text<'a>(node: Option<&'a Node>, path: &[&str]) -> &'a str {
    node.and_then(|node| node.at(path)).and_then(Node::as_str).unwrap_or_default()
}

/// An integer at the end of a path.
fn int(node: Option<&Node>, path: &[&str]) -> Option<i64> {
    node.and_then(|node| node.at(path)).and_then(Node::as_i64)
}

/// The items of a list at the end of a path; none if there is no list.
fn items<'a>(node: Option<&'a Node>, path: &[&str]) -> &'a [Node] {
    node.and_then(|node| node.at(path)).map(Node::items).unwrap_or_default()
}

#[cfg(test)]
mod testing {
    use crate::manifest::{self, Object};
    use plimsoll_diag::{SourceKind, Sources};
    use plimsoll_yaml::{Node, ReadOptions};

    /// The object of a manifest that the test knows to be sound.
    pub(super) fn object(text: &str) -> Object {
        let sources = Sources::new();
        let id = sources.add("test.yaml", text, SourceKind::File);
        let report = manifest::parse(&sources, id, "test.yaml", &ReadOptions::lenient());
        report.output.and_then(|mut objects| objects.pop()).expect("the test's own manifest")
    }

    /// The tree of a text that the test knows to be sound.
    pub(super) fn node(text: &str) -> Node {
        plimsoll_yaml::read_fragment(text.as_bytes()).expect("the test's own YAML")
    }
}
