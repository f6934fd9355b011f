//! The values that a chart is usually configured with, lifted out of manifests: images, replicas, resources, ports, storage,
//! schedules and the namespace.
//!
//! A value is lifted only where every field that means the same is known: a port that is named by number in a probe or a
//! Service is one value, and a namespace that is part of a host name stays as it is.

use super::server_fields::at_mut;
use super::settings::{Kind, Settings};
use super::template::{Expression, Places};
use crate::k8s::views::{Image, Metadata, Selector, Service, Workload, WorkloadKind};
use crate::manifest::Object;
use crate::yaml::{Node, Value};
use heck::{ToLowerCamelCase as _, ToUpperCamelCase as _};

/// Manifests whose values were lifted.
#[derive(Debug)]
pub(super) struct Lifted {
    /// The trees of the objects, in their order, with places for the values.
    pub(super) trees: Vec<Node>,
    /// The places.
    pub(super) places: Places,
    /// The values.
    pub(super) settings: Settings,
    /// The values of the workloads.
    pub(super) workloads: Vec<LiftedWorkload>,
}

/// The values of one workload.
#[derive(Debug, Default)]
pub(super) struct LiftedWorkload {
    /// Which object it is.
    pub(super) object: usize,
    /// The number of replicas, if it was lifted.
    pub(super) replicas: Option<Vec<String>>,
    /// The tag of the first image, if it has one.
    pub(super) tag: Option<Vec<String>>,
}

/// Lifts the values of objects.
pub(super) fn lift(objects: &[Object]) -> Lifted {
    let trees: Vec<Node> = objects.iter().map(|object| Node::clone(&object.root)).collect();
    let places = Places::new(&trees);
    let mut lifter = Lifter {
        objects,
        trees,
        places,
        settings: Settings::default(),
        workloads: Vec::new(),
        container_ports: Vec::new(),
        service_ports: Vec::new(),
    };
    lifter.namespace();
    lifter.all_workloads();
    lifter.claims();
    lifter.services();
    lifter.ingresses();
    lifter.network_policies();
    let Lifter { trees, places, settings, workloads, .. } = lifter;
    Lifted { trees, places, settings, workloads }
}

struct Lifter<'a> {
    objects: &'a [Object],
    trees: Vec<Node>,
    places: Places,
    settings: Settings,
    workloads: Vec<LiftedWorkload>,
    /// The ports of containers: the workload's object, the number, the value.
    container_ports: Vec<(usize, i64, Vec<String>)>,
    /// The ports of Services: the Service's object, the number, the value.
    service_ports: Vec<(usize, i64, Vec<String>)>,
}

impl Lifter<'_> {
    /// Lifts a number, a string or a map; other nodes stay as they are. Returns whether it was lifted.
    fn lift(
        &mut self,
        object: usize,
        at: &[Step<'_>],
        path: &[String],
        doc: impl Into<String>,
        kind: Kind,
    ) -> bool {
        let Some(node) = step(&mut self.trees[object], at) else { return false };
        let default = node.clone();
        let expression = match (&default.value, kind) {
            (Value::Int(0..=999_999), Kind::Count | Kind::Port) => Expression::Number(path.to_vec()),
            (Value::String(text), Kind::Text | Kind::Choice(_) | Kind::Quantity) if is_simple(text) => {
                Expression::Text(path.to_vec())
            }
            (Value::Map(map), Kind::Map) if !map.is_empty() => Expression::Block(path.to_vec()),
            _ => return false,
        };
        self.places.put(node, expression);
        self.settings.add(path, default, doc, kind);
        true
    }

    /// Writes a value that was lifted elsewhere in the place of another field that means the same.
    fn refer(&mut self, object: usize, at: &[Step<'_>], path: &[String]) {
        if let Some(node) = step(&mut self.trees[object], at) {
            self.places.put(node, Expression::Number(path.to_vec()));
        }
    }

    /// A path that is not used yet: the key, or the key with a number.
    fn free(&self, prefix: &[String], key: &str) -> Vec<String> {
        let candidates = std::iter::once(key.to_owned()).chain((2..).map(|number| format!("{key}{number}")));
        let mut paths = candidates.map(|key| [prefix, &[key]].concat());
        paths.find(|path| !self.settings.is_used(path)).unwrap_or_default()
    }

    fn all_workloads(&mut self) {
        let found: Vec<(usize, WorkloadKind)> = self
            .objects
            .iter()
            .enumerate()
            .filter_map(|(index, object)| Some((index, WorkloadKind::from_object(object)?)))
            .collect();
        let is_only_one = found.len() == 1;
        for (index, kind) in found {
            let prefix = if is_only_one {
                Vec::new()
            } else {
                let path = self.free(&[], &identifier(&self.objects[index].name, kind.as_str()));
                self.settings
                    .describe(&path, format!("The {} `{}`.", kind.as_str(), self.objects[index].name));
                path
            };
            let mut lifted = LiftedWorkload { object: index, ..LiftedWorkload::default() };
            self.workload(kind, &prefix, &mut lifted);
            self.workloads.push(lifted);
        }
    }

    fn workload(&mut self, kind: WorkloadKind, prefix: &[String], lifted: &mut LiftedWorkload) {
        let index = lifted.object;
        let replicas = join(prefix, &["replicaCount"]);
        let at = [Step::Key("spec"), Step::Key("replicas")];
        if kind.runs_forever() && self.lift(index, &at, &replicas, "How many pods run.", Kind::Count) {
            lifted.replicas = Some(replicas);
        }
        if kind == WorkloadKind::CronJob {
            let at = [Step::Key("spec"), Step::Key("schedule")];
            let doc = "When the job runs, in the format of cron.";
            self.lift(index, &at, &join(prefix, &["schedule"]), doc, Kind::Text);
        }
        let pod: Vec<Step<'_>> =
            kind.template_path().iter().chain(&["spec"]).map(|key| Step::Key(key)).collect();
        for list in ["containers", "initContainers"] {
            let pod_containers = [&pod[..], &[Step::Key(list)]].concat();
            let count = step(&mut self.trees[index], &pod_containers).map_or(0, |list| list.items().len());
            for number in 0..count {
                let at = [&pod_containers[..], &[Step::Index(number)]].concat();
                let is_main = list == "containers" && number == 0;
                self.container(index, &at, prefix, is_main, lifted);
            }
        }
        self.probes(index, &pod);
        self.claim_templates(index, kind, prefix);
    }

    fn container(
        &mut self,
        object: usize,
        at: &[Step<'_>],
        prefix: &[String],
        is_main: bool,
        lifted: &mut LiftedWorkload,
    ) {
        let Some(container) = step(&mut self.trees[object], at).map(|node| node.clone()) else { return };
        let name = container.get("name").and_then(Node::as_str).unwrap_or_default();
        let prefix = if is_main {
            prefix.to_vec()
        } else {
            let path = self.free(prefix, &identifier(name, "container"));
            self.settings.describe(&path, format!("The container `{name}`."));
            path
        };
        let tag = self.image(object, &[at, &[Step::Key("image")]].concat(), &prefix);
        if is_main {
            lifted.tag = tag;
        }
        let resources = [at, &[Step::Key("resources")]].concat();
        let doc = "The resources of the container: requests and limits.";
        self.lift(object, &resources, &join(&prefix, &["resources"]), doc, Kind::Map);
        let ports = container.get("ports").map_or(0, |ports| ports.items().len());
        for number in 0..ports {
            let at = [at, &[Step::Key("ports"), Step::Index(number), Step::Key("containerPort")]].concat();
            let port = &container.get("ports").map_or(&[][..], Node::items)[number];
            let key = port.get("name").and_then(Node::as_str).unwrap_or("port");
            let path = self.free(&join(&prefix, &["ports"]), &identifier(key, "port"));
            let known = port.get("containerPort").and_then(Node::as_i64);
            if self.lift(object, &at, &path, "The port that the container listens on.", Kind::Port)
                && let Some(known) = known
            {
                // In the network of the node both must be the same.
                if port.get("hostPort").and_then(Node::as_i64) == Some(known) {
                    let host = [&at[..at.len() - 1], &[Step::Key("hostPort")]].concat();
                    self.refer(object, &host, &path);
                }
                self.container_ports.push((object, known, path));
            }
        }
    }

    /// Lifts the parts of an image's name. Returns the value of its tag.
    fn image(&mut self, object: usize, at: &[Step<'_>], prefix: &[String]) -> Option<Vec<String>> {
        let node = step(&mut self.trees[object], at)?;
        let text = node.as_str().filter(|text| is_simple(text))?.to_owned();
        let Image { name: repository, tag, digest } = Image::parse(&text);
        if repository.is_empty() || tag == Some("") || digest == Some("") {
            return None;
        }
        let path = |key: &str| join(prefix, &["image", key]);
        let expression = Expression::Image {
            repository: path("repository"),
            tag: tag.map(|_| path("tag")),
            digest: digest.map(|_| path("digest")),
        };
        self.places.put(node, expression);
        let parts = [
            ("repository", Some(repository), "The image, without its tag."),
            ("tag", tag, "The tag of the image."),
            ("digest", digest, "The digest of the image."),
        ];
        for (key, part, doc) in parts {
            if let Some(part) = part {
                self.settings.add(&path(key), Node::bare(part), doc, Kind::Text);
            }
        }
        tag.map(|_| path("tag"))
    }

    /// Writes the values of container ports into the probes and hooks that name them by number.
    fn probes(&mut self, object: usize, pod: &[Step<'_>]) {
        const HANDLERS: [&[&str]; 5] = [
            &["livenessProbe"],
            &["readinessProbe"],
            &["startupProbe"],
            &["lifecycle", "postStart"],
            &["lifecycle", "preStop"],
        ];
        for list in ["containers", "initContainers"] {
            let list = [pod, &[Step::Key(list)]].concat();
            let count = step(&mut self.trees[object], &list).map_or(0, |list| list.items().len());
            for number in 0..count {
                for (handler, action) in HANDLERS
                    .iter()
                    .flat_map(|handler| ["httpGet", "tcpSocket", "grpc"].map(|action| (handler, action)))
                {
                    let mut at = [&list[..], &[Step::Index(number)]].concat();
                    at.extend(handler.iter().map(|key| Step::Key(key)));
                    at.extend([Step::Key(action), Step::Key("port")]);
                    let port = step(&mut self.trees[object], &at).and_then(|port| port.as_i64());
                    if let Some(path) = port.and_then(|port| self.container_port(object, port)) {
                        self.refer(object, &at, &path);
                    }
                }
            }
        }
    }

    fn container_port(&self, object: usize, number: i64) -> Option<Vec<String>> {
        let mut ports = self.container_ports.iter();
        ports.find(|(owner, known, _)| *owner == object && *known == number).map(|(_, _, path)| path.clone())
    }

    fn claim_templates(&mut self, object: usize, kind: WorkloadKind, prefix: &[String]) {
        let claims = Workload::new(kind, &self.objects[object].root).claim_templates();
        for (number, claim) in claims.iter().enumerate() {
            let name = Metadata::new(claim).name();
            let path = self.free(&join(prefix, &["persistence"]), &identifier(name, "claim"));
            let at = [Step::Key("spec"), Step::Key("volumeClaimTemplates"), Step::Index(number)];
            self.storage(object, &at, &path);
        }
    }

    fn claims(&mut self) {
        for (index, object) in self.objects.iter().enumerate() {
            if object.kind == "PersistentVolumeClaim" {
                let path = self.free(&join(&[], &["persistence"]), &identifier(&object.name, "claim"));
                self.storage(index, &[], &path);
            }
        }
    }

    /// Lifts the size and the storage class of a claim.
    fn storage(&mut self, object: usize, at: &[Step<'_>], path: &[String]) {
        let size: Vec<Step<'_>> =
            ["spec", "resources", "requests", "storage"].into_iter().map(Step::Key).collect();
        let class = [Step::Key("spec"), Step::Key("storageClassName")];
        let doc = "The size of each volume.";
        self.lift(object, &[at, &size].concat(), &join(path, &["size"]), doc, Kind::Quantity);
        let doc = "The class of the storage.";
        self.lift(object, &[at, &class].concat(), &join(path, &["storageClassName"]), doc, Kind::Text);
    }

    fn services(&mut self) {
        const TYPES: &[&str] = &["ClusterIP", "NodePort", "LoadBalancer"];
        let objects = self.objects;
        let found: Vec<usize> = (0..objects.len())
            .filter(|index| objects[*index].kind == "Service" && objects[*index].group().is_empty())
            .collect();
        let is_only_one = found.len() == 1;
        for index in found {
            let service = Service::new(&objects[index].root);
            let path = if is_only_one {
                self.free(&[], "service")
            } else {
                let path = self.free(&join(&[], &["services"]), &identifier(&objects[index].name, "service"));
                self.settings.describe(&path, format!("The Service `{}`.", objects[index].name));
                path
            };
            if TYPES.contains(&service.service_type()) && !service.is_headless() {
                let doc = "How the Service is reached: ClusterIP, NodePort or LoadBalancer.";
                let at = [Step::Key("spec"), Step::Key("type")];
                self.lift(index, &at, &join(&path, &["type"]), doc, Kind::Choice(TYPES));
            }
            let targets: Vec<usize> = (0..objects.len())
                .filter(|target| is_selected(&service, &objects[index], &objects[*target]))
                .collect();
            for (number, port) in service.ports().iter().enumerate() {
                self.service_port(index, number, port, &path, &targets);
            }
        }
    }

    /// Lifts a port of a Service. A port without a target is the container's, too.
    fn service_port(&mut self, object: usize, number: usize, port: &Node, path: &[String], pods: &[usize]) {
        let at = |key| [Step::Key("spec"), Step::Key("ports"), Step::Index(number), Step::Key(key)];
        let Some(known) = port.get("port").and_then(Node::as_i64) else { return };
        let target = port.get("targetPort");
        let container = target.map_or(Some(known), Node::as_i64);
        let container =
            container.and_then(|wanted| pods.iter().find_map(|pod| self.container_port(*pod, wanted)));
        match (target, container) {
            (None, Some(container)) => {
                self.refer(object, &at("port"), &container);
                self.service_ports.push((object, known, container));
                return;
            }
            (Some(_), Some(container)) => self.refer(object, &at("targetPort"), &container),
            _ => {}
        }
        let key = port.get("name").and_then(Node::as_str).unwrap_or("port");
        let path = self.free(&join(path, &["ports"]), &identifier(key, "port"));
        if self.lift(object, &at("port"), &path, "The port of the Service.", Kind::Port) {
            self.service_ports.push((object, known, path));
        }
    }

    /// Writes the values of Service ports into the Ingresses that name them by number.
    fn ingresses(&mut self) {
        for index in 0..self.objects.len() {
            let object = &self.objects[index];
            if object.kind != "Ingress" {
                continue;
            }
            let namespace = object.namespace.clone();
            let (objects, ports) = (self.objects, self.service_ports.clone());
            let places = &mut self.places;
            each_backend(&mut self.trees[index], &mut |backend| {
                let name = backend.get("name").and_then(Node::as_str).map(str::to_owned);
                let Some(number) = at_mut(backend, &["port", "number"]) else { return };
                let port = ports.iter().find(|(service, known, _)| {
                    Some(&objects[*service].name) == name.as_ref()
                        && objects[*service].namespace == namespace
                        && number.as_i64() == Some(*known)
                });
                if let Some((_, _, path)) = port {
                    places.put(number, Expression::Number(path.clone()));
                }
            });
        }
    }

    /// Writes the values of container ports into the network policies that name them by number.
    fn network_policies(&mut self) {
        let objects = self.objects;
        for (index, policy) in objects.iter().enumerate().filter(|(_, object)| object.kind == "NetworkPolicy")
        {
            let Some(selector) = policy.at(&["spec", "podSelector"]).map(Selector::label_selector) else {
                continue;
            };
            let is_selected = |object: &Object| {
                object.namespace == policy.namespace
                    && Workload::from_object(object)
                        .is_some_and(|workload| selector.matches(workload.template().labels()))
            };
            let pods: Vec<usize> = (0..objects.len()).filter(|pod| is_selected(&objects[*pod])).collect();
            let rules = policy.at(&["spec", "ingress"]).map_or(&[][..], Node::items);
            for (rule, node) in rules.iter().enumerate() {
                for (number, port) in node.get("ports").map_or(&[][..], Node::items).iter().enumerate() {
                    let Some(known) = port.get("port").and_then(Node::as_i64) else { continue };
                    let values = pods.iter().filter_map(|pod| self.container_port(*pod, known));
                    let mut values: Vec<Vec<String>> = values.collect();
                    // Of several workloads none is meant more than the others.
                    if values.len() == 1 && values.len() == pods.len() {
                        let steps = [
                            Step::Key("spec"),
                            Step::Key("ingress"),
                            Step::Index(rule),
                            Step::Key("ports"),
                            Step::Index(number),
                            Step::Key("port"),
                        ];
                        self.refer(index, &steps, &values.remove(0));
                    }
                }
            }
        }
    }

    /// Lifts the namespace, if all objects are in the same one and nothing else refers to it.
    fn namespace(&mut self) {
        let mut namespaces: Vec<&str> =
            self.objects.iter().filter_map(|object| object.namespace.as_deref()).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        let [namespace] = namespaces[..] else { return };
        let namespace = namespace.to_owned();
        let path = join(&[], &["namespace"]);
        let mut trees = self.trees.clone();
        let places = &mut self.places;
        let mut put = |node: &mut Node| {
            if node.as_str() == Some(&namespace) {
                places.put(node, Expression::Text(path.clone()));
            }
        };
        for (tree, object) in trees.iter_mut().zip(self.objects) {
            if let Some(node) = at_mut(tree, &["metadata", "namespace"]) {
                put(node);
            }
            if object.kind == "Namespace"
                && let Some(node) = at_mut(tree, &["metadata", "name"])
            {
                put(node);
            }
            if let Some(Value::Seq(subjects)) = at_mut(tree, &["subjects"]).map(|node| &mut node.value) {
                subjects.iter_mut().filter_map(|subject| at_mut(subject, &["namespace"])).for_each(&mut put);
            }
        }
        if trees.iter().any(|tree| names_namespace(tree, &namespace)) {
            return;
        }
        self.trees = trees;
        let doc = "The namespace of the objects.";
        self.settings.add(&path, Node::bare(namespace), doc, Kind::Text);
    }
}

/// Whether a field called `namespace`, or a host name, refers to a namespace.
fn names_namespace(node: &Node, namespace: &str) -> bool {
    let is_host = |text: &str| {
        let dotted = format!(".{namespace}");
        text.match_indices(&dotted).any(|(at, _)| {
            !text[at + dotted.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
        })
    };
    match &node.value {
        Value::String(text) => is_host(text),
        Value::Seq(items) => items.iter().any(|item| names_namespace(item, namespace)),
        Value::Map(map) => map.iter().any(|entry| {
            let is_field = entry.key.to_ascii_lowercase().contains("namespace");
            let is_named = |node: &Node| node.as_str() == Some(namespace);
            is_field && (is_named(&entry.value) || entry.value.items().iter().any(is_named))
                || names_namespace(&entry.value, namespace)
        }),
        _ => false,
    }
}

/// Whether a Service selects the pods of an object.
fn is_selected(service: &Service<'_>, at: &Object, target: &Object) -> bool {
    let selector: Selector<'_> = service.selector();
    Workload::from_object(target).is_some_and(|workload| {
        at.namespace == target.namespace
            && !selector.is_empty()
            && selector.matches(workload.template().labels())
    })
}

/// Calls `see` with every `service` of an Ingress's backends.
fn each_backend(node: &mut Node, see: &mut impl FnMut(&mut Node)) {
    match &mut node.value {
        Value::Map(map) => {
            for entry in map.iter_mut() {
                if entry.key == "service" {
                    see(&mut entry.value);
                } else {
                    each_backend(&mut entry.value, see);
                }
            }
        }
        Value::Seq(items) => items.iter_mut().for_each(|item| each_backend(item, see)),
        _ => {}
    }
}

/// A step into a tree.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The node at the end of some steps.
fn step<'n>(node: &'n mut Node, steps: &[Step<'_>]) -> Option<&'n mut Node> {
    steps.iter().try_fold(node, |node, step| match (step, &mut node.value) {
        (Step::Key(key), Value::Map(map)) => map.get_mut(key),
        (Step::Index(index), Value::Seq(items)) => items.get_mut(*index),
        _ => None,
    })
}

fn join(prefix: &[String], keys: &[&str]) -> Vec<String> {
    prefix.iter().cloned().chain(keys.iter().map(|key| (*key).to_owned())).collect()
}

/// Whether a text can be written into a template's quotes and read back without surprise.
fn is_simple(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
        && !text.contains(['{', '}', '"', '\\'])
}

/// A name as a key that both template languages can read after a dot: `my-app` is `myApp`.
fn identifier(name: &str, kind: &str) -> String {
    /// Keys that mean something else where they would stand.
    const TAKEN: [&str; 20] = [
        "and",
        "containers",
        "else",
        "false",
        "global",
        "if",
        "image",
        "in",
        "is",
        "namespace",
        "none",
        "not",
        "null",
        "or",
        "persistence",
        "ports",
        "replicaCount",
        "resources",
        "schedule",
        "true",
    ];
    let camel: String = name.to_lower_camel_case().chars().filter(char::is_ascii_alphanumeric).collect();
    let starts_well = camel.starts_with(|c: char| c.is_ascii_alphabetic());
    if starts_well && !TAKEN.contains(&camel.as_str()) && !["service", "services"].contains(&camel.as_str()) {
        return camel;
    }
    format!("{}{}", kind.to_lower_camel_case(), camel.to_upper_camel_case())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::EngineKind;
    use crate::diag::{SourceKind, Sources};
    use crate::yaml::{ReadOptions, emit};

    fn lifted(text: &str) -> Lifted {
        let sources = Sources::new();
        let source = sources.add("in.yaml", text, SourceKind::File);
        let report = crate::manifest::parse(&sources, source, "in.yaml", &ReadOptions::strict());
        assert_eq!(report.diagnostics, []);
        lift(&report.output.unwrap())
    }

    fn values(lifted: &Lifted) -> Vec<(String, String)> {
        let settings = lifted.settings.iter();
        settings.map(|one| (one.path.join("."), emit::flow_json(&one.default))).collect()
    }

    fn templates(lifted: &Lifted) -> Vec<String> {
        lifted.trees.iter().map(|tree| lifted.places.template(tree, EngineKind::Tera)).collect()
    }

    fn pod(name: &str, container: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\nspec:\n  containers:\n  - \
             {container}\n---\n"
        )
    }

    #[test]
    fn the_parts_of_an_image_are_values_of_their_own() {
        for (image, expected) in [
            ("nginx", vec![("image.repository", "nginx")]),
            ("a.example:5000/b/c", vec![("image.repository", "a.example:5000/b/c")]),
            ("a.example:5000/b:1.10", vec![("image.repository", "a.example:5000/b"), ("image.tag", "1.10")]),
            (
                "b:1@sha256:ab",
                vec![("image.repository", "b"), ("image.tag", "1"), ("image.digest", "sha256:ab")],
            ),
            ("b@sha256:ab", vec![("image.repository", "b"), ("image.digest", "sha256:ab")]),
            ("b:", vec![]),
            ("${IMAGE}", vec![]),
        ] {
            let lifted = lifted(&pod("a", &format!("{{name: a, image: '{image}'}}")));
            let expected: Vec<(String, String)> =
                expected.into_iter().map(|(path, value)| (path.to_owned(), format!("\"{value}\""))).collect();
            assert_eq!(values(&lifted), expected, "{image}");
        }
    }

    #[test]
    fn a_port_is_one_value_wherever_it_is_named() {
        let container = "{name: a, image: {}, ports: [{name: http, containerPort: 8080}], \
            readinessProbe: {httpGet: {port: 8080}}, livenessProbe: {tcpSocket: {port: http}}}";
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  selector: {app: a}\n  ports:\n  - \
            {name: web, port: 80, targetPort: 8080}\n  - {name: same, port: 8080}\n---\n";
        let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec:\n  \
            defaultBackend: {service: {name: a, port: {number: 80}}}\n---\n";
        let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  \
            podSelector: {matchLabels: {app: a}}\n  ingress: [{ports: [{port: 8080}]}]\n";
        let lifted = lifted(&[&pod("a", container), service, ingress, policy].concat());
        assert_eq!(
            values(&lifted),
            [("ports.http".to_owned(), "8080".to_owned()), ("service.ports.web".to_owned(), "80".to_owned())]
        );
        let texts = templates(&lifted);
        assert!(texts.iter().all(|text| !text.contains("80")), "{texts:#?}");
        assert_eq!(texts.concat().matches("{{ values.ports.http }}").count(), 5);
        assert_eq!(texts.concat().matches("{{ values.service.ports.web }}").count(), 2);
    }

    #[test]
    fn several_workloads_have_values_of_their_own() {
        let names = ["my-app", "myApp", "\"2048\"", "service"];
        let text: String = names.map(|name| pod(name, "{name: image, image: nginx}")).concat();
        let lifted = lifted(&text);
        let paths: Vec<String> = values(&lifted).into_iter().map(|(path, _)| path).collect();
        assert_eq!(
            paths,
            ["myApp", "myApp2", "pod2048", "podService"].map(|key| format!("{key}.image.repository"))
        );
    }

    #[test]
    fn a_namespace_is_lifted_only_where_nothing_else_names_it() {
        let config = |data: &str| {
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: shop}}\ndata: {{url: '{data}'}}\n"
            )
        };
        assert_eq!(
            values(&lifted(&config("db.shopping"))),
            [("namespace".to_owned(), "\"shop\"".to_owned())]
        );
        assert_eq!(values(&lifted(&config("db.shop.svc"))), []);
        let other = config("x").replace("namespace: shop", "namespace: other").replace("name: a", "name: b");
        assert_eq!(values(&lifted(&[&config("x"), "---\n", &other].concat())), []);
    }
}
