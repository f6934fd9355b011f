//! `plimsoll create`: the chart lints with nothing, renders to what it was made from, and is what helm and kubectl take.

use crate::support::{SHIPPED, Sandbox, labelled, objects, release, tool};
use plimsoll::chart::EngineKind;
use plimsoll::create::{self, Files, Starter};
use plimsoll::diag::Sources;
use plimsoll::manifest::Object;
use plimsoll::render::stream;
use plimsoll::world::{Memory, World};
use proptest::prelude::*;
use std::path::Path;
use std::process::Command;

const ENGINES: [(EngineKind, &str); 2] = [(EngineKind::Tera, "tera"), (EngineKind::GoTemplate, "helm")];

/// Makes a chart from manifests; panics if they are refused.
fn made(engine: EngineKind, objects: &[Object]) -> Files {
    let report = create::from_manifests(&world(), &Sources::new(), "web", engine, objects);
    report.output.unwrap_or_else(|| panic!("{:#?}", report.diagnostics))
}

fn world() -> World {
    Memory::default().into_world()
}

/// What a shipped chart renders to, hooks included.
fn shipped() -> impl Iterator<Item = (&'static str, String)> {
    SHIPPED.iter().map(|(name, chart, values)| {
        let output = release(name, chart, &values.iter().copied().collect::<Vec<_>>(), &[]);
        let render = &output.render;
        let documents: Vec<_> = render.crds.iter().chain(&render.manifest).chain(&render.hooks).collect();
        (*name, stream(&documents))
    })
}

#[test]
fn a_chart_from_nothing_lints_with_nothing() {
    let sandbox = Sandbox::new();
    for (_, engine) in ENGINES {
        for kind in ["statefulset", "deployment"] {
            let dir = format!("charts/{engine}/{kind}/web");
            let outcome = sandbox.run(&["create", &dir, "--engine", engine, "--kind", kind]);
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
            assert!(
                outcome.stdout.contains(&format!("wrote {dir}/values.schema.json\n")),
                "{}",
                outcome.stdout
            );
            assert!(outcome.stderr.contains(&format!("plimsoll lint {dir}\n")), "{}", outcome.stderr);
            let lint = sandbox.run(&["lint", &dir]);
            assert_eq!((lint.code, lint.stderr.as_str()), (0, ""), "{}", lint.stdout);
            assert!(lint.stdout.starts_with("no findings"), "{}", lint.stdout);
            let test = sandbox.run(&["test", &dir]);
            assert_eq!((test.code, test.stderr.as_str()), (0, ""), "{}", test.stdout);
            assert!(test.stdout.contains("Tests:       3 passed, 3 total\n"), "{}", test.stdout);
            let docs = sandbox.run(&["docs", &dir]);
            assert!(
                docs.stdout.contains("| replicaCount | int | `1` | How many pods run. |"),
                "{}",
                docs.stdout
            );
        }
    }
    let outcome = sandbox.run(&["create", "copy", "--from", "builtin:statefulset"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let lint = sandbox.run(&["lint", "./copy"]);
    assert!(lint.stdout.starts_with("no findings"), "{}", lint.stdout);
    assert!(sandbox.read("copy/Chart.yaml").contains("name: copy\n"));
}

/// The same chart in both languages: what they render to differs in nothing.
#[test]
fn both_languages_render_the_same_chart_from_nothing() {
    let sandbox = Sandbox::new();
    for kind in ["statefulset", "deployment"] {
        for (_, engine) in ENGINES {
            let dir = format!("{kind}/{engine}/web");
            assert_eq!(sandbox.run(&["create", &dir, "--engine", engine, "--kind", kind]).code, 0);
        }
        let against = format!("{kind}/tera/web");
        let set = "--set=replicaCount=3,podLabels.a=b,nodeSelector.c=d,serviceAccount.name=robot";
        let values =
            "replicaCount: 3\npodLabels: {a: b}\nnodeSelector: {c: d}\nserviceAccount: {name: robot}\n";
        sandbox.write("old.yaml", values);
        let arguments = [
            "diff",
            "one",
            &format!("{kind}/helm/web"),
            "--against",
            &against,
            set,
            "--against-values",
            "old.yaml",
        ];
        let outcome = sandbox.run(&arguments);
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    }
}

#[test]
fn a_chart_from_a_shipped_chart_renders_to_the_same_objects() {
    for (name, text) in shipped() {
        for (engine, _) in ENGINES {
            let files = made(engine, &objects(&text));
            assert!(files.contains_key("values.schema.json"), "{name}");
            assert!(files["values.yaml"].contains("replicaCount: "), "{name}");
        }
    }
}

/// The command compares by itself; this compares what is on disk afterwards.
#[test]
fn what_is_written_differs_in_nothing_from_the_manifests() {
    let sandbox = Sandbox::new();
    for (name, text) in shipped().filter(|(name, _)| ["moscow-python", "app-stateful"].contains(name)) {
        sandbox.write(&format!("{name}.yaml"), &text);
        let from = format!("{name}.yaml");
        for (_, engine) in ENGINES {
            let dir = format!("{engine}/{name}");
            let outcome = sandbox.run(&["create", &dir, "--engine", engine, "--from", &from]);
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
            let lint = sandbox.run(&["lint", &dir]);
            assert!(lint.stdout.starts_with("no findings"), "{}", lint.stdout);
            let diff = sandbox.run(&["diff", "any", &dir, "--against", &from, "--include-hooks"]);
            assert_eq!(diff.code, 0, "{}{}", diff.stdout, diff.stderr);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the texts are, they are text in the template, too: the chart renders to exactly the object.
    #[test]
    fn texts_stay_as_they_are(
        key in "[a-z{}%# ]{1,12}",
        texts in prop::collection::vec("[-{}%#`\"'\\\\ \na-c$.:|]{0,24}", 1..4),
    ) {
        let data: serde_json::Map<String, serde_json::Value> = texts
            .into_iter()
            .enumerate()
            .map(|(number, text)| (format!("{key}{number}"), text.into()))
            .collect();
        let object = serde_json::json!({
            "apiVersion": "example.com/v1", "kind": "Text", "metadata": {"name": "a"}, "spec": data
        });
        for (engine, _) in ENGINES {
            let report = create::from_manifests(
                &world(), &Sources::new(), "web", engine, &objects(&object.to_string()));
            prop_assert!(report.output.is_some(), "{object}\n{:#?}", report.diagnostics);
        }
    }
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ndata: {password: aHVudGVyMg==}\n---\n\
    apiVersion: v1\nkind: Secret\nmetadata: {name: filled-later}\n---\n\
    apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: c}\n";

#[test]
fn the_values_of_secrets_are_in_no_file() {
    for (engine, _) in ENGINES {
        let report = create::from_manifests(&world(), &Sources::new(), "web", engine, &objects(SECRET));
        let message = &report.diagnostics[0].message;
        assert!(message.contains("`Secret/db` is left out"), "{message}");
        let files = report.output.unwrap();
        assert!(files.values().all(|text| !text.contains("aHVudGVyMg") && !text.contains("hunter2")));
        assert!(files["README.md"].contains("| `db` | `password` |"), "{}", files["README.md"]);
        assert!(files["plimsoll.toml"].contains(r#"assume = ["Secret/db"]"#), "{}", files["plimsoll.toml"]);
        assert!(files.contains_key("templates/secret.yaml"), "a Secret without values tells nothing");
    }
}

#[test]
fn what_a_cluster_adds_is_left_out() {
    let sandbox = Sandbox::new();
    let list = "apiVersion: v1\nkind: List\nitems:\n\
        - apiVersion: v1\n  kind: Service\n  metadata: {name: db, namespace: shop, uid: x, resourceVersion: '7'}\n  \
        spec: {clusterIP: 10.0.0.7, clusterIPs: [10.0.0.7], ports: [{port: 80, targetPort: 80, protocol: TCP}], \
        selector: {app: db}, type: ClusterIP}\n  status: {loadBalancer: {}}\n\
        - apiVersion: v1\n  kind: Pod\n  metadata:\n    name: db-0\n    namespace: shop\n    \
        ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: y, controller: true}]\n  spec: {}\n";
    sandbox.write("live.yaml", list);
    let outcome = sandbox.run(&["create", "db", "--from", "live.yaml"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`Pod/db-0` is left out: StatefulSet/db makes it"), "{}", outcome.stderr);
    let template = sandbox.read("db/templates/service.yaml");
    assert!(!template.contains("clusterIP") && !template.contains("uid"), "{template}");
    assert!(template.contains("namespace: {{ values.namespace }}"), "{template}");
    assert!(!sandbox.path().join("db/templates/pod.yaml").exists());
}

#[test]
fn definitions_are_not_templates() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
        metadata: {name: backups.example.com}\nspec:\n  group: example.com\n  scope: Namespaced\n  \
        names: {kind: Backup, plural: backups}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    \
        schema: {openAPIV3Schema: {type: object, description: 'Use {{ this }}'}}\n---\n\
        apiVersion: example.com/v1\nkind: Backup\nmetadata: {name: a}\n";
    for (engine, _) in ENGINES {
        let files = made(engine, &objects(definition));
        assert!(files["crds/backups.example.com.yaml"].contains("Use {{ this }}"), "{files:#?}");
        assert!(files.contains_key("templates/backup.yaml"));
    }
}

#[test]
fn nothing_is_written_where_something_is() {
    let sandbox = Sandbox::new();
    sandbox.write("web/keep.txt", "mine");
    sandbox.refused(&["create", "web"], &["`web` already exists"]);
    assert_eq!(std::fs::read_dir(sandbox.path().join("web")).unwrap().count(), 1);
    sandbox.refused(&["create", "My_App"], &["`My_App` is not a valid name for a chart", "my-app"]);
    sandbox.refused(&["create", ".."], &["does not end in a name"]);
    sandbox.refused(&["create", "a", "--from", "missing.yaml"], &["missing.yaml"]);
    sandbox.refused(&["create", "a", "--from", "builtin:statefulst"], &["builtin:statefulset"]);
    sandbox
        .refused(&["create", "a", "--from", "builtin:statefulset", "--engine", "helm"], &["--engine helm"]);
    sandbox.write("secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {b: Yw==}\n");
    sandbox.refused(&["create", "a", "--from", "secret.yaml"], &["no objects to make a chart from"]);
    assert!(!sandbox.path().join("a").exists());
}

/// The charts of the tests above, on disk.
fn helm_charts(directory: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut write = |name: &str, files: Files| {
        for (path, text) in files {
            let path = directory.join(name).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        names.push(name.to_owned());
    };
    let engine = EngineKind::GoTemplate;
    for (name, starter) in [("web-set", Starter::StatefulSet), ("web-deployment", Starter::Deployment)] {
        let report = create::from_nothing(&world(), &Sources::new(), name, engine, starter);
        write(name, report.output.unwrap());
    }
    for (name, text) in shipped() {
        let report = create::from_manifests(&world(), &Sources::new(), name, engine, &objects(&text));
        write(name, report.output.unwrap());
    }
    names
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn helm_lints_and_renders_the_charts_as_plimsoll_does() {
    let directory = tempfile::tempdir().unwrap();
    for name in helm_charts(directory.path()) {
        let run = |program: &Path, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).current_dir(directory.path()).output();
            let output = output.unwrap();
            let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
            assert!(output.status.success(), "{name}: {out}{err}");
            out
        };
        let helm = tool("PLIMSOLL_HELM");
        let lint = run(&helm, &["lint", "--strict", &name]);
        assert!(lint.contains("1 chart(s) linted, 0 chart(s) failed"), "{lint}");
        assert!(!lint.contains("[WARNING]") && !lint.contains("[INFO]"), "{lint}");
        let plimsoll = Path::new(env!("CARGO_BIN_EXE_plimsoll"));
        let arguments = |command| [command, "one", name.as_str(), "--kube-version", "1.35", "--include-crds"];
        let rendered = run(plimsoll, &arguments("render"));
        assert_eq!(run(&helm, &arguments("template")), rendered, "{name}");
    }
}

#[test]
#[ignore = "needs kubectl: set PLIMSOLL_KUBECTL"]
fn kubectl_takes_what_the_charts_render_to() {
    let sandbox = Sandbox::new();
    for kind in ["statefulset", "deployment"] {
        let dir = format!("{kind}/web");
        assert_eq!(sandbox.run(&["create", &dir, "--kind", kind]).code, 0);
        let manifests = sandbox.run(&["render", "one", &dir]).stdout;
        labelled(&tool("PLIMSOLL_KUBECTL"), &manifests, "name", kind);
    }
}
