use proptest::prelude::*;

use super::*;
use crate::Map;
use plimsoll_diag::{Severity, SourceKind};

fn read_with(text: &str, options: &ReadOptions) -> Report<Vec<Document>> {
    let sources = Sources::new();
    let id = sources.add("t.yaml", text, SourceKind::File);
    read(&sources, id, options)
}

fn read_strict(text: &str) -> Report<Vec<Document>> {
    read_with(text, &ReadOptions::strict())
}

/// The single document of a text without errors.
fn root(text: &str) -> Node {
    let report = read_strict(text);
    assert!(report.diagnostics.is_empty(), "{text:?}: {:?}", report.diagnostics);
    let mut documents = report.output.unwrap();
    assert_eq!(documents.len(), 1, "{text:?}");
    documents.remove(0).root
}

/// The only diagnostic: its message, and the text and words of its labels.
fn complaint(text: &str) -> (String, Vec<(String, String)>) {
    let report = read_strict(text);
    assert_eq!(report.diagnostics.len(), 1, "{text:?}: {:?}", report.diagnostics);
    let diagnostic = report.diagnostics.into_iter().next().unwrap();
    let labels = diagnostic.labels.into_iter().map(|label| (slice(text, label.span).to_owned(), label.text));
    (diagnostic.message, labels.collect())
}

fn slice(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

#[test]
fn every_node_and_key_knows_its_bytes() {
    let text = "# é\nä: 'ö'  # c\nlist:\n  - 10\n  - {x: [1, 2 ]}\nblock: |\n  one\n  two\n\nnone:\nlast: plain text\n\n# end\n";
    let root = root(text);
    assert_eq!(slice(text, root.span), &text[text.find('ä').unwrap()..text.find("\n\n# end").unwrap()]);
    let span = |path: &[&str]| slice(text, root.at(path).unwrap().span);
    assert_eq!(span(&["ä"]), "'ö'");
    assert_eq!(span(&["list"]), "- 10\n  - {x: [1, 2 ]}");
    assert_eq!(slice(text, root.get("list").unwrap().items()[0].span), "10");
    assert_eq!(slice(text, root.get("list").unwrap().items()[1].span), "{x: [1, 2 ]}");
    assert_eq!(slice(text, root.get("list").unwrap().items()[1].get("x").unwrap().span), "[1, 2 ]");
    assert_eq!(span(&["block"]), "|\n  one\n  two");
    assert_eq!(span(&["last"]), "plain text");
    let none = root.get("none").unwrap();
    assert_eq!(none.span.start as usize, text.find("none:").unwrap() + 5);
    let keys: Vec<&str> = root.as_map().unwrap().iter().map(|entry| slice(text, entry.key_span)).collect();
    assert_eq!(keys, ["ä", "list", "block", "none", "last"]);
}

#[test]
fn spans_hold_across_the_pieces_the_parser_is_fed() {
    let text = (0..5000).map(|index| format!("k{index}: ÄÖÜ€{index}\n")).collect::<Vec<_>>().concat();
    let root = root(&text);
    for entry in root.as_map().unwrap() {
        assert_eq!(slice(&text, entry.key_span), entry.key);
        assert_eq!(slice(&text, entry.value.span), entry.value.as_str().unwrap());
    }
}

#[test]
fn documents_cover_their_own_bytes() {
    let text = "# head\na: 1\n---\n# only a comment\n---\nb: 2\n...\n# between\n---\nc: 3\n";
    let documents = read_strict(text).output.unwrap();
    let spans: Vec<&str> = documents.iter().map(|document| slice(text, document.span)).collect();
    assert_eq!(spans, ["# head\na: 1\n", "---\n# only a comment\n", "---\nb: 2\n...\n", "---\nc: 3\n"]);
    let blanks: Vec<bool> = documents.iter().map(|document| document.blank).collect();
    assert_eq!(blanks, [false, true, false, false]);
    assert_eq!(read_strict("# nothing\n").output, Some(Vec::new()));
    assert_eq!(read_strict("").output, Some(Vec::new()));
    assert!(!read_strict("~").output.unwrap()[0].blank);
    let text = "\u{feff}# x\n---\na: 1";
    assert_eq!(slice(text, read_strict(text).output.unwrap()[0].span), "# x\n---\na: 1");
}

#[test]
fn large_texts_are_read_in_order_whatever_the_threads() {
    let text = (0..20_000).map(|index| format!("---\nnumber: {index}\nbad: {{\n")).collect::<Vec<_>>();
    let (good, bad): (Vec<_>, Vec<_>) =
        text.into_iter().map(|text| (text.replace("bad: {\n", ""), text)).unzip();
    let good = good.concat();
    assert!(good.len() > WORTH_SHARING);
    let documents = read_strict(&good).output.unwrap();
    assert_eq!(documents.len(), 20_000);
    for (index, document) in (0..).zip(&documents) {
        assert_eq!(document.root.get("number").and_then(Node::as_i64), Some(index));
    }
    let report = read_strict(&bad.concat());
    assert!(report.output.is_none());
    assert!(report.diagnostics.is_sorted_by_key(Diagnostic::span));
    let mut options = ReadOptions::strict();
    options.limits.max_nodes = 30_000;
    let report = read_with(&good, &options);
    let place = good.find("number: 10000").unwrap();
    assert_eq!(report.diagnostics[0].span().map(|span| span.start as usize), Some(place));
}

#[test]
fn reading_stops_at_a_document_end() {
    let text = "a: 1\n...\nb: 2\n---\nc: 3\n";
    let report = read_strict(text);
    let documents = report.output.unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1].root.get("c").and_then(Node::as_i64), Some(3));
    assert_eq!(report.diagnostics.len(), 1);
    assert_eq!(report.diagnostics[0].severity, Severity::Warning);
    assert_eq!(slice(text, report.diagnostics[0].span().unwrap()), "b: 2");
}

#[test]
fn content_on_a_separator_line_is_refused() {
    let (message, labels) = complaint("--- {a: 1}\n");
    assert_eq!(message, "content on the line of a `---` separator");
    assert_eq!(labels[0].0, "{a: 1}");
    assert_eq!(root("--- # fine\na: 1\n").get("a").and_then(Node::as_i64), Some(1));
}

#[test]
fn duplicate_keys_name_both_places() {
    let text = "m:\n  y: 1\n  b: 2\n  true: 3\n";
    let (message, labels) = complaint(text);
    assert_eq!(message, "key `true` is written twice in one map");
    assert_eq!(labels[0], ("true".into(), "written again here".into()));
    assert_eq!(labels[1], ("y".into(), "first written here".into()));
    let report = read_with(text, &ReadOptions::lenient());
    assert_eq!(report.diagnostics.len(), 1);
    assert_eq!(report.diagnostics[0].severity, Severity::Warning);
    let document = report.output.unwrap().remove(0);
    assert_eq!(document.root.at(&["m", "true"]).and_then(Node::as_i64), Some(3));
    // Large maps are checked another way.
    let mut large = (0..50).map(|index| format!("k{index}: {index}\n")).collect::<Vec<_>>().concat();
    assert!(read_strict(&large).diagnostics.is_empty());
    large.push_str("k7: x\nk7: y\n");
    assert_eq!(read_strict(&large).diagnostics.len(), 2);
}

#[test]
fn merge_keys_take_in_maps_in_order() {
    let text =
        "base: &b {a: 1, c: 3}\nd:\n  <<: *b\n  c: 4\ne:\n  c: 4\n  <<: *b\nf:\n  <<: [*b, {a: 9, z: 1}]\n";
    let documents = read_with(text, &ReadOptions::lenient()).output.unwrap();
    let root = &documents[0].root;
    let number = |path: &[&str]| root.at(path).and_then(Node::as_i64);
    assert_eq!(number(&["d", "c"]), Some(4));
    assert_eq!(number(&["e", "c"]), Some(3), "as in go-yaml v2 what comes later overrides");
    assert_eq!((number(&["f", "a"]), number(&["f", "z"])), (Some(1), Some(1)));
    for text in ["<<: 1\n", "b: &a [{}]\n<<: *a\n", "b: &a [{}]\nc: {<<: [*a]}\n"] {
        assert_eq!(complaint(text).0, "`<<` merges a map or a list of maps", "{text}");
    }
    assert!(super::tests::root("'<<': 1\n").get("<<").is_some());
}

#[test]
fn a_key_after_a_merge_overrides_what_is_merged() {
    let base = "base: &b {a: 1, c: 3}\n";
    // What helm 4.1.4 and kubectl 1.35.2 read as `d`.
    for (map, expected) in [
        ("{<<: *b, c: 4}", "{a: 1, c: 4}"),
        ("{<<: *b, a: null}", "{a: null, c: 3}"),
        ("{<<: [*b, {a: 9, z: 1}]}", "{a: 1, c: 3, z: 1}"),
        ("{<<: {a: 9}, <<: *b}", "{a: 1, c: 3}"),
        ("{<<: *b, <<: {a: 9}}", "{a: 9, c: 3}"),
        ("{<<: {<<: *b, a: 2}, x: 1}", "{a: 2, c: 3, x: 1}"),
        ("{<<: {a: {x: 5, z: 4}}, a: {x: 1}}", "{a: {x: 1}}"),
        ("{<<: [], c: 4}", "{c: 4}"),
        ("{!!merge <<: *b, a: 2}", "{a: 2, c: 3}"),
        ("{\"<<\": *b, c: 4}", "{'<<': {a: 1, c: 3}, c: 4}"),
        ("{!!str <<: *b}", "{'<<': {a: 1, c: 3}}"),
        ("{'<<': 1, <<: *b}", "{'<<': 1, a: 1, c: 3}"),
        ("\n  <<: *b\n  a: 2", "{a: 2, c: 3}"),
        ("{a: 1, <<: *b}", "{a: 1, c: 3}"),
    ] {
        let text = format!("{base}d: {map}\n");
        assert_eq!(root(&text).get("d"), Some(&root(expected)), "{map}");
    }
    for refused in ["{<<: null}", "{<<: [{a: 1}, 2]}", "{<<: [[*b]]}", "{<<: }", "{? <<}"] {
        assert!(
            read_with(&format!("{base}d: {refused}\n"), &ReadOptions::lenient()).has_errors(),
            "{refused}"
        );
    }
}

#[test]
fn a_key_before_a_merge_is_lost_with_a_warning() {
    let text = "base: &b {a: 1, c: 3}\nd:\n  a: 2\n  <<: *b\n  <<: {a: 7}\n";
    let report = read_strict(text);
    assert_eq!(report.diagnostics.len(), 1, "{:?}", report.diagnostics);
    assert_eq!(report.diagnostics[0].severity, Severity::Warning);
    assert_eq!(report.diagnostics[0].message, "key `a` is overridden by the `<<` after it");
    let labels: Vec<&str> =
        report.diagnostics[0].labels.iter().map(|label| slice(text, label.span)).collect();
    assert_eq!(labels, ["a", "<<"]);
    let document = report.output.unwrap().remove(0);
    assert_eq!(document.root.at(&["d", "a"]).and_then(Node::as_i64), Some(7));
    // A key that is written twice stays an error, whatever is merged.
    let twice = "d: {a: 5, <<: {a: 1}, a: 6}\n";
    let report = read_strict(twice);
    assert!(report.diagnostics.iter().any(|found| found.message == "key `a` is written twice in one map"));
    let report = read_with(twice, &ReadOptions::lenient());
    assert_eq!(report.output.unwrap()[0].root.at(&["d", "a"]).and_then(Node::as_i64), Some(6));
}

#[test]
fn merging_the_same_map_often_is_read_fast() {
    let keys: Vec<String> = (0..100).map(|index| format!("k{index}: 1")).collect();
    let merges = vec!["*b"; 190].join(", ");
    let text = format!("base: &b {{{}}}\nd: {{<<: [{merges}]}}\n", keys.join(", "));
    assert_eq!(root(&text).get("d").and_then(Node::as_map).map(Map::len), Some(100));
}

#[test]
fn anchors_live_in_one_document() {
    assert_eq!(root("a: &x 1\nb: &x 2\nc: *x\n").get("c").and_then(Node::as_i64), Some(2));
    assert_eq!(root("a: &x k\n*x : 2\n").get("k").and_then(Node::as_i64), Some(2));
    // Of two anchors of one name, the one that begins last counts.
    assert!(root("a: &x\n- &x\nc: *x\n").get("c").is_some_and(Node::is_null));
    assert_eq!(root("a: &x {b: &x [1]}\nc: *x\n").get("c").map(|node| node.items().len()), Some(1));
    assert_eq!(root("a: &x [&x 1, *x]\n").get("a").and_then(|a| a.items()[1].as_i64()), Some(1));
    assert_eq!(complaint("a: &x 1\n---\nb: *x\n").0, "anchor `x` is not defined above");
    assert_eq!(complaint("a: &x\n  b: *x\n").0, "anchor `x` contains itself");
}

#[test]
fn limits_are_errors_that_name_the_limit() {
    let limits = |bytes, depth, nodes| ReadOptions {
        limits: Limits { max_bytes: bytes, max_depth: depth, max_nodes: nodes },
        ..ReadOptions::strict()
    };
    let failure = |text: &str, options: &ReadOptions| {
        let report = read_with(text, options);
        assert!(report.output.is_none());
        assert_eq!(report.diagnostics.len(), 1);
        report.diagnostics[0].help.concat()
    };
    assert!(failure("a: b\n", &limits(3, 9, 9)).contains("the limit is 3 bytes"));
    assert!(failure("[[[]]]", &limits(99, 2, 9)).contains("the limit is 2 levels"));
    assert!(failure("[1, 2, 3]", &limits(99, 9, 3)).contains("the limit is 3 scalars"));
    // Depth, nodes and bytes behind aliases count.
    assert!(
        failure("- &a abcdefghijklmn\n- *a\n- *a\n", &limits(40, 9, 99)).contains("the limit is 40 bytes")
    );
    assert!(failure("- &a [[1]]\n- [*a]\n", &limits(99, 3, 99)).contains("levels"));
    assert!(failure("- &a [1, 1]\n- *a\n", &limits(99, 9, 9)).contains("including expanded aliases"));
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        let line = format!("a{level}: &a{level} [{aliases}]\n");
        bomb += &line;
    }
    assert!(failure(&bomb, &ReadOptions::strict()).contains("write out what the aliases stand for"));
    for deep in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000), "[\n".repeat(100_000)] {
        assert!(failure(&deep, &ReadOptions::strict()).contains("the limit is 200 levels"));
    }
}

#[test]
fn documents_of_nothing_but_aliases_are_refused_where_helm_does() {
    // Recorded: the most aliases to a map of 100 keys that helm takes.
    let keys: Vec<String> = (0..100).map(|index| format!("k{index}: 1")).collect();
    let text = |alias: &str, count: usize| {
        format!("base: &b {{{}}}\nd: [{}]\n", keys.join(", "), vec![alias; count].join(", "))
    };
    let is_refused = |alias: &str, count: usize| {
        let report = read_strict(&text(alias, count));
        let is_refused = report.has_errors();
        assert!(!is_refused || report.diagnostics[0].message.starts_with("aliases make up nearly all"));
        is_refused
    };
    for (alias, most) in [("*b", 199), ("{<<: *b}", 1976)] {
        assert!(!is_refused(alias, most), "{alias}");
        assert!(is_refused(alias, most + 1), "{alias}");
    }
}

#[test]
fn a_slash_is_escaped_in_json_only() {
    let (message, labels) = complaint("a: 1\nb: \"x\\\\/\\/y\"\n");
    assert_eq!((message.as_str(), labels[0].0.as_str()), ("unknown escape in a double-quoted string", "\\"));
    assert_eq!(
        read_fragment(b"a: 1\nb: \"\\/\"").unwrap_err(),
        "yaml: line 2: found unknown escape character"
    );
}

#[test]
fn errors_say_what_was_expected() {
    assert_eq!(complaint("a:\n\tb: 1\n").0, "a tab cannot indent YAML");
    assert_eq!(complaint("a: @b\n").0, "a plain value cannot start with `@`");
    assert_eq!(complaint("a: b: c\n").0, "a `key: value` pair is not possible here");
    let (message, labels) = complaint("x: 1\na: 'b\n\nc: d\n");
    assert_eq!(message, "a quoted string is not closed");
    assert_eq!(labels, [("'".into(), "the quote is opened here".into())]);
    assert_eq!(complaint("a: 'it's'\n").0, "text after a quoted string");
    let (message, labels) = complaint("a: {{ x }}\n");
    assert_eq!(message, "`{{` starts a map inside a map here, not a template expression");
    assert_eq!(labels[0].0, "{{");
    let (message, labels) = complaint("a: 1\nb: {c: 2,\n");
    assert_eq!((message.as_str(), labels[0].0.as_str()), ("the text ends inside `{` or `[`", "{"));
    assert_eq!(complaint("{{ x }}: 1\n").1[0].0, "{{");
    let (message, labels) = complaint("a: 1\n b: 2\n");
    assert_eq!((message.as_str(), labels[0].0.as_str()), ("a `key: value` pair is not possible here", ":"));
    assert_eq!(complaint("a: [1, 2\nb: 3\n").0, "expected `,` or `]`");
    assert_eq!(complaint("[a]: b\n").0, "a list cannot be a key");
    assert_eq!(complaint("~: b\n").0, "null cannot be a key");
    assert_eq!(complaint("a: .inf\n").0, "infinity and NaN cannot be written as JSON");
    assert_eq!(complaint("%YAML 1.2\n---\na: 1\n").0, "YAML 1.2 is not supported");
    assert_eq!(complaint("a: \u{7}\n").1[0].0, "\u{7}");
}

#[test]
fn what_go_yaml_accepts_is_read_with_the_places_of_the_text() {
    let text = "a: \"it\\'s \\\\' \\\"\"\nb: [a:, {b:, 'c': \"\\'\"}]\nend: 1\n";
    let root = root(text);
    assert_eq!(root.get("a").and_then(Node::as_str), Some("it's \\' \""));
    assert_eq!(slice(text, root.get("a").unwrap().span), "\"it\\'s \\\\' \\\"\"");
    let items = root.get("b").unwrap().items();
    assert_eq!((items[0].as_str(), slice(text, items[0].span)), (Some("a:"), "a:"));
    assert!(items[1].get("b:").unwrap().is_null());
    assert_eq!(items[1].get("c").and_then(Node::as_str), Some("'"));
    let end = root.as_map().unwrap().entry("end").unwrap();
    assert_eq!((slice(text, end.key_span), slice(text, end.value.span)), ("end", "1"));
    // Errors behind such places name the place in the text, too.
    let (message, labels) = complaint("a: [b:]\nc: \"\\'\"\nd: @x\n");
    assert_eq!((message.as_str(), labels[0].0.as_str()), ("a plain value cannot start with `@`", "@"));
}

#[test]
fn a_question_mark_ends_a_plain_value_in_flow_style() {
    let (message, labels) = complaint("v: [x, a?b]\n");
    assert_eq!(message, "a `?` cannot be used in a plain value inside `[...]` or `{...}`");
    assert_eq!(labels[0].0, "?");
    assert!(read_strict("v: {a?: 1}\n").has_errors());
    assert_eq!(root("v: a?b\nw: ['a?b', \"?\"]\n").get("v").and_then(Node::as_str), Some("a?b"));
}

#[test]
fn a_tag_takes_in_commas_and_brackets() {
    let bad =
        ["[!a,b]", "{!a,b}", "[!,]", "k: [x, &a !!str,y]", "[? !<t>,a]", "[a !b, !c,d]", "['!x,', !a,b]"];
    for text in bad {
        assert!(read_strict(text).has_errors(), "{text}");
    }
    assert_eq!(complaint("a: !x{}\n").0, "a tag must be followed by white space");
    assert_eq!(root("- !a, b\n- !,"), root("['b', '']"));
    assert_eq!(root("[!, ]"), root("['']"));
    for text in [
        "[a !b, c]",
        "['!x,y']",
        "- !x ,",
        "a: |\n  [!a,b]\n",
        "a: hello !x, y",
        "[a !b, c, d !e, f: g]",
        "[!a , b]",
    ] {
        let report = read_strict(text);
        let guarded = report.diagnostics.iter().any(|diagnostic| diagnostic.message.contains("white space"));
        assert!(!guarded, "{text}: {:?}", report.diagnostics);
    }
    let words = root("[a !b, c, d !e, f: g]");
    assert_eq!((words.items().len(), words.items()[2].as_str()), (4, Some("d !e")));
}

#[test]
fn reading_goes_on_after_a_broken_document() {
    let report = read_strict("a: [\n---\nb: 2\n---\nc: @x\n---\nd: 4\n");
    assert_eq!(report.diagnostics.len(), 2, "{:?}", report.diagnostics);
    let documents = report.output.unwrap();
    assert_eq!(documents.len(), 2);
    assert!(documents[0].root.get("b").is_some() && documents[1].root.get("d").is_some());
}

#[test]
fn a_last_line_without_a_line_break_counts_as_whole() {
    let text = |yaml: &str| root(yaml).get("a").and_then(Node::as_str).map(str::to_owned);
    assert_eq!(text("a: |\n  x").as_deref(), Some("x\n"));
    assert_eq!(text("a: |+\n  x\n  ").as_deref(), Some("x\n\n"));
    assert_eq!(text("a: |-\n  x").as_deref(), Some("x"));
    let short = "a: |\n  x";
    assert_eq!(slice(short, root(short).get("a").unwrap().span), "|\n  x");
}

#[test]
fn a_fragment_is_read_as_go_yaml_alone_would() {
    let report = |yaml: &str| read_with(yaml, &ReadOptions::fragment());
    let text = |yaml: &str| {
        let document = report(yaml).output.unwrap().remove(0);
        document.root.get("a").and_then(Node::as_str).map(str::to_owned)
    };
    assert_eq!(text("a: |\n  x").as_deref(), Some("x"));
    assert_eq!(text("a: |\n  x\n").as_deref(), Some("x\n"));
    assert_eq!(text("a: |\n  x\n  ").as_deref(), Some("x\n"));
    assert_eq!(text("a: |+\n  x\n  ").as_deref(), Some("x\n"));
    assert_eq!(text("a: |\n  x\n    ").as_deref(), Some("x\n  "));
    assert_eq!(text("a: >-\n  x\n  y").as_deref(), Some("x y"));
    assert_eq!(text("--- {a: b}\n--- {c: }}").as_deref(), Some("b"));
    assert_eq!(report("a: 1\n---\nb: [").output.map(|documents| documents.len()), Some(1));
}

#[test]
fn less_indented_text_ends_a_document() {
    let text = "  a: 1\nb: 2\n";
    assert_eq!(complaint(text).0, "expected `---`");
    let report = read_with(text, &ReadOptions::lenient());
    assert_eq!(report.output.unwrap()[0].root.get("a").and_then(Node::as_i64), Some(1));
    assert_eq!((report.diagnostics.len(), report.diagnostics[0].severity), (1, Severity::Warning));
    assert_eq!(slice(text, report.diagnostics[0].span().unwrap()), "b: 2");
    // What cannot even be scanned is an error for go-yaml, too.
    assert!(read_with("x\nb: c\n", &ReadOptions::lenient()).has_errors());
}

#[test]
fn integers_are_exact_and_whole_floats_are_integers() {
    assert_eq!(root("9007199254740993").as_i64(), Some(9_007_199_254_740_993));
    assert_eq!(root("18446744073709551615").value, Value::Uint(u64::MAX));
    assert_eq!(root("[! yes, ! 1]"), Node::bare(vec![Node::bare("yes"), Node::bare("1")]));
    assert!(root(" ? a\n ? !!str b\n").get("a").is_some_and(Node::is_null));
    assert_eq!(root("3.0"), Node::bare(3));
    assert_eq!(root("1e3").as_i64(), Some(1000));
    assert_eq!(root("1e30").as_i64(), None);
    for large in ["18446744073709551616", "-9223372036854775809", "123456789012345678901234567890"] {
        for text in [format!("a: {large}\n"), format!("a: [{large}]\n"), format!("a: !x\nb: {large}\n")] {
            assert_eq!(complaint(&text).0, format!("the integer `{large}` does not fit into 64 bits"));
            let report = read_with(&text, &ReadOptions::lenient());
            assert!(report.output.is_some());
            assert_eq!(report.diagnostics.len(), 1, "{text}");
            assert_eq!(report.diagnostics[0].severity, Severity::Warning);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the text: no panic, and spans that lie within it.
    #[test]
    fn any_text_gets_an_answer(parts in proptest::collection::vec(proptest::sample::select(PARTS.to_vec()), 0..15)) {
        let text = parts.concat();
        let report = read_with(&text, &ReadOptions::lenient());
        prop_assert!(report.output.is_some() || report.has_errors());
        for label in report.diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
            prop_assert!(text.get(label.span.start as usize..label.span.end as usize).is_some());
        }
        for document in report.output.unwrap_or_default() {
            prop_assert!(text.get(document.span.start as usize..document.span.end as usize).is_some());
        }
    }
}

const PARTS: &[&str] = &[
    "a",
    "b: ",
    "- ",
    "? ",
    ": ",
    ":",
    "[",
    "]",
    "{",
    "}",
    ",",
    "!",
    "!!int ",
    "!<",
    "!a!",
    "%41",
    "%",
    "%ff",
    "%YAML 1.1\n",
    "%YAML 999999999999.1\n",
    "%TAG ! tag:x,2000:\n",
    "---",
    "\n---\n",
    "...",
    "\n...\n",
    "&a ",
    "*a",
    "&a",
    "'",
    "\"",
    "\\",
    "\\x4",
    "\\U00110000",
    "\\ud800",
    "\\\n",
    "|",
    "|2",
    "|-",
    "|+",
    ">",
    "#",
    "# c\n",
    "\n",
    "\n ",
    "\n  ",
    "\n    ",
    " ",
    "\t",
    "\r",
    "\r\n",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "é",
    "😀",
    "@",
    "<<: ",
    "*",
    "&",
    "~",
    "1",
    "yes",
    "\0",
    "-",
    "a: b\n",
    "a: |\n  x",
    "k: v\n",
    "!!binary aGk=",
    "!!timestamp x",
];

fn stream(text: &str) -> Report<Vec<Document>> {
    let sources = Sources::new();
    let source = sources.add("test.yaml", text, SourceKind::File);
    read_stream(&sources, source, &ReadOptions::lenient())
}

#[test]
fn a_stream_that_begins_with_json_goes_on_as_kubectl_reads_it() {
    let values = |text: &str| {
        let report = stream(text);
        let errors = report.diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
        let documents = report.output.unwrap_or_default();
        let values: Vec<_> =
            documents.iter().filter_map(|document| document.root.get("v")).cloned().collect();
        (values, errors)
    };
    let numbers = |numbers: &[i64]| numbers.iter().map(|number| Node::bare(*number)).collect::<Vec<_>>();
    // Characters outside the first plane are pairs in JSON, and errors in YAML.
    assert_eq!(values(r#"{"v": "\ud83d\ude00\/"}"#), (vec![Node::bare("😀/")], 0));
    assert_eq!(values("v: \"\\ud83d\\ude00\"\n").1, 1);
    for text in [
        "{\"v\": 1}{\"v\": 2}",
        "\u{feff} {\"v\": 1}\n{\"v\": 2}\n",
        "{\"v\": 1}\n---\n{v: 2}\n",
        "{\"v\": 1}---\nv: 2\n",
        "{\"v\": 1} \n---\n---\nv: 2",
        "{v: 1}\n---\nv: 2",
    ] {
        assert_eq!(values(text), (numbers(&[1, 2]), 0), "{text:?}");
    }
    // Two objects make a stream of JSON; three bytes are not looked at.
    assert_eq!(values("{\"v\": 1}{\"v\": 2}\n---\nv: 3\n"), (numbers(&[1, 2]), 1));
    assert_eq!(values("{\"v\": 1} #c"), (numbers(&[1]), 1));
    assert_eq!(values("{\"v\": 1e400}").1, 1);
}

#[test]
fn documents_are_separated_as_kubernetes_separates_them() {
    let count = |text: &str| {
        let report = stream(text);
        let errors = report.has_errors();
        (report.output.unwrap_or_default().iter().filter(|document| !document.root.is_null()).count(), errors)
    };
    assert_eq!(count("a: 1\n---#c\nb: 1\n---\t\nc: 1\r\n---\r\nd: 1\n"), (4, false));
    assert_eq!(count("a: 1\n---x\nb: 1\n"), (1, true));
    assert_eq!(count("a: 1\n----\nb: 1\n"), (1, true));
    // Directives above a `---` are a document, and an error.
    assert_eq!(count("%YAML 1.1\n---\na: 1\n"), (1, true));
    // Below one they end a document of nothing.
    assert_eq!(count("---\n%YAML 1.1\n---\na: 1\n"), (1, false));
    assert_eq!(count("# c\n---\na: 1\n---\n# d\n---\n---\nnull\n---\n"), (1, false));
    // To YAML 1.1 these are line ends, but no separator follows them: what comes after the document is not read.
    for line in ["\r", "\u{85}", "\u{2028}", "\u{2029}"] {
        let report = stream(&format!("a: 1{line}---{line}b: 1{line}"));
        assert_eq!(report.diagnostics.len(), 1, "{line:?}: {:?}", report.diagnostics);
        assert_eq!(report.diagnostics[0].message, "text after the end of a document is not read");
        assert_eq!(report.output.unwrap()[0].root, root("a: 1"));
    }
    assert_eq!(count("a: 1\n---\n\u{feff}b: 1\n"), (2, false));
    // A comment beside a separator ends at `\n` only.
    for last in ["---\r#\r:", "--- #\u{2028}: [", "---#\u{85}t:"] {
        assert_eq!(count(&format!("a: 1\n{last}")), (1, false), "{last:?}");
        assert_eq!(count(&format!("a: 1\n{last}\nb: 1\n")), (2, false), "{last:?}");
    }
}

#[test]
fn bytes_that_are_no_text_become_one_replacement_each() {
    let text = |text: &[u8]| read_fragment(text).unwrap().get("a").and_then(Node::as_str).map(str::to_owned);
    // 0x91 begins no character, and 0xec 0xb9 lacks its third byte.
    assert_eq!(text(b"a: !!binary key5").as_deref(), Some("\u{fffd}\u{fffd}\u{fffd}"));
    assert_eq!(text(b"a: !!binary aGk=").as_deref(), Some("hi"));
}

#[test]
fn what_a_later_value_overrides_need_not_be_json() {
    let lenient = |text: &str| read_with(text, &ReadOptions::lenient());
    for text in ["k: {~: 1}\nk: 2\n", "k: {18446744073709551615: 1}\nk: 2\n", "k: .inf\nk: 2\n"] {
        let report = lenient(text);
        assert!(!report.has_errors(), "{text:?}: {:?}", report.diagnostics);
        assert_eq!(report.output.unwrap()[0].root, root("k: 2"));
    }
    for text in [
        "k: 2\nk: {~: 1}\n",
        "k: [{~: 1}]\n",
        "<<: {~: 1}\n",
        "<<: [{~: 1}]\n",
        "\u{feff}\u{feff}a: 1\n",
        "k: 2\nk: [.nan]\n",
    ] {
        assert!(lenient(text).has_errors(), "{text:?}");
    }
}

/// go-yaml hands out an empty collection before it sees the colon behind it, and then ends the document.
#[test]
fn an_empty_collection_is_no_key() {
    assert_eq!(read_fragment(b"{}: a").unwrap(), Node::bare(Map::new()));
    assert!(read_fragment(b"{a: 1}: a").is_err());
}

#[test]
fn go_yaml_v3_knows_two_booleans() {
    // Once by the fast reader, once by the parser.
    for text in
        ["yes: [on, true, y, off, False, 0777, null]\n", "yes: [on, true, y,\n off, False, 0777, null]\n"]
    {
        let root = |options| read_with(text, &options).output.unwrap().remove(0).root;
        let shown = |options| crate::emit::flow_json(&root(options));
        assert_eq!(
            shown(ReadOptions::go_yaml_v3()),
            r#"{"yes": ["on", true, "y", "off", false, 511, null]}"#
        );
        assert_eq!(shown(ReadOptions::strict()), r#"{"true": [true, true, true, false, false, 511, null]}"#);
    }
}
