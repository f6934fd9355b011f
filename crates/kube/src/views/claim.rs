//! Claims to storage.

use super::{Metadata, items, text};
use crate::quantity::Quantity;
use plimsoll_yaml::Node;

/// A `PersistentVolumeClaim`, or a claim template of a StatefulSet.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a>(&'a Node);

impl<'a> Claim<'a> {
    /// The claim `root`.
    pub fn new(root: &'a Node) -> Self {
        Self(root)
    }

    /// Its name; of a template, the part before the pod's name.
    pub fn name(self) -> &'a str {
        Metadata::new(self.0).name()
    }

    /// Its name, labels and annotations.
    pub fn metadata(self) -> Metadata<'a> {
        Metadata::new(self.0)
    }

    /// Of a claim template, the name of the claim that it makes for a pod (`getPersistentVolumeClaimName`).
    pub fn name_for(self, pod: &str) -> String {
        format!("{}-{pod}", self.name())
    }

    /// The requested size, as written.
    pub fn size_text(self) -> &'a str {
        text(Some(self.0), &["spec", "resources", "requests", "storage"])
    }

    /// The requested size.
    pub fn size(self) -> Option<Quantity> {
        Quantity::from_node(self.0.at(&["spec", "resources", "requests", "storage"])?).ok()
    }

    /// Its storage class; `None` for the cluster's default (`GetPersistentVolumeClaimClass`).
    pub fn class(self) -> Option<&'a str> {
        self.0.at(&["spec", "storageClassName"])?.as_str()
    }

    /// Its access modes.
    pub fn access_modes(self) -> impl Iterator<Item = &'a str> {
        items(Some(self.0), &["spec", "accessModes"]).iter().filter_map(Node::as_str)
    }

    /// The size of the volume that it is bound to.
    pub fn capacity(self) -> Option<Quantity> {
        Quantity::from_node(self.0.at(&["status", "capacity", "storage"])?).ok()
    }

    /// Whether it is bound to a volume.
    pub fn is_bound(self) -> bool {
        text(Some(self.0), &["status", "phase"]) == "Bound"
    }

    /// The name of the volume that it must be bound to, or is.
    pub fn volume_name(self) -> Option<&'a str> {
        self.0.at(&["spec", "volumeName"])?.as_str()
    }

    /// Whether only one node, or one pod, can mount it at a time for writing
    /// (<https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes>).
    pub fn is_exclusive(self) -> bool {
        let mut modes = self.access_modes().peekable();
        modes.peek().is_some() && modes.all(|mode| matches!(mode, "ReadWriteOnce" | "ReadWriteOncePod"))
    }
}

/// A `PersistentVolume`.
#[derive(Debug, Clone, Copy)]
pub struct Volume<'a>(&'a Node);

impl<'a> Volume<'a> {
    /// The volume `root`.
    pub fn new(root: &'a Node) -> Self {
        Self(root)
    }

    /// Its name.
    pub fn name(self) -> &'a str {
        Metadata::new(self.0).name()
    }

    /// Its size.
    pub fn capacity(self) -> Option<Quantity> {
        Quantity::from_node(self.0.at(&["spec", "capacity", "storage"])?).ok()
    }

    /// Its storage class; empty if it has none.
    pub fn class(self) -> &'a str {
        text(Some(self.0), &["spec", "storageClassName"])
    }

    /// Its access modes.
    pub fn access_modes(self) -> impl Iterator<Item = &'a str> {
        items(Some(self.0), &["spec", "accessModes"]).iter().filter_map(Node::as_str)
    }

    /// The name of the only claim that it may be bound to, if it is reserved for one.
    pub fn claim_name(self) -> Option<&'a str> {
        self.0.at(&["spec", "claimRef", "name"])?.as_str()
    }
}

/// `persistentVolumeClaimRetentionPolicy`: whether claims are deleted. The default is to retain them
/// (`getPersistentVolumeClaimRetentionPolicy`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Whether they are deleted with the StatefulSet.
    pub when_deleted: bool,
    /// Whether they are deleted with the pods of a scale-down.
    pub when_scaled: bool,
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn exclusive_claims_attach_to_one_node() {
        let is_exclusive = |text: &str| Claim::new(&node(text)).is_exclusive();
        assert!(is_exclusive("{spec: {accessModes: [ReadWriteOnce]}}"));
        assert!(!is_exclusive("{spec: {accessModes: [ReadWriteOnce, ReadWriteMany]}}"));
        assert!(!is_exclusive("{spec: {}}"));
    }
}
