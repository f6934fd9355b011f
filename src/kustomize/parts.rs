//! What a kustomization is made of: what is linted through it, and not again by itself.

use super::file::{self, Kustomization};
use super::is_remote;
use crate::diag::Sources;
use crate::world::{World, normalize};
use crate::yaml::Node;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The files and the directories that the kustomization in a directory names, and what those in them name, as absolute
/// paths. The directory itself is not among them.
pub fn parts(world: &World, directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    collect(world, directory, &mut found);
    found
}

/// Whether a kustomization is a component: it changes what the kustomization has that uses it.
pub fn is_component(world: &World, directory: &Path) -> bool {
    let kustomization = file::read(world, &Sources::new(), directory).output;
    kustomization.is_some_and(|kustomization| kustomization.text("kind") == Some("Component"))
}

fn collect(world: &World, directory: &Path, found: &mut BTreeSet<PathBuf>) {
    let Some(kustomization) = file::read(world, &Sources::new(), directory).output else { return };
    for path in named(&kustomization) {
        if is_remote(path) || path.contains('\n') {
            continue;
        }
        let path = normalize(&directory.join(path));
        let Ok(full) = world.canonical(&path) else { continue };
        if found.insert(full) && world.is_directory(&path) {
            collect(world, &path, found);
        }
    }
}

/// Every path in a kustomization.
fn named(kustomization: &Kustomization) -> Vec<&str> {
    const LISTS: [&str; 10] = [
        "bases",
        "components",
        "configurations",
        "crds",
        "generators",
        "patchesStrategicMerge",
        "replacements",
        "resources",
        "transformers",
        "validators",
    ];
    let texts = LISTS.iter().flat_map(|key| kustomization.list(key)).filter_map(Node::as_str);
    let entries = ["patches", "patchesJson6902", "replacements"];
    let paths = entries.iter().flat_map(|key| kustomization.list(key));
    let paths = paths.filter_map(|entry| entry.get("path").and_then(Node::as_str));
    let openapi = kustomization.get("openapi").and_then(|openapi| openapi.get("path")).and_then(Node::as_str);
    let generators = ["configMapGenerator", "secretGenerator"];
    let generators = generators.iter().flat_map(|key| kustomization.list(key));
    let files = generators.flat_map(|entry| {
        let lists = ["files", "envs"].map(|key| entry.get(key).map(Node::items).unwrap_or_default());
        lists.into_iter().flatten().chain(entry.get("env"))
    });
    let files = files.filter_map(Node::as_str);
    let files = files.map(|file| file.split_once('=').map_or(file, |(_, path)| path));
    let values = kustomization.list("helmCharts").iter().flat_map(|entry| {
        let more = entry.get("additionalValuesFiles").map(Node::items).unwrap_or_default();
        entry.get("valuesFile").into_iter().chain(more)
    });
    texts.chain(paths).chain(openapi).chain(files).chain(values.filter_map(Node::as_str)).collect()
}
