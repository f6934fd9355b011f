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
        Metadata::of(self.0).name()
    }

    /// The size it asks for, as written.
    pub fn size_text(self) -> &'a str {
        text(Some(self.0), &["spec", "resources", "requests", "storage"])
    }

    /// The size it asks for.
    pub fn size(self) -> Option<Quantity> {
        Quantity::from_node(self.0.at(&["spec", "resources", "requests", "storage"])?).ok()
    }

    /// Its storage class; `None` for the cluster's default.
    pub fn class(self) -> Option<&'a str> {
        self.0.at(&["spec", "storageClassName"])?.as_str()
    }

    /// Its access modes.
    pub fn access_modes(self) -> impl Iterator<Item = &'a str> {
        items(Some(self.0), &["spec", "accessModes"]).iter().filter_map(Node::as_str)
    }

    /// Whether only one node, or one pod, can mount it at a time for writing.
    pub fn is_exclusive(self) -> bool {
        let mut modes = self.access_modes().peekable();
        modes.peek().is_some() && modes.all(|mode| matches!(mode, "ReadWriteOnce" | "ReadWriteOncePod"))
    }
}

/// `persistentVolumeClaimRetentionPolicy`: whether claims are deleted, or retained.
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
