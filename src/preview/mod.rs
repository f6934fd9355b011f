//! One render: the pods, DNS names, Services and claims that will come of it, before it exists.
//!
//! [`build_preview`] reads the objects as the server would store them (defaults filled in) and computes what the controllers
//! make of them; [`table`], [`json`], [`mermaid`] and [`svg`] show it.

mod claim;
mod json;
mod mermaid;
mod service;
mod svg;
mod table;
mod totals;
mod workload;

pub use json::json;
pub use mermaid::mermaid;
pub use svg::svg;
pub(crate) use table::section;
pub use table::table;

use crate::k8s::quantity::Quantity;
use crate::k8s::views::{self, WorkloadKind};
use crate::k8s::{Version, defaults};
use crate::manifest::Object;
use crate::yaml::Node;

/// How many pods of a workload are listed by name; the totals count them all.
pub const MAX_LISTED: i64 = 500;

/// What will come of a render.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preview {
    /// The version of Kubernetes that is assumed.
    pub kube_version: Version,
    /// Workloads, in the order of the render.
    pub workloads: Vec<Workload>,
    /// Services, in the order of the render.
    pub services: Vec<Service>,
    /// Claims of StatefulSets by pod, then those that are objects of their own.
    pub claims: Vec<Claim>,
    /// The total requests.
    pub totals: Totals,
}

/// Something that makes pods.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Workload {
    /// `StatefulSet`, `Deployment`, ...
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// How many pods it makes; `None` where that depends on the cluster (one per node) or the clock.
    pub replicas: Option<i64>,
    /// The pods whose names are known before they exist, lowest ordinal first; at most [`MAX_LISTED`].
    pub pods: Vec<Pod>,
    /// In which order its pods start.
    pub start: String,
    /// In which order an update reaches them.
    pub update: String,
    /// What is left when it is scaled down, and when it is deleted; empty where nothing is.
    pub leaves: Vec<String>,
    /// A warning: the governing Service is missing or not headless.
    pub warnings: Vec<String>,
    /// The requests of one of its pods.
    pub requests: Resources,
    /// What one of its pods may use.
    pub limits: Resources,
}

/// A pod whose name is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its ordinal, in a StatefulSet.
    pub ordinal: Option<i64>,
    /// The name that resolves to it, if one does.
    pub dns: Option<String>,
    /// The claims that it mounts.
    pub claims: Vec<String>,
}

/// A Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// `ClusterIP`, `NodePort`, ...
    pub kind: String,
    /// `None` if it is headless, `allocated`, a fixed address, or `-` where it has none.
    pub cluster_ip: String,
    /// Its ports as kubectl prints them (`80/TCP`, `80:30080/TCP`), with the target after an arrow.
    pub ports: Vec<String>,
    /// The workloads whose pods it selects: `kind/name`.
    pub selects: Vec<String>,
    /// The hooks of a chart whose pods it selects as long as they run: `kind/name`.
    pub selected_hooks: Vec<String>,
    /// The name that resolves to it.
    pub dns: String,
}

/// A claim to storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The requested size.
    pub size: Option<Quantity>,
    /// Its access modes in kubectl's short form: `RWO`.
    pub modes: Vec<String>,
    /// Its storage class; `None` for the cluster's default.
    pub class: Option<String>,
    /// The pod that it is made for; `None` for a claim that is an object of its own.
    pub pod: Option<String>,
}

/// CPU and memory; `None` if not set.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Resources {
    /// Processor time.
    pub cpu: Option<Quantity>,
    /// Memory.
    pub memory: Option<Quantity>,
}

/// The total requests. A workload with an unknown number of pods counts as one pod.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// Pods.
    pub pods: i64,
    /// Claims.
    pub claims: i64,
    /// Storage of all claims.
    pub storage: Option<Quantity>,
    /// Requests of all pods.
    pub requests: Resources,
    /// Limits of all pods.
    pub limits: Resources,
    /// Whether workloads were counted whose number of pods depends on the cluster.
    pub at_least: bool,
}

/// Says what will come of `objects` in a cluster of that version. Of the `hooks` of a chart only their pods are shown,
/// where Services select them. `namespace` is that of objects that name none.
pub fn build_preview(objects: &[Object], hooks: &[Object], namespace: &str, version: Version) -> Preview {
    let [stored, hooks] = [objects, hooks].map(|objects| -> Vec<_> {
        objects.iter().filter_map(|object| Stored::new(object, namespace, version)).collect()
    });
    let services = service::all(&stored, &hooks);
    let mut preview = Preview { kube_version: version, services, ..Preview::default() };
    for (workload, namespace) in stored.iter().filter_map(Stored::workload) {
        match workload.stateful_set() {
            Some(set) => {
                preview.workloads.push(workload::stateful_set(set, namespace, &preview.services));
                preview.claims.extend(claim::preview_claims(set, namespace));
            }
            None => preview.workloads.push(workload::preview_other(workload, namespace)),
        }
    }
    preview.claims.extend(stored.iter().filter_map(Stored::claim).map(claim::preview_claim));
    preview.totals = totals::sum_totals(&preview, &stored);
    preview
}

/// An object as the server would store it, with its namespace.
struct Stored<'a> {
    kind: Kind,
    root: Node,
    namespace: &'a str,
}

/// What the preview shows of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Workload(WorkloadKind),
    Service,
    Claim,
}

impl<'a> Stored<'a> {
    /// `None` if the preview shows nothing of the object. `namespace` is that of an object that names none.
    fn new(object: &'a Object, namespace: &'a str, version: Version) -> Option<Self> {
        let kind = match (object.group(), object.kind.as_str()) {
            ("", "Service") => Kind::Service,
            ("", "PersistentVolumeClaim") => Kind::Claim,
            _ => Kind::Workload(WorkloadKind::from_object(object)?),
        };
        let mut root = Node::clone(&object.root);
        defaults::store(object.group(), &object.kind, &mut root);
        defaults::apply_gates(version, object.group(), &object.kind, &mut root);
        Some(Self { kind, root, namespace: object.namespace.as_deref().unwrap_or(namespace) })
    }

    fn workload(&self) -> Option<(views::Workload<'_>, &str)> {
        let Kind::Workload(kind) = self.kind else { return None };
        Some((views::Workload::new(kind, &self.root), self.namespace))
    }

    fn service(&self) -> Option<(views::Service<'_>, &str)> {
        (self.kind == Kind::Service).then(|| (views::Service::new(&self.root), self.namespace))
    }

    fn claim(&self) -> Option<(views::Claim<'_>, &str)> {
        (self.kind == Kind::Claim).then(|| (views::Claim::new(&self.root), self.namespace))
    }
}

/// A quantity for people; a dash for none.
fn format_quantity(quantity: Option<Quantity>) -> String {
    quantity.map_or_else(|| "-".to_owned(), |quantity| quantity.to_string())
}
