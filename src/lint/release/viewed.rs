//! Objects seen through a view.

use crate::diag::Diagnostic;
use crate::k8s::views;
use crate::lint::Lint;
use crate::lint::finding::finding;
use crate::manifest::Object;
use std::fmt;
use std::ops::Deref;

/// A view, with the object that findings are about.
#[derive(Debug, Clone, Copy)]
pub(in crate::lint) struct Viewed<'a, V> {
    pub(in crate::lint) object: &'a Object,
    view: V,
}

/// An object that makes pods.
pub(in crate::lint) type Workload<'a> = Viewed<'a, views::Workload<'a>>;
/// A StatefulSet.
pub(in crate::lint) type StatefulSet<'a> = Viewed<'a, views::StatefulSet<'a>>;
/// A Service.
pub(in crate::lint) type Service<'a> = Viewed<'a, views::Service<'a>>;
/// A `PodDisruptionBudget`.
pub(in crate::lint) type Budget<'a> = Viewed<'a, views::Budget<'a>>;

impl<V> Viewed<'_, V> {
    /// A finding about a field of the object.
    pub(in crate::lint) fn finding(
        &self,
        lint: &'static Lint,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Diagnostic {
        finding(lint, self.object, path, message)
    }
}

impl<V> Deref for Viewed<'_, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.view
    }
}

impl<V> fmt::Display for Viewed<'_, V> {
    /// ``StatefulSet `db` ``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.object.kind, self.object.name)
    }
}

impl<'a> Workload<'a> {
    /// `None` if the object makes no pods, or its API version is no longer served.
    pub(in crate::lint) fn from_object(object: &'a Object) -> Option<Self> {
        let view = views::Workload::from_root(object.group(), &object.kind, &object.root)?;
        Some(Self { object, view })
    }

    /// The same object as a StatefulSet; `None` for other kinds.
    pub(in crate::lint) fn stateful_set(&self) -> Option<StatefulSet<'a>> {
        Some(Viewed { object: self.object, view: self.view.stateful_set()? })
    }
}

impl<'a> Service<'a> {
    pub(in crate::lint) fn from_object(object: &'a Object) -> Option<Self> {
        let is_service = object.group().is_empty() && object.kind == "Service";
        is_service.then(|| Self { object, view: views::Service::new(&object.root) })
    }
}

impl<'a> Budget<'a> {
    pub(super) fn new(object: &'a Object) -> Self {
        Self { object, view: views::Budget::new(&object.root) }
    }
}
