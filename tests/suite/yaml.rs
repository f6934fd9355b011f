//! YAML as helm and kubectl read and write it: recorded answers of the real tools.

use crate::support::recorded;
use plimsoll::diag::{Report, SourceKind, Sources, Span};
use plimsoll::yaml::{Document, Map, Node, ReadOptions, Value, emit, read};
use serde_json::Value as Json;

fn read_text(text: &str) -> Report<Vec<Document>> {
    let sources = Sources::new();
    let id = sources.add("test.yaml", text, SourceKind::File);
    read(&sources, id, &ReadOptions::lenient())
}

fn from_json(json: &Json) -> Node {
    let json = json.to_string();
    let report = read_text(&json);
    assert!(report.diagnostics.is_empty(), "{json}: {:?}", report.diagnostics);
    report.output.expect("JSON is YAML").remove(0).root
}

/// kubectl's JSON passes integers that do not fit 64 signed bits through a float.
#[expect(clippy::cast_precision_loss, reason = "the rounding is the point")]
fn rounded(mut node: Node) -> Node {
    if let Value::Uint(number) = node.value {
        node.value = Value::Float(number as f64);
    }
    node
}

#[test]
fn plain_scalars_mean_what_they_mean_to_kubectl_and_helm() {
    for row in recorded("yaml-scalars") {
        let scalar = row["scalar"].as_str().unwrap();
        let report = read_text(&format!("v: {scalar}\n"));
        let expected = row.get("kubectl_error").is_none().then(|| &row["kubectl_json"]);
        match expected {
            Some(expected) => {
                let root = report
                    .output
                    .unwrap_or_else(|| panic!("`{scalar}`: {:?}", report.diagnostics))
                    .remove(0)
                    .root;
                let expected = rounded(from_json(expected));
                assert_eq!(root.get("v").cloned().map(rounded), Some(expected), "`{scalar}`");
            }
            None => assert!(report.has_errors(), "`{scalar}` is an error for helm and kubectl"),
        }
    }
}

#[test]
fn documents_have_the_shape_that_helm_and_kubectl_see() {
    for row in recorded("yaml-structure") {
        let text = row["yaml"].as_str().unwrap();
        // The recorded files ended with a line break.
        let report = read_text(&format!("{text}\n"));
        // As values helm reads all documents, merged; kubectl's answers fill in where the top level is no map.
        let Some(expected) = row.get("helm_json").or_else(|| row.get("kubectl_json")) else {
            assert!(report.has_errors(), "{text:?} is an error for helm and kubectl");
            continue;
        };
        assert!(!report.has_errors(), "{text:?}: {:?}", report.diagnostics);
        let documents = report.output.unwrap();
        let mut merged = Node::bare(Map::new());
        for document in documents {
            match document.root.value {
                Value::Null => {}
                Value::Map(map) => {
                    for entry in map {
                        merged.as_map_mut().unwrap().insert(entry.key, entry.key_span, entry.value);
                    }
                }
                _ => merged = document.root,
            }
        }
        assert_eq!(merged, from_json(expected), "{text:?}");
    }
}

/// A tree as helm holds values read from files: every number is a float.
fn values(json: &Json) -> Node {
    match json {
        Json::Null => Node::bare(Value::Null),
        Json::Bool(flag) => Node::bare(*flag),
        Json::Number(number) => Node::bare(number.to_string().parse::<f64>().expect("a number")),
        Json::String(text) => Node::bare(text.as_str()),
        Json::Array(items) => Node::bare(items.iter().map(values).collect::<Vec<_>>()),
        Json::Object(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.insert(key, Span::NONE, values(value));
            }
            Node::bare(map)
        }
    }
}

/// Random trees printed by helm 4.1.4's `toYaml`.
#[test]
fn to_yaml_is_helms_byte_for_byte() {
    let rows: Vec<Json> = serde_json::from_str(include_str!("../fixtures/helm-toyaml.json")).unwrap();
    assert!(rows.len() >= 300);
    for row in rows {
        assert_eq!(emit::helm(&values(&row["value"])), row["yaml"].as_str().unwrap(), "{}", row["value"]);
    }
}

#[test]
fn to_yaml_quotes_what_yaml_would_read_otherwise() {
    for row in recorded("yaml-scalars") {
        let Some(expected) = row["helm_toyaml"].as_str() else { continue };
        assert_eq!(emit::helm(&values(&row["helm_json"])), expected, "`{}`", row["scalar"]);
    }
}

/// Random texts read by helm 4.1.4's `fromYaml`; null stands for an error.
#[test]
fn fragments_are_read_as_by_helms_from_yaml() {
    compare_fragments(include_str!("../fixtures/helm-fromyaml.json"));
}

/// The same for what stands between brackets and quotes: punctuation, tags and escapes, drawn at random. As values files
/// they mean the same.
#[test]
fn flow_collections_and_escapes_are_read_as_by_helms_from_yaml() {
    let rows = compare_fragments(include_str!("../fixtures/helm-fromyaml-flow.json"));
    for row in rows {
        let text = row["yaml"].as_str().unwrap();
        let report = read_text(&format!("{text}\n"));
        assert_eq!(report.has_errors(), row["json"].is_null(), "{text:?}: {:?}", report.diagnostics);
        if let Some(documents) = report.output.filter(|_| !row["json"].is_null()) {
            assert_eq!(documents[0].root, values(&row["json"]), "{text:?}");
        }
    }
}

fn compare_fragments(recorded: &str) -> Vec<Json> {
    let rows: Vec<Json> = serde_json::from_str(recorded).unwrap();
    assert!(rows.len() >= 300);
    for row in &rows {
        let text = row["yaml"].as_str().unwrap();
        let sources = Sources::new();
        let id = sources.add("test.yaml", text, SourceKind::Builtin);
        let report = read(&sources, id, &ReadOptions::fragment());
        assert_eq!(report.has_errors(), row["json"].is_null(), "{text:?}: {:?}", report.diagnostics);
        if !report.has_errors() {
            assert_eq!(report.output.unwrap()[0].root, values(&row["json"]), "{text:?}");
        }
    }
    rows
}
