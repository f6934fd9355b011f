//! From text to objects.

use super::Object;
use crate::diag::{Diagnostic, Report, SourceId, SourceKind, Sources, Span};
use crate::yaml::{self, Node, ReadOptions, Value};
use std::path::{Path, PathBuf};

/// Reads the objects of a text: every document that is not blank is one, and a `List` is its items.
///
/// `template` says what produced the text; a `# Source: chart/templates/x.yaml` comment at the head of a
/// document, as `helm template` and `helm get manifest` write it, says better. Documents without
/// `apiVersion` or `kind` are errors; the output holds the others.
pub fn parse(
    sources: &Sources,
    source: SourceId,
    template: &str,
    options: &ReadOptions,
) -> Report<Vec<Object>> {
    let mut diagnostics = Vec::new();
    let Some(documents) = yaml::read(sources, source, options).take(&mut diagnostics) else {
        return Report::failed(diagnostics);
    };
    let text = sources.get(source);
    let mut objects = Vec::new();
    let mut origin = template.to_owned();
    for document in documents {
        let (start, end) = (document.span.start as usize, document.span.end as usize);
        let content = text.as_deref().and_then(|source| source.text.get(start..end)).unwrap_or_default();
        // Helm writes the comment once per template, above its first document; empty documents keep it.
        if let Some(named) = source_comment(content) {
            named.clone_into(&mut origin);
        }
        if !document.blank {
            collect(document.root, document.span, &origin, &mut objects, &mut diagnostics);
        }
    }
    Report::with(objects, diagnostics)
}

/// Reads the objects of a file, or of every `*.yaml`, `*.yml` and `*.json` below a directory, in the
/// order of their paths. Hidden files and directories are passed over, symbolic links are not followed.
pub fn load(sources: &Sources, path: &Path, options: &ReadOptions) -> Report<Vec<Object>> {
    if !path.is_dir() {
        return load_file(sources, path, options);
    }
    let mut diagnostics = Vec::new();
    let mut objects = Vec::new();
    let files = match manifest_files(path) {
        Ok(files) => files,
        Err(error) => {
            return Report::fail(Diagnostic::error(format!("cannot read `{}`: {error}", path.display())));
        }
    };
    if files.is_empty() {
        return Report::fail(
            Diagnostic::error(format!("`{}` holds no manifests", path.display()))
                .help("a directory of manifests holds `*.yaml`, `*.yml` or `*.json` files"),
        );
    }
    for file in files {
        objects.extend(load_file(sources, &file, options).take(&mut diagnostics).unwrap_or_default());
    }
    Report::with(objects, diagnostics)
}

/// Reads the objects of what came on standard input.
pub fn load_stdin(sources: &Sources, text: String, options: &ReadOptions) -> Report<Vec<Object>> {
    let source = sources.add("<stdin>", text, SourceKind::Stdin);
    parse(sources, source, "<stdin>", options)
}

fn manifest_files(directory: &Path) -> Result<Vec<PathBuf>, walkdir::Error> {
    let hidden =
        |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name().into_iter().filter_entry(|e| !hidden(e))
    {
        let entry = entry?;
        let extension = entry.path().extension().and_then(|extension| extension.to_str());
        if entry.file_type().is_file() && matches!(extension, Some("yaml" | "yml" | "json")) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

fn load_file(sources: &Sources, path: &Path, options: &ReadOptions) -> Report<Vec<Object>> {
    let name = path.display().to_string();
    match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => {
            let source = sources.add(name.as_str(), text, SourceKind::File);
            parse(sources, source, &name, options)
        }
        Ok(Err(error)) => Report::fail(Diagnostic::error(format!(
            "`{name}` is not UTF-8: byte {} starts no character",
            error.utf8_error().valid_up_to()
        ))),
        Err(error) => Report::fail(Diagnostic::error(format!("cannot read `{name}`: {error}"))),
    }
}

/// The path in a `# Source:` comment among the comments that open a document.
fn source_comment(document: &str) -> Option<&str> {
    document
        .lines()
        .map(str::trim)
        .take_while(|line| line.is_empty() || line.starts_with("---") || line.starts_with('#'))
        .find_map(|line| line.strip_prefix("# Source:"))
        .map(str::trim)
        .filter(|path| !path.is_empty())
}

fn collect(
    mut root: Node,
    span: Span,
    template: &str,
    objects: &mut Vec<Object>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if root.as_map().is_none() {
        let label = format!("this is {}", root.type_name());
        diagnostics.push(
            Diagnostic::error("a manifest must be a map")
                .at(root.span, label)
                .help("an object starts with `apiVersion:` and `kind:`"),
        );
        return;
    }
    let (api_version, kind) = (word(&root, "apiVersion", diagnostics), word(&root, "kind", diagnostics));
    let (Some(api_version), Some(kind)) = (api_version, kind) else { return };
    let items =
        if kind.ends_with("List") { root.as_map_mut().and_then(|map| map.get_mut("items")) } else { None };
    if let Some(Node { value: Value::Seq(items), .. }) = items {
        // Taken, not copied: a list may hold everything there is.
        for item in std::mem::take(items) {
            let span = item.span;
            collect(item, span, template, objects, diagnostics);
        }
        return;
    }
    let metadata = |key| root.at(&["metadata", key]).and_then(Node::as_str).map(str::to_owned);
    objects.push(Object {
        span,
        api_version,
        kind,
        name: metadata("name").unwrap_or_default(),
        namespace: metadata("namespace").filter(|namespace| !namespace.is_empty()),
        template: template.to_owned(),
        root,
    });
}

/// The non-empty string below `key`; anything else is an error.
fn word(root: &Node, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let node = root.get(key).filter(|node| !node.is_null());
    match node.map(|node| (node, node.as_str())) {
        Some((_, Some(text))) if !text.is_empty() => Some(text.to_owned()),
        Some((node, Some(_))) => {
            diagnostics.push(Diagnostic::error(format!("`{key}` is empty")).at(node.span, "").path(key));
            None
        }
        Some((node, None)) => {
            let message = format!("`{key}` must be a string");
            let label = format!("this is {}", node.type_name());
            diagnostics.push(Diagnostic::error(message).at(node.span, label).path(key));
            None
        }
        None => {
            let first = root.as_map().and_then(|map| map.iter().next());
            let keys = root.as_map().into_iter().flat_map(crate::yaml::Map::keys);
            let near =
                crate::diag::nearest(key, keys).map(|near| format!("did you mean `{key}` by `{near}`?"));
            diagnostics.push(
                Diagnostic::error(format!("manifest without `{key}`"))
                    .at(first.map_or(root.span, |entry| entry.key_span), "this object")
                    .maybe_help(near)
                    .path(key),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<Object>, Vec<Diagnostic>) {
        let sources = Sources::new();
        let report = load_stdin(&sources, text.to_owned(), &ReadOptions::strict());
        (report.output.unwrap_or_default(), report.diagnostics)
    }

    #[test]
    fn documents_are_objects_and_comments_name_their_template() {
        let (objects, diagnostics) = parsed(
            "---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n---\n# nothing here\n---\n# Source: web/templates/b.yaml\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: b}\n",
        );
        assert_eq!(diagnostics, []);
        let seen: Vec<_> =
            objects.iter().map(|o| (o.kind.as_str(), o.name.as_str(), o.template.as_str())).collect();
        assert_eq!(
            seen,
            [("ConfigMap", "a", "web/templates/a.yaml"), ("StatefulSet", "b", "web/templates/b.yaml")]
        );
        assert_eq!(objects[0].namespace.as_deref(), Some("shop"));
        assert_eq!((objects[1].group(), objects[1].version()), ("apps", "v1"));
    }

    #[test]
    fn a_list_is_its_items() {
        let (objects, _) = parsed(
            "apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Service, metadata: {name: a}}\n  - {apiVersion: v1, kind: Service, metadata: {name: b}}\n",
        );
        assert_eq!(objects.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn documents_that_are_no_objects_are_errors_and_the_others_stay() {
        let (objects, diagnostics) =
            parsed("kind: Service\n---\n- a\n---\napiVersion: 1\nkind: X\n---\napiVersion: v1\nkind: Pod\n");
        assert_eq!(objects.len(), 1);
        let messages: Vec<_> = diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(
            messages,
            ["manifest without `apiVersion`", "a manifest must be a map", "`apiVersion` must be a string"]
        );
        assert!(diagnostics.iter().all(|d| d.span().is_some()));
    }

    #[test]
    fn a_directory_is_read_in_the_order_of_paths_without_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("b/two.yml", b"apiVersion: v1\nkind: Service\nmetadata: {name: two}\n");
        write("a/one.json", br#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"one"}}"#);
        write(".git/x.yaml", b"nonsense: [");
        write("b/notes.txt", b"not a manifest");
        let sources = Sources::new();
        let report = load(&sources, folder.path(), &ReadOptions::strict());
        assert_eq!(report.diagnostics, []);
        let names: Vec<_> = report.output.unwrap().into_iter().map(|object| object.name).collect();
        assert_eq!(names, ["one", "two"]);
        write("c.yaml", b"a: \xff");
        let report = load(&sources, folder.path(), &ReadOptions::strict());
        assert!(report.diagnostics[0].message.contains("is not UTF-8: byte 3"), "{:?}", report.diagnostics);
        assert_eq!(report.output.unwrap().len(), 2, "the others are read all the same");
        let none = load(&sources, &folder.path().join(".git"), &ReadOptions::strict());
        assert!(none.has_errors());
        let nothing = load(&sources, &folder.path().join("missing"), &ReadOptions::strict());
        assert!(nothing.output.is_none() && nothing.has_errors());
    }
}
