use super::*;
use crate::diag::{Severity, SourceKind, Sources};
use crate::lint::testing::lint_with;
use crate::lint::{Config, explain};
use crate::world::Memory;
use std::path::{Path, PathBuf};

const RULES: &str = r#"
rules:
- id: custom/team-label
  summary: a workload has no team label
  severity: error
  match: {kinds: [deploy, ConfigMap]}
  path: metadata.labels
  expression: has(object.metadata.labels) && 'team' in object.metadata.labels
  message: add the label `team`
  docs: Alerts go to the team.
  bad:
  - |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: a}
  good:
  - |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: a, labels: {team: b}}
"#;

/// The configuration with the rules of files, and what is wrong with them.
fn config(files: &[(&str, &str)], paths: &[&str]) -> Result<Config, Vec<String>> {
    let memory = files.iter().fold(Memory::default(), |memory, (path, text)| memory.file(path, *text));
    let (world, sources) = (memory.into_world(), Sources::new());
    let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
    let mut wrong = Vec::new();
    let mut config = Config::default();
    let rules = load(&world, &sources, &paths, Some(Path::new("rules"))).take(&mut wrong);
    config.add_rules(rules.unwrap_or_default(), &mut wrong);
    let place = |diagnostic: &Diagnostic| {
        let position = diagnostic.span().and_then(|span| sources.position(span));
        position.map_or(String::new(), |at| format!("{}:{} ", at.line, at.column))
    };
    let messages = wrong.iter().map(|diagnostic| format!("{}{}", place(diagnostic), diagnostic.message));
    if wrong.is_empty() { Ok(config) } else { Err(messages.collect()) }
}

/// What the rules of a group find: severity, path and message.
fn found(config: &Config, manifests: &str) -> Vec<String> {
    let mut config = config.clone();
    let groups: Vec<String> = config.custom_rules().iter().map(|custom| custom.rule.id.to_owned()).collect();
    config.only(&groups).unwrap();
    let line = |found: Diagnostic| {
        format!("{} {} {}", found.severity, found.path.unwrap_or_default(), found.message)
    };
    lint_with(&Sources::new(), manifests, &config).into_iter().map(line).collect()
}

fn rule(rest: &str) -> String {
    format!("rules: [{{id: custom/a, summary: b, {rest}}}]")
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop, labels: {app: web}}\ndata: {a: b}\n";
const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {a: b}}\n  \
                   template:\n    metadata: {labels: {a: b}}\n    spec: {containers: [{name: a, image: 'a:1'}]}\n";

#[test]
fn rules_find_what_their_expression_does_not_hold_for() {
    let config = config(&[("rules/a.yaml", RULES)], &[]).unwrap();
    let line = "error metadata.labels add the label `team`";
    assert_eq!(found(&config, MAP), [line]);
    assert_eq!(found(&config, WEB), [line]);
    assert_eq!(found(&config, &MAP.replace("app: web", "team: web")), [""; 0]);
    assert_eq!(found(&config, "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"), [""; 0]);
}

#[test]
fn a_file_that_is_named_twice_is_read_once() {
    let config = config(&[("rules/a.yaml", RULES)], &["rules", "rules/a.yaml"]).unwrap();
    assert_eq!(config.custom_rules().len(), 1);
}

#[test]
fn criteria_select_objects() {
    for (criteria, is_selected) in [
        ("{}", true),
        ("{kinds: [configmaps]}", true),
        ("{kinds: [Secret, cm]}", true),
        ("{kinds: [Secret]}", false),
        ("{apiVersions: [v1]}", true),
        ("{apiVersions: [apps/v1]}", false),
        ("{namespaces: [shop]}", true),
        ("{namespaces: [default]}", false),
        ("{labels: {app: web}}", true),
        ("{labels: {app: web, tier: back}}", false),
    ] {
        let text = rule(&format!("match: {criteria}, expression: 'false'"));
        let config = config(&[("a.yaml", &text)], &["a.yaml"]).unwrap();
        assert_eq!(found(&config, MAP).len(), usize::from(is_selected), "{criteria}");
    }
}

#[test]
fn expressions_see_the_object_the_release_and_the_pod() {
    let found = |rest: &str, manifests: &str| {
        let text = rule(rest);
        found(&config(&[("a.yaml", &text)], &["a.yaml"]).unwrap(), manifests)
    };
    let both = format!("{MAP}---\n{WEB}");
    assert_eq!(
        found("expression: \"pod == null || pod.spec.containers.all(c, c.image.endsWith(':2'))\"", &both),
        ["warning  failed expression: pod == null || pod.spec.containers.all(c, c.image.endsWith(':2'))"]
    );
    let alone = "expression: \"objects.exists(o, o.kind == 'Deployment')\", messageExpression: \"object.kind + ' alone'\"";
    assert_eq!(found(alone, &both), [""; 0]);
    assert_eq!(found(alone, MAP), ["warning  ConfigMap alone"]);
    // A field that is missing fails the expression; defaults are not filled in.
    assert_eq!(
        found("match: {kinds: [Deployment]}, expression: object.spec.replicas > 1", &both),
        ["warning  the expression failed: no such key: replicas"]
    );
    let steps = "objects.all(a, objects.all(b, objects.all(c, objects.all(d, a != {} || b != c || d == c))))";
    let many: Vec<_> =
        (0..60).map(|n| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{n}}}\n")).collect();
    assert!(
        found(&format!("expression: \"{steps}\""), &many.join("---\n"))
            .contains(&"warning  the rule was not evaluated: the expression takes too many steps".to_owned())
    );
}

#[test]
fn levels_and_comments_count_for_own_rules() {
    let rules = config(&[("rules/a.yaml", RULES)], &[]).unwrap();
    let sources = Sources::new();
    let read = |text: &str| {
        let source = sources.add("plimsoll.toml", text, SourceKind::File);
        let mut config = Config::read(&sources, source).output.unwrap();
        config.add_rules(rules.custom_rules().to_vec(), &mut Vec::new());
        config
    };
    assert_eq!(
        found(&read("[rules]\n\"custom/team-label\" = \"info\"\n"), MAP),
        ["info metadata.labels add the label `team`"]
    );
    assert_eq!(found(&read("[rules]\n\"custom\" = \"off\"\n"), MAP), [""; 0]);
    let unknown = read("[rules]\n\"custom/team-labels\" = \"off\"\n").unknown_rules();
    assert_eq!(unknown[0].help[0], "did you mean `custom/team-label`?");
    let allowed = MAP.replace("metadata:", "# plimsoll: allow custom/team-label - nobody's\nmetadata:");
    assert_eq!(found(&rules, &allowed), [""; 0]);
    let mut config = rules.clone();
    config.only(&["custom".into(), "lint".into()]).unwrap();
    let unused = allowed.replace("app: web", "team: web");
    let unused = lint_with(&Sources::new(), &unused, &config);
    assert_eq!(unused[0].rule.unwrap().id, "lint/unused-allow");
}

#[test]
fn rules_may_be_part_of_the_configuration() {
    let text = "[rules]\n\"mine/a\" = \"error\"\n[[rule]]\nid = \"mine/a\"\nsummary = \"b\"\nexpression = \"false\"\n\
                match = {kinds = [\"ConfigMap\"]}\ngood = \"a\"\n";
    let sources = Sources::new();
    let source = sources.add("plimsoll.toml", text, SourceKind::File);
    let config = Config::read(&sources, source).output.unwrap();
    assert_eq!(found(&config, MAP), ["error  failed expression: false"]);
    let wrong = text.replace("mine/a\"\nsummary", "mine\"\nsumary");
    let source = sources.add("plimsoll.toml", wrong, SourceKind::File);
    let report = Config::read(&sources, source);
    let messages: Vec<_> = report.diagnostics.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["unknown key `sumary`", "`mine` is not a valid rule id", "a rule needs `summary`"]);
}

#[test]
fn what_is_wrong_with_a_rule_is_an_error_at_its_place() {
    for (text, expected) in [
        ("a: b", vec!["`a.yaml` contains no rules"]),
        (&rule("expression: object.a >"), vec!["1:48 `expression` does not compile: 1:11: "]),
        (&rule("expression: nobody == 1"), vec!["undeclared reference to 'nobody'"]),
        (&rule("expression: '1'"), vec!["must evaluate to bool, not int"]),
        (&rule("expression: 'true', messageExpression: '1'"), vec!["must evaluate to string, not int"]),
        (&rule("expression: 'true', severity: bad"), vec!["unknown severity `bad`"]),
        (&rule("expression: 'true', match: {kind: Pod}"), vec!["unknown key `kind`"]),
        (&rule("expression: 'true', match: {labels: {a: 1}}"), vec!["`labels` must be a map of strings"]),
        (&rule("expression: 'true', good: [1]"), vec!["`good` must be a list of strings"]),
        (&rule("expression: [a]"), vec!["`expression` must be a string"]),
        (&rule("message: a"), vec!["a rule needs `expression`"]),
        (
            &rule("expression: 'true'").replace("custom/a", "sts/a"),
            vec!["`sts` is a group of built-in rules"],
        ),
        (
            &rule("expression: 'true'").replace("custom/a", "Custom/a"),
            vec!["`Custom/a` is not a valid rule id"],
        ),
        (
            &format!("{}\n---\n{}", rule("expression: 'true'"), rule("expression: 'false'")),
            vec!["duplicate rule `custom/a`"],
        ),
    ] {
        let messages = config(&[("a.yaml", text)], &["a.yaml"]).unwrap_err();
        assert_eq!(messages.len(), expected.len(), "{messages:?}");
        for (message, expected) in messages.iter().zip(&expected) {
            assert!(message.contains(expected), "{message} for {text}");
        }
    }
    assert!(config(&[], &["none.yaml"]).is_err());
}

#[test]
fn other_files_beside_the_configuration_are_passed_over() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\nrules: [{id: a, expression: b}]\n";
    let files =
        [("rules/role.yaml", role), ("rules/alerts.yaml", "groups: []\n"), ("rules/broken.yaml", "a: [\n")];
    assert!(config(&files, &[]).unwrap().custom_rules().is_empty());
}

#[test]
fn examples_are_the_tests_of_a_rule() {
    let rules = config(&[("rules/a.yaml", RULES)], &[]).unwrap();
    let tested = test(&rules.custom_rules()[0]);
    assert_eq!(tested, Tested { rule: "custom/team-label", examples: 2, failures: Vec::new() });
    let swapped =
        RULES.replace("  bad:", "  other:").replace("  good:", "  bad:").replace("  other:", "  good:");
    let swapped = config(&[("rules/a.yaml", &swapped)], &[]).unwrap();
    assert_eq!(
        test(&swapped.custom_rules()[0]).failures,
        ["bad example 1: no finding", "good example 1: ConfigMap/a: add the label `team`"]
    );
    let empty = RULES
        .replace("    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: a}\n", "    # nothing\n");
    let empty = config(&[("rules/a.yaml", &empty)], &[]).unwrap();
    assert_eq!(
        test(&empty.custom_rules()[0]).failures,
        ["bad example 1: it contains no manifest: it is empty"]
    );
}

#[test]
fn rules_explain_themselves() {
    let config = config(&[("rules/a.yaml", RULES)], &[]).unwrap();
    let page = explain("custom/team-label", &config).unwrap();
    assert!(page.starts_with(
        "# custom/team-label\n\nA workload has no team label (default severity: error)\n\nAlerts go"
    ));
    assert!(page.contains("## Bad\n\n```yaml\napiVersion: v1\n") && page.contains("## Good\n"));
    assert_eq!(explain("custom/team-labels", &config), Err(Some("custom/team-label")));
    assert_eq!(config.rule("custom/team-label").map(|rule| rule.severity), Some(Severity::Error));
}
