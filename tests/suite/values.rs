//! Values, judged by helm itself where there is one (`PLIMSOLL_HELM`), and by recorded answers everywhere.

use plimsoll::chart::{self, Chart};
use plimsoll::diag::{Diagnostic, Report, Severity, Sources};
use plimsoll::values::{self, Computed, Options, Overrides, Scope, ValuesFile};
use plimsoll::yaml::{Node, Value};
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
    compute_with(files, flags, &Options::default())
}

fn compute_with(files: &Files, flags: Flags<'_>, options: &Options) -> (Sources, Report<Computed>) {
    let sources = Sources::new();
    let chart = load(&sources, files);
    let overrides = overrides(&sources, flags);
    let report = values::compute(&sources, &chart, &overrides, options);
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
        into.insert(scope.path.clone(), json(&scope.values));
        scope.children.iter().for_each(|child| collect(child, into));
    }
    let (_, report) = compute(files, flags);
    let mut all = BTreeMap::new();
    match report.output {
        Some(computed) if !plimsoll::diag::has_errors(&report.diagnostics) => {
            collect(&computed.root, &mut all)
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
fn said(files: &Files, flags: Flags<'_>, options: &Options) -> Vec<String> {
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
n: null
m: {x: null, y: 1}
";

/// Sub-charts with conditions, tags, aliases, globals, imports; one that nobody declares.
fn family() -> Files {
    let mut all = files(&[
        (
            "values.yaml",
            "global: {g1: root, m: {a: root, b: root}}\none: {x: parent, block: {p: 1}}\ndc: {y: 7}\nimported: {own: 1}\n",
        ),
        (
            "charts/one/values.yaml",
            "x: own\ny: own\nz: {deep: {a: 1}}\nglobal: {g1: sub, g2: sub, m: {a: sub, c: sub}}\n",
        ),
        ("charts/one/charts/deep/values.yaml", "d: 1\nn: null\nglobal: {g3: deep}\n"),
        ("charts/two/values.yaml", "t: {u: 1, v: 2}\nexports: {data: {fromTwo: 5, s: x}}\n"),
        ("charts/wild/values.yaml", "w: 1\n"),
    ]);
    let root = "dependencies:\n\
        - {name: one, version: 1.x, repository: '', condition: 'one.enabled,oneEnabled', tags: [back]}\n\
        - {name: two, version: ^1, repository: '', alias: deux, import-values: [data, {child: t, parent: imported.t}]}\n\
        - {name: two, version: ^1, repository: '', alias: zwei, condition: zwei.enabled, tags: [front, back]}\n\
        - {name: two, version: ^2, repository: ''}\n";
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

/// Every case that helm is asked about.
fn cases() -> Vec<(&'static str, Files, Vec<(&'static str, &'static str)>)> {
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
        &[("--set", "n=null")],
        &[("--set", "n.x=1")],
        &[("--set", "m.x=null")],
        &[("--set", "m.x=1")],
        &[("--set", "m.y=null")],
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
        &[("--set", "one.y=null")],
        &[("--set", "one.z.deep=null")],
        &[("--set", "one.block=null")],
        &[("--set", "one.deep.d=null")],
        &[("--set", "one.deep.n=null")],
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
    cases.extend(tree.iter().map(|flags| ("undeclared", undeclared(), flags.to_vec())));
    cases
}

/// Where the binary of a judge is; `None` when the variable is unset.
#[expect(clippy::disallowed_methods, reason = "tests find their judges through the environment")]
fn helm() -> Option<PathBuf> {
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
    for (name, files, flags) in cases() {
        match (ours(&files, &flags), theirs(&helm, &files, &flags)) {
            (Ok(ours), Ok(theirs)) if floats_of(&ours) == floats_of(&theirs) => agreed += 1,
            (Err(_), Err(_)) => refused += 1,
            (ours, theirs) => wrong.push(format!("{name} {flags:?}\n  ours   {ours:?}\n  theirs {theirs:?}")),
        }
    }
    assert!(agreed > 200 && refused > 50, "{agreed} agree, {refused} are refused by both");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
