//! One render: the pods, DNS names, Services and claims that will come of it, before it exists.
//!
//! [`of`] reads the objects as the server would store them (defaults filled in) and says what the controllers
//! make of them; [`table`], [`json`], [`mermaid`] and [`svg`] show it.

mod json;
mod mermaid;
mod svg;
mod table;

pub use json::json;
pub use mermaid::mermaid;
pub use svg::svg;
pub(crate) use table::section;
pub use table::table;

use crate::k8s::defaults;
use crate::k8s::merge::scalar_text;
use crate::k8s::quantity::Quantity;
use crate::manifest::Object;
use crate::yaml::Node;

/// How many pods of a workload are listed by name; the totals count them all.
pub const MAX_LISTED: i64 = 500;

/// What will come of a render.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preview {
    /// Workloads, in the order of the render.
    pub workloads: Vec<Workload>,
    /// Services, in the order of the render.
    pub services: Vec<Service>,
    /// Claims of StatefulSets by pod, then those that are objects of their own.
    pub claims: Vec<Claim>,
    /// What everything together asks for.
    pub totals: Totals,
}

/// Something that makes pods.
#[derive(Debug, Clone, PartialEq)]
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
    /// What will not work as it is meant to: a governing Service that is missing or not headless.
    pub warnings: Vec<String>,
    /// What one of its pods asks for.
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
    /// How much it asks for.
    pub size: Option<Quantity>,
    /// Its access modes in kubectl's short form: `RWO`.
    pub modes: Vec<String>,
    /// Its storage class; `None` for the cluster's default.
    pub class: Option<String>,
    /// The pod that it is made for; `None` for a claim that is an object of its own.
    pub pod: Option<String>,
}

/// CPU and memory; `None` where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Resources {
    /// Processor time.
    pub cpu: Option<Quantity>,
    /// Memory.
    pub memory: Option<Quantity>,
}

/// What everything together asks for. Pods of which the number is not known count once.
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

/// Says what will come of `objects`. `namespace` is that of objects that name none.
pub fn of(objects: &[Object], namespace: &str) -> Preview {
    let stored: Vec<(&Object, Node)> = objects
        .iter()
        .filter(|object| is_of_interest(&object.kind))
        .map(|object| {
            let mut root = object.root.clone();
            defaults::store(object.group(), &object.kind, &mut root);
            (object, root)
        })
        .collect();
    let home = |object: &Object| object.namespace.clone().unwrap_or_else(|| namespace.to_owned());
    let mut preview = Preview::default();
    for (object, root) in stored.iter().filter(|(object, _)| object.kind == "Service") {
        preview.services.push(service(object, root, home(object)));
    }
    for (object, root) in &stored {
        match object.kind.as_str() {
            "StatefulSet" => stateful_set(object, root, &home(object), &mut preview),
            "Deployment" | "DaemonSet" | "ReplicaSet" | "Job" | "CronJob" | "Pod" => {
                preview.workloads.push(workload(object, root, home(object)));
            }
            _ => {}
        }
    }
    for (object, root) in stored.iter().filter(|(object, _)| object.kind == "PersistentVolumeClaim") {
        preview.claims.push(claim(&object.name, home(object), root, None));
    }
    for (object, root) in stored.iter().filter(|(object, _)| object.kind == "Service") {
        let selected = selected(root, &home(object), &stored, &home);
        if let Some(service) = preview
            .services
            .iter_mut()
            .find(|service| service.name == object.name && service.namespace == home(object))
        {
            service.selects = selected;
        }
    }
    preview.totals = totals(&preview, &stored);
    preview
}

fn is_of_interest(kind: &str) -> bool {
    matches!(
        kind,
        "StatefulSet"
            | "Deployment"
            | "DaemonSet"
            | "ReplicaSet"
            | "Job"
            | "CronJob"
            | "Pod"
            | "Service"
            | "PersistentVolumeClaim"
    )
}

fn text<'a>(root: &'a Node, path: &[&str]) -> &'a str {
    root.at(path).and_then(Node::as_str).unwrap_or_default()
}

fn service(object: &Object, root: &Node, namespace: String) -> Service {
    let kind = text(root, &["spec", "type"]);
    let cluster_ip = match text(root, &["spec", "clusterIP"]) {
        "" if kind == "ExternalName" => "-",
        "" => "allocated",
        ip => ip,
    };
    let ports = root.at(&["spec", "ports"]).map(Node::items).unwrap_or_default();
    let show = |port: &Node, key: &str| port.get(key).and_then(scalar_text).unwrap_or_default().into_owned();
    let ports = ports
        .iter()
        .map(|port| {
            let (number, target) = (show(port, "port"), show(port, "targetPort"));
            let node_port = match show(port, "nodePort") {
                fixed if !fixed.is_empty() => format!(":{fixed}"),
                _ if matches!(kind, "NodePort" | "LoadBalancer") => ":<node port>".to_owned(),
                _ => String::new(),
            };
            let target = if target == number { String::new() } else { format!(" -> {target}") };
            format!("{number}{node_port}/{}{target}", show(port, "protocol"))
        })
        .collect();
    Service {
        dns: format!("{}.{namespace}.svc.cluster.local", object.name),
        name: object.name.clone(),
        namespace,
        kind: kind.to_owned(),
        cluster_ip: cluster_ip.to_owned(),
        ports,
        selects: Vec::new(),
    }
}

/// The workloads whose pod labels a Service's selector matches.
fn selected(
    service: &Node,
    namespace: &str,
    stored: &[(&Object, Node)],
    home: &impl Fn(&Object) -> String,
) -> Vec<String> {
    let Some(selector) = service.at(&["spec", "selector"]).and_then(Node::as_map) else { return Vec::new() };
    if selector.is_empty() {
        return Vec::new();
    }
    let matches = |labels: Option<&Node>| {
        labels.is_some_and(|labels| {
            selector.iter().all(|wanted| labels.get(&wanted.key) == Some(&wanted.value))
        })
    };
    stored
        .iter()
        .filter(|(object, root)| {
            let labels = match object.kind.as_str() {
                "Pod" => root.at(&["metadata", "labels"]),
                "CronJob" => root.at(&["spec", "jobTemplate", "spec", "template", "metadata", "labels"]),
                "Service" | "PersistentVolumeClaim" => None,
                _ => root.at(&["spec", "template", "metadata", "labels"]),
            };
            home(object) == namespace && matches(labels)
        })
        .map(|(object, _)| format!("{}/{}", object.kind, object.name))
        .collect()
}

fn stateful_set(object: &Object, root: &Node, namespace: &str, preview: &mut Preview) {
    let name = &object.name;
    let int = |path: &[&str]| root.at(path).and_then(Node::as_i64).unwrap_or_default().max(0);
    let replicas = int(&["spec", "replicas"]);
    let first = int(&["spec", "ordinals", "start"]);
    let end = first.saturating_add(replicas);
    let partition = first.saturating_add(int(&["spec", "updateStrategy", "rollingUpdate", "partition"]));
    let service_name = text(root, &["spec", "serviceName"]);
    let governing = preview
        .services
        .iter()
        .find(|service| service.name == service_name && service.namespace == namespace);
    let mut warnings = Vec::new();
    let resolves = match governing {
        _ if service_name.is_empty() => {
            warnings.push("no `serviceName`: its pods have no DNS names of their own".to_owned());
            false
        }
        None => {
            warnings.push(format!(
                "`serviceName: {service_name}` names a Service that is not rendered: the pods' DNS names do not resolve unless it exists"
            ));
            false
        }
        Some(service) if service.cluster_ip != "None" => {
            warnings.push(format!(
                "the Service `{service_name}` is not headless: the pods' DNS names do not resolve"
            ));
            false
        }
        Some(_) => true,
    };
    let templates = root.at(&["spec", "volumeClaimTemplates"]).map(Node::items).unwrap_or_default();
    let mut pods = Vec::new();
    for ordinal in first..end.min(first.saturating_add(MAX_LISTED)) {
        let pod = format!("{name}-{ordinal}");
        let mut claims = Vec::new();
        for template in templates {
            let claim_name = format!("{}-{pod}", text(template, &["metadata", "name"]));
            preview.claims.push(claim(&claim_name, namespace.to_owned(), template, Some(pod.clone())));
            claims.push(claim_name);
        }
        let dns = resolves.then(|| format!("{pod}.{service_name}.{namespace}.svc.cluster.local"));
        pods.push(Pod { name: pod, ordinal: Some(ordinal), dns, claims });
    }
    let parallel = text(root, &["spec", "podManagementPolicy"]) == "Parallel";
    let last = end.saturating_sub(1);
    let start = match replicas {
        0 => "no pods".to_owned(),
        1 => format!("{name}-{first}"),
        _ if parallel => format!("{name}-{first} to {name}-{last}, all at once"),
        _ => format!("{name}-{first} to {name}-{last}, each when the one before is ready"),
    };
    let update = if text(root, &["spec", "updateStrategy", "type"]) == "OnDelete" {
        "each pod when you delete it (OnDelete)".to_owned()
    } else if partition >= end {
        format!("none: partition {} excludes all pods", partition.saturating_sub(first))
    } else if last == partition {
        format!("{name}-{last}")
    } else {
        format!("{name}-{last} down to {name}-{partition}, each when the one before is ready")
    };
    let mut leaves = Vec::new();
    if !templates.is_empty() {
        let policy = |field| text(root, &["spec", "persistentVolumeClaimRetentionPolicy", field]);
        let fate = |word: &str| if word == "Delete" { "deletes" } else { "keeps" };
        leaves.push(format!("scaling down {} the claims of the removed pods", fate(policy("whenScaled"))));
        leaves.push(format!("deleting it {} all its claims", fate(policy("whenDeleted"))));
    }
    let spec = root.at(&["spec", "template", "spec"]);
    preview.workloads.push(Workload {
        kind: object.kind.clone(),
        name: name.clone(),
        namespace: namespace.to_owned(),
        replicas: Some(replicas),
        pods,
        start,
        update,
        leaves,
        warnings,
        requests: pod_resources(spec, "requests"),
        limits: pod_resources(spec, "limits"),
    });
}

/// Workloads whose pods have names that only the cluster knows.
fn workload(object: &Object, root: &Node, namespace: String) -> Workload {
    let kind = object.kind.as_str();
    let int = |path: &[&str]| root.at(path).and_then(Node::as_i64);
    let show = |path: &[&str]| root.at(path).and_then(scalar_text).unwrap_or_default().into_owned();
    let (replicas, start, update) = match kind {
        "Deployment" => {
            let update = if text(root, &["spec", "strategy", "type"]) == "Recreate" {
                "all pods stop, then the new ones start (Recreate)".to_owned()
            } else {
                format!(
                    "at most {} missing and {} extra",
                    show(&["spec", "strategy", "rollingUpdate", "maxUnavailable"]),
                    show(&["spec", "strategy", "rollingUpdate", "maxSurge"])
                )
            };
            (int(&["spec", "replicas"]), "all at once", update)
        }
        "ReplicaSet" => {
            (int(&["spec", "replicas"]), "all at once", "existing pods are not updated".to_owned())
        }
        "DaemonSet" => (None, "one on every node", "node by node".to_owned()),
        "Job" => (int(&["spec", "parallelism"]), "all at once", "never: a job runs one template".to_owned()),
        "CronJob" => (None, "on schedule", "the next run".to_owned()),
        _ => (Some(1), "at once", "only its images can change".to_owned()),
    };
    let spec = match kind {
        "Pod" => root.get("spec"),
        "CronJob" => root.at(&["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => root.at(&["spec", "template", "spec"]),
    };
    let volumes = spec.and_then(|spec| spec.get("volumes")).map(Node::items).unwrap_or_default();
    let claims: Vec<String> = volumes
        .iter()
        .map(|volume| text(volume, &["persistentVolumeClaim", "claimName"]))
        .filter(|claim| !claim.is_empty())
        .map(str::to_owned)
        .collect();
    let pods = if kind == "Pod" {
        vec![Pod { name: object.name.clone(), ordinal: None, dns: None, claims }]
    } else {
        Vec::new()
    };
    Workload {
        kind: object.kind.clone(),
        name: object.name.clone(),
        namespace,
        replicas: replicas.map(|replicas| replicas.max(0)),
        pods,
        start: if kind == "CronJob" {
            format!("on schedule: {}", text(root, &["spec", "schedule"]))
        } else {
            start.to_owned()
        },
        update,
        leaves: Vec::new(),
        warnings: Vec::new(),
        requests: pod_resources(spec, "requests"),
        limits: pod_resources(spec, "limits"),
    }
}

fn claim(name: &str, namespace: String, root: &Node, pod: Option<String>) -> Claim {
    let modes = root.at(&["spec", "accessModes"]).map(Node::items).unwrap_or_default();
    let short = |mode: &str| match mode {
        "ReadWriteOnce" => "RWO".to_owned(),
        "ReadOnlyMany" => "ROX".to_owned(),
        "ReadWriteMany" => "RWX".to_owned(),
        "ReadWriteOncePod" => "RWOP".to_owned(),
        other => other.to_owned(),
    };
    Claim {
        name: name.to_owned(),
        namespace,
        size: root
            .at(&["spec", "resources", "requests", "storage"])
            .and_then(|size| Quantity::from_node(size).ok()),
        modes: modes.iter().filter_map(Node::as_str).map(short).collect(),
        class: root.at(&["spec", "storageClassName"]).and_then(Node::as_str).map(str::to_owned),
        pod,
    }
}

/// What one pod asks for, as the scheduler counts: all containers and sidecars together, or the largest step of
/// its initialisation if that is more (`resourcehelper.PodRequests`). A limit is a request where there is none.
fn pod_resources(spec: Option<&Node>, which: &str) -> Resources {
    let Some(spec) = spec else { return Resources::default() };
    let amount = |container: &Node, resource: &str| {
        let at = |list: &str| {
            container
                .at(&["resources", list, resource])
                .and_then(|quantity| Quantity::from_node(quantity).ok())
        };
        at(which).or_else(|| if which == "requests" { at("limits") } else { None })
    };
    let of = |resource: &str| {
        let mut running = None;
        let mut peak = None;
        let inits = spec.get("initContainers").map(Node::items).unwrap_or_default();
        for container in inits {
            let need = amount(container, resource);
            if text(container, &["restartPolicy"]) == "Always" {
                running = sum(running, need);
                peak = larger(peak, running);
            } else {
                peak = larger(peak, sum(running, need));
            }
        }
        for container in spec.get("containers").map(Node::items).unwrap_or_default() {
            running = sum(running, amount(container, resource));
        }
        larger(peak, running)
    };
    Resources { cpu: of("cpu"), memory: of("memory") }
}

fn sum(a: Option<Quantity>, b: Option<Quantity>) -> Option<Quantity> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.plus(&b)),
        (a, b) => a.or(b),
    }
}

fn larger(a: Option<Quantity>, b: Option<Quantity>) -> Option<Quantity> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a < b { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// `count` times a quantity, by doubling.
fn times(quantity: Option<Quantity>, count: i64) -> Option<Quantity> {
    let mut power = quantity?;
    let mut total = None;
    let mut rest = count.max(0);
    while rest > 0 {
        if rest % 2 == 1 {
            total = sum(total, Some(power));
        }
        power = power.plus(&power);
        rest /= 2;
    }
    total
}

fn totals(preview: &Preview, stored: &[(&Object, Node)]) -> Totals {
    let mut totals = Totals::default();
    for workload in &preview.workloads {
        let count = workload.replicas.unwrap_or(1);
        totals.at_least |= workload.replicas.is_none();
        totals.pods = totals.pods.saturating_add(count);
        let add = |to: &mut Resources, one: Resources| {
            to.cpu = sum(to.cpu, times(one.cpu, count));
            to.memory = sum(to.memory, times(one.memory, count));
        };
        add(&mut totals.requests, workload.requests);
        add(&mut totals.limits, workload.limits);
    }
    // Claims are counted from the templates, for not all may be listed.
    for (object, root) in stored {
        let templates = root.at(&["spec", "volumeClaimTemplates"]).map(Node::items).unwrap_or_default();
        let (list, count) = match object.kind.as_str() {
            "StatefulSet" => {
                (templates, root.at(&["spec", "replicas"]).and_then(Node::as_i64).unwrap_or_default().max(0))
            }
            "PersistentVolumeClaim" => (std::slice::from_ref(root), 1),
            _ => continue,
        };
        for one in list {
            totals.claims = totals.claims.saturating_add(count);
            let size = one.at(&["spec", "resources", "requests", "storage"]);
            totals.storage =
                sum(totals.storage, times(size.and_then(|size| Quantity::from_node(size).ok()), count));
        }
    }
    totals
}

/// A quantity for people; a dash for none.
fn shown(quantity: Option<Quantity>) -> String {
    quantity.map_or_else(|| "-".to_owned(), |quantity| quantity.to_string())
}
