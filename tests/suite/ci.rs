//! What runs plimsoll for others: the GitHub action and the pre-commit hooks.

use crate::inputs::{SERVICE, SET};
use crate::support::{ROOT, Sandbox};
use serde_json::Value as Json;
use std::process::Command;

fn document(path: &str) -> Json {
    serde_yaml::from_str(&std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap()).unwrap()
}

/// Runs the action's last step as a runner does. Returns the exit code and everything that was printed.
fn action(sandbox: &Sandbox, inputs: &[(&str, &str)]) -> (i32, String) {
    let action = document("action.yml");
    let step = action["runs"]["steps"].as_array().unwrap().last().unwrap();
    let input = |name: &str| {
        let given = inputs.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
        given.unwrap_or_else(|| action["inputs"][name]["default"].as_str().unwrap()).to_owned()
    };
    let value = |expression: &Json| {
        let expression = expression.as_str().unwrap();
        input(expression.strip_prefix("${{ inputs.").unwrap().strip_suffix(" }}").unwrap())
    };
    let env = step["env"].as_object().unwrap().iter().map(|(name, text)| (name.clone(), value(text)));
    sandbox.write("step.sh", step["run"].as_str().unwrap());
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "step.sh"])
        .current_dir(sandbox.path())
        .envs(sandbox.environment())
        .envs(env)
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
}

#[test]
fn the_action_lints_its_sources_together() {
    let sandbox = Sandbox::new();
    sandbox.write("my manifests/set.yaml", SET);
    sandbox.write("k8s/service.yaml", SERVICE);
    sandbox.write("k8s/set.yaml", SET);
    let run =
        |sources: &str| action(&sandbox, &[("sources", sources), ("args", "--rule sts/missing-service")]);
    let together = (0, String::new());
    assert_eq!(run("k8s/set.yaml k8s/service.yaml"), together);
    assert_eq!(run("k8s/set.yaml\nk8s/service.yaml\n"), together);
    assert_eq!(run("k8s/*.yaml"), together);
    assert_eq!(run("'my manifests' \"k8s/service.yaml\""), together);
    let (code, printed) = run("\"my manifests/set.yaml\"");
    assert!(code == 0 && printed.contains("file=my manifests/set.yaml"), "{printed}");
}

#[test]
fn the_action_leaves_severity_to_the_configuration() {
    let sandbox = Sandbox::new();
    sandbox.write("set.yaml", SET);
    let run = |inputs: &[(&str, &str)]| action(&sandbox, &[&[("sources", "set.yaml")], inputs].concat()).0;
    assert_eq!(run(&[]), 0);
    assert_eq!(run(&[("min-severity", "warning")]), 1);
    sandbox.write("plimsoll.toml", "min-severity = \"warning\"\n");
    assert_eq!(run(&[]), 1);
    assert_eq!(run(&[("min-severity", "error")]), 0);
}

#[test]
fn the_action_writes_sarif_whatever_is_found() {
    let sandbox = Sandbox::new();
    sandbox.write("set.yaml", SET);
    sandbox.write("broken.yaml", "kind: [\n");
    for (sources, code) in [("set.yaml", 0), ("set.yaml broken.yaml", 1), ("broken.yaml", 2), ("gone", 2)] {
        let (status, printed) = action(&sandbox, &[("sources", sources), ("sarif-file", "the log.sarif")]);
        assert_eq!(status, code, "{sources}: {printed}");
        let log: Json = serde_json::from_str(&sandbox.read("the log.sarif")).unwrap();
        assert!(!log["runs"][0]["results"].as_array().unwrap().is_empty(), "{sources}");
        assert!(printed.contains("::"), "{sources}: {printed}");
    }
}

#[test]
fn inputs_of_the_action_are_never_run() {
    let sandbox = Sandbox::new();
    sandbox.write("set.yaml", SET);
    for text in [
        "set.yaml; touch pwned",
        "$(touch pwned)",
        "`touch pwned`",
        "set.yaml && touch pwned",
        "'$(touch pwned)'",
    ] {
        for input in ["sources", "args", "min-severity", "sarif-file"] {
            action(&sandbox, &[(input, text), ("sources", "set.yaml")]);
            assert!(!sandbox.path().join("pwned").exists(), "{input}: {text}");
        }
    }
    let (code, printed) = action(&sandbox, &[("sources", "'unclosed")]);
    assert_ne!(code, 0, "{printed}");
    for step in document("action.yml")["runs"]["steps"].as_array().unwrap() {
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{step}");
    }
}

/// A hook lints all of a release, not only the files that changed.
#[test]
fn the_hooks_lint_whole_releases() {
    let sandbox = Sandbox::new();
    sandbox.write("k8s/set.yaml", SET);
    sandbox.write("k8s/service.yaml", SERVICE);
    sandbox.write("values.yaml", "a: 1\n");
    sandbox.write(".github/workflows/ci.yaml", "jobs: {}\n");
    for hook in document(".pre-commit-hooks.yaml").as_array().unwrap() {
        assert_eq!(hook["pass_filenames"], false, "{hook}");
        let entry: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').skip(1).collect();
        let args: Vec<&str> =
            hook["args"].as_array().into_iter().flatten().map(|arg| arg.as_str().unwrap()).collect();
        let outcome = sandbox.run(&[&entry[..], &args, &["--rule", "k8s,sts/missing-service"]].concat());
        let code = if args.is_empty() { 2 } else { 0 };
        assert_eq!(outcome.code, code, "{hook}: {}{}", outcome.stdout, outcome.stderr);
    }
}
