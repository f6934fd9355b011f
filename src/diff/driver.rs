//! What applies the new manifests, and what that does to the objects of the cluster.

use super::sides::is_from_crds;
use crate::manifest::Object;
use crate::yaml::{Map, Node};

/// What applies the manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Driver {
    /// `kubectl apply`: the client computes a three-way patch between the last manifest, the new one and the stored object
    /// (`k8s.io/kubectl/pkg/cmd/apply`). What left the manifests stays.
    #[default]
    Kubectl,
    /// `kubectl apply --server-side`: the server merges by field ownership
    /// (`k8s.io/apimachinery/pkg/util/managedfields`). What left the manifests stays.
    KubectlServerSide {
        /// `--force-conflicts`: fields are taken from their owners.
        force_conflicts: bool,
    },
    /// `helm upgrade` of Helm 4: server-side apply, then the objects that left the release are deleted
    /// (`pkg/action/upgrade.go` and `pkg/kube/client.go` of Helm). Helm installs what is under `crds/` once and never again.
    Helm {
        /// `--force-conflicts`: fields are taken from their owners.
        force_conflicts: bool,
    },
    /// `kubectl replace`: PUT. The manifest is the whole object, but for what the server keeps
    /// (`k8s.io/kubectl/pkg/cmd/replace`). What left the manifests stays.
    Replace,
}

/// The manager of a server-side apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Applier {
    /// Its name.
    pub(super) name: &'static str,
    /// Whether it takes fields from other managers.
    pub(super) force: bool,
}

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const RELEASE: [&str; 2] = ["meta.helm.sh/release-name", "meta.helm.sh/release-namespace"];

impl Driver {
    /// The word of the command line and of the JSON contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kubectl => "kubectl",
            Self::KubectlServerSide { .. } => "kubectl-server-side",
            Self::Helm { .. } => "helm",
            Self::Replace => "replace",
        }
    }

    /// The command for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Kubectl => "kubectl apply (client-side)",
            Self::KubectlServerSide { force_conflicts: false } => "kubectl apply --server-side",
            Self::KubectlServerSide { force_conflicts: true } => {
                "kubectl apply --server-side --force-conflicts"
            }
            Self::Helm { force_conflicts: false } => "helm upgrade (server-side)",
            Self::Helm { force_conflicts: true } => "helm upgrade (server-side) --force-conflicts",
            Self::Replace => "kubectl replace",
        }
    }

    /// The command without its flags.
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Kubectl | Self::KubectlServerSide { .. } => "kubectl apply",
            Self::Helm { .. } => "helm upgrade",
            Self::Replace => "kubectl replace",
        }
    }

    /// What kubectl is called with to send the same request.
    pub fn kubectl_args(self) -> &'static [&'static str] {
        match self {
            Self::Kubectl => &["apply"],
            Self::KubectlServerSide { force_conflicts: false } => &["apply", "--server-side"],
            Self::KubectlServerSide { force_conflicts: true } => {
                &["apply", "--server-side", "--force-conflicts"]
            }
            Self::Helm { force_conflicts: false } => &["apply", "--server-side", "--field-manager=helm"],
            Self::Helm { force_conflicts: true } => {
                &["apply", "--server-side", "--field-manager=helm", "--force-conflicts"]
            }
            Self::Replace => &["replace"],
        }
    }

    /// The manager, if the server merges.
    pub(super) fn applier(self) -> Option<Applier> {
        match self {
            Self::KubectlServerSide { force_conflicts } => {
                Some(Applier { name: "kubectl", force: force_conflicts })
            }
            Self::Helm { force_conflicts } => Some(Applier { name: "helm", force: force_conflicts }),
            Self::Kubectl | Self::Replace => None,
        }
    }

    /// Whether objects that left the manifests are deleted.
    pub(super) fn deletes_removed(self) -> bool {
        matches!(self, Self::Helm { .. })
    }

    /// Whether an upgrade passes over the object: a definition under a chart's `crds/`.
    pub(super) fn skips(self, object: &Object) -> bool {
        matches!(self, Self::Helm { .. }) && is_from_crds(object)
    }

    /// The manifest as it is sent. Helm adds the label and the annotations of the release (`setMetadataVisitor`); the name
    /// of the release is taken from the stored object, which has them if Helm made it.
    pub(super) fn complete(self, manifest: &mut Node, stored: &Node) {
        if !matches!(self, Self::Helm { .. }) {
            return;
        }
        let Some(metadata) = child_map(manifest.as_map_mut(), "metadata") else { return };
        if let Some(labels) = child_map(Some(metadata), "labels") {
            labels.insert(MANAGED_BY, crate::diag::Span::NONE, Node::bare("Helm"));
        }
        for name in RELEASE {
            if let Some(value) = stored.at(&["metadata", "annotations", name])
                && let Some(annotations) = child_map(Some(metadata), "annotations")
            {
                annotations.insert(name, crate::diag::Span::NONE, value.clone());
            }
        }
    }
}

/// The mapping under a key, which is made if it is not there; `None` if something else is.
fn child_map<'a>(map: Option<&'a mut Map>, key: &str) -> Option<&'a mut Map> {
    let map = map?;
    if map.get(key).is_none_or(Node::is_null) {
        map.insert(key, crate::diag::Span::NONE, Node::bare(Map::new()));
    }
    map.get_mut(key)?.as_map_mut()
}
