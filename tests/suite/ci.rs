//! What runs plimsoll for others: the GitHub action and the pre-commit hooks.

use crate::inputs::{SERVICE, SET};
use crate::support::{CONFIG_MAP, ROOT, Sandbox};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

fn document(path: &str) -> Json {
    serde_yaml::from_str(&std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap()).unwrap()
}

/// Runs a step of an action as a runner does, with the inputs that are given and otherwise their defaults. `context`
/// has the values of other expressions (`github.event...`) and of environment variables. Returns the exit code and
/// everything that was printed.
fn step(
    sandbox: &Sandbox,
    action: &str,
    name: &str,
    inputs: &[(&str, &str)],
    context: &[(&str, &str)],
) -> (i32, String) {
    let directory = Path::new(ROOT).join(action);
    let action = document(&format!("{action}/action.yml"));
    let step = action["runs"]["steps"].as_array().unwrap().iter().find(|step| step["name"] == name).unwrap();
    let given = |pairs: &[(&str, &str)], name: &str| {
        pairs.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
    };
    let value = |expression: &Json| {
        let expression =
            expression.as_str().unwrap().strip_prefix("${{ ").unwrap().strip_suffix(" }}").unwrap();
        let Some(input) = expression.strip_prefix("inputs.") else {
            return given(context, expression).unwrap_or_default();
        };
        let default = || action["inputs"][input]["default"].as_str().map(ToOwned::to_owned);
        given(inputs, input).or_else(default).unwrap_or_default()
    };
    let env = step["env"].as_object().unwrap().iter().map(|(name, text)| (name.clone(), value(text)));
    sandbox.write("step.sh", step["run"].as_str().unwrap());
    for file in ["path", "output", "summary", "temp/.keep"] {
        sandbox.write(&format!("runner/{file}"), "");
    }
    let runner = sandbox.path().join("runner");
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "step.sh"])
        .current_dir(sandbox.path())
        .envs(sandbox.environment())
        .env("GITHUB_ACTION_PATH", directory)
        .env("GITHUB_REPOSITORY", "octo/shop")
        .env("GITHUB_PATH", runner.join("path"))
        .env("GITHUB_OUTPUT", runner.join("output"))
        .env("GITHUB_STEP_SUMMARY", runner.join("summary"))
        .env("RUNNER_TEMP", runner.join("temp"))
        .env("RUNNER_OS", "Linux")
        .env("RUNNER_ARCH", "X64")
        .envs(env)
        .envs(context.iter().copied().filter(|(name, _)| !name.contains('.')))
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
}

fn action(sandbox: &Sandbox, inputs: &[(&str, &str)]) -> (i32, String) {
    step(sandbox, ".", "Lint", inputs, &[])
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
    for file in ["action.yml", "diff/action.yml"] {
        for step in document(file)["runs"]["steps"].as_array().unwrap() {
            assert!(!step["run"].as_str().unwrap().contains("${{"), "{file}: {step}");
        }
    }
}

const TARGET: &str = "x86_64-unknown-linux-musl";

/// A directory of releases that has this version, its archive with the checksum that is given, or else its own. Returns
/// the URL of the directory.
fn releases(sandbox: &Sandbox, version: &str, checksum: Option<&str>) -> String {
    let name = format!("plimsoll-{TARGET}");
    let archive = format!("releases/v{version}/{name}.tar.gz");
    sandbox.write(&archive, "");
    sandbox.archive(
        &archive,
        &[(&format!("{name}/plimsoll"), b"the binary"), (&format!("{name}/README.md"), b"")],
    );
    let bytes = std::fs::read(sandbox.path().join(&archive)).unwrap();
    let mut own = String::new();
    for byte in Sha256::digest(bytes) {
        write!(own, "{byte:02x}").unwrap();
    }
    let line = format!("{} *{name}.tar.gz\n", checksum.unwrap_or(&own));
    sandbox.write(&format!("{archive}.sha256"), &line);
    format!("file://{}/releases", sandbox.path().display())
}

/// Runs the step that installs plimsoll, where neither plimsoll nor cargo is on the PATH, but for a cargo that only
/// says what it is asked for.
fn install(sandbox: &Sandbox, inputs: &[(&str, &str)], context: &[(&str, &str)]) -> (i32, String) {
    sandbox.script("bin/cargo", r#"echo "cargo $*""#);
    let path = format!("{}/bin:/usr/bin:/bin", sandbox.path().display());
    step(sandbox, ".", "Install plimsoll", inputs, &[&[("PATH", path.as_str())], context].concat())
}

/// The binary that later steps find, if one was installed.
fn installed(sandbox: &Sandbox) -> Option<String> {
    let path = sandbox.read("runner/path");
    std::fs::read_to_string(Path::new(path.trim_end()).join("plimsoll")).ok()
}

#[test]
fn the_actions_install_the_binary_of_a_release() {
    let sandbox = Sandbox::new();
    let url = releases(&sandbox, env!("CARGO_PKG_VERSION"), None);
    let (code, printed) = install(&sandbox, &[], &[("PLIMSOLL_RELEASES", &url)]);
    assert_eq!((code, installed(&sandbox).as_deref()), (0, Some("the binary")), "{printed}");
    assert!(!printed.contains("cargo"), "{printed}");

    releases(&sandbox, "9.8.7", None);
    for version in ["9.8.7", "v9.8.7"] {
        let (code, printed) = install(&sandbox, &[("version", version)], &[("PLIMSOLL_RELEASES", &url)]);
        assert_eq!((code, installed(&sandbox).as_deref()), (0, Some("the binary")), "{printed}");
        assert!(printed.contains("plimsoll 9.8.7"), "{printed}");
    }
}

#[test]
fn the_actions_refuse_a_binary_whose_checksum_differs() {
    for checksum in ["0".repeat(64).as_str(), ""] {
        let sandbox = Sandbox::new();
        let url = releases(&sandbox, "9.8.7", Some(checksum));
        let (code, printed) = install(&sandbox, &[("version", "9.8.7")], &[("PLIMSOLL_RELEASES", &url)]);
        assert_eq!((code, installed(&sandbox)), (1, None), "{printed}");
        assert!(printed.contains("::error") && printed.contains("checksum"), "{printed}");
        assert!(!printed.contains("cargo"), "{printed}");
    }
}

#[test]
fn the_actions_build_what_no_release_has() {
    let sandbox = Sandbox::new();
    let url = releases(&sandbox, env!("CARGO_PKG_VERSION"), None);
    // A version without a release is built from the action's own source, as is one for a system without a binary.
    let own_source = format!("--path {ROOT}");
    let missing = format!("file://{}/nothing", sandbox.path().display());
    for context in [
        [("PLIMSOLL_RELEASES", missing.as_str()), ("RUNNER_ARCH", "X64")],
        [("PLIMSOLL_RELEASES", url.as_str()), ("RUNNER_ARCH", "RISCV64")],
    ] {
        let (code, printed) = install(&sandbox, &[], &context);
        assert_eq!(code, 0, "{printed}");
        assert!(printed.contains("::notice") && printed.contains("cargo install --locked"), "{printed}");
        assert!(printed.contains(&own_source), "{printed}");
        assert!(sandbox.read("runner/path").ends_with("/bin\n"));
    }
    // Another version is built from its own.
    let (code, printed) = install(&sandbox, &[("version", "v9.9.9")], &[("PLIMSOLL_RELEASES", &url)]);
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains("--git https://github.com/plimsoll/plimsoll --tag v9.9.9 plimsoll"),
        "{printed}"
    );
    // Without its checksum an archive is not used.
    std::fs::remove_file(
        sandbox
            .path()
            .join(format!("releases/v{}/plimsoll-{TARGET}.tar.gz.sha256", env!("CARGO_PKG_VERSION"))),
    )
    .unwrap();
    let (_, printed) = install(&sandbox, &[], &[("PLIMSOLL_RELEASES", &url)]);
    assert!(printed.contains(&own_source), "{printed}");
}

#[test]
fn the_actions_use_the_plimsoll_on_the_path() {
    let sandbox = Sandbox::new();
    assert_eq!(step(&sandbox, ".", "Install plimsoll", &[], &[]), (0, String::new()));
    assert_eq!(step(&sandbox, "diff", "Install plimsoll", &[], &[]), (0, String::new()));
    assert_eq!(sandbox.read("runner/path"), "");
}

#[test]
fn the_actions_install_released_versions_only() {
    let sandbox = Sandbox::new();
    for version in
        ["$(touch pwned)", "1.0.0; touch pwned", "../../1.0.0", "main", "1.0", "1.0.0/../2.0.0", "-h"]
    {
        let (code, printed) = install(&sandbox, &[("version", version)], &[]);
        assert_eq!(code, 1, "{version}: {printed}");
        assert!(printed.contains("released version"), "{version}: {printed}");
        assert!(!printed.contains("cargo") && !sandbox.path().join("pwned").exists(), "{version}: {printed}");
    }
}

/// A pull request that changes a chart, in a checkout as the runner makes it: one commit, and a remote that has the
/// base. Returns the base.
fn pull_request(sandbox: &Sandbox, chart: &str, before: &str, after: &str) -> String {
    let git = |directory: &str, args: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(sandbox.path().join(directory))
            .args(args)
            .envs(sandbox.environment())
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    };
    sandbox.write(
        &format!("origin/{chart}/Chart.yaml"),
        "apiVersion: v2\nname: web\nversion: 1.0.0\nengine: tera\n",
    );
    sandbox.write(&format!("origin/{chart}/values.yaml"), "a: 1\n");
    sandbox.write(&format!("origin/{chart}/templates/cm.yaml"), before);
    git("origin", &["init", "-q", "-b", "main"]);
    git("origin", &["add", "-A"]);
    git("origin", &["commit", "-q", "-m", "before"]);
    let base = git("origin", &["rev-parse", "HEAD"]);
    git("origin", &["checkout", "-q", "-b", "change"]);
    sandbox.write(&format!("origin/{chart}/templates/cm.yaml"), after);
    git("origin", &["commit", "-q", "-a", "-m", "after"]);
    let origin = format!("file://{}/origin", sandbox.path().display());
    git(".", &["init", "-q"]);
    git(".", &["remote", "add", "origin", &origin]);
    git(".", &["fetch", "-q", "--depth=1", "origin", "change"]);
    git(".", &["checkout", "-q", "FETCH_HEAD"]);
    base
}

/// A `gh` that logs what it is asked for, lists the comments of the file `own`, and keeps the last text in `comment`.
const GH: &str = r#"[ -n "$GH_TOKEN" ] || exit 4
printf '%s\n' "$*" >>"$HOME/gh.log"
for arg; do
  case $last$arg in --body-file*) cp "$arg" "$HOME/comment" ;; --fieldbody=@*) cp "${arg#body=@}" "$HOME/comment" ;; esac
  last=$arg
done
if [ "$2" = view ] && [ -e "$HOME/own" ]; then cat "$HOME/own"; fi"#;

fn diff(sandbox: &Sandbox, inputs: &[(&str, &str)], base: &str, context: &[(&str, &str)]) -> (i32, String) {
    sandbox.script("bin/gh", GH);
    let inputs = [inputs, &[("release", "web"), ("chart", "web"), ("token", "secret")]].concat();
    let event = [
        ("github.event.pull_request.base.sha", base),
        ("github.event.pull_request.number", "7"),
        ("github.event.pull_request.head.repo.full_name", "octo/shop"),
    ];
    step(sandbox, "diff", "Diff", &inputs, &[context, &event].concat())
}

const BEFORE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n";
const AFTER: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: debug}\n";

/// What was said to GitHub, one call a line.
fn calls(sandbox: &Sandbox) -> Vec<String> {
    let log = std::fs::read_to_string(sandbox.path().join("gh.log")).unwrap_or_default();
    log.lines().map(|line| line.split(" --jq").next().unwrap().to_owned()).collect()
}

#[test]
fn the_diff_action_keeps_one_comment_up_to_date() {
    let sandbox = Sandbox::new();
    let base = pull_request(&sandbox, "web", BEFORE, AFTER);
    let (code, printed) = diff(&sandbox, &[], &base, &[]);
    assert_eq!(code, 0, "{printed}");
    assert_eq!(calls(&sandbox)[1].split(" --body-file").next().unwrap(), "pr comment 7 --repo octo/shop");
    let comment = sandbox.read("comment");
    assert!(comment.starts_with("<!-- plimsoll diff: web web -->\n"), "{comment}");
    assert!(comment.contains("### Upgrade plan") && comment.contains("+  level: debug"), "{comment}");
    assert_eq!(sandbox.read("runner/summary"), comment);
    assert!(sandbox.read("runner/output").starts_with("exit-code=1\nplan=/"));
    // The lookup asks for comments of its own account that start with the marker.
    let log = sandbox.read("gh.log");
    assert!(
        log.contains(r#"viewerDidAuthor and (.body | startswith("<!-- plimsoll diff: web web -->"))"#),
        "{log}"
    );

    sandbox.write("own", "https://github.com/octo/shop/pull/7#issuecomment-42\n");
    let (code, printed) = diff(&sandbox, &[], &base, &[]);
    assert_eq!(code, 0, "{printed}");
    let last = calls(&sandbox).pop().unwrap();
    let update = "api --silent --method PATCH repos/octo/shop/issues/comments/42 --field body=@";
    assert!(last.starts_with(update), "{last}");
    assert_eq!(sandbox.read("comment"), comment);

    let (_, printed) = diff(&sandbox, &[("title", "web (production)")], &base, &[]);
    let comment = sandbox.read("comment");
    assert!(comment.starts_with("<!-- plimsoll diff: web _production_ -->\n"), "{printed}{comment}");
}

#[test]
fn the_diff_action_fails_only_for_what_it_is_asked_to() {
    let sandbox = Sandbox::new();
    let base = pull_request(&sandbox, "web", BEFORE, AFTER);
    for (fail_on, expected) in [("", 0), ("rejected,data-loss", 0), ("changed", 1)] {
        let (code, printed) = diff(&sandbox, &[("fail-on", fail_on)], &base, &[]);
        assert_eq!(code, expected, "{fail_on}: {printed}");
        assert!(sandbox.read("runner/summary").contains("level: debug"));
    }
    sandbox.write("web/templates/cm.yaml", "{{ values.gone.away }}");
    let (code, printed) = diff(&sandbox, &[], &base, &[]);
    assert_eq!((code, sandbox.read("runner/summary").as_str()), (1, ""), "{printed}");
    assert!(printed.contains("::error") && printed.contains("values.gone"), "{printed}");
}

#[test]
fn the_diff_action_writes_nothing_where_it_may_not() {
    let sandbox = Sandbox::new();
    let base = pull_request(&sandbox, "web", BEFORE, AFTER);
    let fork = ("github.event.pull_request.head.repo.full_name", "stranger/shop");
    let push = ("github.event.pull_request.number", "");
    for (inputs, context) in
        [(vec![], vec![fork]), (vec![], vec![push]), (vec![("comment", "false")], vec![])]
    {
        let (code, printed) = diff(&sandbox, &inputs, &base, &context);
        assert_eq!(code, 0, "{printed}");
        assert_eq!(printed.contains("::notice"), context == [fork], "{printed}");
        assert!(calls(&sandbox).is_empty(), "{printed}");
        assert!(sandbox.read("runner/summary").contains("level: debug"));
    }
    // A token that may not write costs the comment, not the plan.
    sandbox.script("bin/gh", "exit 1");
    let inputs = [("release", "web"), ("chart", "web"), ("base", base.as_str())];
    let context = [
        ("github.event.pull_request.number", "7"),
        ("github.event.pull_request.head.repo.full_name", "octo/shop"),
    ];
    let (code, printed) = step(&sandbox, "diff", "Diff", &inputs, &context);
    assert!(code == 0 && printed.contains("pull-requests: write"), "{printed}");
}

#[test]
fn the_diff_action_says_what_it_cannot_compare_with() {
    let sandbox = Sandbox::new();
    let base = pull_request(&sandbox, "web", BEFORE, AFTER);
    for (given, told) in
        [("", "set `base`"), ("--upload-pack=touch pwned", "revision"), ("gone", "fetch-depth")]
    {
        let event = if given.is_empty() { "" } else { base.as_str() };
        let (code, printed) = diff(&sandbox, &[("base", given)], event, &[]);
        assert!(code == 1 && printed.contains("::error") && printed.contains(told), "{given}: {printed}");
        assert!(!sandbox.path().join("pwned").exists());
    }
    let (code, printed) = diff(&sandbox, &[("base", "main")], "", &[]);
    assert!(code == 0 && sandbox.read("runner/summary").contains("level: debug"), "{printed}");
}

#[test]
fn comments_of_the_diff_action_fit_and_hold_text_only() {
    let sandbox = Sandbox::new();
    // So many objects that the table alone is too long for a comment.
    let many = "{% for i in range(end=3000) %}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: 'settings-{{ i }}'}
{% endfor %}";
    let base = pull_request(&sandbox, "web", BEFORE, many);
    let (code, printed) = diff(&sandbox, &[], &base, &[]);
    assert_eq!(code, 0, "{printed}");
    let comment = sandbox.read("comment");
    assert!(comment.len() < 65_536, "{}", comment.len());
    assert!(comment.contains("3000 added") && comment.contains("there is no room here"), "{comment}");
    assert_eq!(sandbox.read("runner/summary"), comment);

    // Text of a stranger: names of files and objects, and values.
    let sandbox = Sandbox::new();
    let hostile = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  level: \"\\n```\\n</details>\\n@octo/all <img src=x>\\n::error::x\\n\"\n";
    let chart = "a`--><b> @octo $(touch pwned)";
    let base = pull_request(&sandbox, chart, BEFORE, hostile);
    let (code, printed) = diff(&sandbox, &[("chart", chart)], &base, &[]);
    assert_eq!(code, 0, "{printed}");
    let comment = sandbox.read("comment");
    assert!(comment.starts_with("<!-- plimsoll diff: web a_--__b_ _octo __touch pwned_ -->\n"), "{comment}");
    let outside: String = comment.split("````diff\n").next().unwrap().to_owned();
    assert!(!outside.contains("@octo") && !outside.contains("<img"), "{comment}");
    assert!(!sandbox.path().join("pwned").exists());
    // What a chart makes plimsoll print is no command to the runner.
    sandbox.write(&format!("{chart}/templates/cm.yaml"), "::error::x");
    let (code, printed) = diff(&sandbox, &[("chart", chart)], &base, &[]);
    assert_eq!(code, 1, "{printed}");
    let token = printed.strip_prefix("::stop-commands::").unwrap().split('\n').next().unwrap();
    let quoted = printed.split(&format!("::{token}::\n")).next().unwrap();
    assert!(quoted.contains("1 | ::error::x"), "{printed}");
}

#[test]
fn inputs_of_the_diff_action_are_never_run() {
    let sandbox = Sandbox::new();
    let base = pull_request(&sandbox, "web", BEFORE, AFTER);
    for text in
        ["web; touch pwned", "$(touch pwned)", "`touch pwned`", "web && touch pwned", "'$(touch pwned)'"]
    {
        for input in ["release", "chart", "args", "base", "fail-on", "title", "comment"] {
            diff(&sandbox, &[(input, text)], &base, &[]);
            assert!(!sandbox.path().join("pwned").exists(), "{input}: {text}");
        }
    }
    let (code, printed) = diff(&sandbox, &[("args", "'unclosed")], &base, &[]);
    assert_ne!(code, 0, "{printed}");
}

/// Runs a hook of `.pre-commit-hooks.yaml` in a sandbox as pre-commit does: the entry is a file of this repository.
fn hook(sandbox: &Sandbox, id: &str, args: &[&str]) -> (i32, String) {
    let hooks = document(".pre-commit-hooks.yaml");
    let hook = hooks.as_array().unwrap().iter().find(|hook| hook["id"] == id).unwrap();
    assert_eq!((&hook["language"], &hook["pass_filenames"]), (&"script".into(), &false.into()));
    let mut entry = hook["entry"].as_str().unwrap().split(' ');
    let output = Command::new(Path::new(ROOT).join(entry.next().unwrap()))
        .args(entry)
        .args(args)
        .current_dir(sandbox.path())
        .envs(sandbox.environment())
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
}

fn track_all(sandbox: &Sandbox) {
    for args in [["init", "-q", "."], ["add", "-A", "."]] {
        let run =
            Command::new("git").args(args).current_dir(sandbox.path()).envs(sandbox.environment()).status();
        assert!(run.unwrap().success());
    }
}

/// What lies beside charts and manifests in real life, templates that are no YAML among it.
fn mixed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("k8s/set.yaml", SET);
    sandbox.write("k8s/service.yaml", SERVICE);
    sandbox.write("k8s/map.json", "{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"ConfigMap\",\n    \"metadata\": {\"name\": \"a\"}\n}\n");
    sandbox.write(
        "k8s/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
    );
    sandbox.write("values.yaml", "a: 1\nextra:\n  - apiVersion: v1\n    kind: Pod\n");
    sandbox.write("package.json", "{\"name\": \"x\"}\n");
    sandbox.write("cookies/{{ name }}.yaml", "name: {{ name }}\n{% if x %}\na: 1\n{% endif %}\n");
    sandbox.write(".github/workflows/ci.yaml", "on: push\njobs: {}\n");
    sandbox.write("docker-compose.yaml", "services: {}\n");
    sandbox.chart("charts/web", CONFIG_MAP);
    sandbox.write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\nengine: tera\n");
    sandbox.write(
        "charts/web/charts/inner/Chart.yaml",
        "apiVersion: v2\nname: inner\nversion: 1.0.0\nengine: tera\n",
    );
    sandbox.write("charts/web/crds/crd.yaml", "apiVersion: nonsense\nkind: Nonsense\n");
    sandbox
}

#[test]
fn the_hooks_find_charts_and_manifests_in_a_mixed_repository() {
    let sandbox = mixed();
    track_all(&sandbox);
    // Neither tracked nor of the repository.
    sandbox.write("build/broken.yaml", "apiVersion: v1\nkind: [\n");
    let (code, printed) = hook(&sandbox, "plimsoll-lint-manifests", &[]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("in 3 objects") && !printed.contains("skipped"), "{printed}");
    let (code, printed) = hook(&sandbox, "plimsoll-lint-manifests", &["--min-severity", "warning"]);
    assert_eq!(code, 1, "{printed}");
    let (_, printed) =
        hook(&sandbox, "plimsoll-lint", &["--rule", "chart/zero-version,chart/unused-partial"]);
    assert!(printed.contains("no findings in 1 object"), "{printed}");
    // A mistake in either fails its own hook only.
    sandbox.write(
        "k8s/service.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {prots: []}\n",
    );
    let (code, printed) = hook(&sandbox, "plimsoll-lint-manifests", &[]);
    assert!(code == 1 && printed.contains("prots"), "{printed}");
    assert_eq!(hook(&sandbox, "plimsoll-lint", &["--rule", "yaml"]).0, 0);
}

/// Neither the parts of a kustomization nor the file itself are manifests.
#[test]
fn the_hook_for_manifests_builds_kustomizations() {
    let sandbox = Sandbox::new();
    sandbox.write("[a] b/base/kustomization.yaml", "resources: [set.yaml, service.yaml]\n");
    sandbox.write("[a] b/base/set.yaml", SET);
    sandbox.write("[a] b/base/service.yaml", SERVICE);
    sandbox.write("[a] b/prod/kustomization.yaml", "resources: [../base]\npatches: [path: patch.yaml]\n");
    sandbox.write(
        "[a] b/prod/patch.yaml",
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {replicas: 2}\n",
    );
    sandbox.write("plain.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n");
    track_all(&sandbox);
    sandbox.write("untracked/kustomization.yaml", "resources: [missing.yaml]\n");
    let (code, printed) = hook(&sandbox, "plimsoll-lint-manifests", &[]);
    assert!(code == 0 && printed.contains("in 3 objects"), "{printed}");
    sandbox.write("[a] b/prod/patch.yaml", "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: bd}\n");
    let (code, printed) = hook(&sandbox, "plimsoll-lint-manifests", &[]);
    assert!(code == 1 && printed.contains("kustomize/build-failed"), "{printed}");
}

#[test]
fn the_hooks_pass_where_there_is_nothing_to_lint() {
    let sandbox = Sandbox::new();
    sandbox.write("values.yaml", "a: 1\n");
    track_all(&sandbox);
    for id in ["plimsoll-lint", "plimsoll-lint-manifests"] {
        assert_eq!(hook(&sandbox, id, &[]), (0, String::new()));
        assert_eq!(hook(&sandbox, id, &["--strict"]), (0, String::new()));
    }
}

#[test]
fn the_hooks_lint_the_sources_that_are_named() {
    let sandbox = mixed();
    sandbox.write("other/broken.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {nmae: x}\n");
    track_all(&sandbox);
    assert_eq!(hook(&sandbox, "plimsoll-lint-manifests", &[]).0, 1);
    let (code, printed) =
        hook(&sandbox, "plimsoll-lint-manifests", &["k8s", "--rule", "k8s,sts/missing-service"]);
    assert!(code == 0 && printed.contains("in 3 objects"), "{printed}");
    let (code, printed) = hook(&sandbox, "plimsoll-lint", &["gone"]);
    assert_eq!(code, 2, "{printed}");
}
