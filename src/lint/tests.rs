use super::testing::{chart_findings, findings, lint_manifests, release_findings};
use super::*;
use crate::diag::{Rule, SourceKind};
use std::path::{Path, PathBuf};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn own_rules() -> impl Iterator<Item = &'static Rule> {
    registry::lints().iter().map(|lint| &lint.rule)
}

/// The YAML blocks under a heading of a rule's page.
fn blocks(rule: &Rule, heading: &str) -> Vec<String> {
    let page = rule.page();
    let Some((_, rest)) = page.split_once(&format!("## {heading}\n")) else { return Vec::new() };
    let section = rest.split("\n## ").next().unwrap();
    let mut blocks: Vec<String> = Vec::new();
    let mut inside = false;
    for line in section.lines() {
        match (line.starts_with("```"), inside) {
            (true, false) => {
                inside = true;
                blocks.push(String::new());
            }
            (true, true) => inside = false,
            (false, true) => blocks.last_mut().unwrap().extend([line, "\n"]),
            (false, false) => {}
        }
    }
    blocks
}

/// Runs one example: manifests, or the files of a chart, each block beginning with `# <path>`.
fn example(rule: &Rule, blocks: &[String]) -> Vec<String> {
    let path_of = |block: &str| -> Option<String> {
        let first = block.lines().next()?;
        let path = first.strip_prefix("# ").or_else(|| first.strip_prefix("{# ")?.strip_suffix(" #}"));
        let path = path.or_else(|| first.strip_prefix("// "))?;
        (path.contains('.') && !path.contains(' ')).then(|| path.to_owned())
    };
    if blocks.iter().all(|block| path_of(block).is_none()) {
        return findings(rule.id, &blocks.concat());
    }
    let mut files: Vec<(String, String)> = blocks
        .iter()
        .map(|block| {
            let text = block.split_once('\n').unwrap().1;
            // JSON has no comments, and keeps its line numbers.
            (path_of(block).unwrap(), format!("\n{text}"))
        })
        .collect();
    if !files.iter().any(|(given, _)| given == "Chart.yaml") {
        let engine = if RENDERED.contains(&rule.id) { "gotpl" } else { "tera" };
        let text = format!("apiVersion: v2\nname: db\nversion: 1.0.0\nengine: {engine}\n");
        files.push(("Chart.yaml".to_owned(), text));
    }
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    // What only a render shows.
    if RENDERED.contains(&rule.id) {
        return release_findings(rule.id, &files);
    }
    chart_findings(rule.id, &files)
}

/// The rules about Helm charts that need them to be rendered.
const RENDERED: [&str; 3] = ["chart/random-value", "chart/unknown-hook", "yaml/text-after-separator"];

#[test]
fn every_bad_example_breaks_its_rule_and_every_good_one_does_not() {
    // No manifest and no chart that can be read breaks the rules about what cannot be read. Of three others, one needs a
    // baseline, one 262144 bytes, and one runs only if it is named.
    let is_checked = |rule: &&Rule| {
        !["k8s/audit-annotation", "k8s/too-large-to-apply", "kustomize/not-read", "lint/stale-baseline"]
            .contains(&rule.id)
            && !rules::INPUT.contains(rule)
    };
    for rule in own_rules().chain(registry::stage_rules()).filter(is_checked) {
        let (bad, good) = (blocks(rule, "Bad"), blocks(rule, "Good"));
        assert!(!bad.is_empty() && !good.is_empty(), "{} lacks an example", rule.id);
        assert!(!example(rule, &bad).is_empty(), "the bad example of {} passes", rule.id);
        assert_eq!(example(rule, &good), [""; 0], "the good example of {} fails", rule.id);
    }
}

#[test]
fn the_list_is_sorted_and_unique_and_equals_the_files() {
    let listed: Vec<_> = own_rules().map(|rule| rule.id.to_owned()).collect();
    assert!(listed.is_sorted_by(|a, b| a < b), "{listed:?}");
    let folder = repository().join("src/lint/rules");
    let mut files = Vec::new();
    for group in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        if group.is_dir() {
            for file in std::fs::read_dir(&group).unwrap().map(|entry| entry.unwrap().path()) {
                if stem(&file) != "mod" {
                    files.push(format!("{}/{}", stem(&group), stem(&file)).replace('_', "-"));
                }
            }
        }
    }
    files.sort();
    assert_eq!(listed, files);
    let ids: Vec<_> = rules().into_iter().map(|rule| rule.id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "an id twice");
}

#[test]
fn every_page_says_why_and_how_to_fix() {
    for rule in own_rules() {
        assert!(rule.page().contains("\n## Fix\n"), "{}", rule.id);
        assert!(!rule.page().starts_with('#'), "{} begins without a why", rule.id);
        assert!(!rule.summary.ends_with('.') && rule.summary.len() < 100, "{}", rule.id);
        assert!(rule.summary.starts_with(|c: char| !c.is_uppercase()) || rule.summary.starts_with("YAML"));
    }
}

/// `docs/rules/` is what the registry prints; `SNAPSHOTS=overwrite` writes it.
#[test]
fn the_pages_on_disk_are_those_of_the_registry() {
    let folder = repository().join("docs/rules");
    let mut pages: Vec<(PathBuf, String)> =
        rules().into_iter().map(|rule| (folder.join(format!("{}.md", rule.id)), page(rule))).collect();
    pages.push((folder.join("README.md"), catalogue()));
    #[expect(clippy::disallowed_methods, reason = "tests are told to overwrite through the environment")]
    let overwrite = std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite");
    if overwrite {
        for (path, text) in &pages {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
    for (path, text) in &pages {
        let on_disk = std::fs::read_to_string(path).unwrap_or_default();
        assert!(on_disk == *text, "{} is stale: SNAPSHOTS=overwrite cargo test --lib lint", path.display());
    }
    let known: Vec<_> = pages.iter().map(|(path, _)| path).collect();
    for group in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        if group.is_dir() {
            for file in std::fs::read_dir(group).unwrap().map(|entry| entry.unwrap().path()) {
                assert!(known.contains(&&file), "{} is the page of no rule", file.display());
            }
        }
    }
}

#[test]
fn explain_knows_rules_and_guesses_at_others() {
    assert!(explain("sts/on-delete", &Config::default()).unwrap().starts_with("# sts/on-delete\n"));
    assert_eq!(explain("sts/on-delet", &Config::default()).unwrap_err(), Some("sts/on-delete"));
    assert_eq!(explain("on-delete", &Config::default()).unwrap_err(), Some("sts/on-delete"));
    assert_eq!(explain("zzz", &Config::default()).unwrap_err(), None);
}

const ON_DELETE: &str =
    "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  updateStrategy:\n";

fn on_delete(line: &str) -> Vec<String> {
    let sources = Sources::new();
    lint_manifests(&sources, &format!("{ON_DELETE}{line}\n"))
        .into_iter()
        .filter(|diagnostic| {
            diagnostic.rule.is_some_and(|rule| rule.id == "sts/on-delete" || rule.group() == "lint")
        })
        .map(|diagnostic| {
            let at = sources.position(diagnostic.span().unwrap()).unwrap();
            format!("{} {}:{}", diagnostic.rule.unwrap().id, at.line, at.column)
        })
        .collect()
}

#[test]
fn comments_allow_their_own_or_the_next_line() {
    assert_eq!(on_delete("    type: OnDelete"), ["sts/on-delete 6:11"]);
    assert_eq!(on_delete("    type: OnDelete # plimsoll: allow sts/on-delete - by hand"), [""; 0]);
    assert_eq!(
        on_delete("    # plimsoll: allow sts/on-delete - x\n\n    # more\n    type: OnDelete"),
        [""; 0]
    );
}

#[test]
fn comments_that_do_nothing_are_findings() {
    assert_eq!(
        on_delete("    # plimsoll: allow sts/on-delete - x\n    rollingUpdate: {}\n    type: OnDelete"),
        ["lint/unused-allow 6:23", "sts/on-delete 8:11"]
    );
    // A reason is owed, but the comment still counts.
    assert_eq!(on_delete("    type: OnDelete # plimsoll: allow sts/on-delete"), ["lint/invalid-allow 6:38"]);
    assert_eq!(
        on_delete("    type: OnDelete # plimsoll: allow sts/on-delet, sts - x"),
        ["sts/on-delete 6:11", "lint/invalid-allow 6:38", "lint/invalid-allow 6:52"]
    );
}

#[test]
fn severities_come_from_the_configuration_and_decide() {
    let sources = Sources::new();
    let text = sources.add("plimsoll.toml", "[rules]\n\"sts/on-delete\" = \"error\"\n", SourceKind::File);
    let mut config = Config::read(&sources, text).output.unwrap();
    config.only(&["sts/on-delete".into()]).unwrap();
    let objects = testing::objects(&sources, &format!("{ON_DELETE}    type: OnDelete\n"));
    let subject = Subject {
        objects: &objects.iter().collect::<Vec<_>>(),
        crds: &[],
        policies: &[],
        chart: None,
        reported: &[],
        sources: &sources,
        version: k8s::Version::DEFAULT,
    };
    let found = run(&subject, &config);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, Severity::Error);
    assert!(reaches(&found, Severity::Error));
    assert!(!reaches(&[], Severity::Info));
}

#[test]
fn findings_of_several_values_sets_are_told_once() {
    let sources = Sources::new();
    let id = sources.add("a.yaml", "a: 1\nb: 2\n", SourceKind::File);
    let at = |line: u32| crate::diag::Span { source: id, start: line * 5, end: line * 5 + 1 };
    let rule = rule("sts/on-delete").unwrap();
    let both = Diagnostic::from_rule(rule, "both").at(at(0), "");
    let one = Diagnostic::from_rule(rule, "one").at(at(1), "");
    let unused = Diagnostic::from_rule(&rules::UNUSED_ALLOW.rule, "unused").at(at(1), "");
    let merged = merge(
        vec![
            ("--with prod.yaml".into(), vec![both.clone(), one.clone(), unused]),
            ("--with dev.yaml".into(), vec![both.clone()]),
        ],
        2,
        &sources,
    );
    let shown: Vec<_> = merged.iter().map(|d| (d.message.as_str(), d.sets.join(" "))).collect();
    assert_eq!(shown, [("both", String::new()), ("one", "--with prod.yaml".to_owned())]);
}

#[test]
fn places_are_values_keys_or_the_nearest_key_above() {
    let sources = Sources::new();
    let objects = testing::objects(
        &sources,
        "kind: A\napiVersion: v1\nmetadata:\n  name: x\n  labels: {a.b/c: d}\nspec:\n  list:\n    - a: 1\n    - [2]\n",
    );
    let at = |path: &str| {
        let position = sources.position(finding::locate(&objects[0], path)).unwrap();
        (position.line, position.column)
    };
    assert_eq!(at(""), (1, 1));
    assert_eq!(at("status"), (1, 1));
    assert_eq!(at("metadata.name"), (4, 9));
    assert_eq!(at("metadata.labels[a.b/c]"), (5, 19));
    assert_eq!(at("metadata.labels[x]"), (5, 3));
    assert_eq!(at("spec.list[0]"), (8, 7));
    assert_eq!(at("spec.list[0].b.c"), (8, 7));
    assert_eq!(at("spec.list[7].b"), (7, 3));
    for odd in ["[", "]", "..", "spec[", "spec.list[1][0]", "a..b", "."] {
        at(odd);
    }
}

/// The number of findings grows with the number of objects, not with the number of pairs.
#[test]
fn findings_about_crowds_stay_linear() {
    let set = |name: &str, app: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec:\n  serviceName: none\n  \
             selector: {{matchLabels: {{app: {app}}}}}\n  template:\n    metadata: {{labels: {{app: {app}}}}}\n    \
             spec: {{containers: [{{name: {name}, ports: [{{name: {name}, containerPort: 80}}]}}]}}\n---\n"
        )
    };
    let service = |name: &str, app: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  selector: {{app: {app}}}\n  \
             ports: [{{port: 1, targetPort: other}}]\n---\n"
        )
    };
    let budget = |name: &str| {
        format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}}}\nspec:\n  \
             minAvailable: 100%\n  selector: {{matchLabels: {{app: x}}}}\n---\n"
        )
    };
    let crowds: [&dyn Fn(&str) -> String; 5] = [
        &|name| set(name, "x"),
        &|name| set(name, "x") + &service(name, "x"),
        &|name| set(name, name) + &service(name, "missing"),
        &|name| set(name, "x") + &budget(name),
        &|name| {
            set(name, "x")
                .replace("StatefulSet", if name.ends_with('0') { "StatefulSet" } else { "Deployment" })
        },
    ];
    for (index, crowd) in crowds.iter().enumerate() {
        let size = |count: usize| {
            let text: String = (0..count).map(|number| crowd(&format!("n{number:03}"))).collect();
            let sources = Sources::new();
            let found = lint_manifests(&sources, &text);
            assert!(found.len() >= count / 10, "nothing to measure");
            let words = |d: &Diagnostic| d.message.len() + d.help.concat().len() + 100 * d.labels.len();
            found.iter().map(words).sum::<usize>()
        };
        let (few, many) = (size(40), size(160));
        assert!(many < 5 * few, "crowd {index}: {few} for 40, {many} for 160");
    }
}
