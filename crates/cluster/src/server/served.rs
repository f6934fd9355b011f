//! The kinds that the server serves: those of Kubernetes, and custom resources.

use super::node;
use plimsoll_kube::schema::{self, Kind};
use plimsoll_kube::{Version, defaults};
use plimsoll_yaml::Node;
use std::borrow::Cow;

/// A kind in a version of its API.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) api_version: Cow<'static, str>,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) plural: Cow<'static, str>,
    pub(crate) is_namespaced: bool,
    /// Its schema; `None` for a custom resource.
    pub(crate) built_in: Option<&'static Kind>,
}

impl Served {
    /// A kind of Kubernetes, if that version has it.
    pub(super) fn built_in(api_version: &str, kind: &str, version: Version) -> Option<Self> {
        schema::kind(api_version, kind).filter(|kind| kind.exists_in(version)).map(Self::from)
    }

    /// A custom resource. Without its definition it is taken to live in a namespace.
    pub(super) fn custom(api_version: &str, kind: &str, definition: Option<&Node>) -> Self {
        let defined = |path: &[&str]| definition.map(|definition| node::text(definition, path));
        let plural = defined(&["spec", "names", "plural"]).filter(|plural| !plural.is_empty());
        Self {
            api_version: Cow::Owned(api_version.to_owned()),
            kind: Cow::Owned(kind.to_owned()),
            plural: Cow::Owned(
                plural.map_or_else(|| format!("{}s", kind.to_ascii_lowercase()), str::to_owned),
            ),
            is_namespaced: defined(&["spec", "scope"]) != Some("Cluster"),
            built_in: None,
        }
    }

    /// Whether kinds of this group are never custom resources.
    pub(super) fn is_reserved(group: &str) -> bool {
        defaults::is_builtin(group)
    }

    pub(crate) fn group(&self) -> &str {
        node::group_of(&self.api_version)
    }
}

impl From<&'static Kind> for Served {
    fn from(kind: &'static Kind) -> Self {
        Self {
            api_version: Cow::Borrowed(kind.api_version),
            kind: Cow::Borrowed(kind.kind),
            plural: Cow::Borrowed(kind.plural),
            is_namespaced: kind.namespaced,
            built_in: Some(kind),
        }
    }
}
