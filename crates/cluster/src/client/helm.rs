//! `helm upgrade --install`: server-side apply by the manager `helm`, or three-way patches, and deletion of what left the
//! release.
//!
//! Follows `pkg/action/install.go`, `upgrade.go`, `hooks.go` and `pkg/kube/client.go` of Helm 4, and the same files of Helm 3
//! for [`Method::ClientSide`]. Hooks succeed at once, and the records of the release are kept here, not in Secrets of the
//! server.

use super::manifests::{self, Resource};
use super::{ClientError, Request, Run, Verb, apply, metadata_text};
use crate::server::{Cause, Fault, ObjectKey, Patch, Server, Writer};
use plimsoll_diag::{Sources, Span};
use plimsoll_kube::defaults::ensure_map;
use plimsoll_kube::kinds::install_rank;
use plimsoll_kube::merge::Position;
use plimsoll_kube::patch::{json_merge, strategic};
use plimsoll_yaml::{Map, Node, Value};
use std::collections::{BTreeMap, BTreeSet};

const MANAGER: &str = "helm";
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "Helm");
const RELEASE_NAME: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";
const RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// How Helm applies the objects of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// As Helm 4 does it for the releases that it made.
    ServerSide {
        /// `--force-conflicts`: takes fields from other managers.
        force: bool,
    },
    /// As Helm 3 does it: a patch between the last manifest, the new one and the stored object, computed by Helm. Helm 4 does
    /// the same for the releases that Helm 3 made.
    ClientSide,
}

/// Helm with the history of one release.
#[derive(Debug, Clone)]
pub struct Helm {
    /// `None` if it is not known: it is then what the stored objects say.
    name: Option<String>,
    namespace: String,
    method: Method,
    /// The objects of the last revision that was deployed.
    deployed: Option<Vec<ObjectKey>>,
    /// The objects of the last revision, deployed or failed.
    last: Option<Vec<ObjectKey>>,
    /// The manifests of the last revision that was deployed.
    manifests: BTreeMap<ObjectKey, Node>,
}

impl Helm {
    /// A release that is not installed.
    pub fn new(name: &str, namespace: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            namespace: namespace.to_owned(),
            method: Method::ServerSide { force: false },
            deployed: None,
            last: None,
            manifests: BTreeMap::new(),
        }
    }

    /// A release whose name is not known: each object belongs to the release that its stored form names.
    pub fn unnamed(namespace: &str) -> Self {
        Self { name: None, ..Self::new("", namespace) }
    }

    /// `helm upgrade --install` with a chart that renders these manifests.
    pub fn upgrade(&mut self, server: &mut Server, sources: &Sources, rendered: &str) -> Run {
        let resources = manifests::read(sources, rendered, &self.namespace, server);
        self.upgrade_resources(server, resources)
    }

    /// As [`Self::upgrade`], of objects that have been read.
    pub fn upgrade_objects(
        &mut self,
        server: &mut Server,
        objects: impl IntoIterator<Item = Node>,
        method: Method,
    ) -> Run {
        let read = |object| manifests::of_object(object, &self.namespace, server);
        let resources = objects.into_iter().flat_map(read).collect();
        self.method = method;
        self.upgrade_resources(server, resources)
    }

    /// Takes the stored objects that say that they belong to the release as those of the last revision.
    pub fn adopt_stored(&mut self, server: &Server) {
        let owned = server.objects().filter(|(_, object)| self.faults_of_ownership(object).is_empty());
        self.deployed = Some(owned.map(|(key, _)| key.clone()).collect());
        self.last.clone_from(&self.deployed);
    }

    /// Takes these manifests as those of the last revision, which is deployed.
    pub fn remember<'a>(&mut self, server: &Server, manifests: impl IntoIterator<Item = &'a Node>) {
        let read = |object: &Node| manifests::of_object(object.clone(), &self.namespace, server);
        // What cannot be read any more is neither patched nor deleted.
        let resources = manifests.into_iter().flat_map(read).flatten();
        self.manifests = resources.map(|resource| (resource.key, resource.root)).collect();
        self.deployed = Some(self.manifests.keys().cloned().collect());
        self.last.clone_from(&self.deployed);
    }

    fn upgrade_resources(
        &mut self,
        server: &mut Server,
        resources: Vec<Result<Resource, ClientError>>,
    ) -> Run {
        let mut run = Run::default();
        let is_install = self.last.is_none();
        let mut manifests = BTreeMap::new();
        let (mut hooks, mut targets) = (Vec::new(), Vec::new());
        for resource in resources {
            match resource {
                Ok(resource) if is_hook(&resource.root) => hooks.push(resource),
                Ok(resource) => {
                    manifests.insert(resource.key.clone(), resource.root.clone());
                    targets.push(self.own(server, resource));
                }
                // Nothing is sent if a manifest cannot be read.
                Err(error) => run.errors.push(error),
            }
        }
        run.errors.truncate(1);
        let mut current = self.deployed.clone().or_else(|| self.last.clone()).unwrap_or_default();
        if run.errors.is_empty()
            && let Err(error) = self.adopt(server, &targets, &mut current)
        {
            run.errors.push(error);
        }
        let hooks = Hooks::sort(hooks, is_install, server.is_trusting(), &mut run);
        if !run.errors.is_empty() {
            let all = hooks.before.into_iter().chain(targets).chain(hooks.after);
            run.unsent = all.map(|target| target.key).collect();
            return run;
        }
        let Hooks { before, after } = hooks;
        targets.sort_by_key(|target| install_rank(&target.key.kind));
        let keys: Vec<ObjectKey> = targets.iter().map(|target| target.key.clone()).collect();
        let stages = [Stage::Hooks(before), Stage::Objects(targets), Stage::Hooks(after)];
        for stage in stages {
            let is_objects = matches!(stage, Stage::Objects(_));
            let rest = match stage {
                _ if !run.is_success() => stage.into_resources(),
                Stage::Hooks(hooks) => self.run_hooks(server, hooks, &mut run),
                Stage::Objects(targets) => self.apply_objects(server, targets, is_install, &mut run),
            };
            run.unsent.extend(rest.into_iter().map(|resource| resource.key));
            if is_objects && run.is_success() {
                delete_others(server, &current, &keys, &mut run);
            }
        }
        if run.is_success() {
            self.deployed = Some(keys.clone());
            self.manifests = manifests;
        }
        self.last = Some(keys);
        run
    }

    /// Applies the objects of the release; those that are left where it stops.
    fn apply_objects(
        &self,
        server: &mut Server,
        targets: Vec<Resource>,
        is_install: bool,
        run: &mut Run,
    ) -> Vec<Resource> {
        let mut rest = targets.into_iter();
        for target in rest.by_ref() {
            let exists = server.object(&target.key).is_some();
            let sent = run.requests.len();
            match self.method {
                Method::ServerSide { force } => {
                    let answer = server.apply(&target.root, MANAGER, force);
                    run.push(Verb::Patch, &target, None, answer);
                }
                Method::ClientSide => self.patch(server, &target, run),
            }
            let answers = run.requests.get(sent..).unwrap_or_default();
            let refused = answers.iter().any(|request| request.answer.is_err());
            // An upgrade goes on after an update that was refused, but not after a creation.
            if refused && !exists && !is_install {
                break;
            }
        }
        rest.collect()
    }

    /// `updateResource` of Helm 3. Fields that the server does not know are dropped, with a warning.
    fn patch(&self, server: &mut Server, target: &Resource, run: &mut Run) {
        let lenient = Writer { manager: MANAGER, strict: false };
        let Some(current) = server.get(&target.api_version, &target.key) else {
            let answer = server.create(target.root.clone(), lenient);
            run.push(Verb::Create, target, None, answer);
            return;
        };
        // An object that is adopted is patched as if the last release had had it as it is now.
        let original = self.manifests.get(&target.key).unwrap_or(&target.root);
        let nothing = Map::new();
        let [original, modified, current] =
            [original, &target.root, &current].map(|node| node.as_map().unwrap_or(&nothing));
        let is_strategic = apply::is_strategic(&target.key);
        let patch = if is_strategic {
            let root = Position::root(&target.api_version, &target.key.kind, server.version());
            strategic::create_three_way(root, original, modified, current)
        } else {
            // Of custom resources only the manifests are compared.
            json_merge::create_three_way(original, modified, original)
        };
        let patch = match patch {
            Ok(patch) => patch,
            Err(error) => {
                let message = format!("failed to create patch: {error}");
                let fault = Fault::whole(&error.message, Cause::List);
                run.errors.push(ClientError::of(&target.key, message, vec![fault]));
                return;
            }
        };
        if !patch.is_empty() {
            let body = if is_strategic { Patch::Strategic(&patch) } else { Patch::Merge(&patch) };
            let answer = server.patch(&target.api_version, &target.key, body, None, lenient);
            run.push(Verb::Patch, target, Some(patch), answer);
        }
    }

    /// `execHook`: what is left of the last run is deleted, then each hook is created; those that are left where one is
    /// refused.
    fn run_hooks(&self, server: &mut Server, hooks: Vec<Resource>, run: &mut Run) -> Vec<Resource> {
        let mut rest = hooks.into_iter();
        for hook in rest.by_ref() {
            if server.object(&hook.key).is_some() && deletes_before(&hook.root) {
                let answer = server.delete(&hook.key);
                run.push(Verb::Delete, &hook, None, answer);
            }
            let answer = match self.method {
                Method::ServerSide { .. } => server.apply(&hook.root, MANAGER, false),
                Method::ClientSide => {
                    server.create(hook.root.clone(), Writer { manager: MANAGER, strict: false })
                }
            };
            let is_refused = answer.is_err();
            run.push(Verb::Create, &hook, None, answer);
            if is_refused {
                break;
            }
        }
        rest.collect()
    }

    /// Gives an object the label and the annotations of the release (`setMetadataVisitor`).
    fn own(&self, server: &Server, mut resource: Resource) -> Resource {
        let stored = server.object(&resource.key).filter(|_| self.name.is_none());
        let release = [(RELEASE_NAME, self.name.as_deref()), (RELEASE_NAMESPACE, Some(&*self.namespace))]
            .map(|(key, own)| (key, stored.and_then(|stored| annotation(stored, key)).or(own)));
        let release = release.map(|(key, value)| (key, value.map(str::to_owned)));
        let Some(map) = resource.root.as_map_mut() else { return resource };
        let metadata = ensure_map(map, "metadata");
        let (key, value) = MANAGED_BY;
        set(ensure_map(metadata, "labels"), key, value);
        let annotations = ensure_map(metadata, "annotations");
        for (key, value) in release {
            if let Some(value) = value {
                set(annotations, key, &value);
            }
        }
        resource
    }

    /// `existingResourceConflict`: objects that are not of the release, but there, must say that they belong to it.
    fn adopt(
        &self,
        server: &Server,
        targets: &[Resource],
        current: &mut Vec<ObjectKey>,
    ) -> Result<(), ClientError> {
        let known: BTreeSet<ObjectKey> = current.iter().cloned().collect();
        for target in targets {
            let Some(object) = server.object(&target.key).filter(|_| !known.contains(&target.key)) else {
                continue;
            };
            let faults = self.faults_of_ownership(object);
            if !faults.is_empty() {
                let message = format!(
                    "{} {:?} in namespace {:?} exists and cannot be imported into the current release: invalid ownership metadata; {}",
                    target.key.kind,
                    target.key.name,
                    target.key.namespace,
                    faults.join("; ")
                );
                let fault = Fault::whole(&message, Cause::Ownership);
                return Err(ClientError::of(&target.key, message, vec![fault]));
            }
            current.push(target.key.clone());
        }
        Ok(())
    }

    /// Why an object does not belong to the release (`checkOwnership`).
    fn faults_of_ownership(&self, object: &Node) -> Vec<String> {
        let Some(name) = &self.name else { return Vec::new() };
        let wanted = [
            ("label", "labels", MANAGED_BY.0, MANAGED_BY.1),
            ("annotation", "annotations", RELEASE_NAME, name),
            ("annotation", "annotations", RELEASE_NAMESPACE, &self.namespace),
        ];
        let fault = |(what, field, key, value): (&str, &str, &str, &str)| {
            let why = match metadata_text(object, field, key) {
                Some(found) if found == value => return None,
                Some(found) => format!("key {key:?} must equal {value:?}: current value is {found:?}"),
                None => format!("missing key {key:?}: must be set to {value:?}"),
            };
            Some(format!("{what} validation error: {why}"))
        };
        wanted.into_iter().filter_map(fault).collect()
    }
}

fn annotation<'a>(object: &'a Node, key: &str) -> Option<&'a str> {
    metadata_text(object, "annotations", key)
}

const HOOK: &str = "helm.sh/hook";

fn is_hook(object: &Node) -> bool {
    annotation(object, HOOK).is_some()
}

/// Whether a hook of the last run is deleted before the next one, which is the default.
fn deletes_before(hook: &Node) -> bool {
    let policies = annotation(hook, "helm.sh/hook-delete-policy").unwrap_or_default();
    let mut policies = policies.split(',').map(str::trim).filter(|policy| !policy.is_empty()).peekable();
    policies.peek().is_none() || policies.any(|policy| policy.eq_ignore_ascii_case("before-hook-creation"))
}

/// The hooks of an upgrade.
struct Hooks {
    before: Vec<Resource>,
    after: Vec<Resource>,
}

/// A part of an upgrade.
enum Stage {
    Hooks(Vec<Resource>),
    Objects(Vec<Resource>),
}

impl Stage {
    fn into_resources(self) -> Vec<Resource> {
        match self {
            Self::Hooks(resources) | Self::Objects(resources) => resources,
        }
    }
}

impl Hooks {
    /// Puts the hooks of an upgrade, or of an installation, into the order in which they run (`hookByWeight`). With `all`
    /// everything that may ever have run is among them.
    fn sort(hooks: Vec<Resource>, is_install: bool, all: bool, run: &mut Run) -> Self {
        let events =
            if is_install { ["pre-install", "post-install"] } else { ["pre-upgrade", "post-upgrade"] };
        let mut sorted = Self { before: Vec::new(), after: Vec::new() };
        for hook in hooks {
            let own = annotation(&hook.root, HOOK).unwrap_or_default().to_owned();
            let has = |event: &str| own.split(',').any(|one| one.trim().eq_ignore_ascii_case(event));
            let [before, after] = events.map(has);
            if before || all {
                sorted.before.push(hook);
            } else if after {
                sorted.after.push(hook);
            } else {
                let why = format!("an upgrade runs no hook for `{}`", own.trim());
                run.skipped.push((hook.key, why));
            }
        }
        let weight = |hook: &Resource| -> i64 {
            let text = annotation(&hook.root, "helm.sh/hook-weight").unwrap_or_default();
            text.trim().parse().unwrap_or_default()
        };
        for list in [&mut sorted.before, &mut sorted.after] {
            list.sort_by_key(|hook| (weight(hook), install_rank(&hook.key.kind), hook.key.name.clone()));
        }
        sorted
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
    let after: BTreeSet<&ObjectKey> = after.iter().collect();
    for key in before.iter().filter(|key| !after.contains(key)) {
        let Some(object) = server.object(key) else { continue };
        if annotation(object, RESOURCE_POLICY) == Some("keep") {
            continue;
        }
        let answer = server.delete(key);
        run.requests.push(Request { verb: Verb::Delete, key: key.clone(), patch: None, answer });
    }
}
