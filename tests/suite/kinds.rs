//! `docs/kinds.md` says of each kind what the code does: `SNAPSHOTS=overwrite cargo test --test suite kinds` writes it.

use crate::calls::{Calls, Key};
use crate::support::{ROOT, objects};
use plimsoll::k8s::update::{UpdateRule, rules_of};
use plimsoll::k8s::validation::{KINDS, KindRules, NameRule};
use plimsoll::k8s::{Version, defaults, schema};
use plimsoll::yaml::{Node, Value};
use snapbox::{Assert, Data};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// What follows it in the page is generated.
const MARK: &str =
    "<!-- From here on the page is generated: SNAPSHOTS=overwrite cargo test --test suite kinds -->\n";

/// What pods and pod templates share is listed once, for Pods.
const POD: &str = "pod::pod";
const POD_TEMPLATE: &str = "ValidatePodTemplateSpec";

/// Checks that come before those of the kind.
const OF_EVERY_KIND: [&str; 3] =
    ["metadata::object_meta", "metadata::path_segment", "metadata::kube_finalizers"];

/// Checks that belong to no kind of Kubernetes.
const OF_CUSTOM_RESOURCES: &str = "custom::validate_custom";

#[test]
fn the_page_of_kinds_is_up_to_date() {
    let path = Path::new(ROOT).join("docs/kinds.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let written_by_hand = page.split_once(MARK).map_or(page.as_str(), |(before, _)| before);
    let generated = format!("{written_by_hand}{MARK}{}", reference(Calls::get()));
    Assert::new().action_env("SNAPSHOTS").eq(generated, Data::read_from(&path, None).raw());
}

/// A function that says whom it follows, but that no kind leads to, would be missing on the page.
#[test]
fn every_function_of_kubernetes_is_on_the_page() {
    let calls = Calls::get();
    // What the server asks before it allocates addresses is asked with the rest as well.
    let starts = KINDS
        .iter()
        .filter_map(|rules| rules.function)
        .chain(OF_EVERY_KIND)
        .chain([OF_CUSTOM_RESOURCES, "service::addresses"]);
    let reached: BTreeSet<Key> = starts.flat_map(|start| calls.reached(&calls.entry(start), None)).collect();
    let missing: Vec<_> = calls.modelled().filter(|key| !reached.contains(key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn reference(calls: &Calls) -> String {
    let mut out = String::from("\n## Every kind\n\n");
    let metadata: Vec<Key> = OF_EVERY_KIND.map(|start| calls.entry(start)).into();
    let _ = writeln!(out, "Metadata: {}.", models(calls, &metadata, None));
    out.push_str("\n## Kinds with rules of their own\n");
    for rules in KINDS {
        section(calls, rules, &mut out);
    }
    out.push_str("\n## Schema and metadata only\n\n| kind | API versions | updates |\n|---|---|---|\n");
    let known: BTreeSet<_> = KINDS.iter().map(|rules| (rules.group, rules.kind)).collect();
    for ((group, kind), versions) in api_versions() {
        if !known.contains(&(group, kind)) {
            let _ = writeln!(out, "| {kind} | {} | {} |", versions.join(", "), updates(group, kind));
        }
    }
    out
}

fn section(calls: &Calls, rules: &KindRules, out: &mut String) {
    let KindRules { group, kind, name, function, .. } = *rules;
    let versions = &api_versions()[&(group, kind)];
    let _ = writeln!(out, "\n### {kind}\n\n- **API versions:** {}", versions.join(", "));
    let _ = writeln!(out, "- **Name:** {}", name_rule(name));
    let validation = match function {
        None => "schema and metadata only".to_owned(),
        Some(POD) => models(calls, &[calls.entry(POD)], None),
        Some(function) => models(calls, &[calls.entry(function)], Some(POD_TEMPLATE)),
    };
    let _ = writeln!(out, "- **Validation:** {validation}");
    let _ = writeln!(out, "- **Updates:** {}", updates(group, kind));
    let _ = writeln!(out, "- **Defaults:** {}", filled(group, kind));
}

/// The functions of Kubernetes that are followed from `starts` on.
fn models(calls: &Calls, starts: &[Key], stop: Option<&str>) -> String {
    let mut names: Vec<String> = Vec::new();
    for key in starts.iter().flat_map(|start| calls.reached(start, stop)) {
        for model in calls.models(&key) {
            let name = format!("`{model}`");
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let pods = stop.is_some_and(|stop| names.contains(&format!("`{stop}`")));
    let more = if pods { "; for pods as in a [Pod](#pod)" } else { "" };
    format!("{}{more}", names.join(", "))
}

fn name_rule(rule: NameRule) -> &'static str {
    match rule {
        NameRule::PathSegment => "anything but `.`, `..`, and names with `/` or `%`",
        NameRule::DnsSubdomain => "a DNS subdomain",
        NameRule::DnsLabel => "a DNS label",
        NameRule::IpAddress => "an IP address in canonical form",
        NameRule::Service => "a DNS label; before 1.36 it must start with a letter",
    }
}

/// What the updates of a kind may not do.
fn updates(group: &str, kind: &str) -> String {
    let rules = rules_of(group, kind);
    if rules.is_empty() {
        return "no rules of their own".to_owned();
    }
    let functions = rules.iter().filter_map(|rule| match rule {
        UpdateRule::Function(name, _) => Some(format!("`{name}`")),
        UpdateRule::Immutable(_) | UpdateRule::ImmutableSaying(..) => None,
    });
    let fields: Vec<String> = rules
        .iter()
        .filter_map(|rule| match rule {
            UpdateRule::Immutable(path) | UpdateRule::ImmutableSaying(path, _) => Some(format!("`{path}`")),
            UpdateRule::Function(..) => None,
        })
        .collect();
    let immutable = (!fields.is_empty()).then(|| format!("immutable: {}", fields.join(", ")));
    functions.chain(immutable).collect::<Vec<_>>().join("; ")
}

fn group_of(kind: &schema::Kind) -> &'static str {
    kind.api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

/// The `apiVersion`s of each group and kind, with the versions of Kubernetes that have them.
fn api_versions() -> BTreeMap<(&'static str, &'static str), Vec<String>> {
    let mut all: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for kind in schema::kinds() {
        let range = match (kind.first(), kind.last()) {
            (Version::MIN, Version::MAX) => String::new(),
            (first, last) if first == last => format!(" ({first})"),
            (Version::MIN, last) => format!(" (up to {last})"),
            (first, Version::MAX) => format!(" (since {first})"),
            (first, last) => format!(" ({first} to {last})"),
        };
        all.entry((group_of(kind), kind.kind)).or_default().push(format!("`{}`{range}", kind.api_version));
    }
    all
}

/// An object with one item in each list whose items get defaults; a kind keeps the fields that it has.
const SAMPLE: &str = "
spec:
  ports: [{}]
  limits: [{max: {cpu: 1}}]
  parameters: {}
  service: {}
  resources: {limits: {cpu: 1}}
  containers: [{ports: [{}], livenessProbe: {httpGet: {}}, startupProbe: {grpc: {}}}]
  volumes: [{secret: {}}, {configMap: {}}, {projected: {}}, {hostPath: {}}, {rbd: {}}, {iscsi: {}}, {azureDisk: {}}, {scaleIO: {}}]
  template: {spec: {}}
  jobTemplate: {spec: {template: {spec: {}}}}
  volumeClaimTemplates: [{}]
  ingress: [{ports: [{}]}]
template: {spec: {}}
webhooks: [{clientConfig: {service: {}}, rules: [{}]}]
subjects: [{kind: User}]
ports: [{}]
parameters: {}
";

/// The defaults that an object of the kind gets.
fn filled(group: &str, kind: &str) -> String {
    let of_kind = schema::kinds().iter().filter(|known| (group_of(known), known.kind) == (group, kind));
    // The newest stable version.
    let api_version = of_kind.max_by_key(|known| (known.is_stable(), known.api_version)).unwrap().api_version;
    let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: NAME}}\n{SAMPLE}");
    let mut given = objects(&text).remove(0).into_root();
    schema::drop_unknown(api_version, kind, Version::DEFAULT, &mut given);
    let mut stored = given.clone();
    defaults::store(group, kind, &mut stored);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    leaves(&given, "", &mut before);
    leaves(&stored, "", &mut after);
    after.retain(|leaf| !before.contains(leaf));
    let of_pods = |leaf: &String| leaf.contains("template.spec.");
    let pods = after.iter().any(of_pods);
    after.retain(|leaf| !of_pods(leaf));
    let mut shown: Vec<String> = after.iter().map(|leaf| format!("`{leaf}`")).collect();
    shown.dedup();
    if pods {
        shown.push("those of a [Pod](#pod)".to_owned());
    }
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}

/// The scalars of a value, each with its path.
fn leaves(node: &Node, path: &str, out: &mut Vec<String>) {
    match &node.value {
        Value::Map(map) => {
            for entry in map {
                let dot = if path.is_empty() { "" } else { "." };
                leaves(&entry.value, &format!("{path}{dot}{}", entry.key), out);
            }
        }
        Value::Seq(items) => items.iter().for_each(|item| leaves(item, &format!("{path}[]"), out)),
        _ => {
            let text = plimsoll::k8s::merge::scalar_text(node).unwrap_or_default();
            out.push(format!("{path}: {}", if text.is_empty() { "\"\"" } else { &text }));
        }
    }
}
