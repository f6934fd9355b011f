//! The tests of a new chart: `tests/*_test.yaml` in the format of helm-unittest, and values for CI.

use super::Files;
use super::lift::{Lifted, LiftedWorkload};
use crate::k8s::views::{Image, WorkloadKind};
use crate::manifest::Object;
use crate::values;
use crate::yaml::{Node, emit};
use std::fmt::Write as _;

/// A tag that no image has.
const TAG: &str = "0.0.0-test";

/// A suite for each workload: what it is called, and what its values change.
pub(super) fn of_manifests(objects: &[Object], paths: &[String], lifted: &Lifted) -> Files {
    let suites = lifted.workloads.iter().filter_map(|workload| {
        let object = &objects[workload.object];
        let path = &paths[workload.object];
        let stem = path.strip_prefix("templates/")?.strip_suffix(".yaml")?;
        Some((format!("tests/{stem}_test.yaml"), suite(object, path, workload, lifted)))
    });
    suites.collect()
}

fn suite(object: &Object, path: &str, workload: &LiftedWorkload, lifted: &Lifted) -> String {
    let mut out = format!("suite: {}\ntemplates:\n  - {path}\ntests:\n", object.kind);
    let kind = &object.kind;
    let name = emit::scalar(&object.name, crate::yaml::Context::Block);
    let _ = write!(
        out,
        "  - it: renders the {kind}\n    asserts:\n      - isKind:\n          of: {kind}\n      - equal:\n          \
         path: metadata.name\n          value: {name}\n"
    );
    if let Some(path) = &workload.replicas {
        let value = lifted.settings.default_of(path).and_then(Node::as_i64).unwrap_or_default() + 2;
        set(
            &mut out,
            "sets the number of pods",
            path,
            &Node::bare(value),
            "spec.replicas",
            &Node::bare(value),
        );
    }
    if let (Some(path), Some(kind)) = (&workload.tag, WorkloadKind::from_object(object)) {
        let pod = [kind.template_path(), &["spec"]].concat().join(".");
        let container = object.at(&[kind.template_path(), &["spec", "containers"]].concat());
        let image =
            container.and_then(|list| list.items().first()?.get("image")?.as_str()).unwrap_or_default();
        let changed = Image { tag: Some(TAG), ..Image::parse(image) }.to_string();
        let field = format!("{pod}.containers[0].image");
        set(&mut out, "sets the tag of the image", path, &Node::bare(TAG), &field, &Node::bare(changed));
    }
    out
}

/// A test that sets one value and expects one field.
fn set(out: &mut String, title: &str, path: &[String], value: &Node, field: &str, expected: &Node) {
    let _ = write!(
        out,
        "  - it: {title}\n    set:\n      {}: {}\n    asserts:\n      - equal:\n          path: {field}\n          \
         value: {}\n",
        path.join("."),
        emit::flow(value),
        emit::flow(expected)
    );
}

/// The values that CI lints and installs: those of the first workload, as a place to start from.
pub(super) fn ci_values(lifted: &Lifted) -> Option<Node> {
    let workload = lifted.workloads.first()?;
    let paths = [&workload.replicas, &workload.tag].into_iter().flatten();
    let defaults: Vec<(Vec<String>, Node)> =
        paths.filter_map(|path| Some((path.clone(), lifted.settings.default_of(path)?.clone()))).collect();
    (!defaults.is_empty()).then(|| values::from_paths(defaults))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::create::lift;
    use crate::diag::{SourceKind, Sources};
    use crate::yaml::ReadOptions;

    #[test]
    fn only_the_tag_of_the_image_is_replaced() {
        for (image, expected) in [
            ("localhost:5000/web:5", "localhost:5000/web:0.0.0-test"),
            ("web:1@sha256:1a", "web:0.0.0-test@sha256:1a"),
        ] {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n  template:\n    spec:\n      \
                 containers: [{{name: a, image: '{image}'}}]\n"
            );
            let sources = Sources::new();
            let source = sources.add("in.yaml", text, SourceKind::File);
            let report = crate::manifest::parse(&sources, source, "in.yaml", &ReadOptions::strict());
            let objects = report.output.unwrap();
            let paths = ["templates/a.yaml".to_owned()];
            let files = of_manifests(&objects, &paths, &lift::lift(&objects));
            let suite = &files["tests/a_test.yaml"];
            assert!(suite.contains(&format!("value: {expected:?}\n")), "{suite}");
        }
    }
}
