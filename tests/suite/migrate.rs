//! `docs/migrate.md`: what stands in the left column of its tables renders to the same object as what stands in the right
//! one, and no function of Helm is left out.
//!
//! In a cell every line is code of its own, with `<br>` between lines. A right cell that starts with "none" has no
//! counterpart; a left cell without an action lists functions.

use crate::support::{ROOT, objects, options, tool};
use plimsoll::diag::{Severity, Sources};
use plimsoll::world::World;
use plimsoll::yaml::{Node, emit};
use plimsoll::{chart, gotmpl, render, values};
use regex::Regex;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

#[test]
fn both_sides_of_the_table_render_the_same() {
    let page = page();
    let values = fenced(&page, "<!-- tested by migrate.rs -->");
    let (mut compared, mut failures) = (0, Vec::new());
    for [helm, tera] in rows(&page).filter(|[helm, _]| is_template(helm)) {
        let before = rendered("", &code(&helm), &values);
        if tera.starts_with("none") {
            failures.extend(before.err().map(|error| format!("{helm}\n  {error}")));
            continue;
        }
        compared += 1;
        let after = rendered("engine: tera\n", &code(&tera), &values);
        let same = match (&before, &after) {
            (Ok(before), Ok(after)) => before == after,
            (Err(before), Err(after)) => {
                let message = helm.split('"').nth(1).unwrap_or(&helm);
                before.contains(message) && after.contains(message)
            }
            _ => false,
        };
        if !same {
            let [before, after] = [before, after].map(|side| side.map(|object| emit::flow_json(&object)));
            failures.push(format!("{}\n=> {before:?}\n{}\n=> {after:?}", code(&helm), code(&tera)));
        }
    }
    assert!(failures.is_empty(), "{} rows\n{}", failures.len(), failures.join("\n\n"));
    assert!(compared > 100, "only {compared} rows");
}

/// The left column is what helm itself makes of it.
#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn the_left_column_is_what_helm_renders() {
    let page = page();
    let values = fenced(&page, "<!-- tested by migrate.rs -->");
    let chart = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = chart.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for (path, text) in files("", "", &values).into_iter().filter(|(path, _)| !path.starts_with("templates/"))
    {
        write(&path, &text);
    }
    let sources: Vec<String> =
        rows(&page).map(|[helm, _]| code(&helm)).filter(|helm| is_template(helm)).collect();
    let mut expected = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        if let Ok(object) = rendered("", source, &values) {
            write(&format!("templates/{number:03}.yaml"), &format!("{HEAD}{source}"));
            expected.push((number, object));
        }
    }
    let output = Command::new(tool("PLIMSOLL_HELM"))
        .args(["template", "web", ".", "--kube-version", "1.35"])
        .current_dir(chart.path())
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (number, object) in expected {
        let mark = format!("# Source: app/templates/{number:03}.yaml\n");
        let (_, document) = stdout.split_once(&mark).unwrap();
        let found = objects(document.split("\n---\n").next().unwrap()).remove(0).root;
        // A row that shows its own file name was rendered in one of another name.
        if !sources[number].contains(".Template.Name") {
            assert_eq!(emit::flow_json(&found), emit::flow_json(&object), "{}", sources[number]);
        }
    }
}

#[test]
fn every_function_of_helm_is_on_the_page() {
    let page = page();
    let word = Regex::new(r"\w+").unwrap();
    let cells: Vec<String> = rows(&page).map(|[helm, _]| helm).collect();
    let named: BTreeSet<&str> =
        cells.iter().flat_map(|cell| word.find_iter(cell)).map(|word| word.as_str()).collect();
    let missing: Vec<_> = gotmpl::function_names().filter(|name| !named.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn page() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("docs/migrate.md")).unwrap()
}

/// The text of the fenced block that follows `mark`.
fn fenced(page: &str, mark: &str) -> String {
    let (_, rest) = page.split_once(mark).unwrap();
    let (_, block) = rest.split_once("```yaml\n").unwrap();
    block.split("```").next().unwrap().to_owned()
}

/// The first two cells of every row of a table of two languages.
fn rows(page: &str) -> impl Iterator<Item = [String; 2]> {
    let mut inside = false;
    page.lines().filter_map(move |line| {
        inside = line.starts_with("| Helm | Tera |") || inside && line.starts_with('|');
        let cells = line.replace("\\|", "\u{0}");
        let mut cells = cells.split('|').skip(1).map(|cell| cell.trim().replace('\u{0}', "|"));
        let row = [cells.next()?, cells.next()?];
        (inside && row[0] != "Helm" && !row[0].starts_with("---")).then_some(row)
    })
}

fn is_template(cell: &str) -> bool {
    cell.contains("{{")
}

/// The lines of code in a cell.
fn code(cell: &str) -> String {
    let line = Regex::new("`([^`]*)`").unwrap();
    line.captures_iter(cell).flat_map(|line| [line.extract::<1>().1[0], "\n"]).collect()
}

/// What stands before the code of a cell.
const HEAD: &str = "apiVersion: example.com/v1\nkind: Example\nmetadata: {name: example}\n";

/// The files of a chart with one template.
fn files(engine: &str, template: &str, values: &str) -> Vec<(String, String)> {
    let metadata = format!("apiVersion: v2\nname: app\nversion: 1.2.3\nappVersion: 4.5.6\n{engine}");
    let files = [
        ("Chart.yaml", metadata),
        ("values.yaml", values.to_owned()),
        ("files/app.conf", "threads = 4\n".to_owned()),
        ("templates/example.yaml", format!("{HEAD}{template}")),
    ];
    files.map(|(path, text)| (path.to_owned(), text)).into()
}

/// The object that a template of keys renders to, or what is wrong with it.
fn rendered(engine: &str, template: &str, values: &str) -> Result<Node, String> {
    let files = files(engine, template, values);
    let files = files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    let sources = Sources::new();
    let mut diagnostics = Vec::new();
    let object = (|| {
        let chart = Arc::new(chart::from_files(&sources, "app", files).take(&mut diagnostics)?);
        let overrides = values::Overrides::default();
        let computed =
            values::compute(&World::system(), &sources, &chart, &overrides, &values::Options::default())
                .take(&mut diagnostics)?;
        let options = render::Options { strict: false, ..options("web", "default") };
        let render =
            render::render(&World::system(), &sources, &computed, &options).take(&mut diagnostics)?;
        render.objects().next().map(|object| Node::clone(&object.root))
    })();
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error);
    object.ok_or_else(|| errors.map(|error| error.message.as_str()).collect::<Vec<_>>().join("\n"))
}
