//! What the controllers that every cluster runs write to the metadata of stored objects.

use super::{ObjectKey, node, strategy};
use plimsoll_kube::{defaults, update};
use plimsoll_yaml::Node;
use std::collections::BTreeMap;

/// The PVC protection controller gives a claim its finalizer back.
pub(super) fn protect_claim(key: &ObjectKey, object: &mut Node) {
    let is_deleted = object.at(&["metadata", "deletionTimestamp"]).is_some();
    if (key.group.as_str(), key.kind.as_str()) == ("", "PersistentVolumeClaim") && !is_deleted {
        strategy::protect_claim(object);
    }
}

const REVISION: &str = "deployment.kubernetes.io/revision";

/// What the Deployment controller knows of each Deployment: its revisions.
#[derive(Debug, Clone, Default)]
pub(super) struct Deployments(BTreeMap<ObjectKey, Revision>);

#[derive(Debug, Clone)]
pub(super) struct Revision {
    number: i64,
    template: Option<Node>,
}

impl Deployments {
    /// What is known of a Deployment.
    pub(super) fn revision(&self, key: &ObjectKey) -> Option<Revision> {
        self.0.get(key).cloned()
    }

    /// Takes back what has been learned since [`Self::revision`].
    pub(super) fn set_revision(&mut self, key: &ObjectKey, revision: Option<Revision>) {
        match revision {
            Some(revision) => self.0.insert(key.clone(), revision),
            None => self.0.remove(key),
        };
    }

    /// Writes the number of the revision to a Deployment (`SetDeploymentRevision`): each change of the template is a new
    /// one. A paused Deployment gets none.
    pub(super) fn annotate(&mut self, key: &ObjectKey, object: &mut Node) {
        if (key.group.as_str(), key.kind.as_str()) != ("apps", "Deployment")
            || object.at(&["metadata", "deletionTimestamp"]).is_some()
        {
            return;
        }
        let template = object.at(&["spec", "template"]);
        let known = self.0.get(key);
        let is_known = known.is_some_and(|known| !update::differ(known.template.as_ref(), template));
        if !is_known {
            if object.at(&["spec", "paused"]).and_then(Node::as_bool).unwrap_or_default() {
                return;
            }
            let number = known.map_or(1, |known| known.number + 1);
            self.0.insert(key.clone(), Revision { number, template: template.cloned() });
        }
        let number = self.0.get(key).map_or(1, |known| known.number);
        if let Some(metadata) = node::map_mut(object, &["metadata"]) {
            let annotations = defaults::ensure_map(metadata, "annotations");
            node::set(annotations, REVISION, number.to_string());
        }
    }
}
