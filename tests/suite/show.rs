//! `plimsoll show`, beside the real helm.

use crate::dependency::{CHARTS, repository, succeed};
use crate::server::Server;
use crate::support::{Sandbox, tool};
use std::process::Command;

const PARTS: [&str; 5] = ["chart", "values", "readme", "crds", "all"];

/// A chart that has everything, in the ways that are easily lost: a byte order mark, comments, line breaks of Windows, no
/// line break at the end.
fn chart(sandbox: &Sandbox) {
    let metadata = "# own\napiVersion: v2\nversion: 1.0.0\nname: app\nappVersion: \"1.10\"\nunknown: 1\nkeywords: [b, a]\n\
                    annotations: {z: \"true\", a: text}\ndescription: 'a: b'\nkubeVersion: '>=1.20'\n\
                    maintainers: [{name: Ada, email: ada@example.com}]\ndeprecated: true\n\
                    dependencies: [{name: db, version: 1.x, condition: db.enabled, tags: [a], alias: store}]\n";
    for (path, text) in [
        ("Chart.yaml", metadata),
        ("values.yaml", "\u{feff}# sizes\r\na: 1 # one\r\nb: [1, 2]\r\n"),
        ("README.md", "# App"),
        ("readme.txt", "other\n"),
        ("crds/b.yaml", "# second\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"),
        ("crds/a.json", "---\n{\"kind\": \"CustomResourceDefinition\"}"),
        ("crds/notes.txt", "ignored"),
        ("templates/a.yaml", "a: {{ 1\n"),
        ("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n"),
        ("charts/db/crds/c.yml", "c: 1\n\n"),
    ] {
        sandbox.write(&format!("app/{path}"), text);
    }
    sandbox.write("old/Chart.yaml", "name: old\nversion: 0.1.0\napiVersion: v1\nengine: gotpl\n");
    sandbox.write(
        "old/requirements.yaml",
        "dependencies: [{name: web, version: ^1.0.0, repository: \"@own\"}]\n",
    );
    sandbox.write("old/values.yaml", "");
    sandbox.write("bare/Chart.yaml", "name: bare\nversion: 0.1.0\napiVersion: v2\ntype: library\n");
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn parts_of_a_chart_are_what_helm_shows() {
    let sandbox = Sandbox::new();
    chart(&sandbox);
    let helm = |args: &[&str]| {
        let output =
            Command::new(tool("PLIMSOLL_HELM")).args(args).current_dir(sandbox.path()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    helm(&["package", "app"]);
    for source in ["app", "app-1.0.0.tgz", "old", "bare"] {
        for part in PARTS {
            let ours = succeed(&sandbox, &["show", part, source]);
            assert_eq!(ours, helm(&["show", part, source]), "{part} {source}");
        }
    }
}

#[test]
fn charts_from_elsewhere_are_shown() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    let url = server.url();
    let shown = succeed(&sandbox, &["show", "chart", "web", "--repo", &url, "--version", "~1.2"]);
    assert_eq!(shown, "apiVersion: v2\nname: web\nversion: 1.2.0\n\n");
    let archive = format!("{url}/web-1.10.0.tgz");
    assert_eq!(succeed(&sandbox, &["inspect", "values", &archive]), "enabled: true\n\n");
    assert!(succeed(&sandbox, &["show", "all", "builtin:statefulset"]).contains("name: statefulset\n"));
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let sandbox = Sandbox::new();
    chart(&sandbox);
    sandbox.refused(&["show", "chart", "gone"], &["there is no chart at `gone`"]);
    sandbox
        .refused(&["show", "values", "app", "--jsonpath", "{.a}"], &["`--jsonpath` is not supported", "yq"]);
    sandbox.refused(&["show", "hooks", "app"], &["chart, values, readme, crds, all"]);
}
