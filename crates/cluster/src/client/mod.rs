//! The clients: what kubectl sends for manifests.
//!
//! Each client reads manifests, sends requests to a [`Server`] and reports both: every request with the body that it computed,
//! and every error. An object that is refused does not stop the others.

mod apply;
mod helm;
mod manifests;
mod prune;
mod server_side;

pub use helm::Helm;

use crate::server::{Answer, ObjectKey, Server, Status, Writer};
use manifests::Resource;
use plimsoll_diag::Sources;
use plimsoll_yaml::{Map, Node};

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
    /// What the client refused itself, as it prints it.
    pub errors: Vec<String>,
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
        let version = server.version();
        let resources =
            objects.into_iter().flat_map(|object| manifests::of_object(object, &self.namespace, version));
        resources.flatten().for_each(|resource| server.load(&resource.root));
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
            server_side::apply(server, resource, force, run);
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
            server_side::apply(server, resource, force, run);
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

    fn each_object(
        &self,
        server: &mut Server,
        objects: impl IntoIterator<Item = Node>,
        mut send: impl FnMut(&mut Server, &Resource, &mut Run),
    ) -> Run {
        let mut run = Run::default();
        for object in objects {
            for resource in manifests::of_object(object, &self.namespace, server.version()) {
                match resource {
                    Ok(resource) => send(server, &resource, &mut run),
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
        mut send: impl FnMut(&mut Server, &Resource, &mut Run),
    ) -> Run {
        let mut run = Run::default();
        let resources = manifests::read(sources, manifests, &self.namespace, server.version());
        if resources.is_empty() {
            run.errors.push(format!("error: no objects passed to {verb}"));
        }
        for resource in resources {
            match resource {
                Ok(resource) => send(server, &resource, &mut run),
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

/// POST of one object.
fn create(server: &mut Server, resource: &Resource, run: &mut Run) {
    let answer = server.create(&resource.root, writer("kubectl-create"));
    run.push(Verb::Create, resource, None, answer);
}

/// PUT of one object. Without a version it is given the one that is stored (`Helper.Replace`).
fn replace(server: &mut Server, resource: &Resource, run: &mut Run) {
    let mut body = resource.root.clone();
    if let (Some(live), Some(metadata)) = (
        server.get(&resource.api_version, &resource.key),
        crate::server::map_at_mut(&mut body, &["metadata"]),
    ) && let Some(version) = live.at(&["metadata", "resourceVersion"])
        && metadata.get("resourceVersion").is_none_or(Node::is_null)
    {
        metadata.insert("resourceVersion", plimsoll_diag::Span::NONE, version.clone());
    }
    let answer = server.replace(&body, writer("kubectl-replace"));
    run.push(Verb::Replace, resource, None, answer);
}

fn writer(manager: &str) -> Writer<'_> {
    Writer { manager, strict: true }
}
