//! Rules in CEL, `x-kubernetes-validations`: `apiserver/schema/cel`.

use super::structure::flag;
use super::{At, correlate};
use crate::cel::{Budget, EvalError, Program, Type, Value, Variables};
use crate::validation::{Context, ErrorKind, FieldError, Finding};
use plimsoll_yaml::{Node, Value as Yaml};
use std::collections::BTreeMap;

const RULES: &str = "x-kubernetes-validations";

/// What a rule about values of a type may name.
pub(in crate::validation) fn variables<'s>(
    ty: &Type<'s>,
    is_optional: bool,
) -> [(&'static str, Type<'s>); 2] {
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
    /// Whether a limit was exceeded, after which no rule is evaluated.
    is_over: bool,
}

impl<'s> Evaluation<'s> {
    pub(super) fn new() -> Self {
        Self { rules: BTreeMap::new(), budget: Budget::per_object(), is_over: false }
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
        let Some(node) = at.node().filter(|_| !self.is_over) else { return };
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
                Ok(_) => match message(rule, &variables, &mut self.budget) {
                    Ok(message) => report(at, rule, message, cx),
                    Err(detail) => {
                        fail(at, schema, detail, cx);
                        self.is_over = true;
                    }
                },
                Err(error) => {
                    self.is_over = matches!(error, EvalError::TooCostly | EvalError::OutOfBudget);
                    match failure(rule, error) {
                        Ok(detail) => fail(at, schema, detail, cx),
                        Err(detail) => {
                            let error = FieldError::new(ErrorKind::NotEvaluated, at.path()).detail(detail);
                            cx.push(Finding::new(error, at.span()));
                        }
                    }
                }
            }
            if self.is_over {
                return;
            }
        }
    }
}

/// The message of a rule that does not hold, or how its expression exceeds a limit (`evalMessageExpression`).
fn message(rule: &Rule<'_>, variables: &Variables<'_>, budget: &mut Budget) -> Result<String, String> {
    let Some(program) = &rule.message else { return Ok(rule.static_message()) };
    match program.evaluate(variables, budget) {
        Ok(Value::String(text)) if is_one_line(&text) => Ok(text.trim().to_owned()),
        Err(EvalError::OutOfBudget) => Err(
            "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run"
                .to_owned(),
        ),
        Err(EvalError::TooCostly) => Err(format!(
            "no further validation rules will be run due to call cost exceeds limit for messageExpression: {:?}",
            rule.text("messageExpression")
        )),
        _ => Ok(rule.static_message()),
    }
}

/// What the server says about a rule whose evaluation fails, or why that is not known.
fn failure(rule: &Rule<'_>, error: EvalError) -> Result<String, String> {
    let name = rule.name();
    match error {
        EvalError::OutOfBudget => Ok(error.to_string()),
        EvalError::TooCostly => Ok(format!(
            "'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {name}"
        )),
        EvalError::Failed(error) if error.starts_with("no such overload") => Ok(format!(
            "'{error}': call arguments did not match a supported operator, function or macro signature for rule: {name}"
        )),
        EvalError::Failed(error) => Ok(format!("{error} evaluating rule: {name}")),
        error => Err(format!("the rule `{}` was not evaluated: {error}", rule.text("rule").trim())),
    }
}

fn fail(at: &At<'_, '_>, schema: &Node, detail: String, cx: &mut Context<'_>) {
    let kind = schema.get("type").and_then(Node::as_str).unwrap_or_default();
    let error = FieldError::new(ErrorKind::Invalid, at.path()).value(format!("{kind:?}")).detail(detail);
    cx.push(Finding::new(error, at.span()));
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
