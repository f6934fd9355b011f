//! What one run of lint is about.

use crate::chart::{Chart, Origin};
use crate::diag::{Diagnostic, Sources};
use crate::k8s::Version;
use crate::manifest::Object;
use crate::render;
use crate::values::{Computed, Scope};
use crate::world::World;
use std::sync::Arc;

/// What one run of lint is about.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The objects of one release, or of one set of manifest files; hooks included.
    pub objects: &'a [&'a Object],
    /// The custom resource definitions that the chart ships in `crds/`.
    pub crds: &'a [&'a Object],
    /// Admission policies that the cluster has besides the release, with what they look up.
    pub policies: &'a [&'a Object],
    /// The chart they were rendered from.
    pub chart: Option<ChartSubject<'a>>,
    /// The diagnostics of earlier stages: warnings, and problems that only a reader sees (duplicate keys).
    pub reported: &'a [Diagnostic],
    /// The texts of the run.
    pub sources: &'a Sources,
    /// The version of Kubernetes to answer for.
    pub version: Version,
}

impl Subject<'_> {
    /// Whether the release itself holds an object.
    pub(super) fn holds(&self, object: &Object) -> bool {
        self.objects.iter().any(|own| own.reference() == object.reference())
    }
}

/// A chart with the values it was rendered with.
#[derive(Debug)]
pub struct ChartSubject<'a> {
    /// The chart named on the command line.
    pub chart: &'a Chart,
    /// Its values and those of the sub-charts that are enabled.
    pub computed: &'a Computed,
    /// The texts of the run.
    pub sources: &'a Sources,
    /// How it was rendered, if it was.
    pub rendering: Option<Rendering<'a>>,
}

/// How a chart was rendered.
#[derive(Debug, Clone, Copy)]
pub struct Rendering<'a> {
    /// What was handed in from outside.
    pub world: &'a World,
    /// The options.
    pub options: &'a render::Options,
    /// Whether random values were generated.
    pub uses_random_values: bool,
}

impl<'a> ChartSubject<'a> {
    /// The root scope and every enabled scope below, parents first.
    pub fn scopes(&self) -> Vec<&'a Scope> {
        let mut scopes = vec![&self.computed.root];
        let mut next = 0;
        while let Some(scope) = scopes.get(next).copied() {
            scopes.extend(&scope.children);
            next += 1;
        }
        scopes
    }

    /// The charts that are the user's own to change: the root and its unpacked sub-charts, each once however
    /// often it is aliased. Archives in `charts/` are third-party charts.
    pub(super) fn own_scopes(&self) -> Vec<&'a Scope> {
        let mut own: Vec<&'a Scope> = Vec::new();
        for scope in self.scopes() {
            let root = own.is_empty();
            let archived = matches!(scope.chart.origin, Origin::Archive(_));
            if (root || !archived) && !own.iter().any(|seen| Arc::ptr_eq(&seen.chart, &scope.chart)) {
                own.push(scope);
            }
        }
        own
    }
}
