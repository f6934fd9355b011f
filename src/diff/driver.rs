//! What applies the new manifests, and what that does to the objects of the cluster.

use super::SyncOptions;
use super::sides::is_from_crds;
use crate::manifest::Object;
use crate::yaml::Node;
use std::borrow::Cow;
use std::str::FromStr;

/// What applies the manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Driver {
    /// `kubectl apply`: the client computes a three-way patch between the last manifest, the new one and the stored object
    /// (`k8s.io/kubectl/pkg/cmd/apply`). What left the manifests stays, without `--prune`.
    #[default]
    Kubectl,
    /// `kubectl apply --server-side`: the server merges by field ownership
    /// (`k8s.io/apimachinery/pkg/util/managedfields`). What left the manifests stays, unless it is a member of an ApplySet
    /// that is pruned.
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
    /// `helm upgrade` of Helm 3, and of Helm 4 for releases that Helm 3 made: a patch between the last manifest, the new one
    /// and the stored object, then deletion as in Helm 4 (`pkg/kube/client.go` of Helm 3).
    Helm3,
    /// A sync of Argo CD: `kubectl apply` in waves, unless options say otherwise (`argoproj/gitops-engine/pkg/sync`). What left
    /// the manifests stays, unless pruning is on.
    ArgoCd {
        /// `spec.syncPolicy.syncOptions` of the Application.
        sync: SyncOptions,
    },
    /// Flux's kustomize-controller: server-side apply with force, in stages, then deletion of what left the manifests
    /// (`fluxcd/kustomize-controller/internal/controller`, `fluxcd/pkg/ssa`).
    Flux,
    /// `kubectl replace`: PUT. The manifest is the whole object, but for what the server keeps
    /// (`k8s.io/kubectl/pkg/cmd/replace`). What left the manifests stays.
    Replace,
}

impl Driver {
    /// The words that name a driver.
    pub const WORDS: [&'static str; 7] =
        ["kubectl", "kubectl-server-side", "helm", "helm3", "argocd", "flux", "replace"];

    /// The word of the command line and of the JSON contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kubectl => "kubectl",
            Self::KubectlServerSide { .. } => "kubectl-server-side",
            Self::Helm { .. } => "helm",
            Self::Helm3 => "helm3",
            Self::ArgoCd { .. } => "argocd",
            Self::Flux => "flux",
            Self::Replace => "replace",
        }
    }

    /// The driver with `--force-conflicts`; `None` if it has no such flag.
    pub fn with_force_conflicts(self) -> Option<Self> {
        let force_conflicts = true;
        match self {
            Self::KubectlServerSide { .. } => Some(Self::KubectlServerSide { force_conflicts }),
            Self::Helm { .. } => Some(Self::Helm { force_conflicts }),
            Self::Kubectl | Self::Helm3 | Self::ArgoCd { .. } | Self::Flux | Self::Replace => None,
        }
    }

    /// The driver with options of an Application; `None` if it has none.
    pub fn with_sync_options(self, sync: SyncOptions) -> Option<Self> {
        match self {
            Self::ArgoCd { .. } => Some(Self::ArgoCd { sync }),
            _ => sync.words().is_empty().then_some(self),
        }
    }

    /// The options of the Application.
    pub fn sync_options(self) -> SyncOptions {
        match self {
            Self::ArgoCd { sync } => sync,
            _ => SyncOptions::default(),
        }
    }

    /// Whether deleting what left the manifests can be turned on (`--prune`).
    pub fn can_prune(self) -> bool {
        matches!(self, Self::Kubectl | Self::KubectlServerSide { .. } | Self::ArgoCd { .. })
    }

    /// Whether it always deletes what left the manifests.
    pub(super) fn always_prunes(self) -> bool {
        matches!(self, Self::Helm { .. } | Self::Helm3 | Self::Flux)
    }

    /// The command for people, without `--prune`.
    pub fn title(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::ArgoCd { sync } if !sync.words().is_empty() => {
                return Cow::Owned(format!("Argo CD sync ({})", sync.words().join(", ")));
            }
            Self::Kubectl => "kubectl apply (client-side)",
            Self::KubectlServerSide { force_conflicts: false } => "kubectl apply --server-side",
            Self::KubectlServerSide { force_conflicts: true } => {
                "kubectl apply --server-side --force-conflicts"
            }
            Self::Helm { force_conflicts: false } => "helm upgrade (server-side)",
            Self::Helm { force_conflicts: true } => "helm upgrade (server-side) --force-conflicts",
            Self::Helm3 => "helm upgrade (client-side, Helm 3)",
            Self::ArgoCd { .. } => "Argo CD sync",
            Self::Flux => "Flux Kustomization",
            Self::Replace => "kubectl replace",
        })
    }

    /// The command without its flags.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Kubectl | Self::KubectlServerSide { .. } => "kubectl apply",
            Self::Helm { .. } | Self::Helm3 => "helm upgrade",
            Self::ArgoCd { .. } => "argocd app sync",
            Self::Flux => "flux reconcile",
            Self::Replace => "kubectl replace",
        }
    }

    /// Who deletes what left the manifests, as the start of a sentence.
    pub(super) fn deletion(self) -> &'static str {
        match self {
            Self::Helm { .. } | Self::Helm3 => "deleted: Helm deletes what left the release",
            Self::ArgoCd { .. } => "deleted: Argo CD prunes what left the manifests",
            Self::Flux => "deleted: Flux prunes what left the manifests",
            Self::Kubectl | Self::KubectlServerSide { .. } | Self::Replace => {
                "deleted: `kubectl apply --prune` deletes what left the manifests"
            }
        }
    }

    /// The annotation for which it keeps an object that left the manifests, as a clause: `X tells Helm not to delete it`.
    pub(super) fn keeps_for(self, object: &Object) -> Option<String> {
        const OPTIONS: &str = "argocd.argoproj.io/sync-options";
        let text = |key: &str| object.at(&["metadata", "annotations", key]).and_then(Node::as_str);
        // Annotations and labels count alike (`AnyInMetadata`).
        let of_flux = |key: &str, value: &str| {
            let key = format!("kustomize.toolkit.fluxcd.io/{key}");
            let fields = ["annotations", "labels"].into_iter();
            let mut values = fields.filter_map(|field| object.at(&["metadata", field, &key])?.as_str());
            values
                .any(|found| found.eq_ignore_ascii_case(value))
                .then(|| format!("`{key}: {value}` tells Flux not to delete it"))
        };
        match self {
            Self::ArgoCd { .. } => {
                let mut options = text(OPTIONS)?.split(',').map(str::trim);
                let option = options.find(|option| ["Prune=false", "Prune=confirm"].contains(option))?;
                Some(format!("`{OPTIONS}: {option}` tells Argo CD not to delete it"))
            }
            Self::Flux => of_flux("prune", "disabled")
                .or_else(|| of_flux("reconcile", "disabled"))
                .or_else(|| of_flux("ssa", "Ignore")),
            Self::Helm { .. } | Self::Helm3 => policy_of_helm(object),
            Self::Kubectl | Self::KubectlServerSide { .. } | Self::Replace => None,
        }
    }

    /// What kubectl is called with to send the same request.
    pub fn kubectl_args(self) -> &'static [&'static str] {
        match self {
            Self::ArgoCd { sync: SyncOptions { replace: true, .. } } | Self::Replace => &["replace"],
            Self::ArgoCd { sync: SyncOptions { server_side_apply: true, .. } } => {
                &["apply", "--server-side", "--field-manager=argocd-controller", "--force-conflicts"]
            }
            Self::Kubectl | Self::Helm3 | Self::ArgoCd { .. } => &["apply"],
            Self::KubectlServerSide { force_conflicts: false } => &["apply", "--server-side"],
            Self::KubectlServerSide { force_conflicts: true } => {
                &["apply", "--server-side", "--force-conflicts"]
            }
            Self::Helm { force_conflicts: false } => &["apply", "--server-side", "--field-manager=helm"],
            Self::Helm { force_conflicts: true } => {
                &["apply", "--server-side", "--field-manager=helm", "--force-conflicts"]
            }
            Self::Flux => {
                &["apply", "--server-side", "--field-manager=kustomize-controller", "--force-conflicts"]
            }
        }
    }

    /// What alone can apply the manifests as it does, if kubectl cannot.
    pub fn is_only(self) -> Option<&'static str> {
        match self {
            Self::Helm { .. } | Self::Helm3 => {
                Some("Helm records its releases itself: run the commands of the plan, then `helm upgrade`")
            }
            Self::ArgoCd { .. } => Some("Argo CD applies the manifests itself"),
            Self::Flux => Some("Flux applies the manifests itself"),
            Self::Kubectl | Self::KubectlServerSide { .. } | Self::Replace => None,
        }
    }

    /// Whether it matters who owns a field.
    pub(super) fn respects_owners(self) -> bool {
        match self {
            // Objects can ask for server-side apply.
            Self::KubectlServerSide { .. } | Self::Helm { .. } | Self::Flux | Self::ArgoCd { .. } => true,
            Self::Kubectl | Self::Helm3 | Self::Replace => false,
        }
    }

    /// Whether what it does with an object does not depend on the other manifests.
    pub(super) fn sends_one_by_one(self) -> bool {
        matches!(self, Self::Kubectl | Self::KubectlServerSide { .. } | Self::Replace)
    }

    /// Whether the manifest is the whole object, also of one that has not changed.
    pub(super) fn sends_whole_objects(self) -> bool {
        self == Self::Replace || self.sync_options().replace
    }

    /// Whether it computes patches itself, which merge lists by one key.
    pub(super) fn merges_in_client(self) -> bool {
        match self {
            Self::Kubectl | Self::Helm3 => true,
            Self::ArgoCd { sync } => !sync.replace && !sync.server_side_apply,
            Self::KubectlServerSide { .. } | Self::Helm { .. } | Self::Flux | Self::Replace => false,
        }
    }

    /// Whether the server refuses fields that it does not know, instead of dropping them.
    pub(super) fn is_strict(self) -> bool {
        self != Self::Helm3
    }

    /// Whether an upgrade passes over the object: a definition under a chart's `crds/`.
    pub(super) fn skips(self, object: &Object) -> bool {
        matches!(self, Self::Helm { .. } | Self::Helm3) && is_from_crds(object)
    }
}

/// The policy for which Helm keeps an object, as a clause. It shows that the object is meant to stay, whatever the driver.
pub(super) fn policy_of_helm(object: &Object) -> Option<String> {
    const POLICY: &str = "helm.sh/resource-policy";
    let policy = object.at(&["metadata", "annotations", POLICY]).and_then(Node::as_str)?.trim();
    let keeps = policy.eq_ignore_ascii_case("keep");
    keeps.then(|| format!("`{POLICY}: keep` tells Helm not to delete it"))
}

impl FromStr for Driver {
    type Err = String;

    /// Reads one of [`Driver::WORDS`]; the error lists them.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "kubectl" => Ok(Self::Kubectl),
            "kubectl-server-side" => Ok(Self::KubectlServerSide { force_conflicts: false }),
            "helm" => Ok(Self::Helm { force_conflicts: false }),
            "helm3" => Ok(Self::Helm3),
            "argocd" => Ok(Self::ArgoCd { sync: SyncOptions::default() }),
            "flux" => Ok(Self::Flux),
            "replace" => Ok(Self::Replace),
            _ => Err(format!("expected one of {}", Self::WORDS.join(", "))),
        }
    }
}
