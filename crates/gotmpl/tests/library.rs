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
fn functions_can_be_those_of_sprig() {
    let text = "{{ fromJson `[1]` | toJson }}{{ fromJson `{` | toJson }}";
    let rendered = |functions| {
        let mut set = Set::default();
        set.add("main", &parse_with(text.into(), functions).expect("a template"), None);
        let rendered = Vm::new(set, Seed::Fixed(1), SystemTime::UNIX_EPOCH).render("main", &Value::Nil);
        rendered.unwrap().text
    };
    assert_eq!(rendered(Functions::Sprig), "[1]null");
    assert!(rendered(Functions::Helm).starts_with("{\"Error\":"));
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
    ] {
        let template = format!("{{{{ {call} | printf \"%#v\" }}}}");
        assert_eq!(rendered(&template, &Value::Nil).unwrap(), printed, "{call}");
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
