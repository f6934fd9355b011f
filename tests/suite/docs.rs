//! The reference documentation is what the code says.

use crate::support::ROOT;
use plimsoll::engine::tera::{
    Component, EntryKind, REFERENCE, TERA_FILTERS, TERA_FUNCTIONS, TERA_TESTS, components,
};
use snapbox::{Assert, Data};
use std::fmt::Write as _;
use std::path::Path;

#[test]
fn the_template_reference_is_up_to_date() {
    let path = Path::new(ROOT).join("docs/templates.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let written_by_hand = page.split_once(MARK).map_or(page.as_str(), |(before, _)| before);
    let generated = format!("{written_by_hand}{MARK}{}", reference());
    Assert::new().action_env("SNAPSHOTS").eq(generated, Data::read_from(&path, None).raw());
}

#[test]
fn every_component_says_what_it_is_for() {
    let components = components();
    assert!(components.len() > 15);
    for component in components {
        assert!(!component.doc.is_empty(), "{}", component.name);
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

fn code_list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Code of several lines in a table cell.
fn cell(code: &str) -> String {
    let lines: Vec<String> = code.lines().map(|line| format!("`{}`", line.replace('|', "\\|"))).collect();
    lines.join("<br>")
}
