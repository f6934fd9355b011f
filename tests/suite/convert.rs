//! `plimsoll convert`: nothing changes its meaning without being marked or listed.

use crate::support::{ROOT, Sandbox, tool};
use plimsoll::chart::EngineKind;
use plimsoll::convert::{self, Converted};
use plimsoll::create::{self, Starter};
use plimsoll::diag::Sources;
use plimsoll::world::{Memory, World};
use std::path::Path;
use std::process::Command;

fn converted(world: &World, chart: &str) -> Converted {
    let report = convert::convert(world, &Sources::new(), chart);
    report.output.unwrap_or_else(|| panic!("{chart}: {:#?}", report.diagnostics))
}

/// The directories of charts below a directory of the project.
fn charts_below(directory: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.join("Chart.yaml").is_file() {
            found.push(path.to_string_lossy().into_owned());
        } else if path.is_dir() {
            charts_below(&path, found);
        }
    }
}

#[test]
fn what_create_writes_for_helm_converts_completely() {
    for starter in [Starter::StatefulSet, Starter::Deployment] {
        let sources = Sources::new();
        let world = Memory::default().into_world();
        let report = create::from_nothing(&world, &sources, "web", EngineKind::GoTemplate, starter);
        let files = report.output.unwrap();
        let world = files
            .into_iter()
            .fold(Memory::default(), |memory, (path, text)| memory.file(Path::new("web").join(path), text))
            .into_world();
        let converted = converted(&world, "web");
        assert_eq!((converted.marks, converted.differences), (0, vec![]));
    }
}

/// The promise: a chart without marks renders to the same objects.
#[test]
fn the_helm_charts_of_the_project_change_nothing_silently() {
    let mut charts = Vec::new();
    for directory in ["tests/helm", "examples"] {
        charts_below(&Path::new(ROOT).join(directory), &mut charts);
    }
    let (mut count, mut complete) = (0, 0);
    for chart in charts {
        let report = convert::convert(&World::system(), &Sources::new(), &chart);
        let Some(converted) = report.output else { continue };
        count += 1;
        if converted.marks == 0 {
            complete += 1;
            // A chart that does not render is no silent change.
            let changed = converted.differences.iter().find(|one| !one.object.is_empty());
            assert_eq!(changed, None, "{chart}");
        }
    }
    assert!(count > 0 && complete <= count, "{count} charts, {complete} without marks");
}

#[test]
fn the_command_lists_what_is_left_to_do() {
    let sandbox = Sandbox::new();
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    sandbox.write("app/values.yaml", "name: web\n");
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.name | quote }}\ndata:\n  \
        a: {{ .Values.name | sha256sum }}\n";
    sandbox.write("app/templates/a.yaml", template);
    let outcome = sandbox.run(&["convert", "app", "new"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("wrote new/templates/a.yaml\n"), "{}", outcome.stdout);
    for told in [
        "app/templates/a.yaml:6:6",
        "`sha256sum` has no exact counterpart",
        "1 place without an exact counterpart",
        "ConfigMap/web: data",
    ] {
        assert!(outcome.stderr.contains(told), "{told}: {}", outcome.stderr);
    }
    let text = sandbox.read("new/templates/a.yaml");
    assert!(text.contains("name: {{ values.name }}\n"), "{text}");
    assert!(text.contains("It was: {{ .Values.name | sha256sum }} #}"), "{text}");
    sandbox.refused(&["convert", "app", "new"], &["`new` already exists"]);
    sandbox.refused(&["convert", "new", "again"], &["written in Tera already"]);
    sandbox.refused(&["convert", "missing", "again"], &["missing"]);
}

#[test]
fn an_archive_is_not_converted() {
    let sandbox = Sandbox::new();
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    sandbox.write("app/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    assert_eq!(sandbox.run(&["package", "app"]).code, 0);
    sandbox
        .refused(&["convert", "app-1.0.0.tgz", "new"], &["`app-1.0.0.tgz` is not a directory", "unpack it"]);
    assert!(!sandbox.path().join("new").exists());
}

/// Links in a chart become the files that they lead to, and what cannot be copied is named.
#[cfg(unix)]
#[test]
fn no_file_is_left_out_silently() {
    let sandbox = Sandbox::new();
    sandbox.write("LICENSE", "all rights reserved\n");
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    sandbox.write("app/values/default.yaml", "name: web\n");
    sandbox.link("values/default.yaml", "app/values.yaml");
    sandbox.write(
        "app/shared/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.name | quote }}\n",
    );
    sandbox.link("shared", "app/templates");
    sandbox.link("../LICENSE", "app/LICENSE");
    sandbox.link("values", "app/linked");
    sandbox.write("app/.helmignore", "broken\nfifo\n");
    sandbox.link("missing", "app/broken");
    assert!(Command::new("mkfifo").arg(sandbox.path().join("app/fifo")).status().unwrap().success());
    let outcome = sandbox.run(&["convert", "app", "new"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(sandbox.read("new/values.yaml"), "name: web\n");
    assert!(sandbox.read("new/templates/a.yaml").contains("name: {{ values.name }}\n"));
    for (path, reason) in [
        ("LICENSE", "it is a link that leads out of the chart"),
        ("linked", "it is a link to something other than a file"),
        ("broken", "it is a broken link"),
        ("fifo", "it is neither a file nor a directory"),
    ] {
        let told = format!("warning: `app/{path}` is not copied: {reason}");
        assert!(outcome.stderr.contains(&told), "{told}: {}", outcome.stderr);
        assert!(!sandbox.path().join("new").join(path).exists(), "{path}");
    }
    assert!(!outcome.stderr.contains("`app/templates`"), "{}", outcome.stderr);
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn what_helm_creates_converts_and_renders_the_same() {
    let sandbox = Sandbox::new();
    let created =
        Command::new(tool("PLIMSOLL_HELM")).args(["create", "app"]).current_dir(sandbox.path()).output();
    assert!(created.unwrap().status.success());
    let outcome = sandbox.run(&["convert", "app", "new"]);
    assert!(outcome.stderr.contains("both charts render the same objects"), "{}", outcome.stderr);
}
