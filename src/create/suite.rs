//! The tests of a new chart: `tests/*_test.yaml` in the format of helm-unittest, and values for CI.

use super::lift::{Lifted, LiftedWorkload};
use super::{Files, tree_of};
use crate::k8s::views::WorkloadKind;
use crate::manifest::Object;
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
        let value = default_of(lifted, path).and_then(Node::as_i64).unwrap_or_default() + 2;
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
        let old = default_of(lifted, path).and_then(Node::as_str).unwrap_or_default();
        let changed = image.replacen(&format!(":{old}"), &format!(":{TAG}"), usize::MAX);
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

fn default_of<'a>(lifted: &'a Lifted, path: &[String]) -> Option<&'a Node> {
    lifted.settings.iter().find(|setting| setting.path == path).map(|setting| &setting.default)
}

/// The values that CI lints and installs: those of the first workload, as a place to start from.
pub(super) fn ci_values(lifted: &Lifted) -> Option<Node> {
    let workload = lifted.workloads.first()?;
    let paths = [&workload.replicas, &workload.tag].into_iter().flatten();
    let values: Vec<(Vec<String>, Node)> =
        paths.filter_map(|path| Some((path.clone(), default_of(lifted, path)?.clone()))).collect();
    (!values.is_empty()).then(|| tree_of(&values))
}
