//! Charts with generated passwords: one seed for both sides, and `lookup` answered from the old side.

use crate::against::{commit, git};
use crate::support::{Outcome, Sandbox};

/// A Helm chart whose Secret keeps the password that it finds, or generates one, and a Deployment that restarts with it.
const KEPT: &str = r#"{{ $old := lookup "v1" "Secret" .Release.Namespace "web" -}}
apiVersion: v1
kind: Secret
metadata: {name: web}
data:
  password: {{ if $old }}{{ index $old.data "password" }}{{ else }}{{ randAlphaNum 16 | b64enc }}{{ end }}
"#;

/// The same without `lookup`.
const GENERATED: &str = r#"apiVersion: v1
kind: Secret
metadata: {name: web}
data:
  password: {{ randAlphaNum 16 | b64enc }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
"#;

/// The old Secret, as a manifest may write it.
const OLD: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {password: geheim}\n";

const SHARED: &str = "note: this chart generates random values, in Secret/web: both sides are rendered with the same seed; a real render makes new \
                      ones, unless the chart looks up the old ones or you pass --seed\n";

fn chart(template: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    write_chart(&sandbox, "web", template);
    sandbox
}

fn write_chart(sandbox: &Sandbox, directory: &str, template: &str) {
    let metadata = "apiVersion: v2\nname: web\nversion: 1.0.0\nengine: gotpl\n";
    for (file, text) in [("Chart.yaml", metadata), ("values.yaml", "{}\n"), ("templates/all.yaml", template)]
    {
        sandbox.write(&format!("{directory}/{file}"), text);
    }
}

fn diff(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run(&[&["diff", "shop", "web", "--format", "summary"], args].concat())
}

/// Runs a command with a `kubectl` that runs `script`.
fn with_cluster(sandbox: &Sandbox, script: &str, args: &[&str]) -> Outcome {
    sandbox.script("bin/kubectl", script);
    let path = format!("{}:/usr/bin:/bin", sandbox.path().join("bin").display());
    sandbox.run_with(args, &[("PATH", path.as_str()), ("NO_COLOR", "1")], "")
}

#[test]
fn both_rendered_sides_have_one_seed() {
    let sandbox = chart(GENERATED);
    git(&sandbox, &["init", "-q", "-b", "main"]);
    commit(&sandbox, "one");
    write_chart(&sandbox, "old", GENERATED);
    for against in ["git:main", "./old"] {
        let same = diff(&sandbox, &["--against", against]);
        assert_eq!((same.code, same.stderr.as_str()), (0, SHARED), "{against}: {}", same.stdout);
        let seeded = diff(&sandbox, &["--against", against, "--seed", "7"]);
        assert_eq!((seeded.code, seeded.stderr.as_str()), (0, ""), "{against}");
    }
    let rehearsed = sandbox.run(&["rehearse", "shop", "web", "--against", "git:main"]);
    assert_eq!((rehearsed.code, rehearsed.stderr.as_str()), (0, SHARED), "{}", rehearsed.stdout);
    // A name generated from a template is the same on both sides, too.
    let named =
        sandbox.run(&["diff", "web", "--name-template", "a-{{ randNumeric 8 }}", "--against", "git:main"]);
    assert_eq!(named.code, 0, "{}{}", named.stdout, named.stderr);
}

#[test]
fn random_values_against_what_was_rendered_before_are_called_chance() {
    let sandbox = chart(GENERATED);
    sandbox.write("old.yaml", &sandbox.run(&["render", "shop", "web"]).stdout);
    let changed = diff(&sandbox, &["--against", "old.yaml"]);
    assert_eq!(changed.code, 1);
    assert_eq!(
        changed.stderr,
        "note: this chart generates random values, which differ in every render: changes to them are marked as random, in Secret/web\n"
    );
    // Those of an explicit seed are no chance.
    sandbox.write("old.yaml", &sandbox.run(&["render", "shop", "web", "--seed", "7"]).stdout);
    let seeded = diff(&sandbox, &["--against", "old.yaml", "--seed", "7"]);
    assert_eq!((seeded.code, seeded.stderr.as_str()), (0, ""), "{}", seeded.stdout);
}

#[test]
fn lookup_finds_the_manifests_of_the_old_side() {
    let sandbox = chart(KEPT);
    sandbox.write("old.yaml", OLD);
    let kept = diff(&sandbox, &["--against", "old.yaml"]);
    assert_eq!((kept.code, kept.stderr.as_str()), (0, ""), "{}", kept.stdout);
    let elsewhere = diff(&sandbox, &["--against", "old.yaml", "-n", "staging"]);
    assert_eq!(elsewhere.code, 0, "{}", elsewhere.stdout);
    sandbox.write("old.yaml", &OLD.replace("{name: web}", "{name: other}"));
    let new = diff(&sandbox, &["--against", "old.yaml"]);
    assert!(new.stdout.contains("+ Secret/web"), "{}", new.stdout);
    assert!(new.stderr.contains("are marked as random, in Secret/web"), "{}", new.stderr);
}

#[test]
fn lookup_finds_the_render_of_a_revision() {
    // What the revision generates differs from what the new chart would: only `lookup` keeps it.
    let sandbox = chart(GENERATED);
    git(&sandbox, &["init", "-q", "-b", "main"]);
    commit(&sandbox, "one");
    let moved = format!("# {{{{ randAlpha 5 }}}}\n{KEPT}");
    sandbox.write("web/templates/all.yaml", &moved);
    let kept = diff(&sandbox, &["--against", "git:main"]);
    assert_eq!(kept.stdout.lines().next(), Some("- ConfigMap/web  stays in the cluster"), "{}", kept.stdout);
    assert!(kept.stdout.contains("0 added, 0 changed, 1 removed, 1 unchanged"), "{}", kept.stdout);
    sandbox.write("web/templates/all.yaml", &moved.replace("if $old", "if false"));
    let made = diff(&sandbox, &["--against", "git:main"]);
    assert!(made.stdout.contains("1 changed"), "{}", made.stdout);
}

#[test]
fn lookup_finds_recorded_secrets_only_with_their_values() {
    let sandbox = chart(KEPT);
    let first = sandbox.run(&["render", "shop", "web", "--record"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let digests = diff(&sandbox, &[]);
    assert!(
        digests
            .stderr
            .contains("note: recorded as digests, so `lookup` does not find them: Secret/web (record"),
        "{}",
        digests.stderr
    );
    let second = sandbox.run(&["render", "shop", "web", "--record", "--record-secrets"]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    let kept = diff(&sandbox, &[]);
    assert_eq!((kept.code, kept.stderr.as_str()), (0, ""), "{}", kept.stdout);
}

/// The Secret in a cluster.
const LIVE: &str = r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web", "namespace": "default", "uid": "1"},
  "type": "Opaque", "data": {"password": "Z2VoZWlt"}}"#;

#[test]
fn lookup_asks_the_cluster() {
    let sandbox = chart(KEPT);
    sandbox.write("live.json", LIVE);
    let script =
        "echo \"$*\" >> asked.txt; case \"$*\" in *' -f -'*|'get Secret.v1. '*) cat live.json ;; esac";
    let live = with_cluster(&sandbox, script, &["diff", "shop", "web", "--against", "live"]);
    assert_eq!(live.code, 0, "{}{}", live.stdout, live.stderr);
    assert!(!live.stderr.contains("random"), "{}", live.stderr);
    let asked = sandbox.read("asked.txt");
    assert!(asked.starts_with("get Secret.v1. --ignore-not-found -o json web -n default\n"), "{asked}");

    let args = ["render", "shop", "web", "--lookup", "live", "--kube-context", "eu", "-n", "default"];
    let rendered = with_cluster(&sandbox, script, &args);
    assert_eq!((rendered.code, rendered.stderr.as_str()), (0, ""));
    assert!(rendered.stdout.contains("password: Z2VoZWlt\n"), "{}", rendered.stdout);
    let asked = sandbox.read("asked.txt");
    assert!(asked.ends_with("web -n default --context eu\n"), "{asked}");

    let refused = with_cluster(&sandbox, "echo 'secrets is forbidden' >&2; exit 1", &args);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(
        refused.stderr.contains("cannot look up Secret `web`: kubectl get: secrets is forbidden"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_chart_passes_no_flags_to_kubectl() {
    let sandbox = chart(
        r#"{{ $a := lookup "v1" "Secret" "" "--kubeconfig=stolen" }}{{ $b := lookup "v1" "-f=x" "" "a" }}{{ list $a $b | len }}: 1
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
"#,
    );
    let script = "echo \"$*\" >> asked.txt";
    let rendered = with_cluster(&sandbox, script, &["render", "shop", "web", "--lookup", "live"]);
    assert_eq!(rendered.code, 0, "{}", rendered.stderr);
    assert!(!sandbox.path().join("asked.txt").exists());
}

#[test]
fn what_is_found_can_be_looked_up_further() {
    let sandbox = chart(
        r#"{{ range (lookup "v1" "Secret" "" "").items }}
{{ $map := lookup "v1" "ConfigMap" .metadata.namespace .metadata.name }}
{{ with $map }}
apiVersion: v1
kind: ConfigMap
metadata: {name: copy-{{ .metadata.name }}}
data: {{ toJson .data }}
{{ end }}
{{ end }}
"#,
    );
    sandbox.write("live.json", LIVE);
    let script = r#"echo "$*" >> asked.txt; case "$*" in
  "get Secret.v1. "*) cat live.json ;;
  "get ConfigMap.v1. --ignore-not-found -o json web -n default") echo '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "default"}, "data": {"a": "b"}}' ;;
esac"#;
    let rendered = with_cluster(&sandbox, script, &["render", "shop", "web", "--lookup", "live"]);
    assert!(
        rendered.stdout.contains("copy-web}\ndata: {\"a\":\"b\"}"),
        "{}{}",
        rendered.stdout,
        rendered.stderr
    );
    let asked = sandbox.read("asked.txt");
    assert!(asked.starts_with("get Secret.v1. --ignore-not-found -o json --all-namespaces\n"), "{asked}");
    assert_eq!(asked.lines().count(), 2, "{asked}");
}

#[test]
fn a_render_looks_up_manifests() {
    let sandbox = chart(KEPT);
    sandbox.write("old/secret.yaml", OLD);
    for source in ["old/secret.yaml", "old"] {
        let rendered = sandbox.run(&["render", "shop", "web", "--lookup", source]);
        assert_eq!((rendered.code, rendered.stderr.as_str()), (0, ""), "{source}");
        assert!(rendered.stdout.contains("password: Z2VoZWlt\n"), "{source}: {}", rendered.stdout);
    }
    let piped = sandbox.run_with(&["render", "shop", "web", "--lookup", "-"], &[], OLD);
    assert!(piped.stdout.contains("password: Z2VoZWlt\n"), "{}", piped.stdout);
    let twice = sandbox.run_with(&["render", "shop", "web", "--lookup", "-", "-f", "-"], &[], OLD);
    assert_eq!((twice.code, twice.stdout.as_str()), (2, ""));
    assert!(twice.stderr.contains("both values and the objects of --lookup"), "{}", twice.stderr);
    let without = sandbox.run(&["render", "shop", "web"]);
    assert!(!without.stdout.contains("Z2VoZWlt") && without.stderr.contains("uses random values"));
}

#[test]
fn lookup_finds_the_definitions_of_the_old_chart() {
    let sandbox = chart(
        "{{ if lookup \"apiextensions.k8s.io/v1\" \"CustomResourceDefinition\" \"\" \"as.example.com\" }}\napiVersion: v1\n\
         kind: ConfigMap\nmetadata: {name: found}\n{{ end }}\n",
    );
    write_chart(&sandbox, "old", "");
    assert_eq!(diff(&sandbox, &["--against", "./old"]).code, 0);
    sandbox.write(
        "old/crds/a.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.example.com}\n",
    );
    let found = diff(&sandbox, &["--against", "./old"]);
    assert!(found.stdout.contains("+ ConfigMap/found"), "{}{}", found.stdout, found.stderr);
}

/// A password, its checksum, a setting and the time of the render.
const RANDOM: &str = r#"apiVersion: v1
kind: Secret
metadata: {name: web, labels: {tier: {{ .Values.tier | default "a" }}}}
stringData: {password: {{ randAlphaNum 16 }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {level: {{ .Values.level | default "info" }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations:
        checksum/secret: {{ randAlphaNum 16 | sha256sum }}
    spec:
      containers:
        - {name: web, image: example.net/web:1, envFrom: [{secretRef: {name: web}}, {configMapRef: {name: web}}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: "migrate-{{ randNumeric 8 }}"}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: x:1}]}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, annotations: {year: {{ now | date "2006-01-02" | quote }}}}
"#;

fn json(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.stderr))
}

/// The object of a plan.
fn planned(plan: &serde_json::Value, kind: &str, change: &str) -> serde_json::Value {
    let objects = plan["objects"].as_array().unwrap();
    let found = objects.iter().find(|object| object["kind"] == kind && object["change"] == change);
    found.unwrap_or_else(|| panic!("{kind} {change}: {plan:#}")).clone()
}

#[test]
fn random_changes_and_what_follows_from_them_are_marked() {
    let sandbox = chart(RANDOM);
    let rendered = sandbox.run(&["render", "shop", "web"]).stdout;
    // As rendered on another day.
    let today = rendered.lines().find(|line| line.contains("year: ")).unwrap().to_owned();
    let start = today.find("year: ").unwrap();
    let old_day = format!("{}year: \"2001-02-03\"}}}}", &today[..start]);
    sandbox.write("old.yaml", &rendered.replace(&today, &old_day));
    let against = ["diff", "shop", "web", "--against", "old.yaml"];
    let plan = |more: &[&str]| sandbox.run(&[&against[..], more].concat());
    let found = json(&plan(&["--format", "json"]));
    let secret = planned(&found, "Secret", "modified");
    assert_eq!(secret["random"], true, "{secret:#}");
    assert_eq!(secret["changes"][0]["path"], "data.password");
    assert_eq!(secret["changes"][0]["random"], true);
    assert_eq!(planned(&found, "ServiceAccount", "modified")["random"], true);
    let job = planned(&found, "Job", "added");
    assert_eq!(job["effects"][0]["detail"], "its name is random: each render makes another object");
    let deployment = planned(&found, "Deployment", "modified");
    let why = "this follows only from random values";
    assert!(deployment["effects"][0]["detail"].as_str().unwrap().contains(why), "{deployment:#}");
    let names = found["random"].as_array().unwrap();
    assert!(
        names.iter().any(|name| name == "Secret/web") && !names.iter().any(|name| name == "ConfigMap/web")
    );
    for (format, texts) in [
        ("plan", &["data.password (random): (secret) -> (secret, changed)", why][..]),
        ("summary", &["~ Secret/web  random values only"]),
        ("unified", &["# random in each render: data.password", why]),
        ("markdown", &["Random values, which are others in each render", "random values only", why]),
        ("html", &["Random values, which are others in each render", "<i>(random)</i>", why]),
    ] {
        let shown = plan(&["--format", format]).stdout;
        for text in texts {
            assert!(shown.contains(text), "{format}: {text}\n{shown}");
        }
    }
    // What changes beside them is no chance, and neither is the restart that brings it to the pods.
    let both = json(&plan(&["--format", "json", "--set", "level=debug,tier=b"]));
    let secret = planned(&both, "Secret", "modified");
    assert_eq!(secret["random"], serde_json::Value::Null, "{secret:#}");
    assert!(secret["changes"].as_array().unwrap().iter().any(|change| change["random"] == true));
    let deployment = planned(&both, "Deployment", "modified");
    assert!(!deployment["effects"][0]["detail"].as_str().unwrap().contains(why), "{deployment:#}");
}

#[test]
fn values_drawn_in_another_order_are_marked_on_rendered_sides() {
    let sandbox = chart(GENERATED);
    write_chart(&sandbox, "old", GENERATED);
    let template = format!("{{{{- $first := randAlphaNum 5 }}}}\n{GENERATED}");
    write_chart(&sandbox, "web", &template);
    let moved = sandbox.run(&["diff", "shop", "web", "--against", "./old", "--format", "json"]);
    assert_eq!(planned(&json(&moved), "Secret", "modified")["random"], true, "{}", moved.stdout);
    assert_eq!(moved.stderr, SHARED);
}

#[test]
fn a_chosen_seed_is_not_random_and_the_time_of_a_render_is() {
    let sandbox = chart(RANDOM);
    let rendered = sandbox.run(&["render", "shop", "web", "--seed", "7"]).stdout;
    let day = rendered.split("year: \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    sandbox.write("old.yaml", &rendered.replace(&day, "2001-02-03"));
    let plan =
        sandbox.run(&["diff", "shop", "web", "--against", "old.yaml", "--seed", "7", "--format", "json"]);
    let plan = json(&plan);
    assert_eq!(plan["random"].as_array().unwrap().len(), 1, "{plan:#}");
    assert_eq!(planned(&plan, "ServiceAccount", "modified")["random"], true);
    assert_eq!(planned(&plan, "Secret", "unchanged")["random"], serde_json::Value::Null);
}

/// A chart that can be rendered only where the Secret is found.
const NEEDED: &str = r#"{{ $old := lookup "v1" "Secret" .Release.Namespace "web" }}
apiVersion: v1
kind: Secret
metadata: {name: web}
type: Opaque
data: {password: {{ required "no Secret" (dig "data" "password" "" $old) }}}
"#;

/// The commands that render a chart.
const COMMANDS: [&[&str]; 5] = [
    &["render", "shop", "web"],
    &["lint", "web", "--release", "shop"],
    &["preview", "shop", "web"],
    &["diff", "shop", "web", "--against", "none.yaml", "--fail-on", "rejected"],
    &["rehearse", "shop", "web", "--against", "none.yaml"],
];

#[test]
fn every_command_that_renders_finds_objects() {
    let sandbox = chart(NEEDED);
    sandbox.write("old.yaml", OLD);
    sandbox.write("none.yaml", "");
    sandbox.write("live.json", LIVE);
    let script = "echo \"$*\" >> asked.txt; case \"$*\" in 'get Secret.v1. '*' web -n default --context eu') cat live.json ;; *) exit 1 ;; esac";
    for command in COMMANDS {
        let with = |more: &[&str]| with_cluster(&sandbox, script, &[command, more].concat());
        let without = with(&[]);
        assert!(without.code != 0 && without.stderr.contains("no Secret"), "{command:?}: {}", without.stderr);
        let manifests = with(&["--lookup", "old.yaml"]);
        assert_eq!(manifests.code, 0, "{command:?}: {}{}", manifests.stdout, manifests.stderr);
        let live = with(&["--lookup", "live", "--kube-context", "eu"]);
        assert_eq!(live.code, 0, "{command:?}: {}{}", live.stdout, live.stderr);
        let gone = with(&["--lookup", "gone"]);
        assert_eq!(gone.code, 2, "{command:?}: {}", gone.stderr);
    }
}

#[test]
fn a_cluster_is_asked_once_for_all_sets_of_values() {
    let sandbox = chart(NEEDED);
    sandbox.write("live.json", LIVE);
    sandbox.write("a.yaml", "a: 1\n");
    sandbox.write("b.yaml", "b: 1\n");
    let script = "echo \"$*\" >> asked.txt; cat live.json";
    let args = ["lint", "web", "--with", "a.yaml", "--with", "b.yaml", "--lookup", "live"];
    let linted = with_cluster(&sandbox, script, &args);
    assert_eq!(linted.code, 0, "{}{}", linted.stdout, linted.stderr);
    let asked = sandbox.read("asked.txt");
    assert_eq!(asked.lines().count(), 1, "{asked}");
}

#[test]
fn both_sides_of_a_diff_find_objects() {
    let sandbox = chart(NEEDED);
    git(&sandbox, &["init", "-q", "-b", "main"]);
    commit(&sandbox, "one");
    write_chart(&sandbox, "old", NEEDED);
    sandbox.write("old.yaml", OLD);
    sandbox.write("live.json", LIVE);
    for against in ["git:main", "./old"] {
        for lookup in ["old.yaml", "live"] {
            let args = ["diff", "shop", "web", "--against", against, "--lookup", lookup];
            let same = with_cluster(&sandbox, "cat live.json", &args);
            assert_eq!(same.code, 0, "{args:?}: {}{}", same.stdout, same.stderr);
        }
    }
    // What the old side applied goes before other manifests.
    let other = OLD.replace("geheim", "other");
    sandbox.write("applied.yaml", &other);
    let kept = diff(&sandbox, &["--against", "applied.yaml", "--lookup", "old.yaml"]);
    assert_eq!(kept.code, 0, "{}{}", kept.stdout, kept.stderr);
}

#[test]
fn secrets_are_found_where_the_chart_renders_only_with_objects() {
    let sandbox = chart(
        "{{ $old := lookup \"v1\" \"Secret\" .Release.Namespace \"web\" }}{{ $_ := required \"no Secret\" $old.data }}\n\
         apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {word: {{ .Values.word }}}\n",
    );
    sandbox.write("web/values.yaml", "word: geheim\n");
    sandbox.write("old.yaml", OLD);
    let shown = sandbox.run(&["values", "web", "--origins"]).stdout;
    assert!(shown.contains("geheim"), "{shown}");
    let concealed = sandbox.run(&["values", "web", "--origins", "--lookup", "old.yaml"]).stdout;
    assert!(!concealed.contains("geheim"), "{concealed}");
}

#[test]
fn manifests_look_up_nothing() {
    let sandbox = chart(KEPT);
    sandbox.write("old.yaml", OLD);
    sandbox.refused(
        &["preview", "old.yaml", "--lookup", "old.yaml"],
        &["which look up nothing", "remove --lookup"],
    );
    let twice = sandbox.run_with(&["lint", "-", "--lookup", "-"], &[], OLD);
    assert!(twice.code == 2 && twice.stderr.contains("standard input"), "{}", twice.stderr);
}

/// What a chart sees of its cluster.
const SEEN: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  version: {{ .Capabilities.KubeVersion.Version }}
  own: {{ .Capabilities.APIVersions.Has "example.com/v1/Thing" | quote }}
  named: {{ .Capabilities.APIVersions.Has "other.com/v1" | quote }}
  workloads: {{ .Capabilities.APIVersions.Has "apps/v1/StatefulSet" | quote }}
  jobs: {{ .Capabilities.APIVersions.Has "batch/v1" | quote }}
"#;

const CLUSTER: &str = r#"{"clientVersion": {"gitVersion": "v1.35.0"}, "serverVersion": {"gitVersion": "v1.34.2-gke.100"}}
apps/v1
v1
example.com/v1
statefulsets  sts  apps/v1         true   StatefulSet
things             example.com/v1  false  Thing
"#;

#[test]
fn charts_see_the_capabilities_of_a_cluster() {
    let sandbox = chart(SEEN);
    sandbox.write("cluster.txt", CLUSTER);
    let script = "echo \"$*\" >> asked.txt; case \"$1\" in version) head -n 1 cluster.txt ;; api-versions) sed -n 2,4p cluster.txt ;; api-resources) sed -n 5,6p cluster.txt ;; esac";
    let recorded = ["render", "shop", "web", "--capabilities", "cluster.txt"];
    let live = ["render", "shop", "web", "--capabilities", "live", "--kube-context", "eu"];
    for args in [&recorded[..], &live] {
        let rendered = with_cluster(&sandbox, script, args);
        assert_eq!((rendered.code, rendered.stderr.as_str()), (0, ""), "{args:?}");
        for part in [
            "version: v1.34.2-gke.100\n",
            "own: \"true\"",
            "named: \"false\"",
            "workloads: \"true\"",
            "jobs: \"false\"",
        ] {
            assert!(rendered.stdout.contains(part), "{args:?}: {part}\n{}", rendered.stdout);
        }
    }
    assert_eq!(
        sandbox.read("asked.txt"),
        "version -o json --context eu\napi-versions --context eu\napi-resources --no-headers --context eu\n"
    );
    // Flags go before what is recorded.
    let flags =
        sandbox.run(&[&recorded[..], &["--kube-version", "1.33", "--api-versions", "other.com/v1"]].concat());
    for part in ["version: v1.33", "own: \"true\"", "named: \"true\""] {
        assert!(flags.stdout.contains(part), "{part}\n{}", flags.stdout);
    }
    let server = with_cluster(&sandbox, script, &["helm", "template", "shop", "web", "--dry-run=server"]);
    assert!(server.stdout.contains("own: \"true\""), "{}{}", server.stdout, server.stderr);
    sandbox.write("bad.txt", "apps/v1\n");
    sandbox.refused(
        &["render", "shop", "web", "--capabilities", "bad.txt"],
        &["--capabilities: cannot use `bad.txt`", "kubectl version -o json"],
    );
    let unreachable = with_cluster(&sandbox, "echo 'connection refused' >&2; exit 1", &live);
    assert_eq!(unreachable.code, 2);
    assert!(unreachable.stderr.contains("kubectl version: connection refused"), "{}", unreachable.stderr);
}

#[test]
fn every_command_takes_capabilities() {
    let chart = "{{ if not (.Capabilities.APIVersions.Has \"example.com/v1\") }}{{ fail \"not served\" }}{{ end }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";
    let sandbox = self::chart(chart);
    sandbox.write("cluster.txt", CLUSTER);
    sandbox.write("none.yaml", "");
    for command in COMMANDS {
        let without = sandbox.run(command);
        assert!(
            without.code != 0 && without.stderr.contains("not served"),
            "{command:?}: {}",
            without.stderr
        );
        let with = sandbox.run(&[command, &["--capabilities", "cluster.txt"]].concat());
        assert_eq!(with.code, 0, "{command:?}: {}{}", with.stdout, with.stderr);
    }
}
