//! Charts that a SOURCE names by URL, by repository or by registry, and dependencies fetched on the way.

use crate::dependency::{CHARTS, chart, dependency, names, packed, repository, succeed};
use crate::server::{Reply, Server};
use crate::support::Sandbox;

#[test]
fn a_source_may_be_a_url_or_a_name_in_a_repository() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    let url = server.url();
    sandbox.write("helm/repositories.yaml", &format!("repositories:\n- {{name: ours, url: {url:?}}}\n"));
    let archive = format!("{url}/web-1.2.0.tgz");
    for (args, version) in [
        (vec![archive.as_str()], "1.2.0"),
        (vec!["web", "--repo", &url], "1.10.0"),
        (vec!["web", "--repo", &url, "--version", "~1.2"], "1.2.0"),
        (vec!["web", "--repo", &url, "--devel"], "2.0.0-rc.1"),
        (vec!["ours/web", "--version", "1.10.0"], "1.10.0"),
    ] {
        let rendered = succeed(&sandbox, &[&["render", "x"][..], &args].concat());
        assert!(rendered.contains("# Source: web/templates/cm.yaml"), "{rendered}");
        assert!(rendered.contains(&format!("version: {version:?}")), "{args:?}: {rendered}");
        succeed(&sandbox, &[&["lint"][..], &args].concat());
        assert!(succeed(&sandbox, &[&["values"][..], &args].concat()).contains("enabled: true"));
        succeed(&sandbox, &[&["preview", "x"][..], &args].concat());
    }
    server.take();
    succeed(&sandbox, &["render", "x", "ours/web", "--version", "1.10.0"]);
    succeed(&sandbox, &["render", "x", &archive, "--offline"]);
    assert_eq!(server.take(), [""; 0]);
    sandbox.refused(
        &["render", "x", "web", "--repo", &url, "--offline", "--version", "7"],
        &["is not in the cache", "without --offline"],
    );
    sandbox.refused(&["render", "x", "gone", "--repo", &url], &["there is no chart `gone`"]);
    sandbox.refused(&["render", "x", "."], &["Chart.yaml"]);
    sandbox.refused(
        &["render", "x", "gone", "--version", "1"],
        &["--version has no effect: `gone` is a path", "there is no chart at `gone`"],
    );
    sandbox.refused(&["render", "x", &format!("{url}/gone.tgz")], &["gone.tgz` answered 404"]);
}

#[test]
fn paths_go_before_names_and_are_never_asked_for() {
    let sandbox = Sandbox::new();
    let server = Server::start(|_| Reply::status(404));
    sandbox.write(
        "helm/repositories.yaml",
        &format!("repositories:\n- {{name: ours, url: {:?}}}\n", server.url()),
    );
    chart(&sandbox, "ours/web", &[dependency("db", "3.x", &server.url())]);
    sandbox.refused(
        &["render", "x", "ours/web"],
        &["`db` is not in `charts/`", "plimsoll dependency build ours/web"],
    );
    assert_eq!(server.take(), [""; 0]);
}

#[test]
fn versions_of_one_chart_are_compared() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    let url = server.url();
    let (old, new) = (format!("{url}/web-1.2.0.tgz"), format!("{url}/web-1.10.0.tgz"));
    for args in [vec!["web", "--repo", &url, "--against-version", "1.2.0"], vec![&new, "--against", &old]] {
        let outcome = sandbox.run(&[&["diff", "x"][..], &args, &["--format", "unified"]].concat());
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        for line in ["-  version: 1.2.0", "+  version: 1.10.0"] {
            assert!(outcome.stdout.contains(line), "{args:?}: {}", outcome.stdout);
        }
    }
    sandbox.refused(
        &["diff", "x", ".", "--against-version", "1"],
        &["--against-version needs a chart from a repository"],
    );
    sandbox.refused(&["diff", "x", &new, "--against", "git:main"], &["has no git history"]);
}

#[test]
fn dependencies_are_fetched_on_the_way() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    chart(
        &sandbox,
        "app",
        &[dependency("lib", "0.1.0", "file://../lib"), dependency("db", "3.x", &server.url())],
    );
    chart(&sandbox, "lib", &[dependency("web", "^1.0.0", &server.url())]);
    sandbox.write_bytes("lib/charts/web-1.2.0.tgz", &packed("web", "1.2.0"));
    let rendered = succeed(&sandbox, &["render", "x", "app", "--fetch"]);
    assert!(rendered.contains("# Source: app/charts/db/templates/cm.yaml"), "{rendered}");
    assert!(rendered.contains("version: \"1.2.0\""), "{rendered}");
    assert_eq!(names(&sandbox.path().join("app")), ["Chart.yaml", "templates"]);
    server.take();
    let again = succeed(&sandbox, &["render", "x", "app", "--fetch", "--offline"]);
    assert_eq!((again, server.take()), (rendered, Vec::new()));
    std::fs::remove_file(sandbox.path().join("lib/charts/web-1.2.0.tgz")).unwrap();
    let nested = succeed(&sandbox, &["render", "x", "app", "--dependency-update"]);
    assert!(nested.contains("version: \"1.10.0\""), "{nested}");
}

#[test]
fn charts_are_pulled() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    let url = server.url();
    succeed(&sandbox, &["pull", "web", "--repo", &url, "--version", "1.x", "-d", "out"]);
    assert_eq!(names(&sandbox.path().join("out")), ["web-1.10.0.tgz"]);
    let untar = ["pull", &format!("{url}/web-1.2.0.tgz"), "--untar", "-d", "out", "--untardir", "in"];
    assert_eq!(succeed(&sandbox, &untar), "Wrote out/in/web\n");
    assert_eq!(names(&sandbox.path().join("out/in/web")), ["Chart.yaml", "templates", "values.yaml"]);
    sandbox.refused(&untar, &["`out/in/web` exists already"]);
    sandbox.refused(&["pull", "web"], &["`web` does not name a chart in a repository", "--repo URL"]);
}
