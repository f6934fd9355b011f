//! Kustomizations, built as kubectl builds them.

use crate::support::{Sandbox, tool};
use plimsoll::diag::{Severity, Sources};
use plimsoll::engine::Release;
use plimsoll::world::World;
use plimsoll::yaml::ReadOptions;
use plimsoll::{kustomize, manifest, render};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::Command;

fn options() -> render::Options {
    render::Options { seed: Some(0), ..render::Options::install(Release::install("release-name", "default")) }
}

/// What a kustomization makes: its objects, sorted, and its errors and remarks.
fn built(directory: &Path) -> (Vec<Json>, Vec<String>, Vec<String>) {
    let sources = Sources::new();
    let build = kustomize::build(&World::system(), &sources, directory, &options());
    let messages = |severity: Severity| {
        let found = build.diagnostics.iter().filter(|found| found.severity == severity);
        found.map(|found| found.message.clone()).collect()
    };
    let objects = build.objects.iter().map(|object| json(&object.root)).collect();
    (sort(objects), messages(Severity::Error), messages(Severity::Info))
}

fn json(node: &plimsoll::yaml::Node) -> Json {
    serde_json::from_str(&plimsoll::yaml::emit::flow_json(node)).unwrap()
}

/// The objects that kubectl makes, or what it says.
fn judged(directory: &Path) -> Result<Vec<Json>, String> {
    let output = Command::new(tool("PLIMSOLL_KUBECTL")).arg("kustomize").arg(directory).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let report = manifest::load_stdin(&Sources::new(), text, &ReadOptions::lenient());
    Ok(sort(report.output.unwrap_or_default().iter().map(|object| json(&object.root)).collect()))
}

/// The objects by name, without empty maps and nulls, whose lists of maps are in one order: kustomize puts what a patch
/// adds in front, the API server puts it behind.
fn sort(objects: Vec<Json>) -> Vec<Json> {
    let mut objects: Vec<Json> = objects.into_iter().map(normal).collect();
    objects.sort_by_key(|object| {
        let metadata = &object["metadata"];
        format!("{} {} {} {}", object["apiVersion"], object["kind"], metadata["namespace"], metadata["name"])
    });
    objects
}

fn normal(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            let entries = map.into_iter().map(|(key, value)| (key, normal(value)));
            let mut entries: Vec<_> = entries.filter(|(_, value)| !value.is_null()).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => {
            let mut items: Vec<Json> = items.into_iter().map(normal).collect();
            if items.iter().any(Json::is_object) {
                items.sort_by_key(Json::to_string);
            }
            Json::Array(items)
        }
        // kustomize doubles the line breaks of folded scalars.
        Json::String(text) => Json::String(text.replace("\n\n", "\n")),
        other => other,
    }
}

/// Every kustomization below a directory.
fn kustomizations(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        let is_here = |name: &&str| directory.join(name).is_file();
        if ["kustomization.yaml", "kustomization.yml", "Kustomization"].iter().any(is_here) {
            found.push(directory.clone());
        }
        let entries = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
        open.extend(entries.filter(|path| path.is_dir() && !path.is_symlink()));
    }
    found.sort();
    found
}

/// Compares everything below a directory with kubectl: what one refuses the other refuses, and what both build is the same.
/// Returns how many were built.
fn compare(directory: &Path) -> usize {
    let mut same = 0;
    let mut differences = Vec::new();
    for path in kustomizations(directory) {
        let (ours, errors, left_out) = built(&path);
        // What is left out kubectl would fetch.
        if !left_out.is_empty() {
            continue;
        }
        match judged(&path) {
            Ok(theirs) if errors.is_empty() && ours == theirs => same += 1,
            Ok(theirs) => {
                let first = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
                let counts = (ours.len(), theirs.len());
                differences.push(format!("{}: {errors:?} {counts:?}\n{first:#?}", path.display()));
            }
            Err(_) if !errors.is_empty() => {}
            Err(message) => differences.push(format!("{}: kubectl: {message}", path.display())),
        }
    }
    assert!(
        differences.is_empty(),
        "{same} are the same, {} differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
    same
}

#[test]
#[ignore = "needs kubectl: set PLIMSOLL_KUBECTL"]
fn kustomizations_are_what_kubectl_makes_of_them() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kustomize");
    assert!(compare(&fixtures) > 10);
    // Any other tree: a repository that was cloned.
    #[expect(clippy::disallowed_methods, reason = "the environment names the tree")]
    let tree = std::env::var_os("PLIMSOLL_KUSTOMIZATIONS");
    if let Some(tree) = tree {
        println!("{} are the same", compare(Path::new(&tree)));
    }
}

const SET: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: \"db:1\", imagePullPolicy: Sometimes}]}
";

/// The findings of a run: rule and place.
fn findings(sandbox: &Sandbox, args: &[&str]) -> (i32, Vec<String>) {
    let outcome = sandbox.run(&[&["lint", "--format", "json", "--rule", "k8s,kustomize"], args].concat());
    let document: Json =
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{}", outcome.stderr));
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let line = |found: &Json| format!("{} {}:{}", text(&found["rule"]), text(&found["file"]), found["line"]);
    (outcome.code, document["findings"].as_array().unwrap().iter().map(line).collect())
}

/// A base with a mistake, and two kustomizations that use it.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("r/base/kustomization.yaml", "resources: [set.yaml]\n");
    sandbox.write("r/base/set.yaml", SET);
    sandbox.write("r/base/values.yaml", "a: 1\n");
    sandbox.write("r/staging/kustomization.yaml", "resources: [../base]\nnamePrefix: staging-\n");
    let prod = "resources: [../base]\nnamespace: prod\npatches: [{path: patch.yaml}]\n";
    sandbox.write("r/prod/kustomization.yaml", prod);
    let patch = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {replica: 3}\n";
    sandbox.write("r/prod/patch.yaml", patch);
    sandbox
}

#[test]
fn a_base_is_linted_through_its_overlays_and_its_findings_are_said_once() {
    let sandbox = repository();
    let base = "k8s/unsupported-value r/base/set.yaml:9".to_owned();
    let patch = "k8s/unknown-field r/prod/patch.yaml:4".to_owned();
    assert_eq!(findings(&sandbox, &["r"]), (1, vec![base.clone(), patch.clone()]));
    // One of them alone, and the base alone.
    assert_eq!(findings(&sandbox, &["r/staging"]), (1, vec![base.clone()]));
    assert_eq!(findings(&sandbox, &["r/base/kustomization.yaml"]), (1, vec![base]));
    // A file that is named is linted as it is.
    let named = findings(&sandbox, &["r/prod/patch.yaml"]).1;
    assert!(named.contains(&patch) && named.len() > 1, "{named:?}");
}

#[test]
fn what_only_kustomize_can_read_is_said_and_what_is_wrong_is_a_finding() {
    let sandbox = Sandbox::new();
    let remote = "resources:\n- https://example.com/db.yaml\n- set.yaml\ntransformers: [plugin.yaml]\nreplicas: [{name: remote, count: 2}]\n";
    sandbox.write("r/a/kustomization.yaml", remote);
    sandbox.write("r/a/set.yaml", &SET.replace(", imagePullPolicy: Sometimes", ""));
    sandbox.write("r/a/plugin.yaml", "apiVersion: example.com/v1\nkind: Plugin\nmetadata: {name: a}\n");
    sandbox.write("r/b/kustomization.yaml", "resources: [gone.yaml]\nnamePrefx: a\n");
    sandbox.write("r/c/kustomization.yaml", "kind: Component\nnamePrefix: a\n");
    let (code, found) = findings(&sandbox, &["r"]);
    assert_eq!(
        (code, found),
        (
            1,
            [
                "kustomize/not-read r/a/kustomization.yaml:2",
                "kustomize/not-read r/a/kustomization.yaml:4",
                "kustomize/build-failed r/b/kustomization.yaml:1",
                "kustomize/build-failed r/b/kustomization.yaml:2",
            ]
            .map(str::to_owned)
            .to_vec()
        )
    );
    let verbose = sandbox.run(&["lint", "r", "--verbose"]);
    assert!(
        verbose.stderr.contains("`r/c`: a component that no kustomization here uses"),
        "{}",
        verbose.stderr
    );
    assert_eq!(sandbox.run(&["lint", "r", "--strict-sources"]).code, 2);
    // What is left out may hold the Service.
    let missing = sandbox.run(&["lint", "r/a", "--rule", "sts/missing-service", "--format", "json"]);
    assert!(!missing.stdout.contains("\"error\","), "{}", missing.stdout);
}

#[test]
fn labels_make_no_claims_and_replace_sets_a_missing_key() {
    let sandbox = Sandbox::new();
    sandbox.write("r/set.yaml", &SET.replace("Sometimes", "Always"));
    let labels = "labels: [{includeSelectors: true, pairs: {part-of: shop}}]\n";
    let patch = "patches: [{path: patch.yaml, target: {kind: StatefulSet}}]\n";
    sandbox.write("r/kustomization.yaml", &format!("resources: [set.yaml]\n{labels}{patch}"));
    sandbox.write("r/patch.yaml", "[{op: replace, path: /spec/replicas, value: 3}]");
    assert_eq!(findings(&sandbox, &["r"]), (0, vec![]));
    // The labels of a claim are made.
    let claim = "  volumeClaimTemplates: [{metadata: {name: data}, spec: {}}]\n";
    sandbox.write("r/set.yaml", &(SET.replace("Sometimes", "Always") + claim));
    let (objects, ..) = built(&sandbox.path().join("r"));
    let labels = &objects[0]["spec"]["volumeClaimTemplates"][0]["metadata"]["labels"];
    assert_eq!(*labels, serde_json::json!({"part-of": "shop"}));
}

#[test]
fn values_that_are_replaced_before_they_are_applied_are_not_judged() {
    let sandbox = Sandbox::new();
    let set = SET.replace(", imagePullPolicy: Sometimes", "").replace("name: db}", "name: \"${APP:=db}\"}");
    sandbox.write("set.yaml", &set);
    assert_eq!(findings(&sandbox, &["set.yaml"]), (0, vec![]));
    sandbox.write("set.yaml", &set.replace("${APP:=db}", "%[1]s-db"));
    assert_eq!(findings(&sandbox, &["set.yaml"]), (0, vec![]));
    sandbox.write("set.yaml", &set.replace("${APP:=db}", "${1}"));
    assert_eq!(findings(&sandbox, &["set.yaml"]).0, 1);
}

#[test]
fn charts_of_a_kustomization_are_rendered_where_they_are_on_this_machine() {
    let sandbox = Sandbox::new();
    sandbox.write("r/charts/app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    sandbox.write("r/charts/app/values.yaml", "mode: a\n");
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {mode: {{ .Values.mode }}}\n";
    sandbox.write("r/charts/app/templates/cm.yaml", template);
    let kustomization = "helmCharts:\n- {name: app, releaseName: one, valuesInline: {mode: b}}\n- {name: gone, repo: https://example.com}\nnamePrefix: p-\n";
    sandbox.write("r/kustomization.yaml", kustomization);
    let (objects, errors, left_out) = built(&sandbox.path().join("r"));
    assert_eq!((errors.len(), left_out.len()), (0, 1), "{errors:?}");
    assert!(left_out[0].contains("chart `gone`"), "{left_out:?}");
    assert_eq!(objects[0]["metadata"]["name"], "p-one");
    assert_eq!(objects[0]["data"]["mode"], "b");
}
