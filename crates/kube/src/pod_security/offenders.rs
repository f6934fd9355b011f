//! A pod as controls look at it, and the containers that break one.

use crate::Version;
use crate::views::{Container, PodTemplate};
use plimsoll_yaml::Node;
use std::collections::BTreeSet;

/// A pod, and the server that is asked about it.
#[derive(Clone, Copy)]
pub(super) struct Pod<'a> {
    template: PodTemplate<'a>,
    /// Code that does not depend on the version of the standards may still depend on that of the server.
    pub(super) server: Version,
}

impl<'a> Pod<'a> {
    pub(super) fn new(template: PodTemplate<'a>, server: Version) -> Self {
        Self { template, server }
    }

    /// A field of the spec, unless it is null: `securityContext.seLinuxOptions`.
    pub(super) fn field(self, path: &str) -> Option<&'a Node> {
        let spec = self.template.at(&["spec"])?;
        descend(spec, path)
    }

    /// Whether a field of the spec is true.
    pub(super) fn is_true(self, path: &str) -> bool {
        self.field(path).and_then(Node::as_bool).unwrap_or(false)
    }

    /// The path of a field of the spec, from the workload.
    pub(super) fn path(self, field: &str) -> String {
        self.template.path(&format!("spec.{field}"))
    }

    /// The annotations, each with its path.
    pub(super) fn annotations(self) -> impl Iterator<Item = (&'a str, &'a str, String)> {
        let entries = self.template.annotations().into_iter().flatten();
        entries.filter_map(move |entry| {
            let path = self.template.path(&format!("metadata.annotations[{}]", entry.key));
            Some((entry.key.as_str(), entry.value.as_str()?, path))
        })
    }

    /// Init containers and containers, as `visitContainers` visits them. Ephemeral containers are never part of a new pod.
    pub(super) fn containers(self) -> impl Iterator<Item = Container<'a>> {
        self.template.all_containers()
    }

    /// The volumes, each with its path.
    pub(super) fn volumes(self) -> impl Iterator<Item = (&'a Node, String)> {
        let volumes = self.template.volumes().iter().enumerate();
        volumes.map(move |(index, volume)| (volume, self.path(&format!("volumes[{index}]"))))
    }

    /// Whether validation keeps it from having the security settings of Linux.
    pub(super) fn is_windows(self) -> bool {
        self.field("os.name").and_then(Node::as_str) == Some("windows")
    }

    /// Whether it has a user namespace of its own (`relaxPolicyForUserNamespacePod`).
    pub(super) fn has_user_namespace(self) -> bool {
        self.field("hostUsers").and_then(Node::as_bool) == Some(false)
    }
}

/// A field of a container by its dotted path, unless it is null.
pub(super) fn field<'a>(container: Container<'a>, path: &str) -> Option<&'a Node> {
    descend(container.node, path)
}

fn descend<'a>(node: &'a Node, path: &str) -> Option<&'a Node> {
    let mut node = node;
    for step in path.split('.') {
        node = node.get(step)?;
    }
    (!node.is_null()).then_some(node)
}

/// The text at a path; empty if there is none, as for Go's decoder.
pub(super) fn text<'a>(node: &'a Node, path: &str) -> &'a str {
    descend(node, path).and_then(Node::as_str).unwrap_or_default()
}

/// What breaks a control: the pod itself, containers, or both.
#[derive(Default)]
pub(super) struct Offenders<'a> {
    has_pod: bool,
    containers: Vec<&'a str>,
    pub(super) paths: Vec<String>,
}

impl<'a> Offenders<'a> {
    /// The containers that have a field which is forbidden; `is_forbidden` judges its value.
    pub(super) fn find(pod: Pod<'a>, path: &str, is_forbidden: impl Fn(&'a Node) -> bool) -> Self {
        let mut offenders = Self::default();
        for container in pod.containers() {
            if field(container, path).is_some_and(&is_forbidden) {
                offenders.add(container, [path]);
            }
        }
        offenders
    }

    /// As [`Self::find`], and the pod if it sets the same field.
    pub(super) fn find_with_pod(pod: Pod<'a>, path: &str, is_forbidden: impl Fn(&'a Node) -> bool) -> Self {
        let mut offenders = Self::default();
        if pod.field(path).is_some_and(&is_forbidden) {
            offenders.add_pod(pod, path);
        }
        offenders.extend(Self::find(pod, path, is_forbidden));
        offenders
    }

    pub(super) fn add_pod(&mut self, pod: Pod<'_>, path: &str) {
        self.has_pod = true;
        self.paths.push(pod.path(path));
    }

    /// Adds a container with those of its fields that are at fault; none if there are no such fields.
    pub(super) fn add<T: AsRef<str>>(
        &mut self,
        container: Container<'a>,
        fields: impl IntoIterator<Item = T>,
    ) {
        let known = self.paths.len();
        self.paths.extend(fields.into_iter().map(|field| container.path(field.as_ref())));
        if self.paths.len() > known {
            self.containers.push(container.name());
        }
    }

    fn extend(&mut self, other: Self) {
        self.has_pod |= other.has_pod;
        self.containers.extend(other.containers);
        self.paths.extend(other.paths);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// How many containers there are.
    pub(super) fn len(&self) -> usize {
        self.containers.len()
    }

    /// `container "a"`, `containers "a", "b"`.
    pub(super) fn containers(&self) -> String {
        let word = pluralize("container", "containers", self.len());
        format!("{word} {}", quote(&self.containers))
    }

    /// The names of the containers in quotes, each once and sorted.
    pub(super) fn sorted_names(&self) -> String {
        quote(self.containers.iter().copied().collect::<BTreeSet<_>>())
    }

    /// `pod`, `container "a"`, `pod and containers "a", "b"`.
    pub(super) fn setters(&self) -> String {
        match (self.has_pod, self.containers.is_empty()) {
            (true, true) => "pod".to_owned(),
            (true, false) => format!("pod and {}", self.containers()),
            (false, _) => self.containers(),
        }
    }
}

/// Texts in quotes (`joinQuote`).
pub(super) fn quote<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<_> = items.into_iter().map(|item| format!("\"{}\"", item.as_ref())).collect();
    quoted.join(", ")
}

/// `pluralize`
pub(super) fn pluralize(singular: &'static str, plural: &'static str, count: usize) -> &'static str {
    if count == 1 { singular } else { plural }
}
