//! `plimsoll dependency` against repositories on this machine, and side by side with the real helm.

use crate::server::{Reply, Server};
use crate::support::{Outcome, Sandbox, tgz, tool};
use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// The archive of a chart.
pub(crate) fn packed(name: &str, version: &str) -> Vec<u8> {
    let metadata = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    let template = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{{{ .Release.Name }}}}-{name}\ndata:\n  version: {version:?}\n"
    );
    tgz(&[
        (&format!("{name}/Chart.yaml"), metadata.as_bytes()),
        (&format!("{name}/values.yaml"), b"enabled: true\n"),
        (&format!("{name}/templates/cm.yaml"), template.as_bytes()),
    ])
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// The files of a repository with these charts.
pub(crate) fn repository(charts: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut entries: BTreeMap<&str, String> = BTreeMap::new();
    for (name, version) in charts {
        let archive = packed(name, version);
        let entry = entries.entry(name).or_default();
        writeln!(entry, "  - apiVersion: v2\n    name: {name}\n    version: {version}\n    digest: {}\n    urls:\n    - {name}-{version}.tgz", sha256(&archive)).unwrap();
        files.insert(format!("{name}-{version}.tgz"), archive);
    }
    let entries: Vec<String> =
        entries.iter().map(|(name, entries)| format!("  {name}:\n{entries}")).collect();
    let entries = entries.concat();
    let index = format!("apiVersion: v1\nentries:\n{entries}generated: \"2024-01-01T00:00:00Z\"\n");
    files.insert("index.yaml".to_owned(), index.into_bytes());
    files
}

/// Several versions of `web`, and one of `db`.
pub(crate) const CHARTS: &[(&str, &str)] =
    &[("db", "3.1.4"), ("web", "1.2.0"), ("web", "1.10.0"), ("web", "2.0.0-rc.1")];

/// A chart with dependencies, each `name: ..., version: ..., repository: ...` in flow style.
pub(crate) fn chart(sandbox: &Sandbox, path: &str, dependencies: &[String]) {
    let name = path.rsplit('/').next().unwrap();
    let mut text = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n");
    if !dependencies.is_empty() {
        text.push_str("dependencies:\n");
    }
    for one in dependencies {
        writeln!(text, "- {{{one}}}").unwrap();
    }
    sandbox.write(&format!("{path}/Chart.yaml"), &text);
    sandbox.write(&format!("{path}/templates/own.yaml"), "# nothing\n");
}

pub(crate) fn dependency(name: &str, version: &str, repository: &str) -> String {
    format!("name: {name}, version: {version:?}, repository: {repository:?}")
}

/// Runs a command that must succeed, and returns what it says.
pub(crate) fn succeed(sandbox: &Sandbox, args: &[&str]) -> String {
    let Outcome { code, stdout, stderr } = sandbox.run(args);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    stdout
}

/// The names of the files in a directory.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_newest_versions_are_locked_and_nothing_is_fetched_twice() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    let url = server.url();
    let two = [dependency("web", "^1.0.0", &url), dependency("db", "3.x", &url)];
    chart(&sandbox, "app", &two);
    sandbox.write_bytes("app/charts/old-1.0.0.tgz", &packed("old", "1.0.0"));
    sandbox.write("app/charts/_notes.txt", "kept");
    let said = succeed(&sandbox, &["dependency", "update", "app"]);
    for line in [
        "Saving 2 charts",
        "Downloaded web 1.10.0 from http://",
        "Deleted app/charts/old-1.0.0.tgz",
        "Wrote app/Chart.lock",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(names(&sandbox.path().join("app/charts")), ["_notes.txt", "db-3.1.4.tgz", "web-1.10.0.tgz"]);
    let lock = sandbox.read("app/Chart.lock");
    let start = format!("dependencies:\n- name: web\n  repository: {url}\n  version: 1.10.0\n- name: db\n");
    assert!(lock.starts_with(&start), "{lock}");
    assert_eq!(server.take().len(), 3);
    let again = succeed(&sandbox, &["dep", "build", "app"]);
    assert!(again.contains("Kept web 1.10.0, which is in charts/ already"), "{again}");
    std::fs::remove_dir_all(sandbox.path().join("app/charts")).unwrap();
    let copied = succeed(&sandbox, &["dep", "build", "app", "--frozen"]);
    assert!(copied.contains("Copied db 3.1.4") && !copied.contains("Wrote"), "{copied}");
    assert_eq!(server.take(), [""; 0]);
    assert_eq!(sandbox.read("app/Chart.lock"), lock);
    // A new list of versions, and no archive.
    succeed(&sandbox, &["dependency", "update", "app"]);
    assert_eq!(server.take(), ["GET /index.yaml"]);
    assert_eq!(sandbox.read("app/Chart.lock"), lock);
    succeed(&sandbox, &["dependency", "update", "app", "--skip-refresh"]);
    succeed(&sandbox, &["dependency", "update", "app", "--offline"]);
    assert_eq!(server.take(), [""; 0]);
}

#[test]
fn locks_that_do_not_match_are_refused_where_the_chart_changed() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    chart(
        &sandbox,
        "app",
        &[dependency("db", "3.x", &server.url()), dependency("web", "1.2.x", &server.url())],
    );
    sandbox.refused(
        &["dependency", "build", "app", "--frozen"],
        &["--frozen needs `app/Chart.lock`", "dependency update app"],
    );
    succeed(&sandbox, &["dependency", "build", "app"]);
    chart(
        &sandbox,
        "app",
        &[dependency("db", "3.x", &server.url()), dependency("web", "1.10.x", &server.url())],
    );
    sandbox.refused(
        &["dependency", "build", "app"],
        &["`app/Chart.lock` does not match", "app/Chart.yaml:6", "dependency update app"],
    );
    sandbox.write("app/Chart.lock", "- x\n");
    sandbox.refused(&["dependency", "build", "app"], &["cannot read `app/Chart.lock`"]);
}

#[test]
fn charts_on_the_disk_are_dependencies() {
    let sandbox = Sandbox::new();
    let own = "name: own, version: 1.x.x".to_owned();
    chart(&sandbox, "app", &[dependency("lib", "^0.1.0", "file://../lib"), own]);
    chart(&sandbox, "lib", &[]);
    sandbox.write("app/charts/own/Chart.yaml", "apiVersion: v2\nname: own\nversion: 1.2.3\n");
    let said = succeed(&sandbox, &["dependency", "update", "app"]);
    assert!(said.contains("Packaged lib 0.1.0 from file://../lib"), "{said}");
    assert_eq!(names(&sandbox.path().join("app/charts")), ["lib-0.1.0.tgz", "own"]);
    assert!(sandbox.read("app/Chart.lock").contains("- name: own\n  repository: \"\"\n  version: 1.x.x\n"));
    sandbox.write("lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 2.0.0\n");
    sandbox.refused(
        &["dependency", "update", "app"],
        &["requires ^0.1.0, but `app/../lib` is 2.0.0", "app/Chart.yaml:5"],
    );
    chart(&sandbox, "app", &[dependency("gone", "1", "file://../gone")]);
    sandbox.refused(
        &["dependency", "update", "app"],
        &["there is no chart at `app/../gone`", "app/Chart.yaml:5"],
    );
}

#[test]
fn charts_in_other_directories_are_completed_first() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    chart(&sandbox, "app", &[dependency("lib", "^0.1.0", "file://../lib")]);
    chart(&sandbox, "lib", &[dependency("web", "1.2.0", &server.url())]);
    succeed(&sandbox, &["dependency", "build", "app", "--recursive"]);
    let rendered = succeed(&sandbox, &["render", "x", "app"]);
    assert!(rendered.contains("# Source: app/charts/lib/charts/web/templates/cm.yaml"), "{rendered}");
}

#[test]
fn what_is_missing_is_told_where_it_is_declared() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    let url = server.url();
    for (one, told) in [
        (dependency("wbe", "1", &url), vec!["there is no chart `wbe` in `http://"]),
        (
            dependency("web", "^7", &url),
            vec!["no version that matches `^7` of `web`", "the newest versions are `2.0.0-rc.1`, `1.10.0`"],
        ),
        (
            dependency("web", "1", "stable"),
            vec!["`stable` is not the URL of a repository", "https://charts.example.com"],
        ),
        (dependency("web", "1", "@stable"), vec!["there is no repository `stable`", "helm repo add"]),
        (dependency("web", "1", &format!("{url}/none")), vec!["/none/index.yaml` answered 404"]),
        (dependency("web", "1", "s3://bucket"), vec!["the scheme of `s3://bucket` is not supported"]),
        ("name: web".to_owned(), vec!["the dependency `web` has no `version`"]),
    ] {
        chart(&sandbox, "app", &[dependency("db", "3.x", &url), one]);
        let told: Vec<&str> = told.into_iter().chain(["app/Chart.yaml:6"]).collect();
        sandbox.refused(&["dependency", "update", "app"], &told);
        assert_eq!(names(&sandbox.path().join("app")), ["Chart.yaml", "templates"]);
    }
    sandbox.refused(&["dependency", "build", "gone"], &["there is no chart at `gone`"]);
    assert_eq!(
        succeed(&sandbox, &["dependency", "build", "app/../app/../app", "--help"]).lines().next(),
        Some("Fill charts/ with the versions in Chart.lock; without a lock, do as update")
    );
}

#[test]
fn servers_that_fail_for_a_moment_are_asked_again() {
    let files = repository(CHARTS);
    let count = AtomicUsize::new(0);
    let server = Server::start(move |request| match count.fetch_add(1, SeqCst) {
        0 => Reply::status(503),
        1 => Reply::closed(),
        2 => Reply::status(429).header("Retry-After", "0"),
        _ => Reply::ok(files[request.path().trim_start_matches('/')].clone()),
    });
    let sandbox = Sandbox::new();
    chart(&sandbox, "app", &[dependency("web", "1.2.0", &server.url())]);
    succeed(&sandbox, &["dependency", "update", "app"]);
    assert_eq!(server.take().len(), 5);
}

#[test]
fn repositories_have_names_and_credentials() {
    let files = repository(CHARTS);
    let authorized = "Basic bWU6c2VjcmV0";
    let elsewhere = {
        let files = files.clone();
        Server::start(move |request| Reply::ok(files[request.path().trim_start_matches('/')].clone()))
    };
    let other = elsewhere.url();
    let server = Server::start(move |request| match (request.path(), request.authorization()) {
        (_, found) if found != Some(authorized) => Reply::status(401),
        ("/charts/index.yaml", _) => {
            let index = String::from_utf8(files["index.yaml"].clone()).unwrap();
            Reply::ok(index.replace("- db-", &format!("- {other}/db-")))
        }
        (path, _) => Reply::redirect(&format!("{other}/{}", path.rsplit('/').next().unwrap())),
    });
    let sandbox = Sandbox::new();
    let write = |pass: bool| {
        sandbox.write("helm/repositories.yaml", &format!(
            "apiVersion: \"\"\nrepositories:\n- name: ours\n  url: {}/charts\n  username: me\n  password: secret\n  pass_credentials_all: {pass}\n",
            server.url()
        ));
    };
    write(false);
    chart(&sandbox, "app", &[dependency("web", "1.x", "@ours"), dependency("db", "3.x", "alias:ours")]);
    let said = succeed(&sandbox, &["dependency", "update", "app"]);
    assert!(said.contains(&format!("Downloaded web 1.10.0 from {}/charts", server.url())), "{said}");
    let sent = |server: &Server| -> Vec<Option<String>> {
        server.requests().iter().map(|request| request.authorization().map(str::to_owned)).collect()
    };
    assert_eq!(sent(&elsewhere), [None, None]);
    elsewhere.take();
    std::fs::remove_dir_all(sandbox.path().join("app/charts")).unwrap();
    std::fs::remove_dir_all(sandbox.path().join("cache")).unwrap();
    write(true);
    succeed(&sandbox, &["dependency", "update", "app"]);
    assert_eq!(sent(&elsewhere), [Some(authorized.to_owned()), Some(authorized.to_owned())]);
    let rendered = succeed(&sandbox, &["render", "x", "ours/web", "--version", "1.2.0"]);
    assert!(rendered.contains("version: \"1.2.0\""), "{rendered}");
    // The flags are for the repository that they are given with.
    let flags = ["--username", "me", "--password", "secret"];
    let repo = format!("{}/charts/", server.url());
    std::fs::remove_file(sandbox.path().join("helm/repositories.yaml")).unwrap();
    succeed(&sandbox, &[&["render", "x", "web", "--repo", &repo][..], &flags].concat());
    let refused = [&["dependency", "update", "app"][..], &flags].concat();
    chart(&sandbox, "app", &[dependency("web", "1.x", &repo)]);
    sandbox.refused(&refused, &["answered 401", "helm repo add"]);
}

#[test]
fn old_charts_have_files_of_their_own() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    sandbox.write("app/Chart.yaml", "apiVersion: v1\nname: app\nversion: 0.1.0\n");
    sandbox.write(
        "app/requirements.yaml",
        &format!("dependencies:\n- {{{}}}\n", dependency("web", "1.x", &server.url())),
    );
    let said = succeed(&sandbox, &["dependency", "update", "app"]);
    assert!(said.contains("Wrote app/requirements.lock"), "{said}");
    succeed(&sandbox, &["dependency", "build", "app", "--frozen"]);
    assert_eq!(
        names(&sandbox.path().join("app")),
        ["Chart.yaml", "charts", "requirements.lock", "requirements.yaml"]
    );
}

#[test]
fn runs_that_share_a_cache_do_not_disturb_each_other() {
    let versions: Vec<String> = (0..8).map(|minor| format!("1.{minor}.0")).collect();
    let charts: Vec<(&str, &str)> = versions.iter().map(|version| ("web", version.as_str())).collect();
    let server = Server::files(repository(&charts));
    let sandbox = Sandbox::new();
    let all: Vec<String> = versions
        .iter()
        .enumerate()
        .map(|(index, version)| format!("{}, alias: web{index}", dependency("web", version, &server.url())))
        .collect();
    let apps: Vec<String> = (0..20).map(|index| format!("app{index}")).collect();
    for app in &apps {
        chart(&sandbox, app, &all);
    }
    std::thread::scope(|scope| {
        for app in &apps {
            scope.spawn(|| succeed(&sandbox, &["dependency", "build", app]));
        }
    });
    check_cache(&sandbox);
    server.take();
    std::fs::remove_dir_all(sandbox.path().join("app0/charts")).unwrap();
    succeed(&sandbox, &["dependency", "build", "app0"]);
    assert_eq!(server.take(), [""; 0]);
}

/// Every archive in the cache is what its name says.
fn check_cache(sandbox: &Sandbox) {
    let root = sandbox.path().join("cache/plimsoll/sha256");
    let mut count = 0;
    for start in names(&root) {
        for name in names(&root.join(&start)).iter().filter(|name| !name.starts_with('.')) {
            assert_eq!(sha256(&std::fs::read(root.join(&start).join(name)).unwrap()), **name);
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn runs_that_are_killed_leave_nothing_broken() {
    let rounds: u64 = tool_number("PLIMSOLL_KILLS").unwrap_or(12);
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    chart(
        &sandbox,
        "app",
        &[dependency("web", "1.x", &server.url()), dependency("db", "3.x", &server.url())],
    );
    for round in 0..rounds {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(["dependency", "update", "app"])
            .current_dir(sandbox.path())
            .envs(sandbox.environment())
            .env("XDG_CACHE_HOME", sandbox.path().join("cache"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(round * 7 % 60));
        child.kill().unwrap();
        child.wait().unwrap();
        for name in names(&sandbox.path().join("app/charts")).iter().filter(|name| !name.starts_with('.')) {
            let bytes = std::fs::read(sandbox.path().join("app/charts").join(name)).unwrap();
            let (chart, version) = name.strip_suffix(".tgz").unwrap().rsplit_once('-').unwrap();
            assert_eq!(sha256(&bytes), sha256(&packed(chart, version)), "{name}");
        }
        if round % 3 == 0 {
            let _ = std::fs::remove_dir_all(sandbox.path().join("app/charts"));
        }
    }
    succeed(&sandbox, &["dependency", "update", "app"]);
    assert_eq!(names(&sandbox.path().join("app/charts")), ["db-3.1.4.tgz", "web-1.10.0.tgz"]);
    check_cache(&sandbox);
}

/// A number that an environment variable sets, for longer runs by hand.
fn tool_number(variable: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "the environment says how long to test")]
    let text = std::env::var(variable).ok()?;
    text.parse().ok()
}

/// What an archive or a directory of archives contains: paths and contents.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for name in names(directory) {
        let path = directory.join(&name);
        if path.is_dir() {
            found.extend(contents(&path).into_iter().map(|(inner, data)| (format!("{name}/{inner}"), data)));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            found.insert(name, bytes);
            continue;
        }
        for entry in tar::Archive::new(GzDecoder::new(bytes.as_slice())).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut data = Vec::new();
            entry.read_to_end(&mut data).unwrap();
            found.insert(format!("{name}:{}", entry.path().unwrap().display()), data);
        }
    }
    found
}

fn helm(sandbox: &Sandbox, args: &[&str]) -> (i32, String) {
    let output = Command::new(tool("PLIMSOLL_HELM"))
        .args(args)
        .current_dir(sandbox.path())
        .envs(sandbox.environment())
        .env("HELM_CONFIG_HOME", sandbox.path().join("helm"))
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    )
}

/// A lock without the time.
fn lock(sandbox: &Sandbox, app: &str) -> Option<String> {
    let text = std::fs::read_to_string(sandbox.path().join(app).join("Chart.lock")).ok()?;
    Some(text.lines().filter(|line| !line.starts_with("generated:")).collect::<Vec<_>>().join("\n"))
}

#[test]
#[ignore = "needs helm (PLIMSOLL_HELM)"]
fn locks_and_charts_are_those_of_helm() {
    let sandbox = Sandbox::new();
    let charts = [
        ("web", "0.0.3"),
        ("web", "0.1.0"),
        ("web", "0.1.9"),
        ("web", "0.2.0"),
        ("web", "1.0.0"),
        ("web", "1.2.0"),
        ("web", "1.10.0"),
        ("web", "1.10.1-beta.2"),
        ("web", "1.10.1-beta.11"),
        ("web", "2.0.0"),
        ("web", "2.1.0+build.5"),
        ("web", "3.0.0-rc.1"),
        ("db", "3.1.4"),
        ("db", "4.0.0"),
        ("v", "v1.5.0"),
    ];
    let mut files = repository(&charts);
    let index = String::from_utf8(files["index.yaml"].clone()).unwrap();
    // What indexes of old tools contain: an entry without a URL, removed versions, one without a name, an invalid version.
    let odd = "  odd:\n  - {name: odd, version: 3.0.0, urls: []}\n  - {name: odd, version: 2.0.0, removed: true, urls: [odd-2.0.0.tgz]}\n  \
               - {version: 5.0.0, urls: [web-1.0.0.tgz]}\n  - {name: odd, version: five, urls: [web-1.0.0.tgz]}\n";
    files.insert(
        "index.yaml".to_owned(),
        index.replace("generated:", &format!("{odd}generated:")).into_bytes(),
    );
    files.insert("odd-2.0.0.tgz".to_owned(), packed("odd", "2.0.0"));
    let server = Server::files(files);
    let url = server.url();
    sandbox.write("lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 0.3.1\ntype: library\nkubeVersion: '>=1.20.0-0'\nhome: https://a.example\n\
        sources: [https://a.example/x]\nkeywords: [z, 'yes']\nicon: https://a.example/i.svg\nmaintainers: [{name: A, email: a@b.c}, {name: B, url: https://b.c}]\n\
        annotations: {b: 'on', a: \"x\\ny\"}\ndescription: a long description that goes on and on until it has to be folded because it is longer than eighty columns\n\
        appVersion: '1.10'\ndeprecated: true\n");
    sandbox.write("lib/values.yaml", "# comment\na: 1\n");
    sandbox.write("lib/.helmignore", "*.md\n");
    sandbox.write("lib/README.md", "ignored\n");
    sandbox.write("lib/files/a.txt", "text\n");
    sandbox.write("lib/templates/_x.tpl", "{{ define \"x\" }}{{ end }}\n");
    chart(&sandbox, "nested", &[format!("{}, condition: web.enabled", dependency("web", "1.2.0", &url))]);
    sandbox.write("nested/charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 1.0.0\n");
    sandbox.write_bytes("nested/charts/web-1.2.0.tgz", &packed("web", "1.2.0"));
    sandbox.write("old/Chart.yaml", "apiVersion: v1\nname: old\nversion: 1.0.0\n");
    let web = |range: &str| vec![dependency("web", range, &url)];
    let mut cases: Vec<Vec<String>> = [
        "1.2.0",
        "v1.2.0",
        "1.2",
        "1",
        "^1",
        "~1",
        "~1.2",
        "^0.1",
        "^0.0.3",
        "0.x",
        "*",
        ">=1.0.0",
        ">1.0.0 <2.0.0",
        ">=1.0.0, <1.10.0",
        "1.x || 3.x",
        ">=0.0.0-0",
        "^1.10.1-0",
        "~1.10.1-beta.2",
        "1.10.1-beta.11",
        "<1.0.0",
        "!=2.1.0",
        "2.1.0",
        "2.1.0+build.5",
        "1.0.0 - 1.9.9",
        ">9",
        "9.9.9",
        "not a range",
        "",
        "3.0.0-rc.1",
        "=1.2.0",
        "=>1.2",
        "~>1.2",
    ]
    .into_iter()
    .map(web)
    .collect();
    let lib = || dependency("lib", "0.x.x", "file://../lib");
    cases.extend([
        vec![dependency("web", "1.x", &format!("{url}/"))],
        vec![dependency("web", "1.x", &url), format!("{}, alias: two", dependency("web", "1.x", &url))],
        vec![dependency("web", "1.x", &url), format!("{}, alias: two", dependency("web", "2.x", &url))],
        vec![format!("{}, condition: 'web.enabled,a<b&c>', tags: [x, 'y'], import-values: [data, {{parent: p, child: c}}]", dependency("web", "1.x", &url))],
        vec![lib()],
        vec![lib(), dependency("db", "~3", &url), dependency("web", "*", &url)],
        vec![dependency("lib", "1.x", "file://../lib")],
        vec![dependency("nested", "0.1.0", "file://../nested")],
        vec![dependency("old", "1.0.0", "file://../old")],
        vec![dependency("gone", "1.0.0", "file://../gone")],
        vec![dependency("gone", "1.0.0", &url)],
        vec![dependency("odd", ">=1", &url)],
        vec![dependency("odd", "3.0.0", &url)],
        vec![dependency("v", "1.x", &url)],
        vec![dependency("web", "1.x", "@ours")],
        vec![dependency("web", "1.x", "alias:ours"), dependency("db", "*", &url)],
        vec![dependency("web", "1.x", "@theirs")],
        vec![dependency("web", "1.x", "ours")],
        vec!["name: own, version: 1.x".to_owned()],
        vec!["name: own, version: 2.x".to_owned()],
        vec!["name: own, version: 1.x, repository: ''".to_owned(), dependency("db", "*", &url)],
        vec![],
    ]);
    sandbox.write(
        "helm/repositories.yaml",
        &format!("apiVersion: \"\"\nrepositories:\n- {{name: ours, url: {url:?}}}\n"),
    );
    assert!(cases.len() >= 50);
    for (index, case) in cases.iter().enumerate() {
        let [ours, theirs] = ["ours", "theirs"].map(|whose| format!("{whose}{index}/app"));
        for (whose, app) in [("ours", &ours), ("theirs", &theirs)] {
            for other in ["lib", "nested", "old"] {
                sandbox.copy_within(
                    other,
                    &std::fs::create_dir_all(sandbox.path().join(format!("{whose}{index}")))
                        .map(|()| format!("{whose}{index}/{other}"))
                        .unwrap(),
                );
            }
            chart(&sandbox, app, case);
            sandbox.write(
                &format!("{app}/charts/own/Chart.yaml"),
                "apiVersion: v2\nname: own\nversion: 1.2.3\n",
            );
            sandbox.write_bytes(&format!("{app}/charts/stale-1.0.0.tgz"), &packed("stale", "1.0.0"));
        }
        let Outcome { code, stderr, .. } = sandbox.run(&["dependency", "update", &ours]);
        let (expected, said) = helm(&sandbox, &["dependency", "update", &theirs]);
        assert_eq!(code != 0, expected != 0, "{case:?}\n{stderr}\n{said}");
        if code == 0 {
            assert_eq!(lock(&sandbox, &ours), lock(&sandbox, &theirs), "{case:?}");
            let charts = [&ours, &theirs].map(|app| contents(&sandbox.path().join(app).join("charts")));
            assert_eq!(charts[0], charts[1], "{case:?}");
            let (code, said) = helm(&sandbox, &["dependency", "build", &ours]);
            let known = case.iter().all(|one| !one.contains("http"));
            assert!(code == 0 || known, "{case:?}: {said}");
        }
        let listed = succeed_list(&sandbox, &ours);
        let (_, expected) = helm(&sandbox, &["dependency", "list", &ours]);
        // A range that is not one is refused when the chart is read.
        assert!(listed.is_none_or(|listed| listed == expected), "{case:?}\n{expected}");
    }
}

fn succeed_list(sandbox: &Sandbox, app: &str) -> Option<String> {
    let Outcome { code, stdout, .. } = sandbox.run(&["dependency", "list", app]);
    (code == 0).then_some(stdout)
}
