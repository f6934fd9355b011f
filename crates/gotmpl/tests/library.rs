//! The crate as others use it.

use std::any::Any;
use std::rc::Rc;
use std::time::SystemTime;

use plimsoll_diag::{SourceKind, Sources, Span};
use plimsoll_gotmpl::{
    Args, Cluster, Entries, Error, Functions, Lookup, Object, Result, Seed, Set, Value, Vm, parse, parse_with,
};
use plimsoll_yaml::{ReadOptions, read};

fn vm(files: &[(&str, &str)], sources: &Sources, seed: Seed) -> Vm {
    let mut set = Set::default();
    for (name, text) in files {
        let source = sources.add(*name, *text, SourceKind::File);
        set.add(name, &parse((*text).into()).expect("a template"), Some(source));
    }
    Vm::new(set, seed, SystemTime::UNIX_EPOCH)
}

fn rendered(text: &str, dot: &Value) -> Result<String> {
    vm(&[("main", text)], &Sources::new(), Seed::Fixed(1)).render("main", dot).map(|rendered| rendered.text)
}

#[test]
fn values_come_from_yaml_and_go_back() {
    let sources = Sources::new();
    let source = sources.add("values.yaml", "a: {b: [1, 2.5, yes, ~]}\n", SourceKind::File);
    let document = read(&sources, source, &ReadOptions::strict()).output.unwrap().remove(0);
    let dot = Value::from_yaml(&document.root, |_| false);
    assert_eq!(dot.to_yaml().unwrap(), "a:\n  b:\n  - 1\n  - 2.5\n  - true\n  - null");
    assert_eq!(rendered("{{ index .a.b 0 }} {{ kindOf (index .a.b 0) }}", &dot).unwrap(), "1 float64");
    let exact = Value::from_yaml(&document.root, |_| true);
    assert_eq!(rendered("{{ kindOf (index .a.b 0) }}", &exact).unwrap(), "int64");
}

#[test]
fn functions_can_be_those_of_helm_docs() {
    let rendered = |text: &str, functions| {
        let mut set = Set::default();
        set.add("main", &parse_with(text.into(), functions).expect("a template"), None);
        let rendered = Vm::new(set, Seed::Fixed(1), SystemTime::UNIX_EPOCH).render("main", &Value::Nil);
        rendered.unwrap().text
    };
    let json = "{{ fromJson `[1]` | toJson }}{{ fromJson `{` | toJson }}";
    assert_eq!(rendered(json, Functions::HelmDocs), "[1]null");
    assert!(rendered(json, Functions::Helm).starts_with("{\"Error\":"));
    let yaml =
        "{{ with fromYaml `{a: {b: [yes, 1000000, 0x10]}}` }}{{ toYaml . }} {{ index .a.b 1 }}{{ end }}";
    assert_eq!(
        rendered(yaml, Functions::HelmDocs),
        "a:\n    b:\n        - \"yes\"\n        - 1000000\n        - 16 1000000"
    );
    assert_eq!(rendered(yaml, Functions::Helm), "a:\n  b:\n  - true\n  - 1000000\n  - 16 1e+06");
    let errors = "{{ fromYaml `a: [` | toYaml }}\n{{ fromYaml `x` | toYaml }}\n{{ fromYaml `` | toYaml }}";
    let expected = "Error: 'yaml: line 1: did not find expected node content'\nError: |-\n    yaml: unmarshal errors:\n      \
                    line 1: cannot unmarshal !!str `x` into map[string]interface {}\n{}";
    assert_eq!(rendered(errors, Functions::HelmDocs), expected);
}

#[test]
fn an_error_has_its_place_and_the_way_to_it() {
    let sources = Sources::new();
    let mut vm = vm(
        &[
            ("main", "a: 1\nb: {{ include \"name\" . }}\n"),
            ("_names", "{{ define \"name\" }}{{ .x.y }}{{ end }}"),
        ],
        &sources,
        Seed::Fixed(1),
    );
    let dot = Value::map(Entries::from_iter([("x".into(), Value::Nil)]));
    let error = vm.render("main", &dot).unwrap_err();
    let place = error.place().unwrap();
    assert_eq!(sources.get(place.source).unwrap().name, "_names");
    let position = sources.position(place).unwrap();
    assert_eq!((position.line, position.column), (1, 23));
    let diagnostic = error.into_diagnostic(Span::NONE);
    let [step] = &*diagnostic.trace else { panic!("{diagnostic:?}") };
    assert_eq!(step.text, "included `name`");
    assert_eq!(sources.position(step.span.unwrap()).unwrap().line, 2);
}

#[test]
fn a_text_that_is_no_template_says_where() {
    let sources = Sources::new();
    let text = "a: {{ uper .x }}\n";
    let source = sources.add("a.yaml", text, SourceKind::File);
    let diagnostic = parse(text.into()).unwrap_err().to_diagnostic(source);
    assert_eq!(diagnostic.help, ["did you mean `upper`?"]);
    assert_eq!(sources.position(diagnostic.labels[0].span).unwrap().column, 7);
}

#[test]
fn bytes_that_are_not_utf8_stay_what_they_are() {
    for (call, printed) in [
        (r#"trimSuffix "-" "\xff-""#, r#""\xff""#),
        (r#"trimPrefix "\xff" "\xffa""#, r#""a""#),
        (r#"hasPrefix "\xff" "\xfea""#, "false"),
        (r#"hasSuffix "\xff" "a\xff""#, "true"),
        (r#"indent 1 "\xff\n\xfe""#, r#"" \xff\n \xfe""#),
        (r#"nindent 0 "\xff" | toJson"#, r#""\"\\n\\ufffd\"""#),
        (r#"trim " \xff\xa0 ""#, r#""\xff\xa0""#),
        (r#"trimAll "\xfe" "\xffa\xff""#, r#""a""#),
        (r#"trimAll "a" "\xffa\xff""#, r#""\xffa\xff""#),
        (r#"upper "a\xf0\x9f""#, r#""A��""#),
        (r#"kebabcase "a\xffB""#, r#""a-�b""#),
        (r#"repeat 2 "\xff""#, r#""\xff\xff""#),
        (r#"contains "\xfe" "a\xff""#, "false"),
        (r#"plural "\xff" "b" 1"#, r#""\xff""#),
        (r#"splitn "\xff" 2 "a\xffb\xffc""#, r#"map[string]string{"_0":"a", "_1":"b\xffc"}"#),
        (r#"splitList "" "a\xffb""#, r#"[]string{"a", "\xff", "b"}"#),
        (r#"list "\xff" | quote"#, r#""\"[\\xff]\"""#),
        (r#"cat (squote "\xff") "a""#, r#""'\xff' a""#),
        (r#"printf "\xff%5s %.1s %+q" "\xfd" "\xfca" "\xfb""#, r#""\xff    \xfd \xfc \"\\xfb\"""#),
        (r#"print (dict "a" "\xff")"#, r#""map[a:\xff]""#),
        (r#"sortAlpha (list "\xff" "\xfe")"#, r#"[]string{"\xfe", "\xff"}"#),
        (r#"join "\xff" (list "a" "\xfe")"#, r#""a\xff\xfe""#),
        (r#"html "<\xff""#, r#""&lt;\xff""#),
        (r#"js "<\xff""#, r#""\\u003C\xff""#),
        (r#"urlquery "\xff""#, r#""%FF""#),
        (r#"regexMatch "\xff" "\xff""#, "false"),
        (r#"regexMatch "^.$" "\xff""#, "true"),
        (r#"regexFindAll "[^a]" "\xffa\xfe" -1"#, r#"[]string{"\xff", "\xfe"}"#),
        (r#"regexReplaceAll "(.)" "\xffa" "${1}\xfe$1""#, r#""\xff\xfe\xffa\xfea""#),
        (r#"regexReplaceAllLiteral "a" "\xffa" "\xfe$1""#, r#""\xff\xfe$1""#),
        (r#"regexSplit "a" "\xffa\xfe" -1"#, r#"[]string{"\xff", "\xfe"}"#),
        (r#"regexQuoteMeta "\xff.""#, r#""\xff\\.""#),
        (r#"include "raw" ."#, r#""\xff""#),
        (r#"tpl "\xff" ."#, r#""\xff""#),
        (r#"get (dict "a" 1) "\xff""#, r#""""#),
        (r#"dig "\xff" 2 (dict "a" 1)"#, "2"),
        (r#"base "a/\xff""#, r#""\xff""#),
        (r#"(urlParse "http://a/%ff").path"#, r#""/\xff""#),
        (r#"urlJoin (dict "host" "\xff" "path" "é")"#, r#""//%FF/%C3%A9""#),
        (r#"fromToml "a = '\xff'" | keys"#, r#"[]string{"Error"}"#),
        (r#"toToml (dict "a" "\xff")"#, r#""a = \"\xff\"\n""#),
        (r#"toYaml "\xf0\x9f""#, r#""��""#),
        (r#"date "\xff" (int64 0)"#, r#""\xff""#),
        (r#"htpasswd "a:\xff" "b""#, r#""invalid username: a:\xff""#),
        (r#"derivePassword 1 "long" "\xff" "u" "s""#, r#""MosoLolk7@Qala""#),
    ] {
        let raw = r#"{{ define "raw" }}{{ "\xff" }}{{ end }}"#;
        let template = format!("{raw}{{{{ {call} | printf \"%#v\" }}}}");
        assert_eq!(rendered(&template, &Value::Nil).unwrap(), printed, "{call}");
    }
}

#[test]
fn a_function_that_cannot_use_bytes_says_so() {
    for call in [r#"dict "\xff" 1"#, r#"set (dict) "\xff" 1"#, r#"tpl "\xff{{ . }}" 1"#] {
        let error = rendered(&format!("{{{{ {call} }}}}"), &Value::Nil).unwrap_err().to_string();
        assert!(error.contains("text that is not UTF-8 is not supported here"), "{call}: {error}");
    }
}

#[test]
fn references_in_replacements_are_those_of_go() {
    for (pattern, replacement, replaced) in [
        ("(?P<n>a)", "${n}x$n1$nx", "bax"),
        ("(a)", "$1é$é$01${01}", "b"),
        ("(a)", "$|${|${1|${ 1}|${}", "b$|${|${1|${ 1}|${}"),
        ("(a)", "$$1$$$1", "b$1$a"),
        ("(a)", "<$10$2>", "b<>"),
        ("(?P<n>a)|(?P<m>b)", "<$n,$m>", "<,b><a,>"),
    ] {
        let template = format!("{{{{ regexReplaceAll `{pattern}` \"ba\" `{replacement}` }}}}");
        assert_eq!(rendered(&template, &Value::Nil).unwrap(), replaced, "{replacement}");
    }
}

#[test]
fn constants_have_no_type_until_they_are_used() {
    for (call, printed) in [
        ("trunc 3.0 `abcdef`", "abc"),
        ("until 1e0", "[0]"),
        ("round 2.5 0.0 1", "2"),
        ("round 2.5 0 'a'", "2"),
        ("seq 1 3.0", "1 2 3"),
    ] {
        assert_eq!(rendered(&format!("{{{{ {call} }}}}"), &Value::Nil).unwrap(), printed, "{call}");
    }
    for call in
        ["trunc 3.5 `a`", "trunc (3.0) `a`", "round 2.5 0 (3)", "round 2.5 0 (int 3)", "3 | round 2.5 0"]
    {
        assert!(rendered(&format!("{{{{ {call} }}}}"), &Value::Nil).is_err(), "{call}");
    }
}

#[test]
fn structs_print_as_in_go() {
    let version = r#"(semver "1.2.3-a+b")"#;
    let time = r#"(toDate "2006-01-02 -0700" "2021-03-04 +0200")"#;
    for (call, printed) in [
        (
            format!(r#"printf "%#v" {version}"#),
            r#"&semver.Version{major:0x1, minor:0x2, patch:0x3, pre:"a", metadata:"b", original:"1.2.3-a+b"}"#,
        ),
        (format!(r#"printf "%v %+v %s" {version} {version} {version}"#), "1.2.3-a+b 1.2.3-a+b 1.2.3-a+b"),
        (format!(r#"printf "%d" {version}"#), "&{1 2 3 %!d(string=a) %!d(string=b) %!d(string=1.2.3-a+b)}"),
        (format!(r#"printf "%#v" (list {version})"#), "[]interface {}{(*semver.Version)(0xc000000000)}"),
        (
            format!(r#"printf "%#v" {time}"#),
            r#"time.Date(2021, time.March, 4, 0, 0, 0, 0, time.Location(""))"#,
        ),
        (
            r#"printf "%#v" (list (toDate "2006" "x"))"#.to_owned(),
            "[]interface {}{time.Date(1, time.January, 1, 0, 0, 0, 0, time.UTC)}",
        ),
        (format!(r#"printf "%d %#v %s" {time}.Month {time}.Month {time}.Month"#), "3 3 March"),
    ] {
        assert_eq!(rendered(&format!("{{{{ {call} }}}}"), &Value::Nil).unwrap(), printed, "{call}");
    }
}

#[test]
fn times_keep_the_offset_that_they_were_read_with() {
    for (layout, text, printed) in [
        ("2006-01-02T15:04:05Z07:00", "2021-03-04T05:06:07+02:00", "2021-03-04 05:06:07 +0200 +0200"),
        ("2006-01-02T15:04:05Z07:00", "2021-03-04T05:06:07+00:00", "2021-03-04 05:06:07 +0000 UTC"),
        ("2006-01-02T15:04:05 MST", "2021-03-04T05:06:07 PST", "2021-03-04 05:06:07 +0000 PST"),
        ("2006-01-02T15:04:05 MST", "2021-03-04T05:06:07 GMT+3", "2021-03-04 08:06:07 +0300 GMT+3"),
        ("2006-01-02T15:04:05 -0700 MST", "2021-03-04T05:06:07 +0200 CEST", "2021-03-04 05:06:07 +0200 CEST"),
    ] {
        let template = format!("{{{{ toDate `{layout}` `{text}` }}}}");
        assert_eq!(rendered(&template, &Value::Nil).unwrap(), printed, "{text}");
    }
    let time = "(toDate `2006-01-02T15:04:05Z07:00` `2021-03-04T05:06:07+02:00`)";
    for (call, printed) in [
        (format!("date `15:04` {time}"), "03:06"),
        (format!("{time}.Hour"), "5"),
        (format!("{time}.UTC.Hour"), "3"),
        (format!("{time}.Format `15:04 MST`"), "05:06 +0200"),
        (format!("dateModify `1h` {time} | toJson"), "\"2021-03-04T06:06:07+02:00\""),
        (format!("toToml (dict `a` {time})"), "a = 2021-03-04T05:06:07+02:00\n"),
        (format!("({time}.AddDate 0 0 1).Day"), "5"),
        (format!("{time}.Equal {time}.UTC"), "true"),
        (format!("deepEqual {time} {time}.UTC"), "false"),
        ("(fromToml `d = 1979-05-27`).d.Year".to_owned(), "1979"),
    ] {
        assert_eq!(rendered(&format!("{{{{ {call} }}}}"), &Value::Nil).unwrap(), printed, "{call}");
    }
}

#[test]
fn a_null_of_json_is_a_nil_list_and_one_of_yaml_an_empty_one() {
    let template = "{{ fromJsonArray `null` | toJson }} {{ fromYamlArray `null` | toJson }}";
    assert_eq!(rendered(template, &Value::Nil).unwrap(), "null []");
}

/// A value of the surroundings, as a host would make it.
struct Disk;

impl Object for Disk {
    fn type_name(&self) -> &'static str {
        "host.Disk"
    }

    fn member(&self, name: &str, args: Args<'_>) -> Option<Result<Value>> {
        match name {
            "Size" => Some(args.takes(name, 0).map(|()| Value::Int(8))),
            "Mount" => Some(args.takes(name, 1).and_then(|()| match args.str(0)? {
                "/" => Err(Error::new("the root is taken")),
                path => Ok(format!("at {path}").into()),
            })),
            _ => None,
        }
    }

    fn display(&self) -> String {
        "disk".to_owned()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn hosts_bring_values_with_methods() {
    let dot = Value::Object(Rc::new(Disk));
    assert_eq!(
        rendered("{{ . }} {{ .Size }} {{ .Mount \"/data\" | quote }}", &dot).unwrap(),
        "disk 8 \"at /data\""
    );
    let error = |text| rendered(text, &dot).unwrap_err().to_string();
    assert_eq!(error("{{ .Mount \"/\" }}"), "the root is taken");
    assert_eq!(error("{{ .Mount }}"), "wrong number of args for Mount: want 1 got 0");
    assert_eq!(error("{{ .Format }}"), "can't evaluate field Format in type host.Disk");
}

#[test]
fn a_seed_repeats_what_is_random() {
    let render = |seed| {
        let mut vm = vm(&[("main", "{{ randAlpha 20 }}")], &Sources::new(), seed);
        (vm.render("main", &Value::Nil).unwrap().text, vm.is_nondeterministic())
    };
    assert_eq!(render(Seed::Fixed(1)), render(Seed::Fixed(1)));
    assert_ne!(render(Seed::Fixed(1)).0, render(Seed::Fixed(2)).0);
    assert!(!render(Seed::Fixed(1)).1);
    assert!(render(Seed::Random([7; 32])).1);
}

/// A cluster that knows one name.
struct One;

impl Cluster for One {
    fn answer(&self, lookup: &Lookup) -> Value {
        let found = (lookup.name == "db").then(|| ("kind".into(), Value::str(&lookup.kind)));
        Value::map(found.into_iter().collect())
    }
}

#[test]
fn lookup_asks_the_cluster_if_there_is_one() {
    let text = "{{ (lookup \"v1\" \"Secret\" \"prod\" \"db\").kind }}/{{ lookup \"v1\" \"Secret\" \"prod\" \"no\" }}";
    let new = || vm(&[("main", text)], &Sources::new(), Seed::Fixed(1));
    assert_eq!(new().render("main", &Value::Nil).unwrap().text, "/map[]");
    let mut asking = new().with_cluster(Box::new(One));
    assert_eq!(asking.render("main", &Value::Nil).unwrap().text, "Secret/map[]");
    let names: Vec<&str> = asking.lookups().iter().map(|lookup| lookup.name.as_str()).collect();
    assert_eq!(names, ["db", "no"]);
    assert!(!asking.uses_random_values());
}
