//! What TAB completes, in a real bash and as other shells ask for it.

use crate::support::Sandbox;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// A repository with a branch and a tag, a chart, and recorded renders of two releases.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.chart("chart", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let git =
        "git init -q -b main . && git commit -q --allow-empty -m a && git tag v1.0 && git branch feature/x";
    let status =
        Command::new("sh").args(["-c", git]).current_dir(sandbox.path()).envs(sandbox.environment()).status();
    assert!(status.unwrap().success());
    for (release, message) in [("web", "first"), ("web", "second"), ("shop", "other")] {
        let outcome = sandbox.run(&["render", release, "chart", "--record", "--message", message]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    sandbox
}

/// The candidates for the last of `words`, as fish asks for them.
fn candidates(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let args: Vec<&str> = ["--", "plimsoll"].iter().chain(words).copied().collect();
    let outcome = sandbox.run_with(&args, &[("PLIMSOLL_COMPLETE", "fish")], "");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{words:?}");
    outcome.stdout.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn values_are_completed() {
    let sandbox = sandbox();
    for (words, expected) in [
        (
            ["diff", "web", "chart", "--fail-on", "re"].as_slice(),
            ["rejected", "removed", "restart", "recreate"].as_slice(),
        ),
        (&["diff", "web", "chart", "--fail-on", "rejected,da"], &["rejected,data-loss"]),
        (&["diff", "web", "chart", "--format", "s"], &["summary", "script"]),
        (
            &["lint", "--rule", "k8s/un"],
            &[
                "k8s/unevaluated-policy",
                "k8s/unevaluated-rule",
                "k8s/unknown-field",
                "k8s/unknown-kind",
                "k8s/unserved-api",
                "k8s/unsupported-value",
            ],
        ),
        (
            &["lint", "--skip", "lin"],
            &["lint", "lint/invalid-allow", "lint/stale-baseline", "lint/unused-allow"],
        ),
        (&["lint", "--explain", "sts/on-"], &["sts/on-delete"]),
        (&["lint", "--min-severity", ""], &["error", "warning", "info"]),
        (&["render", "--kube-version", "1.36"], &["1.36"]),
        (&["lint", "builtin:"], &["builtin:statefulset"]),
        (&["preview", "web", "cha"], &["chart/"]),
        (&["render", "sh"], &["shop"]),
        (&["history", ""], &["shop", "web"]),
        (&["history", "web", "--show", ""], &["1", "2"]),
        (&["history", "shop", "--show", ""], &["1"]),
        (&["diff", "web", "chart", "--against", "git:"], &["git:feature/x", "git:main", "git:v1.0"]),
        (&["diff", "web", "chart", "--against", "l"], &["last", "live"]),
        (&["diff", "web", "chart", "--against", "2"], &["2"]),
        (&["diff", "web", "chart", "--history", "elsewhere", "--against", "2"], &[]),
        (&["diff", "web", "chart", "--against", "./cha"], &["./chart/"]),
        (&["diff", "--driver", "k"], &["kubectl", "kubectl-server-side"]),
        (&["rehearse", "--driver", "a"], &["argocd"]),
        (&["completions", ""], &["bash", "elvish", "fish", "powershell", "zsh"]),
        (&["render", "--rollback"], &[]),
        (&["render", "--kube-a"], &[]),
    ] {
        let found = candidates(&sandbox, words);
        let found: Vec<&str> =
            found.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
        assert_eq!(found, expected, "{words:?}");
    }
}

#[test]
fn versions_of_kubernetes_are_completed() {
    let sandbox = Sandbox::new();
    let known: Vec<String> = plimsoll::k8s::Version::all().map(|version| version.to_string()).collect();
    for command in ["lint", "render", "diff"] {
        assert_eq!(candidates(&sandbox, &[command, "--kube-version", ""]), known, "{command}");
    }
}

/// Outside of a repository, and without records, the rest is still offered.
#[test]
fn completion_needs_neither_git_nor_records() {
    let sandbox = Sandbox::new();
    assert_eq!(candidates(&sandbox, &["diff", "web", "--against", "git:"]), [""; 0]);
    assert_eq!(candidates(&sandbox, &["diff", "web", "--against", "l"]), ["last", "live"]);
    assert_eq!(candidates(&sandbox, &["history", "web", "--show", ""]), [""; 0]);
}

/// Bash splits words at colons and equals signs, so what it inserts is looked at in a terminal.
#[test]
#[cfg(target_os = "linux")]
fn bash_completes_in_a_terminal() {
    let sandbox = sandbox();
    // `show` prints what bash made of a line; the candidates are those of `plimsoll`.
    sandbox.write(
        "start.sh",
        "source <(plimsoll completions bash)\nshow() { printf '<%s>' \"$@\"; echo; }\ncomplete -o bashdefault -F _plimsoll show\n\
         bind 'set show-all-if-ambiguous on' 'set enable-bracketed-paste off'\n",
    );
    // A glob, and what it matches.
    sandbox.write("prod*.yaml", "");
    sandbox.write("prod-1.yaml", "");
    let lines = [
        ("show lint prod*\t", "show lint prod*.yaml"),
        ("show lint --rule sts/on-d\t", "<lint><--rule><sts/on-delete>"),
        ("show diff web chart --against git:fe\t", "<diff><web><chart><--against><git:feature/x>"),
        ("show diff web chart --against=git:v\t", "<diff><web><chart><--against=git:v1.0>"),
        ("show render web builtin:st\t", "<render><web><builtin:statefulset>"),
        ("show render web ch\t--kube-version 1.36\t", "<render><web><chart/--kube-version><1.36>"),
        ("show diff web --fail-on rejected,da\t", "<diff><web><--fail-on><rejected,data-loss>"),
        ("show render --message 'a b:c' --rec\t", "<render><--message><a b:c><--record>"),
        ("show diff web --against git:\t", "feature/x  main       v1.0"),
    ];
    let mut terminal = Command::new("script")
        .args(["-qec", "bash --norc --noprofile -i", "/dev/null"])
        .current_dir(sandbox.path())
        .envs(sandbox.environment())
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let typed: String = lines.iter().flat_map(|(line, _)| [*line, "\n"]).collect();
    let input = format!("source ./start.sh\n{typed}exit\n");
    terminal.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = terminal.wait_with_output().unwrap();
    let screen = String::from_utf8_lossy(&output.stdout);
    for (line, expected) in lines {
        assert!(screen.contains(expected), "{line:?} {expected}\n{screen}");
    }
}
