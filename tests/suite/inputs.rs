//! What lint, diff and preview make of their arguments: manifests that belong together, and files that are none.

use crate::support::{Outcome, Sandbox};
use serde_json::{Value as Json, json};

pub(crate) const SET: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: \"db:1\"}]}
";
pub(crate) const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80}]}
";
const VALUES: &str = "replicaCount: 3\nappVersion: 1.2.3\n";
const COMPOSE: &str = "services:\n  db: {image: db}\n";

/// A directory with manifests and with what lies beside them in real life.
fn mixed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("k8s/set.yaml", SET);
    sandbox.write("k8s/service.yaml", SERVICE);
    sandbox.write("k8s/values.yaml", VALUES);
    sandbox.write("k8s/compose.yml", COMPOSE);
    sandbox.write("k8s/package.json", "[1]");
    sandbox.write("k8s/.github/ci.yaml", "jobs: [");
    sandbox.chart("k8s/web", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ values.name }}\"}\n");
    sandbox
}

/// The findings of a run that prints JSON: rule or message, and place.
fn findings(outcome: &Outcome) -> Vec<String> {
    let document: Json =
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{}", outcome.stderr));
    let line = |finding: &Json| {
        let what = finding["rule"].as_str().or(finding["message"].as_str()).unwrap().to_owned();
        format!("{} {}:{}", what, finding["file"].as_str().unwrap_or_default(), finding["line"])
    };
    document["findings"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn manifests_of_several_arguments_are_one_release() {
    let sandbox = mixed();
    let missing = |sources: &[&str]| {
        let args = [&["lint", "--format", "json", "--rule", "sts/missing-service"], sources].concat();
        let outcome = sandbox.run_with(&args, &[], SERVICE);
        (outcome.code, findings(&outcome))
    };
    let none = (0, vec![]);
    assert_eq!(missing(&["k8s/set.yaml", "k8s/service.yaml"]), none);
    assert_eq!(missing(&["k8s/service.yaml", "k8s/set.yaml"]), none);
    assert_eq!(missing(&["k8s"]), none);
    assert_eq!(missing(&["k8s/set.yaml", "-"]), none);
    let found = vec!["sts/missing-service k8s/set.yaml:5".to_owned()];
    assert_eq!(missing(&["k8s/set.yaml"]).1, found);
    assert_eq!(missing(&["--separate", "k8s/set.yaml", "k8s/service.yaml"]).1, found);
    assert_eq!(missing(&["--separate", "k8s", "k8s/service.yaml"]), none);
}

#[test]
fn the_same_object_in_two_files_is_a_duplicate_and_the_same_file_is_not() {
    let sandbox = mixed();
    sandbox.write("other/service.yaml", SERVICE);
    let duplicates = |sources: &[&str]| {
        let outcome = sandbox.run(&[&["lint", "--format", "json", "--rule", "k8s"], sources].concat());
        findings(&outcome)
    };
    assert_eq!(
        duplicates(&["k8s/service.yaml", "other/service.yaml"]),
        ["k8s/duplicate-object other/service.yaml:3"]
    );
    assert_eq!(duplicates(&["k8s/service.yaml", "./k8s/service.yaml", "k8s"]), [""; 0]);
    assert_eq!(duplicates(&["--separate", "k8s/service.yaml", "other/service.yaml"]), [""; 0]);
}

#[test]
fn a_repository_of_nothing_but_test_data_is_linted_without_findings() {
    let sandbox = Sandbox::new();
    sandbox.write("r/pkg/testdata/broken.yaml", "apiVersion: v1\nkind: ConfigMap\ndata: [1]\n");
    let outcome = sandbox.run(&["lint", "r"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "no findings in 0 objects\n"));
    assert!(
        outcome.stderr.contains("skipped 1 directory of test data: `r/pkg/testdata`"),
        "{}",
        outcome.stderr
    );
    assert_eq!(sandbox.run(&["lint", "r/pkg/testdata"]).code, 1);
}

#[test]
fn files_that_contradict_each_other_may_belong_to_different_releases_unless_they_are_named() {
    let sandbox = Sandbox::new();
    let config = |name: &str| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    sandbox.write("two/a.yaml", &(config("shared") + &config("a")));
    sandbox.write("two/b.yaml", &(config("shared") + "data: {mode: replica}\n" + &config("b")));
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
                      metadata: {name: widgets.example.com}\nspec:\n  group: example.com\n  scope: Namespaced\n  \
                      names: {plural: widgets, kind: Widget}\n  versions:\n  - {name: v1alpha1, served: true, storage: \
                      true, schema: {openAPIV3Schema: {type: object}}}\n";
    sandbox.write("crds/crds/widgets.yaml", definition);
    sandbox.write("crds/app/web.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: web}\n");
    for (directory, files, rule) in [
        ("two", ["two/a.yaml", "two/b.yaml"], "k8s/duplicate-object"),
        ("crds", ["crds/crds/widgets.yaml", "crds/app/web.yaml"], "k8s/unknown-kind"),
    ] {
        let found = |sources: &[&str]| {
            let outcome = sandbox.run(&[&["lint", "--format", "json", "--rule", rule], sources].concat());
            let document: Json = serde_json::from_str(&outcome.stdout).unwrap();
            (outcome.code, document["findings"][0]["severity"].clone())
        };
        assert_eq!(found(&[directory]), (0, "warning".into()));
        assert_eq!(found(&files), (1, "error".into()));
    }
}

#[test]
fn each_chart_is_a_release_of_its_own() {
    let sandbox = Sandbox::new();
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 80}]}\n";
    sandbox.chart("one", service);
    sandbox.chart("two", service);
    sandbox.write("service.yaml", service);
    let outcome = sandbox.run(&["lint", "one", "two", "service.yaml", "--rule", "k8s"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "no findings in 3 objects\n"));
}

#[test]
fn files_that_are_no_manifests_are_skipped_and_counted() {
    let sandbox = mixed();
    let told = "skipped 3 files that are not Kubernetes manifests: `k8s/compose.yml`, `k8s/package.json`, `k8s/values.yaml`";
    let chart = "skipped 1 chart, which must be passed directly: `k8s/web`";
    let verbose = sandbox.run(&["lint", "k8s", "--rule", "k8s", "--verbose"]);
    assert!(
        verbose.stderr.contains("note: skipped `k8s/compose.yml`: not a Kubernetes manifest\n"),
        "{}",
        verbose.stderr
    );
    for args in [
        &["lint", "k8s", "--rule", "k8s"][..],
        &[
            "lint",
            "--rule",
            "k8s",
            "k8s/set.yaml",
            "k8s/compose.yml",
            "k8s/package.json",
            "k8s/values.yaml",
            "k8s",
        ],
        &["preview", "k8s"],
        &["diff", "k8s", "--against", "k8s"],
    ] {
        let outcome = sandbox.run(args);
        assert_eq!(outcome.code, 0, "{args:?}: {}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.stderr.contains(told), "{args:?}: {}", outcome.stderr);
        // lint looks into the chart itself.
        assert_eq!(outcome.stderr.contains(chart), args[0] != "lint", "{args:?}: {}", outcome.stderr);
    }
    // What is almost a manifest is not passed over.
    for (text, missing) in [
        ("kind: Service\n", "manifest without `apiVersion`"),
        ("apiversion: v1\nKind: Service\n", "manifest without `kind`"),
        ("metadata: {name: a}\nspec: {}\n", "manifest without `kind`"),
    ] {
        sandbox.write("k8s/almost.yaml", text);
        let outcome = sandbox.run(&["lint", "k8s"]);
        assert!(outcome.code == 1 && outcome.stdout.contains(missing), "{text}: {}", outcome.stdout);
    }
}

#[test]
fn what_holds_no_manifests_at_all_says_what_it_is() {
    let sandbox = mixed();
    sandbox.write("empty/readme.txt", "");
    for command in ["lint", "preview"] {
        sandbox.refused(
            &[command, "k8s/compose.yml"],
            &["`k8s/compose.yml` is not a Kubernetes manifest", ":1:1"],
        );
        sandbox.refused(&[command, "k8s/web/values.yaml"], &["it belongs to chart `k8s/web`", "`-f`"]);
        sandbox.refused(&[command, "empty"], &["`empty` contains no manifests"]);
    }
    for part in ["k8s/web/templates/cm.yaml", "k8s/web/Chart.yaml", "k8s/web/templates"] {
        sandbox.refused(&["preview", part], &["is part of a chart", "`k8s/web`"]);
        // A part of a chart leads lint to the chart.
        let whole = sandbox.run(&["lint", part, "--rule", "k8s"]);
        assert_eq!((whole.code, whole.stdout.as_str()), (0, "no findings in 1 object\n"), "{part}");
    }
    sandbox.write(
        "base/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
    );
    sandbox.write("overlay/kustomization.yml", "resources: [../base]\n");
    for path in ["base", "base/kustomization.yaml", "overlay"] {
        sandbox.refused(&["preview", path], &["a kustomization", "`kubectl kustomize DIRECTORY`"]);
        let built = sandbox.run(&["lint", path]);
        assert_eq!((built.code, built.stdout.as_str()), (0, "no findings in 0 objects\n"), "{path}");
    }
    sandbox.write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    sandbox.refused(&["preview", "charts"], &["`charts/web` is a chart: pass it directly"]);
    sandbox.refused(&["lint", "k8s/values.yaml", "empty"], &["`empty` contains no manifests"]);
    sandbox.refused(&["lint", "-", "-"], &["`-` is given several times"]);
    // Nothing is something else: a chart may render to nothing.
    let nothing = sandbox.run_with(&["lint", "-"], &[], "\n");
    assert_eq!((nothing.code, nothing.stdout.as_str()), (0, "no findings in 0 objects\n"));
}

#[test]
fn what_cannot_be_read_is_a_finding_and_the_rest_is_linted() {
    let sandbox = mixed();
    sandbox.write("k8s/broken.yaml", "kind: Pod\nspec: [1\n");
    sandbox.write_bytes("k8s/latin.yaml", b"kind: Pod\n# caf\xe9\n");
    sandbox.write("k8s/two.yaml", &format!("{}---\na: b\n", SERVICE.replace("name: db", "name: peers")));
    sandbox.write("k8s/unnamed.yaml", &SERVICE.replace("metadata: {name: db}", "metadata: {nam: db}"));
    let outcome = sandbox.run(&["lint", "--format", "json", "--rule", "k8s", "k8s", "gone.yaml"]);
    assert_eq!(outcome.code, 1);
    assert_eq!(
        findings(&outcome),
        [
            "yaml/unreadable gone.yaml:1",
            "yaml/syntax k8s/broken.yaml:2",
            "yaml/syntax k8s/latin.yaml:2",
            "k8s/required k8s/two.yaml:6",
            "k8s/required k8s/two.yaml:6",
            "k8s/unknown-field k8s/unnamed.yaml:3",
        ]
    );
    for (format, mark) in [
        ("human", "k8s/latin.yaml:2:6"),
        ("sarif", "k8s/latin.yaml"),
        ("github", "file=k8s/latin.yaml,line=2,col=6"),
        ("junit", "k8s/latin.yaml:2:6"),
    ] {
        let outcome = sandbox.run(&["lint", "--format", format, "k8s", "gone.yaml"]);
        assert!(outcome.code == 1 && outcome.stdout.contains(mark), "{format}: {}", outcome.stdout);
        assert!(outcome.stdout.contains("gone.yaml"), "{format}: {}", outcome.stdout);
    }
    // Whatever is selected, nobody misses it. Only the rule itself can be given another level.
    let left = |more: &[&str]| findings(&sandbox.run(&[&["lint", "k8s", "--format", "json"], more].concat()));
    let unread = left(&["--rule", "chart"]);
    assert!(unread.contains(&"yaml/syntax k8s/broken.yaml:2".to_owned()), "{unread:?}");
    assert!(left(&["--skip", "yaml"]).contains(&"yaml/syntax k8s/broken.yaml:2".to_owned()));
    assert!(!left(&["--skip", "yaml/syntax"]).contains(&"yaml/syntax k8s/broken.yaml:2".to_owned()));
    let strict = sandbox.run(&["lint", "k8s", "--strict-sources", "--format", "json"]);
    assert_eq!((strict.code, findings(&strict).len() > 3), (2, true));
    // A plan of half a release would be wrong.
    sandbox.refused(&["preview", "k8s"], &["k8s/broken.yaml:2:7"]);
    sandbox.refused(&["diff", "k8s/set.yaml", "--against", "k8s"], &["k8s/broken.yaml:2:7"]);
}

/// What seems to be missing may stand in the file that could not be read.
#[test]
fn what_is_missing_is_only_a_warning_where_something_could_not_be_read() {
    let sandbox = Sandbox::new();
    sandbox.write("k8s/set.yaml", &SET.replace("serviceName", "replicas: 2\n  serviceName"));
    sandbox.write(
        "k8s/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\ndata: {primary: db-0.db}\n",
    );
    let missing = || {
        let outcome = sandbox.run(&["lint", "k8s", "--format", "json", "--rule", "sts/missing-service"]);
        let document: Json = serde_json::from_str(&outcome.stdout).unwrap();
        let mut found = document["findings"].as_array().unwrap().clone();
        found.retain(|finding| finding["rule"] == "sts/missing-service");
        found[0]["severity"].as_str().unwrap().to_owned()
    };
    assert_eq!(missing(), "error");
    sandbox.write("k8s/service.yaml", "kind: Service\nmetadata: {name: db\n");
    assert_eq!(missing(), "warning");
}

#[test]
fn documents_without_a_type_are_errors_in_charts_as_in_manifests() {
    let sandbox = Sandbox::new();
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    sandbox.write("app/values.yaml", "");
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\nmetadata: {name: b, extra: 1}\n";
    sandbox.write("app/templates/a.yaml", &text.replace("name: a", "name: a-{{ .Release.Name }}"));
    sandbox.write("a.yaml", text);
    let run = |source: &str| {
        let outcome = sandbox.run(&["lint", "--format", "json", "--rule", "k8s", source]);
        let found = findings(&outcome)
            .into_iter()
            .map(|found| found.split(' ').take(3).collect::<Vec<_>>().join(" "));
        (outcome.code, found.collect::<Vec<_>>())
    };
    assert_eq!(run("a.yaml"), (1, vec!["k8s/required a.yaml:5".to_owned(); 2]));
    assert_eq!(run("app"), (1, vec!["k8s/required app/templates/a.yaml:5".to_owned(); 2]));
    // helm template prints it all the same.
    assert_eq!(sandbox.run(&["render", "app"]).code, 0);
}

#[test]
fn a_chart_that_fails_hides_no_other() {
    let sandbox = Sandbox::new();
    sandbox.chart("good", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good, extra: 1}\n");
    sandbox.chart("bad", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ values.typo }}\"}\n");
    sandbox.write("unloaded/Chart.yaml", "apiVersion: v2\nname: [\n");
    sandbox.write("prod.yaml", "typo: fixed\n");
    let run = |args: &[&str]| sandbox.run(&[&["lint", "--rule", "k8s", "--format", "json"], args].concat());
    let all = run(&["bad", "good", "unloaded"]);
    let found = findings(&all);
    assert_eq!((all.code, found.len()), (1, 3), "{found:?}");
    assert!(found[0].ends_with("bad/templates/cm.yaml:3"), "{found:?}");
    assert_eq!(found[1], "k8s/unknown-field good/templates/cm.yaml:3");
    assert!(found[2].contains("unloaded/Chart.yaml:"), "{found:?}");
    // With one set of values it renders, with the other it does not.
    let sets = run(&["bad", "--with", "prod.yaml", "--with", "bad/values.yaml"]);
    let document: Json = serde_json::from_str(&sets.stdout).unwrap();
    assert_eq!((sets.code, &document["summary"]["objects"]), (1, &json!(1)), "{document}");
    let failed = &document["findings"][0];
    assert_eq!(failed["sets"], json!(["--with bad/values.yaml"]), "{document}");
}

#[test]
fn machine_formats_are_never_empty() {
    let sandbox = Sandbox::new();
    sandbox.chart("bad", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ values.typo }}\"}\n");
    sandbox.write("set.yaml", SET);
    sandbox.write("wrong.toml", "rules = 1\n");
    for args in [
        &["lint", "bad"][..],
        &["lint", "no-such-chart"],
        &["lint", "no-such.yaml"],
        &["lint", "set.yaml", "--config", "wrong.toml"],
        &["lint", "set.yaml", "--config", "no-such.toml"],
        &["lint", "set.yaml", "--rule", "sts/typo"],
        &["lint", "set.yaml", "--kube-version", "1.2"],
        &["lint", "set.yaml", "--baseline", "no-such.json"],
        &["lint", "bad", "--baseline", "accepted.json", "--write-baseline"],
    ] {
        let run = |format: &str| {
            let outcome = sandbox.run(&[args, &["--format", format]].concat());
            assert_eq!(outcome.code, 2, "{args:?}: {}", outcome.stdout);
            assert!(outcome.stderr.starts_with("error"), "{args:?}: {}", outcome.stderr);
            outcome
        };
        assert_eq!(run("human").stdout, "");
        let document: Json = serde_json::from_str(&run("json").stdout).unwrap();
        assert_eq!(
            (&document["version"], &document["summary"]["errors"]),
            (&json!(1), &json!(1)),
            "{args:?}"
        );
        let log: Json = serde_json::from_str(&run("sarif").stdout).unwrap();
        assert_eq!(log["runs"][0]["results"][0]["level"], "error", "{args:?}");
        assert!(run("github").stdout.starts_with("::error"), "{args:?}");
        assert!(run("junit").stdout.contains("<failure type=\"error\""), "{args:?}");
    }
    assert!(!sandbox.path().join("accepted.json").exists());
}

#[test]
fn a_baseline_does_not_grow_stale_because_something_cannot_be_read() {
    let sandbox = Sandbox::new();
    sandbox.write("k8s/set.yaml", SET);
    sandbox.write("k8s/service.yaml", SERVICE);
    let baseline = ["--baseline", "accepted.json"];
    let lint = |more: &[&str]| sandbox.run(&[&["lint", "k8s"], &baseline[..], more].concat());
    assert_eq!(lint(&["--write-baseline"]).code, 0);
    assert_eq!(lint(&["--min-severity", "info"]).code, 0);
    let accepted = sandbox.read("accepted.json");
    sandbox.write("k8s/set.yaml", "kind: [\n");
    let broken = lint(&[]);
    assert!(broken.code == 1 && !broken.stdout.contains("stale"), "{}", broken.stdout);
    // Nor is it overwritten.
    assert_eq!(lint(&["--write-baseline"]).code, 2);
    assert_eq!(sandbox.read("accepted.json"), accepted);
}

#[test]
fn manifests_that_are_linted_together_have_one_configuration() {
    let sandbox = Sandbox::new();
    sandbox.write("a/set.yaml", SET);
    sandbox.write("b/service.yaml", SERVICE);
    let lint = |args: &[&str]| sandbox.run(&[&["lint", "a/set.yaml", "b/service.yaml"], args].concat());
    sandbox.write("a/plimsoll.toml", "[rules]\nsts = \"off\"\n");
    assert_eq!(lint(&[]).stdout, "no findings in 2 objects\n");
    sandbox.write("b/plimsoll.toml", "min-severity = \"warning\"\n");
    let both = lint(&[]);
    assert_eq!(both.code, 2);
    assert!(both.stderr.contains("`a/plimsoll.toml` and `b/plimsoll.toml` both apply"), "{}", both.stderr);
    assert_eq!(lint(&["--separate"]).code, 0);
    assert_eq!(lint(&["--config", "a/plimsoll.toml"]).code, 0);
}

#[cfg(unix)]
#[test]
fn links_to_files_are_followed_as_kubectl_does() {
    let sandbox = mixed();
    sandbox.write("shared/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\n");
    sandbox.write("elsewhere/more.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n");
    sandbox.link("../shared/config.yaml", "k8s/shared.yaml");
    sandbox.link("../elsewhere", "k8s/elsewhere");
    sandbox.link("..", "k8s/up");
    // Nobody writes into this one.
    let pipe = std::process::Command::new("mkfifo").arg(sandbox.path().join("k8s/pipe.yaml")).status();
    assert!(pipe.unwrap().success());
    let outcome = sandbox.run(&["lint", "k8s", "--rule", "k8s"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "no findings in 4 objects\n"));
    sandbox.link("gone", "k8s/dangling.yaml");
    let outcome = sandbox.run(&["lint", "k8s", "--rule", "k8s"]);
    assert!(
        outcome.code == 1 && outcome.stdout.contains("cannot read `k8s/dangling.yaml`"),
        "{}",
        outcome.stdout
    );
}

/// What an upgrade compares is read the same way on both sides.
#[cfg(unix)]
#[test]
fn a_directory_at_a_git_revision_is_read_as_one_on_disk() {
    let sandbox = mixed();
    let git = |args: &[&str]| {
        let run = std::process::Command::new("git")
            .args(args)
            .current_dir(sandbox.path())
            .envs(sandbox.environment())
            .output()
            .unwrap();
        assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    };
    git(&["init", "--quiet", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "one"]);
    let outcome = sandbox.run(&["diff", "k8s", "--against", "git:main"]);
    let expected =
        "kubectl apply (client-side), Kubernetes 1.36, namespace default\n\nno difference: 2 objects\n";
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, expected), "{}", outcome.stderr);
}

/// Lint and diff answer for the same version of Kubernetes; templates see what helm would show them.
#[test]
fn every_command_has_the_same_default_version() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "old.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n",
    );
    sandbox.write(
        "new.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: 1web}\nspec: {ports: [{port: 80}]}\n",
    );
    let codes = |more: &[&str]| {
        let lint = sandbox.run(&[&["lint", "new.yaml"], more].concat());
        let diff = sandbox.run(&[&["diff", "new.yaml", "--against", "old.yaml"], more].concat());
        (lint.code, diff.code)
    };
    assert_eq!(codes(&["--kube-version", "1.35"]), (1, 3));
    assert_eq!(codes(&["--kube-version", "1.36"]), (0, 1));
    assert_eq!(codes(&[]), codes(&["--kube-version", &plimsoll::k8s::Version::DEFAULT.to_string()]));
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    sandbox.write("app/values.yaml", "");
    sandbox.write(
        "app/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Capabilities.KubeVersion }}_\n",
    );
    let shown = |args: &[&str]| sandbox.run(args).stdout;
    let default = format!("v{}.0_", plimsoll::k8s::Version::DEFAULT);
    for command in ["render", "lint"] {
        let shown = shown(&[command, "app"]);
        assert!(shown.contains(&default), "{shown}");
    }
    assert!(shown(&["lint", "app", "--kube-version", "1.34"]).contains("v1.34"));
}

#[test]
fn configuration_is_found_above_the_source_and_excludes_files() {
    let sandbox = Sandbox::new();
    sandbox.write("repo/.git/HEAD", "");
    sandbox.write("plimsoll.toml", "rules = 1\n");
    sandbox.write("repo/apps/db/set.yaml", SET);
    sandbox.write("repo/apps/db/service.yaml", SERVICE);
    sandbox.write("repo/apps/db/test/broken.yaml", "kind: [\n");
    sandbox.write("repo/.gitignore", "rendered.yaml\n");
    sandbox.write("repo/apps/rendered.yaml", "kind: [\n");
    let lint = |args: &[&str]| {
        sandbox.run_in("repo", &[&["lint", "--format", "json", "--rule", "k8s"], args].concat())
    };
    assert_eq!(findings(&lint(&["apps"])), ["yaml/syntax apps/db/test/broken.yaml:1"]);
    assert_eq!(findings(&lint(&["."])), ["yaml/syntax apps/db/test/broken.yaml:1"]);
    assert_eq!(findings(&lint(&["apps", "--exclude", "apps/db/test"])), [""; 0]);
    assert_eq!(findings(&lint(&["apps", "--exclude", "test/"])), [""; 0]);
    // Above the root of the repository nothing is looked for; in it, patterns start from the file.
    sandbox.write("repo/plimsoll.toml", "exclude = [\"/apps/*/test\"]\n");
    assert_eq!(findings(&lint(&["apps/db"])), [""; 0]);
    // What is named is linted all the same.
    let named = lint(&["apps/db/test/broken.yaml", "apps/db"]);
    assert_eq!(findings(&named), ["yaml/syntax apps/db/test/broken.yaml:1"]);
    sandbox.write("repo/apps/plimsoll.toml", "exclude = [\"{a\"]\n");
    let wrong = lint(&["apps"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("exclude: `{a`"), "{}", wrong.stderr);
}

#[test]
fn what_a_repository_holds_besides_manifests_is_passed_over() {
    let sandbox = Sandbox::new();
    for (path, text) in [
        ("values.yaml", "kind: standalone\nreplicas: 1\n"),
        ("index.yaml", "apiVersion: v1\nentries: {}\n"),
        ("datasources.yaml", "apiVersion: 1\ndatasources: []\n"),
        ("openapi.json", "{\"openapi\": \"3.0.0\", \"info\": {}}"),
        ("tsconfig.json", "{\n  // comment\n  \"compilerOptions\": {}\n}\n"),
        ("helmfile.yaml", "releases:\n  - name: {{ requiredEnv \"X\" }}\n"),
        ("template.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}-x\n"),
        ("jinja.yaml", "apiVersion: v1\n{% if x %}\nkind: Pod\n{% endif %}\n"),
        ("kind.yaml", "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nnodes: []\n"),
        ("kubeconfig.yaml", "apiVersion: v1\nkind: Config\nclusters: []\n"),
        (
            "secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: \"ENC[x]\"}\nsops: {mac: x}\n",
        ),
    ] {
        sandbox.write(&format!("r/{path}"), text);
    }
    sandbox.write("r/service.yaml", SERVICE);
    let outcome = sandbox.run(&["lint", "r", "--verbose", "--rule", "k8s"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "no findings in 1 object\n"));
    let mut skipped: Vec<_> = outcome.stderr.lines().collect();
    skipped.sort_unstable();
    assert_eq!(
        skipped,
        [
            "note: skipped `r/datasources.yaml`: not a Kubernetes manifest",
            "note: skipped `r/helmfile.yaml`: not a Kubernetes manifest",
            "note: skipped `r/index.yaml`: not a Kubernetes manifest",
            "note: skipped `r/jinja.yaml`: a template outside of a chart",
            "note: skipped `r/kind.yaml`: the configuration of a tool, which no cluster reads",
            "note: skipped `r/kubeconfig.yaml`: the configuration of a tool, which no cluster reads",
            "note: skipped `r/openapi.json`: not a Kubernetes manifest",
            "note: skipped `r/secret.yaml`: encrypted with SOPS",
            "note: skipped `r/template.yaml`: a template outside of a chart",
            "note: skipped `r/tsconfig.json`: not a Kubernetes manifest",
            "note: skipped `r/values.yaml`: not a Kubernetes manifest",
        ]
    );
    // Who names such a file hears what is wrong with it.
    sandbox.refused(&["lint", "r/template.yaml"], &["error[yaml/syntax]", "r/template.yaml:4"]);
}

#[test]
fn the_test_values_of_a_chart_are_values_sets() {
    let sandbox = Sandbox::new();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ values.name }}\"}\n";
    sandbox.chart("app", &format!("{map}{{% if values.text == 'odd' %}}extra: 1\n{{% endif %}}"));
    sandbox.write("app/ci/odd-values.yaml", "text: odd\n");
    sandbox.write("app/ci/other-values.yaml", "text: other\n");
    sandbox.write("app/ci/notes.yaml", "text: odd\n");
    let lint = |args: &[&str]| {
        let outcome = sandbox.run(&[&["lint", "app", "--format", "json", "--rule", "k8s"], args].concat());
        let document: Json = serde_json::from_str(&outcome.stdout).unwrap();
        (outcome.code, document["findings"].clone())
    };
    let (code, found) = lint(&[]);
    assert_eq!((code, &found[0]["sets"]), (1, &json!(["ci/odd-values.yaml"])), "{found}");
    assert_eq!(lint(&["--no-ci-values"]), (0, json!([])));
    sandbox.write("prod.yaml", "text: odd\n");
    assert_eq!(
        lint(&["--with", "prod.yaml"]).1[0]["sets"],
        json!(["--with prod.yaml", "ci/odd-values.yaml"])
    );
    // Who must give values gives them for the tests, too.
    sandbox.write("app/values.yaml", "text: x\n");
    sandbox.write("app/ci/odd-values.yaml", "name: a\n");
    sandbox.write("app/ci/other-values.yaml", "name: b\n");
    let (code, found) = lint(&[]);
    assert_eq!(
        (code, &found[0]["rule"], &found[0]["severity"]),
        (0, &json!("chart/render-failed"), &json!("info"))
    );
    assert_eq!(found[0]["sets"], json!(["the default values"]));
    sandbox.write("app/ci/odd-values.yaml", "text: a\n");
    let (code, found) = lint(&[]);
    assert_eq!((code, &found[0]["severity"]), (1, &json!("error")), "{found}");
    assert_eq!(found[0]["sets"], json!(["the default values", "ci/odd-values.yaml"]));
}
