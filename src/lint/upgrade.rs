//! The release as the next version of its chart would render it: what changes although nobody changed a template or a
//! value.

use super::subject::Rendering;
use crate::chart::{Chart, Metadata};
use crate::diag::{Sources, Span};
use crate::engine::KnownObjects;
use crate::k8s::views::StatefulSet;
use crate::manifest::Object;
use crate::render;
use crate::values::{Computed, Scope};
use crate::world::World;
use crate::yaml::Node;
use std::sync::Arc;

/// What a new version of a chart raises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raise {
    /// `version`
    Chart,
    /// `appVersion`
    App,
}

/// The StatefulSets of the release after every chart in it got a new version; none if that version cannot be rendered.
pub(super) fn stateful_sets(
    world: &World,
    sources: &Sources,
    computed: &Computed,
    options: &render::Options,
    raise: Raise,
) -> Vec<Object> {
    let next = Computed { root: next_scope(&computed.root, raise), user: computed.user.clone() };
    let rendered = render::render(world, sources, &next, options).output.unwrap_or_default();
    let objects = rendered.manifest.into_iter().flat_map(|document| document.objects);
    objects.filter(|object| StatefulSet::from_object(object).is_some()).collect()
}

/// The objects of an upgrade to the same chart and values, with random values from `seed`. `lookup` finds what is
/// installed; none if it cannot be rendered.
pub(super) fn repeated(
    rendering: Rendering<'_>,
    sources: &Sources,
    computed: &Computed,
    installed: &[&Object],
    seed: u64,
) -> Vec<Object> {
    let mut options = rendering.options.clone();
    options.release.is_upgrade = true;
    options.release.revision += 1;
    options.seed = Some(seed);
    let objects = installed.iter().copied().cloned().collect();
    options.lookup = Some(KnownObjects { objects, is_complete: false });
    let rendered = render::render(rendering.world, sources, computed, &options).output.unwrap_or_default();
    rendered.manifest.into_iter().flat_map(|document| document.objects).collect()
}

/// The version that is raised, as a chart has it.
pub(super) fn version(metadata: &Metadata, raise: Raise) -> Option<&str> {
    match raise {
        Raise::Chart => Some(&metadata.version),
        Raise::App => metadata.app_version.as_deref(),
    }
}

fn next_scope(scope: &Scope, raise: Raise) -> Scope {
    let chart = Chart { metadata: next_metadata(&scope.chart.metadata, raise), ..Chart::clone(&scope.chart) };
    let children = scope.children.iter().map(|child| next_scope(child, raise)).collect();
    Scope { chart: Arc::new(chart), children, ..scope.clone() }
}

fn next_metadata(metadata: &Metadata, raise: Raise) -> Metadata {
    let mut next = metadata.clone();
    let Some(raised) = version(metadata, raise).map(next_version) else { return next };
    let key = match raise {
        Raise::Chart => "version",
        Raise::App => "appVersion",
    };
    if let Some(map) = next.node.as_map_mut() {
        map.insert(key, Span::NONE, Node::bare(raised.as_str()));
    }
    match raise {
        Raise::Chart => next.version = raised,
        Raise::App => next.app_version = Some(raised),
    }
    next
}

/// `1.2.3` becomes `1.2.4`: the last number is raised. A version without a number gets one.
fn next_version(version: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit();
    let Some(end) = version.rfind(is_digit).map(|last| last + 1) else { return format!("{version}-1") };
    let start = version[..end].trim_end_matches(is_digit).len();
    let number = version[start..end].parse::<u64>().unwrap_or_default().wrapping_add(1);
    format!("{}{number}{}", &version[..start], &version[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_is_raised() {
        for (version, next) in [
            ("1.2.3", "1.2.4"),
            ("v0.9", "v0.10"),
            ("1.0.0-rc.1", "1.0.0-rc.2"),
            ("2023-01-01T00-00-59Z", "2023-01-01T00-00-60Z"),
            ("stable", "stable-1"),
        ] {
            assert_eq!(next_version(version), next);
        }
    }
}
