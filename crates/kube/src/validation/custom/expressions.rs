//! Rules in CEL, `x-kubernetes-validations`: `apiserver/schema/cel`.

use super::structure::flag;
use super::{At, correlate};
use crate::cel::{Budget, EvalError, Program, Type, Value, Variables};
use crate::validation::{Context, ErrorKind, FieldError, Finding, expression};
use plimsoll_yaml::{Node, Value as Yaml};
use std::collections::BTreeMap;

const RULES: &str = "x-kubernetes-validations";

/// Reports rules of a schema that do not compile, at any depth. `is_root` says that the schema is that of a whole object;
/// `is_correlatable`, that an old value can be found for each new one.
pub(in crate::validation) fn compile(
    is_root: bool,
    is_correlatable: bool,
    schema: &At<'_, '_>,
    cx: &mut Context<'_>,
) {
    let Some(node) = schema.node() else { return };
    let ty = Type::from_schema(node, is_root);
    for rule in schema.field(RULES).items() {
        let (source, message) = (rule.field("rule"), rule.field("messageExpression"));
        let is_optional = rule.field("optionalOldSelf").is_set();
        let variables = variables(&ty, rule.field("optionalOldSelf").flag());
        match expression::compile(&source, "compilation failed", &variables, &Type::Bool, cx) {
            Some(program) if program.uses("oldSelf") && !is_correlatable => {
                let detail = "oldSelf cannot be used on the uncorrelatable portion of the schema";
                cx.invalid(&source, detail);
            }
            Some(program) if is_optional && !program.uses("oldSelf") => {
                cx.invalid(&rule.field("optionalOldSelf"), "may not be set if oldSelf is not used in rule");
            }
            _ => {}
        }
        expression::compile(&message, "messageExpression compilation failed", &variables, &Type::String, cx);
    }
    let is_map = schema.field("x-kubernetes-list-type").text() == "map";
    let items = schema.field("items");
    compile(false, is_correlatable && is_map, &items, cx);
    let additional = schema.field("additionalProperties");
    compile(false, is_correlatable, &additional, cx);
    let properties = schema.field("properties");
    for (_, property) in properties.entries() {
        compile(false, is_correlatable, &property, cx);
    }
}

fn variables<'s>(ty: &Type<'s>, is_optional: bool) -> [(&'static str, Type<'s>); 2] {
    let old = if is_optional { Type::Optional(Box::new(ty.clone())) } else { ty.clone() };
    [("self", ty.clone()), ("oldSelf", old)]
}

/// A rule that is evaluated.
struct Rule<'s> {
    node: &'s Node,
    program: Program,
    message: Option<Program>,
}

impl<'s> Rule<'s> {
    fn compile(node: &'s Node, ty: &Type<'_>) -> Option<Self> {
        let text = |name: &str| node.get(name).and_then(Node::as_str);
        let variables = variables(ty, flag(node, "optionalOldSelf"));
        // A rule that does not compile is a fault of the definition.
        let program = Program::compile(text("rule")?, &variables, &Type::Bool).ok()?;
        let message = text("messageExpression")
            .and_then(|source| Program::compile(source, &variables, &Type::String).ok());
        Some(Self { node, program, message })
    }

    fn text(&self, name: &str) -> &'s str {
        self.node.get(name).and_then(Node::as_str).unwrap_or_default()
    }

    /// `ruleMessageOrDefault`
    fn static_message(&self) -> String {
        match self.text("message").trim() {
            "" => format!("failed rule: {}", self.name()),
            message => message.to_owned(),
        }
    }

    /// `ruleErrorString`
    fn name(&self) -> &'s str {
        match self.text("message").trim() {
            "" => self.text("rule").trim(),
            message => message,
        }
    }
}

/// The rules of a definition, compiled when they are first needed.
pub(super) struct Evaluation<'s> {
    rules: BTreeMap<*const Node, Vec<Rule<'s>>>,
    budget: Budget,
}

impl<'s> Evaluation<'s> {
    pub(super) fn new() -> Self {
        Self { rules: BTreeMap::new(), budget: Budget::per_object() }
    }

    /// Evaluates the rules of a schema for a value, at any depth. `old` is what was stored there before.
    pub(super) fn check(
        &mut self,
        is_root: bool,
        at: &At<'_, '_>,
        old: Option<&Node>,
        schema: &'s Node,
        cx: &mut Context<'_>,
    ) {
        self.check_below(is_root, at, old, false, schema, cx);
    }

    /// `may_stay` says that the nearest value above that can be compared with its stored one is unchanged.
    fn check_below(
        &mut self,
        is_root: bool,
        at: &At<'_, '_>,
        old: Option<&Node>,
        may_stay: bool,
        schema: &'s Node,
        cx: &mut Context<'_>,
    ) {
        let Some(node) = at.node() else { return };
        let old = old.filter(|old| !old.is_null());
        let may_stay = old.map_or(may_stay, |old| correlate::is_unchanged(node, old, schema));
        self.evaluate(is_root, at, [Some(node), old], may_stay, schema, cx);
        for part in schema.get("allOf").map(Node::items).unwrap_or_default() {
            self.check_below(is_root, at, old, may_stay, part, cx);
        }
        match &node.value {
            Yaml::Map(map) => {
                for entry in map {
                    if let Some(inner) = correlate::field_schema(schema, &entry.key) {
                        let old = old.and_then(|old| old.get(&entry.key));
                        self.check_below(false, &at.field_at(entry), old, may_stay, inner, cx);
                    }
                }
            }
            Yaml::Seq(_) => {
                let Some(inner) = schema.get("items") else { return };
                for item in at.items() {
                    let old = old.zip(item.node()).and_then(|(old, node)| correlate::item(node, old, schema));
                    self.check_below(false, &item, old, may_stay, inner, cx);
                }
            }
            _ => {}
        }
    }

    fn evaluate(
        &mut self,
        is_root: bool,
        at: &At<'_, '_>,
        [node, old]: [Option<&Node>; 2],
        may_stay: bool,
        schema: &'s Node,
        cx: &mut Context<'_>,
    ) {
        let Some(node) = node else { return };
        let Some(list) = schema.get(RULES) else { return };
        let ty = Type::from_schema(schema, is_root);
        let rules = self
            .rules
            .entry(std::ptr::from_ref(list))
            .or_insert_with(|| list.items().iter().filter_map(|node| Rule::compile(node, &ty)).collect());
        let value = |node: &Node| Value::from_schema(node, schema, is_root);
        let this = value(node);
        let old = old.map(value);
        for rule in rules.iter() {
            let is_optional = flag(rule.node, "optionalOldSelf");
            let before = match (&old, is_optional) {
                // Rules about a change are for changes.
                (None, false) if rule.program.uses("oldSelf") => continue,
                (None, false) => Value::Null,
                (Some(old), false) => old.clone(),
                (old, true) => Value::optional(old.clone()),
            };
            let variables = Variables::new().with("self", this.clone()).with("oldSelf", before);
            match rule.program.evaluate(&variables, &mut self.budget) {
                Ok(Value::Bool(true)) => {}
                // The server only warns, unless the rule is about the change.
                Ok(_) if may_stay && !rule.program.uses("oldSelf") => {}
                Ok(_) => {
                    let message = rule.message.as_ref().and_then(|message| {
                        match message.evaluate(&variables, &mut self.budget) {
                            Ok(Value::String(text)) if is_one_line(&text) => Some(text.trim().to_owned()),
                            _ => None,
                        }
                    });
                    report(at, rule, message.unwrap_or_else(|| rule.static_message()), cx);
                }
                Err(EvalError::Failed(error)) => {
                    let kind = schema.get("type").and_then(Node::as_str).unwrap_or_default();
                    let error = FieldError::new(ErrorKind::Invalid, at.path())
                        .value(format!("{kind:?}"))
                        .detail(format!("{error} evaluating rule: {}", rule.name()));
                    cx.push(Finding::new(error, at.span()));
                }
                Err(error) => {
                    let error = FieldError::new(ErrorKind::NotEvaluated, at.path()).detail(format!(
                        "the rule `{}` was not evaluated: {error}",
                        rule.text("rule").trim()
                    ));
                    cx.push(Finding::new(error, at.span()));
                }
            }
        }
    }
}

fn is_one_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(['\n', '\r'])
}

/// `fieldErrorForReason`
fn report(at: &At<'_, '_>, rule: &Rule<'_>, message: String, cx: &mut Context<'_>) {
    // `.spec.size`, relative to the value.
    let path = rule.text("fieldPath").trim().trim_start_matches('.');
    let child = at.field(path);
    let place = if path.is_empty() { at } else { &child };
    match rule.text("reason") {
        "FieldValueRequired" => cx.required(place, message),
        "FieldValueForbidden" => cx.forbidden(place, message),
        "FieldValueDuplicate" => {
            let error = FieldError::new(ErrorKind::Duplicate, place.path()).detail(message);
            cx.push(Finding::new(error, place.span()));
        }
        _ => cx.invalid(place, message),
    }
}
