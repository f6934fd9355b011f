//! The shell sessions in README.md and docs/ are ones that happen: every command of a ```` ```console ```` block is run
//! and what it prints compared. `SNAPSHOTS=overwrite cargo test --test suite pages` writes the pages anew.
//!
//! Each page gets a directory of its own with copies of `charts` and `examples`, in which its commands run in
//! order. `...` on a line of its own stands for any lines, `[..]` for any text; times may be others. What readers
//! need not see stands in comments:
//!
//! - `<!-- console`, commands as in a block, `-->`: they are run and must succeed;
//! - `<!-- file PATH -->` before a fenced block: its text is written to that file;
//! - `<!-- run -->` before a fenced block: its lines are run and must succeed;
//! - `<!-- tested by NAME -->` before a fenced block: another test does it;
//! - `<!-- not run: REASON -->` before a fenced block that cannot be run.
//!
//! A block without any of these, whose text nothing would test, is refused; except for pictures (```` ```text ````), what
//! installs plimsoll, what developers of plimsoll do, and what other tests generate.

use crate::support::{ROOT, Sandbox};
use regex::Regex;
use snapbox::filter::NormalizeToExpected;
use snapbox::{Assert, Data, IntoData as _};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn sessions_are_real() {
    let mut pages = vec![PathBuf::from("README.md")];
    pages.extend(documents(Path::new("docs")));
    let mut sessions = 0;
    for page in pages {
        let path = Path::new(ROOT).join(&page);
        let written = std::fs::read_to_string(&path).unwrap();
        // The examples of rules are run by the tests of the rules.
        if !page.starts_with("docs/rules") {
            sessions += usize::from(written.contains("```console"));
            let happened = Session::new().play(&page, &written);
            Assert::new().action_env("SNAPSHOTS").eq(happened, Data::read_from(&path, None).raw());
        }
    }
    assert!(sessions > 0, "no page shows a session");
}

/// The Markdown files below a directory of the project.
fn documents(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(Path::new(ROOT).join(directory)).unwrap() {
        let name = directory.join(entry.unwrap().file_name());
        if Path::new(ROOT).join(&name).is_dir() {
            found.extend(documents(&name));
        } else if name.extension().is_some_and(|extension| extension == "md") {
            found.push(name);
        }
    }
    found.sort();
    found
}

struct Session {
    sandbox: Sandbox,
    times: Regex,
}

impl Session {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        for directory in ["charts", "examples"] {
            sandbox.copy(directory);
        }
        Self { sandbox, times: Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").unwrap() }
    }

    /// The page with the output that its commands have here and now.
    fn play(&self, page: &Path, written: &str) -> String {
        let mut out = String::new();
        let mut lines = written.lines().peekable();
        let mut mark: Option<&str> = None;
        let (mut generated, mut installs) = (false, false);
        let outside = page == Path::new("docs/install.md") || page.starts_with("docs/dev");
        while let Some(line) = lines.next() {
            push(&mut out, line);
            generated |= line.starts_with("<!-- From here on the page is generated");
            if let Some(heading) = line.strip_prefix("## ") {
                installs = heading == "Install";
            }
            if line == "<!-- console" {
                let block: Vec<&str> = std::iter::from_fn(|| lines.next_if(|line| *line != "-->")).collect();
                for (command, _) in commands(&block) {
                    let (output, success) = self.run(&command);
                    assert!(success, "{}: {command}\n{output}", page.display());
                }
                append(&mut out, &block);
            } else if line.starts_with("```") && line != "```" {
                let block: Vec<&str> = std::iter::from_fn(|| lines.next_if(|line| *line != "```")).collect();
                if line == "```console" {
                    for (command, expected) in commands(&block) {
                        let printed = self.compare(&self.run(&command).0, &expected);
                        append(&mut out, &command.lines().chain(printed.lines()).collect::<Vec<_>>());
                    }
                } else {
                    let exempt = generated || installs || outside || line == "```text";
                    self.example(page, mark.take(), exempt, &block);
                    append(&mut out, &block);
                }
                append(&mut out, lines.next().as_slice());
            } else if let Some(comment) = line.strip_prefix("<!-- ") {
                mark = comment.strip_suffix(" -->");
            }
        }
        out
    }

    /// Does with a block what its mark says.
    fn example(&self, page: &Path, mark: Option<&str>, exempt: bool, block: &[&str]) {
        let (kind, rest) =
            mark.and_then(|mark| mark.split_once(' ')).unwrap_or((mark.unwrap_or_default(), ""));
        match kind {
            "file" => self.sandbox.write(rest, &format!("{}\n", block.join("\n"))),
            "run" => {
                for command in block.iter().filter(|line| !line.is_empty()) {
                    let (output, success) = self.run(command);
                    assert!(success, "{}: {command}\n{output}", page.display());
                }
            }
            "tested" => {}
            "not" if rest.starts_with("run: ") => {}
            _ => assert!(exempt, "{}: nothing tests this block: {}", page.display(), block.join("\n")),
        }
    }

    /// What was printed; as it is written on the page where that is a way to write it.
    fn compare(&self, printed: &str, expected: &str) -> String {
        let mut printed = printed.to_owned();
        let expected_times = self.times.find_iter(expected);
        for (actual, expected) in self.times.find_iter(&printed.clone()).zip(expected_times) {
            printed.replace_range(actual.range(), expected.as_str());
        }
        let expected = Data::text(expected.trim_end());
        let normal = NormalizeToExpected::new().redact().normalize(printed.trim_end().into_data(), &expected);
        normal.to_string()
    }

    /// What a command prints, on both streams as a terminal shows them, and whether it succeeded.
    fn run(&self, command: &str) -> (String, bool) {
        let line = command.trim_start_matches("$ ").replace("\n> ", "\n");
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1\n{line}")])
            .current_dir(self.sandbox.path())
            .envs(self.sandbox.environment())
            .output()
            .unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.success())
    }
}

fn append(out: &mut String, lines: &[&str]) {
    for line in lines {
        push(out, line);
    }
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// The commands of a session, each with what it is said to print. A command starts with `$ ` and goes on in lines
/// that start with `> `.
fn commands(block: &[&str]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in block {
        match found.last_mut() {
            _ if line.starts_with("$ ") => found.push(((*line).to_owned(), String::new())),
            Some((command, output)) if line.starts_with("> ") && output.is_empty() => {
                command.push('\n');
                command.push_str(line);
            }
            Some((_, output)) => push(output, line),
            None => panic!("a session starts with a command, not with `{line}`"),
        }
    }
    found
}

#[test]
fn a_page_that_tells_something_else_is_found_out() {
    let page = "<!-- file a.txt -->\n```text\nhello\n```\n\n```console\n$ cat a.txt\ngood-bye\n$ printf '%s\\n' a b \\\n>   c\na\n...\n```\n";
    let happened = Session::new().play(Path::new("page"), page);
    assert_eq!(happened, page.replace("good-bye", "hello"));
}

/// Links lead to a file that exists and, with a `#`, to one of its headings.
#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^()\s]+)\)").unwrap();
    let mut broken = Vec::new();
    for page in every_page() {
        let text = std::fs::read_to_string(Path::new(ROOT).join(&page)).unwrap();
        for found in link.captures_iter(&text).filter(|found| !found[1].starts_with("http")) {
            let (path, anchor) = found[1].split_once('#').unwrap_or((&found[1], ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let target = Path::new(ROOT).join(target);
            let leads = target.exists()
                && (anchor.is_empty()
                    || headings(&std::fs::read_to_string(&target).unwrap()).contains(&anchor.to_owned()));
            if !leads {
                broken.push(format!("{}: {}", page.display(), &found[1]));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The anchors of a page's headings, as GitHub makes them.
fn headings(text: &str) -> Vec<String> {
    let headings =
        text.lines().filter_map(|line| line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' '));
    let anchor = |heading: &str| {
        let kept = heading.to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn rules_that_pages_name_exist() {
    let rule = Regex::new(r"`((?:k8s|sts|workload|chart|values|yaml|lint)/[a-z0-9-]+)`").unwrap();
    for page in every_page() {
        let text = std::fs::read_to_string(Path::new(ROOT).join(&page)).unwrap();
        for found in rule.captures_iter(&text) {
            // The page of a renamed rule names its former id, too.
            let renamed = page.starts_with("docs/rules");
            let known = plimsoll::lint::rule(&found[1]).is_some_and(|rule| renamed || rule.id == &found[1]);
            assert!(known, "{}: there is no rule `{}`", page.display(), &found[1]);
        }
    }
}

/// The pages for users and for developers.
fn every_page() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(PathBuf::from).into();
    pages.extend(documents(Path::new("docs")));
    pages
}
