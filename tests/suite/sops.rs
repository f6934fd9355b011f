//! Values files that sops has encrypted (`tests/fixtures/sops/make.sh`).

use crate::support::{Outcome, ROOT, Sandbox, tool};
use std::process::Command;

const KEYS: &str = "tests/fixtures/sops/keys.txt";

/// Texts of the encrypted values.
const SECRETS: [&str; 7] = [
    "swordfish-7",
    "5432",
    "12345678901",
    "first-secret",
    "third-secret",
    "correct horse",
    "two-secret-line",
];

/// A chart that puts values where they are not expected to be secret.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    sandbox.write("app/values.yaml", "name: nobody\nport: 1\n");
    sandbox.write(
        "app/templates/cm.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\ndata:\n  url: \"tcp://{{ .Values.name }}:{{ .Values.port }}\"\n  all: {{ toJson .Values | quote }}\n",
    );
    for name in
        ["values", "several", "other", "regex", "suffix", "not-regex", "comments", "documents", "shamir"]
    {
        let name = format!("{name}.enc.yaml");
        let bytes = std::fs::read(format!("{ROOT}/tests/fixtures/sops/{name}")).unwrap();
        sandbox.write_bytes(&name, &bytes);
    }
    sandbox
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run_with(args, &[("SOPS_AGE_KEY_FILE", &format!("{ROOT}/{KEYS}"))], "")
}

/// Refused with these words, and without any secret.
fn refused(sandbox: &Sandbox, args: &[&str], told: &[&str]) {
    let outcome = run(sandbox, args);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{args:?}: {}", outcome.stderr);
    for word in told {
        assert!(outcome.stderr.contains(word), "{args:?} does not name `{word}`: {}", outcome.stderr);
    }
    hides_secrets(args, &outcome);
}

fn hides_secrets(args: &[&str], outcome: &Outcome) {
    for secret in SECRETS {
        let shown = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!shown.contains(secret), "{args:?} shows `{secret}`: {shown}");
    }
}

const DECRYPTED: &str = r#"name: swordfish-7
port: 5432
ratio: 1.5
big: 12345678901
flag: true
"off": false
empty: ""
nothing: null
note_unencrypted: plain text
count_unencrypted: 12
yes_unencrypted: "yes"
ready_unencrypted: true
share_unencrypted: 0.25
list:
  - first-secret
  - 7
  - inner: third-secret
db:
  password: correct horse battery
  lines: |
    one-secret-line
    two-secret-line
  umlaut: grüße-aus-köln
"#;

#[test]
fn values_are_decrypted_with_the_keys_that_sops_finds() {
    let sandbox = sandbox();
    let keys = std::fs::read_to_string(format!("{ROOT}/{KEYS}")).unwrap();
    let key = keys.lines().find(|line| line.starts_with("AGE-SECRET-KEY")).unwrap();
    sandbox.write("config/sops/age/keys.txt", &keys);
    sandbox.write("home/.config/sops/age/keys.txt", &keys);
    let path = |below: &str| sandbox.path().join(below).display().to_string();
    let none = path("nowhere");
    for (file, environment) in [
        ("values.enc.yaml", [("SOPS_AGE_KEY_FILE", format!("{ROOT}/{KEYS}")), ("HOME", none.clone())]),
        ("secrets://several.enc.yaml", [("SOPS_AGE_KEY", key.to_owned()), ("HOME", none.clone())]),
        ("values.enc.yaml", [("XDG_CONFIG_HOME", path("config")), ("HOME", none.clone())]),
        ("values.enc.yaml", [("XDG_CONFIG_HOME", none.clone()), ("HOME", path("home"))]),
    ] {
        let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
        let outcome = sandbox.run_with(&["values", "app", "-f", file], &environment, "");
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (0, DECRYPTED),
            "{environment:?}: {}",
            outcome.stderr
        );
    }
    let bare = [("XDG_CONFIG_HOME", none.as_str()), ("HOME", &none), ("SOPS_AGE_KEY_CMD", "touch ran")];
    let outcome = sandbox.run_with(&["values", "app", "-f", "values.enc.yaml"], &bare, "");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    for told in
        ["no age key was found", "--> values.enc.yaml:", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD is not run"]
    {
        assert!(outcome.stderr.contains(told), "{told}: {}", outcome.stderr);
    }
    assert!(!sandbox.path().join("ran").exists());
}

#[test]
fn rules_decide_what_is_encrypted() {
    let sandbox = sandbox();
    sandbox.write("app/values.yaml", "");
    for (file, expected) in [
        ("regex", "password: hunter2-hunter2\nimage:\n  tag: \"1.27\"\nreplicas: 3\n"),
        ("suffix", "a_secret: hunter2-hunter2\nb: plain\n"),
        ("not-regex", "a: hunter2-hunter2\nimage:\n  tag: \"1.27\"\n"),
        ("comments", "a: plain\nb: hunter2-hunter2\n"),
        ("documents", "name: from-the-first\nport: 1\n"),
    ] {
        let outcome = run(&sandbox, &["values", "app", "-f", &format!("{file}.enc.yaml")]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, expected), "{file}: {}", outcome.stderr);
    }
    // With `mac_only_encrypted` plain values may change, but none may take the place of an encrypted one.
    let change = |from: &str, to: &str| {
        sandbox.write("regex.enc.yaml", &sandbox.read("regex.enc.yaml").replacen(from, to, 1));
    };
    change("replicas: 3", "replicas: 4");
    assert_eq!(run(&sandbox, &["values", "app", "-f", "regex.enc.yaml"]).code, 0);
    change("replicas: 4", "replicas: 4\npasswort: mine");
    refused(
        &sandbox,
        &["values", "app", "-f", "regex.enc.yaml"],
        &["`passwort` is not encrypted", "added without sops"],
    );
}

#[test]
fn files_that_were_changed_are_refused() {
    let sandbox = sandbox();
    let original = sandbox.read("values.enc.yaml");
    let line = |key: &str| original.lines().find(|line| line.trim().starts_with(&format!("{key}:"))).unwrap();
    let sealed = |key: &str| line(key).split_once(": ").unwrap().1;
    for (from, to, told) in [
        (line("note_unencrypted"), "note_unencrypted: other", "the MAC of the file does not match"),
        (line("ratio"), "", "the MAC of the file does not match"),
        (line("empty"), "empty: x", "`empty` is not encrypted"),
        (sealed("name"), sealed("password"), "cannot decrypt `name`: it is damaged, or was moved"),
        (sealed("name"), "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]", "cannot decrypt `name`"),
        (sealed("mac"), sealed("name"), "the MAC of the file does not match"),
        (line("mac"), "    mac: \"\"", "has no `mac`"),
        (
            line("lastmodified"),
            "    lastmodified: \"2020-01-01T00:00:00Z\"",
            "the MAC of the file does not match",
        ),
        (
            "unencrypted_suffix: _unencrypted",
            "encrypted_suffix: _unencrypted",
            "`note_unencrypted` is not encrypted",
        ),
        ("unencrypted_suffix:", "encrypted_regex: x\n    unencrypted_suffix:", "has both"),
        ("YWdlLWVuY3J5cHRpb24", "YWdlLWVuY3J5cHRpb25", "none of the age keys"),
    ] {
        assert!(original.contains(from), "{from}");
        sandbox.write("changed.yaml", &original.replacen(from, to, 1));
        refused(&sandbox, &["values", "app", "-f", "changed.yaml"], &[told]);
    }
    refused(
        &sandbox,
        &["render", "x", "app", "-f", "other.enc.yaml"],
        &["none of the age keys is one of them"],
    );
    refused(&sandbox, &["lint", "app", "-f", "shamir.enc.yaml"], &["divided among groups", "sops -d FILE"]);
    let kms = "a: ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]\nsops:\n  mac: x\n  pgp: [{fp: x}]\n  kms: [{arn: x}]\n";
    sandbox.write("kms.yaml", kms);
    refused(
        &sandbox,
        &["render", "x", "app", "-f", "kms.yaml"],
        &["encrypted with PGP and AWS KMS", "sops -d FILE"],
    );
    // A chart may have values under this name.
    sandbox.write("own.yaml", "sops: {image: x}\n");
    assert_eq!(sandbox.run(&["values", "app", "-f", "own.yaml"]).code, 0);
}

#[test]
fn decrypted_values_are_secret_by_their_origin() {
    let sandbox = sandbox();
    let file = "values.enc.yaml";
    let rendered = run(&sandbox, &["render", "app", "app", "-f", file]);
    assert!(rendered.stdout.contains("url: \"tcp://swordfish-7:5432\""), "{}", rendered.stderr);
    for args in [
        &["diff", "app", "app", "-f", file, "--against", "app"][..],
        &["diff", "app", "app", "-f", file, "--against", "app", "--format", "unified"],
        &["diff", "app", "app", "-f", file, "--against", "app", "--format", "json"],
        &[
            "diff",
            "app",
            "app",
            "-f",
            file,
            "--against",
            "app",
            "--against-set",
            "name=x",
            "--format",
            "markdown",
        ],
        &["values", "app", "-f", file, "--origins"],
        &["values", "app", "-f", file, "--why", "name"],
        &["values", "app", "-f", file, "--why", "db"],
        &["values", "app", "-f", file, "--set", "name=x", "--why", "name"],
        &["rehearse", "app", "app", "-f", file, "--against", "app"],
        &["preview", "app", "app", "-f", file],
        &["lint", "app", "-f", file, "--format", "full"],
    ] {
        let outcome = run(&sandbox, args);
        assert!(outcome.code < 2, "{args:?}: {}", outcome.stderr);
        hides_secrets(args, &outcome);
    }
    let origins = run(&sandbox, &["values", "app", "-f", file, "--origins"]).stdout;
    assert!(origins.contains("name: (secret)  # values.enc.yaml:"), "{origins}");
    assert!(
        origins.contains("flag: (secret)  #") && origins.contains("count_unencrypted: 12  #"),
        "{origins}"
    );
    assert_eq!(run(&sandbox, &["render", "app", "app", "-f", file, "--record"]).code, 0);
    let record = sandbox.read(".plimsoll/default/app/000001.yaml");
    assert!(SECRETS.iter().all(|secret| !record.contains(secret)), "{record}");
    assert!(record.contains("count_unencrypted: 12"), "{record}");
    let unchanged = run(&sandbox, &["diff", "app", "app", "-f", file]);
    assert_eq!(unchanged.code, 0, "{}{}", unchanged.stdout, unchanged.stderr);
    // In errors.
    for template in
        ["{{ fail .Values.name }}", "a: {{ .Values.name }}: {{ .Values.db.lines }}", "{{ .Values.name.x }}"]
    {
        sandbox.write("app/templates/bad.yaml", template);
        refused(&sandbox, &["render", "app", "app", "-f", file], &["error"]);
    }
    sandbox.write("app/templates/bad.yaml", "");
    sandbox.write(
        "app/values.schema.json",
        r#"{"properties": {"name": {"maxLength": 3}, "port": {"type": "string"}}}"#,
    );
    refused(&sandbox, &["render", "app", "app", "-f", file], &["values.enc.yaml:"]);
}

#[test]
fn no_decrypted_value_is_a_default_in_a_schema() {
    let sandbox = sandbox();
    sandbox.write("app/templates/cm.yaml", "# {{ .Values.name }}\n");
    let args = ["schema", "app", "--with", "values.enc.yaml"];
    let outcome = run(&sandbox, &args);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("\"lines\": {"), "{}", outcome.stdout);
    hides_secrets(&args, &outcome);
}

#[test]
fn every_values_file_is_decrypted() {
    let sandbox = sandbox();
    let bytes = sandbox.read("values.enc.yaml");
    sandbox.write("app/ci/prod-values.yaml", &bytes);
    sandbox.write(
        "app/templates/check.yaml",
        "{{ if hasPrefix \"ENC\" .Values.name }}{{ fail \"still encrypted\" }}{{ end }}",
    );
    for args in
        [&["lint", "app"][..], &["lint", "app", "--no-ci-values", "--with", "secrets://values.enc.yaml"]]
    {
        let outcome = run(&sandbox, args);
        assert!(
            outcome.code < 2 && !outcome.stdout.contains("still encrypted"),
            "{}{}",
            outcome.stdout,
            outcome.stderr
        );
        let without = sandbox.run_with(args, &[("HOME", "/nonexistent")], "");
        let told = format!("{}{}", without.stdout, without.stderr);
        assert!(without.code > 0 && told.contains("no age key was found"), "{told}");
    }
    let piped = sandbox.run_with(
        &["values", "app", "-f", "-"],
        &[("SOPS_AGE_KEY_FILE", &format!("{ROOT}/{KEYS}"))],
        &bytes,
    );
    assert_eq!((piped.code, piped.stdout.as_str()), (0, DECRYPTED), "{}", piped.stderr);
}

#[test]
fn ciphertext_in_objects_is_told() {
    let sandbox = sandbox();
    sandbox.write("ref.yaml", "name: ref+vault://secret/app#/name\n");
    let rendered = sandbox.run(&["render", "app", "app", "-f", "ref.yaml"]);
    assert_eq!(rendered.code, 0);
    assert!(rendered.stdout.contains("tcp://ref+vault://"), "{}", rendered.stdout);
    for told in ["warning: `data.url` of ConfigMap/app is a reference that nothing has replaced", "vals eval"]
    {
        assert!(rendered.stderr.contains(told), "{told}: {}", rendered.stderr);
    }
    sandbox.refused(
        &["render", "app", "app", "-f", "ref.yaml", "--strict"],
        &["error: `data.url` of ConfigMap/app"],
    );
    let linted = sandbox.run(&["lint", "app", "-f", "ref.yaml"]);
    assert!(linted.code == 1 && linted.stdout.contains("values/undecrypted"), "{}", linted.stdout);
}

#[test]
#[ignore = "needs sops (PLIMSOLL_SOPS)"]
fn sops_decrypts_to_the_same_values() {
    let sandbox = sandbox();
    sandbox.write("app/values.yaml", "");
    let read = |text: &[u8]| serde_yaml::from_slice::<serde_yaml::Value>(text).unwrap();
    for name in ["values", "several", "regex", "suffix", "not-regex", "comments"] {
        let file = format!("{name}.enc.yaml");
        let output = Command::new(tool("PLIMSOLL_SOPS"))
            .args(["decrypt", &file])
            .current_dir(sandbox.path())
            .env("SOPS_AGE_KEY_FILE", format!("{ROOT}/{KEYS}"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let ours = succeed_with_keys(&sandbox, &["values", "app", "-f", &file]);
        assert_eq!(read(ours.as_bytes()), read(&output.stdout), "{name}");
    }
}

fn succeed_with_keys(sandbox: &Sandbox, args: &[&str]) -> String {
    let outcome = run(sandbox, args);
    assert_eq!(outcome.code, 0, "{args:?}: {}", outcome.stderr);
    outcome.stdout
}
