//! Links in charts, which git can create: no command reads or writes through one that leads out of the chart.

use crate::support::{Outcome, Sandbox};

const SUITE: &str = "suite: s\ntests:\n- it: t\n  template: a.yaml\n  asserts:\n  - matchSnapshot: {}\n";

/// A Helm chart beside the files of somebody else. Its tests are not part of the package, so they are not read with it.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
    sandbox.write("c/.helmignore", "tests/\nci/\n");
    sandbox.write("c/values.yaml", "a: 1\n");
    sandbox.write(
        "c/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: {{ .Values.a | quote }}}\n",
    );
    sandbox.write("c/tests/a_test.yaml", SUITE);
    sandbox.write("elsewhere/file", "token: treasure\n");
    sandbox.write("elsewhere/empty", "");
    sandbox.write("dep/Chart.yaml", "apiVersion: v2\nname: dep\nversion: 1.0.0\n");
    sandbox
}

const DEPENDENCY: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: dep, version: 1.x, repository: 'file://../dep'}]\n";

/// Runs a command where a path is a link.
fn run_with_link(sandbox: &Sandbox, link: &str, target: &str, command: &str) -> Outcome {
    std::fs::create_dir_all(sandbox.path().join(link).parent().unwrap()).unwrap();
    sandbox.link(target, link);
    sandbox.run(&command.split(' ').collect::<Vec<_>>())
}

/// What is in the other directory.
fn elsewhere(sandbox: &Sandbox) -> Vec<(String, String)> {
    let directory = std::fs::read_dir(sandbox.path().join("elsewhere")).unwrap();
    let mut found: Vec<_> = directory
        .map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let text = sandbox.read(&format!("elsewhere/{name}"));
            (name, text)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn nothing_is_written_through_a_link_out_of_a_chart() {
    for (link, target, command) in [
        ("c/README.md", "../elsewhere/file", "docs c --write"),
        ("c/README.md", "../elsewhere/new", "docs c --write"),
        ("c/doc", "../elsewhere", "docs c --write -o doc/file"),
        ("c/values.schema.json", "../elsewhere/empty", "schema c --write"),
        ("c/values.schema.json", "../elsewhere/new", "schema c --write"),
        ("c/tests/__snapshot__", "../../elsewhere", "test c --update"),
        ("c/tests/__snapshot__/a_test.yaml.snap", "../../../elsewhere/empty", "test c --update"),
        ("c/tests/__snapshot__/a_test.yaml.snap", "../../../elsewhere/new", "test c --update"),
        ("c/tests/snapshots", "../../elsewhere", "test c --cases --update"),
        ("c/tests/snapshots/default.yaml", "../../../elsewhere/file", "test c --cases --update"),
        ("c/tests/snapshots/default.yaml", "../../../elsewhere/new", "test c --cases --update"),
        ("c/charts", "../elsewhere", "dependency update c"),
        ("c/charts", "../elsewhere", "dependency build c"),
        ("c/charts/dep-1.0.0.tgz", "../../elsewhere/file", "dependency update c"),
        ("c/Chart.lock", "../elsewhere/empty", "dependency update c"),
        ("c/Chart.lock", "../elsewhere/new", "dependency update c"),
        ("c-1.0.0.tgz", "elsewhere/file", "package c"),
        ("c-1.0.0.tgz", "elsewhere/new", "package c"),
        ("report.xml", "elsewhere/file", "test c -o report.xml"),
        ("cover.html", "elsewhere/empty", "test c --coverage-html cover.html"),
        ("cover.info", "elsewhere/empty", "test c --coverage-lcov cover.info"),
    ] {
        let sandbox = sandbox();
        if command.starts_with("dependency") {
            sandbox.write("c/Chart.yaml", DEPENDENCY);
        }
        let before = elsewhere(&sandbox);
        let outcome = run_with_link(&sandbox, link, target, command);
        let shown = format!("{command}: {link} to {target}: {}{}", outcome.stdout, outcome.stderr);
        assert!((0..=2).contains(&outcome.code), "{shown}");
        assert_eq!(elsewhere(&sandbox), before, "{shown}");
    }
}

#[test]
fn nothing_is_deleted_through_a_link_out_of_a_chart() {
    let sandbox = sandbox();
    sandbox.write("c/ci/gone-values.yaml", "a: 2\n");
    assert_eq!(sandbox.run(&["test", "c", "--cases", "--update"]).code, 0);
    std::fs::remove_file(sandbox.path().join("c/ci/gone-values.yaml")).unwrap();
    for name in ["gone.yaml", "default.yaml"] {
        std::fs::rename(
            sandbox.path().join("c/tests/snapshots").join(name),
            sandbox.path().join("elsewhere").join(name),
        )
        .unwrap();
    }
    std::fs::remove_dir(sandbox.path().join("c/tests/snapshots")).unwrap();
    sandbox.link("../../elsewhere", "c/tests/snapshots");
    let before = elsewhere(&sandbox);
    sandbox.run(&["test", "c", "--cases", "--update"]);
    assert_eq!(elsewhere(&sandbox), before);

    // Archives of charts that are not dependencies are deleted from `charts/`.
    sandbox.write("other/Chart.yaml", "apiVersion: v2\nname: other\nversion: 1.0.0\n");
    assert_eq!(sandbox.run(&["package", "other", "-d", "archives"]).code, 0);
    sandbox.write("c/Chart.yaml", DEPENDENCY);
    sandbox.link("../archives", "c/charts");
    let outcome = sandbox.run(&["dependency", "update", "c"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stdout);
    assert!(outcome.stderr.contains("points outside `c`"), "{}", outcome.stderr);
    assert!(sandbox.path().join("archives/other-1.0.0.tgz").exists());
}

#[test]
fn nothing_is_read_through_a_link_out_of_a_chart() {
    for (link, target, command) in [
        ("c/README.md.gotmpl", "../elsewhere/file", "docs c"),
        ("c/README.md", "../elsewhere/file", "docs c --check"),
        ("c/more.yaml", "../elsewhere/file", "docs c -f more.yaml"),
        ("c/doc/README.md", "../../elsewhere/file", "docs c --check -o doc/README.md"),
        ("c/tests/b_test.yaml", "../../elsewhere/file", "test c --strict"),
        ("c/tests/__snapshot__/a_test.yaml.snap", "../../../elsewhere/file", "test c"),
        ("c/tests/values/x.yaml", "../../../elsewhere/file", "test c --cases"),
        ("c/tests/snapshots/default.yaml", "../../../elsewhere/file", "test c --cases"),
        ("c/ci/x-values.yaml", "../../elsewhere/file", "test c --cases"),
        ("c/ci/x-values.yaml", "../../elsewhere/file", "lint c"),
        ("c/ci/x-values.yaml", "../../elsewhere/file", "schema c"),
    ] {
        let sandbox = sandbox();
        // A text that is quoted wherever it is read.
        sandbox.write("elsewhere/file", "treasure\ntreasure: [\n");
        let outcome = run_with_link(&sandbox, link, target, command);
        let shown = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!shown.contains("treasure"), "{command}: {link}: {shown}");
    }
}

/// A suite cannot show the values of somebody else in what it expects of them.
#[test]
fn suites_name_values_of_their_chart_and_repository() {
    let sandbox = sandbox();
    sandbox.write("elsewhere/file", "a: treasure\n");
    let absolute = sandbox.path().join("elsewhere/file").display().to_string();
    for path in ["../../elsewhere/file", absolute.as_str(), "link.yaml"] {
        let _ = std::fs::remove_file(sandbox.path().join("c/tests/link.yaml"));
        sandbox.link("../../elsewhere/file", "c/tests/link.yaml");
        sandbox.write(
            "c/tests/a_test.yaml",
            &format!(
                "suite: s\ntests:\n- it: t\n  template: a.yaml\n  values: [{path}]\n  asserts:\n  - equal: {{path: data.a, value: x}}\n"
            ),
        );
        let outcome = sandbox.run(&["test", "c"]);
        assert!(!outcome.stdout.contains("treasure"), "{path}: {}", outcome.stdout);
        assert!(outcome.stdout.contains("outside of the chart"), "{path}: {}", outcome.stdout);
    }
    // In one git repository charts share values.
    std::fs::create_dir(sandbox.path().join(".git")).unwrap();
    let outcome = sandbox.run(&["test", "c"]);
    assert!(outcome.stdout.contains("treasure"), "{}", outcome.stdout);
}
