//! One policy, compiled: `pkg/admission/plugin/policy/validating`.

use super::declarations::Declarations;
use super::request::{Cluster, Request};
use crate::cel::{Budget, Composition, EvalError, Program, Type, Value, Variables};
use plimsoll_yaml::Node;

/// A policy whose expressions compile.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) param_kind: Option<Node>,
    /// Whether a request is admitted that an expression fails for.
    ignores_failures: bool,
    conditions: Vec<Expression>,
    variables: Vec<(String, Program)>,
    validations: Vec<Validation>,
    annotations: Vec<(String, Expression)>,
}

#[derive(Debug)]
struct Expression {
    source: String,
    program: Program,
}

#[derive(Debug)]
struct Validation {
    expression: Expression,
    message_expression: Option<Program>,
    message: String,
    reason: Reason,
}

/// Why a request is denied, by which the answer has its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Reason {
    /// 422
    #[default]
    Invalid,
    /// 401
    Unauthorized,
    /// 403
    Forbidden,
    /// 413
    RequestEntityTooLarge,
}

impl Reason {
    fn from_word(word: &str) -> Self {
        match word {
            "Unauthorized" => Self::Unauthorized,
            "Forbidden" => Self::Forbidden,
            "RequestEntityTooLarge" => Self::RequestEntityTooLarge,
            _ => Self::Invalid,
        }
    }

    /// The reason of the answer (`metav1.StatusReason`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "Invalid",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::RequestEntityTooLarge => "RequestEntityTooLarge",
        }
    }

    /// The HTTP code of the answer (`reasonToCode`).
    pub fn code(self) -> u16 {
        match self {
            Self::Invalid => 422,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::RequestEntityTooLarge => 413,
        }
    }
}

/// What a policy says to a request, with one parameter.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// What it objects to: each with the reason, and whether it is denied whatever the binding says.
    pub(super) failures: Vec<Failure>,
    /// What keeps expressions from being evaluated.
    pub(super) unknown: Vec<String>,
    /// The audit annotations that are published.
    pub(super) annotations: Vec<(String, String)>,
}

/// One objection.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) reason: Reason,
    /// Whether the request is denied whatever the actions of the binding are.
    pub(super) is_unconditional: bool,
}

impl Policy {
    /// Compiles the spec of a policy; `None` if an expression does not compile, which validation reports.
    pub(super) fn compile(spec: &Node) -> Option<Self> {
        let param_kind = spec.get("paramKind").filter(|kind| !kind.is_null());
        let mut declared = Declarations::new(param_kind.is_some());
        let items = |name: &str| spec.get(name).map(Node::items).unwrap_or_default();
        let compile = |node: &Node, name: &str, known: &[(&str, Type<'static>)], result: &Type<'_>| {
            let source = text(node, name).trim();
            let program = Program::compile(source, known, result).ok()?;
            Some(Expression { source: source.to_owned(), program })
        };
        let known = declared.of_match_conditions();
        let conditions = items("matchConditions").iter();
        let conditions = conditions.map(|node| compile(node, "expression", &known, &Type::Bool));
        let conditions = conditions.collect::<Option<Vec<_>>>()?;
        let mut variables = Vec::new();
        for variable in items("variables") {
            let (name, source) = (text(variable, "name"), text(variable, "expression"));
            let known = declared.of_expressions();
            let (program, ty) = Program::compile_typed(source, &known, &Type::Dyn).ok()?;
            declared.declare(name, ty);
            variables.push((name.to_owned(), program));
        }
        let (known, of_messages) = (declared.of_expressions(), declared.of_messages());
        let validations = items("validations").iter().map(|node| {
            let message_expression = match text(node, "messageExpression").trim() {
                "" => None,
                source => Some(Program::compile(source, &of_messages, &Type::String).ok()?),
            };
            Some(Validation {
                expression: compile(node, "expression", &known, &Type::Bool)?,
                message_expression,
                message: text(node, "message").trim().to_owned(),
                reason: Reason::from_word(text(node, "reason")),
            })
        });
        let validations = validations.collect::<Option<Vec<_>>>()?;
        let annotations = items("auditAnnotations").iter().map(|node| {
            Some((text(node, "key").to_owned(), compile(node, "valueExpression", &known, &Type::String)?))
        });
        let annotations = annotations.collect::<Option<Vec<_>>>()?;
        Some(Self {
            param_kind: param_kind.cloned(),
            ignores_failures: text(spec, "failurePolicy") == "Ignore",
            conditions,
            variables,
            validations,
            annotations,
        })
    }

    /// Whether a request is denied that cannot be evaluated.
    pub(super) fn denies_failures(&self) -> bool {
        !self.ignores_failures
    }

    /// What it says to a request that it is for: `validator.Validate`.
    pub(super) fn validate(
        &self,
        request: &Request<'_>,
        params: Option<&Node>,
        cluster: &dyn Cluster,
    ) -> Verdict {
        let object =
            |node: Option<&Node>| node.map_or(Value::Null, |node| Value::from_node(node, &Type::Dyn));
        let known = Variables::new()
            .with("object", object(request.object))
            .with("oldObject", object(request.old))
            .with("request", request.value())
            .with("params", object(params));
        let mut verdict = Verdict::default();
        // Match conditions do not see the namespace.
        if !self.meets_conditions(&known.clone().with("namespaceObject", Value::Null), &mut verdict) {
            return verdict;
        }
        let composition = Composition::new(&self.variables);
        let known = known.with("namespaceObject", request.namespace_value(cluster)).composed(&composition);
        if self.check(&known, &mut verdict).and_then(|()| self.annotate(&known, &mut verdict)).is_err() {
            // Whatever was found before is not said.
            verdict = Verdict { unknown: verdict.unknown, ..Verdict::default() };
            self.exhaust(&mut verdict);
        }
        verdict
    }

    /// Evaluates the validations, then the messages of those that fail.
    fn check(&self, known: &Variables<'_>, verdict: &mut Verdict) -> Result<(), OutOfBudget> {
        let mut budget = Budget::per_object();
        let mut failed = Vec::new();
        for validation in &self.validations {
            match validation.expression.evaluate(known, &mut budget) {
                Ok(Value::Bool(true)) => {}
                Ok(_) => failed.push(validation),
                Err(EvalError::OutOfBudget) => return Err(OutOfBudget),
                Err(error) => self.fail(&error, &validation.expression, false, verdict),
            }
        }
        for validation in failed {
            let Ok(message) = validation.message(known, &mut budget) else {
                let message = format!("failed messageExpression: {}", EvalError::OutOfBudget);
                self.push_failure(message, false, verdict);
                continue;
            };
            verdict.failures.push(Failure { message, reason: validation.reason, is_unconditional: false });
        }
        Ok(())
    }

    fn annotate(&self, known: &Variables<'_>, verdict: &mut Verdict) -> Result<(), OutOfBudget> {
        let mut budget = Budget::per_object();
        for (key, expression) in &self.annotations {
            match expression.evaluate(known, &mut budget) {
                Ok(Value::String(value)) if !value.trim().is_empty() => {
                    verdict.annotations.push((key.clone(), value.trim().to_owned()));
                }
                Ok(_) => {}
                Err(EvalError::OutOfBudget) => return Err(OutOfBudget),
                Err(error) => self.fail(&error, expression, true, verdict),
            }
        }
        Ok(())
    }

    /// Whether all match conditions hold: `matcher.Match`. Failures are in the verdict, and then none is said to hold.
    fn meets_conditions(&self, known: &Variables<'_>, verdict: &mut Verdict) -> bool {
        let mut budget = Budget::per_match();
        let (mut failures, mut unknown) = (Vec::new(), Vec::new());
        for condition in &self.conditions {
            match condition.evaluate(known, &mut budget) {
                Ok(Value::Bool(false)) => return false,
                Ok(_) => {}
                Err(EvalError::OutOfBudget) => {
                    self.exhaust(verdict);
                    return false;
                }
                Err(error) if is_failure(&error) => failures.push(condition.failure(&error)),
                Err(error) => unknown.push(error.to_string()),
            }
        }
        let all_hold = failures.is_empty() && unknown.is_empty();
        if !failures.is_empty() && unknown.is_empty() {
            let message =
                if failures.len() == 1 { failures.remove(0) } else { format!("[{}]", failures.join(", ")) };
            self.push_failure(message, false, verdict);
        }
        verdict.unknown.extend(unknown);
        all_hold
    }

    /// Takes over that an expression has no value.
    fn fail(
        &self,
        error: &EvalError,
        expression: &Expression,
        is_unconditional: bool,
        verdict: &mut Verdict,
    ) {
        if is_failure(error) {
            self.push_failure(expression.failure(error), is_unconditional, verdict);
        } else {
            verdict.unknown.push(error.to_string());
        }
    }

    /// Takes over that the expressions together cost too much.
    fn exhaust(&self, verdict: &mut Verdict) {
        self.push_failure(EvalError::OutOfBudget.to_string(), false, verdict);
    }

    fn push_failure(&self, message: String, is_unconditional: bool, verdict: &mut Verdict) {
        if !self.ignores_failures {
            verdict.failures.push(Failure { message, reason: Reason::Invalid, is_unconditional });
        }
    }
}

/// The expressions of a policy cost more than they may.
struct OutOfBudget;

/// Whether the evaluation fails on the server, too.
fn is_failure(error: &EvalError) -> bool {
    matches!(error, EvalError::Failed(_) | EvalError::TooCostly)
}

impl Expression {
    fn evaluate(&self, known: &Variables<'_>, budget: &mut Budget) -> Result<Value, EvalError> {
        self.program.evaluate(known, budget)
    }

    /// What the server says if the expression has no value.
    fn failure(&self, error: &EvalError) -> String {
        format!("expression '{}' resulted in error: {error}", self.source)
    }
}

impl Validation {
    /// The message of a request that fails it.
    fn message(&self, known: &Variables<'_>, budget: &mut Budget) -> Result<String, OutOfBudget> {
        /// `MaxEvaluatedMessageExpressionSizeBytes`
        const LIMIT: usize = 5 * 1024;
        match self.message_expression.as_ref().map(|program| program.evaluate(known, budget)) {
            Some(Ok(Value::String(text))) => {
                let text = text.trim();
                if !text.is_empty() && text.len() <= LIMIT && !text.contains('\n') {
                    return Ok(text.to_owned());
                }
            }
            Some(Err(EvalError::OutOfBudget)) => return Err(OutOfBudget),
            _ => {}
        }
        Ok(match self.message.as_str() {
            "" => format!("failed expression: {}", self.expression.source),
            message => message.to_owned(),
        })
    }
}

fn text<'n>(node: &'n Node, name: &str) -> &'n str {
    node.get(name).and_then(Node::as_str).unwrap_or_default()
}
