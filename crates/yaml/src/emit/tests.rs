use proptest::prelude::*;

use super::*;
use crate::{Entry, ReadOptions, read};
use plimsoll_diag::{SourceKind, Sources, Span};

/// The single document of a text that must read without a word.
fn read_back(text: &str) -> Node {
    let sources = Sources::new();
    let id = sources.add("t.yaml", text, SourceKind::File);
    let report = read(&sources, id, &ReadOptions::strict());
    assert!(report.diagnostics.is_empty(), "{text}\n{:?}", report.diagnostics);
    let mut documents = report.output.unwrap();
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0).root
}

fn map(entries: Vec<(String, Node)>) -> Node {
    let mut map = Map::new();
    for (key, value) in entries {
        map.insert(key, Span::NONE, value);
    }
    Node::bare(map)
}

fn string() -> impl Strategy<Value = String> {
    let nasty = [
        "",
        "yes",
        "y",
        "N",
        "~",
        "null",
        "0777",
        "08",
        "0o7",
        "0x1F",
        "1e3",
        "1e400",
        ".5",
        "1_000",
        "+1",
        "-0",
        "12:30",
        "1:60",
        "2001-01-01",
        ".inf",
        "<<",
        "=",
        "a: b",
        "a:b",
        "a:",
        ": a",
        "# x",
        "a #b",
        "a#b",
        "---",
        "--- a",
        "...",
        "--",
        "-",
        "- ",
        "- a",
        "-a",
        "? ",
        "?a",
        ":a",
        "{{ x }}",
        "{a",
        "[",
        "]",
        ",a",
        "%",
        "%a",
        "@a",
        "`a`",
        "!a",
        "&a",
        "*a",
        "|",
        ">",
        "'",
        "''",
        "\"",
        "\\",
        "\\n",
        "a'b",
        "a\"b",
        " a",
        "a ",
        "\ta",
        "a\tb",
        "a\t",
        "\u{7}",
        "\0",
        "\u{7f}",
        "\u{85}",
        "a\u{85}b",
        "\u{2028}",
        "a\u{2029}",
        "\u{feff}a",
        "\u{a0}",
        "\u{fffe}",
        "ü€",
        "😀",
        "\r",
        "a\r\nb",
        "a\nb",
        "a\n",
        "\n",
        "\n\n",
        "a\n\n",
        "\na",
        " a\nb",
        "\ta\nb",
        "a\n\tb\n",
        "a\n b\n",
        "a \nb",
        "a\n \nb",
        "a\nb ",
        "a\n---\nb\n",
        "a: 1\nb: 2\n",
        "# x\n# y",
        "\n\n  a\nb",
        "- a\n- b\n",
        "a\n\n\nb\n",
        "%\n%",
        "a\n\u{85}",
        "a\n...\n",
    ];
    prop_oneof![
        4 => proptest::sample::select(nasty.to_vec()).prop_map(str::to_owned),
        1 => proptest::collection::vec(proptest::sample::select(nasty.to_vec()), 1..4).prop_map(|parts| parts.concat()),
        1 => "[-a-z0-9:#?.{}\\[\\]'\"&*!|>%@`, \n\t\\\\]{0,12}",
        1 => "\\PC{0,8}",
        1 => any::<String>(),
        1 => ("[a-z: ]{1,40}", 1..60usize).prop_map(|(text, times)| text.repeat(times)),
    ]
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        1 => Just(Node::bare(Value::Null)),
        1 => any::<bool>().prop_map(Node::bare),
        1 => any::<i64>().prop_map(Node::bare),
        1 => (i64::MAX as u64 + 1..=u64::MAX).prop_map(|number| Node::bare(Value::Uint(number))),
        1 => proptest::num::f64::NORMAL.prop_map(Node::bare),
        1 => proptest::sample::select(vec![0.0, -0.0, 1e6, 1e300, 5e-324, 3.0, 0.1, 1e16]).prop_map(Node::bare),
        6 => string().prop_map(Node::bare),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Node::bare),
            proptest::collection::vec((string(), inner), 0..5).prop_map(map),
        ]
    })
}

/// Numbers keep their kind, not only their value: `3.0` is not `3`.
fn same(a: &Node, b: &Node) -> bool {
    std::mem::discriminant(&a.value) == std::mem::discriminant(&b.value)
        && a == b
        && a.items().iter().zip(b.items()).all(|(a, b)| same(a, b))
        && a.as_map().is_none_or(|map| {
            map.iter().all(|Entry { key, value, .. }| b.get(key).is_some_and(|other| same(value, other)))
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(node in node()) {
        let text = document(&node);
        prop_assert!(same(&read_back(&text), &node), "{text}");
        let json = flow_json(&node);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
        let text = format!("[{}]\n", flow(&node));
        prop_assert!(same(&read_back(&text).items()[0], &node), "{text}");
        // Helm prints nothing for what JSON cannot carry, and a key `<<` so that it reads back as a merge.
        let text = helm(&node);
        if !text.is_empty() && !text.contains("<<") {
            read_back(&text);
        }
    }

    #[test]
    fn values_hold_in_every_place(node in node(), blank in 0..3usize) {
        let mut text = "a:\n  k:".to_owned();
        if !starts_on_next_line(&node) {
            text.push(' ');
        }
        value(&node, 2, Position::MapValue, &mut text);
        text += &"\n".repeat(blank);
        text += "\n  l:\n  - ";
        value(&node, 2, Position::SeqItem, &mut text);
        text += "\n  -\n    ";
        value(&node, 4, Position::Root, &mut text);
        text += &"\n".repeat(blank);
        text += "\n  - m: 1\n    v:";
        if !starts_on_next_line(&node) {
            text.push(' ');
        }
        value(&node, 4, Position::MapValue, &mut text);
        text += "\nz: 1\n";
        let root = read_back(&text);
        let list = root.at(&["a", "l"]).map(Node::items).unwrap_or_default();
        prop_assert!(root.at(&["a", "k"]).is_some_and(|found| same(found, &node)), "{text}");
        prop_assert!(list.len() == 3 && same(&list[0], &node) && same(&list[1], &node), "{text}");
        prop_assert!(list[2].get("v").is_some_and(|found| same(found, &node)), "{text}");
        prop_assert!(root.as_map().unwrap().len() == 2, "{text}");
    }

    #[test]
    fn escaped_text_holds_in_quotes(text in string()) {
        let expected = format!("x{text}x");
        let double = read_back(&format!("- \"x{}x\"", escape_double(&text)));
        prop_assert_eq!(double.items()[0].as_str(), Some(expected.as_str()));
        if let Some(escaped) = escape_single(&text) {
            let single = read_back(&format!("- 'x{escaped}x'"));
            prop_assert_eq!(single.items()[0].as_str(), Some(expected.as_str()));
        }
        for (context, document) in [
            (Context::Block, format!("- {text}\n")),
            (Context::Block, format!("{text}\n")),
            (Context::Flow, format!("[{text}, {{{text}: {text}}}]\n")),
            (Context::Key, format!("- {text}: 1\n")),
        ] {
            if plain_safe(&text, context) {
                let found = read_back(&document);
                let first = found.items().first().unwrap_or(&found);
                let name = first.as_str().or_else(|| first.as_map()?.keys().next());
                prop_assert_eq!(name, Some(text.as_str()));
            }
        }
    }
}

#[test]
fn the_style_is_that_of_kubernetes_manifests() {
    let text = r#"apiVersion: v1
kind: Pod
metadata:
  annotations: {}
  labels:
    "8080": "yes"
    a/b: 10.0.0.1
spec:
  containers:
    - args:
        - --verbose
        - a "quoted" word
        - 'a: "b"'
        - ""
      command: []
      image: nginx:1.25
      script: |
        set -e

        echo "hi"
      token: |-
        one
        two
    - - 1
      - 2.5
      - null
"#;
    assert_eq!(document(&read_back(text)), text);
}

#[test]
fn long_keys_are_written_with_a_question_mark() {
    let long = "k".repeat(3000);
    let node = map(vec![("a".into(), map(vec![(long.clone(), Node::bare(1)), ("b".into(), Node::bare(2))]))]);
    assert_eq!(read_back(&document(&node)), node);
    assert_eq!(read_back(&format!("[{}]", flow(&node))).items()[0], node);
}

#[test]
fn a_block_at_a_column_is_indented_throughout() {
    let mut out = String::new();
    block(&read_back("a: {b: [1]}\nc: |\n  x\n  y\n"), 4, &mut out);
    assert_eq!(out, "    a:\n      b:\n        - 1\n    c: |\n      x\n      y\n");
}
