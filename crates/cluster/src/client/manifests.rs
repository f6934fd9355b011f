//! Manifests as kubectl reads them, before it sends anything.

use super::ClientError;
use crate::go_types;
use crate::server::{ObjectKey, Server, map_at_mut, text_at};
use plimsoll_diag::{Diagnostic, SourceKind, Sources, Span};
use plimsoll_kube::patch::as_json;
use plimsoll_kube::{kinds, schema};
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
    server: &Server,
) -> Vec<Result<Resource, ClientError>> {
    let source = sources.add("<stdin>", text, SourceKind::Stdin);
    let report = plimsoll_yaml::read(sources, source, &ReadOptions::lenient());
    let unreadable = report.diagnostics.iter().filter(|one| one.severity == plimsoll_diag::Severity::Error);
    let message = |diagnostic: &Diagnostic| format!("error parsing <stdin>: {}", diagnostic.message);
    let mut resources: Vec<Result<Resource, ClientError>> =
        unreadable.map(|diagnostic| Err(ClientError::of_run(message(diagnostic)))).collect();
    for document in report.output.into_iter().flatten().filter(|document| !document.blank) {
        collect(document.root, namespace, server, &mut resources);
    }
    resources
}

/// An object that has been read; a list is its items.
pub(super) fn of_object(root: Node, namespace: &str, server: &Server) -> Vec<Result<Resource, ClientError>> {
    let mut resources = Vec::new();
    collect(root, namespace, server, &mut resources);
    resources
}

fn collect(
    mut root: Node,
    namespace: &str,
    server: &Server,
    resources: &mut Vec<Result<Resource, ClientError>>,
) {
    as_json(&mut root);
    let items = if text_at(&root, &["kind"]).ends_with("List") {
        root.as_map_mut().and_then(|map| map.get_mut("items"))
    } else {
        None
    };
    if let Some(Node { value: Value::Seq(items), .. }) = items {
        for item in std::mem::take(items) {
            collect(item, namespace, server, resources);
        }
        return;
    }
    resources.push(resource(root, namespace, server));
}

fn resource(mut root: Node, namespace: &str, server: &Server) -> Result<Resource, ClientError> {
    let (api_version, kind) = (text_at(&root, &["apiVersion"]).to_owned(), text_at(&root, &["kind"]));
    let known = server.served(&api_version, kind).ok().filter(|known| server.is_discovered(known));
    let is_namespaced = match &known {
        Some(known) => known.is_namespaced,
        None => kinds::namespaced(&api_version, kind) != Some(false),
    };
    let key = key_of(&root, is_namespaced, namespace);
    if let Some(message) = check_metadata(&root) {
        return Err(ClientError::of(&key, message, server.form_faults(&root)));
    }
    if known.is_none() {
        let message = format!(
            "resource mapping not found for name: {:?} namespace: {:?} from \"<stdin>\": no matches for kind {kind:?} in version {api_version:?}\nensure CRDs are installed first",
            text_at(&root, &["metadata", "name"]),
            text_at(&root, &["metadata", "namespace"]),
        );
        return Err(ClientError::of(&key, message, server.form_faults(&root)));
    }
    if is_namespaced
        && text_at(&root, &["metadata", "namespace"]).is_empty()
        && let Some(metadata) = map_at_mut(&mut root, &["metadata"])
    {
        metadata.insert("namespace", Span::NONE, Node::bare(namespace));
    }
    Ok(Resource { key, api_version, root })
}

/// Whether a client can send an object, or the items of a list.
pub(super) fn is_served(root: &Node, server: &Server) -> bool {
    let (api_version, kind) = (text_at(root, &["apiVersion"]), text_at(root, &["kind"]));
    let is_known = || server.served(api_version, kind).is_ok_and(|known| server.is_discovered(&known));
    kind.ends_with("List") || is_known() && check_metadata(root).is_none()
}

/// Where the server keeps an object; `namespace` is for those that name none.
fn key_of(root: &Node, is_namespaced: bool, namespace: &str) -> ObjectKey {
    let (api_version, kind) = (text_at(root, &["apiVersion"]), text_at(root, &["kind"]));
    let own = text_at(root, &["metadata", "namespace"]);
    let namespace = if own.is_empty() { namespace } else { own };
    ObjectKey {
        group: kinds::current_group(api_version, kind).to_owned(),
        kind: kind.to_owned(),
        namespace: if is_namespaced { namespace.to_owned() } else { String::new() },
        name: text_at(root, &["metadata", "name"]).to_owned(),
    }
}

/// `metadataValidatingDecoder`: the metadata must be that of an object.
fn check_metadata(root: &Node) -> Option<String> {
    let schemas = schema::Schemas::get();
    let (metadata, ty) = (root.get("metadata")?, schemas.type_named("meta.v1.ObjectMeta")?);
    let error = go_types::json_error("metadata", metadata, ty)?;
    Some(format!("unable to decode \"<stdin>\": {error}"))
}
