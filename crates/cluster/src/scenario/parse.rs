//! From text to scenarios.

use super::{Action, Do, MAX_ACTIONS, Scenario};
use crate::controllers::Cascade;
use plimsoll_diag::{Diagnostic, Report, Severity, SourceId, Sources, has_errors, nearest};
use plimsoll_kube::Version;
use plimsoll_kube::manifest::Object;
use plimsoll_kube::views::Metadata;
use plimsoll_yaml::{Entry, Node, ReadOptions, Value};
use std::collections::BTreeSet;

/// Reads a scenario in YAML or JSON. Objects are read as the API server of `version` reads them: what it refuses is an
/// error. Fields that mean nothing are warnings.
pub fn parse(sources: &Sources, source: SourceId, version: Version) -> Report<Scenario> {
    let mut parser = Parser { diagnostics: Vec::new(), version };
    let documents =
        plimsoll_yaml::read(sources, source, &ReadOptions::strict()).take(&mut parser.diagnostics);
    let mut documents = documents.unwrap_or_default().into_iter().filter(|document| !document.blank);
    let Some(document) = documents.next() else {
        if !has_errors(&parser.diagnostics) {
            parser.diagnostics.push(Diagnostic::error("the scenario is empty").help(FORM));
        }
        return Report::failed(parser.diagnostics);
    };
    if let Some(other) = documents.next() {
        let error = Diagnostic::error("a scenario is one document").at(other.span, "a second one");
        parser.diagnostics.push(error);
    }
    let scenario = parser.scenario(&document.root);
    if has_errors(&parser.diagnostics) {
        return Report::failed(parser.diagnostics);
    }
    Report::with(scenario, parser.diagnostics)
}

const FORM: &str =
    "a scenario is a map with `objects`, the manifests that are created, and `actions`, what is done then";

/// Fields that recorded scenarios have for their readers.
const REMARKS: [&str; 6] = ["id", "kind", "n", "seed", "tags", "why"];

struct Parser {
    diagnostics: Vec<Diagnostic>,
    version: Version,
}

impl Parser {
    fn error(&mut self, node: &Node, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::error(message).at(node.span, ""));
        let last = self.diagnostics.len() - 1;
        &mut self.diagnostics[last]
    }

    fn expected(&mut self, node: &Node, field: &str, what: &str) {
        self.error(node, format!("`{field}` is {}, expected {what}", node.type_name()));
    }

    fn unknown(&mut self, entry: &Entry, known: &[&str]) {
        if REMARKS.contains(&entry.key.as_str()) {
            return;
        }
        let mut warning =
            Diagnostic::new(Severity::Warning, format!("unknown field `{}` is ignored", entry.key))
                .at(entry.key_span, "");
        warning = match nearest(&entry.key, known.iter().copied()) {
            Some(known) => warning.help(format!("try `{known}`")),
            None => warning.help(format!("known fields: {}", known.join(", "))),
        };
        self.diagnostics.push(warning);
    }

    fn scenario(&mut self, root: &Node) -> Scenario {
        const KNOWN: [&str; 6] =
            ["objects", "actions", "never_ready", "unschedulable", "ready_ticks", "nodes"];
        let mut scenario = Scenario { version: self.version, ..Scenario::default() };
        // A recorded rollout has its scenario in a field.
        let root = root.get("scenario").filter(|_| root.get("objects").is_none()).unwrap_or(root);
        let Some(map) = root.as_map() else {
            let error = self.error(root, format!("a scenario is {}, expected a map", root.type_name()));
            error.help = vec![FORM.to_owned()];
            return scenario;
        };
        for entry in map.iter().filter(|entry| !entry.value.is_null()) {
            let (key, node) = (entry.key.as_str(), &entry.value);
            match key {
                "objects" => {
                    let items = self.list(node, key);
                    scenario.objects = items.iter().filter_map(|item| self.object(item)).collect();
                }
                "actions" => {
                    let items = self.list(node, key);
                    if let Some(surplus) = items.get(MAX_ACTIONS) {
                        self.error(surplus, format!("a scenario has at most {MAX_ACTIONS} actions"));
                        return scenario;
                    }
                    scenario.actions = items.iter().filter_map(|item| self.action(item)).collect();
                }
                "never_ready" => scenario.never_ready = self.names(node, key),
                "unschedulable" => scenario.unschedulable = self.names(node, key),
                "ready_ticks" => scenario.ready_ticks = self.number(node, key).unwrap_or(1),
                "nodes" => scenario.nodes = self.names(node, key).into_iter().collect(),
                _ => self.unknown(entry, &KNOWN),
            }
        }
        if !map.contains_key("objects") {
            self.error(root, "the scenario has no `objects`").help = vec![FORM.to_owned()];
        }
        scenario
    }

    fn list<'n>(&mut self, node: &'n Node, field: &str) -> &'n [Node] {
        if node.as_seq().is_none() && !node.is_null() {
            self.expected(node, field, "a list");
        }
        node.items()
    }

    fn names(&mut self, node: &Node, field: &str) -> BTreeSet<String> {
        let items = self.list(node, field);
        items.iter().filter_map(|item| self.text(item, field)).collect()
    }

    fn text(&mut self, node: &Node, field: &str) -> Option<String> {
        let text = node.as_str().map(str::to_owned);
        if text.is_none() {
            self.expected(node, field, "a string");
        }
        text
    }

    fn number(&mut self, node: &Node, field: &str) -> Option<u32> {
        let number = node.as_i64().and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            self.error(node, format!("`{field}` is not a number of at least 0"));
        }
        number
    }

    /// An object that the API server would create.
    fn object(&mut self, node: &Node) -> Option<Object> {
        let text = |field| node.get(field).and_then(Node::as_str);
        let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
            self.error(node, "an object needs `apiVersion` and `kind`");
            return None;
        };
        let object = Object {
            root: node.clone().into(),
            span: node.span,
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            name: Metadata::new(node).name().to_owned(),
            namespace: Metadata::new(node).namespace().map(str::to_owned),
            template: String::new(),
        };
        let mut findings = Vec::new();
        plimsoll_kube::validate(&object, self.version, &mut findings);
        let is_accepted = !has_errors(&findings);
        self.diagnostics.extend(findings.into_iter().filter(|finding| finding.severity == Severity::Error));
        is_accepted.then_some(object)
    }

    fn action(&mut self, node: &Node) -> Option<Action> {
        let node = &with_plain_n(node);
        let Some(map) = node.as_map() else {
            self.expected(node, "actions", "a list of maps such as `{do: scale, n: 3}`");
            return None;
        };
        let Some(word) = map.get("do").and_then(Node::as_str) else {
            let known = ACTIONS.map(|(word, _)| word).join(", ");
            self.error(node, "an action needs `do`").help = vec![format!("known actions: {known}")];
            return None;
        };
        let Some((_, fields)) = ACTIONS.iter().find(|(known, _)| *known == word) else {
            let known = ACTIONS.map(|(word, _)| word);
            let help = match nearest(word, known) {
                Some(near) => format!("try `{near}`"),
                None => format!("known actions: {}", known.join(", ")),
            };
            let word_node = map.get("do").unwrap_or(node);
            self.error(word_node, format!("unknown action `{word}`")).help = vec![help];
            return None;
        };
        let known: Vec<&str> = ["do", "after_ticks"].iter().chain(*fields).copied().collect();
        map.iter()
            .filter(|entry| !known.contains(&entry.key.as_str()))
            .for_each(|entry| self.unknown(entry, &known));
        let what = self.what(word, node)?;
        let after_ticks = match map.get("after_ticks").filter(|ticks| !ticks.is_null()) {
            Some(ticks) => Some(self.number(ticks, "after_ticks")?),
            None => None,
        };
        Some(Action { what, after_ticks, node: node.clone(), span: node.span })
    }

    fn what(&mut self, word: &str, node: &Node) -> Option<Do> {
        Some(match word {
            "patch" => Do::Patch(self.map(node, "body")?),
            "scale" => Do::Scale(i64::from(self.required_number(node, "n")?)),
            "create" => {
                let body = self.map(node, "body")?;
                Do::Create(Box::new(self.object(&body)?))
            }
            "delete" => Do::Delete(self.cascade(node)?),
            "delete-pod" => {
                let force = node.get("force").and_then(Node::as_bool).unwrap_or_default();
                Do::DeletePod { pod: self.required_text(node, "pod")?, force }
            }
            "evict" => Do::Evict(self.required_text(node, "pod")?),
            "fail-pod" => Do::FailPod(self.required_text(node, "pod")?),
            "unready-pod" => Do::UnreadyPod(self.required_text(node, "pod")?),
            "delete-pvc" => Do::DeleteClaim(self.required_text(node, "pvc")?),
            "wait" => Do::Wait(self.seconds(node)?),
            _ => Do::Trigger,
        })
    }

    fn cascade(&mut self, node: &Node) -> Option<Cascade> {
        let Some(cascade) = node.get("cascade").filter(|cascade| !cascade.is_null()) else {
            return Some(Cascade::Background);
        };
        match cascade.as_str().unwrap_or_default() {
            "Background" => Some(Cascade::Background),
            "Foreground" => Some(Cascade::Foreground),
            "Orphan" => Some(Cascade::Orphan),
            _ => {
                let error = self.error(cascade, "`cascade` is not a deletion policy");
                error.help = vec!["use Background, Foreground or Orphan".to_owned()];
                None
            }
        }
    }

    fn required<'n>(&mut self, node: &'n Node, field: &str) -> Option<&'n Node> {
        let value = node.get(field);
        if value.is_none() {
            let word = node.get("do").and_then(Node::as_str).unwrap_or_default();
            self.error(node, format!("the action `{word}` needs `{field}`"));
        }
        value
    }

    fn required_text(&mut self, node: &Node, field: &str) -> Option<String> {
        let value = self.required(node, field)?;
        self.text(value, field)
    }

    fn required_number(&mut self, node: &Node, field: &str) -> Option<u32> {
        let value = self.required(node, field)?;
        self.number(value, field)
    }

    /// A number of seconds; parts of a second are rounded up.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    fn seconds(&mut self, node: &Node) -> Option<i64> {
        let value = self.required(node, "s")?;
        match value.value {
            Value::Float(seconds) if (0.0..1e9).contains(&seconds) => Some(seconds.ceil() as i64),
            _ => self.number(value, "s").map(i64::from),
        }
    }

    fn map(&mut self, node: &Node, field: &str) -> Option<Node> {
        let value = self.required(node, field)?;
        if !matches!(value.value, Value::Map(_)) {
            self.expected(value, field, "a map");
            return None;
        }
        Some(value.clone())
    }
}

/// An action whose field `n` was written without quotes: YAML 1.1 reads that as `false`.
fn with_plain_n(node: &Node) -> Node {
    let mut node = node.clone();
    for entry in node.as_map_mut().into_iter().flatten().filter(|entry| entry.key == "false") {
        "n".clone_into(&mut entry.key);
    }
    node
}

/// The actions, each with its fields.
const ACTIONS: [(&str, &[&str]); 11] = [
    ("patch", &["body"]),
    ("scale", &["n"]),
    ("create", &["body"]),
    ("delete", &["cascade"]),
    ("delete-pod", &["pod", "force"]),
    ("evict", &["pod"]),
    ("fail-pod", &["pod"]),
    ("unready-pod", &["pod"]),
    ("delete-pvc", &["pvc"]),
    ("trigger", &[]),
    ("wait", &["s"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_diag::SourceKind;

    /// The diagnostics for a text, each with its line and column.
    fn complaints(text: &str) -> Vec<String> {
        let sources = Sources::new();
        let source = sources.add("scenario.yaml", text, SourceKind::File);
        let report = parse(&sources, source, Version::DEFAULT);
        let place = |diagnostic: &Diagnostic| {
            let position = diagnostic.span().and_then(|span| sources.position(span));
            position.map_or(String::new(), |at| format!("{}:{}: ", at.line, at.column))
        };
        report.diagnostics.iter().map(|found| format!("{}{}", place(found), found.message)).collect()
    }

    #[test]
    fn a_bad_scenario_is_an_error_with_its_place() {
        assert_eq!(complaints(""), ["the scenario is empty"]);
        assert_eq!(complaints("[1]"), ["1:1: a scenario is a list, expected a map"]);
        assert_eq!(complaints("actions: []\n"), ["1:1: the scenario has no `objects`"]);
        assert_eq!(
            complaints("objects: []\nactions:\n- {do: scal}\n- {do: scale}\n- {do: evict, pod: 3}\n"),
            [
                "3:8: unknown action `scal`",
                "4:3: the action `scale` needs `n`",
                "5:20: `pod` is an integer, expected a string"
            ]
        );
        assert_eq!(
            complaints("objects: [{kind: Service}]\nready_tiks: 1\n"),
            ["1:11: an object needs `apiVersion` and `kind`", "2:1: unknown field `ready_tiks` is ignored"]
        );
    }

    #[test]
    fn a_number_of_replicas_needs_no_quotes() {
        assert!(complaints("objects: []\nactions: [{do: scale, n: 3}, {do: scale, 'n': 3}]\n").is_empty());
    }

    #[test]
    fn what_is_null_is_absent() {
        let text = "objects: []\nnever_ready: null\nready_ticks: null\nactions: [{do: delete, cascade: null, after_ticks: null}, {do: wait, s: 0.5}]\n";
        assert!(complaints(text).is_empty());
    }

    #[test]
    fn a_recorded_rollout_is_its_scenario() {
        assert!(complaints("{id: rollout-1, scenario: {objects: []}, events: [], phases: []}").is_empty());
    }

    #[test]
    fn objects_are_those_that_the_server_accepts() {
        let found = complaints(
            "objects:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: db}\n  spec: {ports: [{prot: 80}]}\n",
        );
        assert!(found.iter().any(|found| found.starts_with("5:19: ") && found.contains("prot")), "{found:?}");
    }
}
