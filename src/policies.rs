//! Admission policies that a cluster has besides a release: `--policies`, and `policies` in `plimsoll.toml`.

use crate::diag::{Diagnostic, Report, Sources};
use crate::k8s::admission::is_configuration;
use crate::manifest::Object;
use crate::manifests::FileReader;
use crate::world::World;
use crate::yaml::ReadOptions;
use std::path::PathBuf;

/// Reads manifests of admission policies and bindings, and of what these look up: parameters and namespaces.
///
/// Fails if a file cannot be read, or if there is nothing about admission in any of them.
pub fn load(world: &World, sources: &Sources, paths: &[PathBuf]) -> Report<Vec<Object>> {
    if paths.is_empty() {
        return Report::ok(Vec::new());
    }
    let options = ReadOptions::lenient();
    let mut reader = FileReader::new(world, sources, &options);
    for path in paths {
        reader.path(path);
    }
    let mut diagnostics = Vec::new();
    let objects = reader.finish().take(&mut diagnostics).map(|manifests| manifests.objects);
    let Some(objects) = objects else { return Report::failed(diagnostics) };
    if !objects.iter().any(|object| is_configuration(object.group(), &object.kind)) {
        let paths: Vec<_> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
        diagnostics
            .push(Diagnostic::error(format!("{} contains no admission policy", paths.join(", "))).help(
            "--policies takes manifests of ValidatingAdmissionPolicy and ValidatingAdmissionPolicyBinding",
        ));
        return Report::failed(diagnostics);
    }
    Report { output: Some(objects), diagnostics }
}

/// The objects that say what is admitted, without what they look up.
pub fn configuration<'o>(objects: impl Iterator<Item = &'o Object>) -> impl Iterator<Item = &'o Object> {
    objects.filter(|object| is_configuration(object.group(), &object.kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Memory;

    const POLICY: &str =
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: a}\n";
    const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

    #[test]
    fn policies_are_read_with_what_they_look_up() {
        let world =
            Memory::default().file("p/a.yaml", POLICY).file("p/b.yaml", MAP).file("c.yaml", MAP).into_world();
        let read = |path: &str| load(&world, &Sources::new(), &[PathBuf::from(path)]);
        let objects = read("p").output.unwrap();
        assert_eq!(objects.len(), 2);
        assert_eq!(configuration(objects.iter()).count(), 1);
        assert_eq!(read("c.yaml").diagnostics[0].message, "`c.yaml` contains no admission policy");
        assert!(read("none.yaml").has_errors());
        assert!(load(&world, &Sources::new(), &[]).output.unwrap().is_empty());
    }
}
