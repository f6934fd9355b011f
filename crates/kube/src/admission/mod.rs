//! Admission policies: what the API server refuses because a `ValidatingAdmissionPolicy` says so.
//!
//! [`Policies`] are the policies and bindings of a cluster. They [review](Policies::review) a request as the admission
//! plugin of the server does (`pkg/admission/plugin/policy/validating`). What only a running cluster knows is not guessed: a
//! review says what it could not evaluate. Mutating policies and webhooks are not applied, and a review names those that
//! the request would go through.

pub(crate) mod declarations;
mod matching;
mod params;
mod policy;
mod request;

#[cfg(test)]
mod tests;

pub use policy::Reason;
pub use request::{Cluster, Operation, Request, Resource};

use matching::{Match, matches};
use params::Params;
use plimsoll_yaml::Node;
use policy::{Failure, Policy};

const GROUP: &str = "admissionregistration.k8s.io";

/// Whether objects of a kind say what is admitted.
pub fn is_configuration(group: &str, kind: &str) -> bool {
    group == GROUP
        && matches!(
            kind,
            "ValidatingAdmissionPolicy"
                | "ValidatingAdmissionPolicyBinding"
                | "MutatingAdmissionPolicy"
                | "MutatingAdmissionPolicyBinding"
                | "ValidatingWebhookConfiguration"
                | "MutatingWebhookConfiguration"
        )
}

/// What a binding does about a request that fails its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// The request is refused.
    Deny,
    /// The client is warned.
    Warn,
    /// The audit log notes it.
    Audit,
}

/// A request that fails a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The name of the policy.
    pub policy: String,
    /// The name of the binding.
    pub binding: String,
    /// What is done about it.
    pub action: Action,
    /// The reason of the answer.
    pub reason: Reason,
    /// What the policy says.
    pub detail: String,
}

impl Violation {
    /// The server's words for the client.
    pub fn message(&self) -> String {
        let Self { policy, binding, detail, .. } = self;
        match self.action {
            Action::Deny => format!(
                "ValidatingAdmissionPolicy '{policy}' with binding '{binding}' denied request: {detail}"
            ),
            Action::Warn | Action::Audit => format!(
                "Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{binding}': {detail}"
            ),
        }
    }
}

/// Something that a request goes through and that was not, or not wholly, evaluated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unevaluated {
    /// The kind of the configuration.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Why, as a sentence without its end.
    pub reason: String,
}

/// An audit annotation that a policy publishes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditAnnotation {
    /// `policy/key`.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// What the policies of a cluster say to one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// What fails, in the order in which the server finds it.
    pub violations: Vec<Violation>,
    /// What was not evaluated.
    pub unevaluated: Vec<Unevaluated>,
    /// What the audit log notes if the request is admitted.
    pub annotations: Vec<AuditAnnotation>,
}

impl Review {
    /// The violation that the server answers with, if it refuses the request.
    pub fn denial(&self) -> Option<&Violation> {
        self.violations.iter().find(|violation| violation.action == Action::Deny)
    }
}

/// The admission policies of a cluster.
#[derive(Debug, Default)]
pub struct Policies {
    validating: Vec<Validating>,
    mutating: Vec<Mutating>,
    webhooks: Vec<Webhook>,
}

#[derive(Debug)]
struct Validating {
    name: String,
    policy: Option<Policy>,
    constraints: Node,
    bindings: Vec<Binding>,
}

#[derive(Debug)]
struct Binding {
    name: String,
    spec: Node,
    actions: Vec<Action>,
}

#[derive(Debug)]
struct Mutating {
    name: String,
    constraints: Node,
    bindings: Vec<Binding>,
}

#[derive(Debug)]
struct Webhook {
    kind: &'static str,
    configuration: String,
    hook: Node,
}

impl Policies {
    /// Compiles the policies among the objects of a cluster.
    pub fn new(objects: &[&Node]) -> Self {
        let of_kind = |kind: &'static str| {
            objects.iter().copied().filter(move |object| {
                let (group, _) = text(object, &["apiVersion"]).split_once('/').unwrap_or_default();
                (group, text(object, &["kind"])) == (GROUP, kind)
            })
        };
        let bindings = |kind: &'static str, policy: &str| {
            let of_policy = of_kind(kind).filter(|node| text(node, &["spec", "policyName"]) == policy);
            let mut bindings: Vec<Binding> = of_policy.map(Binding::new).collect();
            bindings.sort_by(|a, b| a.name.cmp(&b.name));
            bindings
        };
        let constraints = |object: &Node| object.at(&["spec", "matchConstraints"]).cloned();
        let validating = of_kind("ValidatingAdmissionPolicy").filter_map(|object| {
            let name = name(object);
            let bindings = bindings("ValidatingAdmissionPolicyBinding", name);
            // A policy without a binding is never asked.
            let constraints = constraints(object).filter(|_| !bindings.is_empty())?;
            Some(Validating {
                name: name.to_owned(),
                policy: object.get("spec").and_then(Policy::compile),
                constraints,
                bindings,
            })
        });
        let mutating = of_kind("MutatingAdmissionPolicy").filter_map(|object| {
            let name = name(object);
            let bindings = bindings("MutatingAdmissionPolicyBinding", name);
            let constraints = constraints(object).filter(|_| !bindings.is_empty())?;
            Some(Mutating { name: name.to_owned(), constraints, bindings })
        });
        let webhooks = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
        let webhooks = webhooks.into_iter().flat_map(|kind| {
            of_kind(kind).flat_map(move |object| {
                let hooks = object.get("webhooks").map(Node::items).unwrap_or_default();
                let configuration = name(object).to_owned();
                hooks.iter().map(move |hook| Webhook {
                    kind,
                    configuration: configuration.clone(),
                    hook: hook.clone(),
                })
            })
        });
        let mut validating: Vec<Validating> = validating.collect();
        validating.sort_by(|a, b| a.name.cmp(&b.name));
        Self { validating, mutating: mutating.collect(), webhooks: webhooks.collect() }
    }

    /// Whether there is nothing that a request could go through.
    pub fn is_empty(&self) -> bool {
        self.validating.is_empty() && self.mutating.is_empty() && self.webhooks.is_empty()
    }

    /// What the policies say to a request.
    pub fn review(&self, request: &Request<'_>, cluster: &dyn Cluster) -> Review {
        let mut review = Review::default();
        if request.resource.is_exempt() {
            return review;
        }
        for policy in &self.validating {
            policy.review(request, cluster, &mut review);
        }
        for policy in &self.mutating {
            let is_bound = |binding: &Binding| {
                binding
                    .matches(request, cluster)
                    .and(|| matches(&policy.constraints, "resourceRules", request, cluster))
                    != Match::No
            };
            if policy.bindings.iter().any(is_bound) {
                let reason = "plimsoll does not apply mutating policies".to_owned();
                review.leave_out("MutatingAdmissionPolicy", &policy.name, reason);
            }
        }
        for Webhook { kind, configuration, hook } in &self.webhooks {
            if hook.get("rules").is_some_and(|rules| !rules.items().is_empty())
                && matches(hook, "rules", request, cluster) != Match::No
            {
                let name = text(hook, &["name"]);
                review.leave_out(kind, configuration, format!("plimsoll does not call the webhook `{name}`"));
            }
        }
        review
    }
}

impl Review {
    /// Says once that something was not evaluated.
    fn leave_out(&mut self, kind: &'static str, name: &str, reason: String) {
        let unevaluated = Unevaluated { kind, name: name.to_owned(), reason };
        if !self.unevaluated.contains(&unevaluated) {
            self.unevaluated.push(unevaluated);
        }
    }
}

impl Validating {
    /// `dispatcher.Dispatch`, for one policy.
    fn review(&self, request: &Request<'_>, cluster: &dyn Cluster, review: &mut Review) {
        const KIND: &str = "ValidatingAdmissionPolicy";
        let own = matches(&self.constraints, "resourceRules", request, cluster);
        for binding in &self.bindings {
            match own.clone().and(|| binding.matches(request, cluster)) {
                Match::No => continue,
                Match::Yes => {}
                Match::Unknown(reason) => {
                    review.leave_out(KIND, &self.name, reason);
                    continue;
                }
            }
            let Some(policy) = &self.policy else {
                review.leave_out(KIND, &self.name, "an expression of it does not compile".to_owned());
                continue;
            };
            let reference = binding.spec.get("paramRef").filter(|reference| !reference.is_null());
            let params = match params::collect(policy.param_kind.as_ref(), reference, request, cluster) {
                Params::Found(params) => params,
                Params::Misconfigured(error) => {
                    policy.misconfigured(&self.name, binding, error, review);
                    continue;
                }
                Params::Missing { what, is_denied } => {
                    let consequence = match (is_denied, policy.denies_failures()) {
                        (true, true) => "the API server denies such requests if it does not exist",
                        _ => "the API server admits such requests if it does not exist",
                    };
                    let reason = format!(
                        "its parameters, {what}, are not among the manifests; {consequence} \
                         (binding `{}`)",
                        binding.name
                    );
                    review.leave_out(KIND, &self.name, reason);
                    continue;
                }
            };
            for params in params {
                let verdict = policy.validate(request, params, cluster);
                for reason in verdict.unknown {
                    review.leave_out(KIND, &self.name, reason);
                }
                for failure in verdict.failures {
                    review.violations.extend(binding.violations(&self.name, &failure));
                }
                for (key, value) in verdict.annotations {
                    let annotation = AuditAnnotation { key: format!("{}/{key}", self.name), value };
                    if !review.annotations.contains(&annotation) {
                        review.annotations.push(annotation);
                    }
                }
            }
        }
    }
}

impl Policy {
    /// The request is denied because a binding is wrong, unless failures are ignored.
    fn misconfigured(&self, name: &str, binding: &Binding, error: &str, review: &mut Review) {
        if self.denies_failures() {
            let message = format!("failed to configure binding: {error}");
            let failure = Failure { message, reason: Reason::Invalid, is_unconditional: true };
            review.violations.extend(binding.violations(name, &failure));
        }
    }
}

impl Binding {
    fn new(object: &Node) -> Self {
        let spec = object.get("spec").cloned().unwrap_or_else(|| Node::bare(plimsoll_yaml::Map::new()));
        let actions = spec.get("validationActions").map(Node::items).unwrap_or_default();
        let actions = actions.iter().filter_map(|action| match action.as_str()? {
            "Deny" => Some(Action::Deny),
            "Warn" => Some(Action::Warn),
            "Audit" => Some(Action::Audit),
            _ => None,
        });
        Self { name: name(object).to_owned(), actions: actions.collect(), spec }
    }

    fn matches(&self, request: &Request<'_>, cluster: &dyn Cluster) -> Match {
        match self.spec.get("matchResources").filter(|resources| !resources.is_null()) {
            Some(resources) => matches(resources, "resourceRules", request, cluster),
            None => Match::Yes,
        }
    }

    fn violations(&self, policy: &str, failure: &Failure) -> Vec<Violation> {
        let actions: &[Action] = if failure.is_unconditional { &[Action::Deny] } else { &self.actions };
        let violation = |action: &Action| Violation {
            policy: policy.to_owned(),
            binding: self.name.clone(),
            action: *action,
            reason: failure.reason,
            detail: failure.message.clone(),
        };
        actions.iter().map(violation).collect()
    }
}

fn text<'n>(node: &'n Node, path: &[&str]) -> &'n str {
    node.at(path).and_then(Node::as_str).unwrap_or_default()
}

fn name(object: &Node) -> &str {
    text(object, &["metadata", "name"])
}
