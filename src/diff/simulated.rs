//! The objects as the API server would store them: both renders applied in turn, in memory.

use super::{Driver, Options, secrets};
use crate::cluster::client::{Helm, Kubectl};
use crate::cluster::server::{ObjectKey, Server};
use crate::diag::{ObjectRef, Sources};
use crate::manifest::Object;
use crate::yaml::Node;
use std::collections::BTreeMap;

/// What the API server would hold of two renders, without what it sets for itself: uid, resource version, times, managed
/// fields and status. The values of Secrets are among it: see [`Self::conceal`].
#[derive(Debug, Clone, Default)]
pub struct Simulated {
    before: BTreeMap<ObjectKey, Node>,
    after: BTreeMap<ObjectKey, Node>,
}

impl Simulated {
    /// The object; `None` if it is not stored, or not of a built-in kind.
    pub fn get(&self, object: &ObjectRef, options: &Options) -> Option<&Node> {
        self.after.get(&key(object, options)?)
    }

    /// Replaces the values of Secrets, and what was made from them.
    pub fn conceal(&mut self, sources: &Sources) {
        self.after.values_mut().for_each(|object| secrets::conceal_object(object, sources));
    }

    /// The object as it was before the new render was applied.
    pub(super) fn before(&self, object: &ObjectRef, options: &Options) -> Option<&Node> {
        self.before.get(&key(object, options)?)
    }
}

/// Where the server keeps an object of a built-in kind.
fn key(object: &ObjectRef, options: &Options) -> Option<ObjectKey> {
    let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
    let namespaced = crate::k8s::kinds::namespaced(&object.api_version, &object.kind)?;
    let namespace = object.namespace.clone().unwrap_or_else(|| options.namespace.clone());
    Some(ObjectKey {
        group: group.to_owned(),
        kind: object.kind.clone(),
        namespace: if namespaced { namespace } else { String::new() },
        name: object.name.clone(),
    })
}

/// Applies `old`, or with [`Options::live`] takes it as it is stored, and applies `new` over it, both with
/// [`Options::driver`].
pub fn simulate(old: &[Object], new: &[Object], options: &Options) -> Simulated {
    let mut server = Server::new(options.version);
    let kubectl = Kubectl { namespace: options.namespace.clone() };
    let name = options.release.as_deref().unwrap_or("release-name");
    let mut helm = Helm::new(name, &options.namespace);
    if options.live {
        kubectl.load_objects(&mut server, roots(old, options));
        helm.adopt_stored(&server);
    } else if options.driver == Driver::Replace {
        // What does not exist cannot be replaced.
        kubectl.create_objects(&mut server, roots(old, options));
    } else {
        send(options.driver, &kubectl, &mut helm, &mut server, roots(old, options));
    }
    let before = contents(&server);
    send(options.driver, &kubectl, &mut helm, &mut server, roots(new, options));
    Simulated { before, after: contents(&server) }
}

/// The manifests that are sent: a recorded Secret holds no values.
fn roots(objects: &[Object], options: &Options) -> Vec<Node> {
    let is_sent =
        |object: &&Object| !secrets::has_digests(&object.kind, &object.root) && !options.driver.skips(object);
    objects.iter().filter(is_sent).map(|object| object.root.clone()).collect()
}

fn send(driver: Driver, kubectl: &Kubectl, helm: &mut Helm, server: &mut Server, objects: Vec<Node>) {
    match driver {
        Driver::Kubectl => kubectl.apply_objects(server, objects),
        Driver::KubectlServerSide { force_conflicts } => {
            kubectl.apply_objects_server_side(server, objects, force_conflicts)
        }
        Driver::Helm { force_conflicts } => helm.upgrade_objects(server, objects, force_conflicts),
        Driver::Replace => kubectl.replace_objects(server, objects),
    };
}

/// What a server holds.
fn contents(server: &Server) -> BTreeMap<ObjectKey, Node> {
    let shown = |(key, object): (&ObjectKey, &Node)| {
        let mut object = server.with_placeholders(object);
        if let Some(map) = object.as_map_mut() {
            map.remove("status");
        }
        (key.clone(), object)
    };
    server.objects().map(shown).collect()
}
