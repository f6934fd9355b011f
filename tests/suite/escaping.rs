//! Names, values and file names that hold line breaks, terminal controls and markup, in everything that is printed.

use crate::support::{CONFIG_MAP, ROOT, Sandbox};
use plimsoll::diag::escape::is_unprintable;

/// Breaks lines, controls terminals, turns text around, hides in it, and looks like a command to a CI system.
const NAME: &str = "a\\n::add-mask::b\\r\\u001b[31m\\u001b]0;t\\u0007\\u009bc\\u202ed\\u2066\\u200f\\u061ce\\u200b\\ufeff\\u00adf\\u0085g\\u2028h\\u2029##[error]i";

/// The same as it is.
fn hostile() -> String {
    serde_json::from_str(&format!("\"{NAME}\"")).unwrap()
}

/// Manifests whose names and values are such texts, in a file with such a name.
fn manifests() -> Sandbox {
    let sandbox = Sandbox::new();
    let text = format!(
        "apiVersion: v1
kind: Service
metadata: {{name: \"{NAME}\", labels: {{\"{NAME}\": \"{NAME}\"}}, annotations: {{\"{NAME}\": \"{NAME}\"}}}}
spec: {{selector: {{app: \"{NAME}\"}}, ports: [{{port: 80, name: \"{NAME}\"}}], type: \"{NAME}\"}}
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
      containers:
      - name: \"{NAME}\"
        image: \"{NAME}\"
        args: [\"{NAME}\"]
        \"{NAME}\": 1
        env: [{{name: \"{NAME}\", value: \"{NAME}\"}}, {{name: X_PASSWORD, value: \"{NAME}\"}}]
        volumeMounts: [{{name: \"{NAME}\", mountPath: \"{NAME}\"}}]
  volumeClaimTemplates:
    - metadata: {{name: \"{NAME}\"}}
      spec: {{storageClassName: \"{NAME}\", accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
---
apiVersion: \"{NAME}\"
kind: \"{NAME}\"
metadata: {{name: other}}
spec: {{\"{NAME}\": \"{NAME}\"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings}}
data: {{text: \"one\\n::add-mask::two\\n##[error]x\\nthree\\n\", \"{NAME}\": \"{NAME}\"}}
"
    );
    sandbox.write("all/f\n::add-mask::\u{1b}.yaml", &text);
    sandbox.write("empty.yaml", "");
    sandbox.write(
        "new/f\n::add-mask::\u{1b}.yaml",
        &text.replace("three", "four").replace("1Gi", "2Gi").replace("i\"]", "j\"]"),
    );
    sandbox
}

/// Whatever is printed has no character that is not what it seems, and nothing that a CI runner takes for a command.
fn is_harmless(text: &str, command: &[&str]) {
    for line in text.lines() {
        let start = line.trim_start();
        // A frame begins its second file with `::: `.
        assert!(!start.starts_with("::") || start.starts_with("::: "), "{command:?}: {line:?}\n{text}");
    }
    assert!(!text.contains("##["), "{command:?}: {text}");
    let found = text.chars().find(|c| !matches!(c, '\n' | '\t') && is_unprintable(*c));
    assert_eq!(found, None, "{command:?}: {text:?}");
}

#[test]
fn no_text_leaves_its_place() {
    let sandbox = manifests();
    let mut commands: Vec<Vec<&str>> = Vec::new();
    commands
        .extend(["human", "json", "sarif", "junit"].map(|format| vec!["lint", "all", "--format", format]));
    commands
        .extend(["table", "json", "mermaid", "svg"].map(|format| vec!["preview", "all", "--format", format]));
    for format in ["plan", "summary", "unified", "markdown", "html", "json", "script"] {
        for (new, old) in [("new", "all"), ("all", "empty.yaml"), ("empty.yaml", "all")] {
            commands.push(vec!["diff", new, "--against", old, "--format", format]);
        }
    }
    let codes = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    for command in &commands {
        let outcome = sandbox.run(command);
        assert!(!outcome.stdout.is_empty(), "{command:?}: {}", outcome.stderr);
        is_harmless(&outcome.stdout, command);
        is_harmless(&outcome.stderr, command);
        if command.ends_with(&["json"]) || command.ends_with(&["sarif"]) {
            serde_json::from_str::<serde_json::Value>(&outcome.stdout).unwrap();
        }
        let coloured = sandbox.run(&[command.as_slice(), &["--color", "always"]].concat());
        is_harmless(&codes.replace_all(&coloured.stdout, ""), command);
        is_harmless(&codes.replace_all(&coloured.stderr, ""), command);
    }
    for format in ["table", "json", "html", "svg"] {
        let command = ["rehearse", "new", "--against", "all", "--format", format];
        let outcome = sandbox.run(&command);
        is_harmless(&outcome.stdout, &command);
        is_harmless(&outcome.stderr, &command);
    }
}

#[test]
fn no_argument_leaves_its_place() {
    let sandbox = manifests();
    sandbox.chart("web", CONFIG_MAP);
    let name = hostile();
    let text = name.as_str();
    let (flag, assigned, git) = (format!("--{text}"), format!("a={text}"), format!("git:{text}"));
    let (flag, assigned, git) = (flag.as_str(), assigned.as_str(), git.as_str());
    let commands: &[&[&str]] = &[
        &[text],
        &[flag],
        &["render", flag],
        &["render", text],
        &["render", text, "web"],
        &["render", "web", text],
        &["render", "web", "web", text],
        &["lint", text],
        &["preview", text],
        &["values", text],
        &["history", text],
        &["completions", text],
        &["render", "web", "--color", text],
        &["render", "web", "--format", text],
        &["render", "web", "--set", text],
        &["render", "web", "--set", assigned],
        &["render", "web", "--set-json", assigned],
        &["render", "web", "--set-file", assigned],
        &["render", "web", "--strict", "--set", &format!("{text}=1")],
        &["render", "web", "-f", text],
        &["render", "web", "-n", text],
        &["render", "web", "--kube-version", text],
        &["render", "web", "--seed", text],
        &["render", "web", "--name-template", text],
        &["render", "web", "--name-template", &format!("{{{{ fail \"{text}\" }}}}")],
        &["render", "web", "--show-only", text],
        &["render", "web", "--lookup", text],
        &["render", "web", "--post-renderer", text],
        &["render", "web", "--record", "--history", "web/Chart.yaml", "--message", text],
        &["render", "web", "--output-dir", "web/Chart.yaml"],
        &["render", "web", "--output-dir", text],
        &["values", "web", "--why", text],
        &["values", "web", "--why", "name", "--set", &format!("name={text}")],
        &["values", "web", "--origins", "--set-json", &format!("name={}", serde_json::json!(text))],
        &["history", "web", "--history", text],
        &["history", "web", "--show", text],
        &["history", "web", "-n", text],
        &["lint", "--explain", text],
        &["lint", "web", "--rule", text],
        &["lint", "web", "--format", text],
        &["lint", "web", "--min-severity", text],
        &["lint", "web", "--config", text],
        &["lint", "web", "--baseline", text],
        &["lint", "web", "--with", text],
        &["diff", "web", "--against", text],
        &["diff", "web", "--against", git],
        &["diff", "all", "--against", git],
        &["diff", "new", "--against", "all", "--ignore", text],
        &["diff", "new", "--against", "all", "--show-only", text],
        &["diff", "new", "--against", "all", "--fail-on", text],
        &["diff", "new", "--against", "all", "--driver", text],
        &["rehearse", "new", "--against", "all", "--fail", text],
        &["rehearse", "new", "--against", "all", "--evict", text],
        &["rehearse", "--scenario", text],
    ];
    for command in commands {
        let outcome = sandbox.run(command);
        assert!(outcome.code <= 3, "{command:?}: {}", outcome.stderr);
        is_harmless(&outcome.stdout, command);
        is_harmless(&outcome.stderr, command);
    }
}

#[test]
fn no_text_of_a_chart_leaves_its_place() {
    let name = hostile();
    let quoted = format!("\"{NAME}\"");
    let charts: &[(&str, String, String)] = &[
        ("name", "replicas: 1\n".to_owned(), CONFIG_MAP.to_owned()),
        (
            "values",
            format!("{quoted}: {quoted}\nlist: [{quoted}]\n"),
            CONFIG_MAP.replace("release.name", "values.list[0]"),
        ),
        ("fail", String::new(), format!("a: {{{{ fail(message=\"{name}\") }}}}\n")),
        ("text", String::new(), format!("a: {{{{ values.{name} }}}}\n")),
        ("broken", format!("a: {quoted}\n {name}: ["), CONFIG_MAP.to_owned()),
        ("yaml", format!("a: {quoted}\n"), "apiVersion: v1\nkind: {{ values.a }}\nmetadata: [\n".to_owned()),
        (
            "typed",
            format!("a: {quoted}\n"),
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: {{ values.a | int }}}\n"
                .to_owned(),
        ),
    ];
    let sandbox = Sandbox::new();
    for (chart, values, template) in charts {
        for engine in ["tera", "gotpl"] {
            let folder = format!("{chart}-{engine}");
            let shown = if *chart == "name" { quoted.as_str() } else { "web" };
            let metadata = format!(
                "apiVersion: v2\nname: {shown}\nversion: 1.0.0\nengine: {engine}\nicon: {quoted}\n{quoted}: 1\n"
            );
            sandbox.write(&format!("{folder}/Chart.yaml"), &metadata);
            sandbox.write(&format!("{folder}/values.yaml"), values);
            sandbox.write(&format!("{folder}/templates/a.yaml"), template);
            sandbox.write(
                &format!("{folder}/values.schema.json"),
                &format!("{{\"properties\":{{{quoted}:{{\"pattern\":{quoted},\"enum\":[{quoted}]}}}}}}"),
            );
            for command in [
                vec!["render", "r", &folder, "--format", "json"],
                vec!["lint", &folder],
                vec!["lint", &folder, "--format", "json"],
                vec!["preview", &folder],
                vec!["values", &folder, "--why", "list"],
            ] {
                let outcome = sandbox.run(&command);
                assert!(outcome.code <= 2, "{command:?}: {}", outcome.stderr);
                is_harmless(&outcome.stdout, &command);
                is_harmless(&outcome.stderr, &command);
            }
        }
    }
    let entry = "web/templates/x\u{1b}[31m.yaml";
    sandbox.archive(
        "web.tgz",
        &[("web/Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.0.0\n"), (entry, b"a: b\n")],
    );
    let outcome = sandbox.run(&["render", "web.tgz"]);
    assert_eq!(outcome.code, 2);
    is_harmless(&outcome.stderr, &["render", "web.tgz"]);
}

#[test]
fn no_text_of_another_program_leaves_its_place() {
    let sandbox = manifests();
    sandbox.chart("web", CONFIG_MAP);
    sandbox.write("said", &hostile());
    sandbox.script("bin/kubectl", "cat said >&2; cat said; exit 1");
    sandbox.script("bin/post", "cat said >&2; cat said; exit 1");
    sandbox.script("bin/git", "cat said >&2; cat said; exit 1");
    let path = sandbox.environment().into_iter().find(|(name, _)| *name == "PATH").unwrap().1;
    let path = path.to_str().unwrap();
    for command in [
        vec!["diff", "web", "--against", "live"],
        vec!["diff", "new", "--against", "all", "--server-dry-run"],
        vec!["diff", "web", "--against", "git:main"],
        vec!["render", "web", "--lookup", "live"],
    ] {
        let outcome = sandbox.run_with(&command, &[("PATH", path)], "");
        assert!(outcome.code <= 3, "{command:?}: {}", outcome.stderr);
        is_harmless(&outcome.stdout, &command);
        is_harmless(&outcome.stderr, &command);
    }
}

/// A Helm chart in which everything that its author writes is such a text.
fn wicked_chart(sandbox: &Sandbox) {
    let q = format!("\"{NAME}</script><img src=x onerror=1>|`\"");
    let file = "<img src=x onerror=1>|`::x";
    sandbox.write(
        "web/Chart.yaml",
        &format!(
            "apiVersion: v2\nname: web\nversion: 1.0.0\ndescription: {q}\nappVersion: {q}\nhome: {q}\ndeprecated: true\n\
             keywords: [{q}]\nsources: [{q}]\nmaintainers: [{{name: {q}, email: {q}, url: {q}}}]\n\
             annotations: {{{q}: {q}}}\ndependencies: [{{name: dep, version: {q}, repository: {q}, alias: {q}}}]\n"
        ),
    );
    sandbox.write("web/charts/dep/Chart.yaml", "apiVersion: v2\nname: dep\nversion: 1.0.0\n");
    sandbox.write(
        "web/values.yaml",
        &format!("# -- <script>a</script> | `x` [l](javascript:a)\nname: {q}\n# @schema\n# title: {q}\n# @schema\n{q}: {q}\nreplicas: 1\n"),
    );
    sandbox.write(
        "web/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n{{- if .Values.replicas }}\n  a: {{ .Values.name | quote }}\n\
         {{- else }}\n  {{ fail .Values.name }}\n{{- end }}\n",
    );
    sandbox.write(&format!("web/templates/{file}.yaml"), "{{ if .Values.x }}<img src=x>{{ end }}");
    let suite = format!(
        "suite: {q}\ntemplates: [a.yaml]\ntests:\n- it: {q}\n  asserts:\n  - equal: {{path: data.a, value: {q}}}\n  \
         - equal: {{path: data.a, value: x}}\n  - matchRegex: {{path: data.a, pattern: {q}}}\n  - matchSnapshot: {{path: data}}\n  \
         - isKind: {{of: {q}}}\n  - isSubset: {{path: data, content: {{{q}: {q}}}}}\n  - exists: {{path: {q}}}\n\
         - it: {q}\n  skip: {{reason: {q}}}\n  asserts: [{{exists: {{path: a}}}}]\n\
         - it: fails\n  set: {{replicas: 0}}\n  asserts: [{{failedTemplate: {{errorMessage: {q}}}}}, {{exists: {{path: a}}}}]\n"
    );
    sandbox.write("web/tests/a_test.yaml", &suite);
    sandbox.write(&format!("web/tests/{file}_test.yaml"), &suite);
    sandbox.write("web/tests/__snapshot__/a_test.yaml.snap", &format!("{q}:\n  1: |\n    x\n"));
    sandbox.write("web/ci/a-values.yaml", &format!("{q}: {q}\nname: x\n"));
    sandbox.write(&format!("web/ci/{file}-values.yaml"), &format!("name: {q}\nreplicas: 0\n"));
    sandbox.write("bad/Chart.yaml", "apiVersion: v2\nname: bad\nversion: 1.0.0\n");
    sandbox.write("bad/tests/a_test.yaml", &format!("{q}: 1\nsuite: x\ntests: {q}\n"));
    sandbox.write("bad/tests/b_test.yaml", &format!("suite: [\n{q}"));
    sandbox.write("bad/README.md.gotmpl", &format!("{{{{ template {q} . }}}}"));
    sandbox.write("bad/values.yaml", &format!("# @schema\n# type: {q}\n# @schema\na: {q}\n"));
    sandbox.write("bad/Chart.lock", &format!("dependencies: {q}\n"));
}

#[test]
fn no_text_of_a_suite_or_a_page_leaves_its_place() {
    let sandbox = Sandbox::new();
    wicked_chart(&sandbox);
    let mut commands: Vec<String> = ["JUnit", "NUnit", "XUnit", "Sonar"]
        .map(|format| format!("test web -t {format} -o out/{format}.xml"))
        .to_vec();
    commands.extend(
        [
            "test web --coverage --coverage-html out/c.html --coverage-lcov out/c.info",
            "test web --cases --schema",
            "test web --cases --update",
            "test web --strict",
            "test bad",
            "test bad --strict -o out/bad.xml",
            "docs web",
            "docs web --check",
            "docs web --write",
            "docs bad",
            "schema web",
            "schema web --check",
            "schema bad",
            "convert web out/converted",
            "package web -d packed",
            "dependency list web",
            "dependency update web",
            "dependency build bad",
            "lint web",
            "helm lint web",
            "helm dependency list web",
            "show chart web",
        ]
        .map(str::to_owned),
    );
    for command in &commands {
        let words: Vec<&str> = command.split(' ').collect();
        let outcome = sandbox.run(&words);
        assert!((0..=2).contains(&outcome.code), "{command}: {}", outcome.stderr);
        if !command.starts_with("docs") && !command.starts_with("show") {
            is_harmless(&outcome.stdout, &words);
        }
        // A page of Markdown is its author's text.
        let odd = outcome.stdout.chars().find(|c| *c != '\n' && is_unprintable(*c) && c.is_control());
        assert_eq!(odd, None, "{command}: {}", outcome.stdout);
        is_harmless(&outcome.stderr, &words);
    }
    let names = ["JUnit.xml", "NUnit.xml", "XUnit.xml", "Sonar.xml", "c.html", "c.info"];
    for name in names {
        let text = sandbox.read(&format!("out/{name}"));
        is_harmless(&text, &[name]);
        assert!(!text.contains("<img"), "{name}: {text}");
    }
    let page = sandbox.read("web/README.md");
    assert!(!page.contains(|c: char| c != '\n' && c.is_control()), "{page}");
    assert!(page.contains("\\u{1b}[31m"), "{page}");
}

/// Comments of a new chart name the objects that it was made from.
#[test]
fn no_name_ends_the_comment_it_stands_in() {
    let sandbox = manifests();
    let odd = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: b}}\n---\napiVersion: \"{NAME}\"\nkind: \"{NAME}\"\nmetadata: {{name: \"{NAME}\"}}\nspec: {{image: \"{NAME}\"}}\n"
    );
    sandbox.write("odd.yaml", &odd);
    for (from, engine) in [("all", "tera"), ("all", "helm"), ("odd.yaml", "tera"), ("odd.yaml", "helm")] {
        let name = format!("{}-{engine}", from.trim_end_matches(".yaml"));
        let command = ["create", name.as_str(), "--from", from, "--engine", engine];
        let outcome = sandbox.run(&command);
        assert!(!outcome.stderr.contains("control character"), "{}", outcome.stderr);
        is_harmless(&outcome.stderr, &command);
    }
}

#[test]
fn names_of_repositories_stay_in_their_rows() {
    let sandbox = Sandbox::new();
    let list = format!("apiVersion: ''\nrepositories: [{{name: \"{NAME}\", url: \"{NAME}\"}}]\n");
    sandbox.write("helm/repositories.yaml", &list);
    for format in ["table", "json"] {
        let command = ["helm", "repo", "list", "-o", format];
        let outcome = sandbox.run(&command);
        assert!(outcome.stdout.contains("add-mask"), "{}{}", outcome.stdout, outcome.stderr);
        is_harmless(&outcome.stdout, &command);
    }
}

#[test]
fn one_door_leads_to_the_terminal() {
    let writes = regex::Regex::new(r"\be?print(ln)?!|\b(io::)?std(out|err)\(\)|\bdbg!").unwrap();
    let mut seen = 0;
    for folder in ["src", "crates"] {
        for entry in walkdir::WalkDir::new(format!("{ROOT}/{folder}")).into_iter().map(Result::unwrap) {
            let name = entry.path().display().to_string();
            let is_code = entry.path().extension().is_some_and(|extension| extension == "rs")
                && !name.contains("/tests/")
                && !name.contains("/examples/");
            // The watchdog of the limits ends a process that may have no memory left for a `Ui`.
            let is_door = name.ends_with("bin/plimsoll/ui.rs") || name.ends_with("crates/limits/src/lib.rs");
            if !is_code || name.ends_with("tests.rs") || is_door {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
                assert!(!writes.is_match(line), "{name}: use `Ui`: {line}");
            }
            seen += 1;
        }
    }
    assert!(seen > 200, "only {seen} files were found");
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
