//! Rules of a project's own: expressions in CEL over the objects of a release, `[[rule]]` in `plimsoll.toml` or files of
//! rules.

mod examples;
mod read;
#[cfg(test)]
mod tests;

pub use examples::{Tested, test};
pub(super) use read::from_toml;
pub use read::load;

use super::finding::finding_of;
use crate::diag::{Diagnostic, Rule};
use crate::k8s::cel::{Budget, EvalError, Program, Type, Value, Variables};
use crate::k8s::kinds;
use crate::k8s::views::{Metadata, Selector, Workload};
use crate::limits;
use crate::manifest::Object;
use crate::yaml::Node;

/// A rule that is written as an expression.
#[derive(Debug)]
pub struct CustomRule {
    /// What it is called, and its page.
    pub rule: &'static Rule,
    /// Which objects it is about.
    matches: Criteria,
    /// The expression that holds for an object without a finding.
    expression: Expression,
    message: String,
    message_expression: Option<Expression>,
    /// The field that findings point at.
    path: String,
    bad: Vec<String>,
    good: Vec<String>,
}

/// Which objects a rule is about; an empty list or map says nothing.
#[derive(Debug, Default)]
struct Criteria {
    /// As kubectl takes them.
    kinds: Vec<String>,
    api_versions: Vec<String>,
    namespaces: Vec<String>,
    labels: Option<Node>,
}

#[derive(Debug)]
struct Expression {
    source: String,
    program: Program,
}

impl PartialEq for CustomRule {
    /// Whether both were written alike.
    fn eq(&self, other: &Self) -> bool {
        self.rule == other.rule && self.expression.source == other.expression.source
    }
}

impl Eq for CustomRule {}

impl Criteria {
    fn matches(&self, object: &Object, namespace: &str) -> bool {
        let is_listed =
            |list: &[String], is_one: &dyn Fn(&String) -> bool| list.is_empty() || list.iter().any(is_one);
        let own = object.namespace.as_deref().unwrap_or(namespace);
        is_listed(&self.kinds, &|word| kinds::is_called(word, object.group(), &object.kind))
            && is_listed(&self.api_versions, &|version| *version == object.api_version)
            && is_listed(&self.namespaces, &|namespace| namespace == own)
            && self
                .labels
                .as_ref()
                .is_none_or(|labels| Selector::from_map(labels).matches(Metadata::new(&object.root).labels()))
    }
}

/// What the expressions of a rule may name.
fn declared() -> [(&'static str, Type<'static>); 3] {
    [("object", Type::Dyn), ("objects", Type::list(Type::Dyn)), ("pod", Type::Dyn)]
}

/// The objects of a release as expressions see them: as they are written, without defaults.
pub(super) struct Values<'o> {
    objects: Vec<(&'o Object, Value)>,
    all: Value,
    /// The namespace of objects that name none.
    namespace: &'o str,
}

impl<'o> Values<'o> {
    pub(super) fn new(objects: &[&'o Object], namespace: &'o str) -> Self {
        let value = |object: &&'o Object| (*object, Value::from_node(&object.root, &Type::Dyn));
        let objects: Vec<_> = objects.iter().map(value).collect();
        let all = Value::list(objects.iter().map(|(_, value)| value.clone()));
        Self { objects, all, namespace }
    }
}

impl CustomRule {
    /// Reports the objects that the rule is about and that its expression does not hold for.
    pub(super) fn check(&self, values: &Values<'_>, found: &mut Vec<Diagnostic>) {
        for (object, value) in &values.objects {
            if limits::check().is_err() {
                // Whoever ran out of time does not show what was found so far.
                return;
            }
            if self.matches.matches(object, values.namespace) {
                found.extend(self.finding(object, value, &values.all));
            }
        }
    }

    fn finding(&self, object: &Object, value: &Value, all: &Value) -> Option<Diagnostic> {
        let workload = Workload::from_root(object.group(), &object.kind, &object.root);
        let template = workload.and_then(|workload| workload.template().root());
        let pod = template.map_or(Value::Null, |template| Value::from_node(template, &Type::Dyn));
        let known =
            Variables::new().with("object", value.clone()).with("objects", all.clone()).with("pod", pod);
        let mut budget = Budget::per_object();
        let report = |message: String| finding_of(self.rule, object, self.path.as_str(), message);
        match self.expression.program.evaluate(&known, &mut budget) {
            Ok(Value::Bool(true)) => None,
            Ok(_) => Some(report(self.message(&known, &mut budget))),
            Err(error @ EvalError::Failed(_)) => {
                Some(report(format!("the expression failed: {error}")).help(
                    "test with `has(...)` whether a field is there, or read it with `.?field.orValue(...)`",
                ))
            }
            Err(EvalError::TooCostly | EvalError::OutOfBudget | EvalError::TooLong) => {
                Some(report("the rule was not evaluated: the expression takes too many steps".to_owned()))
            }
            Err(error) => Some(report(format!("the rule was not evaluated: {error}"))),
        }
    }

    fn message(&self, known: &Variables<'_>, budget: &mut Budget) -> String {
        let evaluated = self.message_expression.as_ref().map(|one| one.program.evaluate(known, budget));
        match evaluated {
            Some(Ok(Value::String(text))) if !text.trim().is_empty() => text.trim().to_owned(),
            _ if !self.message.is_empty() => self.message.clone(),
            _ => format!("failed expression: {}", self.expression.source),
        }
    }
}
