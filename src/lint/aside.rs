//! Files of a directory that look like manifests but are not applied: patches that no kustomization uses, and configuration
//! files.

use super::ManifestSource;
use crate::diag::{Diagnostic, Sources, Span};
use crate::k8s::defaults::is_builtin;
use crate::k8s::{self, Version};
use crate::manifest::{Manifests, Object, SkipReason, Skipped};
use std::collections::BTreeMap;
use std::path::Path;

/// Moves the objects of such files to what is passed over.
pub(super) fn set_aside(
    manifests: &mut Manifests,
    from: &[ManifestSource],
    sources: &Sources,
    version: Version,
) {
    let found: BTreeMap<String, bool> = from
        .iter()
        .filter_map(|source| match source {
            ManifestSource::Found(path) => Some((path.display().to_string(), false)),
            ManifestSource::Unused(path) => Some((path.display().to_string(), true)),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return;
    }
    let mut skipped: BTreeMap<String, (SkipReason, Span)> = BTreeMap::new();
    for object in &manifests.objects {
        let Some(name) = sources.get(object.root.span.source).map(|source| source.name.clone()) else {
            continue;
        };
        let Some(is_unused) = found.get(&name).copied() else { continue };
        if skipped.contains_key(&name) {
            continue;
        }
        if is_configuration(object) {
            skipped.insert(name, (SkipReason::ToolConfiguration, object.root.span));
        } else if is_unused && (is_called_patch(&name) || is_incomplete(object, version)) {
            skipped.insert(name, (SkipReason::Patch, object.root.span));
        }
    }
    if skipped.is_empty() {
        return;
    }
    manifests.objects.retain(|object| {
        let source = sources.get(object.root.span.source);
        source.is_none_or(|source| !skipped.contains_key(&source.name))
    });
    let skipped = skipped.into_iter();
    manifests.skipped.extend(skipped.map(|(name, (reason, span))| Skipped {
        name,
        reason,
        span,
        chart: None,
    }));
}

/// Whether a document of a kind that Kubernetes does not have names no object: a program reads it.
fn is_configuration(object: &Object) -> bool {
    !is_builtin(object.group()) && object.root.get("metadata").is_none()
}

/// Whether the name of a file says that it is a patch: `webhook_patch.yaml`.
fn is_called_patch(name: &str) -> bool {
    let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    stem.is_some_and(|stem| stem.split(['_', '-', '.']).any(|word| word == "patch"))
}

/// Whether an object lacks what the API server requires.
fn is_incomplete(object: &Object, version: Version) -> bool {
    let mut found: Vec<Diagnostic> = Vec::new();
    k8s::validate_all(&[object], &[], version, &mut found);
    found.iter().any(|finding| finding.rule.is_some_and(|rule| rule.id == "k8s/required"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceKind;
    use crate::manifest;
    use crate::yaml::ReadOptions;

    /// What remains of a file, and what is passed over.
    fn aside(text: &str, from: fn(std::path::PathBuf) -> ManifestSource) -> (usize, Vec<SkipReason>) {
        let sources = Sources::new();
        let source = sources.add("a.yaml", text, SourceKind::File);
        let objects = manifest::parse(&sources, source, "a.yaml", &ReadOptions::lenient()).output.unwrap();
        let mut manifests = Manifests { objects, skipped: Vec::new() };
        set_aside(&mut manifests, &[from("a.yaml".into())], &sources, Version::DEFAULT);
        (manifests.objects.len(), manifests.skipped.into_iter().map(|one| one.reason).collect())
    }

    #[test]
    fn patches_that_no_kustomization_uses_are_no_manifests() {
        let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 2}\n";
        assert_eq!(aside(patch, ManifestSource::Unused), (0, vec![SkipReason::Patch]));
        assert_eq!(aside(patch, ManifestSource::Found), (1, vec![]));
        assert_eq!(aside(patch, ManifestSource::Path), (1, vec![]));
        let whole = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
        assert_eq!(aside(whole, ManifestSource::Unused), (1, vec![]));
    }

    #[test]
    fn an_unused_file_that_is_called_a_patch_is_one() {
        assert!(
            ["a/webhook_patch.yaml", "patch.yaml", "Add-Patch.yml"].iter().all(|name| is_called_patch(name))
        );
        assert!(
            ["a/dispatch.yaml", "patch/a.yaml", "patches.yaml"].iter().all(|name| !is_called_patch(name))
        );
    }

    #[test]
    fn configuration_files_are_no_manifests() {
        let configuration = "apiVersion: config.openshift.io/v1\nkind: ServerConfig\nport: 1\n";
        assert_eq!(aside(configuration, ManifestSource::Found), (0, vec![SkipReason::ToolConfiguration]));
        assert_eq!(aside(configuration, ManifestSource::Path), (1, vec![]));
        let resource = "apiVersion: b.c/v1\nkind: Apple\nmetadata: {}\n";
        assert_eq!(aside(resource, ManifestSource::Found), (1, vec![]));
    }
}
