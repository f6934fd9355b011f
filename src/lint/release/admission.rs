//! What the admission policies that are known say to the objects of a release, and to the pods that these make.

use super::{Release, Workload};
use crate::cluster::server::{Assumptions, Server};
use crate::diag::{Diagnostic, Severity, Span};
use crate::k8s::admission::{Action, Review, Unevaluated, Violation, is_configuration};
use crate::k8s::views::WorkloadKind;
use crate::limits;
use crate::lint::Lint;
use crate::lint::finding::finding;
use crate::manifest::Object;
use crate::yaml::{Map, Node};
use std::collections::BTreeMap;

/// An object, or the pods that it makes, with what the policies say.
pub(super) struct Reviewed<'a> {
    object: &'a Object,
    /// Where the pod template is, if the pods were reviewed.
    template: Option<String>,
    review: Review,
}

impl<'a> Release<'a> {
    /// Reports what policies deny, warn about or audit.
    pub(in crate::lint) fn report_violations(&self, lint: &'static Lint, found: &mut Vec<Diagnostic>) {
        for reviewed in self.reviews() {
            found.extend(reviewed.review.violations.iter().map(|one| reviewed.report(one, lint)));
        }
    }

    /// Reports what was not evaluated, once for each reason.
    pub(in crate::lint) fn report_unevaluated(&self, lint: &'static Lint, found: &mut Vec<Diagnostic>) {
        let mut subjects: BTreeMap<&Unevaluated, Vec<String>> = BTreeMap::new();
        for reviewed in self.reviews() {
            for unevaluated in &reviewed.review.unevaluated {
                subjects.entry(unevaluated).or_default().push(reviewed.name());
            }
        }
        for (Unevaluated { kind, name, reason }, subjects) in subjects {
            let others = match subjects.len() {
                1 => String::new(),
                2 => " and 1 other".to_owned(),
                count => format!(" and {} others", count - 1),
            };
            let message = format!("{kind} `{name}` was not evaluated for {}{others}: {reason}", subjects[0]);
            let mut configuration = self.configuration();
            let object = configuration.find(|object| object.kind == *kind && object.name == *name);
            found.extend(object.map(|object| finding(lint, object, "spec", message)));
        }
    }

    /// Reports what policies add to the audit log.
    pub(in crate::lint) fn report_audit_annotations(&self, lint: &'static Lint, found: &mut Vec<Diagnostic>) {
        for reviewed in self.reviews() {
            for annotation in &reviewed.review.annotations {
                let message = format!(
                    "audit annotation `{}` of {}: {}",
                    annotation.key,
                    reviewed.name(),
                    annotation.value
                );
                found.push(finding(lint, reviewed.object, "", message));
            }
        }
    }

    /// The policies, bindings and webhook configurations that the cluster has: those of the release go before the others.
    fn configuration(&self) -> impl Iterator<Item = &'a Object> {
        let all = self.objects.iter().chain(self.policies).copied();
        all.filter(|object| is_configuration(object.group(), &object.kind))
    }

    fn reviews(&self) -> &[Reviewed<'a>] {
        self.reviews.get_or_init(|| self.review())
    }

    fn review(&self) -> Vec<Reviewed<'a>> {
        if self.configuration().next().is_none() {
            return Vec::new();
        }
        let assumptions = Assumptions {
            serves_unknown_kinds: true,
            serves_unstable_versions: true,
            ..Assumptions::default()
        };
        let mut server = Server::assuming(self.version, assumptions);
        let namespace = self.settings.namespace.as_str();
        self.crds.iter().chain(self.objects).for_each(|object| {
            if object.kind == "CustomResourceDefinition" {
                server.load(&object.root, "");
            }
        });
        server
            .assume_objects(self.policies.iter().chain(self.objects).map(|object| &*object.root), namespace);
        let mut reviews = Vec::new();
        for object in self.objects.iter().copied() {
            if limits::check().is_err() {
                // Whoever ran out of time does not show what was found so far.
                return reviews;
            }
            if let Some(review) = server.review_creation(&object.root, namespace) {
                reviews.push(Reviewed { object, template: None, review });
            }
        }
        // Hooks and the pods of `helm test` are admitted like any other.
        for workload in self.workloads().iter().chain(&self.hooks.workloads) {
            let Some(pod) = pod_of(workload) else { continue };
            if let Some(review) = server.review_creation(&pod, namespace) {
                let template = Some(workload.kind().template_path().join("."));
                reviews.push(Reviewed { object: workload.object, template, review });
            }
        }
        reviews
    }
}

impl Reviewed<'_> {
    /// ``Deployment `web` ``, or its pods.
    fn name(&self) -> String {
        let Object { kind, name, .. } = self.object;
        let whose = if self.template.is_some() { "the pods of " } else { "" };
        format!("{whose}{kind} `{name}`")
    }

    fn report(&self, violation: &Violation, lint: &'static Lint) -> Diagnostic {
        let (path, message) = match &self.template {
            None => ("", violation.message()),
            Some(template) => (template.as_str(), format!("{}: {}", self.name(), violation.message())),
        };
        let mut diagnostic = finding(lint, self.object, path, message);
        diagnostic.severity = match violation.action {
            Action::Deny => Severity::Error,
            Action::Warn => Severity::Warning,
            Action::Audit => Severity::Info,
        };
        let kind = &self.object.kind;
        diagnostic.maybe_help(match (violation.action, &self.template) {
            (Action::Deny, None) => None,
            (Action::Deny, Some(_)) => {
                Some(format!("the {kind} itself may be accepted; it cannot create its pods"))
            }
            (Action::Warn, _) => Some("the binding only warns about it".to_owned()),
            (Action::Audit, _) => Some("the binding only notes it in the audit log".to_owned()),
        })
    }
}

/// A pod as the controller of a workload creates it; `None` for a Pod itself. Its name is not known.
fn pod_of(workload: &Workload<'_>) -> Option<Node> {
    if workload.kind() == WorkloadKind::Pod {
        return None;
    }
    let template = workload.template().root()?;
    let mut metadata = template.get("metadata").and_then(Node::as_map).cloned().unwrap_or_default();
    metadata.insert("generateName", Span::NONE, Node::bare(format!("{}-", workload.object.name)));
    if let Some(namespace) = &workload.object.namespace {
        metadata.insert("namespace", Span::NONE, Node::bare(namespace.as_str()));
    }
    let mut pod = Map::new();
    for (name, value) in [
        ("apiVersion", Node::bare("v1")),
        ("kind", Node::bare("Pod")),
        ("metadata", Node::bare(metadata)),
        ("spec", template.get("spec")?.clone()),
    ] {
        pod.insert(name, Span::NONE, value);
    }
    Some(Node::bare(pod))
}
