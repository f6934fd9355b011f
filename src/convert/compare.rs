//! What a converted chart renders differently.

use crate::create::{Files, changed, rendered};
use crate::diag::{Diagnostic, Severity, Sources, has_errors};
use crate::diff::Change;
use crate::lint::ci_values;
use crate::manifest::Object;
use crate::render::{self, Output};
use crate::values::{self, Overrides, ValuesFile};
use crate::world::World;

/// A place that renders differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The values: `values.yaml`, or a file in `ci/`.
    pub values: String,
    /// The object, as `Kind/name`; empty if the chart as a whole does not render.
    pub object: String,
    /// The field, or what is wrong.
    pub what: String,
}

/// Renders both charts with the default values and with each set of values in `ci/`.
pub(super) fn differences(
    world: &World,
    sources: &Sources,
    directory: &str,
    files: &Files,
) -> Vec<Difference> {
    let mut sets = vec![("values.yaml".to_owned(), Overrides::default())];
    sets.extend(ci_values(world, directory).into_iter().map(|(name, path)| {
        let files = vec![ValuesFile::Argument(path.display().to_string())];
        (name, Overrides { files, ..Overrides::default() })
    }));
    let mut found = Vec::new();
    for (name, overrides) in sets {
        let request = render::Request {
            chart: directory.to_owned(),
            overrides: overrides.clone(),
            values: values::Options::default(),
            options: crate::create::release_options("web", false),
        };
        let before = render::release(world, sources, &request);
        let Some(old) = before.output.filter(|_| !has_errors(&before.diagnostics)) else {
            let what = format!(
                "not compared, because the Helm chart does not render: {}",
                first(&before.diagnostics)
            );
            found.push(Difference { values: name, object: String::new(), what });
            continue;
        };
        let report = rendered(world, sources, "web", files, overrides);
        if let Some(new) = report.output.filter(|_| !has_errors(&report.diagnostics)) {
            found.extend(between(&name, &old, &new));
        } else {
            let what = format!("the new chart does not render: {}", first(&report.diagnostics));
            found.push(Difference { values: name, object: String::new(), what });
        }
    }
    found
}

/// The message of the first error.
fn first(diagnostics: &[Diagnostic]) -> &str {
    let mut errors = diagnostics.iter().filter(|one| one.severity == Severity::Error);
    errors.next().map_or("", |error| error.message.as_str())
}

fn between(values: &str, old: &Output, new: &Output) -> Vec<Difference> {
    let objects = |output: &Output| -> Vec<Object> { output.render.all_objects().cloned().collect() };
    let mut found = Vec::new();
    for object in changed(&objects(old), &objects(new)) {
        let mut add = |what: String| {
            let object = format!("{}/{}", object.object.kind, object.object.name);
            found.push(Difference { values: values.to_owned(), object, what });
        };
        match object.change {
            Change::Added => add("is new".to_owned()),
            Change::Removed => add("is missing".to_owned()),
            _ => object.changes.iter().for_each(|change| add(change.path.to_string())),
        }
    }
    found
}
