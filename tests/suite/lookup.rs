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

const SHARED: &str = "note: this chart generates random values: both sides are rendered with the same seed; a real render makes new \
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
        "note: this chart generates random values, which differ in every render: changes to them are chance, in Secret/web\n"
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
    assert!(new.stderr.contains("are chance, in Secret/web"), "{}", new.stderr);
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
    assert!(!live.stderr.contains("chance"), "{}", live.stderr);
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
