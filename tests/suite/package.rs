//! `plimsoll package`, side by side with the real helm.

use crate::dependency::{chart, dependency, names, packed, repository, succeed};
use crate::server::Server;
use crate::support::{ROOT, Sandbox, tool};
use flate2::read::GzDecoder;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::Command;

/// The names, the contents, the modes and the times of the files in an archive.
fn files(archive: &[u8]) -> Vec<(String, String, u32, u64)> {
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    let read = |mut entry: tar::Entry<'_, GzDecoder<&[u8]>>| {
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let header = entry.header();
        let (mode, time) = (header.mode().unwrap(), header.mtime().unwrap());
        let path = entry.path().unwrap().display().to_string();
        (path, String::from_utf8_lossy(&content).into_owned(), mode, time)
    };
    archive.entries().unwrap().map(|entry| read(entry.unwrap())).collect()
}

fn write_app(sandbox: &Sandbox) {
    sandbox
        .write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0 # comment\nappVersion: '1.10'\n");
    sandbox.write("app/.helmignore", "*.md\n");
    sandbox.write("app/README.md", "ignored");
    sandbox.write("app/values.yaml", "# Replicas.\nreplicas: 1\n");
    sandbox.write("app/templates/cm.yaml", "a: {{ .Values.replicas }}\n");
}

#[test]
fn the_same_files_make_the_same_archive() {
    let sandbox = Sandbox::new();
    write_app(&sandbox);
    let said = succeed(&sandbox, &["package", "app", "-d", "dist/one"]);
    assert_eq!(said, "Successfully packaged chart and saved it to: dist/one/app-1.0.0.tgz\n");
    // Other times and permissions of the files.
    sandbox.copy_within("app", "copy");
    assert!(
        Command::new("chmod")
            .args(["-R", "700"])
            .arg(sandbox.path().join("copy"))
            .status()
            .unwrap()
            .success()
    );
    let said = succeed(&sandbox, &["package", "copy"]);
    let shown = sandbox.path().canonicalize().unwrap().join("app-1.0.0.tgz");
    assert_eq!(said, format!("Successfully packaged chart and saved it to: {}\n", shown.display()));
    let read = |path: &str| std::fs::read(sandbox.path().join(path)).unwrap();
    assert_eq!(read("dist/one/app-1.0.0.tgz"), read("app-1.0.0.tgz"));
    let found = files(&read("app-1.0.0.tgz"));
    let paths: Vec<&str> = found.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(paths, ["app/Chart.yaml", "app/values.yaml", "app/templates/cm.yaml", "app/.helmignore"]);
    assert!(found.iter().all(|(_, _, mode, time)| (*mode, *time) == (0o644, 0)));
    assert_eq!(found[1].1, "# Replicas.\nreplicas: 1\n");
    let args = ["package", "app", "-d", "dated"];
    assert_eq!(sandbox.run_with(&args, &[("SOURCE_DATE_EPOCH", "1700000000")], "").code, 0);
    assert!(files(&read("dated/app-1.0.0.tgz")).iter().all(|(_, _, _, time)| *time == 1_700_000_000));
    let refused = sandbox.run_with(&args, &[("SOURCE_DATE_EPOCH", "tomorrow")], "");
    assert!(
        refused.code == 2 && refused.stderr.contains("SOURCE_DATE_EPOCH is `tomorrow`"),
        "{}",
        refused.stderr
    );
}

#[test]
fn versions_are_those_of_the_flags() {
    let sandbox = Sandbox::new();
    write_app(&sandbox);
    succeed(&sandbox, &["package", "app", "--version", "2.0.0-rc.1", "--app-version", "1.20"]);
    let archive = std::fs::read(sandbox.path().join("app-2.0.0-rc.1.tgz")).unwrap();
    let expected = "apiVersion: v2\nappVersion: \"1.20\"\nname: app\nversion: 2.0.0-rc.1\n";
    assert_eq!(files(&archive)[0].1, expected);
    sandbox.refused(&["package", "app", "--version", "new"], &["`new` is not a valid version"]);
    sandbox.refused(&["package", "app", "--sign"], &["use `helm package --sign`"]);
}

#[test]
fn nothing_is_written_of_charts_that_are_not_sound() {
    let sandbox = Sandbox::new();
    write_app(&sandbox);
    let url = "https://charts.example.com";
    chart(&sandbox, "parent", &[dependency("db", "^1.0.0", url), dependency("web", "^1.0.0", url)]);
    sandbox.write_bytes("parent/charts/db.tgz", &packed("db", "2.0.0"));
    for (path, content, told) in [
        ("broken/values.yaml", "a: [", "broken/values.yaml"),
        ("broken/values.schema.json", "{", "values.schema.json` is not valid JSON"),
        ("broken/Chart.yaml", "name: a/b\nversion: 1.0.0\n", "is not a valid chart name"),
        ("broken/Chart.yaml", "", "`Chart.yaml` is not a map"),
    ] {
        let _ = std::fs::remove_dir_all(sandbox.path().join("broken"));
        sandbox.write("broken/Chart.yaml", "apiVersion: v2\nname: broken\nversion: 1.0.0\n");
        sandbox.write(path, content);
        sandbox.refused(&["package", "app", "broken", "-d", "dist"], &[told]);
    }
    sandbox.refused(
        &["package", "app", "parent", "-d", "dist"],
        &[
            "the dependency `web` is missing in `charts/`",
            "--> parent/Chart.yaml:6",
            "warning: the dependency `db` requires ^1.0.0, but `charts/` contains 2.0.0",
            "--dependency-update",
        ],
    );
    // One chart that matches is enough, whatever else there is.
    sandbox.write_bytes("both/charts/old.tgz", &packed("db", "0.9.0"));
    sandbox.write_bytes("both/charts/db.tgz", &packed("db", "1.2.0"));
    chart(&sandbox, "both", &[dependency("db", "^1.0.0", url)]);
    let both = sandbox.run(&["package", "both", "-d", "matching"]);
    assert_eq!((both.code, both.stderr.as_str()), (0, ""));
    let alias = format!("{}, alias: store", dependency("db", "^2.0.0", url));
    for (declared, effect) in [
        (dependency("db", "^2.0.0", url), "Helm renders that chart all the same; run"),
        (alias, "Helm renders that chart under its own name: the alias has no effect; run"),
    ] {
        chart(&sandbox, "both", &[declared]);
        let warned = sandbox.run(&["package", "both", "-d", "matching"]);
        assert_eq!(warned.code, 0, "{}", warned.stderr);
        for told in ["requires ^2.0.0, but `charts/` contains 1.2.0, 0.9.0", effect] {
            assert!(warned.stderr.contains(told), "{told}: {}", warned.stderr);
        }
    }
    sandbox
        .refused(&["package", "app/Chart.yaml", "-d", "dist"], &["only a chart directory can be packaged"]);
    sandbox.refused(&["package", "nowhere", "-d", "dist"], &["there is no chart at `nowhere`"]);
    assert!(!sandbox.path().join("dist").exists());
}

#[test]
fn dependencies_are_updated_first() {
    let server = Server::files(repository(&[("web", "1.2.0")]));
    let sandbox = Sandbox::new();
    chart(&sandbox, "app", &[dependency("web", "^1.0.0", &server.url())]);
    let said = succeed(&sandbox, &["package", "app", "-u", "-d", "dist"]);
    assert_eq!(said, "Successfully packaged chart and saved it to: dist/app-0.1.0.tgz\n");
    let archive = std::fs::read(sandbox.path().join("dist/app-0.1.0.tgz")).unwrap();
    assert!(files(&archive).iter().any(|(path, ..)| path == "app/charts/web/Chart.yaml"));
    assert_eq!(names(&sandbox.path().join("app/charts")), ["web-1.2.0.tgz"]);
}

#[test]
#[ignore = "needs helm (PLIMSOLL_HELM)"]
fn archives_have_the_files_of_helms() {
    let sandbox = Sandbox::new();
    write_app(&sandbox);
    // An old chart, with its own file of dependencies and a lock.
    sandbox.write("old/Chart.yaml", "name: old\nversion: v1.2\ntillerVersion: x\n");
    sandbox.write(
        "old/requirements.yaml",
        "dependencies:\n- name: db\n  version: 1.x\n  repository: https://a\n",
    );
    sandbox.write("old/requirements.lock", "dependencies: [] # none\n");
    sandbox.write_bytes("old/charts/db-1.0.0.tgz", &packed("db", "1.0.0"));
    // A lock with comments, a library and a file that is no template.
    sandbox.write("new/Chart.yaml", "apiVersion: v2\nname: new\ntype: library\nversion: 1.0.0\nannotations: {b: '1', a: '2'}\ndependencies:\n- {name: db, version: 1.x, repository: 'https://a', alias: x, import-values: [{parent: p, child: c}]}\n");
    sandbox.write("new/Chart.lock", "# comment\ngenerated: '2024-05-01T12:00:00.5Z'\ndigest: sha256:a\ndependencies:\n- name: db\n  version: 1.0.0\n  repository: https://a\n");
    sandbox.write("new/crds/a.yaml", "a: 1\n");
    sandbox.write("new/values.schema.json", "{}");
    sandbox.write_bytes("new/charts/db-1.0.0.tgz", &packed("db", "1.0.0"));
    let mut charts = ["app", "old", "new"].map(str::to_owned).to_vec();
    charts.extend(["edges", "umbrella", "dependencies"].map(|name| format!("{ROOT}/tests/helm/{name}")));
    for path in &charts {
        let helm = Command::new(tool("PLIMSOLL_HELM"))
            .args(["package", path, "-d", "theirs"])
            .current_dir(sandbox.path())
            .envs(sandbox.environment())
            .output()
            .unwrap();
        assert!(helm.status.success(), "{path}: {}", String::from_utf8_lossy(&helm.stderr));
        let theirs = String::from_utf8(helm.stdout).unwrap();
        assert_eq!(succeed(&sandbox, &["package", path, "-d", "ours"]), theirs.replace("theirs/", "ours/"));
        let [ours, theirs] = ["ours", "theirs"].map(|whose| {
            let archive = names(&sandbox.path().join(whose)).pop().unwrap();
            let bytes = std::fs::read(sandbox.path().join(whose).join(&archive)).unwrap();
            let _ = std::fs::remove_dir_all(sandbox.path().join(whose));
            let files = files(&bytes).into_iter().map(|(path, content, mode, _)| (path, content, mode));
            // Helm writes sub-charts in any order.
            (archive, files.collect::<BTreeSet<_>>())
        });
        assert_eq!(ours, theirs, "{path}");
    }
}
