//! `helm upgrade --install` of Helm 4: server-side apply by the manager `helm`, and deletion of what left the release.
//!
//! Follows `pkg/action/install.go`, `upgrade.go` and `pkg/kube/client.go` of Helm. Hooks are not run, and the records of
//! the release are kept here, not in Secrets of the server.

use super::manifests::{self, Resource};
use super::{Request, Run, Verb};
use crate::server::{ObjectKey, Server, map_at};
use plimsoll_diag::{Sources, Span};
use plimsoll_kube::defaults::ensure_map;
use plimsoll_kube::kinds::install_rank;
use plimsoll_yaml::{Map, Node, Value};

const MANAGER: &str = "helm";
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "Helm");
const RELEASE_NAME: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";
const RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// Helm with the history of one release.
#[derive(Debug, Clone)]
pub struct Helm {
    name: String,
    namespace: String,
    /// Whether it takes fields from other managers.
    force: bool,
    /// The objects of the last revision that was deployed.
    deployed: Option<Vec<ObjectKey>>,
    /// The objects of the last revision, deployed or failed.
    last: Option<Vec<ObjectKey>>,
}

impl Helm {
    /// A release that is not installed.
    pub fn new(name: &str, namespace: &str) -> Self {
        Self {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            force: false,
            deployed: None,
            last: None,
        }
    }

    /// `helm upgrade --install` with a chart that renders these manifests.
    pub fn upgrade(&mut self, server: &mut Server, sources: &Sources, rendered: &str) -> Run {
        let resources = manifests::read(sources, rendered, &self.namespace, server.version());
        self.upgrade_resources(server, resources)
    }

    /// As [`Self::upgrade`], of objects that have been read. With `force` (`--force-conflicts`) it takes fields from their owners.
    pub fn upgrade_objects(
        &mut self,
        server: &mut Server,
        objects: impl IntoIterator<Item = Node>,
        force: bool,
    ) -> Run {
        let (namespace, version) = (&self.namespace, server.version());
        let read = |object| manifests::of_object(object, namespace, version);
        let resources = objects.into_iter().flat_map(read).collect();
        self.force = force;
        self.upgrade_resources(server, resources)
    }

    /// Takes the stored objects as those of the last revision.
    pub fn adopt_stored(&mut self, server: &Server) {
        self.deployed = Some(server.objects().map(|(key, _)| key.clone()).collect());
        self.last.clone_from(&self.deployed);
    }

    fn upgrade_resources(&mut self, server: &mut Server, resources: Vec<Result<Resource, String>>) -> Run {
        let mut run = Run::default();
        let mut targets = Vec::new();
        for resource in resources {
            match resource {
                Ok(resource) => targets.push(self.own(resource)),
                // Nothing is sent if a manifest cannot be read.
                Err(error) => run.errors.push(error),
            }
        }
        run.errors.truncate(1);
        let is_install = self.last.is_none();
        let mut current = self.deployed.clone().or_else(|| self.last.clone()).unwrap_or_default();
        if run.errors.is_empty()
            && let Err(error) = self.adopt(server, &targets, &mut current)
        {
            run.errors.push(error);
        }
        if !run.errors.is_empty() {
            return run;
        }
        targets.sort_by_key(|target| install_rank(&target.key.kind));
        for target in &targets {
            let exists = server.object(&target.key).is_some();
            let answer = server.apply(&target.root, MANAGER, self.force);
            let refused = answer.is_err();
            run.push(Verb::Patch, target, None, answer);
            // An upgrade goes on after an update that was refused, but not after a creation.
            if refused && !exists && !is_install {
                break;
            }
        }
        let keys: Vec<ObjectKey> = targets.into_iter().map(|target| target.key).collect();
        if run.is_success() {
            delete_others(server, &current, &keys, &mut run);
            self.deployed = Some(keys.clone());
        }
        self.last = Some(keys);
        run
    }

    /// Gives an object the label and the annotations of the release (`setMetadataVisitor`).
    fn own(&self, mut resource: Resource) -> Resource {
        let Some(map) = resource.root.as_map_mut() else { return resource };
        let metadata = ensure_map(map, "metadata");
        let (key, value) = MANAGED_BY;
        set(ensure_map(metadata, "labels"), key, value);
        let annotations = ensure_map(metadata, "annotations");
        set(annotations, RELEASE_NAME, &self.name);
        set(annotations, RELEASE_NAMESPACE, &self.namespace);
        resource
    }

    /// `existingResourceConflict`: objects that are not of the release, but there, must say that they belong to it.
    fn adopt(
        &self,
        server: &Server,
        targets: &[Resource],
        current: &mut Vec<ObjectKey>,
    ) -> Result<(), String> {
        for target in targets {
            let Some(object) = server.object(&target.key).filter(|_| !current.contains(&target.key)) else {
                continue;
            };
            if !self.owns(object) {
                return Err(format!(
                    "{} {:?} in namespace {:?} exists and cannot be imported into the current release: invalid ownership metadata",
                    target.key.kind, target.key.name, target.key.namespace
                ));
            }
            current.push(target.key.clone());
        }
        Ok(())
    }

    fn owns(&self, object: &Node) -> bool {
        let text = |field: &str, key: &str| {
            map_at(object, &["metadata", field]).and_then(|map| map.get(key)).and_then(Node::as_str)
        };
        text("labels", MANAGED_BY.0) == Some(MANAGED_BY.1)
            && text("annotations", RELEASE_NAME) == Some(&self.name)
            && text("annotations", RELEASE_NAMESPACE) == Some(&self.namespace)
    }
}

/// Sets a label or annotation. Those that are null become empty texts, as with every accessor of metadata.
fn set(map: &mut Map, key: &str, value: &str) {
    for entry in map.iter_mut().filter(|entry| entry.value.is_null()) {
        entry.value.value = Value::String(String::new());
    }
    map.insert(key, Span::NONE, Node::bare(value));
}

/// Deletes what left the release, unless its resource policy is `keep`.
fn delete_others(server: &mut Server, before: &[ObjectKey], after: &[ObjectKey], run: &mut Run) {
    for key in before.iter().filter(|key| !after.contains(*key)) {
        let Some(object) = server.object(key) else { continue };
        let policy = map_at(object, &["metadata", "annotations"]).and_then(|map| map.get(RESOURCE_POLICY));
        if policy.and_then(Node::as_str) == Some("keep") {
            continue;
        }
        let answer = server.delete(key);
        run.requests.push(Request { verb: Verb::Delete, key: key.clone(), patch: None, answer });
    }
}
