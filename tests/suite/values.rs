//! Values, judged by helm itself where there is one (`PLIMSOLL_HELM`), and by recorded answers everywhere.

use plimsoll::chart::{self, Chart};
use plimsoll::diag::{Diagnostic, Report, Severity, Sources};
use plimsoll::values::{self, Computed, Options, Overrides, Scope, ValuesFile};
use plimsoll::world::World;
use plimsoll::yaml::{Node, Value};
use rayon::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Files of a chart: path and text.
type Files = Vec<(String, String)>;

fn files(list: &[(&str, &str)]) -> Files {
    list.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

/// What a user gives: `("--set", "a=1")`, `("-f", "a: 1")` with the text of the file.
type Flags<'a> = &'a [(&'a str, &'a str)];

fn load(sources: &Sources, files: &Files) -> Arc<Chart> {
    let files = files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
    let report = chart::from_files(sources, "mem", files);
    Arc::new(report.output.unwrap_or_else(|| panic!("{:#?}", report.diagnostics)))
}

fn overrides(sources: &Sources, flags: Flags<'_>) -> Overrides {
    let mut overrides = Overrides::default();
    for (index, (flag, text)) in flags.iter().enumerate() {
        let text = (*text).to_owned();
        match *flag {
            "-f" => {
                let source = sources.add(format!("f{index}.yaml"), text, plimsoll::diag::SourceKind::File);
                overrides.files.push(ValuesFile::Source(source));
            }
            "--set" => overrides.set.push(text),
            "--set-string" => overrides.set_string.push(text),
            "--set-json" => overrides.set_json.push(text),
            "--set-file" => overrides.set_file.push(text),
            "--set-literal" => overrides.set_literal.push(text),
            other => panic!("{other}"),
        }
    }
    overrides
}

fn compute(files: &Files, flags: Flags<'_>) -> (Sources, Report<Computed>) {
    compute_with(files, flags, Options::default())
}

fn compute_with(files: &Files, flags: Flags<'_>, options: Options) -> (Sources, Report<Computed>) {
    let sources = Sources::new();
    let chart = load(&sources, files);
    let overrides = overrides(&sources, flags);
    let report = values::compute(&World::system(), &sources, &chart, &overrides, &options);
    (sources, report)
}

fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => json!(number),
        Value::Uint(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::String(text) => json!(text),
        Value::Seq(items) => items.iter().map(json).collect(),
        Value::Map(map) => {
            Json::Object(map.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect())
        }
    }
}

/// The values of every enabled chart, by its path; `None` if there is an error.
fn ours(files: &Files, flags: Flags<'_>) -> Result<BTreeMap<String, Json>, Vec<Diagnostic>> {
    fn collect(scope: &Scope, into: &mut BTreeMap<String, Json>) {
        // The templates of a library are not rendered, so helm does not show what they would see.
        if !scope.chart.is_library() {
            into.insert(scope.path.clone(), json(&scope.values));
        }
        scope.children.iter().for_each(|child| collect(child, into));
    }
    let (_, report) = compute(files, flags);
    let mut all = BTreeMap::new();
    match report.output {
        Some(computed) if !plimsoll::diag::has_errors(&report.diagnostics) => {
            collect(&computed.root, &mut all);
        }
        _ => return Err(report.diagnostics),
    }
    Ok(all)
}

/// The values of the root chart.
fn root(files: &Files, flags: Flags<'_>) -> Json {
    let (_, report) = compute(files, flags);
    json(&report.output.unwrap_or_else(|| panic!("{flags:?}: {:#?}", report.diagnostics)).root.values)
}

/// Warnings and errors, each with what it points at: `--set:3`, `f0.yaml:2:1`.
fn said(files: &Files, flags: Flags<'_>, options: Options) -> Vec<String> {
    let (sources, report) = compute_with(files, flags, options);
    let describe = |diagnostic: &Diagnostic| {
        let place = diagnostic.span().and_then(|span| {
            let at = sources.position(span)?;
            Some(format!("{}:{}:{}", sources.get(span.source)?.name, at.line, at.column))
        });
        format!("{} {}: {}", diagnostic.severity, place.unwrap_or_default(), diagnostic.message)
    };
    report.diagnostics.iter().map(describe).collect()
}

const TEMPLATE: &str = "v: {{ .Values | toJson | quote }}\n";

fn chart_yaml(name: &str, rest: &str) -> String {
    format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n{rest}")
}

/// A chart without sub-charts.
fn plain(values: &str) -> Files {
    vec![
        ("Chart.yaml".to_owned(), chart_yaml("plain", "")),
        ("values.yaml".to_owned(), values.to_owned()),
        ("templates/v.yaml".to_owned(), TEMPLATE.to_owned()),
    ]
}

const DEFAULTS: &str = "\
a: {b: {c: 1, d: 2}, e: 1}
s: text
l: [{b: 1, c: 2}, {b: 3, c: 4}]
nul: null
m: {x: null, w: 1}
";

/// Sub-charts with conditions, tags, aliases, globals, imports; one that nobody declares.
fn family() -> Files {
    let mut all = files(&[
        (
            "values.yaml",
            "global: {g1: root, m: {a: root, b: root}}\none: {x: parent, block: {p: 1}}\ndc: {q: 7}\nimported: {own: 1}\n",
        ),
        (
            "charts/one/values.yaml",
            "x: own\nq: own\nz: {deep: {a: 1}}\nglobal: {g1: sub, g2: sub, m: {a: sub, c: sub}}\n",
        ),
        ("charts/one/charts/deep/values.yaml", "d: 1\nnul: null\nglobal: {g3: deep}\n"),
        ("charts/two/values.yaml", "t: {u: 1, v: 2}\nexports: {data: {fromTwo: 5, s: x}}\n"),
        ("charts/wild/values.yaml", "w: 1\n"),
    ]);
    let root = "dependencies:\n\
        - {name: one, version: 1.x, repository: '', condition: 'one.enabled,oneEnabled', tags: [back]}\n\
        - {name: two, version: ^1, repository: '', alias: deux, import-values: [data, {child: t, parent: imported.t}]}\n\
        - {name: two, version: ^1, repository: '', alias: zwei, condition: zwei.enabled, tags: [front, back]}\n";
    let one =
        "dependencies:\n- {name: deep, version: '*', repository: '', condition: deep.on, tags: [deepTag]}\n";
    for (directory, name, rest) in [
        ("", "family", root),
        ("charts/one/", "one", one),
        ("charts/one/charts/deep/", "deep", ""),
        ("charts/two/", "two", ""),
        ("charts/wild/", "wild", ""),
    ] {
        all.push((format!("{directory}Chart.yaml"), chart_yaml(name, rest)));
        all.push((format!("{directory}templates/v.yaml"), TEMPLATE.to_owned()));
    }
    all
}

/// One of the dependencies asks for a version that is not there.
fn outdated() -> Files {
    let mut all = family();
    for (path, text) in &mut all {
        if path == "Chart.yaml" {
            *text =
                text.replace("version: 1.x,", "version: ^2,").replace("name: one,", "alias: uno, name: one,");
        }
    }
    all
}

/// A parent that declares no dependencies; its children do.
fn undeclared() -> Files {
    let mut all = family();
    for (path, text) in &mut all {
        if path == "Chart.yaml" {
            *text = chart_yaml("family", "");
        }
    }
    all
}

/// A name, a chart, and what the user gives.
type Case = (&'static str, Files, Vec<(&'static str, &'static str)>);

/// Every case that helm is asked about.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let defaults: &[&[(&str, &str)]] = &[
        &[],
        &[("--set", "a=null")],
        &[("-f", "a:\n")],
        &[("--set", "a.b=null")],
        &[("--set", "a.b.c=null,a.b.d=null")],
        &[("--set", "a.zz=null")],
        &[("--set", "newtop=null")],
        &[("--set", "newtop.x=null")],
        &[("-f", "a: {}")],
        &[("-f", "a: []")],
        &[("-f", "a: null"), ("-f", "a: {b: {c: 5}}")],
        &[("-f", "a: null"), ("--set", "a.b.c=3")],
        &[("-f", "a: {c: 2}"), ("--set-json", "a={\"b\":1}")],
        &[("-f", "a: {c: 2}"), ("--set-json", "{\"a\":{\"b\":1}}")],
        &[("--set", "s.t=1")],
        &[("--set", "a=scalar")],
        &[("--set", "a.b=scalar")],
        &[("--set", "a.e.f=1")],
        &[("--set", "l[0].b=9")],
        &[("-f", "l: [{b: 1, c: 2}]"), ("--set", "l[0].b=9")],
        &[("--set", "nul=null")],
        &[("--set", "nul.x=1")],
        &[("--set", "m.x=null")],
        &[("--set", "m.x=1")],
        &[("--set", "m.w=null")],
        &[("-f", "m: {x: {q: null}}")],
        &[("--set", "a=set"), ("--set-json", "a=\"json\"")],
        &[("--set-literal", "a=lit"), ("--set", "a=set"), ("--set-string", "a=str")],
        &[("-f", "a: 1"), ("-f", "a: 2")],
        &[("-f", "a: 1\n---\nb: 2\n---\na: {c: 3}\n")],
        &[("-f", "---\na: 1\n...\nb: 2")],
        &[("-f", "[]")],
        &[("-f", "just text")],
        &[("-f", "")],
        &[("-f", "# nothing")],
        &[("-f", "null")],
        &[("--set", "global.x=1")],
        &[("--set", "global=1")],
    ];
    cases.extend(defaults.iter().map(|flags| ("plain", plain(DEFAULTS), flags.to_vec())));
    for arg in [
        "a=1",
        "a=+1",
        "a=-0",
        "a=01",
        "a=00",
        "a=1.5",
        "a=9223372036854775807",
        "a=9223372036854775808",
        "a=-9223372036854775808",
        "a=TRUE,b=Null,c=yes",
        "a=",
        "a=,b=1",
        "a=x=y",
        r"a=x\,y",
        r"a\.b=1",
        r"a=x\",
        r#"a={"x,y",z}"#,
        " a=b",
        "a={}",
        "a={x,}",
        "a={,}",
        "a={x, y}",
        "a={x,y},b=1",
        "a={x,y}b=1",
        "a[1]=x",
        "a[0][1]=x",
        "a[0].b=1,a[0].c=2",
        "a={x},a[1]=y",
        "a[0]",
        "a[0].",
        "a.b.",
        "a[0].b",
        "a={x",
        "a={x,y}z",
        "a={{x},y}",
        "a=[1,2]",
        "a[-1]=x",
        "a[x]=1",
        "a[]=1",
        "a[0]x=1",
        "a[70000]=1",
        "a[+1]=x",
        "a",
        "a.=1",
        "a..b=1",
        "a=1,,b=2",
        "a=1,",
        "=x",
        ".a=1",
        "a[0=1",
        "a.b=1,a=2",
        "a[0]=1,a=2",
        "a=2,a.b=1",
        "a=1,a[0]=2",
        "a[0]=1,a[0].b=2",
        "a[0]=1,a[0][0]=2",
        "a[0].b=1,a[0]=2",
        "a[2].b=1,a[0].c=2",
        ",",
        "",
        "é=ü,日=本",
    ] {
        cases.push(("empty", plain(""), vec![("--set", arg)]));
        cases.push(("empty", plain(""), vec![("--set-string", arg)]));
        cases.push(("empty", plain(""), vec![("--set-literal", arg)]));
    }
    for arg in [
        r#"a={"b":[1,"x",null,2.5,1e3]}"#,
        "a=1, b=2",
        "a=1 b=2",
        "a=",
        "a= ,b=1",
        "a=x",
        "[1]",
        "[1,2]",
        "{}",
        r#"{"a":1} "#,
        r#"{"a":1},b=2"#,
        r#"{"a":{"b":null}}"#,
        r#"a[0]={"b":1},a[1]=[2]"#,
        r#"a.b="x",a.c=true"#,
        r#"a="é\n""#,
        "",
        r#"{"a":1,"a":2}"#,
    ] {
        cases.push(("plain", plain(DEFAULTS), vec![("--set-json", arg)]));
    }
    let tree: &[&[(&str, &str)]] = &[
        &[],
        &[("--set", "one.enabled=false")],
        &[("--set", "one.enabled=no")],
        &[("--set", "oneEnabled=false")],
        &[("--set", "one.enabled=true,oneEnabled=false")],
        &[("--set", "tags.back=false")],
        &[("--set", "tags.back=false,one.enabled=true")],
        &[("--set", "tags.back=true,one.enabled=false")],
        &[("--set", "tags.back=false,tags.front=true")],
        &[("--set", "tags.back=no")],
        &[("--set", "one.deep.on=false")],
        &[("--set", "tags.deepTag=false")],
        &[("--set", "zwei.enabled=false,deux.t.u=9")],
        &[("--set", "one=null")],
        &[("--set", "one=scalar")],
        &[("--set", "wild=null")],
        &[("--set", "wild.w=null")],
        &[("--set", "one.x=null")],
        &[("--set", "one.q=null")],
        &[("--set", "one.z.deep=null")],
        &[("--set", "one.block=null")],
        &[("--set", "one.deep.d=null")],
        &[("--set", "one.deep.nul=null")],
        &[("--set", "one.deep=null")],
        &[("--set", "global.g1=null")],
        &[("--set", "global.m=null")],
        &[("--set", "global.m.a=null")],
        &[("--set", "global.new=1,global.m.d=user")],
        &[("--set", "global=scalar")],
        &[("--set", "global.g1.x=1")],
        &[("--set", "global.m=scalar")],
        &[("--set", "one.global.g1=mine,one.global.own=1")],
        &[("--set", "one.global=scalar")],
        &[("--set", "one.deep.global.g3=mine")],
        &[("--set", "global.g3=root")],
        &[("--set", "deux.t.u=55,deux.exports.data.fromTwo=66")],
        &[("--set", "imported.t.u=1,fromTwo=null")],
        &[("--set", "imported=null")],
        &[("-f", "one: {x: null, z: {deep: {a: null, b: 2}}}\ndeux: {t: null}\n")],
        &[("-f", "one:\n  enabled: true\n  deep: {d: [1]}\ntwo: {t: 1}\n")],
    ];
    cases.extend(tree.iter().map(|flags| ("family", family(), flags.to_vec())));
    cases.extend(tree.iter().take(15).map(|flags| ("outdated", outdated(), flags.to_vec())));
    cases.extend(tree.iter().map(|flags| ("undeclared", undeclared(), flags.to_vec())));
    cases
}

/// Where the binary of a judge is; `None` when the variable is unset.
#[expect(clippy::disallowed_methods, reason = "tests find their judges through the environment")]
pub(crate) fn helm() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("PLIMSOLL_HELM")?);
    assert!(path.is_file(), "PLIMSOLL_HELM names `{}`, which is not a file", path.display());
    Some(path)
}

/// What `helm template` makes of it: the values of every chart by path, or its message.
fn theirs(helm: &Path, files: &Files, flags: Flags<'_>) -> Result<BTreeMap<String, Json>, String> {
    let dir = tempfile::tempdir().unwrap();
    let chart = dir.path().join("chart");
    for (path, text) in files {
        let path = chart.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut command = Command::new(helm);
    command.arg("template").arg(&chart);
    for (index, (flag, text)) in flags.iter().enumerate() {
        if *flag == "-f" {
            let path = dir.path().join(format!("f{index}.yaml"));
            fs::write(&path, text).unwrap();
            command.arg("-f").arg(path);
        } else {
            command.arg(format!("{flag}={text}"));
        }
    }
    let output = command.output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let documents = text.split("---\n").filter(|document| !document.trim().is_empty());
    Ok(documents
        .map(|document| {
            let (source, value) = document.split_once('\n').unwrap();
            let path = source.strip_prefix("# Source: ").unwrap().strip_suffix("/templates/v.yaml").unwrap();
            let quoted: String = serde_yaml::from_str(value.strip_prefix("v: ").unwrap()).unwrap();
            (path.to_owned(), serde_json::from_str(&quoted).unwrap())
        })
        .collect())
}

/// Numbers as floats: helm reads those of files that way.
fn floats(value: &Json) -> Json {
    match value {
        Json::Number(number) => json!(number.as_f64()),
        Json::Array(items) => items.iter().map(floats).collect(),
        Json::Object(map) => {
            Json::Object(map.iter().map(|(key, value)| (key.clone(), floats(value))).collect())
        }
        other => other.clone(),
    }
}

fn floats_of(all: &BTreeMap<String, Json>) -> BTreeMap<String, Json> {
    all.iter().map(|(path, value)| (path.clone(), floats(value))).collect()
}

#[test]
fn values_are_those_that_helm_computes() {
    let Some(helm) = helm() else { return };
    let mut wrong = Vec::new();
    let (mut agreed, mut refused) = (0, 0);
    let cases = cases();
    let answers: Vec<_> =
        cases.par_iter().map(|(_, files, flags)| (ours(files, flags), theirs(&helm, files, flags))).collect();
    for ((name, _, flags), answers) in cases.iter().zip(answers) {
        match answers {
            (Ok(ours), Ok(theirs)) if floats_of(&ours) == floats_of(&theirs) => agreed += 1,
            (Err(_), Err(_)) => refused += 1,
            (ours, theirs) => wrong.push(format!("{name} {flags:?}\n  ours   {ours:?}\n  theirs {theirs:?}")),
        }
    }
    assert!(agreed > 200 && refused > 50, "{agreed} agree, {refused} are refused by both");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The rows of Helm's merge table, as observed with helm 4.1.4: what becomes of `a` (absent: null here).
#[test]
fn layers_merge_and_nulls_delete() {
    let rows: &[(Flags<'_>, Json)] = &[
        (&[("--set", "a=null")], Json::Null),
        (&[("-f", "a:\n")], Json::Null),
        (&[("--set", "a.b=null")], json!({"e": 1})),
        (&[("--set", "a.b.c=null,a.b.d=null")], json!({"b": {}, "e": 1})),
        (&[("--set", "a.zz=null")], json!({"b": {"c": 1, "d": 2}, "e": 1, "zz": null})),
        (&[("-f", "a: {}")], json!({"b": {"c": 1, "d": 2}, "e": 1})),
        (&[("-f", "a: []")], json!([])),
        (&[("-f", "a: null"), ("-f", "a: {b: {c: 5}}")], json!({"b": {"c": 5, "d": 2}, "e": 1})),
        (
            &[("-f", "a: {c: 2}"), ("--set-json", r#"a={"b":{"x":1}}"#)],
            json!({"b": {"c": 1, "d": 2, "x": 1}, "e": 1}),
        ),
        (&[("-f", "a: {c: 2}"), ("--set-json", r#"{"a":{"b":null}}"#)], json!({"c": 2, "e": 1})),
        (&[("--set", "a=scalar")], json!("scalar")),
        (&[("--set", "a=set"), ("--set-json", "a=\"json\"")], json!("set")),
        (&[("--set-literal", "a=lit"), ("--set", "a=set")], json!("lit")),
        (&[("-f", "a: 1\n---\na: 2\n"), ("-f", "b: 1")], json!(2)),
    ];
    for (flags, expected) in rows {
        let values = root(&plain(DEFAULTS), flags);
        assert_eq!(values.get("a").unwrap_or(&Json::Null), expected, "{flags:?}");
    }
    assert!(root(&plain(DEFAULTS), &[("--set", "a=null")]).get("a").is_none());
    assert_eq!(root(&plain(DEFAULTS), &[("--set", "newtop=null")])["newtop"], Json::Null);
    assert!(root(&plain(DEFAULTS), &[("--set", "newtop=null")]).get("newtop").is_some());
    assert!(root(&plain(DEFAULTS), &[]).get("nul").is_some(), "nulls in values.yaml are kept");
    assert_eq!(root(&plain(DEFAULTS), &[("--set", "s.t=1")])["s"], json!({"t": 1}));
    assert_eq!(root(&plain(DEFAULTS), &[("--set", "l[0].b=9")])["l"], json!([{"b": 9}]));
    let kept = root(&plain(DEFAULTS), &[("-f", "l: [{b: 1, c: 2}]"), ("--set", "l[0].b=9")]);
    assert_eq!(kept["l"], json!([{"b": 9, "c": 2}]));
    assert!(ours(&plain(DEFAULTS), &[("-f", "a: null"), ("--set", "a.b.c=3")]).is_err());
    for bad in ["[]", "text", "a: [", "\ta: 1"] {
        assert!(ours(&plain(DEFAULTS), &[("-f", bad)]).is_err(), "{bad}");
    }
}

#[test]
fn conditions_and_tags_switch_sub_charts() {
    let names = |flags: Flags<'_>| -> Vec<String> {
        ours(&family(), flags).unwrap().into_keys().map(|path| path.replace("family/charts/", "")).collect()
    };
    let all = ["family", "deux", "one", "one/charts/deep", "wild", "zwei"];
    assert_eq!(names(&[]), all);
    assert_eq!(names(&[("--set", "one.enabled=false")]), ["family", "deux", "wild", "zwei"]);
    assert_eq!(names(&[("--set", "oneEnabled=false")]), ["family", "deux", "wild", "zwei"]);
    assert_eq!(names(&[("--set", "one.enabled=no")]), all);
    assert_eq!(names(&[("--set", "tags.back=false")]), ["family", "deux", "wild"]);
    assert_eq!(
        names(&[("--set", "tags.back=false,one.enabled=true")]),
        ["family", "deux", "one", "one/charts/deep", "wild"]
    );
    assert_eq!(names(&[("--set", "tags.back=true,one.enabled=false")]), ["family", "deux", "wild", "zwei"]);
    assert_eq!(names(&[("--set", "one.deep.on=false")]), ["family", "deux", "one", "wild", "zwei"]);
}

#[test]
fn imports_do_not_see_the_user() {
    let values = root(&family(), &[("--set", "deux.t.u=55,deux.exports.data.fromTwo=66")]);
    assert_eq!(values["fromTwo"], json!(5));
    assert_eq!(values["imported"], json!({"own": 1, "t": {"u": 1, "v": 2}}));
    assert_eq!(values["deux"]["t"]["u"], json!(55));
}

#[test]
fn globals_are_handed_down() {
    let all = ours(&family(), &[("--set", "global.new=1")]).unwrap();
    let deep = &all["family/charts/one/charts/deep"]["global"];
    assert_eq!(
        *deep,
        json!({"g1": "root", "g2": "sub", "g3": "deep", "m": {"a": "root", "b": "root", "c": "sub"}, "new": 1})
    );
    assert_eq!(
        all["family/charts/wild"],
        json!({"w": 1, "global": {"g1": "root", "m": {"a": "root", "b": "root"}, "new": 1}})
    );
    assert!(root(&plain("a: 1"), &[]).get("global").is_none());
}

#[test]
fn every_leaf_knows_its_origin() {
    let (sources, report) =
        compute(&family(), &[("-f", "one:\n  q: 2\n"), ("--set", "deux.t.u=5,deux.t.w=6")]);
    let root = report.output.unwrap().root;
    let origin = |path: &[&str]| {
        let span = root.values.at(path).unwrap().span;
        let at = sources.position(span).unwrap();
        format!("{}:{}:{}", sources.get(span.source).unwrap().name, at.line, at.column)
    };
    assert_eq!(origin(&["one", "x"]), "mem/values.yaml:2:10");
    assert_eq!(origin(&["one", "q"]), "f0.yaml:2:6");
    assert_eq!(origin(&["one", "z", "deep", "a"]), "mem/charts/one/values.yaml:3:15");
    assert_eq!(origin(&["deux", "t", "w"]), "--set:1:21");
    assert_eq!(origin(&["imported", "t", "v"]), "mem/charts/two/values.yaml:1:14");
    assert_eq!(origin(&["wild", "global", "g1"]), "mem/values.yaml:1:14");
}

#[test]
fn type_changes_warn_and_misuse_fails() {
    let all = Options::default();
    let one = |flags: Flags<'_>| said(&family(), flags, all);
    assert_eq!(
        one(&[("--set", "one=scalar")]),
        ["error --set:1:5: `one` is a string, but a sub-chart of that name takes its values from there"]
    );
    assert!(one(&[("--set", "global=scalar")])[0].starts_with("warning --set:1:8: `global` is a string"));
    assert!(
        one(&[("--set", "one.enabled=no")])[0].starts_with("warning --set:1:13: `one.enabled` is a string")
    );
    let warnings = said(&plain(DEFAULTS), &[("--set", "s.t=1,a.b=x")], all);
    assert_eq!(
        warnings,
        [
            "warning --set:1:11: `a.b` is a map in the defaults, and a string here",
            "warning --set:1:1: `s` is a string in the defaults, and a map here"
        ]
    );
    assert_eq!(
        said(&outdated(), &[], all),
        ["warning mem/Chart.yaml:5:22: the dependency `one` requires ^2, but `charts/` contains 1.0.0"]
    );
    let mut missing = family();
    missing.retain(|(path, _)| !path.starts_with("charts/two/"));
    let said = said(&missing, &[], all);
    assert!(
        said[0].starts_with("error mem/Chart.yaml:6:10: the dependency `two` is not in `charts/`"),
        "{said:?}"
    );
}

#[test]
fn an_index_that_throws_a_default_list_away_is_told() {
    let said = |flags: Flags<'_>| said(&plain(DEFAULTS), flags, Options::default());
    let warning = "warning --set:1:5: an index into `l` replaces the whole default list and its 2 items";
    assert_eq!(said(&[("--set", "s=1,l[0].b=9")]), [warning]);
    assert_eq!(said(&[("-f", "l: [{b: 1}]"), ("--set", "l[0].b=9")]), [""; 0]);
}

#[test]
fn unknown_keys_are_told_with_the_nearest() {
    let chart = files(&[
        (
            "Chart.yaml",
            &chart_yaml(
                "app",
                "dependencies: [{name: db, version: 1.x, repository: '', condition: db.on}]\n",
            ),
        ),
        (
            "values.yaml",
            "image: {repository: x, tag: y}\nreplicaCount: 1\nfree: {}\nnothing:\nlabels: {a: b}\ntls: {key: k}\n",
        ),
        (
            "templates/a.yaml",
            "{{ values.labels | to_yaml }} {{ values.optional }} {{ values.image.pullPolicy }}",
        ),
        ("charts/db/Chart.yaml", &chart_yaml("db", "")),
        ("charts/db/values.yaml", "size: 1\n"),
    ]);
    let said = |flags: Flags<'_>| said(&chart, flags, Options::default());
    for fine in [
        "image.tag=1",
        "free.x.y=1",
        "nothing.x=1",
        "labels.x=1",
        "optional=1",
        "image.pullPolicy=1",
        "db.on=true",
        "db.size=2",
        "db.global.x=1",
        "global.x.y=1",
        "tags.x=true",
    ] {
        assert_eq!(said(&[("--set", fine)]), [""; 0], "{fine}");
    }
    assert_eq!(
        said(&[("--set", "replicaCuont=3")]),
        ["warning --set:1:1: the chart `app` has no value `replicaCuont`"]
    );
    assert_eq!(said(&[("-f", "a: 1\nimage:\n  tga: 1\n")]).len(), 2);
    assert_eq!(said(&[("--set", "db.sice=3")]), ["warning --set:1:4: the chart `db` has no value `db.sice`"]);
    let (_, report) = compute(&chart, &[("--set", "image.tga=1,repository=x,db.sizes=1")]);
    let help: Vec<&str> = report.diagnostics.iter().map(|diagnostic| diagnostic.help[0].as_str()).collect();
    assert_eq!(
        help,
        ["did you mean `image.tag`?", "did you mean `image.repository`?", "did you mean `db.size`?"]
    );
    let strict = Options { unknown_keys: Severity::Error, ..Options::default() };
    let (_, report) = compute_with(&chart, &[("--set", "x=1")], strict);
    assert!(report.has_errors() && report.output.is_some());
    for whole in ["{{ values | to_yaml }}", "{{ toYaml .Values }}", "{{- range $k, $v := .Values }}{{ end }}"]
    {
        let mut free = chart.clone();
        free.push(("templates/b.yaml".to_owned(), whole.to_owned()));
        assert_eq!(compute(&free, &[("--set", "x=1")]).1.diagnostics.len(), 0, "{whole}");
    }
    let mut without = chart.clone();
    without.retain(|(path, _)| path != "values.yaml");
    assert_eq!(compute(&without, &[("--set", "x=1")]).1.diagnostics.len(), 0);
}

/// What a Helm chart's templates read is known, even where its text does not have the key behind `.Values`.
#[test]
fn keys_that_a_helm_template_reads_are_known() {
    let template = "a: {{ .Values.db.host }}\nb: {{ index .Values \"image\" \"pull-policy\" }}\n\
                    {{ with .Values.image }}c: {{ .digest }}{{ end }}\nd: {{ index .Values.ports .Release.Name }}\n\
                    e: {{ tpl .Values.text . }}\n";
    let chart = files(&[
        ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"),
        ("values.yaml", "image: {tag: a}\nports: {x: 1}\ntext: '{{ .Values.inner }}'\n"),
        ("templates/a.yaml", template),
        ("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n"),
        ("charts/db/values.yaml", "size: 1\n"),
        ("charts/db/templates/a.yaml", "a: {{ .Values.size }}\n"),
    ]);
    let options = Options { reads: plimsoll::engine::value_reads, ..Options::default() };
    let said = |set: &str| said(&chart, &[("--set", set)], options);
    for read in ["db.host=x", "image.pull-policy=x", "image.digest=x", "ports.web=1", "inner=1"] {
        assert_eq!(said(read), [""; 0], "{read}");
    }
    for unknown in ["db.hots=x", "port=1", "text='{{ .Values.other }}',outer=1"] {
        assert_eq!(said(unknown).len(), 1, "{unknown}");
    }
}

#[test]
fn keys_that_a_tera_template_reads_are_known() {
    let template = "{% set disk = values[\"disk\"] %}\na: {{ disk.size }}\nb: {{ values[\"image\"].digest }}\n\
                    c: {{ values.labels[release.name] }}\nd: {{ tpl(text=values.text) }}\n";
    let chart = files(&[
        ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\nengine: tera\n"),
        (
            "values.yaml",
            "image: {tag: a}\ndisk: {class: fast}\nlabels: {x: 1}\ntext: '{{ values[\"inner\"] }}'\n",
        ),
        ("templates/a.yaml", template),
    ]);
    let options = Options { reads: plimsoll::engine::value_reads, ..Options::default() };
    let said = |set: &str| said(&chart, &[("--set", set)], options);
    for read in ["image.digest=x", "disk.size=1Gi", "labels.web=1", "inner=1"] {
        assert_eq!(said(read), [""; 0], "{read}");
    }
    for unknown in ["image.diggest=x", "other=1"] {
        assert_eq!(said(unknown).len(), 1, "{unknown}");
    }
}

#[test]
fn a_sub_chart_takes_no_values_under_the_name_that_its_alias_replaces() {
    let dependencies = "dependencies:\n- {name: sub, version: 1.x, repository: '', alias: db, tags: [back]}\n\
        - {name: sub, version: 1.x, repository: '', alias: cache, condition: sub.on}\n\
        - {name: plain, version: 1.x, repository: ''}\n- {name: plain, version: 1.x, repository: '', alias: other}\n\
        - {name: old, version: 9.x, repository: '', alias: new}\n";
    let chart = files(&[
        ("Chart.yaml", &chart_yaml("app", dependencies)),
        ("values.yaml", "port: 1\n"),
        ("templates/a.yaml", "{{ .Values.port }}"),
        ("charts/sub/Chart.yaml", &chart_yaml("sub", "")),
        ("charts/sub/values.yaml", "port: 1\n"),
        ("charts/plain/Chart.yaml", &chart_yaml("plain", "")),
        ("charts/plain/values.yaml", "port: 1\n"),
        ("charts/old/Chart.yaml", &chart_yaml("old", "")),
        ("charts/old/values.yaml", "port: 1\n"),
    ]);
    for fine in [
        "db.port=1",
        "cache.port=1",
        "plain.port=1",
        "other.port=1",
        "tags.back=true",
        "old.port=1",
        "sub.on=true",
    ] {
        let said = said(&chart, &[("--set", fine)], Options::default());
        assert!(!said.iter().any(|line| line.contains("has no value")), "{fine}: {said:?}");
    }
    let help = |flags: Flags<'_>| {
        let (_, report) = compute(&chart, flags);
        let unknown = report.diagnostics.iter().filter(|found| found.message.contains("has no value"));
        let told = unknown.map(|found| (found.path.clone().unwrap(), found.help.concat()));
        told.collect::<Vec<_>>()
    };
    let told = |path: &str, help: &str| (path.to_owned(), help.to_owned());
    assert_eq!(
        help(&[("--set", "sub.port=7")]),
        [told("sub.port", "did you mean `db.port` or `cache.port`?")]
    );
    assert_eq!(
        help(&[("-f", "sub:\n  port: 7\n")]),
        [told("sub.port", "did you mean `db.port` or `cache.port`?")]
    );
    assert_eq!(help(&[("--set", "othr.port=7")]), [told("othr", "did you mean `other`?")]);
    assert_eq!(help(&[("--set", "tags.bakc=true")]), [told("tags.bakc", "did you mean `tags.back`?")]);
    let strict = Options { unknown_keys: Severity::Error, ..Options::default() };
    assert!(compute_with(&chart, &[("--set", "sub.port=7")], strict).1.has_errors());
}

/// For helm the last of equal keys counts, wherever they are written.
#[test]
fn a_key_written_twice_is_a_warning_for_helm_charts_only() {
    let strict = Options { unknown_keys: Severity::Error, ..Options::default() };
    let twice = "key `a` is written twice in one map";
    for flags in
        [[("-f", "a: 1\na: 2\n")], [("-f", "{\"a\": 1, \"a\": 2}")], [("--set-json", "{\"a\": 1, \"a\": 2}")]]
    {
        let (_, report) = compute(&plain("a: 0\n"), &flags);
        let computed = report.output.unwrap();
        assert_eq!(computed.root.values.get("a").and_then(Node::as_i64), Some(2), "{flags:?}");
        let expected = [(Severity::Warning, format!("{twice}; the last one counts"))];
        let found: Vec<_> =
            report.diagnostics.into_iter().map(|found| (found.severity, found.message)).collect();
        assert_eq!(found, expected, "{flags:?}");
        assert!(compute_with(&plain("a: 0\n"), &flags, strict).1.has_errors(), "{flags:?}");
        let mut tera = plain("a: 0\n");
        tera[0].1.push_str("engine: tera\n");
        let (_, report) = compute(&tera, &flags);
        let found: Vec<_> =
            report.diagnostics.into_iter().map(|found| (found.severity, found.message)).collect();
        assert_eq!(found, [(Severity::Error, twice.to_owned())], "{flags:?}");
    }
    let (_, report) = compute(&plain("x: {}\n"), &[("--set-json", "x={\"a\": 1, \"a\": 2}")]);
    assert_eq!(report.diagnostics.len(), 1);

    let chart = files(&[
        ("Chart.yaml", &chart_yaml("app", "dependencies: [{name: sub, version: 1.x, repository: ''}]\n")),
        ("values.yaml", "a: 1\na: 2\n"),
        ("templates/a.yaml", "{{ .Values.a }}"),
        ("charts/sub/Chart.yaml", &chart_yaml("sub", "")),
        ("charts/sub/values.yaml", "b: 1\nb: 2\n"),
        ("charts/sub/templates/a.yaml", "{{ .Values.b }}"),
    ]);
    let (_, report) = compute(&chart, &[]);
    assert_eq!(report.diagnostics.len(), 2, "{:?}", report.diagnostics);
    assert!(report.diagnostics.iter().all(|found| found.severity == Severity::Warning));
    assert!(report.diagnostics[1].trace[0].text.contains("charts/sub"));
    let (_, report) = compute_with(&chart, &[], strict);
    assert_eq!(report.diagnostics.iter().filter(|found| found.severity == Severity::Error).count(), 2);
}

/// What is merged is not written, so a key behind it is no duplicate.
#[test]
fn merged_keys_are_overridden_in_values() {
    for engine in ["gotpl", "tera"] {
        let mut chart = plain("base: &base {replicas: 1, port: 80}\nprod: {<<: *base, replicas: 3}\n");
        chart[0].1 = chart_yaml("plain", &format!("engine: {engine}\n"));
        let overrides = "prod:\n  <<: &b {port: 81, extra: 1}\n  extra: 2\n";
        let (_, report) = compute(&chart, &[("-f", overrides)]);
        assert!(!report.has_errors(), "{:?}", report.diagnostics);
        let values = report.output.unwrap().root.values;
        assert_eq!(
            json(values.get("prod").unwrap()),
            json!({"replicas": 3, "port": 81, "extra": 2}),
            "{engine}"
        );
    }
}

fn with_schema(values: &str, schema: &str) -> Files {
    let mut all = plain(values);
    all.push(("values.schema.json".to_owned(), schema.to_owned()));
    all
}

#[test]
fn a_schema_lists_every_violation_with_its_origin() {
    let schema = r#"{
  "type": "object", "additionalProperties": false, "required": ["must"],
  "properties": {
    "port": {"type": "integer", "maximum": 65535},
    "name": {"type": "string", "pattern": "^[a-z]+$"},
    "mode": {"enum": ["fast", "slow"]},
    "list": {"items": {"type": "object", "properties": {"num": {"type": ["integer", "null"]}}}},
    "must": {}, "either": {"anyOf": [{"type": "string"}, {"minimum": 5}]}
  }
}"#;
    let chart = with_schema("port: 1\nmust: 1\nlist: [{num: 1}]\n", schema);
    let all = Options::default();
    let flags: Flags<'_> = &[
        ("-f", "port: 'x'\nlist:\n- {num: 1}\n- {num: one}\nmode: fsat\nname: UP\nprot: 1\neither: 3\n"),
        ("--set", "must=null"),
    ];
    let mut found = said(&chart, flags, all);
    found.sort();
    assert_eq!(
        found,
        [
            "error --set:1:6: `must` is required by the schema",
            "error f0.yaml:1:7: `port` must be an integer, not a string",
            "error f0.yaml:4:9: `list[1].num` must be null or an integer, not a string",
            "error f0.yaml:5:7: `mode` must be one of `fast`, `slow`",
            "error f0.yaml:6:7: `name` does not match the pattern `^[a-z]+$`",
            "error f0.yaml:7:1: `prot` is not allowed by the schema",
            "error f0.yaml:8:9: `either`: the value is not valid under any of the schemas listed in the 'anyOf' keyword",
        ]
    );
    assert_eq!(said(&chart, &[("--set-json", "port=1.0")], all), [""; 0]);
    let skip = Options { skip_schema_validation: true, ..all };
    assert_eq!(said(&chart, &[("--set", "port=x")], skip), [""; 0]);
    let (sources, report) = compute(&chart, &[("--set", "port=99999")]);
    let place = sources.position(report.diagnostics[0].labels[1].span).unwrap();
    assert_eq!((place.line, place.column), (4, 33), "the schema's own place");
}

#[test]
fn schemas_fetch_nothing_and_know_no_look_around() {
    let schema_says = |schema: &str| said(&with_schema("a: 1\n", schema), &[], Options::default());
    for reference in ["file:///etc/passwd", "other.json", "/x.json"] {
        let schema = format!(r#"{{"properties": {{"a": {{"$ref": "{reference}"}}}}}}"#);
        let said = schema_says(&schema);
        assert!(said[0].starts_with("error mem/values.schema.json:1:31:"), "{said:?}");
        assert!(said[0].contains(reference), "{said:?}");
    }
    assert!(schema_says(r#"{"properties": {"a": {"pattern": "(?!x)"}}}"#)[0].contains("not a valid schema"));
    assert!(schema_says(r#"{"type": "objekt"}"#)[0].starts_with("error mem/values.schema.json:1:2:"));
    assert!(schema_says("{")[0].contains("is not valid JSON"));
    assert_eq!(schema_says(r##"{"$ref": "#/$defs/x", "$defs": {"x": {"type": "object"}}}"##), [""; 0]);
    assert_eq!(
        schema_says(r#"{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}"#),
        [""; 0]
    );
}

/// Helm fetches them: whoever renders with it has a schema that works.
#[test]
fn remote_references_of_helm_charts_are_not_checked() {
    let schema_says = |schema: &str| said(&with_schema("a: 1\nb: x\n", schema), &[], Options::default());
    let remark = |column: usize, target: &str| {
        format!(
            "warning mem/values.schema.json:1:{column}: `mem/values.schema.json` refers to `{target}`, which is not fetched"
        )
    };
    let definition = "https://example.com/x.json#/definitions/a";
    let one = r#"{"properties": {"a": {"$ref": "https://example.com/x.json#/definitions/a"}}}"#;
    assert_eq!(schema_says(one), [remark(31, definition)]);
    // The rest is checked: what is beside the reference as well, but for old drafts.
    let rest = r#"{"properties": {"a": {"$ref": "https://example.com/x.json#/definitions/a"}, "b": {"type": "null"}}}"#;
    let found = schema_says(rest);
    assert_eq!(found[0], remark(31, definition));
    assert!(found.len() == 2 && found[1].contains("`b` must be null"), "{found:?}");
    for (draft, count) in
        [("https://json-schema.org/draft/2020-12/schema", 2), ("http://json-schema.org/draft-07/schema#", 1)]
    {
        let beside = format!(
            r##"{{"$schema": "{draft}", "properties": {{"a": {{"$ref": "http://x/y", "type": "string"}}, "b": {{"$ref": "#/definitions/t"}}}}, "definitions": {{"t": true}}}}"##
        );
        assert_eq!(schema_says(&beside).len(), count, "{draft}");
    }
    // A schema may have a name that looks like an address.
    let named = r##"{"$id": "https://example.com/s", "properties": {"a": {"$ref": "https://example.com/s#/$defs/t"}}, "$defs": {"t": {"type": "integer"}}}"##;
    assert_eq!(schema_says(named), [""; 0]);
    let relative = r#"{"$id": "https://example.com/s", "properties": {"a": {"$ref": "t.json"}}}"#;
    assert_eq!(schema_says(relative), [remark(63, "t.json")]);
    let strict = Options { unknown_keys: Severity::Error, ..Options::default() };
    assert!(said(&with_schema("a: 1\n", one), &[], strict)[0].starts_with("error"));
    let skipped = Options { skip_schema_validation: true, ..Options::default() };
    assert_eq!(said(&with_schema("a: 1\n", one), &[], skipped), [""; 0]);
    let mut tera = with_schema("a: 1\n", one);
    tera[0].1.push_str("engine: tera\n");
    tera[2].1 = "v: {{ values.a }}\n".to_owned();
    assert!(said(&tera, &[], Options::default())[0].starts_with("error"));
}

#[test]
fn strict_sub_charts_bear_the_empty_global() {
    let strict = r#"{"additionalProperties": false, "properties": {"size": {"type": "integer"}}}"#;
    let chart = |values: &str| {
        files(&[
            ("Chart.yaml", &chart_yaml("app", "")),
            ("values.yaml", values),
            ("charts/db/Chart.yaml", &chart_yaml("db", "")),
            ("charts/db/values.yaml", "size: 1\n"),
            ("charts/db/values.schema.json", strict),
        ])
    };
    let all = Options::default();
    assert_eq!(said(&chart(""), &[], all), [""; 0]);
    let bad = ["error --set:1:9: `db.size` must be an integer, not a string"];
    assert_eq!(said(&chart(""), &[("--set", "db.size=x")], all), bad);
    let global = said(&chart("global: {x: 1}\n"), &[], all);
    assert_eq!(global, ["error mem/values.yaml:1:9: `db.global` is not allowed by the schema"]);
}

/// The names that a schema allows may be in the schemas that it is made of.
#[test]
fn keys_that_a_schema_forbids_get_a_suggestion() {
    let schema = r##"{
  "$defs": {"base": {"properties": {"storage": {}}}},
  "properties": {
    "plain": {"properties": {"replicas": {}}, "additionalProperties": false},
    "made": {"allOf": [{"$ref": "#/$defs/base"}, {"properties": {"port": {}}}], "unevaluatedProperties": false},
    "named": {"propertyNames": {"enum": ["alpha", "beta"]}}
  }
}"##;
    let chart = with_schema("a: 1\n", schema);
    let flags: Flags<'_> =
        &[("--set", "plain.replcas=1,made.prot=1,made.storge=1,named.alpah=1,named.xyz=1")];
    let report = compute(&chart, flags).1;
    let mut found: Vec<_> = report
        .diagnostics
        .iter()
        .map(|diagnostic| format!("{}: {}", diagnostic.message, diagnostic.help.join(" ")))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "`made.prot` is not allowed by the schema: did you mean `port`?",
            "`made.storge` is not allowed by the schema: did you mean `storage`?",
            "`named.alpah` is not allowed by the schema: did you mean `alpha`?",
            "`named.xyz` is not allowed by the schema: ",
            "`plain.replcas` is not allowed by the schema: did you mean `replicas`?",
        ]
    );
}

#[test]
fn the_values_can_be_shown_with_their_origins() {
    let (sources, report) =
        compute(&family(), &[("-f", "one:\n  text: \"a\\nb\\n\"\n"), ("--set", "deux.t.u=5")]);
    let root = report.output.unwrap().root;
    let text = values::show(&sources, &root.values, true);
    for line in [
        "  g1: root  # mem/values.yaml:1:14",
        "  text: |  # f0.yaml:2:9",
        "      a: 1  # mem/charts/one/values.yaml:3:15",
        "    u: 5  # --set deux.t.u=5",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    let again: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let plain: serde_yaml::Value =
        serde_yaml::from_str(&values::show(&sources, &root.values, false)).unwrap();
    assert_eq!(again, plain);
}

/// What `--why` prints.
fn why(files: &Files, flags: Flags<'_>, path: &str) -> String {
    let sources = Sources::new();
    let chart = load(&sources, files);
    let overrides = overrides(&sources, flags);
    let report = values::why(&World::system(), &sources, &chart, &overrides, &Options::default(), path);
    match report.output {
        Some(explanation) => explanation.text(&sources),
        None => format!("{} {:?}", report.diagnostics[0].message, report.diagnostics[0].help),
    }
}

#[test]
fn a_value_can_be_explained_layer_by_layer() {
    let flags: Flags<'_> = &[("-f", "one: {x: file, q: null}"), ("--set", "one.x=flag")];
    assert_eq!(
        why(&family(), flags, "one.x"),
        "one.x = \"flag\"
  mem/charts/one/values.yaml:1:4  \"own\"
  mem/values.yaml:2:10            \"parent\"
  f0.yaml:1:10                    \"file\"
  --set one.x=flag                \"flag\"  <- used
"
    );
    assert_eq!(
        why(&family(), flags, "one.q"),
        "one.q is not set
  mem/charts/one/values.yaml:2:4  \"own\"
  f0.yaml:1:19                    null, which removes the default
"
    );
    assert_eq!(
        why(&family(), &[("--set", "one.global.g1=mine")], "one.global.g1"),
        "one.global.g1 = \"root\"
  mem/charts/one/values.yaml:4:14  \"sub\"
  --set one.global.g1=mine         \"mine\"
  mem/values.yaml:1:14             \"root\"  <- used
"
    );
    assert_eq!(
        why(&family(), &[("-f", "one: {z: null}")], "one.z.deep.a"),
        "one.z.deep.a is not set
  mem/charts/one/values.yaml:3:15  1
  f0.yaml:1:10                     removes it
"
    );
    assert_eq!(
        why(&family(), &[], "imported.t.u"),
        "imported.t.u = 1\n  mem/charts/two/values.yaml:1:8  1  <- used\n"
    );
    assert_eq!(why(&family(), &[], "one.xx.y"), "no layer sets `one.xx.y` []");
    assert_eq!(why(&family(), &[], "one.blok"), "no layer sets `one.blok` [\"did you mean `one.block`?\"]");
}

/// Schemas and values that helm is asked about: does it accept them?
#[test]
fn schemas_accept_what_helm_accepts() {
    let Some(helm) = helm() else { return };
    let property = |rule: &str| format!(r#"{{"properties": {{"a": {rule}}}}}"#);
    let draft7 = |rule: &str| {
        format!(r#"{{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {{"a": {rule}}}}}"#)
    };
    let rules = [
        (property(r#"{"type": "integer"}"#), vec!["1", "1.0", "1.5", "'1'", "true", "null", "1e3", "9007199254740993"]),
        (property(r#"{"type": "string"}"#), vec!["x", "1", "yes", "'1'", "2024-01-01", "1_000"]),
        (property(r#"{"type": ["string", "null"]}"#), vec!["x", "null", "1"]),
        (property(r#"{"format": "ipv4"}"#), vec!["1.2.3.4", "x"]),
        (draft7(r#"{"format": "ipv4"}"#), vec!["1.2.3.4", "x", "1.2.3.400"]),
        (draft7(r#"{"format": "date-time"}"#), vec!["'2024-01-01T00:00:00Z'", "x"]),
        (draft7(r#"{"format": "hostname"}"#), vec!["a.b", "a_b", "'-'"]),
        (draft7(r#"{"format": "uri"}"#), vec!["http://x", "x y", "'::'"]),
        (draft7(r#"{"format": "email"}"#), vec!["a@b.c", "a"]),
        (draft7(r#"{"format": "no-such-format"}"#), vec!["x"]),
        (property(r#"{"pattern": "^\d+$"}"#), vec!["'12'", "x", "'١'"]),
        (property(r#"{"pattern": "(?i)^abc$"}"#), vec!["ABC", "x"]),
        (property(r#"{"pattern": "^(?!x)"}"#), vec!["a"]),
        (property(r#"{"pattern": "\p{L}"}"#), vec!["a", "'1'"]),
        (property(r#"{"enum": [1, "x", null]}"#), vec!["1", "x", "null", "2", "1.0"]),
        (property(r#"{"const": {"b": 1}}"#), vec!["{b: 1}", "{b: 2}"]),
        (property(r#"{"minimum": 2, "maximum": 4}"#), vec!["1", "2", "4.0", "5"]),
        (property(r#"{"multipleOf": 0.1}"#), vec!["0.3", "0.35", "1"]),
        (property(r#"{"minLength": 2}"#), vec!["é", "éé", "x"]),
        (property(r#"{"uniqueItems": true}"#), vec!["[1, 1.0]", "[1, 2]", "[{b: 1}, {b: 1}]"]),
        (property(r#"{"items": [{"type": "string"}]}"#), vec!["[x]", "[1]"]),
        (draft7(r#"{"items": [{"type": "string"}], "additionalItems": false}"#), vec!["[x]", "[1]", "[x, 1]"]),
        (property(r#"{"prefixItems": [{"type": "string"}], "items": false}"#), vec!["[x]", "[x, 1]"]),
        (property(r#"{"contains": {"const": 1}, "minContains": 2}"#), vec!["[1]", "[1, 1]"]),
        (property(r#"{"if": {"required": ["b"]}, "then": {"required": ["c"]}}"#), vec!["{b: 1}", "{b: 1, c: 2}", "{}"]),
        (property(r#"{"dependentRequired": {"b": ["c"]}}"#), vec!["{b: 1}", "{b: 1, c: 1}"]),
        (draft7(r#"{"dependencies": {"b": ["c"]}}"#), vec!["{b: 1}", "{b: 1, c: 1}"]),
        (property(r#"{"propertyNames": {"pattern": "^[a-z]+$"}}"#), vec!["{b: 1}", "{B: 1}"]),
        (property(r#"{"unevaluatedProperties": false, "allOf": [{"properties": {"b": {}}}]}"#), vec!["{b: 1}", "{c: 1}"]),
        (property("true"), vec!["1"]),
        (property("false"), vec!["1"]),
        (property(r##"{"$ref": "#/$defs/no"}"##), vec!["1"]),
        (property(r#"{"type": "no"}"#), vec!["1"]),
        (property(r#"{"$ref": "urn:example:x"}"#), vec!["1"]),
        (r#"{"required": ["a", "zz"]}"#.to_owned(), vec!["1"]),
        (r#"{"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": {"maximum": 3, "exclusiveMaximum": true}}}"#.to_owned(), vec!["2", "3"]),
        (r##"{"$id": "https://example.com/x", "properties": {"a": {"$ref": "#/definitions/s"}}, "definitions": {"s": {"type": "string"}}}"##.to_owned(), vec!["x", "1"]),
        (r#"{"$defs": {"s": {"$id": "https://example.com/s", "type": "string"}}, "properties": {"a": {"$ref": "https://example.com/s"}}}"#.to_owned(), vec!["x", "1"]),
        ("true".to_owned(), vec!["1"]),
        ("{".to_owned(), vec!["1"]),
    ];
    let mut wrong = Vec::new();
    for (schema, values) in rules {
        for value in values {
            let chart = with_schema(&format!("a: {value}\n"), &schema);
            let (ours, theirs) = (ours(&chart, &[]), theirs(&helm, &chart, &[]));
            if ours.is_ok() != theirs.is_ok() {
                wrong.push(format!(
                    "{schema}\n  {value}\n  ours {:?}\n  theirs {:?}",
                    ours.err().map(|d| d[0].message.clone()),
                    theirs.err()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

mod laws {
    use super::{Files, compute, floats_of, helm, json, ours, plain, root, theirs};
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    use serde_json::{Value as Json, json as literal};

    /// Values with few keys, so that layers meet; sub-charts' names and `global` among them.
    fn values() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            3 => Just(Json::Null),
            3 => any::<bool>().prop_map(Json::from),
            3 => (0..9i64).prop_map(Json::from),
            2 => Just(literal!("text")),
            2 => Just(literal!({})),
            1 => Just(literal!([1, {"a": null}])),
        ];
        let node = leaf.prop_recursive(4, 24, 4, |inner| map_of(inner).boxed());
        map_of(node)
    }

    fn map_of(values: impl Strategy<Value = Json>) -> impl Strategy<Value = Json> {
        let key = prop::sample::select(vec![
            "a", "b", "c", "global", "one", "two", "deep", "enabled", "exports", "tags",
        ]);
        prop::collection::btree_map(key.prop_map(str::to_owned), values, 0..4)
            .prop_map(|map| Json::Object(map.into_iter().collect()))
    }

    fn chart(values: &Json) -> Files {
        plain(&values.to_string())
    }

    /// The values of a chart with these defaults after these files.
    fn layered(defaults: &Json, files: &[&Json]) -> Json {
        let texts: Vec<String> = files.iter().map(ToString::to_string).collect();
        let flags: Vec<(&str, &str)> = texts.iter().map(|text| ("-f", text.as_str())).collect();
        root(&chart(defaults), &flags)
    }

    /// What several files make of nothing.
    fn overlaid(files: &[&Json]) -> Json {
        let texts: Vec<String> = files.iter().map(ToString::to_string).collect();
        let flags: Vec<(&str, &str)> = texts.iter().map(|text| ("-f", text.as_str())).collect();
        json(&compute(&plain(""), &flags).1.output.unwrap().user)
    }

    proptest! {
        #[test]
        fn nothing_over_defaults_changes_nothing(defaults in values()) {
            prop_assert_eq!(layered(&defaults, &[]), defaults.clone());
            prop_assert_eq!(layered(&defaults, &[&literal!({})]), defaults);
        }

        #[test]
        fn files_over_files_are_idempotent_and_associative(a in values(), b in values(), c in values()) {
            prop_assert_eq!(overlaid(&[&a, &a]), a.clone());
            prop_assert_eq!(overlaid(&[&literal!({}), &a]), a.clone());
            let left = overlaid(&[&overlaid(&[&a, &b]), &c]);
            let right = overlaid(&[&a, &overlaid(&[&b, &c])]);
            // Helm's overlay is associative except where a scalar between two maps forgets the lower one.
            if !hides(&a, &b, &c) {
                prop_assert_eq!(left, right);
            }
        }

        #[test]
        fn the_same_file_twice_is_the_file_once(defaults in values(), file in values()) {
            prop_assert_eq!(layered(&defaults, &[&file, &file]), layered(&defaults, &[&file]));
        }
    }

    /// Whether at some path `a` and `c` have maps and `b` something else.
    fn hides(a: &Json, b: &Json, c: &Json) -> bool {
        match (a, b, c) {
            (Json::Object(a), Json::Object(b), Json::Object(c)) => a
                .iter()
                .any(|(key, a)| matches!((b.get(key), c.get(key)), (Some(b), Some(c)) if hides(a, b, c))),
            (Json::Object(_), _, Json::Object(_)) => true,
            _ => false,
        }
    }

    fn tree() -> impl Strategy<Value = Files> {
        let dependency = |name: &'static str| {
            let condition =
                prop::sample::select(vec!["", "one.enabled", "enabled,a", "two.a", "deep.enabled"]);
            let alias = prop::sample::select(vec!["", "", "c", "one2"]);
            let tags = prop::sample::select(vec!["[]", "[a]", "[a, b]"]);
            let imports = prop::sample::select(vec![
                "[]",
                "[a]",
                "[{child: a, parent: a}]",
                "[{child: a, parent: b.c}, {child: global, parent: d}]",
                "[{child: b, parent: .}]",
            ]);
            (condition, alias, tags, imports, any::<bool>()).prop_map(move |(condition, alias, tags, imports, listed)| {
                let alias = if alias.is_empty() { String::new() } else { format!(", alias: {name}{alias}") };
                // Where two imports meet, Helm writes through shared maps: what comes out depends on its memory.
                let imports = if name == "two" { "[]" } else { imports };
                let text = format!(
                    "- {{name: {name}, version: '*', repository: '', condition: '{condition}', tags: {tags}, import-values: {imports}{alias}}}\n"
                );
                if listed { text } else { String::new() }
            })
        };
        let dependencies = (dependency("one"), dependency("two"), dependency("deep"));
        let parts = (dependencies, prop::collection::vec(values(), 4), prop::bool::weighted(0.2));
        parts.prop_map(|((one, two, deep), values, library)| {
            let list = |text: String| if text.is_empty() { text } else { format!("dependencies:\n{text}") };
            let charts = [
                ("", "root", list(format!("{one}{two}"))),
                ("charts/one/", "one", list(deep)),
                ("charts/one/charts/deep/", "deep", String::new()),
                ("charts/two/", "two", String::new()),
            ];
            let mut files = Files::new();
            for ((directory, name, mut rest), values) in charts.into_iter().zip(values) {
                // A library's values count, its templates do not.
                if name == "two" && library {
                    rest.push_str("type: library\n");
                }
                files.push((format!("{directory}Chart.yaml"), super::chart_yaml(name, &rest)));
                files.push((format!("{directory}values.yaml"), values.to_string()));
                files.push((format!("{directory}templates/v.yaml"), super::TEMPLATE.to_owned()));
            }
            files
        })
    }

    fn flags() -> impl Strategy<Value = Vec<(&'static str, String)>> {
        let path = prop::collection::vec(
            prop::sample::select(vec!["a", "b", "c", "global", "one", "two", "deep", "enabled", "tags"]),
            1..4,
        );
        let value = prop::sample::select(vec!["null", "true", "1", "x", "{1,x}", "", "0.5", "a\\,b"]);
        let kind = prop::sample::select(vec!["--set", "--set", "--set-string", "--set-literal"]);
        let index = prop::sample::select(vec!["", "", "", "[0]", "[1]", "[0].a"]);
        let set = (kind, path.clone(), index, value)
            .prop_map(|(kind, path, index, value)| (kind, format!("{}{index}={value}", path.join("."))));
        let json = (path, values())
            .prop_map(|(path, values)| ("--set-json", format!("{}={values}", path.join("."))));
        let whole = values().prop_map(|values| ("--set-json", values.to_string()));
        let file = values().prop_map(|values| ("-f", values.to_string()));
        prop::collection::vec(prop_oneof![4 => set, 1 => json, 1 => whole, 3 => file], 0..5)
    }

    #[test]
    fn random_charts_get_the_values_that_helm_computes() {
        let Some(helm) = helm() else { return };
        let config = Config { cases: 150, failure_persistence: None, ..Config::default() };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let outcome = TestRunner::new_with_rng(config, rng).run(&(tree(), flags()), |(files, flags)| {
            let flags: Vec<(&str, &str)> = flags.iter().map(|(flag, text)| (*flag, text.as_str())).collect();
            match (ours(&files, &flags), theirs(&helm, &files, &flags)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(floats_of(&ours), floats_of(&theirs)),
                (Err(_), Err(_)) => {}
                // Helm looks for a grandchild's block at the root, too, where a scalar of that name stops it.
                (Ok(_), Err(message)) if message.contains("type mismatch on deep") => {}
                (ours, theirs) => prop_assert!(false, "ours {:?}\ntheirs {:?}", ours, theirs),
            }
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{error}");
        }
    }

    /// Arguments full of what the grammar cares about.
    fn argument() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "a", "b", "c", ".", "[0]", "[1]", "[", "]", "=", "=", "=", ",", ",", "{", "}", "\\", "1", "0",
            "-", "null", "true", " ", "é", "{}", "\"", ":",
        ]);
        prop::collection::vec(piece, 1..14).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn random_arguments_mean_what_they_mean_to_helm() {
        let Some(helm) = helm() else { return };
        let config = Config { cases: 120, failure_persistence: None, ..Config::default() };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let flag =
            prop::sample::select(vec!["--set", "--set", "--set-string", "--set-literal", "--set-json"]);
        let outcome = TestRunner::new_with_rng(config, rng).run(&(flag, argument()), |(flag, argument)| {
            let chart = plain("a: {b: 1}\nb: [1, {c: 2}]\n");
            let flags = [("-f", "c: [{a: 1}]"), (flag, argument.as_str())];
            match (ours(&chart, &flags), theirs(&helm, &chart, &flags)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(floats_of(&ours), floats_of(&theirs)),
                (Err(_), Err(_)) => {}
                (ours, theirs) => prop_assert!(false, "ours {:?}\ntheirs {:?}", ours, theirs),
            }
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{error}");
        }
    }

    proptest! {
        #[test]
        fn no_argument_panics(argument in "\\PC{0,40}", grammar in argument()) {
            for argument in [argument, grammar] {
                for flag in ["--set", "--set-string", "--set-literal", "--set-json"] {
                    let _ = ours(&plain("a: {b: 1}\n"), &[(flag, &argument)]);
                }
            }
        }

        #[test]
        fn no_chart_yaml_panics(text in "[a-zA-Z:\\-{}\\[\\] \n0-9.'\"]{0,80}", ignore in "\\PC{0,20}") {
            let files = [("Chart.yaml", &text), ("values.yaml", &text), (".helmignore", &ignore)];
            let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
            let _ = plimsoll::chart::from_files(&plimsoll::diag::Sources::new(), "mem", files);
        }
    }
}

/// Every row of the tables in `docs/values.md` is run.
#[test]
fn the_values_reference_is_true() {
    let page = fs::read_to_string(Path::new(crate::support::ROOT).join("docs/values.md")).unwrap();
    let defaults = "a: {b: {c: 1, d: 2}, e: 1}\nl: [{x: 1, y: 2}, {x: 3}]\n";
    let (merging, grammar) = page.split_once("## The grammar").unwrap();
    let rows = |text: &str| -> Vec<(String, String, Json)> {
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `-")?.strip_suffix("` |"));
        rows.map(|row| {
            let (given, result) = row.split_once("` | `").unwrap();
            let (flag, argument) = given.split_once("` `").unwrap();
            (format!("-{flag}"), argument.to_owned(), serde_json::from_str(result).unwrap())
        })
        .collect()
    };
    let (merging, grammar) = (rows(merging), rows(grammar));
    assert!(merging.len() == 10 && grammar.len() == 13);
    for (flag, argument, expected) in &merging {
        let mut found = root(&plain(defaults), &[(flag, argument)]);
        // A row shows the key it is about.
        let shown = if argument.starts_with('l') { "l" } else { "a" };
        found.as_object_mut().unwrap().retain(|key, _| key == shown);
        assert_eq!(found, *expected, "{flag} {argument}");
    }
    for (flag, argument, expected) in &grammar {
        assert_eq!(root(&plain(""), &[(flag, argument)]), *expected, "{flag} {argument}");
    }
}
