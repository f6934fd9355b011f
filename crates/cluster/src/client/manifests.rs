//! Manifests as kubectl reads them, before it sends anything.

use crate::go_types;
use crate::server::{ObjectKey, map_at_mut, text_at};
use plimsoll_diag::{SourceKind, Sources, Span};
use plimsoll_kube::patch::as_json;
use plimsoll_kube::{Version, schema};
use plimsoll_yaml::{Node, ReadOptions, Value};

/// An object of a manifest.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) key: ObjectKey,
    pub(super) api_version: String,
    /// The manifest as JSON, with its namespace.
    pub(super) root: Node,
}

/// The objects of a text; an error for each that kubectl cannot read or does not know.
pub(super) fn read(
    sources: &Sources,
    text: &str,
    namespace: &str,
    version: Version,
) -> Vec<Result<Resource, String>> {
    let source = sources.add("<stdin>", text, SourceKind::Stdin);
    let report = plimsoll_yaml::read(sources, source, &ReadOptions::lenient());
    let unreadable = report.diagnostics.iter().filter(|one| one.severity == plimsoll_diag::Severity::Error);
    let mut resources: Vec<Result<Resource, String>> =
        unreadable.map(|diagnostic| Err(format!("error parsing <stdin>: {}", diagnostic.message))).collect();
    for document in report.output.into_iter().flatten().filter(|document| !document.blank) {
        collect(document.root, namespace, version, &mut resources);
    }
    resources
}

/// An object that has been read; a list is its items.
pub(super) fn of_object(root: Node, namespace: &str, version: Version) -> Vec<Result<Resource, String>> {
    let mut resources = Vec::new();
    collect(root, namespace, version, &mut resources);
    resources
}

fn collect(mut root: Node, namespace: &str, version: Version, resources: &mut Vec<Result<Resource, String>>) {
    as_json(&mut root);
    let items = if text_at(&root, &["kind"]).ends_with("List") {
        root.as_map_mut().and_then(|map| map.get_mut("items"))
    } else {
        None
    };
    if let Some(Node { value: Value::Seq(items), .. }) = items {
        for item in std::mem::take(items) {
            collect(item, namespace, version, resources);
        }
        return;
    }
    resources.push(resource(root, namespace, version));
}

fn resource(mut root: Node, namespace: &str, version: Version) -> Result<Resource, String> {
    check_metadata(&root)?;
    let (api_version, kind) = (text_at(&root, &["apiVersion"]), text_at(&root, &["kind"]));
    let known = schema::kind(api_version, kind).filter(|kind| kind.exists_in(version) && kind.is_stable());
    let Some(known) = known else {
        return Err(format!(
            "resource mapping not found for name: {:?} namespace: {:?} from \"<stdin>\": no matches for kind {kind:?} in version {api_version:?}\nensure CRDs are installed first",
            text_at(&root, &["metadata", "name"]),
            text_at(&root, &["metadata", "namespace"]),
        ));
    };
    let api_version = known.api_version.to_owned();
    if known.namespaced
        && text_at(&root, &["metadata", "namespace"]).is_empty()
        && let Some(metadata) = map_at_mut(&mut root, &["metadata"])
    {
        metadata.insert("namespace", Span::NONE, Node::bare(namespace));
    }
    let key = ObjectKey::of(&root).ok_or_else(|| "the kind is not known".to_owned())?;
    Ok(Resource { key, api_version, root })
}

/// `metadataValidatingDecoder`: the metadata must be that of an object.
fn check_metadata(root: &Node) -> Result<(), String> {
    let schemas = schema::Schemas::get();
    let (Some(metadata), Some(ty)) = (root.get("metadata"), schemas.type_named("meta.v1.ObjectMeta")) else {
        return Ok(());
    };
    match go_types::json_error("metadata", metadata, ty) {
        Some(error) => Err(format!("unable to decode \"<stdin>\": {error}")),
        None => Ok(()),
    }
}
