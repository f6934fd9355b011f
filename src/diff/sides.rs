//! The two sides of a comparison, made alike: what one side cannot hold is no difference.
//!
//! A rendered chart keeps its hooks and the definitions under `crds/` apart from its manifest. A file of manifests may
//! hold both, or have been written without either (`--no-hooks`, no `--include-crds`), and recorded renders never hold them.

use super::Driver;
use crate::manifest::Object;
use crate::render::{self, Render};

/// The objects of one side, by where they come from.
#[derive(Debug, Clone)]
pub enum Side {
    /// A rendered chart.
    Chart {
        /// The objects that are applied.
        manifest: Vec<Object>,
        /// Its hooks.
        hooks: Vec<Object>,
        /// The definitions under `crds/`, which are applied on demand.
        crds: Vec<Object>,
    },
    /// Manifests as they were written. They may hold hooks and the definitions under `crds/`.
    Manifests(Vec<Object>),
    /// A recorded render: a chart's manifest, without its hooks and definitions.
    Recorded(Vec<Object>),
    /// What a cluster holds of the other side's objects.
    Live {
        /// The objects.
        objects: Vec<Object>,
        /// What Helm recorded of the release, if it did.
        released: Option<Released>,
    },
}

/// The last deployed revision of a release, as Helm recorded it in the cluster.
#[derive(Debug, Clone)]
pub struct Released {
    /// Its manifests, which the patches of the next upgrade start from.
    pub objects: Vec<Object>,
    /// Whether it was applied server-side. The next upgrade is applied in the same way.
    pub is_server_side: bool,
    /// The status of the newest revision, if an operation on it has not ended: `pending-upgrade`.
    pub pending: Option<String>,
}

/// What is compared although an upgrade does not, or not always, apply it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Include {
    /// The hooks of both sides.
    pub hooks: bool,
    /// The definitions under `crds/` of both sides.
    pub crds: bool,
}

impl Side {
    /// The side of a rendered chart.
    pub fn of_render(render: Render) -> Self {
        let objects = |documents: Vec<render::Document>| {
            documents.into_iter().flat_map(|document| document.objects).collect()
        };
        Self::Chart {
            manifest: objects(render.manifest),
            hooks: objects(render.hooks),
            crds: objects(render.crds),
        }
    }

    /// The objects of the manifest, or of the manifests as they were written.
    pub fn into_objects(self) -> Vec<Object> {
        match self {
            Self::Chart { manifest: objects, .. }
            | Self::Manifests(objects)
            | Self::Recorded(objects)
            | Self::Live { objects, .. } => objects,
        }
    }

    /// The same, and the hooks of a chart, which are none of them.
    pub fn into_objects_and_hooks(mut self) -> (Vec<Object>, Vec<Object>) {
        let hooks = match &mut self {
            Self::Chart { hooks, .. } => std::mem::take(hooks),
            _ => Vec::new(),
        };
        (self.into_objects(), hooks)
    }

    /// The definitions under the `crds/` of a chart; `None` for anything else, in which they cannot be told from others.
    fn crds(&self) -> Option<Vec<Object>> {
        match self {
            Self::Chart { crds, .. } => Some(crds.clone()),
            _ => None,
        }
    }

    /// The objects that an upgrade applies, and what else is compared.
    pub fn applied_objects(&self, driver: Driver, include: Include) -> Vec<Object> {
        let mut objects = self.clone().into_objects();
        if !include.hooks {
            objects.retain(|object| !is_hook(object, driver));
        }
        objects.extend(self.apart(include).into_iter().flatten());
        objects
    }

    /// What a chart keeps apart of what is compared: hooks and definitions.
    fn apart(&self, include: Include) -> [Vec<Object>; 2] {
        let Self::Chart { hooks, crds, .. } = self else { return Default::default() };
        let listed = |is_included: bool, objects: &[Object]| {
            if is_included { objects.to_vec() } else { Vec::new() }
        };
        [listed(include.hooks, hooks), listed(include.crds, crds)]
    }
}

/// Two sides that can be compared.
#[derive(Debug)]
pub struct Sides {
    /// The objects of the old side.
    pub old: Vec<Object>,
    /// The objects of the new side.
    pub new: Vec<Object>,
    /// Hooks that only one of two sets of manifests holds: they are not compared.
    pub unmatched_hooks: Vec<String>,
    /// Hooks and definitions that are not compared although they were asked for, because recorded renders hold none.
    pub unrecorded: Vec<String>,
    /// What Helm recorded of the release, if the old side is a cluster in which it did.
    pub released: Option<Released>,
    /// The new objects rendered once more, with other random values; empty if none are random.
    pub redrawn: Vec<Object>,
}

/// Makes two sides alike: hooks, and the definitions under `crds/`, are on both or on neither.
///
/// Unless `include` asks for them, hooks are compared only where both sides are manifests that hold hooks; tests and other
/// hooks are treated separately, because `--skip-tests` leaves out tests only. The definitions of a chart are compared if the
/// manifests on the other side hold any of them. Recorded renders hold neither. `driver` says which annotations make a hook.
pub fn align(old: Side, new: Side, driver: Driver, include: Include) -> Sides {
    let both_manifests = matches!((&old, &new), (Side::Manifests(_), Side::Manifests(_)));
    let is_recorded = matches!(old, Side::Recorded(_)) || matches!(new, Side::Recorded(_));
    let (old_crds, new_crds) = (old.crds(), new.crds());
    let [old_apart, new_apart] = [&old, &new].map(|side| side.apart(include));
    let released = match &old {
        Side::Live { released, .. } => released.clone(),
        _ => None,
    };
    let mut sides = Sides {
        old: old.into_objects(),
        new: new.into_objects(),
        released,
        unmatched_hooks: Vec::new(),
        unrecorded: Vec::new(),
        redrawn: Vec::new(),
    };
    for (side, [hooks, crds]) in [(&mut sides.old, old_apart), (&mut sides.new, new_apart)] {
        side.splice(0..0, crds);
        side.extend(hooks);
    }
    let name = |object: &Object| format!("{}/{}", object.kind, object.name);
    if !include.hooks || is_recorded {
        let dropped = sides.drop_hooks(both_manifests, driver);
        let names = dropped.iter().map(name);
        if both_manifests {
            sides.unmatched_hooks = names.collect();
        } else if include.hooks {
            sides.unrecorded = names.collect();
        }
    }
    match (old_crds, new_crds) {
        _ if is_recorded => {
            for side in [&mut sides.old, &mut sides.new] {
                let dropped = side.extract_if(.., |object| is_from_crds(object));
                let names: Vec<String> = dropped.map(|object| name(&object)).collect();
                sides.unrecorded.extend(names.into_iter().filter(|_| include.crds));
            }
        }
        _ if include.crds => {}
        (Some(crds), None) => add_crds(&mut sides.old, crds, &sides.new),
        (None, Some(crds)) => add_crds(&mut sides.new, crds, &sides.old),
        _ => {}
    }
    sides
}

impl Sides {
    /// Drops the hooks and returns them; those that both sides hold stay if `keep_common`.
    fn drop_hooks(&mut self, keep_common: bool, driver: Driver) -> Vec<Object> {
        let mut dropped = Vec::new();
        for of_tests in [true, false] {
            let belongs = |object: &Object| {
                is_hook(object, driver) && render::hook(object).is_some_and(|hook| hook.is_test()) == of_tests
            };
            if !(keep_common && self.old.iter().any(belongs) && self.new.iter().any(belongs)) {
                dropped.extend(self.old.extract_if(.., |object| belongs(object)));
                dropped.extend(self.new.extract_if(.., |object| belongs(object)));
            }
        }
        dropped
    }
}

/// Whether an object is no part of the release itself: a hook of Helm's, or with Argo CD one of Argo CD's.
fn is_hook(object: &Object, driver: Driver) -> bool {
    const ARGO_CD: &str = "argocd.argoproj.io/hook";
    let of_argo_cd = || object.at(&["metadata", "annotations", ARGO_CD]).is_some();
    render::hook(object).is_some() || matches!(driver, Driver::ArgoCd { .. }) && of_argo_cd()
}

/// Adds the definitions under a chart's `crds/` to its objects, if `manifests` on the other side hold any of them.
fn add_crds(chart: &mut Vec<Object>, crds: Vec<Object>, manifests: &[Object]) {
    let is_one = |object: &Object| {
        is_definition(object)
            && (is_from_crds(object) || crds.iter().any(|definition| definition.name == object.name))
    };
    if manifests.iter().any(is_one) {
        chart.splice(0..0, crds);
    }
}

/// Whether a manifest says that it is a definition from a chart's `crds/`, by its `# Source:` or its file. Charts also keep
/// definitions under `templates/crds/`: those are templates like any other.
pub(super) fn is_from_crds(object: &Object) -> bool {
    let mut above = object.template.split('/').rev().skip(1);
    is_definition(object)
        && above.by_ref().any(|part| part == "crds")
        && !above.any(|part| part == "templates")
}

fn is_definition(object: &Object) -> bool {
    object.kind == "CustomResourceDefinition"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::yaml::ReadOptions;

    fn objects(sources: &[&str]) -> Vec<Object> {
        let definition = |(index, source): (usize, &&str)| {
            format!(
                "---\n# Source: {source}\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: a{index}}}\n"
            )
        };
        let text: Vec<String> = sources.iter().enumerate().map(definition).collect();
        let report = crate::manifest::load_stdin(&Sources::new(), text.concat(), &ReadOptions::strict());
        report.output.unwrap_or_default()
    }

    #[test]
    fn definitions_from_crds_are_told_from_templates() {
        for (source, expected) in [
            ("web/crds/a.yaml", true),
            ("web/charts/db/crds/deep/a.yaml", true),
            ("out/web/crds/a.yaml", true),
            ("web/templates/crds/a.yaml", false),
            ("web/charts/db/templates/crds/a.yaml", false),
            ("web/templates/crds.yaml", false),
            ("crds", false),
        ] {
            assert_eq!(is_from_crds(&objects(&[source])[0]), expected, "{source}");
        }
    }

    #[test]
    fn recorded_renders_are_compared_without_the_definitions_under_crds_only() {
        let new = objects(&["web/crds/a.yaml", "web/templates/crds/b.yaml"]);
        let sides =
            align(Side::Recorded(Vec::new()), Side::Manifests(new), Driver::Kubectl, Include::default());
        let names: Vec<&str> = sides.new.iter().map(|object| object.name.as_str()).collect();
        assert_eq!(names, ["a1"]);
    }

    #[test]
    fn definitions_of_a_chart_are_compared_where_the_other_side_holds_one() {
        let chart = || Side::Chart {
            manifest: Vec::new(),
            hooks: Vec::new(),
            crds: objects(&["web/crds/a.yaml", "web/crds/b.yaml"]),
        };
        let aligned = |old: Side, include| align(old, chart(), Driver::Kubectl, include);
        let count =
            |manifests: &[&str]| aligned(Side::Manifests(objects(manifests)), Include::default()).new.len();
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&["web/crds/other.yaml"]), 2);
        // By its name, where no path says where it is from.
        assert_eq!(count(&["everything.yaml"]), 2);
        assert_eq!(aligned(chart(), Include::default()).new.len(), 0);
        // If they are asked for they are on both sides, but for records.
        let include = Include { crds: true, hooks: true };
        let both = aligned(chart(), include);
        assert_eq!((both.old.len(), both.new.len()), (2, 2));
        let recorded = aligned(Side::Recorded(Vec::new()), include);
        assert_eq!((recorded.new.len(), recorded.unrecorded.len()), (0, 2));
    }
}
