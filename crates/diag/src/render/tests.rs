use super::*;
use crate::{Label, ObjectRef, Rule, Segment, SourceId, SourceKind, SourceMap};
use snapbox::{IntoData, assert_data_eq, str};

static HEADLESS: Rule = Rule {
    id: "sts/service-not-headless",
    severity: Severity::Error,
    summary: "governing Service is not headless",
    docs: "Why & how.",
};

const TEMPLATE: &str =
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: db\nspec:\n  type: {{ values.type }}\n";
const RENDERED: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: db\nspec:\n  type: ClusterIP\n";

fn span(sources: &Sources, id: SourceId, needle: &str) -> Span {
    let text = sources.get(id).unwrap().text.clone();
    let start = text.find(needle).unwrap();
    Span::new(id, start, start + needle.len())
}

/// A Service whose type comes from a values file by way of a template, and the finding about it.
fn headless(sources: &Sources) -> Diagnostic {
    let template = sources.add("db/templates/a: b,c.yaml", TEMPLATE, SourceKind::File);
    let values = sources.add("db/values.yaml", "# über\ntype: ClusterIP\n", SourceKind::File);
    let expression = span(sources, template, "{{ values.type }}");
    let map = SourceMap::new(vec![
        Segment {
            start: 0,
            template: Span::new(template, 0, expression.start as usize),
            verbatim: true,
            value: None,
        },
        Segment {
            start: expression.start,
            template: expression,
            verbatim: false,
            value: Some(span(sources, values, "ClusterIP")),
        },
    ]);
    let rendered = sources.add("db/templates/a: b,c.yaml", RENDERED, SourceKind::Rendered(map));
    Diagnostic::from_rule(&HEADLESS, "service `db` has a cluster IP, 100% \"not\" headless")
        .at(span(sources, rendered, "ClusterIP"), "")
        .object(ObjectRef {
            api_version: "v1".into(),
            kind: "Service".into(),
            namespace: None,
            name: "db".into(),
        })
        .path("spec.type")
        .help("set `clusterIP: None`")
        .traced_through(Some(span(sources, template, "spec:")), "included `_service.tera`")
}

#[test]
fn human_shows_the_template_the_values_and_the_way_there() {
    let sources = Sources::new();
    let diagnostic = headless(&sources);
    assert_data_eq!(
        human(&[diagnostic], &sources, Style::Plain),
        str![[r#"
error[sts/service-not-headless]: service `db` has a cluster IP, 100% "not" headless
 --> db/templates/a: b,c.yaml:6:9
  |
6 |   type: {{ values.type }}
  |         ^^^^^^^^^^^^^^^^^ renders as `ClusterIP`
  |
 ::: db/values.yaml:2:7
  |
2 | type: ClusterIP
  |       --------- the value comes from here
  |
  = note: in Service/db: `spec.type`
  = note: included `_service.tera` at db/templates/a: b,c.yaml:5:1
  = help: set `clusterIP: None`

"#]]
    );
}

#[test]
fn human_shows_rendered_text_where_it_differs_and_a_component_made_it() {
    let sources = Sources::new();
    let template = sources.add("t.yaml", "metadata:\n  {{ <labels /> }}\n", SourceKind::File);
    let call = span(&sources, template, "{{ <labels /> }}");
    let map = SourceMap::new(vec![
        Segment { start: 0, template: Span::new(template, 0, 12), verbatim: true, value: None },
        Segment { start: 12, template: call, verbatim: false, value: None },
    ]);
    let rendered =
        sources.add("t.yaml", "metadata:\n  labels:\n    a: -b-\n    c: d\n", SourceKind::Rendered(map));
    let diagnostic = Diagnostic::warning("label value `-b-` starts with `-`")
        .at(span(&sources, rendered, "a: -b-"), "here");
    assert_data_eq!(
        human(&[diagnostic], &sources, Style::Plain),
        str![[r#"
warning: label value `-b-` starts with `-`
 --> t.yaml:2:3
  |
2 |   {{ <labels /> }}
  |   ^^^^^^^^^^^^^^^^ here
  |
 ::: t.yaml (rendered):3:5
  |
1 | metadata:
2 |   labels:
3 |     a: -b-
  |     ------ rendered text
4 |     c: d
  |

"#]]
    );
}

#[test]
fn human_points_into_flags_and_several_files_and_survives_odd_spans() {
    let sources = Sources::new();
    let flag = sources.add("--set", "a=1,,b=2", SourceKind::Flag);
    let file = sources.add("x.yaml", "ä: \u{1b}[31m\n\ttab\n", SourceKind::File);
    let diagnostics = [
        Diagnostic::error("empty part").at(Span::new(flag, 4, 4), "a key is missing").help("drop a comma"),
        Diagnostic::error("two\nlines")
            .at(Span::new(file, 1, 9999), "from here")
            .at(Span::new(flag, 0, 1), "and here")
            .at(Span::NONE, "supplied by plimsoll"),
        Diagnostic::new(Severity::Info, "nowhere \u{1b}[31m"),
    ];
    assert_data_eq!(
        human(&diagnostics, &sources, Style::Plain),
        str![[r#"
error: empty part
 --> --set:1:5
  |
1 | a=1,,b=2
  |     ^ a key is missing
  |
  = help: drop a comma

error: two
       lines
 --> x.yaml:1:1
  |
1 | / ä: ␛[31m
2 | |     tab
  | |_______^ from here
  |
 ::: --set:1:1
  |
1 |   a=1,,b=2
  |   - and here
  |
  = note: supplied by plimsoll

info: nowhere /u{1b}[31m

"#]]
    );
    assert!(human(&diagnostics, &sources, Style::Coloured).contains("\u{1b}["));
    assert_eq!(human(&[], &sources, Style::Plain), "");
}

#[test]
fn human_shows_marks_far_apart_in_excerpts_of_their_own() {
    let sources = Sources::new();
    let text = format!("first: 1\n{}last: 2\n", "# between\n".repeat(3000));
    let id = sources.add("long.yaml", text.as_str(), SourceKind::File);
    let diagnostic = Diagnostic::error("two places")
        .at(span(&sources, id, "last"), "here")
        .at(span(&sources, id, "first"), "and here");
    assert_data_eq!(
        human(&[diagnostic], &sources, Style::Plain),
        str![[r#"
error: two places
    --> long.yaml:3002:1
     |
3002 | last: 2
     | ^^^^ here
     |
    ::: long.yaml:1:1
     |
   1 | first: 1
     | ----- and here

"#]]
    );
}

#[test]
fn human_shows_only_a_part_of_a_long_line() {
    let sources = Sources::new();
    let text = format!("[{}{{\"kind\": \"Pod\"}}{}]\n", "\"ü\",".repeat(5000), ",1".repeat(50_000));
    let id = sources.add("one-line.json", text.as_str(), SourceKind::File);
    let diagnostic = Diagnostic::error("no `apiVersion`").at(span(&sources, id, "\"kind\""), "this object");
    let shown = human(&[diagnostic], &sources, Style::Plain);
    assert!(shown.contains("one-line.json:1:20003\n"), "{shown}");
    assert!(shown.contains("{\"kind\": \"Pod\"}"), "{shown}");
    assert!(shown.contains("^^^^^^ this object"), "{shown}");
    assert!(shown.len() < 1000, "{shown}");
}

#[test]
fn order_is_by_place_then_severity_and_repetitions_go() {
    let sources = Sources::new();
    let b = sources.add("b.yaml", "one\ntwo\n", SourceKind::File);
    let a = sources.add("a.yaml", "one\ntwo\n", SourceKind::File);
    let found = vec![
        Diagnostic::warning("b2").at(Span::new(b, 4, 7), ""),
        Diagnostic::warning("a1w").at(Span::new(a, 0, 3), ""),
        Diagnostic::error("a1e").at(Span::new(a, 0, 3), ""),
        Diagnostic::warning("b2").at(Span::new(b, 4, 7), ""),
        Diagnostic::error("placeless"),
    ];
    let order: Vec<_> = arrange(found, &sources).into_iter().map(|d| d.message).collect();
    assert_eq!(order, ["placeless", "a1e", "a1w", "b2"]);
}

#[test]
fn json_is_the_documented_contract() {
    let sources = Sources::new();
    let diagnostic = headless(&sources);
    assert_data_eq!(
        json(&[diagnostic, Diagnostic::warning("plain")], &sources, 7, Some("1.36")),
        str![[r#"
{
  "version": 1,
  "kubeVersion": "1.36",
  "findings": [
    {
      "rule": "sts/service-not-headless",
      "severity": "error",
      "message": "service `db` has a cluster IP, 100% \"not\" headless",
      "help": "set `clusterIP: None`",
      "file": "db/templates/a: b,c.yaml",
      "line": 6,
      "column": 9,
      "origin": {
        "file": "db/values.yaml",
        "line": 2
      },
      "object": {
        "apiVersion": "v1",
        "kind": "Service",
        "namespace": null,
        "name": "db"
      },
      "path": "spec.type"
    },
    {
      "rule": null,
      "severity": "warning",
      "message": "plain",
      "help": null,
      "file": null,
      "line": null,
      "column": null,
      "origin": null,
      "object": null,
      "path": null
    }
  ],
  "summary": {
    "errors": 1,
    "warnings": 1,
    "infos": 0,
    "objects": 7
  }
}

"#]]
        .raw()
    );
}

/// Control characters beyond ASCII are two bytes: some terminals take U+009B for the start of an escape sequence.
#[test]
fn excerpts_pass_no_control_character_on() {
    let sources = Sources::new();
    let text = "a\u{1b}\u{7f}\u{9b}31m\u{61c}\u{202e}\u{2028}\u{200f}: wrong\n";
    let id = sources.add("a\u{9b}.yaml", text, SourceKind::File);
    let shown = human(&[Diagnostic::error("no").at(span(&sources, id, "wrong"), "")], &sources, Style::Plain);
    assert!(
        !shown.contains(|character| character != '\n' && crate::escape::is_unprintable(character)),
        "{shown:?}"
    );
    // The mark is below the word.
    let lines: Vec<Vec<char>> = shown.lines().map(|line| line.chars().collect()).collect();
    let word = lines.iter().find(|line| line.ends_with(&['w', 'r', 'o', 'n', 'g'])).unwrap();
    let marks = lines.iter().find(|line| line.ends_with(&['^'; 5])).unwrap();
    assert_eq!(word.len(), marks.len(), "{shown}");
}

#[test]
fn github_escapes_what_would_end_a_property_or_a_line() {
    let sources = Sources::new();
    let diagnostic = headless(&sources);
    assert_eq!(
        github(&[diagnostic, Diagnostic::new(Severity::Info, "a\r\nb")], &sources),
        "::error file=db/templates/a%3A b%2Cc.yaml,line=6,col=9,endLine=6,endColumn=26,\
         title=sts/service-not-headless::service `db` has a cluster IP, 100%25 \"not\" headless\
         %0Ain Service/db: spec.type%0Ahelp: set `clusterIP: None`\n\
         ::notice::a%0D%0Ab\n"
    );
}

#[test]
fn junit_escapes_and_only_the_threshold_fails() {
    let sources = Sources::new();
    let diagnostic = headless(&sources);
    let warning = Diagnostic::warning("a <b> & \u{1}c");
    let text = junit(&[diagnostic, warning.clone()], &sources, Severity::Error);
    assert_data_eq!(
        &text,
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="plimsoll lint" tests="2" failures="1" errors="0">
  <testsuite name="db/templates/a: b,c.yaml" tests="1" failures="1" errors="0" skipped="0">
    <testcase classname="sts/service-not-headless" name="sts/service-not-headless 6:9">
      <failure type="error" message="service `db` has a cluster IP, 100% &quot;not&quot; headless">db/templates/a: b,c.yaml:6:9&#10;in Service/db: spec.type&#10;help: set `clusterIP: None`&#10;</failure>
    </testcase>
  </testsuite>
  <testsuite name="plimsoll lint" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="plimsoll" name="plimsoll">
      <system-out>warning: a &lt;b&gt; &amp; /u{1}c&#10;</system-out>
    </testcase>
  </testsuite>
</testsuites>

"#]]
    );
    assert!(junit(&[warning], &sources, Severity::Warning).contains("failures=\"1\""));
    assert!(junit(&[], &sources, Severity::Error).contains("<testcase name=\"no findings\"/>"));
}

#[test]
fn sarif_points_at_templates_with_the_origin_beside() {
    let sources = Sources::new();
    let mut diagnostic = headless(&sources);
    diagnostic.labels.push(Label { span: Span::NONE, text: "nowhere".into() });
    let log: serde_json::Value =
        serde_json::from_str(&sarif(&[diagnostic, Diagnostic::warning("plain")], &sources)).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "sts/service-not-headless");
    let result = &run["results"][0];
    assert_eq!(result["ruleIndex"], 0);
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "db/templates/a%3A%20b%2Cc.yaml");
    assert_eq!(location["region"]["startLine"], 6);
    assert_eq!(location["region"]["startColumn"], 9);
    let related = &result["relatedLocations"];
    assert_eq!(related.as_array().unwrap().len(), 1);
    assert_eq!(related[0]["physicalLocation"]["region"]["startLine"], 2);
    assert!(run["results"][1].get("ruleId").is_none());
}

/// The schema is `sarif-2.1.0-rtm.5.json` of schemastore.org.
#[test]
fn sarif_satisfies_its_schema() {
    let mut schema: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/fixtures/sarif-2.1.0.json")).unwrap();
    // One pattern of the published schema (a language code, which is not written) has a stray `]`.
    for owner in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{owner}/properties/language"));
        language.unwrap().as_object_mut().unwrap().remove("pattern");
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let sources = Sources::new();
    let log: serde_json::Value = serde_json::from_str(&sarif(
        &[headless(&sources), Diagnostic::warning("plain"), Diagnostic::new(Severity::Info, "remark")],
        &sources,
    ))
    .unwrap();
    let errors: Vec<_> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    // The validator does refuse: a result needs its message.
    let mut broken = log;
    broken["runs"][0]["results"][0].as_object_mut().unwrap().remove("message");
    assert!(!validator.is_valid(&broken));
}

#[test]
fn concise_is_one_line_whatever_the_message() {
    let sources = Sources::new();
    let mut several = headless(&sources);
    several.message = "one\ntwo\u{1b}[2J".to_owned();
    several.sets = vec!["--with a.yaml".to_owned(), "--with b.yaml".to_owned()];
    let lines =
        concise(&[headless(&sources), several, Diagnostic::warning("no place")], &sources, Style::Plain);
    assert_data_eq!(
        lines,
        str![[r#"
db/templates/a: b,c.yaml:6:9: error[sts/service-not-headless]: service `db` has a cluster IP, 100% "not" headless
db/templates/a: b,c.yaml:6:9: error[sts/service-not-headless]: one two\u{1b}[2J (only with --with a.yaml, --with b.yaml)
warning: no place

"#]]
        .raw()
    );
    assert!(concise(&[headless(&sources)], &sources, Style::Coloured).contains("\u{1b}["));
}

#[test]
fn messages_are_wrapped_at_words() {
    let sources = Sources::new();
    let diagnostic = headless(&sources).help("x".repeat(60) + " and some more words that do not fit");
    let shown = human_wrapped(&[diagnostic], &sources, Style::Plain, 60);
    let too_long = |line: &&str| line.chars().count() > 60 && !line.contains(&"x".repeat(60));
    assert_eq!(shown.lines().find(too_long), None, "{shown}");
    assert_data_eq!(
        shown,
        str![[r#"
error[sts/service-not-headless]: service `db` has a cluster
                                 IP, 100% "not" headless
 --> db/templates/a: b,c.yaml:6:9
  |
6 |   type: {{ values.type }}
  |         ^^^^^^^^^^^^^^^^^ renders as `ClusterIP`
  |
 ::: db/values.yaml:2:7
  |
2 | type: ClusterIP
  |       --------- the value comes from here
  |
  = note: in Service/db: `spec.type`
  = note: included `_service.tera` at db/templates/a:
          b,c.yaml:5:1
  = help: set `clusterIP: None`
  = help: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
          and some more words that do not fit

"#]]
        .raw()
    );
}

#[test]
fn rules_are_counted_worst_and_most_frequent_first() {
    let sources = Sources::new();
    let found = [Diagnostic::warning("a"), Diagnostic::warning("b"), headless(&sources)];
    let counts: Vec<_> =
        count_rules(&found).into_iter().map(|one| (one.rule, one.severity, one.count)).collect();
    assert_eq!(counts, [("sts/service-not-headless", Severity::Error, 1), ("", Severity::Warning, 2)]);
}

/// What the schema of Jenkins' xUnit plugin allows (`junit-10.xsd`).
#[test]
fn junit_has_only_what_jenkins_allows() {
    let sources = Sources::new();
    let allowed: [(&str, &[&str], &[&str]); 5] = [
        ("testsuites", &["name", "tests", "failures", "errors"], &[]),
        (
            "testsuite",
            &["name", "tests", "failures", "errors", "skipped"],
            &["name", "tests", "failures", "errors"],
        ),
        ("testcase", &["name", "classname"], &["name"]),
        ("failure", &["type", "message"], &[]),
        ("system-out", &[], &[]),
    ];
    let element = regex::Regex::new(r#"<([a-z-]+)((?: [a-z]+="[^"]*")*)/?>"#).unwrap();
    let attribute = regex::Regex::new(r#" ([a-z]+)=""#).unwrap();
    let mut seen = 0;
    for threshold in [Severity::Error, Severity::Info] {
        let found = [headless(&sources), Diagnostic::warning("no place")];
        for xml in [junit(&found, &sources, threshold), junit(&[], &sources, threshold)] {
            for found in element.captures_iter(&xml) {
                let (_, names, required) = allowed.iter().find(|(name, ..)| *name == &found[1]).unwrap();
                let given: Vec<_> =
                    attribute.captures_iter(&found[2]).map(|name| name[1].to_owned()).collect();
                assert!(given.iter().all(|name| names.contains(&name.as_str())), "{}", &found[0]);
                assert!(required.iter().all(|name| given.iter().any(|other| other == name)), "{}", &found[0]);
                seen += 1;
            }
        }
    }
    assert!(seen > 10);
}
