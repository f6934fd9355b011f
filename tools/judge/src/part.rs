//! What is compared: the input, the judge's answer and ours.

use crate::documents::Documents;
use crate::judges::Judges;
use crate::random::Random;
use crate::templates::Templates;
use crate::{arguments, manifests};
use plimsoll::chart;
use plimsoll::diag::{Severity, Sources};
use plimsoll::engine::{Capabilities, Release};
use plimsoll::manifest;
use plimsoll::render::{self, Options, Selection};
use plimsoll::values::{self, Overrides};
use plimsoll::world::{Memory, World};
use plimsoll::yaml::ReadOptions;
use plimsoll_gotmpl::{Seed, Set, Value, Vm};
use rayon::prelude::*;
use regex::Regex;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

/// Two answers that are not the same.
#[derive(Clone)]
pub(crate) struct Difference {
    pub(crate) judge: String,
    pub(crate) ours: String,
}

/// Whether both accept an input, or how they differ.
type Compared = Result<bool, Difference>;

/// One kind of input.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// Only every so many are compared: how long one takes.
    pub(crate) cost: usize,
    /// Whether a smaller input says as much.
    pub(crate) shrinks: bool,
    pub(crate) generator: fn() -> Generator,
    pub(crate) compare: fn(&Judges, &[String]) -> Vec<Compared>,
}

type Generator = Box<dyn Fn(&mut Random) -> String>;

pub(crate) const PARTS: &[Part] = &[
    Part { name: "from-yaml", cost: 1, shrinks: true, generator: documents, compare: from_yaml },
    Part { name: "manifest", cost: 1, shrinks: true, generator: documents, compare: values_of_objects },
    Part {
        name: "stream",
        cost: 1,
        shrinks: false,
        generator: || Box::new(manifests::generate),
        compare: kubectl,
    },
    Part { name: "set", cost: 10, shrinks: false, generator: || Box::new(arguments::generate), compare: set },
    Part { name: "values", cost: 10, shrinks: false, generator: documents, compare: values_files },
    Part { name: "template", cost: 10, shrinks: false, generator: templates, compare: template },
];

fn documents() -> Generator {
    let documents = Documents::new();
    Box::new(move |random| documents.generate(random))
}

fn templates() -> Generator {
    let templates = Templates::new();
    Box::new(move |random| templates.generate(random))
}

/// What we answer: a text, or why there is none.
fn ours(answer: impl FnOnce() -> Result<String, String>) -> Result<String, String> {
    catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|_| Ok("a panic".to_owned()))
}

/// What we refuse on purpose although the judge does not.
const REFUSED_BY_US: &[&str] = &[
    // Only the server asks for it.
    "manifest without `apiVersion`",
    // Its values are not what the file will say once it is decrypted.
    "`<stdin>` is encrypted with SOPS",
    // Nothing in a chart can use them.
    "complex numbers are not supported",
    // Go slices as far as the memory of a list reaches, which depends on how the list was made.
    "slice bounds out of range: the list has",
    // Keys of maps and templates for `tpl`: no YAML has such a key.
    "`dict`: text that is not UTF-8 is not supported here",
    "`set`: text that is not UTF-8 is not supported here",
    "text that is not UTF-8 is not supported here",
];

/// What no two answers to a template need to share, each replaced by one text in both.
static MASKED: LazyLock<[(Regex, &str); 3]> = LazyLock::new(|| {
    let masked =
        |pattern, text| (Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")), text);
    [
        // An address, in base 16 or 10, is chance in Go.
        masked(r"(?i)\b(0x)?c0[0-9a-f]{8}\b", "ADDRESS"),
        masked(r"\b82[45][0-9]{9}\b", "ADDRESS"),
        // `fromToml` returns the text of an error to the template.
        masked(r#"Error(:|":"|\\":\\"|: '| = "| = \\"|: ")toml: [^\n]*"#, "ERROR"),
    ]
});

fn masked(text: &str) -> String {
    MASKED
        .iter()
        .fold(text.to_owned(), |text, (pattern, mask)| pattern.replace_all(&text, *mask).into_owned())
}

/// A document that begins with `{` and goes on behind the `}`: helm reads its first value only and prints all of it,
/// kubectl refuses it.
fn has_text_behind_json(printed: &str) -> bool {
    printed.split("\n---\n").any(|document| {
        document.lines().find(|line| !line.starts_with(['#', '-'])).is_some_and(|line| line.starts_with('{'))
    })
}

fn compared(judge: Result<String, String>, ours: Result<String, String>) -> Compared {
    match (judge, ours) {
        (Ok(judge), Err(error)) if error == "a manifest must be a map" && has_text_behind_json(&judge) => {
            Ok(false)
        }
        (Ok(_), Err(error)) if REFUSED_BY_US.iter().any(|known| error.starts_with(known)) => Ok(false),
        (Ok(judge), Ok(ours)) if judge == ours => Ok(true),
        (Err(_), Err(_)) => Ok(false),
        (judge, ours) => {
            let text =
                |answer: Result<String, String>| answer.unwrap_or_else(|error| format!("refused: {error}"));
            Err(Difference { judge: text(judge), ours: text(ours) })
        }
    }
}

const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\n";

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("a temporary folder: {error}"))
}

/// How `fromYaml` reads a text, and `toJson` prints that.
fn from_yaml(judges: &Judges, inputs: &[String]) -> Vec<Compared> {
    let folder = folder();
    write(folder.path(), "Chart.yaml", CHART);
    // A next line, which JSON does not escape, would end the comment.
    let print = r#"{{ fromYaml . | toJson | replace "\u0085" "\\u0085" }}"#;
    let template = format!("{{{{ range .Values.texts }}}}\n# {print}{{{{ end }}}}\n");
    write(folder.path(), "templates/a.yaml", &template);
    let texts: String = inputs.iter().map(|input| format!("- \"{}\"\n", escaped(input))).collect();
    write(folder.path(), "values.yaml", &format!("texts:\n{texts}"));
    let output = judges.template(folder.path(), &["."]).unwrap_or_else(|error| panic!("{error}"));
    let refused = |answer: &str| {
        if answer.starts_with("{\"Error\":\"") && !answer.contains("\",\"") {
            Err(answer.to_owned())
        } else {
            Ok(answer.to_owned())
        }
    };
    let answers =
        output.lines().filter_map(|line| line.strip_prefix("# {")).map(|rest| refused(&format!("{{{rest}")));
    let file = plimsoll_gotmpl::parse(print.into()).unwrap_or_else(|_| panic!("a template"));
    let compare = |(input, judge): (&String, Result<String, String>)| {
        let ours = ours(|| {
            let mut set = Set::default();
            set.add("t", &file, None);
            let mut vm = Vm::new(set, Seed::Fixed(1), SystemTime::UNIX_EPOCH);
            let rendered = vm.render("t", &Value::from(input.as_str()));
            refused(&rendered.map_err(|error| format!("{error:?}"))?.text)
        });
        compared(judge, ours)
    };
    let answers: Vec<_> = answers.collect();
    assert_eq!(answers.len(), inputs.len(), "helm answers each text");
    inputs.iter().zip(answers).map(compare).collect()
}

/// A text between double quotes in YAML.
fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        ' '..='~' if !matches!(c, '"' | '\\') => c.to_string(),
        _ => format!("\\U{:08X}", u32::from(c)),
    };
    text.chars().map(escape).collect()
}

/// How kubectl reads documents below a key of an object.
fn values_of_objects(judges: &Judges, inputs: &[String]) -> Vec<Compared> {
    let object = |input: &String| {
        // What would change the object itself is another key.
        let text = ["apiVersion", "kind", "metadata", "items"]
            .iter()
            .fold(input.clone(), |text, key| text.replace(key, &format!("{key}X")));
        format!("apiVersion: v1\nkind: Widget\nmetadata: {{name: NAME-0}}\nv:\n{text}")
    };
    kubectl(judges, &inputs.iter().map(object).collect::<Vec<_>>())
}

/// How kubectl reads files of objects. `NAME` in a text is replaced by the file's name.
fn kubectl(judges: &Judges, inputs: &[String]) -> Vec<Compared> {
    let folder = folder();
    let texts: Vec<String> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| input.replace("NAME", &format!("n{index:05}")))
        .collect();
    for (index, text) in texts.iter().enumerate() {
        let name = format!("n{index:05}.yaml");
        write(folder.path(), &name, text);
    }
    let (printed, errors) = judges.objects(folder.path());
    let mut answers: Vec<Result<Vec<Json>, String>> = vec![Ok(Vec::new()); inputs.len()];
    let index_of = |text: &str| {
        text.get(..5).and_then(|digits| digits.parse::<usize>().ok()).filter(|index| *index < inputs.len())
    };
    for object in serde_json::Deserializer::from_str(&printed).into_iter::<Json>().flatten() {
        let objects = object.get("items").and_then(Json::as_array).cloned().unwrap_or_else(|| vec![object]);
        for mut object in objects {
            let name = object.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default().to_owned();
            if let Some(labels) = object.pointer_mut("/metadata").and_then(Json::as_object_mut) {
                labels.remove("labels");
            }
            let index = name.strip_prefix('n').and_then(index_of);
            let Some(answer) = index.and_then(|index| answers.get_mut(index)) else { continue };
            match answer {
                // Only a server refuses it.
                _ if object.get("apiVersion").is_none() => *answer = Err("no apiVersion".to_owned()),
                Ok(objects) => objects.push(object),
                Err(_) => {}
            }
        }
    }
    for line in errors.lines() {
        let index = line.split(['/', ' ', '"']).filter_map(|word| word.strip_prefix('n')).find_map(index_of);
        if let Some(answer) = index.and_then(|index| answers.get_mut(index)) {
            *answer = Err(line.to_owned());
        }
    }
    let read = |text: &String| {
        let report = manifest::load_stdin(&Sources::new(), text.clone(), &ReadOptions::lenient());
        let errors: Vec<_> =
            report.diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
        if let Some(error) = errors.first() {
            return Err(error.message.clone());
        }
        let objects = report.output.unwrap_or_default();
        Ok(objects
            .iter()
            .map(|object| serde_json::to_value(&*object.root).unwrap_or_default())
            .collect::<Vec<_>>())
    };
    let print = |objects: Vec<Json>| objects.iter().map(canonical).collect::<Vec<_>>().join("\n");
    let compare = |(text, judge): (&String, Result<Vec<Json>, String>)| {
        // kubectl refuses a file without objects, unless it is among others.
        let judge = judge
            .and_then(|objects| if objects.is_empty() { Err("no objects".to_owned()) } else { Ok(objects) });
        compared(judge.map(print), ours(|| read(text).map(print)))
    };
    texts.iter().zip(answers).map(compare).collect()
}

/// JSON with its keys in order. Numbers that are no 64-bit integers are floats, as in kubectl, and whole floats are
/// written like integers.
fn canonical(json: &Json) -> String {
    match json {
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => number.to_string(),
            // There is no negative zero among integers.
            (None, Some(number)) => (number + 0.0).to_string(),
            (None, None) => String::new(),
        },
        Json::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Json::Object(entries) => {
            let entries: BTreeMap<_, _> = entries.iter().collect();
            let mut text = String::new();
            for (key, value) in entries {
                let _ = write!(
                    text,
                    "{}{}:{}",
                    if text.is_empty() { "" } else { "," },
                    Json::from(key.as_str()),
                    canonical(value)
                );
            }
            format!("{{{text}}}")
        }
        other => other.to_string(),
    }
}

const VALUES: &str = "s: text\nn: 5\nmap: {x: 1, y: {z: [1, 2]}}\nlist: [1, {y: 2}, a]\nnone: null\nempty: ''\nfloat: 1.5\nbig: 1234567890\n'yes': true\nset: {a: 1}\ntext: abc\n";

/// `.Values` under some flags.
fn set(judges: &Judges, inputs: &[String]) -> Vec<Compared> {
    let folder = folder();
    let template = "# {{ toJson .Values }}\n";
    for (path, text) in [
        ("Chart.yaml", CHART),
        ("values.yaml", VALUES),
        ("templates/a.yaml", template),
        ("file.txt", "from\na file"),
    ]
    .iter()
    .chain(arguments::VALUES_FILES)
    {
        write(folder.path(), path, text);
    }
    let files = arguments::VALUES_FILES.iter().chain([&("file.txt", "from\na file")]);
    let world = files.fold(Memory::default(), |world, (path, text)| world.file(*path, *text)).into_world();
    let compare = |input: &String| {
        let flags: Vec<&str> = std::iter::once(".").chain(input.split(arguments::SEPARATOR)).collect();
        let judge = judges.template(folder.path(), &flags);
        let overrides = overrides(&flags[1..]);
        compared(
            judge,
            ours(|| rendered(&world, &[("values.yaml", VALUES), ("templates/a.yaml", template)], &overrides)),
        )
    };
    inputs.par_iter().map(compare).collect()
}

fn overrides(flags: &[&str]) -> Overrides {
    let mut overrides = Overrides::default();
    for input in flags {
        let (flag, argument) = input.split_once('=').unwrap_or_default();
        let arguments = match flag {
            "--values" => {
                overrides.files.push(values::ValuesFile::Argument(argument.to_owned()));
                continue;
            }
            "--set" => &mut overrides.set,
            "--set-string" => &mut overrides.set_string,
            "--set-json" => &mut overrides.set_json,
            "--set-literal" => &mut overrides.set_literal,
            _ => &mut overrides.set_file,
        };
        arguments.push(argument.to_owned());
    }
    overrides
}

/// `.Values` of a file that `--values` names.
fn values_files(judges: &Judges, inputs: &[String]) -> Vec<Compared> {
    let folder = folder();
    let template = "# {{ toJson .Values }}\n";
    for (path, text) in [("Chart.yaml", CHART), ("values.yaml", VALUES), ("templates/a.yaml", template)] {
        write(folder.path(), path, text);
    }
    let compare = |(index, input): (usize, &String)| {
        let name = format!("v{index}.yaml");
        write(folder.path(), &name, input);
        let judge = judges.template(folder.path(), &[".", &format!("--values={name}")]);
        let overrides =
            Overrides { files: vec![values::ValuesFile::Argument(name.clone())], ..Overrides::default() };
        let world = Memory::default().file(&name, input.as_str()).into_world();
        let _ = fs::remove_file(folder.path().join(&name));
        compared(
            judge,
            ours(|| rendered(&world, &[("values.yaml", VALUES), ("templates/a.yaml", template)], &overrides)),
        )
    };
    inputs.par_iter().enumerate().map(compare).collect()
}

/// Files that templates can read.
const FILES: &[(&str, &str)] = &[
    ("file.txt", "one\ntwo: {{ .Values.n }}\n"),
    ("files/a.txt", "a\tb\r\nc"),
    ("files/b.bin", "\u{0}\u{7f}é"),
    ("files/deep/c.yaml", "k: [1, x]\n"),
    ("files/empty", ""),
];

/// How many templates one run of helm renders.
const GROUP: usize = 40;

/// What a chart of one template prints. Templates that we accept are in one chart first: most of the time goes into the
/// start of helm. Only if something of it differs, each is looked at by itself.
fn template(judges: &Judges, inputs: &[String]) -> Vec<Compared> {
    let accepted: BTreeSet<&String> =
        inputs.par_iter().filter(|input| ours(|| print_templates(&[input])).is_ok()).collect();
    let groups: Vec<Vec<&String>> =
        accepted.into_iter().collect::<Vec<_>>().chunks(GROUP).map(<[_]>::to_vec).collect();
    let agreed: BTreeSet<&String> = groups
        .into_par_iter()
        .filter(|group| group.len() > 1 && matches!(together(judges, group), Ok(true)))
        .flatten()
        .collect();
    let compare = |input: &String| if agreed.contains(input) { Ok(true) } else { together(judges, &[input]) };
    inputs.par_iter().map(compare).collect()
}

/// Compares what a chart of some templates prints.
fn together(judges: &Judges, templates: &[&String]) -> Compared {
    let folder = folder();
    write(folder.path(), "Chart.yaml", CHART);
    for (path, text) in chart_of(templates) {
        write(folder.path(), &path, text);
    }
    let masked = |answer: Result<String, String>| answer.map(|text| masked(&text));
    compared(masked(judges.template(folder.path(), &["."])), masked(ours(|| print_templates(templates))))
}

fn print_templates(templates: &[&String]) -> Result<String, String> {
    let files = chart_of(templates);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    rendered(&Memory::default().into_world(), &files, &Overrides::default())
}

/// The files of a chart of some templates, without its metadata.
fn chart_of<'a>(templates: &[&'a String]) -> Vec<(String, &'a str)> {
    let others = FILES.iter().copied().chain([("values.yaml", VALUES)]);
    let templates = templates.iter().enumerate();
    let templates = templates.map(|(index, text)| (format!("templates/{index}.yaml"), text.as_str()));
    others.map(|(path, text)| (path.to_owned(), text)).chain(templates).collect()
}

/// What we print of a chart.
fn rendered(world: &World, files: &[(&str, &str)], overrides: &Overrides) -> Result<String, String> {
    let sources = Sources::new();
    let mut all = vec![("Chart.yaml".to_owned(), format!("{CHART}engine: gotpl\n").into_bytes())];
    all.extend(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
    let mut diagnostics = Vec::new();
    let text = (|| {
        let chart = Arc::new(chart::from_files(&sources, "c", all).take(&mut diagnostics)?);
        let computed = values::compute(world, &sources, &chart, overrides, &values::Options::default())
            .take(&mut diagnostics)?;
        let render = render::render(world, &sources, &computed, &options()).take(&mut diagnostics)?;
        let selection = Selection::default();
        Some(selection.print(&selection.of(&render).ok()?, chart.engine))
    })();
    match diagnostics.iter().find(|found| found.severity == Severity::Error) {
        Some(error) => Err(error.message.clone()),
        None => text.ok_or_else(|| "no output".to_owned()),
    }
}

/// A first installation by helm 4.1.
fn options() -> Options {
    Options {
        capabilities: Capabilities {
            kube_version: "v1.35.0".parse().unwrap_or_else(|_| panic!("a version")),
            ..Capabilities::default()
        },
        seed: Some(1),
        ..Options::install(Release::install("release-name", "default"))
    }
}
