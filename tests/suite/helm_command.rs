//! plimsoll in the place of `helm`: the command lines of the tools that call it, and side by side with the real one.

use crate::dependency::{CHARTS, chart, dependency, names, packed, repository};
use crate::server::{Reply, Server};
use crate::support::{Outcome, Sandbox, tool};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs `plimsoll helm`.
fn helm(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run(&[&["helm"], args].concat())
}

/// Runs it where it must succeed without a word beside its result.
fn answer(sandbox: &Sandbox, args: &[&str]) -> String {
    let Outcome { code, stdout, stderr } = helm(sandbox, args);
    assert_eq!((code, stderr.as_str()), (0, ""), "{args:?}: {stdout}");
    stdout
}

/// Runs it where it must fail as Helm does, with code 1.
fn refused(sandbox: &Sandbox, args: &[&str], told: &str) {
    let Outcome { code, stdout, stderr } = helm(sandbox, args);
    assert_eq!((code, stdout.as_str()), (1, ""), "{args:?}: {stderr}");
    assert!(stderr.contains(told), "{args:?} does not say `{told}`: {stderr}");
}

/// A chart with a hook, a test, a definition, notes and what the templates see of the release and the cluster.
fn web(sandbox: &Sandbox) {
    let object = |name: &str, annotations: &str, data: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {{{{ .Release.Namespace }}}}\n  annotations: {{{annotations}}}\ndata: {{{data}}}\n"
        )
    };
    let seen = "release: {{ .Release.Name }}, upgrade: \"{{ .Release.IsUpgrade }}\", kube: {{ .Capabilities.KubeVersion }}, \
                served: \"{{ .Capabilities.APIVersions.Has \"example.com/v1\" }}\", size: {{ .Values.size | quote }}, \
                name: {{ .Values.name | default \"none\" }}, file: {{ .Values.file | default \"none\" }}";
    for (path, text) in [
        ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\nengine: gotpl\n"),
        ("values.yaml", "size: 1\n"),
        ("values.schema.json", "{\"properties\": {\"size\": {\"type\": [\"integer\", \"string\"]}}}"),
        (
            "crds/a.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.example.com}\n",
        ),
        ("templates/NOTES.txt", "Thanks.\n"),
        ("templates/cm.yaml", &object("{{ .Release.Name }}-web", "", seen)),
        ("templates/hook.yaml", &object("hook", "helm.sh/hook: pre-install", "")),
        ("templates/test.yaml", &object("test", "helm.sh/hook: test", "")),
    ] {
        sandbox.write(&format!("web/{path}"), text);
    }
    sandbox.write("prod.yaml", "size: 3\n");
    sandbox.write("more.yaml", "name: more\n");
    sandbox.write("note.txt", "text");
    sandbox.write("registry.json", "{}");
}

/// The command lines with which tools ask for the version, and what they must find in the answer.
#[test]
fn tools_learn_the_version_that_they_accept() {
    let sandbox = Sandbox::new();
    let build = concat!("plimsoll.", env!("CARGO_PKG_VERSION"));
    // kustomize 5.8 (api/internal/builtins/HelmChartInflationGenerator.go) wants 3 or 4, helmfile 1.7
    // (pkg/helmexec/exec.go) and Argo CD 3.5 (util/helm/helm.go) a Semantic Version.
    assert_eq!(answer(&sandbox, &["version", "--short"]), format!("v4.1.4+{build}\n"));
    // kustomize 5.7, which is part of kubectl 1.35, wants 3.
    assert_eq!(answer(&sandbox, &["version", "-c", "--short"]), format!("v3.19.0+{build}\n"));
    // chart-testing 3.14 (pkg/tool/helm.go).
    assert_eq!(answer(&sandbox, &["version", "--template", "{{ .Version }}"]), "v4.1.4");
    // Skaffold 2 (pkg/skaffold/helm/bin.go) takes the first number.
    let full = answer(&sandbox, &["version"]);
    assert!(full.starts_with("version.BuildInfo{Version:\"v4.1.4\", GitCommit:"), "{full}");
    let as_three = sandbox.run_with(&["helm", "version", "--short"], &[("PLIMSOLL_HELM_MAJOR", "3")], "");
    assert_eq!(as_three.stdout, format!("v3.19.0+{build}\n"));
    let neither = sandbox.run_with(&["helm", "version"], &[("PLIMSOLL_HELM_MAJOR", "2")], "");
    assert_eq!(neither.code, 1);
    refused(&sandbox, &["version", "--template", "{{ .Version"], "--template");
}

#[test]
fn the_name_of_the_program_decides() {
    let sandbox = Sandbox::new();
    web(&sandbox);
    let link = link(&sandbox);
    let output =
        Command::new(link).args(["template", "x", "web"]).current_dir(sandbox.path()).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), answer(&sandbox, &["template", "x", "web"]));
}

/// A link to plimsoll that is named `helm`.
fn link(sandbox: &Sandbox) -> PathBuf {
    std::fs::create_dir_all(sandbox.path().join("bin")).unwrap();
    let link = sandbox.path().join("bin/helm");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_plimsoll"), &link).unwrap();
    link
}

/// Command lines with which tools render charts.
const TEMPLATES: &[&[&str]] = &[
    // kustomize 5.8, api/types/helmchartargs.go
    &[
        "template",
        "one",
        "web",
        "--namespace",
        "shop",
        "-f",
        "prod.yaml",
        "-f",
        "more.yaml",
        "--api-versions",
        "example.com/v1",
        "--kube-version",
        "1.33",
        "--include-crds",
        "--skip-tests",
        "--no-hooks",
        "--debug",
        "--devel",
    ],
    &["template", "--generate-name", "web", "-f", "prod.yaml"],
    &[
        "template",
        "--generate-name",
        "web",
        "--name-template",
        "a-{{ \"b\" | upper | lower }}",
        "-f",
        "prod.yaml",
    ],
    // Argo CD 3.5, util/helm/cmd.go
    &[
        "template",
        "web",
        "--name-template",
        "one",
        "--namespace",
        "shop",
        "--kube-version",
        "1.34",
        "--set",
        "size=2",
        "--set-string",
        "name=07",
        "--set-file",
        "file=note.txt",
        "--values",
        "prod.yaml",
        "--api-versions",
        "example.com/v1",
        "--api-versions",
        "example.com/v2",
        "--include-crds",
        "--skip-schema-validation",
        "--skip-tests",
    ],
    // helmfile 1.7, pkg/helmexec/exec.go and pkg/state/state.go
    &[
        "--kubeconfig",
        "none",
        "--kube-context",
        "eu",
        "template",
        "one",
        "web",
        "--values",
        "prod.yaml",
        "--namespace",
        "shop",
        "--include-crds",
        "--no-hooks",
        "--skip-tests",
        "--skip-schema-validation",
        "--show-only",
        "templates/cm.yaml",
    ],
    // Skaffold 2, pkg/skaffold/helm/bin.go and args.go
    &[
        "--kube-context",
        "eu",
        "template",
        "one",
        "web",
        "--set",
        "size=2",
        "-f",
        "prod.yaml",
        "--namespace",
        "shop",
        "--kubeconfig",
        "none",
    ],
    // flux-local 7, flux_local/helm.py
    &[
        "template",
        "one",
        "web",
        "--namespace",
        "shop",
        "--skip-crds",
        "--skip-tests",
        "--api-versions",
        "policy/v1/PodDisruptionBudget,example.com/v1",
        "--registry-config",
        "registry.json",
        "--repository-cache",
        "cache",
        "--repository-config",
        "none.yaml",
        "--values",
        "prod.yaml",
    ],
];

/// What else Helm takes.
const FLAGS: &[&[&str]] = &[
    &["template", "web"],
    &["template", "one", "web", "--is-upgrade", "--render-subchart-notes", "--hide-notes"],
    &[
        "template",
        "one",
        "web",
        "-n",
        "a",
        "--namespace",
        "b",
        "--wait=legacy",
        "--include-crds=true",
        "--skip-tests=false",
    ],
    &[
        "template",
        "one",
        "web",
        "--include-crds=false",
        "--no-hooks=1",
        "-l",
        "a=b",
        "--dry-run=client",
        "--atomic",
        "--server-side=false",
    ],
    &[
        "template",
        "one",
        "web",
        "--set-json",
        "name={\"a\": 1}",
        "--set-literal",
        "file=a,b",
        "-s",
        "templates/cm.yaml",
        "-s",
        "templates/hook.yaml",
    ],
    &["template", "one", "web", "-g"],
    &["template", "one", "web", "extra"],
    &["template", "one", "web", "--dry-run=none"],
    &["template", "one", "web", "-s", "templates/none.yaml"],
    &["template", "one", "web", "--set", "size=true"],
    &["template", "One_", "web"],
    // What is empty is not set.
    &["template", "one", "web", "--namespace", "", "--kube-version=", "--output-dir=", "--name-template="],
    &["template", "web", "-n", "", "--values=", "--repo", "", "--version="],
    &["template", "one", "web", "--timeout="],
    &["template", "one", "web", "--dry-run=true"],
    &["template", "one", "web", "--dry-run=false"],
    &["template", "one", "web", "-a", "a/v1,\"example.com/v1\""],
    &["template", "one", "web", "-a", "a/v1\nexample.com/v1"],
    &["template", "one", "web", "-a", "\"a/v1,example.com/v1\""],
    &["template", "one", "web", "--kube-version", "01.30"],
    &["template", "one", "web", "-s", "templates/??.yaml"],
    &["template", "one", "web", "-s", "templates/{cm,hook}.yaml"],
    &["template", "one", "web", "-s", "templates/[a-c]m.yaml"],
    &["template"],
    &["template", "gone"],
    &["template", "one", "web", "--nope"],
    &["nope"],
    &["show", "values"],
    &["lint"],
    &["pull"],
];

#[test]
fn tools_render_charts() {
    let sandbox = Sandbox::new();
    web(&sandbox);
    for args in TEMPLATES {
        let rendered = answer(&sandbox, args);
        assert!(rendered.contains("# Source: web/templates/cm.yaml"), "{args:?}: {rendered}");
    }
    assert!(answer(&sandbox, TEMPLATES[1]).contains("name: release-name-web\n"));
    assert!(answer(&sandbox, TEMPLATES[2]).contains("name: a-b-web\n"));
    let rendered = answer(&sandbox, TEMPLATES[3]);
    for part in [
        "name: one-web",
        "namespace: shop",
        "served: \"true\"",
        "kube: v1.34",
        "size: \"2\"",
        "name: 07",
        "file: text",
    ] {
        assert!(rendered.contains(part), "{part}: {rendered}");
    }
    assert!(rendered.contains("CustomResourceDefinition") && !rendered.contains("name: test"), "{rendered}");
    refused(
        &sandbox,
        &["template", "one", "web", "-g"],
        "cannot set --generate-name and also specify a name",
    );
    let written = answer(&sandbox, &["template", "one", "web", "--output-dir", "out", "--release-name"]);
    assert!(written.contains("wrote out/one/web/templates/cm.yaml\n"), "{written}");
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn templates_are_what_helm_prints() {
    let sandbox = Sandbox::new();
    web(&sandbox);
    sandbox.write("kubeconfig", "apiVersion: v1\nkind: Config\ncurrent-context: eu\ncontexts:\n- {name: eu, context: {namespace: of-eu}}\n- {name: us, context: {namespace: of-us}}\n");
    let environments: [&[(&str, &str)]; 3] =
        [&[], &[("HELM_NAMESPACE", "of-variable")], &[("KUBECONFIG", "kubeconfig")]];
    for environment in environments {
        for args in TEMPLATES.iter().chain(FLAGS) {
            compare(&sandbox, args, environment);
        }
    }
    let kubeconfig: [&[(&str, &str)]; 3] = [
        &[("KUBECONFIG", "none:kubeconfig")],
        &[("KUBECONFIG", "kubeconfig"), ("HELM_KUBECONTEXT", "us")],
        &[("HOME", "/nowhere")],
    ];
    for environment in kubeconfig {
        compare(&sandbox, &["template", "one", "web"], environment);
        compare(&sandbox, &["template", "one", "web", "--kube-context", "us"], environment);
        compare(&sandbox, &["template", "one", "web", "--kubeconfig", "kubeconfig"], environment);
    }
}

/// Files of a chart, and whether Helm renders it.
type Loaded<'a> = (&'a [(&'a str, &'a str)], bool);

const LOADED: &[Loaded] = &[
    (&[("templates/a.yaml", "kind: [a]\n")], false),
    (&[("templates/a.yaml", "apiVersion: {a: b}\n")], false),
    (&[("templates/a.yaml", "kind: 1\napiVersion: true\n")], true),
    (&[("templates/a.yaml", "metadata: text\n")], false),
    (&[("templates/a.yaml", "metadata:\n")], true),
    (&[("templates/a.yaml", "metadata: {name: [a]}\n")], false),
    (&[("templates/a.yaml", "metadata: {name: 1, annotations: {a: 1, b: null}}\n")], true),
    (&[("templates/a.yaml", "metadata: {annotations: [a]}\n")], false),
    (&[("templates/a.yaml", "metadata: {annotations: {a: [b]}}\n")], false),
    (&[("templates/a.yaml", "items: []\nmetadata: {annotations: {a: {}}}\n")], false),
    (&[("Chart.yaml", "%YAML 1.1\n---\nname: c\nversion: 1.0.0\n---\nname: d\n")], true),
    (&[("Chart.yaml", "---\n---\nname: c\nversion: 1.0.0\n")], false),
    (&[("Chart.yaml", "apiVersion: \"\"\nname: c\nversion: 1.0.0\nkeywords: [a, null]\n")], true),
    (&[("Chart.lock", "<<<<<<< HEAD\n")], false),
    (&[("Chart.lock", "- a\n")], false),
    (&[("Chart.lock", "dependencies: a\n")], false),
    (&[("Chart.lock", "dependencies: [{name: [a]}]\n")], false),
    (&[("Chart.lock", "dependencies: [{name: a, version: 1, tags: a}]\n")], false),
    (&[("Chart.lock", "dependencies: [null]\ndigest: 1\n")], true),
    (&[("Chart.lock", "generated: 2020-01-01\n")], false),
    (&[("Chart.lock", "generated: \"2020-01-01T01:00:00+25:00\"\n")], false),
    (&[("Chart.lock", "generated: \"2020-01-01T01:00:00.5+01:00\"\n")], true),
    (&[("requirements.lock", "{")], false),
    (&[("Chart.yaml", "name: c\nversion: 1.0.0\nappVersion: 1.123456789\n")], true),
    (&[("empty", ""), ("templates/a.yaml", "a: {{ .Files.Lines \"none\" }}\n")], true),
    (&[("empty", ""), ("templates/a.yaml", "a: {{ .Files.Lines \"empty\" }}\n")], false),
    (&[("charts/sub/Chart.yaml", "name: sub\nversion: 1.0.0\nkubeVersion: <1.20\n")], true),
    (&[("Chart.yaml", "name: c\nversion: 1.0.0\nkubeVersion: <1.20\n")], false),
    (
        &[
            (
                "Chart.yaml",
                "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: sub, version: 1.0.0, import-values: [[a], 1, {parent: b}, {child: m, parent: n}]}\n",
            ),
            ("charts/sub/Chart.yaml", "name: sub\nversion: 1.0.0\n"),
            ("charts/sub/values.yaml", "m: {a: 1}\n"),
            ("templates/a.yaml", "kind: Pod\na: {{ toJson .Values }}\n"),
        ],
        true,
    ),
];

/// Writes the files of a chart, the rest of which is sound.
fn write_chart(sandbox: &Sandbox, files: &[(&str, &str)]) {
    let _ = std::fs::remove_dir_all(sandbox.path().join("c"));
    sandbox.write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
    sandbox.write(
        "c/templates/b.yaml",
        "kind: ConfigMap\nfiles: {{ .Files | toJson }}\nchart: {{ .Chart | toJson }}\n",
    );
    for (path, text) in files {
        sandbox.write(&format!("c/{path}"), text);
    }
}

#[test]
fn charts_are_loaded_as_by_helm() {
    let sandbox = Sandbox::new();
    for (files, is_accepted) in LOADED {
        write_chart(&sandbox, files);
        let outcome = helm(&sandbox, &["template", "one", "c"]);
        assert_eq!(outcome.code == 0, *is_accepted, "{files:?}: {}", outcome.stderr);
    }
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn charts_render_as_helm_loads_them() {
    let sandbox = Sandbox::new();
    for (files, _) in LOADED {
        write_chart(&sandbox, files);
        let (theirs, ours) =
            (judge(&sandbox, &["template", "one", "c"], &[]), helm(&sandbox, &["template", "one", "c"]));
        assert_eq!((ours.code, ours.stdout), (theirs.code, theirs.stdout), "{files:?}: {}", theirs.stderr);
    }
}

/// What a run of Helm leaves.
fn judge(sandbox: &Sandbox, args: &[&str], environment: &[(&str, &str)]) -> Outcome {
    let output = Command::new(tool("PLIMSOLL_HELM"))
        .args(args)
        .current_dir(sandbox.path())
        .envs([
            ("HELM_CONFIG_HOME", "helm"),
            ("HELM_CACHE_HOME", "helm/cache"),
            ("HELM_DATA_HOME", "helm/data"),
        ])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs both, and compares what they print and how they end.
fn compare(sandbox: &Sandbox, args: &[&str], environment: &[(&str, &str)]) {
    let theirs = judge(sandbox, args, environment);
    let ours = sandbox.run_with(&[&["helm"], args].concat(), environment, "");
    assert_eq!(
        (ours.stdout, ours.code),
        (theirs.stdout, theirs.code),
        "{args:?} {environment:?}: {} / {}",
        ours.stderr,
        theirs.stderr
    );
    assert_eq!(ours.stderr.is_empty(), theirs.code == 0, "{args:?}: {}", ours.stderr);
}

#[test]
#[ignore = "needs kubectl and helm: set PLIMSOLL_KUBECTL and PLIMSOLL_HELM"]
fn kustomize_builds_with_it_what_it_builds_with_helm() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    let ours = link(&sandbox);
    // This kustomize wants to hear of Helm 3, which Helm 4 does not say.
    let script = format!(
        "case \"$1 $2\" in 'version -c') echo v3.19.0 ;; *) exec {} \"$@\" ;; esac",
        tool("PLIMSOLL_HELM").display()
    );
    sandbox.script("bin/theirs", &script);
    let url = server.url();
    for (name, text) in [
        ("local", "helmCharts:\n- {name: web, releaseName: one, namespace: shop, includeCRDs: true, skipTests: true, valuesInline: {size: 5}, apiVersions: [example.com/v1], kubeVersion: \"1.33\"}\n- {name: web, nameTemplate: b, valuesFile: ../prod.yaml, skipHooks: true, valuesMerge: replace}\n".to_owned()),
        ("remote", format!("helmCharts:\n- {{name: web, repo: {url:?}, version: 1.2.0, releaseName: one}}\n- {{name: db, repo: {url:?}, releaseName: two}}\nnamePrefix: p-\n")),
    ] {
        let built: Vec<String> = [ours.clone(), sandbox.path().join("bin/theirs")]
            .into_iter()
            .map(|helm| {
                let directory = sandbox.path().join(name);
                let _ = std::fs::remove_dir_all(&directory);
                let home = Sandbox::new();
                web(&home);
                std::fs::create_dir_all(&directory).unwrap();
                if name == "local" {
                    std::fs::create_dir_all(directory.join("charts")).unwrap();
                    std::fs::rename(home.path().join("web"), directory.join("charts/web")).unwrap();
                }
                let text = text.replace("../prod.yaml", "prod.yaml");
                sandbox.write(&format!("{name}/kustomization.yaml"), &text);
                sandbox.write(&format!("{name}/prod.yaml"), "size: 3\n");
                let output = Command::new(tool("PLIMSOLL_KUBECTL"))
                    .args(["kustomize", "--enable-helm", "--helm-command"])
                    .args([&helm, &directory])
                    .env("XDG_CACHE_HOME", sandbox.path().join("cache"))
                    .output()
                    .unwrap();
                assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8(output.stdout).unwrap()
            })
            .collect();
        assert!(built[0].contains("kind: ConfigMap"), "{}", built[0]);
        assert_eq!(built[0], built[1], "{name}");
    }
}

#[test]
fn tools_fetch_charts() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    let url = server.url();
    // kustomize 5.8
    let args =
        ["pull", "--untar", "--untardir", "charts/web-1.2.0", "--repo", &url, "web", "--version", "1.2.0"];
    assert_eq!(answer(&sandbox, &args), "");
    assert_eq!(
        names(&sandbox.path().join("charts/web-1.2.0/web")),
        ["Chart.yaml", "templates", "values.yaml"]
    );
    // Argo CD 3.5, which expects one file
    let args = [
        "pull",
        "--destination",
        "argo",
        "--version",
        "1.10.0",
        "--username",
        "a",
        "--password",
        "b",
        "--repo",
        &url,
        "web",
        "--pass-credentials",
    ];
    assert_eq!(answer(&sandbox, &args), "");
    assert_eq!(names(&sandbox.path().join("argo")), ["web-1.10.0.tgz"]);
    // helmfile 1.7
    answer(&sandbox, &["repo", "add", "ours", &url, "--force-update", "--pass-credentials"]);
    answer(&sandbox, &["repo", "update"]);
    answer(&sandbox, &["fetch", "ours/web", "--version", "1.2.0", "--untar", "--untardir", "cached"]);
    assert_eq!(names(&sandbox.path().join("cached")), ["web"]);
    // Several at once, as Helm allows.
    answer(&sandbox, &["pull", "ours/web", "ours/db", "-d", "both"]);
    assert_eq!(names(&sandbox.path().join("both")), ["db-3.1.4.tgz", "web-1.10.0.tgz"]);
    refused(&sandbox, &["pull", "ours/gone"], "there is no chart `gone`");
    refused(&sandbox, &["pull", "ours/web", "--prov"], "cannot fetch the provenance file");
    // chart-testing 3.14, Argo CD 3.5 and Skaffold 2
    chart(&sandbox, "app", &[dependency("web", "1.x", &url)]);
    for args in [
        vec!["dependency", "build", "app"],
        vec!["dependency", "build", "app", "--skip-refresh", "--insecure-skip-tls-verify", "--plain-http"],
        vec!["--kube-context", "eu", "dep", "build", "app", "--kubeconfig", "none"],
        vec!["dependency", "update", "app", "--keyring", "none"],
        vec!["dependency", "list", "app"],
    ] {
        answer(&sandbox, &args);
    }
    assert_eq!(names(&sandbox.path().join("app/charts")), ["web-1.10.0.tgz"]);
}

#[test]
fn argo_cd_learns_that_dependencies_are_missing() {
    let sandbox = Sandbox::new();
    chart(
        &sandbox,
        "app",
        &[dependency("web", "1.x", "https://charts.example.com"), dependency("db", "1.x", "")],
    );
    sandbox.write("app/charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n");
    // util/helm/helm.go of Argo CD 3.5 looks for this text, and builds the dependencies.
    refused(
        &sandbox,
        &["template", "app", "--name-template", "one", "--include-crds"],
        "found in Chart.yaml, but missing in charts/ directory: web\n",
    );
}

#[test]
fn repositories_are_those_of_helm() {
    let server = Server::files(repository(CHARTS));
    let sandbox = Sandbox::new();
    let url = server.url();
    let none = helm(&sandbox, &["repo", "list"]);
    assert_eq!((none.code, none.stdout.as_str(), none.stderr.as_str()), (0, "", "no repositories to show\n"));
    assert_eq!(answer(&sandbox, &["repo", "list", "-o", "json"]), "[]\n");
    let added = "\"ours\" has been added to your repositories\n";
    assert_eq!(answer(&sandbox, &["repo", "add", "ours", &url]), added);
    let file = sandbox.path().join("helm/repositories.yaml");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let again = "\"ours\" already exists with the same configuration, skipping\n";
    assert_eq!(answer(&sandbox, &["repo", "add", "ours", &url]), again);
    refused(&sandbox, &["repo", "add", "ours", "http://127.0.0.1:1"], "already exists");
    refused(&sandbox, &["repo", "add", "a/b", &url], "contains '/'");
    refused(&sandbox, &["repo", "add", "other", &format!("{url}/gone")], "cannot read the index");
    let stdin = sandbox.run_with(
        &["helm", "repo", "add", "ours", &url, "--force-update", "--username", "ada", "--password-stdin"],
        &[],
        "geheim\n",
    );
    assert_eq!((stdin.code, stdin.stdout.as_str()), (0, added), "{}", stdin.stderr);
    let text = sandbox.read("helm/repositories.yaml");
    assert!(text.contains("  password: geheim\n") && text.contains("  username: ada\n"), "{text}");
    assert_eq!(
        answer(&sandbox, &["repo", "ls", "-o", "json"]),
        format!("[{{\"name\":\"ours\",\"url\":\"{url}\"}}]\n")
    );
    refused(&sandbox, &["repo", "update", "gone"], "no repositories found matching 'gone'");
    refused(&sandbox, &["repo", "remove", "gone"], "no repo named \"gone\" found");
    assert_eq!(
        answer(&sandbox, &["repo", "rm", "ours"]),
        "\"ours\" has been removed from your repositories\n"
    );
    assert_eq!(answer(&sandbox, &["repo", "list", "-o", "yaml"]), "[]\n");
}

#[test]
fn a_repository_is_checked_with_its_own_credentials() {
    // The password `new`, or that of another name for the same URL.
    let accepted = [Some("Basic YWRhOm5ldw=="), Some("Basic Ym9iOm90aGVy")];
    let files = repository(CHARTS);
    let server = Server::start(move |request| {
        let is_accepted = accepted.contains(&request.authorization());
        if is_accepted { Reply::ok(files["index.yaml"].clone()) } else { Reply::status(401) }
    });
    let url = server.url();
    let sandbox = Sandbox::new();
    let entry = |name: &str, user: &str, password: &str| {
        format!("- name: {name}\n  url: {url}\n  username: {user}\n  password: {password}\n")
    };
    let write = |entries: &str| {
        sandbox.write("helm/repositories.yaml", &format!("apiVersion: \"\"\nrepositories:\n{entries}"));
    };
    let of_ada = ["repo", "add", "ours", &url, "--force-update", "--username", "ada", "--password"];
    let with = |password: &'static str| [&of_ada[..], &[password]].concat();
    write(&entry("ours", "ada", "old"));
    answer(&sandbox, &with("new"));
    assert!(sandbox.read("helm/repositories.yaml").contains("  password: new\n"));
    refused(&sandbox, &with("wrong"), "answered 401");
    assert!(sandbox.read("helm/repositories.yaml").contains("  password: new\n"));
    write(&format!("{}{}", entry("theirs", "bob", "other"), entry("ours", "ada", "old")));
    answer(&sandbox, &["repo", "update", "theirs"]);
    let update = helm(&sandbox, &["repo", "update", "ours"]);
    assert_eq!(update.code, 1, "{}", update.stdout);
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn repositories_are_written_as_helm_writes_them() {
    let server = Server::files(repository(CHARTS));
    let url = server.url();
    let (ours, theirs) = (Sandbox::new(), Sandbox::new());
    for args in [
        vec!["repo", "list"],
        vec!["repo", "list", "-o", "yaml"],
        vec!["repo", "update"],
        vec!["repo", "remove", "one"],
        vec!["repo", "add", "one", &url],
        vec!["repo", "add", "second", &url, "--username", "a", "--password", "b", "--pass-credentials"],
        vec!["repo", "add", "one", &url],
        vec!["repo", "add", "one", "http://127.0.0.1:1"],
        vec!["repo", "add", "one", &url, "--force-update", "--insecure-skip-tls-verify"],
        vec!["repo", "list"],
        vec!["repo", "list", "--no-headers"],
        vec!["repo", "list", "-o", "json"],
        vec!["repo", "list", "-o", "yaml"],
        vec!["repo", "list", "-o", "text"],
        vec!["repo", "update"],
        vec!["repo", "update", "second"],
        vec!["repo", "update", "third"],
        vec!["repo", "remove", "third"],
        vec!["repo", "remove", "one"],
        vec!["repo", "remove", "second"],
    ] {
        let of_helm = judge(&theirs, &args, &[]);
        let own = helm(&ours, &args);
        // Helm updates all at the same time.
        let lines = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort_by_key(|line| line.starts_with("...").then(|| line.clone()));
            lines
        };
        let of_helm = (of_helm.code, lines(&of_helm.stdout));
        assert_eq!((own.code, lines(&own.stdout)), of_helm, "{args:?}: {}", own.stderr);
        let file =
            |sandbox: &Sandbox| std::fs::read_to_string(sandbox.path().join("helm/repositories.yaml")).ok();
        assert_eq!(file(&ours), file(&theirs), "{args:?}");
    }
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn the_environment_is_that_of_helm() {
    let sandbox = Sandbox::new();
    let path = |name: &str| sandbox.path().join(name).display().to_string();
    let values = [
        ("HELM_CONFIG_HOME", path("helm")),
        ("HELM_CACHE_HOME", path("cache")),
        ("HELM_DATA_HOME", path("data")),
        ("HELM_NAMESPACE", "shop".to_owned()),
        ("HELM_KUBECONTEXT", "eu".to_owned()),
        ("HELM_REPOSITORY_CONFIG", path("repos.yaml")),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let without_program = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let theirs = judge(&sandbox, &["env"], &values);
    let ours = sandbox.run_with(&["helm", "env"], &values, "");
    assert_eq!(without_program(&ours.stdout), without_program(&theirs.stdout));
    for name in ["HELM_NAMESPACE", "HELM_UNKNOWN"] {
        let ours = sandbox.run_with(&["helm", "env", name], &values, "");
        assert_eq!(ours.stdout, judge(&sandbox, &["env", name], &values).stdout, "{name}");
    }
}

#[test]
fn what_needs_a_cluster_is_refused() {
    let sandbox = Sandbox::new();
    web(&sandbox);
    for (args, told) in [
        (&["install", "one", "web"][..], "plimsoll only renders"),
        (&["upgrade", "--install", "one", "web"], "plimsoll diff"),
        (&["uninstall", "one"], "kubectl delete"),
        (&["status", "one"], "does not manage releases in a cluster"),
        (&["list", "--filter", "one"], "does not manage releases in a cluster"),
        (&["history", "one"], "does not manage releases in a cluster"),
        (&["test", "one"], "does not manage releases in a cluster"),
        (&["search", "repo", "web"], "plimsoll does not search repositories; use Helm itself"),
        (&["plugin", "list"], "plimsoll has no plugins"),
        (&["registry", "login", "r.example.com"], "docker login"),
        (&["completion", "bash"], "plimsoll completions"),
        (&["nope"], "unknown command \"nope\" for \"helm\""),
        (&["template", "one", "web", "--validate"], "`--validate` is not supported"),
        (&["template", "one", "web", "--verify"], "`--verify` is not supported"),
        (&["template", "one", "web", "--watch"], "--watch is a flag of `plimsoll render`"),
        (&["template", "one", "web", "--enable-dns"], "`--enable-dns` is not supported"),
        (&["template", "one", "web", "--nope"], "--nope"),
    ] {
        refused(&sandbox, args, told);
    }
    assert!(answer(&sandbox, &[]).contains("Usage: helm"));
    let help = answer(&sandbox, &["help", "template"]);
    assert!(help.contains("Usage: helm template") && !help.contains("--watch"), "{help}");
}

/// A chart that `helm lint` accepts, with one change: a file and its text.
fn flawed(sandbox: &Sandbox, name: &str, changes: &[(&str, &str)]) {
    let metadata = "apiVersion: v2\nname: x\nversion: 1.0.0\nicon: https://example.com/x.png\n";
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    for (path, text) in [("Chart.yaml", metadata), ("values.yaml", "a: 1\n"), ("templates/a.yaml", object)] {
        sandbox.write(&format!("{name}/{path}"), text);
    }
    for (path, text) in changes {
        match text.strip_prefix("+") {
            Some(more) => {
                let present = sandbox.read(&format!("{name}/{path}"));
                sandbox.write(&format!("{name}/{path}"), &format!("{present}{more}"));
            }
            None if text.is_empty() => std::fs::remove_file(sandbox.path().join(name).join(path)).unwrap(),
            None => sandbox.write(&format!("{name}/{path}"), text),
        }
    }
}

/// Charts by name with what is wrong with them. A text with `+` is added to the file, and an empty one removes it.
const FLAWS: &[(&str, &[(&str, &str)])] = &[
    ("sound", &[]),
    ("no-icon", &[("Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.0\n")]),
    ("no-values", &[("values.yaml", "")]),
    ("loose", &[("Chart.yaml", "apiVersion: v2\nname: x\nversion: v1.2\nicon: https://a.b/c\n")]),
    ("zero", &[("Chart.yaml", "apiVersion: v2\nname: X_y\nversion: 0.0.0\nicon: https://a.b/c\n")]),
    ("unknown-field", &[("Chart.yaml", "+kubeVersions: \">=1.20\"\n")]),
    ("maintainer", &[("Chart.yaml", "+maintainers: [{name: b, email: x, url: z}]\n")]),
    ("app-version", &[("Chart.yaml", "+appVersion: 1.10\n")]),
    (
        "type",
        &[(
            "Chart.yaml",
            "apiVersion: v1\nname: x\nversion: 1.0.0\nicon: https://a.b/c\ntype: application\n",
        )],
    ),
    ("stray", &[("templates/a.yaml.old", "a: 1\n")]),
    ("yaml", &[("templates/a.yaml", "+x: [\n")]),
    ("name", &[("templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A_b}\n")]),
    (
        "removed",
        &[(
            "templates/b.yaml",
            "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a}\n",
        )],
    ),
    ("crd", &[("crds/a.yaml", "apiVersion: v1\nkind: ConfigMap\n")]),
    (
        "missing",
        &[("Chart.yaml", "+dependencies: [{name: db, version: 1.x, repository: \"https://a.b\"}]\n")],
    ),
    ("undeclared", &[("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n")]),
    ("old-cluster", &[("Chart.yaml", "+kubeVersion: \"<1.20\"\n")]),
    ("required", &[("templates/a.yaml", "+data: {x: \"{{ required \"set q\" .Values.q }}\"}\n")]),
    ("fail", &[("templates/a.yaml", "+{{ if not .Values.q }}{{ fail \"set q\" }}{{ end }}\n")]),
];

#[test]
fn charts_are_linted_as_by_helm() {
    let sandbox = Sandbox::new();
    for (name, changes) in FLAWS {
        flawed(&sandbox, name, changes);
    }
    let no_icon = "==> Linting no-icon\n[INFO] Chart.yaml: icon is recommended\n\n1 chart(s) linted, 0 chart(s) failed\n";
    // chart-testing 3.14 and helmfile 1.7
    assert_eq!(answer(&sandbox, &["lint", "no-icon"]), no_icon);
    assert_eq!(answer(&sandbox, &["lint", "no-icon", "--values", "no-icon/values.yaml"]), no_icon);
    assert_eq!(answer(&sandbox, &["lint", "no-icon", "--quiet"]), "");
    for (args, expected, summary) in [
        (
            &["lint", "stray", "sound"][..],
            "==> Linting stray\n[ERROR] templates/a.yaml.old: ",
            "2 chart(s) linted, 1 chart(s) failed",
        ),
        (&["lint", "loose", "--strict"], "[WARNING] Chart.yaml: ", "1 chart(s) linted, 1 chart(s) failed"),
        (
            &["lint", "gone"],
            "==> Linting gone\nError unable to check Chart.yaml file in chart",
            "1 chart(s) linted, 1 chart(s) failed",
        ),
    ] {
        let linted = helm(&sandbox, args);
        assert_eq!(linted.code, 1, "{args:?}");
        assert!(linted.stdout.contains(expected), "{args:?}: {}", linted.stdout);
        assert_eq!(linted.stderr, format!("Error: {summary}\n"));
    }
    // Values that the chart does not know are no warnings of Helm's.
    answer(&sandbox, &["lint", "sound", "--strict", "--set", "unknown=1"]);
    for tolerated in ["required", "fail", "old-cluster", "missing", "zero", "loose"] {
        answer(&sandbox, &["lint", tolerated]);
    }
    let nested = helm(&sandbox, &["lint", "undeclared", "--with-subcharts"]);
    assert!(nested.stdout.contains("==> Linting undeclared/charts/db\n"), "{}", nested.stdout);
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn lint_finds_what_helm_finds() {
    let sandbox = Sandbox::new();
    // Which lines there are; the messages are plimsoll's own.
    let lines = |outcome: &Outcome| {
        // Not the second lines of messages.
        let place =
            |line: &str| line.split(": ").next().filter(|_| !line.starts_with('\t')).map(str::to_owned);
        let mut lines: Vec<String> = outcome.stdout.lines().filter_map(place).collect();
        lines.sort();
        lines.dedup();
        lines
    };
    for (name, changes) in FLAWS {
        flawed(&sandbox, name, changes);
        for flags in [&["lint", name][..], &["lint", name, "--strict"], &["lint", name, "--quiet"]] {
            let (theirs, ours) = (judge(&sandbox, flags, &[]), helm(&sandbox, flags));
            assert_eq!(
                (lines(&ours), ours.code),
                (lines(&theirs), theirs.code),
                "{flags:?}: {}{}",
                ours.stdout,
                theirs.stdout
            );
        }
    }
}

#[test]
fn a_chart_is_packed() {
    let sandbox = Sandbox::new();
    web(&sandbox);
    let said = answer(
        &sandbox,
        &["package", "web", "--destination", "out", "--version", "2.0.0", "--keyring", "none"],
    );
    assert!(said.starts_with("Successfully packaged chart and saved it to: "), "{said}");
    assert_eq!(names(&sandbox.path().join("out")), ["web-2.0.0.tgz"]);
    refused(&sandbox, &["push", "gone.tgz", "oci://127.0.0.1:1/charts"], "gone.tgz");
}

#[test]
fn an_archive_is_linted_and_shown() {
    let sandbox = Sandbox::new();
    sandbox.write_bytes("web-1.2.0.tgz", &packed("web", "1.2.0"));
    let linted = answer(&sandbox, &["lint", "web-1.2.0.tgz"]);
    assert!(linted.contains("1 chart(s) linted, 0 chart(s) failed"), "{linted}");
    // Argo CD 3.5
    assert_eq!(answer(&sandbox, &["show", "values", "web-1.2.0.tgz"]), "enabled: true\n\n");
    assert!(!Path::new("web-1.2.0.tgz").exists());
}
