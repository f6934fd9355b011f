//! The reference documentation is what the code says.

use crate::support::{ROOT, capabilities};
use plimsoll::diag::Sources;
use plimsoll::engine::tera::{
    Component, EntryKind, REFERENCE, TERA_FILTERS, TERA_FUNCTIONS, TERA_TESTS, Tera, components,
};
use plimsoll::engine::{Engine as _, Inputs, Release};
use plimsoll::k8s::Version;
use plimsoll::world::World;
use plimsoll::{chart, values};
use serde_json::Value as Json;
use snapbox::{Assert, Data};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

#[test]
fn the_template_reference_is_up_to_date() {
    let path = Path::new(ROOT).join("docs/templates.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let written_by_hand = page.split_once(MARK).map_or(page.as_str(), |(before, _)| before);
    let generated = format!("{written_by_hand}{MARK}{}", reference());
    Assert::new().action_env("SNAPSHOTS").eq(generated, Data::read_from(&path, None).raw());
}

#[test]
fn pages_name_the_known_versions_of_kubernetes() {
    let range = format!("{} to {}", Version::MIN, Version::MAX);
    for path in ["README.md", "docs/lint.md", "docs/diff.md"] {
        let page = std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
        assert!(page.contains(&range), "{path}: {range}");
    }
}

/// The options of `builtin:statefulset`, from its schema and its defaults.
#[test]
fn the_statefulset_reference_is_up_to_date() {
    let read = |path: &str| std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
    let schema: Json = serde_json::from_str(&read("charts/statefulset/values.schema.json")).unwrap();
    let defaults: Json = serde_yaml::from_str(&read("charts/statefulset/values.yaml")).unwrap();
    let mut rows = String::new();
    options(&schema, &schema, &defaults, "", &mut rows);
    let path = Path::new(ROOT).join("docs/statefulset.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let written_by_hand = page.split_once(MARK).map_or(page.as_str(), |(before, _)| before);
    let table = format!("\n| option | type | default | |\n|---|---|---|---|\n{rows}");
    let generated = format!("{written_by_hand}{MARK}{table}");
    Assert::new().action_env("SNAPSHOTS").eq(generated, Data::read_from(&path, None).raw());
}

/// A row for every option below `schema`.
fn options(root: &Json, schema: &Json, defaults: &Json, path: &str, out: &mut String) {
    for (key, option) in schema["properties"].as_object().into_iter().flatten() {
        let target = match option["$ref"].as_str() {
            Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
            None => option,
        };
        let default = &defaults[key];
        let shown = match default {
            Json::Null => String::new(),
            Json::Object(map) if !map.is_empty() => String::new(),
            Json::Array(items) if !items.is_empty() => format!("`{}`", flow(default)),
            default => format!("`{default}`"),
        };
        let path = format!("{path}{key}");
        let words = option["description"].as_str().unwrap_or_default().replace('|', "\\|");
        let _ = writeln!(out, "| `{path}` | {} | {shown} | {words} |", kind(target));
        options(root, target, default, &format!("{path}."), out);
        options(root, &target["items"], &Json::Null, &format!("{path}[]."), out);
    }
}

/// What a schema takes, in words.
fn kind(schema: &Json) -> String {
    let choices = |list: &Json| -> Vec<String> {
        list.as_array().into_iter().flatten().map(ToString::to_string).collect()
    };
    if schema["enum"].is_array() {
        return choices(&schema["enum"])
            .iter()
            .map(|c| format!("`{}`", c.trim_matches('"')))
            .collect::<Vec<_>>()
            .join(", ");
    }
    match &schema["type"] {
        Json::Array(_) => choices(&schema["type"]).join(" or ").replace('"', ""),
        Json::String(one) => one.clone(),
        _ => "any".to_owned(),
    }
}

/// JSON as YAML people write it in one line.
fn flow(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn every_component_says_what_it_is_for() {
    let components = components();
    assert!(components.len() > 15);
    for component in components {
        assert!(!component.doc.is_empty(), "{}", component.name);
        assert!(component.example.contains(&component.name), "{} has no example", component.name);
    }
}

/// What follows it in `docs/templates.md` is generated.
const MARK: &str = "<!-- From here on the page is generated: SNAPSHOTS=overwrite cargo test docs -->\n";

fn reference() -> String {
    let mut out = String::new();
    for (title, kind, terasown) in
        [("Functions", EntryKind::Function, TERA_FUNCTIONS), ("Filters", EntryKind::Filter, TERA_FILTERS)]
    {
        let _ = writeln!(out, "\n## {title}\n\n| {} | what it does |\n|---|---|", title.to_lowercase());
        for entry in REFERENCE.iter().filter(|entry| entry.kind == kind) {
            let summary = entry.summary.replace('|', "\\|");
            let _ = writeln!(out, "| `{}` | {summary} |", entry.signature);
        }
        let _ = writeln!(out, "\nAnd Tera's own: {}.", code_list(terasown));
        let _ = writeln!(out, "\n| template | rendered |\n|---|---|");
        for entry in REFERENCE.iter().filter(|entry| entry.kind == kind) {
            if let Some((template, rendered)) = entry.example {
                let _ = writeln!(out, "| {} | {} |", cell(template), cell(rendered));
            }
        }
    }
    let _ = writeln!(out, "\n## Tests\n\nTera's own, as in `value is defined`: {}.", code_list(TERA_TESTS));
    out.push_str("\n## Components\n");
    for component in components() {
        section(&component, &mut out);
    }
    out
}

fn section(component: &Component, out: &mut String) {
    let _ = writeln!(out, "\n### `{}`\n\n{}\n", component.name, component.doc);
    let rendered = rendered(&component.example);
    let _ = writeln!(out, "```jinja\n{}\n```\n\n```yaml\n{}\n```\n", component.example, rendered.trim_end());
    let shown: Vec<_> = component.arguments.iter().filter(|argument| !argument.implicit).collect();
    if shown.is_empty() {
        return;
    }
    out.push_str("| argument | type | default |\n|---|---|---|\n");
    for argument in shown {
        let default =
            argument.default.as_ref().map_or("required".to_owned(), |default| format!("`{default}`"));
        let kind = if argument.type_name.is_empty() { "any" } else { argument.type_name };
        let _ = writeln!(out, "| `{}` | {kind} | {default} |", argument.name);
    }
}

/// What a template of a small chart renders as.
fn rendered(template: &str) -> String {
    let sources = Sources::new();
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.2.3\nappVersion: 4.5.6\nengine: tera\n"),
        ("files/app.conf", "threads = 4\n"),
        ("templates/example.yaml", template),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let chart = Arc::new(chart::from_files(&sources, "app", files.to_vec()).output.unwrap());
    let computed = values::compute(
        &World::system(),
        &sources,
        &chart,
        &values::Overrides::default(),
        &values::Options::default(),
    );
    let release = Release::install("web", "default");
    let scope = computed.output.unwrap().root;
    let inputs = Inputs {
        world: &World::system(),
        release: &release,
        capabilities: &capabilities(),
        seed: None,
        lookup: None,
        is_lint: false,
        recorder: None,
    };
    let report = Tera.render(&sources, &scope, &inputs);
    let rendered = report.output.unwrap_or_else(|| panic!("{template}\n{:#?}", report.diagnostics));
    rendered.files.into_iter().next().unwrap().text
}

fn code_list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Code of several lines in a table cell.
fn cell(code: &str) -> String {
    let lines: Vec<String> = code.lines().map(|line| format!("`{}`", line.replace('|', "\\|"))).collect();
    lines.join("<br>")
}

#[test]
fn the_glossary_is_sorted() {
    let page = std::fs::read_to_string(Path::new(ROOT).join("docs/dev/glossary.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ")).skip(1);
    let terms: Vec<String> = rows.map(|row| row.split('|').nth(1).unwrap().trim().to_lowercase()).collect();
    assert!(terms.len() > 30 && terms.is_sorted_by(|a, b| a < b), "{terms:?}");
}
