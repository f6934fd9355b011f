//! What a converted chart renders differently.

use crate::create::{Files, rendered};
use crate::diag::{Diagnostic, Severity, Sources, has_errors};
use crate::lint::ci_values;
use crate::manifest::Object;
use crate::render::{self, Output};
use crate::values::{self, Overrides, ValuesFile};
use crate::world::World;
use crate::yaml::{Node, Value};

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

/// The objects and fields that are written differently, whether or not a cluster would treat them as the same.
fn between(values: &str, old: &Output, new: &Output) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut add = |object: &Object, what: &str| {
        let object = format!("{}/{}", object.kind, object.name);
        found.push(Difference { values: values.to_owned(), object, what: what.to_owned() });
    };
    let mut rest: Vec<&Object> = new.render.all_objects().collect();
    for before in old.render.all_objects() {
        let same = rest.iter().position(|after| after.reference() == before.reference());
        let Some(after) = same.map(|at| rest.remove(at)) else {
            add(before, "is missing");
            continue;
        };
        let mut paths = Vec::new();
        differing("", Some(&before.root), Some(&after.root), &mut paths);
        for path in &paths {
            add(before, path);
        }
    }
    for object in rest {
        add(object, "is new");
    }
    found
}

/// The fields in which two objects are written differently. Null is the same as nothing.
fn differing(path: &str, old: Option<&Node>, new: Option<&Node>, found: &mut Vec<String>) {
    let (old, new) = (old.filter(|node| !node.is_null()), new.filter(|node| !node.is_null()));
    let (Some(before), Some(after)) = (old, new) else {
        if old.is_some() || new.is_some() {
            found.push(path.to_owned());
        }
        return;
    };
    match (&before.value, &after.value) {
        (Value::Map(before), Value::Map(after)) => {
            let dot = if path.is_empty() { "" } else { "." };
            let added = after.keys().filter(|key| before.get(key).is_none());
            for key in before.keys().chain(added) {
                differing(&format!("{path}{dot}{key}"), before.get(key), after.get(key), found);
            }
        }
        (Value::Seq(before), Value::Seq(after)) => {
            for index in 0..before.len().max(after.len()) {
                differing(&format!("{path}[{index}]"), before.get(index), after.get(index), found);
            }
        }
        _ if before != after => found.push(path.to_owned()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceKind;
    use crate::yaml::{ReadOptions, read};

    #[test]
    fn every_field_that_is_written_differently_is_found() {
        let found = |old: &str, new: &str| {
            let sources = Sources::new();
            let parse = |text: &str| {
                let source = sources.add("a.yaml", text, SourceKind::File);
                read(&sources, source, &ReadOptions::strict()).output.unwrap().remove(0).root
            };
            let mut paths = Vec::new();
            differing("", Some(&parse(old)), Some(&parse(new)), &mut paths);
            paths.join(" ")
        };
        assert_eq!(found("{a: 1, b: {c: [x, y]}}", "{b: {c: [x, y]}, a: 1}"), "");
        assert_eq!(found("{a: 1, b: {c: [x, y]}}", "{a: '1', b: {c: [x]}, d: 2}"), "a b.c[1] d");
        assert_eq!(
            found("{a: ~, b: {}, stringData: {c: x}}", "{b: ~, stringData: {c: ~}}"),
            "b stringData.c"
        );
    }
}
