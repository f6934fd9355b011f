//! Manifests of a directory that cannot be one release: those of several environments, clusters or examples.
//!
//! `kubectl apply` of one object from two directories would be a mistake. That a repository has it in two directories is
//! none: each of them is a release then, together with what the directories above have in common. The same goes for the
//! variants of one file, such as `install.yaml` and `install-without-rbac.yaml`.

use super::Config;
use super::finding::{finding, locate};
use super::release::identity;
use super::rules::DUPLICATE_OBJECT;
use crate::diag::{Diagnostic, Rule, Severity, Sources};
use crate::manifest::Object;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The releases that manifests are split into.
#[derive(Debug, Default)]
pub(super) struct Partition<'o> {
    /// The objects of each release.
    pub(super) releases: Vec<Vec<&'o Object>>,
    /// A warning for each file that repeats another one.
    pub(super) variants: Vec<Diagnostic>,
}

/// Splits objects into releases. `found` are the files that were found in directories: only they are told apart.
pub(super) fn split<'o>(objects: &'o [Object], found: &BTreeSet<String>, sources: &Sources) -> Partition<'o> {
    let files: Vec<Option<PathBuf>> = objects
        .iter()
        .map(|object| {
            let source = sources.get(object.root.span.source)?;
            found.contains(&source.name).then(|| PathBuf::from(&source.name))
        })
        .collect();
    let variants = find_variants(objects, &files);
    let mut splits = split_directories(objects, &files);
    splits.extend(variants.iter().map(|variant| variant.file.to_owned()));
    let variants = variants.iter().filter_map(|variant| variant.report(&variants)).collect();
    if splits.is_empty() {
        return Partition { releases: vec![objects.iter().collect()], variants };
    }
    // What was named belongs to everything.
    let group = |file: &Option<PathBuf>| {
        let mut above = file.iter().flat_map(|file| file.ancestors());
        above.find(|above| splits.contains(*above)).map(Path::to_owned)
    };
    let mut groups: BTreeMap<Option<PathBuf>, Vec<&Object>> = BTreeMap::new();
    for (object, file) in objects.iter().zip(&files) {
        groups.entry(group(file)).or_default().push(object);
    }
    let releases = groups.keys().filter_map(|key| release(key.as_deref(), &groups)).collect();
    Partition { releases, variants }
}

/// Makes a warning of an error that two files contradict each other, if both were found in a directory: nobody said that
/// they are applied together.
pub(super) fn soften(finding: &mut Diagnostic, found: &BTreeSet<String>, sources: &Sources, config: &Config) {
    let is_about_two = |rule: &Rule| *rule == DUPLICATE_OBJECT.rule || rule.id == "k8s/unknown-kind";
    if !finding.rule.is_some_and(|rule| is_about_two(rule) && config.severity(rule).is_none()) {
        return;
    }
    let files = finding.labels.iter().filter_map(|label| sources.get(label.span.source));
    let files: BTreeSet<String> = files.map(|source| source.name.clone()).collect();
    if files.len() > 1 && files.is_subset(found) {
        finding.severity = finding.severity.min(Severity::Warning);
    }
}

/// A file most of whose objects other files of its directory contain, too: they are not meant to be applied together.
struct Variant<'o> {
    file: &'o Path,
    /// The objects that another file contains, each with the first one there.
    repeated: Vec<(&'o Object, Held<'o>)>,
}

/// An object and its file.
type Held<'o> = (&'o Path, &'o Object);

impl Variant<'_> {
    /// The warning for a file that repeats another one; a pair of variants is reported once, at the later one.
    fn report(&self, variants: &[Variant<'_>]) -> Option<Diagnostic> {
        let (object, (other, first)) = self.repeated.first()?;
        if self.file < *other && variants.iter().any(|variant| variant.file == *other) {
            return None;
        }
        let more = match self.repeated.len() - 1 {
            0 => String::new(),
            1 => " and 1 more object".to_owned(),
            more => format!(" and {more} more objects"),
        };
        let message =
            format!("another file of the directory contains {} `{}`{more}, too", object.kind, object.name);
        let mut warning = finding(&DUPLICATE_OBJECT, object, "metadata.name", message)
            .at(locate(first, "metadata.name"), "the other one")
            .help("`kubectl apply` of the directory would keep only the last: rename one, or apply one file only");
        warning.severity = Severity::Warning;
        Some(warning)
    }
}

/// The variants among files.
fn find_variants<'o>(objects: &'o [Object], files: &'o [Option<PathBuf>]) -> Vec<Variant<'o>> {
    let mut holders: BTreeMap<_, Vec<Held<'o>>> = BTreeMap::new();
    let mut counts: BTreeMap<&'o Path, usize> = BTreeMap::new();
    let named = || {
        let named = objects.iter().zip(files).filter(|(object, _)| !object.name.is_empty());
        named.filter_map(|(object, file)| Some((file.as_deref()?, object)))
    };
    for (file, object) in named() {
        holders.entry((file.parent(), identity(object))).or_default().push((file, object));
        *counts.entry(file).or_insert(0) += 1;
    }
    let mut repeated: BTreeMap<&'o Path, Vec<(&'o Object, Held<'o>)>> = BTreeMap::new();
    for (file, object) in named() {
        let mut same = holders.get(&(file.parent(), identity(object))).into_iter().flatten();
        if let Some(other) = same.find(|(other, _)| *other != file) {
            repeated.entry(file).or_default().push((object, *other));
        }
    }
    let is_variant =
        |(file, repeated): &(&Path, Vec<_>)| counts.get(file).is_some_and(|all| repeated.len() * 2 > *all);
    let variants = repeated.into_iter().filter(is_variant);
    variants.map(|(file, repeated)| Variant { file, repeated }).collect()
}

/// The directories whose objects another directory has, too: of both, the highest ones that are apart.
fn split_directories(objects: &[Object], files: &[Option<PathBuf>]) -> BTreeSet<PathBuf> {
    let mut known: BTreeMap<_, BTreeSet<&Path>> = BTreeMap::new();
    let mut splits = BTreeSet::new();
    for (object, file) in objects.iter().zip(files) {
        let directory = file.as_deref().filter(|_| !object.name.is_empty()).and_then(Path::parent);
        let Some(directory) = directory else { continue };
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

    /// The releases of objects, each given as its file and name, and the warnings about variants.
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
        let Partition { releases, variants } = super::split(&read, &found, &sources);
        let releases =
            releases.into_iter().map(|release| release.iter().map(name).collect::<Vec<_>>().join(" "));
        releases.chain(variants.into_iter().map(|variant| variant.message)).collect()
    }

    #[test]
    fn directories_with_the_same_objects_are_releases_of_their_own() {
        assert_eq!(split(&[("r/a/x.yaml", "x"), ("r/b/y.yaml", "y")]), ["r/a/x.yaml r/b/y.yaml"]);
        // Two files of one directory are one release, unless most of what one of them has the other has, too.
        let mistake = [("r/a/x.yaml", "x"), ("r/a/x.yaml", "v"), ("r/a/y.yaml", "x"), ("r/a/y.yaml", "w")];
        assert_eq!(split(&mistake), ["r/a/x.yaml r/a/x.yaml r/a/y.yaml r/a/y.yaml"]);
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

    #[test]
    fn variants_of_a_file_are_releases_of_their_own() {
        let files = [
            ("r/all.yaml", "a"),
            ("r/all.yaml", "b"),
            ("r/all.yaml", "c"),
            ("r/few.yaml", "a"),
            ("r/few.yaml", "b"),
            ("r/other.yaml", "o"),
        ];
        assert_eq!(
            split(&files),
            [
                "r/all.yaml r/all.yaml r/all.yaml r/other.yaml",
                "r/few.yaml r/few.yaml r/other.yaml",
                "another file of the directory contains ConfigMap `a` and 1 more object, too",
            ]
        );
        // A file that contains more than its variant remains one of the directory.
        assert_eq!(
            split(&[("r/a.yaml", "a"), ("r/b.yaml", "a"), ("r/b.yaml", "b"), ("r/b.yaml", "c")]),
            [
                "r/b.yaml r/b.yaml r/b.yaml",
                "r/a.yaml r/b.yaml r/b.yaml",
                "another file of the directory contains ConfigMap `a`, too",
            ]
        );
    }
}
