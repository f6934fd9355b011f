//! Definitions of custom resources from outside a release: `--crds`, and `crds` in `plimsoll.toml`.

use crate::diag::{Diagnostic, Sources, Span};
use crate::k8s::defaults::is_builtin;
use crate::manifest::Object;
use crate::manifests::FileReader;
use crate::world::{FileKind, World};
use crate::yaml::{Map, Node, ReadOptions, read_fragment};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where definitions are looked up. They are read once for all releases of a run.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    /// The manifests of definitions.
    objects: Vec<Object>,
    /// Directories of JSON schemas, `<group>/<kind>_<version>.json`, as <https://github.com/datreeio/CRDs-catalog> has them.
    catalogs: Vec<PathBuf>,
}

impl Definitions {
    /// Reads files and directories of manifests; catalogs are looked into when an object needs them.
    pub(super) fn load(
        world: &World,
        sources: &Sources,
        paths: &[PathBuf],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let options = ReadOptions::lenient();
        let mut reader = FileReader::new(world, sources, &options);
        let (catalogs, manifests): (Vec<_>, Vec<_>) =
            paths.iter().cloned().partition(|path| is_catalog(world, path));
        if manifests.is_empty() {
            return Self { objects: Vec::new(), catalogs };
        }
        for path in &manifests {
            reader.path(path);
        }
        let mut found = Vec::new();
        let objects = reader.finish().take(&mut found).map(|manifests| manifests.objects).unwrap_or_default();
        found.retain(super::is_unread);
        let is_unreadable = !found.is_empty();
        diagnostics.extend(found);
        let objects: Vec<Object> =
            objects.into_iter().filter(|object| object.kind == "CustomResourceDefinition").collect();
        if objects.is_empty() && !is_unreadable {
            let paths: Vec<_> = manifests.iter().map(|path| format!("`{}`", path.display())).collect();
            diagnostics.push(
                Diagnostic::error(format!("{} contains no CustomResourceDefinition", paths.join(", ")))
                    .help("--crds takes manifests of definitions, or a directory of `<group>/<kind>_<version>.json`"),
            );
        }
        Self { objects, catalogs }
    }

    /// The definitions that were read from manifests.
    pub(super) fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The definitions from catalogs that the objects of a release need.
    pub(super) fn look_up(
        &self,
        world: &World,
        objects: &[&Object],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Object> {
        let mut needed: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for object in objects.iter().filter(|object| !is_builtin(object.group())) {
            needed.entry((object.group(), &object.kind)).or_default().insert(object.version());
        }
        let mut found = Vec::new();
        for ((group, kind), versions) in needed {
            for catalog in &self.catalogs {
                let schemas = versions.iter().filter_map(|version| {
                    let schema = read_schema(world, catalog, group, kind, version, diagnostics)?;
                    Some((*version, schema))
                });
                let schemas: Vec<_> = schemas.collect();
                if !schemas.is_empty() {
                    found.push(definition(group, kind, schemas));
                    break;
                }
            }
        }
        found
    }
}

/// Whether a directory holds JSON schemas by group.
fn is_catalog(world: &World, path: &Path) -> bool {
    let is_schema = |name: &Path| {
        name.extension().is_some_and(|extension| extension == "json")
            && name.file_stem().is_some_and(|stem| stem.to_string_lossy().contains("_v"))
    };
    let holds_schemas = |directory: &Path| {
        let entries = world.list(directory).unwrap_or_default();
        entries.iter().any(|entry| is_schema(Path::new(&entry.name)))
    };
    world.is_directory(path) && {
        let entries = world.list(path).unwrap_or_default();
        let directories = entries.iter().filter(|entry| entry.kind == FileKind::Directory);
        directories.map(|entry| path.join(&entry.name)).any(|directory| holds_schemas(&directory))
    }
}

/// The JSON schema that a catalog has for a kind.
fn read_schema(
    world: &World,
    catalog: &Path,
    group: &str,
    kind: &str,
    version: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Node> {
    const LIMIT: u64 = 64 << 20;
    // What a manifest says is not a path.
    if [group, kind, version].iter().any(|part| part.contains(['/', '\\']) || part.starts_with('.')) {
        return None;
    }
    let path = catalog.join(group).join(format!("{}_{version}.json", kind.to_lowercase()));
    if !world.is_file(&path) {
        return None;
    }
    let schema = world
        .read(&path, LIMIT)
        .map_err(|error| error.to_string())
        .and_then(|bytes| read_fragment(&bytes).map_err(|_| "it is not JSON".to_owned()));
    schema
        .map_err(|error| {
            diagnostics.push(Diagnostic::error(format!("cannot read `{}`: {error}", path.display())));
        })
        .ok()
}

/// A definition that says no more than the schemas do.
fn definition(group: &str, kind: &str, schemas: Vec<(&str, Node)>) -> Object {
    let versions = schemas.into_iter().map(|(version, schema)| {
        map([("name", text(version)), ("schema", map([("openAPIV3Schema", schema)]))])
    });
    let spec = map([
        ("group", text(group)),
        ("names", map([("kind", text(kind))])),
        ("versions", Node::bare(versions.collect::<Vec<_>>())),
    ]);
    let name = format!("{}.{group}", kind.to_lowercase());
    let (api_version, crd) = ("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    Object {
        root: map([
            ("apiVersion", text(api_version)),
            ("kind", text(crd)),
            ("metadata", map([("name", text(&name))])),
            ("spec", spec),
        ])
        .into(),
        span: Span::NONE,
        api_version: api_version.to_owned(),
        kind: crd.to_owned(),
        name,
        namespace: None,
        template: String::new(),
    }
}

fn text(text: &str) -> Node {
    Node::bare(text)
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    let mut map = Map::new();
    for (key, value) in entries {
        map.insert(key, Span::NONE, value);
    }
    Node::bare(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::k8s::Version;
    use crate::lint::{Config, Subject, run, testing};
    use crate::world::Memory;

    const CRD: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.b.c}\n\
                       spec:\n  group: b.c\n  scope: Namespaced\n  names: {plural: as, kind: Apple}\n  versions:\n  \
                       - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: \
                       {spec: {type: object, properties: {size: {type: integer}}}}}}}\n";
    const SCHEMA: &str = "{\"type\": \"object\", \"properties\": {\"apiVersion\": {\"type\": \"string\"}, \"spec\": {\"type\": \
                          \"object\", \"additionalProperties\": false, \"properties\": {\"size\": {\"type\": \"integer\"}}}}}";
    const APPLE: &str = "apiVersion: b.c/v1\nkind: Apple\nmetadata: {name: a}\nspec: {size: big, sise: 1}\n";

    /// The rules that are broken by a manifest, given files and the paths of `--crds`.
    fn found(files: &[(&str, &str)], crds: &[&str], manifest: &str) -> Vec<String> {
        let memory = files.iter().fold(Memory::default(), |memory, (path, text)| memory.file(path, *text));
        let (world, sources) = (memory.into_world(), Sources::new());
        let paths: Vec<_> = crds.iter().map(PathBuf::from).collect();
        let mut diagnostics = Vec::new();
        let definitions = Definitions::load(&world, &sources, &paths, &mut diagnostics);
        let objects = testing::objects(&sources, manifest);
        let objects: Vec<_> = objects.iter().collect();
        let catalogued = definitions.look_up(&world, &objects, &mut diagnostics);
        let crds = definitions.objects().iter().chain(&catalogued);
        let subject = Subject {
            objects: &objects,
            crds: &crds.collect::<Vec<_>>(),
            policies: &[],
            chart: None,
            reported: &diagnostics,
            sources: &sources,
            version: Version::DEFAULT,
        };
        let found = run(&subject, &Config::default()).into_iter();
        found.map(|one| one.rule.map_or(one.message.clone(), |rule| rule.id.to_owned())).collect()
    }

    #[test]
    fn definitions_come_from_files_and_directories() {
        let expected = ["k8s/wrong-type", "k8s/unknown-field"];
        assert_eq!(found(&[("crd.yaml", CRD)], &["crd.yaml"], APPLE), expected);
        assert_eq!(found(&[("crds/a/crd.yaml", CRD)], &["crds"], APPLE), expected);
        assert_eq!(found(&[], &[], APPLE), ["k8s/unknown-kind"]);
    }

    #[test]
    fn catalogs_hold_a_schema_for_each_version() {
        let catalog = [("catalog/b.c/apple_v1.json", SCHEMA), ("catalog/x.y/z_v1.json", "{}")];
        assert_eq!(found(&catalog, &["catalog"], APPLE), ["k8s/wrong-type", "k8s/unknown-field"]);
        assert_eq!(found(&catalog, &["catalog"], &APPLE.replace("b.c/v1", "b.c/v2")), ["k8s/unknown-kind"]);
        let both = format!(
            "{}---\n{}",
            APPLE.replace("big, sise: 1", "1"),
            APPLE.replace("b.c/v1", "b.c/v2").replace("name: a", "name: b")
        );
        let two = [("catalog/b.c/apple_v1.json", SCHEMA), ("catalog/b.c/apple_v2.json", SCHEMA)];
        assert_eq!(found(&two, &["catalog"], &both), ["k8s/wrong-type", "k8s/unknown-field"]);
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        assert_eq!(
            found(
                &[("cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")],
                &["cm.yaml"],
                APPLE
            ),
            ["`cm.yaml` contains no CustomResourceDefinition", "k8s/unknown-kind"]
        );
        let broken = [("catalog/b.c/apple_v1.json", "{")];
        assert_eq!(
            found(&broken, &["catalog"], APPLE)[0],
            "cannot read `catalog/b.c/apple_v1.json`: it is not JSON"
        );
    }
}
