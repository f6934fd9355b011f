//! The clients: what kubectl sends for manifests.
//!
//! Each client reads manifests, sends requests to a [`Server`] and reports both: every request with the body that it computed,
//! and every error. An object that is refused does not stop the others.

mod apply;
mod argo_cd;
mod flux;
mod helm;
mod manifests;
mod prune;
mod server_side;

pub use apply::last_applied;
pub use argo_cd::{ArgoCd, SyncOptions};
pub use flux::Flux;
pub use helm::{Helm, Method};

use crate::server::{Answer, Cause, Fault, ObjectKey, Server, Status, Writer};
use manifests::Resource;
use plimsoll_diag::Sources;
use plimsoll_kube::managed::with_last_applied;
use plimsoll_yaml::{Map, Node};
use std::fmt;

/// kubectl, reading manifests that belong to one namespace.
#[derive(Debug, Clone)]
pub struct Kubectl {
    /// The namespace of objects that name none.
    pub namespace: String,
}

/// What a run of a client did.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// Every write, in order.
    pub requests: Vec<Request>,
    /// What the client refused itself.
    pub errors: Vec<ClientError>,
    /// The objects of the manifests, in the order in which it came to them.
    pub visited: Vec<ObjectKey>,
    /// The objects that it did not send any more because it stopped at an error.
    pub unsent: Vec<ObjectKey>,
    /// The objects that it passes over, and the annotation or rule for which it does.
    pub skipped: Vec<(ObjectKey, String)>,
}

/// An error of the client: it sends nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientError {
    /// The object that is not sent; `None` if it is about all of them.
    pub key: Option<ObjectKey>,
    /// What it prints.
    pub message: String,
    /// The reasons, for programs.
    pub faults: Vec<Fault>,
}

impl ClientError {
    fn of_run(message: impl Into<String>) -> Self {
        Self { key: None, message: message.into(), faults: Vec::new() }
    }

    fn of(key: &ObjectKey, message: String, faults: Vec<Fault>) -> Self {
        let whole = || vec![Fault::whole(&message, Cause::Client)];
        let faults = if faults.is_empty() { whole() } else { faults };
        Self { key: Some(key.clone()), message, faults }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// One write that was sent, and its answer.
#[derive(Debug, Clone)]
pub struct Request {
    /// What was asked for.
    pub verb: Verb,
    /// The object.
    pub key: ObjectKey,
    /// The patch; for other verbs nothing.
    pub patch: Option<Map>,
    /// What the server answered.
    pub answer: Answer,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// POST.
    Create,
    /// PATCH.
    Patch,
    /// PUT.
    Replace,
    /// DELETE.
    Delete,
}

impl Run {
    /// Whether everything was accepted.
    pub fn is_success(&self) -> bool {
        self.errors.is_empty() && self.refusals().next().is_none()
    }

    /// The answers of the server that refuse something.
    pub fn refusals(&self) -> impl Iterator<Item = &Status> {
        self.requests.iter().filter_map(|request| request.answer.as_ref().err())
    }
}

impl Kubectl {
    /// `kubectl create -f`.
    pub fn create(&self, server: &mut Server, sources: &Sources, manifests: &str) -> Run {
        self.each(server, sources, manifests, "create", create)
    }

    /// As [`Self::create`], of objects that have been read.
    pub fn create_objects(&self, server: &mut Server, objects: impl IntoIterator<Item = Node>) -> Run {
        self.each_object(server, objects, create)
    }

    /// `kubectl replace -f`.
    pub fn replace(&self, server: &mut Server, sources: &Sources, manifests: &str) -> Run {
        self.each(server, sources, manifests, "replace", replace)
    }

    /// As [`Self::replace`], of objects that have been read.
    pub fn replace_objects(&self, server: &mut Server, objects: impl IntoIterator<Item = Node>) -> Run {
        self.each_object(server, objects, replace)
    }

    /// `kubectl apply -f`: three-way patches, computed by the client.
    pub fn apply(&self, server: &mut Server, sources: &Sources, manifests: &str) -> Run {
        self.each(server, sources, manifests, "apply", apply::apply)
    }

    /// As [`Self::apply`], of objects that have been read.
    pub fn apply_objects(&self, server: &mut Server, objects: impl IntoIterator<Item = Node>) -> Run {
        self.each_object(server, objects, apply::apply)
    }

    /// Stores objects that were read from a cluster as they are ([`Server::load`]).
    pub fn load_objects(&self, server: &mut Server, objects: impl IntoIterator<Item = Node>) {
        objects.into_iter().for_each(|object| server.load(&object, &self.namespace));
    }

    /// Whether kubectl finds the kinds of an object, or of the items of a list, on the server.
    pub fn can_send(&self, server: &Server, object: &Node) -> bool {
        manifests::is_served(object, server)
    }

    /// Stores objects as [`Self::apply_objects`] left them: those that cannot be applied any more, because the server no
    /// longer has the version of their API.
    pub fn load_applied_objects(&self, server: &mut Server, objects: impl IntoIterator<Item = Node>) {
        self.load_objects(server, objects.into_iter().map(with_last_applied));
    }

    /// `kubectl apply --server-side -f`: the server merges by field ownership. With `force` (`--force-conflicts`) it takes
    /// fields from their owners.
    pub fn apply_server_side(
        &self,
        server: &mut Server,
        sources: &Sources,
        manifests: &str,
        force: bool,
    ) -> Run {
        self.each(server, sources, manifests, "apply", |server, resource, run| {
            server_side::apply(server, &resource, server_side::MANAGER, force, run);
        })
    }

    /// As [`Self::apply_server_side`], of objects that have been read.
    pub fn apply_objects_server_side(
        &self,
        server: &mut Server,
        objects: impl IntoIterator<Item = Node>,
        force: bool,
    ) -> Run {
        self.each_object(server, objects, |server, resource, run| {
            server_side::apply(server, &resource, server_side::MANAGER, force, run);
        })
    }

    /// `kubectl apply --prune -l KEY=VALUE -f`: applies the objects that have the label, and deletes the others that have it
    /// and were applied before.
    pub fn apply_and_prune(
        &self,
        server: &mut Server,
        sources: &Sources,
        manifests: &str,
        label: (&str, &str),
    ) -> Run {
        prune::apply_and_prune(self, server, sources, manifests, label)
    }

    /// `kubectl apply --prune`: applies these objects and deletes the others that were applied before, in the namespaces and of
    /// the kinds that kubectl prunes by default.
    pub fn apply_and_prune_objects(
        &self,
        server: &mut Server,
        objects: impl IntoIterator<Item = Node>,
    ) -> Run {
        let mut run = self.apply_objects(server, objects);
        prune::delete_unvisited(server, &mut run);
        run
    }

    /// `kubectl apply --server-side --prune --applyset`: applies these objects and deletes the other stored ones.
    pub fn apply_set_objects(
        &self,
        server: &mut Server,
        objects: impl IntoIterator<Item = Node>,
        force: bool,
    ) -> Run {
        let mut run = self.apply_objects_server_side(server, objects, force);
        prune::delete_other_members(server, &mut run);
        run
    }

    fn each_object(
        &self,
        server: &mut Server,
        objects: impl IntoIterator<Item = Node>,
        mut send: impl FnMut(&mut Server, Resource, &mut Run),
    ) -> Run {
        let mut run = Run::default();
        for object in objects {
            for resource in manifests::of_object(object, &self.namespace, server) {
                match resource {
                    Ok(resource) => {
                        run.visited.push(resource.key.clone());
                        send(server, resource, &mut run);
                    }
                    Err(error) => run.errors.push(error),
                }
            }
        }
        run
    }

    fn each(
        &self,
        server: &mut Server,
        sources: &Sources,
        manifests: &str,
        verb: &str,
        mut send: impl FnMut(&mut Server, Resource, &mut Run),
    ) -> Run {
        let mut run = Run::default();
        let resources = manifests::read(sources, manifests, &self.namespace, server);
        if resources.is_empty() {
            run.errors.push(ClientError::of_run(format!("error: no objects passed to {verb}")));
        }
        for resource in resources {
            match resource {
                Ok(resource) => send(server, resource, &mut run),
                Err(error) => run.errors.push(error),
            }
        }
        run
    }
}

impl Run {
    fn push(&mut self, verb: Verb, resource: &Resource, patch: Option<Map>, answer: Answer) {
        self.requests.push(Request { verb, key: resource.key.clone(), patch, answer });
    }
}

/// A label or annotation of an object.
fn metadata_text<'a>(object: &'a Node, field: &str, key: &str) -> Option<&'a str> {
    crate::server::map_at(object, &["metadata", field])?.get(key)?.as_str()
}

/// POST of one object.
fn create(server: &mut Server, resource: Resource, run: &mut Run) {
    let Resource { key, root, .. } = resource;
    let answer = server.create(root, writer("kubectl-create"));
    run.requests.push(Request { verb: Verb::Create, key, patch: None, answer });
}

/// PUT of one object. Without a version it is given the one that is stored (`Helper.Replace`).
fn replace(server: &mut Server, resource: Resource, run: &mut Run) {
    let Resource { key, api_version, mut root } = resource;
    if let (Some(live), Some(metadata)) =
        (server.get(&api_version, &key), crate::server::map_at_mut(&mut root, &["metadata"]))
        && let Some(version) = live.at(&["metadata", "resourceVersion"])
        && metadata.get("resourceVersion").is_none_or(Node::is_null)
    {
        metadata.insert("resourceVersion", plimsoll_diag::Span::NONE, version.clone());
    }
    let answer = server.replace(root, writer("kubectl-replace"));
    run.requests.push(Request { verb: Verb::Replace, key, patch: None, answer });
}

fn writer(manager: &str) -> Writer<'_> {
    Writer { manager, strict: true }
}
