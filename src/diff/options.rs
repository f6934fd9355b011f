//! What a comparison is told.

use super::{Change, Cluster, Driver, EffectKind, Ignore, ObjectPlan, Verdict};
use crate::cluster::client::last_applied;
use crate::digest::Key;
use crate::k8s::Version;
use crate::manifest::Object;
use crate::yaml::Node;
use std::borrow::Cow;
use std::str::FromStr;

/// What a comparison is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// What applies the new manifests, and applied the old ones.
    pub driver: Driver,
    /// Whether a driver that can prune deletes what left the manifests ([`Driver::can_prune`]).
    pub prune: bool,
    /// The name of the release, if it has one.
    pub release: Option<String>,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// The cluster that the commands of the plan are for.
    pub cluster: Cluster,
    /// The Kubernetes version whose rules count.
    pub version: Version,
    /// Fields that are taken as unchanged.
    pub ignore: Vec<Ignore>,
    /// Whether claims whose volume no manifest shows are taken as bound. By default they are not: what the
    /// manifests do not show is not assumed.
    pub claims_bound: bool,
    /// Whether the old objects were read from a cluster: what `kubectl apply` last saw of them is then in an
    /// annotation, and what only the server set is no loss where the new manifest does not name it.
    pub live: bool,
    /// The manifests of the last deployed revision as Helm recorded them, for live objects and the drivers of Helm.
    pub released: Option<Vec<Object>>,
    /// Admission policies that the cluster has besides the release, with what they look up.
    pub policies: Vec<Object>,
    /// Whether new manifests are validated by themselves, too.
    pub validate: bool,
    /// Whether the plan holds the manifests before and after, which the formats with a patch show: `unified`, `markdown`
    /// and `html`.
    pub documents: bool,
    /// Whether the plan holds each object as the API server would store it.
    pub stored: bool,
    /// Whether the plan contains the values of Secrets.
    pub show_secrets: bool,
    /// The keys of the digests that stand for secret values in recorded renders.
    pub keys: Vec<Key>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            driver: Driver::default(),
            prune: false,
            release: None,
            namespace: "default".to_owned(),
            cluster: Cluster::default(),
            version: Version::DEFAULT,
            ignore: Vec::new(),
            claims_bound: false,
            live: false,
            released: None,
            policies: Vec::new(),
            validate: true,
            documents: true,
            stored: false,
            show_secrets: false,
            keys: Vec::new(),
        }
    }
}

impl Options {
    /// The manifest from which a live object was last applied: Helm's record of it, or the note that kubectl leaves.
    pub(super) fn manifest_of<'a>(&'a self, live: &'a Object) -> Option<Cow<'a, Node>> {
        let namespace = |object: &'a Object| object.namespace.as_deref().unwrap_or(&self.namespace);
        let is_same = |object: &&'a Object| {
            (object.group(), &object.kind, &object.name, namespace(object))
                == (live.group(), &live.kind, &live.name, namespace(live))
        };
        match (&self.released, self.driver) {
            (Some(released), Driver::Helm { .. } | Driver::Helm3) => {
                released.iter().find(is_same).map(|object| Cow::Borrowed(&*object.root))
            }
            _ => last_applied(&live.root).map(Cow::Owned),
        }
    }
}

/// What `--fail-on` can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// Anything that differs.
    Changed,
    /// Something the server would refuse.
    Rejected,
    /// An object that only the old render has. The driver says whether it is deleted.
    Removed,
    /// An effect of that kind.
    Effect(EffectKind),
    /// Any replacement of pods, also one that cannot be ruled out.
    Restart,
}

impl FailOn {
    /// Every word that names a category.
    pub const WORDS: [&'static str; 14] = [
        "changed",
        "rejected",
        "removed",
        "restart",
        "rolling-restart",
        "recreate",
        "needless-restart",
        "scale-up",
        "scale-down",
        "traffic",
        "data-loss",
        "ignored",
        "may-hang",
        "config-not-picked-up",
    ];

    pub(super) fn applies(self, object: &ObjectPlan) -> bool {
        match self {
            Self::Changed => object.is_notable(),
            Self::Rejected => object.verdict == Verdict::Rejected,
            Self::Removed => object.change == Change::Removed,
            Self::Effect(kind) => object.has(kind),
            Self::Restart => object.restarts(),
        }
    }
}

impl FromStr for FailOn {
    type Err = String;

    /// Reads one of [`FailOn::WORDS`]; the error lists them.
    fn from_str(text: &str) -> Result<Self, String> {
        const EFFECTS: [EffectKind; 10] = [
            EffectKind::DataLoss,
            EffectKind::Recreate,
            EffectKind::RollingRestart,
            EffectKind::NeedlessRestart,
            EffectKind::MayHang,
            EffectKind::Traffic,
            EffectKind::ScaleDown,
            EffectKind::ScaleUp,
            EffectKind::ConfigNotPickedUp,
            EffectKind::Ignored,
        ];
        match text {
            "changed" => Ok(Self::Changed),
            "rejected" => Ok(Self::Rejected),
            "removed" => Ok(Self::Removed),
            "restart" => Ok(Self::Restart),
            _ => EFFECTS
                .into_iter()
                .find(|kind| kind.as_str() == text)
                .map(Self::Effect)
                .ok_or_else(|| format!("expected one of {}", Self::WORDS.join(", "))),
        }
    }
}
