//! Names, values and file names that hold line breaks, terminal controls and markup, in everything that is printed.

use crate::support::{CONFIG_MAP, Sandbox};

/// Breaks lines, controls terminals, turns text around.
const NAME: &str = "a\\n::add-mask::b\\r\\u001b[31m\\u009bc\\u202ed";

/// Manifests whose names and values are such texts, in a file with such a name.
fn manifests() -> Sandbox {
    let sandbox = Sandbox::new();
    let text = format!(
        "apiVersion: v1
kind: Service
metadata: {{name: \"{NAME}\", labels: {{\"{NAME}\": \"{NAME}\"}}}}
spec: {{selector: {{app: \"{NAME}\"}}, ports: [{{port: 80, name: \"{NAME}\"}}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: \"{NAME}\", namespace: \"{NAME}\"}}
spec:
  serviceName: \"{NAME}\"
  selector: {{matchLabels: {{app: \"{NAME}\"}}}}
  template:
    metadata: {{labels: {{app: \"{NAME}\"}}}}
    spec:
      containers: [{{name: \"{NAME}\", image: \"{NAME}\", \"{NAME}\": 1}}]
  volumeClaimTemplates:
    - metadata: {{name: \"{NAME}\"}}
      spec: {{storageClassName: \"{NAME}\", accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings}}
data: {{text: \"one\\n::add-mask::two\\nthree\\n\"}}
"
    );
    sandbox.write("all/f\n::add-mask::\u{1b}.yaml", &text);
    sandbox.write("empty.yaml", "");
    sandbox.write("new/f\n::add-mask::\u{1b}.yaml", &text.replace("three", "four").replace("1Gi", "2Gi"));
    sandbox
}

/// Whatever is printed has no control of its own, and no line that a CI runner takes for a command.
fn is_harmless(text: &str, command: &[&str]) {
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{command:?}: {line:?}\n{text}");
    }
    let bad = |c: char| c != '\n' && c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(bad), "{command:?}: {text:?}");
}

#[test]
fn no_text_leaves_its_place() {
    let sandbox = manifests();
    let lint = ["human", "junit"].map(|format| ["lint", "all", "--format", format]);
    let preview = ["table", "mermaid", "svg"].map(|format| ["preview", "all", "--format", format]);
    for command in lint.iter().chain(&preview) {
        let outcome = sandbox.run(command);
        assert!(!outcome.stdout.is_empty(), "{command:?}: {}", outcome.stderr);
        is_harmless(&outcome.stdout, command);
        is_harmless(&outcome.stderr, command);
    }
    for format in ["plan", "summary", "unified", "markdown", "html"] {
        for (new, old) in [("new", "all"), ("all", "empty.yaml"), ("empty.yaml", "all")] {
            let command = ["diff", new, "--against", old, "--format", format];
            let outcome = sandbox.run(&command);
            assert!(!outcome.stdout.is_empty(), "{command:?}: {}", outcome.stderr);
            // A patch holds the lines of a text as they are.
            let patch = !matches!(format, "plan" | "summary");
            let text = if patch { outcome.stdout.replace("::add-mask::two", "") } else { outcome.stdout };
            is_harmless(&text, &command);
        }
    }
}

#[test]
fn a_workflow_command_is_one_line_with_one_meaning() {
    let sandbox = manifests();
    let outcome = sandbox.run(&["lint", "all", "--format", "github"]);
    for line in outcome.stdout.lines() {
        let annotation = ["::error ", "::warning ", "::notice "].iter().any(|start| line.starts_with(start));
        assert!(annotation, "{line}");
        let (properties, _) = line[2..].split_once("::").unwrap();
        assert!(properties.contains("file=all/f\\n%3A%3Aadd-mask%3A%3A\\u{1b}.yaml,"), "{line}");
    }
    assert!(!outcome.stdout.contains(['\u{1b}', '\r', '\u{9b}']));
}

#[test]
fn a_table_of_records_keeps_its_rows() {
    let sandbox = Sandbox::new();
    let message = "first\n2  2026-01-01T00:00:00Z  web-1.0.0  1  \u{1b}[2Jforged";
    sandbox.chart("web", CONFIG_MAP);
    assert_eq!(sandbox.run(&["render", "shop", "web", "--record", "--message", message]).code, 0);
    let listed = sandbox.run(&["history", "shop"]);
    assert_eq!(listed.stdout.lines().count(), 2, "{}", listed.stdout);
    assert!(listed.stdout.contains("first\\n2"), "{}", listed.stdout);
    is_harmless(&listed.stdout, &["history"]);
}

#[test]
fn the_name_of_a_template_stays_in_its_comment() {
    let sandbox = Sandbox::new();
    sandbox.chart("web", CONFIG_MAP);
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";
    // A line separator ends a line of YAML 1.1.
    sandbox.write("web/templates/x\u{2028}kind: Secret\u{2028}.yaml", manifest);
    let rendered = sandbox.run(&["render", "shop", "web"]);
    assert!(
        rendered.stdout.contains("# Source: web/templates/x\\u{2028}kind: Secret\\u{2028}.yaml\n"),
        "{}{}",
        rendered.stdout,
        rendered.stderr
    );
    assert!(!rendered.stdout.contains('\u{2028}'), "{}", rendered.stdout);
}
