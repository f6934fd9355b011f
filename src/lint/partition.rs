//! Manifests of a directory that cannot be one release: those of several environments, clusters or examples.
//!
//! `kubectl apply` of one object from two directories would be a mistake. That a repository has it in two directories is
//! none: each of them is a release then, together with what the directories above have in common.

use super::release::identity;
use crate::diag::Sources;
use crate::manifest::Object;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The objects of each release. `found` are the files that were found in directories: only they are told apart.
pub(super) fn releases<'o>(
    objects: &'o [Object],
    found: &BTreeSet<String>,
    sources: &Sources,
) -> Vec<Vec<&'o Object>> {
    let directories: Vec<Option<PathBuf>> = objects
        .iter()
        .map(|object| {
            let source = sources.get(object.root.span.source)?;
            found.contains(&source.name).then(|| Path::new(&source.name).parent().map(Path::to_owned))?
        })
        .collect();
    let splits = splits(objects, &directories);
    if splits.is_empty() {
        return vec![objects.iter().collect()];
    }
    // What was named belongs to everything.
    let group = |directory: &Option<PathBuf>| {
        let mut above = directory.iter().flat_map(|directory| directory.ancestors());
        above.find(|above| splits.contains(*above)).map(Path::to_owned)
    };
    let mut groups: BTreeMap<Option<PathBuf>, Vec<&Object>> = BTreeMap::new();
    for (object, directory) in objects.iter().zip(&directories) {
        groups.entry(group(directory)).or_default().push(object);
    }
    groups.keys().filter_map(|key| release(key.as_deref(), &groups)).collect()
}

/// The directories whose objects another directory has, too: of both, the highest ones that are apart.
fn splits(objects: &[Object], directories: &[Option<PathBuf>]) -> BTreeSet<PathBuf> {
    let mut known: BTreeMap<_, BTreeSet<&Path>> = BTreeMap::new();
    let mut splits = BTreeSet::new();
    for (object, directory) in objects.iter().zip(directories) {
        let Some(directory) = directory.as_deref().filter(|_| !object.name.is_empty()) else { continue };
        let others = known.entry(identity(object)).or_default();
        for other in others.iter().filter(|other| **other != directory) {
            let shared = directory.components().zip(other.components()).take_while(|(a, b)| a == b).count();
            // A directory that contains the other stays with what it contains otherwise.
            let apart = [directory, other].into_iter().filter(|one| one.components().count() > shared);
            splits.extend(apart.map(|one| one.components().take(shared + 1).collect::<PathBuf>()));
        }
        others.insert(directory);
    }
    splits
}

/// The objects of a group with those of the groups above, of which it replaces some; nothing if others below have the
/// same ones and it adds none.
fn release<'o>(
    key: Option<&Path>,
    groups: &BTreeMap<Option<PathBuf>, Vec<&'o Object>>,
) -> Option<Vec<&'o Object>> {
    let own = groups.get(&key.map(Path::to_owned))?;
    let names: BTreeSet<_> = own.iter().map(|object| identity(object)).collect();
    let below: Vec<_> = groups
        .iter()
        .filter(|(other, _)| match (key, other.as_deref()) {
            (None, other) => other.is_some(),
            (Some(key), Some(other)) => other != key && other.starts_with(key),
            (Some(_), None) => false,
        })
        .collect();
    let is_replaced =
        below.iter().any(|(_, objects)| objects.iter().any(|object| names.contains(&identity(object))));
    if !below.is_empty() && !is_replaced {
        return None;
    }
    let mut release = own.clone();
    let mut names = names;
    // The nearest directory counts.
    let above = key.into_iter().flat_map(|key| key.ancestors().skip(1).map(|above| Some(above.to_owned())));
    for above in above.chain(key.map(|_| None)) {
        let shared = groups.get(&above).into_iter().flatten();
        let shared: Vec<_> = shared.copied().filter(|object| !names.contains(&identity(object))).collect();
        names.extend(shared.iter().map(|object| identity(object)));
        release.extend(shared);
    }
    Some(release)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceKind;
    use crate::manifest;
    use crate::yaml::ReadOptions;

    /// The releases of objects, each given as its file and name.
    fn split(objects: &[(&str, &str)]) -> Vec<String> {
        let sources = Sources::new();
        let mut read = Vec::new();
        for (file, name) in objects {
            let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
            let source = sources.add(*file, text, SourceKind::File);
            read.extend(manifest::parse(&sources, source, file, &ReadOptions::lenient()).output.unwrap());
        }
        let found =
            objects.iter().map(|(file, _)| (*file).to_owned()).filter(|file| file != "named.yaml").collect();
        let name = |object: &&Object| sources.get(object.root.span.source).unwrap().name.clone();
        let releases = releases(&read, &found, &sources).into_iter();
        releases.map(|release| release.iter().map(name).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn directories_with_the_same_objects_are_releases_of_their_own() {
        assert_eq!(split(&[("r/a/x.yaml", "x"), ("r/b/y.yaml", "y")]), ["r/a/x.yaml r/b/y.yaml"]);
        // Two files of one directory are one release.
        assert_eq!(split(&[("r/a/x.yaml", "x"), ("r/a/y.yaml", "x")]), ["r/a/x.yaml r/a/y.yaml"]);
        assert_eq!(
            split(&[
                ("r/shared/s.yaml", "s"),
                ("r/prod/db/x.yaml", "x"),
                ("r/prod/web/w.yaml", "w"),
                ("r/test/x.yaml", "x"),
                ("named.yaml", "n"),
            ]),
            [
                "r/prod/db/x.yaml r/prod/web/w.yaml r/shared/s.yaml named.yaml",
                "r/test/x.yaml r/shared/s.yaml named.yaml",
            ]
        );
        let three = [("r/x/a.yaml", "a"), ("r/y/b/a.yaml", "a"), ("r/y/c/a.yaml", "a")];
        assert_eq!(split(&three), ["r/x/a.yaml", "r/y/b/a.yaml", "r/y/c/a.yaml"]);
        // A directory that has the objects of the one above replaces them.
        assert_eq!(
            split(&[("r/x.yaml", "x"), ("r/y.yaml", "y"), ("r/prod/x.yaml", "x")]),
            ["r/x.yaml r/y.yaml", "r/prod/x.yaml r/y.yaml"]
        );
    }
}
