//! The objects as the API server would store them: both renders applied in turn, in memory.

use super::{Options, secrets};
use crate::cluster::client::Kubectl;
use crate::cluster::server::{ObjectKey, Server};
use crate::diag::ObjectRef;
use crate::manifest::Object;
use crate::yaml::Node;
use std::collections::BTreeMap;

/// What the API server would hold of two renders, without what it sets for itself: uid, resource version, times, managed
/// fields and status. The values of Secrets are among it.
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

/// Applies `old`, or with [`Options::live`] takes it as it is stored, and applies `new` over it with `kubectl apply`.
pub fn simulate(old: &[Object], new: &[Object], options: &Options) -> Simulated {
    let mut server = Server::new(options.version);
    let kubectl = Kubectl { namespace: options.namespace.clone() };
    // A recorded Secret holds no values.
    let known = |object: &&Object| !secrets::has_digests(&object.kind, &object.root);
    let roots =
        |objects: &[Object]| objects.iter().filter(known).map(|one| one.root.clone()).collect::<Vec<_>>();
    if options.live {
        kubectl.load_objects(&mut server, roots(old));
    } else {
        kubectl.apply_objects(&mut server, roots(old));
    }
    let before = contents(&server);
    kubectl.apply_objects(&mut server, roots(new));
    Simulated { before, after: contents(&server) }
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
