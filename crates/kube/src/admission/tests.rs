use super::*;
use crate::{Version, schema};
use plimsoll_yaml::read_fragment;

/// A cluster that holds these objects.
struct Objects(Vec<Node>);

impl Cluster for Objects {
    fn find(&self, group: &str, kind: &str, namespace: &str, name: &str) -> Option<&Node> {
        self.list(group, kind, namespace).into_iter().find(|object| super::name(object) == name)
    }

    fn list(&self, group: &str, kind: &str, namespace: &str) -> Vec<&Node> {
        let is_one = |object: &&Node| {
            let of_object = text(object, &["apiVersion"]).split_once('/').map_or("", |(group, _)| group);
            (of_object, text(object, &["kind"])) == (group, kind)
                && text(object, &["metadata", "namespace"]) == namespace
        };
        self.0.iter().filter(is_one).collect()
    }

    fn is_namespaced(&self, api_version: &str, kind: &str) -> Option<bool> {
        crate::kinds::namespaced(api_version, kind)
    }
}

fn node(text: &str) -> Node {
    read_fragment(text.as_bytes()).unwrap_or_else(|_| panic!("{text}"))
}

fn review_of(cluster: &[&str], operation: Operation, object: Option<&str>, old: Option<&str>) -> Review {
    let cluster = Objects(cluster.iter().map(|text| node(text)).collect());
    let (object, old) = (object.map(node), old.map(node));
    let any = object.as_ref().or(old.as_ref()).unwrap();
    let (api_version, kind) = (text(any, &["apiVersion"]), text(any, &["kind"]));
    let resource = match schema::kind(api_version, kind) {
        Some(kind) => Resource::built_in(kind, Version::DEFAULT),
        None => Resource::custom(api_version, kind, None),
    };
    let request = Request {
        operation,
        resource: &resource,
        namespace: text(any, &["metadata", "namespace"]),
        name: name(any),
        object: object.as_ref(),
        old: old.as_ref(),
    };
    Policies::new(&cluster.0.iter().collect::<Vec<_>>()).review(&request, &cluster)
}

/// What is said to a Deployment: each violation with its action, and what was not evaluated.
fn lines(review: &Review) -> Vec<String> {
    let violations = review.violations.iter();
    let violations = violations.map(|violation| format!("{:?}: {}", violation.action, violation.detail));
    let unevaluated = review.unevaluated.iter();
    let unevaluated = unevaluated.map(|one| format!("{} {}: {}", one.kind, one.name, one.reason));
    violations.chain(unevaluated).collect()
}

const WEB: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop, labels: {app: web}}, \
                   spec: {replicas: 7, template: {spec: {containers: [{name: a, image: 'x/a:1'}]}}}}";

fn policy(spec: &str) -> String {
    format!(
        "{{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {{name: p}}, \
         spec: {{matchConstraints: {{resourceRules: [{{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], \
         resources: [deployments]}}]}}, {spec}}}}}"
    )
}

fn binding(spec: &str) -> String {
    format!(
        "{{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {{name: b}}, \
         spec: {{policyName: p, validationActions: [Deny], {spec}}}}}"
    )
}

/// What a policy with that spec says to the Deployment when it is created.
fn says(spec: &str) -> Vec<String> {
    lines(&review_of(&[&policy(spec), &binding("")], Operation::Create, Some(WEB), None))
}

#[test]
fn a_validation_that_does_not_hold_is_a_violation() {
    assert_eq!(says("validations: [{expression: object.spec.replicas <= 7}]"), [""; 0]);
    for (spec, line) in [
        ("{expression: object.spec.replicas <= 5}", "Deny: failed expression: object.spec.replicas <= 5"),
        ("{expression: object.spec.replicas <= 5, message: ' too many '}", "Deny: too many"),
        (
            "{expression: object.spec.replicas <= 5, messageExpression: \"'not ' + string(object.spec.replicas)\", message: m}",
            "Deny: not 7",
        ),
        // A message that cannot be used gives way to the next one.
        ("{expression: 'false', messageExpression: \"'a\\\\nb'\", message: m}", "Deny: m"),
        ("{expression: 'false', messageExpression: object.none + 'x', message: m}", "Deny: m"),
        ("{expression: 'false', messageExpression: \"' '\"}", "Deny: failed expression: false"),
        (
            "{expression: object.spec.none > 1}",
            "Deny: expression 'object.spec.none > 1' resulted in error: no such key: none",
        ),
    ] {
        assert_eq!(says(&format!("validations: [{spec}]")), [line]);
    }
}

#[test]
fn the_answer_is_in_the_words_of_the_server() {
    let spec = "validations: [{expression: 'false', message: m, reason: Forbidden}, {expression: 'false'}]";
    let review = review_of(&[&policy(spec), &binding("")], Operation::Create, Some(WEB), None);
    let denial = review.denial().unwrap();
    assert_eq!(denial.message(), "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: m");
    assert_eq!((denial.reason.as_str(), denial.reason.code()), ("Forbidden", 403));
    assert_eq!(review.violations.len(), 2);
    let warning = binding("").replace("[Deny]", "[Warn, Audit]");
    let review = review_of(&[&policy(spec), &warning], Operation::Create, Some(WEB), None);
    assert_eq!(review.denial(), None);
    assert_eq!(
        review.violations[0].message(),
        "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': m"
    );
    assert_eq!(
        lines(&review),
        ["Warn: m", "Audit: m", "Warn: failed expression: false", "Audit: failed expression: false"]
    );
}

#[test]
fn failures_are_denied_unless_the_policy_ignores_them() {
    let failing = "validations: [{expression: object.spec.none > 1}]";
    assert_eq!(says(&format!("failurePolicy: Ignore, {failing}")), [""; 0]);
    assert_eq!(says(&format!("failurePolicy: Fail, {failing}")).len(), 1);
    let condition = "matchConditions: [{name: a, expression: object.spec.none > 1}], validations: [{expression: 'false'}]";
    assert_eq!(
        says(condition),
        ["Deny: expression 'object.spec.none > 1' resulted in error: no such key: none"]
    );
    assert_eq!(says(&format!("failurePolicy: Ignore, {condition}")), [""; 0]);
    // A condition that is false decides, whatever fails beside it.
    let decided = condition.replace("> 1}]", "> 1}, {name: b, expression: 'false'}]");
    assert_eq!(says(&decided), [""; 0]);
}

#[test]
fn variables_are_evaluated_when_they_are_named() {
    let variables = "variables: [{name: containers, expression: object.spec.template.spec.containers}, \
                     {name: images, expression: 'variables.containers.map(c, c.image)'}, \
                     {name: broken, expression: object.none}]";
    let says = |validation: &str| says(&format!("{variables}, validations: [{{{validation}}}]"));
    assert_eq!(says("expression: \"variables.images.all(i, i.startsWith('x/'))\""), [""; 0]);
    assert_eq!(
        says(
            "expression: \"variables.images.all(i, i.startsWith('y/'))\", messageExpression: 'variables.images[0]'"
        ),
        ["Deny: x/a:1"]
    );
    assert_eq!(says("expression: 'true || variables.broken'"), [""; 0]);
    assert_eq!(
        says("expression: 'has(variables.broken) && variables.broken'"),
        ["Deny: expression 'has(variables.broken) && variables.broken' resulted in error: \
             composited variable \"broken\" fails to evaluate: no such key: none"]
    );
    // A variable of an iteration does not reach into the expression of another variable.
    assert_eq!(says("expression: \"['z'].all(object, variables.containers.size() == 1)\""), [""; 0]);
}

#[test]
fn what_costs_too_much_is_denied() {
    let numbers = format!("[{}]", (0..200).map(|number| number.to_string()).collect::<Vec<_>>().join(", "));
    // A comprehension in another costs 280,000, and in a third one far more than an evaluation may.
    let twice = format!("{numbers}.all(a, {numbers}.all(b, a + b >= 0))");
    let thrice = format!("{numbers}.all(a, {twice})");
    let failed = format!(
        "Deny: expression '{thrice}' resulted in error: operation cancelled: actual cost limit exceeded"
    );
    assert_eq!(says(&format!("validations: [{{expression: '{thrice}'}}]")), [failed]);
    let many = vec![format!("{{expression: '{twice}'}}"); 36].join(", ");
    let over =
        "Deny: validation failed due to running out of cost budget, no further validation rules will be run";
    assert_eq!(says(&format!("validations: [{{expression: 'false'}}, {many}]")), [over]);
    assert_eq!(says(&format!("failurePolicy: Ignore, validations: [{many}]")), [""; 0]);
    // Match conditions have a quarter of the budget, variables their own limit.
    let conditions: Vec<_> = (0..9).map(|n| format!("{{name: c{n}, expression: '{twice}'}}")).collect();
    let spec = format!("matchConditions: [{}], validations: [{{expression: 'true'}}]", conditions.join(", "));
    assert_eq!(says(&spec), [over]);
    let variables: Vec<_> = (0..3).map(|n| format!("{{name: v{n}, expression: '{twice}'}}")).collect();
    let all = "variables.v0 && variables.v1 && variables.v2";
    let spec = format!("variables: [{}], validations: [{{expression: {all}}}]", variables.join(", "));
    assert_eq!(says(&spec), [""; 0]);
}

#[test]
fn chains_of_variables_are_bounded() {
    let chain = (1..200).map(|n| format!("{{name: v{n}, expression: variables.v{} + 1}}", n - 1));
    let variables: Vec<_> = std::iter::once("{name: v0, expression: '1'}".to_owned()).chain(chain).collect();
    let spec =
        format!("variables: [{}], validations: [{{expression: variables.v199 > 0}}]", variables.join(", "));
    assert_eq!(says(&spec), ["ValidatingAdmissionPolicy p: the expression takes too many steps"]);
}

#[test]
fn what_only_a_cluster_knows_is_not_guessed() {
    for (expression, reason) in [
        ("request.userInfo.username == 'a'", "`request.userInfo` is known in a cluster only"),
        (
            "authorizer.group('').resource('pods').check('get').allowed()",
            "`authorizer` is known in a cluster only",
        ),
        ("authorizer.requestResource.check('get').allowed()", "`authorizer` is known in a cluster only"),
        (
            "namespaceObject.metadata.labels['env'] == 'prod'",
            "`namespaceObject.metadata.labels` is known in a cluster only",
        ),
        (
            "has(namespaceObject.metadata.annotations)",
            "`namespaceObject.metadata.annotations` is known in a cluster only",
        ),
    ] {
        let line = format!("ValidatingAdmissionPolicy p: {reason}");
        assert_eq!(says(&format!("validations: [{{expression: \"{expression}\"}}]")), [line.as_str()]);
        // Whatever is not known does not matter where the rest decides.
        assert_eq!(
            says(&format!("validations: [{{expression: \"{expression} || object.spec.replicas == 7\"}}]")),
            [""; 0]
        );
        if !expression.starts_with("name") && !expression.starts_with("has") {
            let condition = format!("matchConditions: [{{name: a, expression: \"{expression}\"}}]");
            assert_eq!(
                says(&format!("{condition}, validations: [{{expression: 'false'}}]")),
                [line.as_str()]
            );
        }
    }
}

#[test]
fn the_request_is_known() {
    let known = "request.operation == 'CREATE' && request.kind == request.requestKind && request.kind.kind == 'Deployment' \
                 && request.resource.resource == 'deployments' && request.resource.group == 'apps' \
                 && request.namespace == 'shop' && request.name == 'web' && request.dryRun == false && oldObject == null \
                 && namespaceObject.metadata.name == 'shop' && !has(request.subResource)";
    assert_eq!(says(&format!("validations: [{{expression: \"{known}\"}}]")), [""; 0]);
    let changed = WEB.replace("replicas: 7", "replicas: 3");
    let spec = policy(
        "validations: [{expression: object.spec.replicas >= oldObject.spec.replicas, message: shrinks}]",
    );
    let review = review_of(&[&spec, &binding("")], Operation::Update, Some(&changed), Some(WEB));
    assert_eq!(lines(&review), ["Deny: shrinks"]);
    let deletion =
        policy("validations: [{expression: object != null, message: kept}]").replace("UPDATE", "DELETE");
    let review = review_of(&[&deletion, &binding("")], Operation::Delete, None, Some(WEB));
    assert_eq!(lines(&review), ["Deny: kept"]);
}

#[test]
fn namespaces_among_the_manifests_are_known() {
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {env: prod}}}";
    let spec = policy(
        "validations: [{expression: \"namespaceObject.metadata.labels['env'] == 'test' || \
         namespaceObject.metadata.labels['kubernetes.io/metadata.name'] != 'shop'\", message: m}]",
    );
    let review = review_of(&[&spec, &binding(""), namespace], Operation::Create, Some(WEB), None);
    assert_eq!(lines(&review), ["Deny: m"]);
    // An object of the whole cluster has none.
    let spec = policy("validations: [{expression: namespaceObject == null, message: m}]")
        .replace("apiGroups: [apps]", "apiGroups: [storage.k8s.io]")
        .replace("deployments", "storageclasses");
    let class = "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: x}";
    assert_eq!(lines(&review_of(&[&spec, &binding("")], Operation::Create, Some(class), None)), [""; 0]);
}

#[test]
fn constraints_select_requests() {
    let denies = "validations: [{expression: 'false', message: m}]";
    let says = |constraint: &str, of_binding: &str| {
        let policy = policy(denies)
            .replace("resources: [deployments]}]", &format!("resources: [deployments]}}], {constraint}"));
        lines(&review_of(&[&policy, &binding(of_binding)], Operation::Create, Some(WEB), None))
    };
    let unknown = "ValidatingAdmissionPolicy p: the labels of namespace `shop` are not known";
    for (constraint, expected) in [
        ("objectSelector: {matchLabels: {app: web}}", vec!["Deny: m"]),
        ("objectSelector: {matchLabels: {app: db}}", vec![]),
        ("namespaceSelector: {}", vec!["Deny: m"]),
        ("namespaceSelector: {matchLabels: {env: prod}}", vec![unknown]),
        ("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}", vec!["Deny: m"]),
        (
            "namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [shop]}]}",
            vec![],
        ),
        // What does not match anyway does not depend on the unknown.
        ("namespaceSelector: {matchLabels: {env: prod}}, objectSelector: {matchLabels: {app: db}}", vec![]),
        (
            "excludeResourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'], \
             resourceNames: [web]}]",
            vec![],
        ),
        (
            "excludeResourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: [deployments/scale]}]",
            vec!["Deny: m"],
        ),
    ] {
        assert_eq!(says(constraint, ""), expected, "{constraint}");
        assert_eq!(says("", &format!("matchResources: {{{constraint}}}")), expected, "{constraint}");
    }
}

#[test]
fn rules_match_as_those_of_webhooks() {
    let denies = |rule: &str| {
        let policy = policy("validations: [{expression: 'false', message: m}]").replace(
            "apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]",
            rule,
        );
        !lines(&review_of(&[&policy, &binding("")], Operation::Create, Some(WEB), None)).is_empty()
    };
    let rule = |group: &str, version: &str, operation: &str, rest: &str| {
        format!("apiGroups: [{group}], apiVersions: [{version}], operations: [{operation}], {rest}")
    };
    for rest in
        ["resources: [deployments]", "resources: ['*']", "resources: ['deployments/*']", "resources: ['*/*']"]
    {
        assert!(denies(&rule("apps", "v1", "CREATE", rest)), "{rest}");
    }
    assert!(denies(&rule("'*'", "'*'", "'*'", "resources: ['*'], scope: Namespaced")));
    assert!(!denies(&rule("'*'", "'*'", "'*'", "resources: ['*'], scope: Cluster")));
    assert!(!denies(&rule("batch", "v1", "CREATE", "resources: ['*']")));
    assert!(!denies(&rule("apps", "v1", "UPDATE", "resources: ['*']")));
    assert!(!denies(&rule("apps", "v1", "CREATE", "resources: ['*/scale', pods]")));
    assert!(!denies(&rule("apps", "v1", "CREATE", "resources: ['*'], resourceNames: [db]")));
}

#[test]
fn an_equivalent_version_is_not_evaluated_where_it_would_be_converted() {
    let scaler =
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a, namespace: shop}}";
    let of_v1 = policy("validations: [{expression: 'false'}]")
        .replace("[apps]", "[autoscaling]")
        .replace("deployments", "horizontalpodautoscalers");
    let says =
        |policy: &str| lines(&review_of(&[policy, &binding("")], Operation::Create, Some(scaler), None));
    assert_eq!(
        says(&of_v1),
        ["ValidatingAdmissionPolicy p: plimsoll does not convert the object to `autoscaling/v1`"]
    );
    assert_eq!(
        says(&of_v1.replace("matchConstraints: {", "matchConstraints: {matchPolicy: Exact, ")),
        [""; 0]
    );
    assert_eq!(says(&of_v1.replace("[v1]", "[v2]")).len(), 1);
}

#[test]
fn parameters_come_from_the_manifests() {
    let limit = |name: &str, max: u8| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, namespace: shop, labels: {{limits: 'yes'}}}}, \
             data: {{max: '{max}'}}}}"
        )
    };
    let spec = policy(
        "paramKind: {apiVersion: v1, kind: ConfigMap}, validations: [{expression: object.spec.replicas <= int(params.data.max), \
         messageExpression: \"'above ' + params.data.max\"}]",
    );
    let (low, high) = (limit("low", 3), limit("high", 9));
    let says = |reference: &str| {
        let binding = binding(&format!("paramRef: {{{reference}}}"));
        lines(&review_of(&[&spec, &binding, &low, &high], Operation::Create, Some(WEB), None))
    };
    assert_eq!(says("name: low, parameterNotFoundAction: Deny"), ["Deny: above 3"]);
    assert_eq!(says("name: high, parameterNotFoundAction: Deny"), [""; 0]);
    assert_eq!(
        says("selector: {matchLabels: {limits: 'yes'}}, parameterNotFoundAction: Deny"),
        ["Deny: above 3"]
    );
    assert_eq!(says("selector: {}, parameterNotFoundAction: Deny"), ["Deny: above 3"]);
    assert_eq!(
        says("name: none, namespace: other, parameterNotFoundAction: Deny"),
        [
            "ValidatingAdmissionPolicy p: its parameters, ConfigMap `none` in namespace `other`, are not among the manifests; \
          the API server denies such requests if it does not exist (binding `b`)"
        ]
    );
    assert_eq!(
        says("selector: {matchLabels: {a: b}}, parameterNotFoundAction: Allow"),
        [
            "ValidatingAdmissionPolicy p: its parameters, a ConfigMap in namespace `shop`, are not among the manifests; the API \
          server admits such requests if it does not exist (binding `b`)"
        ]
    );
    // Without a reference `params` is null.
    let review = review_of(&[&spec, &binding("")], Operation::Create, Some(WEB), None);
    assert_eq!(lines(&review).len(), 1);
    let cluster_wide = spec.replace("kind: ConfigMap}", "kind: Namespace}");
    let named = binding("paramRef: {name: a, namespace: b, parameterNotFoundAction: Allow}");
    assert_eq!(
        lines(&review_of(&[&cluster_wide, &named], Operation::Create, Some(WEB), None)),
        [
            "Deny: failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
        ]
    );
}

#[test]
fn audit_annotations_are_evaluated() {
    let spec = "auditAnnotations: [{key: count, valueExpression: \"'replicas: ' + string(object.spec.replicas)\"}, \
                {key: none, valueExpression: \"''\"}]";
    let review = review_of(&[&policy(spec), &binding("")], Operation::Create, Some(WEB), None);
    let expected = AuditAnnotation { key: "p/count".to_owned(), value: "replicas: 7".to_owned() };
    assert_eq!((review.annotations.as_slice(), lines(&review)), (&[expected][..], Vec::new()));
    // One that fails denies the request whatever the binding does.
    let failing = policy("auditAnnotations: [{key: count, valueExpression: object.none + 'a'}]");
    let warns = binding("").replace("[Deny]", "[Warn]");
    let review = review_of(&[&failing, &warns], Operation::Create, Some(WEB), None);
    assert_eq!(lines(&review), ["Deny: expression 'object.none + 'a'' resulted in error: no such key: none"]);
}

#[test]
fn policies_without_a_binding_and_their_own_kinds_are_passed_over() {
    let denies = policy("validations: [{expression: 'false'}]")
        .replace("[apps]", "['*']")
        .replace("[deployments]", "['*']");
    assert_eq!(lines(&review_of(&[&denies], Operation::Create, Some(WEB), None)), [""; 0]);
    assert_eq!(lines(&review_of(&[&denies, &binding("")], Operation::Create, Some(&denies), None)), [""; 0]);
}

#[test]
fn what_is_not_applied_is_named() {
    let hook = "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: w}, webhooks: \
                [{name: a.b.c, rules: [{apiGroups: [apps], apiVersions: [v1], operations: ['*'], resources: [deployments]}]}]}";
    let mutating = policy("mutations: []").replace("Validating", "Mutating");
    let bound = binding("").replace("Validating", "Mutating");
    assert_eq!(
        lines(&review_of(&[hook, &mutating, &bound], Operation::Create, Some(WEB), None)),
        [
            "MutatingAdmissionPolicy p: plimsoll does not apply mutating policies",
            "MutatingWebhookConfiguration w: plimsoll does not call the webhook `a.b.c`",
        ]
    );
    let other = hook.replace("[deployments]", "[pods]");
    assert_eq!(lines(&review_of(&[&other], Operation::Create, Some(WEB), None)), [""; 0]);
}
