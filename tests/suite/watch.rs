//! `--watch`: a second output after a change, and none without one.

use crate::support::{CONFIG_MAP, Sandbox};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A command that watches, and the lines that it prints.
struct Watched {
    child: Child,
    lines: Receiver<String>,
}

impl Watched {
    fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let mut child = interruptible(env!("CARGO_BIN_EXE_plimsoll"))
            .args(arguments)
            .current_dir(sandbox.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let also = send.clone();
        std::thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).all(|line| send.send(line).is_ok())
        });
        std::thread::spawn(move || {
            BufReader::new(stderr).lines().map_while(Result::ok).all(|line| also.send(line).is_ok())
        });
        Self { child, lines }
    }

    /// Waits for a line that contains a text.
    fn expect(&self, text: &str) {
        const LONGEST: Duration = Duration::from_secs(60);
        let (begun, mut seen) = (Instant::now(), Vec::new());
        while let Ok(line) = self.lines.recv_timeout(LONGEST.saturating_sub(begun.elapsed())) {
            if line.contains(text) {
                return;
            }
            seen.push(line);
        }
        panic!("no `{text}` in {seen:#?}");
    }

    /// Whether nothing is printed for a while.
    fn is_silent(&self) -> bool {
        self.lines.recv_timeout(Duration::from_secs(1)).is_err()
    }
}

/// A command that an interrupt ends, also if the tests were begun in the background of a script: there interrupts are ignored,
/// and commands inherit that.
fn interruptible(program: &str) -> Command {
    if !cfg!(target_os = "linux") {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.args(["--default-signal=INT", program]);
    command
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_renders_again_and_a_broken_chart_does_not_end_the_watch() {
    let sandbox = Sandbox::new();
    sandbox.chart("app", CONFIG_MAP);
    sandbox.write("prod.yaml", "text: one\n");
    let watched = Watched::start(&sandbox, &["render", "web", "app", "-f", "prod.yaml", "--watch"]);
    watched.expect("name: web");
    sandbox.write("app/templates/cm.yaml", &format!("{CONFIG_MAP}data:\n  text: {{{{ values.text }}}}\n"));
    watched.expect("app/templates/cm.yaml changed ----");
    watched.expect("text: one");
    sandbox.write("prod.yaml", "text: two\n");
    watched.expect("prod.yaml changed");
    watched.expect("text: two");
    sandbox.write("app/templates/cm.yaml", "{{ values.missing }}");
    watched.expect("error");
    sandbox.write("app/templates/cm.yaml", CONFIG_MAP);
    watched.expect("name: web");
}

#[test]
fn tests_run_again_when_a_suite_changes() {
    let sandbox = Sandbox::new();
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    sandbox.write("app/templates/a.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n");
    let suite = |name: &str| {
        format!(
            "suite: a\ntests:\n- it: has a name\n  asserts:\n  - equal: {{path: metadata.name, value: {name}}}\n"
        )
    };
    sandbox.write("app/tests/a_test.yaml", &suite("b"));
    let watched = Watched::start(&sandbox, &["test", "app", "--watch"]);
    watched.expect("1 failed");
    sandbox.write("app/tests/a_test.yaml", &suite("a"));
    watched.expect("app/tests/a_test.yaml changed");
    watched.expect("1 passed");
}

#[test]
fn only_changes_of_what_is_read_count() {
    let sandbox = Sandbox::new();
    sandbox.chart("app", CONFIG_MAP);
    let watched = Watched::start(&sandbox, &["render", "web", "app", "--output-dir", "app/out", "--watch"]);
    watched.expect("wrote");
    assert!(watched.is_silent(), "it runs again because of what it wrote");
    sandbox.write("other.yaml", "a: 1\n");
    sandbox.write("app/.git/index", "x");
    assert!(watched.is_silent());
    sandbox.write("app/values.yaml", "name: y\ntext: y\n");
    watched.expect("app/values.yaml changed");
}

#[test]
fn lint_watches_charts_and_manifests() {
    let sandbox = Sandbox::new();
    sandbox.write("all/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let watched = Watched::start(&sandbox, &["lint", "--watch", "all"]);
    watched.expect("no findings in 1 object");
    sandbox.write("all/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\nspec: {}\n");
    watched.expect("all/b.yaml");
    watched.expect("spec");
}

#[test]
fn what_cannot_change_cannot_be_watched() {
    let sandbox = Sandbox::new();
    sandbox.refused(&["render", "web", "missing", "--watch"], &["cannot watch `missing`"]);
    sandbox.refused(&["lint", "builtin:statefulset", "--watch"], &["on disk"]);
    sandbox.refused(&["lint", "-", "--watch"], &["standard input"]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_watch() {
    use std::os::unix::process::ExitStatusExt as _;
    let sandbox = Sandbox::new();
    sandbox.chart("app", CONFIG_MAP);
    let mut watched = Watched::start(&sandbox, &["render", "web", "app", "--watch"]);
    watched.expect("name: web");
    let pid = watched.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let begun = Instant::now();
    let ended = loop {
        match watched.child.try_wait().unwrap() {
            Some(status) => break status,
            None => assert!(begun.elapsed() < Duration::from_secs(60), "the watch goes on"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    // A shell shows this as 130.
    assert_eq!(ended.signal(), Some(2));
}
