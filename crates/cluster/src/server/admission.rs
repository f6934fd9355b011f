//! The admission plugin `ValidatingAdmissionPolicy`: policies among the stored objects, and those that the cluster has
//! besides.

use super::answer::Status;
use super::served::Served;
use super::{ObjectKey, Server, autoscaler, map_at_mut, named, node, text_at};
use plimsoll_kube::admission::{
    Action, Cluster, Operation, Policies, Request, Resource, Review, Unevaluated, Violation, is_configuration,
};
use plimsoll_kube::{defaults, encode, kinds};
use plimsoll_yaml::Node;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What policies know, and what they have said beside refusals.
#[derive(Debug, Clone, Default)]
pub(super) struct Admission {
    /// Objects that the cluster has although they are not stored here.
    assumed: Arc<BTreeMap<ObjectKey, Node>>,
    /// The policies as of the last change to one; `None` before they are compiled.
    policies: Option<Arc<Policies>>,
    notes: Notes,
}

/// What the admission policies have said to requests, beside refusals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// The warnings that clients print.
    pub warnings: BTreeSet<String>,
    /// What requests went through that was not evaluated.
    pub unevaluated: BTreeSet<Unevaluated>,
}

impl Admission {
    /// Compiles the policies again if such an object changes.
    pub(super) fn notice(&mut self, key: &ObjectKey) {
        if is_configuration(&key.group, &key.kind) {
            self.policies = None;
        }
    }
}

impl Server {
    /// Says which objects the cluster has besides those that are stored: admission policies with their bindings, and what
    /// these look up, such as parameters and namespaces. A stored object goes before one of these.
    pub fn assume_objects<'n>(&mut self, objects: impl IntoIterator<Item = &'n Node>, namespace: &str) {
        let assumed = objects.into_iter().filter_map(|object| {
            let kind = self.served(text_at(object, &["apiVersion"]), text_at(object, &["kind"])).ok()?;
            let own = text_at(object, &["metadata", "namespace"]);
            let namespace = if own.is_empty() { namespace } else { own };
            let key = ObjectKey::with_kind(&kind, namespace, text_at(object, &["metadata", "name"]));
            Some((key, object.clone()))
        });
        self.admission.assumed = Arc::new(assumed.collect());
        self.admission.policies = None;
    }

    /// What the admission policies have said to requests, beside refusals.
    pub fn notes(&self) -> &Notes {
        &self.admission.notes
    }

    /// Asks the admission policies about a request that validation accepts.
    pub(super) fn admit(
        &mut self,
        operation: Operation,
        kind: &Served,
        key: &ObjectKey,
        object: Option<&Node>,
        old: Option<&Node>,
    ) -> Result<(), Status> {
        if self.trusts || self.assumptions.skips_validation {
            return Ok(());
        }
        let policies = self.policies();
        if policies.is_empty() {
            return Ok(());
        }
        let review = self.review(&policies, operation, kind, key, [object, old]);
        let denial = review.denial().map(|denial| Status::denied(named(kind, key), denial));
        let notes = &mut self.admission.notes;
        let warnings = review.violations.iter().filter(|violation| violation.action == Action::Warn);
        notes.warnings.extend(warnings.map(Violation::message));
        notes.unevaluated.extend(review.unevaluated);
        denial.map_or(Ok(()), Err)
    }

    /// What the admission policies would say if an object were created, however valid it is and whatever is stored;
    /// `namespace` is that of an object that names none. `None` if the server does not have the kind.
    pub fn review_creation(&mut self, body: &Node, namespace: &str) -> Option<Review> {
        let kind = self.kind_of(body).ok()?;
        let mut body = body.clone();
        defaults::drop_nulls(&mut body);
        if let Some(metadata) = map_at_mut(&mut body, &["metadata"]).filter(|_| kind.is_namespaced)
            && defaults::text(metadata, "namespace").is_empty()
        {
            node::set(metadata, "namespace", namespace);
        }
        let object = self.draft(body);
        let metadata = |field: &str| text_at(&object, &["metadata", field]);
        let key = ObjectKey::with_kind(&kind, metadata("namespace"), metadata("name"));
        let policies = self.policies();
        Some(self.review(&policies, Operation::Create, &kind, &key, [Some(&object), None]))
    }

    fn review(
        &self,
        policies: &Policies,
        operation: Operation,
        kind: &Served,
        key: &ObjectKey,
        objects: [Option<&Node>; 2],
    ) -> Review {
        // Objects are stored in one version, and policies see the version of the request.
        let [object, old] = objects.map(|object| {
            let mut object = object?.clone();
            encode(&key.group, &key.kind, &mut object);
            if kind.api_version == "autoscaling/v1" {
                autoscaler::to_v1(&mut object);
            }
            Some(object)
        });
        let resource = self.resource(kind);
        let request = Request {
            operation,
            resource: &resource,
            namespace: &key.namespace,
            name: &key.name,
            object: object.as_ref(),
            old: old.as_ref(),
        };
        policies.review(&request, self)
    }

    fn policies(&mut self) -> Arc<Policies> {
        if let Some(policies) = &self.admission.policies {
            return Arc::clone(policies);
        }
        let is_one = |key: &ObjectKey| is_configuration(&key.group, &key.kind);
        let stored = self.records.iter().filter(|(key, _)| is_one(key)).map(|(_, record)| &*record.object);
        let assumed = self.admission.assumed.iter();
        let assumed = assumed.filter(|(key, _)| is_one(key) && !self.records.contains_key(*key));
        let objects: Vec<&Node> = stored.chain(assumed.map(|(_, object)| object)).collect();
        let policies = Arc::new(Policies::new(&objects));
        self.admission.policies = Some(Arc::clone(&policies));
        policies
    }

    fn resource(&self, kind: &Served) -> Resource {
        kind.built_in.map_or_else(
            || {
                let definition = self.definition(kind.group(), &kind.kind);
                Resource::custom(&kind.api_version, &kind.kind, definition)
            },
            |built_in| Resource::built_in(built_in, self.version),
        )
    }
}

impl Cluster for Server {
    fn find(&self, group: &str, kind: &str, namespace: &str, name: &str) -> Option<&Node> {
        let key = ObjectKey {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        self.object(&key).or_else(|| self.admission.assumed.get(&key))
    }

    fn list(&self, group: &str, kind: &str, namespace: &str) -> Vec<&Node> {
        let is_one = |key: &ObjectKey| (&*key.group, &*key.kind, &*key.namespace) == (group, kind, namespace);
        let assumed = self.admission.assumed.iter();
        let assumed = assumed.filter(|(key, _)| !self.records.contains_key(*key));
        self.objects().chain(assumed).filter(|(key, _)| is_one(key)).map(|(_, object)| object).collect()
    }

    fn is_namespaced(&self, api_version: &str, kind: &str) -> Option<bool> {
        let defined = || {
            let definition = self.definition(node::group_of(api_version), kind)?;
            Some(text_at(definition, &["spec", "scope"]) != "Cluster")
        };
        kinds::namespaced(api_version, kind).or_else(defined)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;
    use plimsoll_kube::Version;
    use plimsoll_yaml::read_fragment;

    const WRITER: Writer<'_> = Writer { manager: "test", strict: true };

    fn node(text: &str) -> Node {
        read_fragment(text.as_bytes()).unwrap_or_else(|_| panic!("{text}"))
    }

    fn policy(validation: &str) -> Node {
        node(&format!(
            "{{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {{name: p}}, spec: \
             {{matchConstraints: {{resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: \
             [configmaps]}}]}}, validations: [{{{validation}}}]}}}}"
        ))
    }

    fn binding(action: &str) -> Node {
        node(&format!(
            "{{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {{name: b}}, \
             spec: {{policyName: p, validationActions: [{action}]}}}}"
        ))
    }

    fn settings(value: &str) -> Node {
        node(&format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: settings, namespace: a}}, data: {{value: '{value}'}}}}"
        ))
    }

    fn key() -> ObjectKey {
        ObjectKey {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
            namespace: "a".to_owned(),
            name: "settings".to_owned(),
        }
    }

    const ONLY_GROWS: &str = "expression: 'oldObject == null || object != null && object.data.value >= oldObject.data.value', message: shrinks";
    const DENIAL: &str = "configmaps \"settings\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: \
                          shrinks";

    #[test]
    fn writes_are_denied_in_the_words_of_the_server() {
        let mut server = Server::new(Version::DEFAULT);
        server.assume_objects(&[policy(ONLY_GROWS), binding("Deny")], "default");
        assert!(server.create(settings("2"), WRITER).is_ok());
        let status = server.replace(settings("1"), WRITER).unwrap_err();
        assert_eq!((status.code, status.reason, status.message.as_str()), (422, "Invalid", DENIAL));
        assert!(status.object.is_some());
        assert!(server.replace(settings("3"), WRITER).is_ok());
        assert_eq!(server.delete(&key()).unwrap_err().message, DENIAL);
        assert!(server.object(&key()).is_some());
    }

    #[test]
    fn stored_policies_count_as_long_as_they_are_stored() {
        let mut server = Server::new(Version::DEFAULT);
        let never = "expression: 'false', reason: Forbidden";
        assert!(server.create(settings("1"), WRITER).is_ok());
        assert!(server.create(policy(never), WRITER).is_ok());
        assert!(server.replace(settings("2"), WRITER).is_ok());
        assert!(server.create(binding("Deny"), WRITER).is_ok());
        let status = server.replace(settings("3"), WRITER).unwrap_err();
        assert_eq!((status.code, status.reason), (403, "Forbidden"));
        let binding = ObjectKey::of(&binding("Deny")).unwrap();
        assert!(server.delete(&binding).is_ok());
        assert!(server.replace(settings("3"), WRITER).is_ok());
    }

    #[test]
    fn what_is_not_refused_is_noted() {
        let mut server = Server::new(Version::DEFAULT);
        server.assume_objects(&[policy(ONLY_GROWS), binding("Warn")], "default");
        server.create(settings("2"), WRITER).unwrap();
        assert_eq!(*server.notes(), Notes::default());
        server.replace(settings("1"), WRITER).unwrap();
        assert_eq!(
            server.notes().warnings.iter().collect::<Vec<_>>(),
            ["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': shrinks"]
        );
        let asks = policy("expression: request.userInfo.username != 'a'");
        server.assume_objects(&[asks, binding("Deny")], "default");
        server.replace(settings("3"), WRITER).unwrap();
        let unevaluated: Vec<_> = server.notes().unevaluated.iter().map(|one| one.reason.as_str()).collect();
        assert_eq!(unevaluated, ["`request.userInfo` is known in a cluster only"]);
    }

    #[test]
    fn what_was_accepted_before_is_not_reviewed() {
        let mut server = Server::new(Version::DEFAULT);
        server.assume_objects(&[policy("expression: 'false'"), binding("Deny")], "default");
        server.trust_requests(true);
        assert!(server.create(settings("1"), WRITER).is_ok());
        server.trust_requests(false);
        assert!(server.replace(settings("2"), WRITER).is_err());
    }
}
