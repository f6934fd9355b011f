//! The plan for programs.

use crate::diag::escape;
use crate::diff::{self, FieldChange, ObjectPlan, Plan, instructions};
use crate::yaml::{Node, Value};
use serde::Serialize;
use serde_json::Value as Json;

/// The plan as one JSON document, version 1 of the contract: `{"version":1,"driver":"kubectl","prune":false,"kubeVersion":"1.36","namespace":"default","objects":[..],"summary":{..}}`.
/// Every object of either render is listed, with [`diff::Options::stored`] as the API server would store it.
pub fn json(plan: &Plan) -> String {
    let summary = plan.summary();
    let document = Document {
        version: 1,
        driver: plan.driver.as_str(),
        sync_options: plan.driver.sync_options().words(),
        prune: plan.prunes(),
        kube_version: plan.kube_version.to_string(),
        namespace: &plan.namespace,
        random: &plan.random,
        objects: plan.objects.iter().map(object).collect(),
        summary: Summary {
            added: summary.added,
            removed: summary.removed,
            modified: summary.modified,
            unchanged: summary.unchanged,
            rejected: summary.rejected,
            restarts: summary.restarts,
        },
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    escape::json(text)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    version: u32,
    driver: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sync_options: Vec<&'static str>,
    prune: bool,
    kube_version: String,
    namespace: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    random: &'a [String],
    objects: Vec<Object<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    added: usize,
    removed: usize,
    modified: usize,
    unchanged: usize,
    rejected: usize,
    restarts: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
    template: &'a str,
    change: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    renamed: Option<&'a str>,
    verdict: &'static str,
    reasons: Vec<Reason<'a>>,
    effects: Vec<Effect<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    random: bool,
    changes: Vec<Change>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    way_out: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<Json>,
}

#[derive(Serialize)]
struct Reason<'a> {
    path: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Effect<'a> {
    #[serde(rename = "effect")]
    kind: &'static str,
    detail: &'a str,
    pods: &'a [String],
}

#[derive(Serialize)]
struct Change {
    path: String,
    old: Option<Json>,
    new: Option<Json>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    order: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    random: bool,
}

fn object(object: &ObjectPlan) -> Object<'_> {
    Object {
        api_version: &object.object.api_version,
        kind: &object.object.kind,
        namespace: object.object.namespace.as_deref(),
        name: &object.object.name,
        template: &object.template,
        change: object.change.as_str(),
        deleted: object.is_deleted,
        renamed: object.renamed.as_deref(),
        verdict: object.verdict.as_str(),
        reasons: object.reasons.iter().map(reason).collect(),
        effects: object
            .effects
            .iter()
            .map(|e| Effect { kind: e.kind.as_str(), detail: &e.detail, pods: &e.pods })
            .collect(),
        random: object.is_random,
        changes: object.changes.iter().map(change).collect(),
        way_out: instructions::script_lines(&object.remediation),
        stored: object.stored.as_ref().map(|stored| stored.after.as_ref().map_or(Json::Null, to_json)),
    }
}

fn reason(reason: &diff::Reason) -> Reason<'_> {
    Reason { path: &reason.path, message: &reason.message }
}

fn change(change: &FieldChange) -> Change {
    Change {
        path: change.path.to_string(),
        old: change.old.as_ref().map(to_json),
        new: change.new.as_ref().map(to_json),
        order: change.order,
        random: change.is_random,
    }
}

fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) => (*number).into(),
        Value::Uint(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::String(text) => text.as_str().into(),
        Value::Seq(items) => items.iter().map(to_json).collect(),
        Value::Map(map) => map.iter().map(|entry| (entry.key.clone(), to_json(&entry.value))).collect(),
    }
}
