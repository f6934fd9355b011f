//! The law of interpolation: whatever the value, the rendered document parses to exactly that value at that
//! place, and never to more or fewer keys.

use plimsoll::chart;
use plimsoll::diag::{SourceKind, Sources, Span};
use plimsoll::engine::{Engine as _, Inputs, Release, tera::Tera};
use plimsoll::values::Scope;
use plimsoll::world::World;
use plimsoll::yaml::{self, Map, Node, ReadOptions, Value};
use proptest::prelude::*;
use std::sync::Arc;

/// Renders one template with `values.v` being the value; the parsed document, or the first message.
fn place(template: &str, value: &Node) -> Result<Node, String> {
    let sources = &Sources::new();
    let files = vec![
        ("Chart.yaml".to_owned(), b"apiVersion: v2\nname: app\nversion: 1.0.0\nengine: tera\n".to_vec()),
        ("templates/t.yaml".to_owned(), template.as_bytes().to_vec()),
        ("templates/_inc.yaml".to_owned(), b"inc: {{ values.v }}\nafter: 2\n".to_vec()),
        (
            "templates/_lib.tera".to_owned(),
            b"{% component card(v) %}\n  in: {{ v }}\n  list:\n    - {{ v }}\n{% endcomponent %}\n".to_vec(),
        ),
    ];
    let chart = chart::from_files(sources, "app", files);
    let chart = Arc::new(chart.output.unwrap_or_else(|| panic!("{:?}", chart.diagnostics)));
    let mut values = Map::new();
    values.insert("v", Span::NONE, value.clone());
    let scope = Scope {
        chart,
        name: "app".into(),
        path: "app".into(),
        values: Node::bare(values).into(),
        children: Vec::new(),
        dependencies: Vec::new(),
        is_pruned: true,
    };
    let release = Release::install("web", "default");
    let capabilities = crate::support::capabilities();
    let inputs = Inputs {
        world: &World::system(),
        release: &release,
        capabilities: &capabilities,
        seed: None,
        lookup: None,
        is_lint: false,
        recorder: None,
    };
    let report = Tera.render(sources, &scope, &inputs);
    let Some(rendered) = report.output else { return Err(report.diagnostics[0].message.clone()) };
    let text = rendered.files.into_iter().find(|file| file.path.ends_with("/t.yaml")).unwrap().text;
    let source = sources.add("rendered", text.as_str(), SourceKind::File);
    let read = yaml::read(sources, source, &ReadOptions::strict());
    assert!(read.diagnostics.is_empty(), "{template}\nbecame\n{text}\n{:?}", read.diagnostics);
    let mut documents = read.output.unwrap();
    assert_eq!(documents.len(), 1, "{template}\nbecame\n{text}");
    Ok(documents.remove(0).root)
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    let mut map = Map::new();
    for (key, value) in entries {
        map.insert(key, Span::NONE, value);
    }
    Node::bare(map)
}

fn seq<const N: usize>(items: [Node; N]) -> Node {
    Node::bare(Vec::from(items))
}

fn text(text: impl Into<String>) -> Node {
    Node::bare(text.into())
}

fn int(number: i64) -> Node {
    Node::bare(number)
}

/// Texts that YAML, Tera, Go templates or the markers could take for something else.
fn nasty_text() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "yes",
        "no",
        "on",
        "y",
        "n",
        "null",
        "~",
        "",
        "true",
        "0777",
        "010",
        "1e3",
        "1.10",
        "0x1F",
        "1_000",
        ".5",
        "12:30:45",
        "2024-01-01",
        "=",
        "<<",
        "a: b",
        "a:",
        ": b",
        "# x",
        "a #b",
        "- x",
        "-",
        "?",
        "? a",
        "!tag",
        "&a",
        "*a",
        "[x]",
        "{x",
        "}",
        "]",
        ",",
        "a, b",
        "%YAML",
        "@a",
        "`a`",
        "'",
        "\"",
        "it's",
        "say \"hi\"",
        "\\",
        "\\n",
        "|",
        ">",
        "|-",
        "---",
        "...",
        "--- a",
        " lead",
        "trail ",
        "\t",
        "tab\tin",
        "\n",
        "one\ntwo",
        "one\ntwo\n",
        "one\n\ntwo\n\n",
        "\nlead",
        "  indented\nless",
        "a\n  b\nc",
        "a: 1\nb: 2",
        "- a\n- b",
        "x\r\ny",
        "\r",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{0}",
        "\u{1}",
        "\u{2}V0\u{3}",
        "\u{2}",
        "\u{3}",
        "\u{7f}",
        "{{ x }}",
        "{% if %}",
        "{# c #}",
        "{{- with secret \"x\" -}}",
        "äöü",
        "日本",
        "😀",
        "k: |\n  text\n",
        "#",
        ":",
        "a\n#b",
        "trailing \nspace",
        "a\n \nb",
        " \n",
        "x\n ",
    ])
    .prop_map(str::to_owned);
    prop_oneof![
        4 => words.clone(),
        2 => (words.clone(), words).prop_map(|(a, b)| format!("{a}{b}")),
        2 => "[ -~\n\t]{0,30}",
        1 => any::<String>(),
        1 => "[a-z ]{150,300}",
    ]
}

fn scalar() -> impl Strategy<Value = Node> {
    prop_oneof![
        5 => nasty_text().prop_map(text),
        1 => any::<i64>().prop_map(int),
        1 => any::<bool>().prop_map(Node::bare),
        1 => any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Node::bare),
        1 => Just(Node::new(Value::Null, Span::NONE)),
    ]
}

fn any_value() -> impl Strategy<Value = Node> {
    scalar().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Node::bare),
            prop::collection::vec((nasty_text(), inner), 0..4).prop_map(|entries| {
                let mut map = Map::new();
                for (key, value) in entries {
                    map.insert(key, Span::NONE, value);
                }
                Node::bare(map)
            }),
        ]
    })
}

/// The text that a scalar is inside a string.
fn inside(value: &Node) -> Option<String> {
    Some(match &value.value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Float(_) => yaml::emit::flow_json(value),
        Value::Seq(_) | Value::Map(_) => return None,
    })
}

fn is_block(value: &Node) -> bool {
    matches!(value.value, Value::Seq(_) | Value::Map(_))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_arrives_where_it_stands_alone(value in any_value()) {
        let v = || value.clone();
        for (template, expected) in [
            ("a: {{ values.v }}\nb: 1\n", map([("a", v()), ("b", int(1))])),
            ("x:\n  a: {{ values.v }}\n  b: 1\nc: 2\n", map([("x", map([("a", v()), ("b", int(1))])), ("c", int(2))])),
            ("a: {{ values.v }} # why\nb: 1\n", map([("a", v()), ("b", int(1))])),
            ("- {{ values.v }}\n- 1\n", seq([v(), int(1)])),
            ("x:\n- {{ values.v }}\n-   {{ values.v }}\n", map([("x", seq([v(), v()]))])),
            ("x:\n  - a: {{ values.v }}\n    b: 1\n", map([("x", seq([map([("a", v()), ("b", int(1))])]))])),
            ("x:\n  - b: 1\n    a: {{ values.v }}\n  - 2\n", map([("x", seq([map([("b", int(1)), ("a", v())]), int(2)]))])),
            ("{% for i in [1, 2] %}\n- {{ values.v }}\n{% endfor %}\n", seq([v(), v()])),
            ("a: {% if true %}{{ values.v }}{% else %}0{% endif %}\n", map([("a", v())])),
            ("{% set w = values.v %}\na: {{ w }}\n", map([("a", v())])),
            ("a: [1, {{ values.v }}, x]\n", map([("a", seq([int(1), v(), text("x")]))])),
            ("a: { k: {{ values.v }}, l: 1 }\n", map([("a", map([("k", v()), ("l", int(1))]))])),
            ("a: {{<card v={values.v}/>}}\nb: 1\n", map([("a", map([("in", v()), ("list", seq([v()]))])), ("b", int(1))])),
            ("x:\n  {{<card v={values.v}/>}}\n  z: 1\n", map([("x", map([("in", v()), ("list", seq([v()])), ("z", int(1))]))])),
            ("x:\n  - {{<card v={values.v}/>}}\n", map([("x", seq([map([("in", v()), ("list", seq([v()]))])]))])),
            ("x:\n  {% include \"_inc.yaml\" %}\n", map([("x", map([("inc", v()), ("after", int(2))]))])),
            ("a: {{ values.v | to_yaml }}\nb: 1\n", map([("a", v()), ("b", int(1))])),
            ("{% set block %}\nk: {{ values.v }}\n{% endset %}\na:\n  {{ block }}\nb: 1\n", map([("a", map([("k", v())])), ("b", int(1))])),
        ] {
            prop_assert_eq!(place(template, &value), Ok(expected), "{}", template);
        }
    }

    #[test]
    fn a_value_alone_on_its_line_is_the_value_of_the_key_above(value in any_value()) {
        let expected = map([("x", value.clone()), ("c", int(2))]);
        prop_assert_eq!(place("x:\n  {{ values.v }}\nc: 2\n", &value), Ok(expected));
    }

    #[test]
    fn entries_beside_siblings_neither_add_nor_lose_keys(entries in prop::collection::vec((nasty_text(), scalar()), 0..4)) {
        let mut values = Map::new();
        let mut expected = Map::new();
        expected.insert("before\u{2}", Span::NONE, int(1));
        for (key, value) in entries {
            values.insert(key.clone(), Span::NONE, value.clone());
            expected.insert(key, Span::NONE, value);
        }
        expected.remove("before\u{2}");
        prop_assume!(!expected.contains_key("before") && !expected.contains_key("after"));
        expected.insert("before", Span::NONE, int(1));
        expected.insert("after", Span::NONE, int(3));
        let rendered = place("x:\n  before: 1\n  {{ values.v }}\n  after: 3\n", &Node::bare(values));
        prop_assert_eq!(rendered, Ok(map([("x", Node::bare(expected))])));
    }

    #[test]
    fn scalars_become_part_of_strings(value in scalar()) {
        let inner = inside(&value).unwrap();
        for (template, expected) in [
            ("a: \"<{{ values.v }}>\"\nb: 1\n", format!("<{inner}>")),
            ("a: \"{{ values.v }}\"\nb: 1\n", inner.clone()),
            ("a: '<{{ values.v }}>'\nb: 1\n", format!("<{inner}>")),
            ("a: '{{ values.v }}'\nb: 1\n", inner.clone()),
            ("a: <{{ values.v }}>\nb: 1\n", format!("<{inner}>")),
            ("a: {{ values.v }}{{ values.v }}\nb: 1\n", format!("{inner}{inner}")),
            ("a: x-{{ values.v }} # why\nb: 1\n", format!("x-{inner}")),
        ] {
            prop_assert_eq!(place(template, &value), Ok(map([("a", text(expected)), ("b", int(1))])), "{}", template);
        }
        let expected = map([("a", seq([text(format!("<{inner}>")), text(inner.clone())]))]);
        prop_assert_eq!(place("a: [<{{ values.v }}>, \"{{ values.v }}\"]\n", &value), Ok(expected));
    }

    #[test]
    fn scalars_become_keys(value in scalar()) {
        let inner = inside(&value).unwrap();
        let expected = map([(format!("k{inner}").as_str(), int(1)), ("b", int(2))]);
        prop_assert_eq!(place("k{{ values.v }}: 1\nb: 2\n", &value), Ok(expected));
        prop_assume!(inner != "b");
        let expected = map([(inner.as_str(), int(1)), ("b", int(2))]);
        prop_assert_eq!(place("{{ values.v }}: 1\nb: 2\n", &value), Ok(expected.clone()));
        prop_assert_eq!(place("{ {{ values.v }}: 1, b: 2 }\n", &value), Ok(expected));
    }

    #[test]
    fn comments_stay_comments(value in any_value()) {
        let expected = map([("a", int(1)), ("b", int(2))]);
        prop_assert_eq!(place("# {{ values.v }}\na: 1 # {{ values.v }}\nb: 2\n", &value), Ok(expected));
    }

    #[test]
    fn text_in_block_scalars_arrives_or_is_refused(value in nasty_text()) {
        let node = text(value.clone());
        for (template, before, after) in [
            ("x:\n  a: |\n    {{ values.v }}\n    end\n  b: 1\n", "", "\nend\n"),
            ("x:\n  a: |-\n    start\n    {{ values.v }}\n    end\n  b: 1\n", "start\n", "\nend"),
            ("x:\n  a: |\n    <{{ values.v }}>\n  b: 1\n", "<", ">\n"),
            ("x:\n  a: >\n    <{{ values.v }}>\n  b: 1\n", "<", ">\n"),
        ] {
            let value = if template.contains('<') { value.as_str() } else { value.strip_suffix('\n').unwrap_or(&value) };
            match place(template, &node) {
                Ok(found) => {
                    let expected = format!("{before}{value}{after}");
                    prop_assert_eq!(found, map([("x", map([("a", text(expected)), ("b", int(1))]))]), "{}", template);
                }
                Err(message) => {
                    prop_assert!(message.contains("block scalar") || message.contains("folded"), "{}", message);
                }
            }
        }
    }

    #[test]
    fn collections_cannot_stand_inside_strings(value in any_value()) {
        prop_assume!(is_block(&value));
        for template in ["a: \"{{ values.v }}\"\n", "a: x{{ values.v }}\n", "x{{ values.v }}: 1\n", "a: |\n  {{ values.v }}\n"] {
            let message = place(template, &value).unwrap_err();
            prop_assert!(message.contains("cannot be used inside a string"), "{}", message);
        }
    }

    #[test]
    fn omit_empty_drops_keys_and_items(value in any_value()) {
        let empty = match &value.value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Seq(items) => items.is_empty(),
            Value::Map(map) => map.is_empty(),
            _ => false,
        };
        let b = ("b", int(1));
        let expected = if empty { map([b]) } else { map([("a", value.clone()), b]) };
        prop_assert_eq!(place("a: {{ values.v | omit_empty }}\nb: 1\n", &value), Ok(expected.clone()));
        prop_assert_eq!(place("x:\n- a: {{ values.v | omit_empty }}\n  b: 1\n", &value), Ok(map([("x", seq([expected]))])));
        let expected = if empty { seq([int(1)]) } else { seq([value.clone(), int(1)]) };
        prop_assert_eq!(place("- {{ values.v | omit_empty }}\n- 1\n", &value), Ok(expected));
    }
}
