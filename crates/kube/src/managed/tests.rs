use super::testing::node;
use super::*;

fn deployments() -> Target<'static> {
    Target::new("apps/v1", "Deployment", Version::DEFAULT)
}

fn services() -> Target<'static> {
    Target::new("v1", "Service", Version::DEFAULT)
}

/// The fields of a set, one to a word.
fn shown(fields: &FieldSet) -> String {
    fields.paths().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// What each manager owns, in the order of `managedFields`.
fn owned(managed: &Managed) -> Vec<String> {
    managed.entries().map(|entry| format!("{}: {}", entry.manager.name, shown(&entry.fields))).collect()
}

/// An object and its owners.
#[derive(Default)]
struct Stored {
    object: Option<Node>,
    owners: Managed,
}

impl Stored {
    fn apply(
        &mut self,
        target: &Target<'_>,
        config: &str,
        manager: &str,
        force: bool,
    ) -> Result<(), ApplyError> {
        let applied = apply(target, self.object.as_ref(), &self.owners, &node(config), manager, force)?;
        (self.object, self.owners) = (Some(applied.object), applied.managed);
        Ok(())
    }

    fn update(&mut self, target: &Target<'_>, new: &str, manager: &str) {
        let new = node(new);
        self.owners = update(target, self.object.as_ref(), &self.owners, &new, manager);
        self.object = Some(new);
    }

    fn spec(&self) -> &Node {
        self.object.as_ref().and_then(|object| object.get("spec")).expect("a spec")
    }
}

const HEAD: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n";

fn deployment(spec: &str) -> String {
    format!("{HEAD}spec: {spec}\n")
}

#[test]
fn an_applier_owns_what_it_names() {
    let mut stored = Stored::default();
    let config =
        deployment("{replicas: 2, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}}");
    stored.apply(&deployments(), &config, "kubectl", false).unwrap();
    // A selector is atomic; of labels each is owned.
    let fields = "kubectl: .spec.replicas .spec.selector .spec.template.metadata.labels.a";
    assert_eq!(owned(&stored.owners), [fields]);
}

#[test]
fn fields_of_others_are_in_conflict_unless_they_stay_as_they_are() {
    let mut stored = Stored::default();
    stored.apply(&deployments(), &deployment("{replicas: 2, paused: true}"), "first", false).unwrap();
    let error = stored
        .apply(&deployments(), &deployment("{replicas: 3, paused: true}"), "second", false)
        .unwrap_err();
    assert_eq!(error.to_string(), "Apply failed with 1 conflict: conflict with \"first\": .spec.replicas");
    assert_eq!((error.code(), error.reason()), (409, "Conflict"));
    let cause = Cause {
        field: ".spec.replicas".into(),
        reason: "FieldManagerConflict",
        message: "conflict with \"first\"".into(),
    };
    assert_eq!(error.causes(), [cause]);

    stored.apply(&deployments(), &deployment("{replicas: 3, paused: true}"), "second", true).unwrap();
    assert_eq!(owned(&stored.owners), ["first: .spec.paused", "second: .spec.paused .spec.replicas"]);
}

#[test]
fn conflicts_are_grouped_by_manager() {
    let mut stored = Stored::default();
    stored.update(&deployments(), &deployment("{replicas: 1}"), "kubectl-edit");
    stored.update(&deployments(), &deployment("{replicas: 1, minReadySeconds: 1, paused: true}"), "a\"b");
    let mut scale = deployments();
    scale.subresource = "scale";
    stored.update(&scale, &deployment("{replicas: 5, minReadySeconds: 1, paused: true}"), "kubectl");
    let config = deployment("{replicas: 2, minReadySeconds: 2, paused: false}");
    let error = stored.apply(&deployments(), &config, "helm", false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Apply failed with 3 conflicts: conflicts with \"a\\\"b\" using apps/v1:\n\
         - .spec.minReadySeconds\n\
         - .spec.paused\n\
         conflicts with \"kubectl\" with subresource \"scale\" using apps/v1:\n\
         - .spec.replicas"
    );
}

#[test]
fn what_an_applier_no_longer_names_goes_unless_others_own_it() {
    let mut stored = Stored::default();
    stored
        .apply(&deployments(), &deployment("{replicas: 2, paused: true, minReadySeconds: 3}"), "first", false)
        .unwrap();
    stored.apply(&deployments(), &deployment("{minReadySeconds: 3}"), "second", false).unwrap();
    stored.update(
        &deployments(),
        &deployment("{replicas: 2, paused: true, minReadySeconds: 3, progressDeadlineSeconds: 9}"),
        "other",
    );
    stored.apply(&deployments(), &deployment("{paused: true}"), "first", false).unwrap();
    // Nobody else owned the replicas; the rest is owned by others.
    assert_eq!(*stored.spec(), node("{paused: true, minReadySeconds: 3, progressDeadlineSeconds: 9}"));
}

#[test]
fn an_item_goes_with_its_defaults_but_stays_if_others_own_something_in_it() {
    let head = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
    let mut stored = Stored::default();
    stored
        .apply(&services(), &format!("{head}spec: {{ports: [{{port: 80}}, {{port: 443}}]}}"), "first", false)
        .unwrap();
    // The server fills in defaults, which nobody owns.
    stored.object = Some(node(&format!(
        "{head}spec: {{ports: [{{port: 80, protocol: TCP, targetPort: 80}}, {{port: 443, protocol: TCP, targetPort: 443}}]}}"
    )));
    let mut kept = Stored { object: stored.object.clone(), owners: stored.owners.clone() };
    stored.apply(&services(), &format!("{head}spec: {{ports: [{{port: 80}}]}}"), "first", false).unwrap();
    assert_eq!(*stored.spec(), node("{ports: [{port: 80, protocol: TCP, targetPort: 80}]}"));

    kept.apply(&services(), &format!("{head}spec: {{ports: [{{port: 443, name: web}}]}}"), "second", false)
        .unwrap();
    kept.apply(&services(), &format!("{head}spec: {{ports: [{{port: 80}}]}}"), "first", false).unwrap();
    let ports = "{ports: [{port: 80, protocol: TCP, targetPort: 80}, {port: 443, protocol: TCP, targetPort: 443, name: web}]}";
    assert_eq!(*kept.spec(), node(ports));
}

#[test]
fn items_that_share_a_key_are_refused_in_a_configuration() {
    let config = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n\
                  spec: {ports: [{port: 80}, {port: 80, protocol: TCP}], foo: 1}";
    let error = Stored::default().apply(&services(), config, "kubectl", true).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to create typed patch object (shop/web; /v1, Kind=Service): errors:\n  \
         .spec.ports: duplicate entries for key [port=80,protocol=\"TCP\"]\n  \
         .spec.foo: field not declared in schema"
    );
    assert_eq!((error.code(), error.reason(), error.causes()), (500, "", vec![]));
}

#[test]
fn items_that_share_a_key_are_owned_and_replaced_as_one() {
    let env = |env: &str| {
        deployment(&format!("{{template: {{spec: {{containers: [{{name: main, env: {env}}}]}}}}}}"))
    };
    let mut stored = Stored::default();
    stored.update(
        &deployments(),
        &env("[{name: A, value: '1'}, {name: B}, {name: A, value: '2'}]"),
        "kubectl-create",
    );
    let container = ".spec.template.spec.containers[name=\"main\"]";
    assert!(owned(&stored.owners)[0].ends_with(&format!(
        "{container} {container}.env {container}.name {container}.env[name=\"A\"] {container}.env[name=\"B\"] {container}.env[name=\"B\"].name"
    )), "{:?}", owned(&stored.owners));
    // Other items in their place change what the creator owns.
    let config = env("[{name: A, value: '3'}]");
    let error = stored.apply(&deployments(), &config, "kubectl", false).unwrap_err();
    assert_eq!(error.causes()[0].field, format!("{container}.env[name=\"A\"]"));
    stored.apply(&deployments(), &config, "kubectl", true).unwrap();
    assert_eq!(
        *stored.spec(),
        node("{template: {spec: {containers: [{name: main, env: [{name: A, value: '3'}, {name: B}]}]}}}")
    );
}

#[test]
fn nulls_are_owned() {
    let mut stored = Stored::default();
    let config = format!(
        "{HEAD}spec: {{replicas: null, template: {{metadata: {{labels: {{a: null}}}}, spec: null}}}}"
    );
    stored.apply(&deployments(), &config, "kubectl", false).unwrap();
    assert_eq!(
        *stored.spec(),
        node("{replicas: null, template: {metadata: {labels: {a: null}}, spec: null}}")
    );
    let fields = "kubectl: .spec.replicas .spec.template.spec .spec.template.metadata.labels.a";
    assert_eq!(owned(&stored.owners), [fields]);
}

#[test]
fn a_null_does_not_clear_what_others_set_below_it() {
    let mut stored = Stored::default();
    stored.update(
        &deployments(),
        &deployment("{strategy: {rollingUpdate: {maxSurge: 1}}}"),
        "kubectl-create",
    );
    stored.apply(&deployments(), &deployment("{strategy: {rollingUpdate: null}}"), "kubectl", false).unwrap();
    assert_eq!(*stored.spec(), node("{strategy: {rollingUpdate: {maxSurge: 1}}}"));
}

#[test]
fn shared_items_stand_in_the_order_of_the_configuration() {
    let containers = |names: &[&str]| {
        let list = names.iter().map(|name| format!("{{name: {name}}}")).collect::<Vec<_>>().join(", ");
        deployment(&format!("{{template: {{spec: {{containers: [{list}]}}}}}}"))
    };
    for (live, config, merged) in [
        (&["a", "b", "c"][..], &["c", "a"][..], &["b", "c", "a"][..]),
        (&["a", "x", "b"], &["b", "c", "a"], &["x", "b", "c", "a"]),
        (&["x", "a"], &["c", "a"], &["x", "c", "a"]),
        (&["a", "x"], &["a", "c"], &["a", "x", "c"]),
    ] {
        let mut stored = Stored::default();
        stored.update(&deployments(), &containers(live), "kubectl-create");
        stored.apply(&deployments(), &containers(config), "kubectl", false).unwrap();
        let found = stored.spec().at(&["template", "spec", "containers"]).expect("containers").items();
        let names: Vec<_> = found.iter().filter_map(|item| item.get("name")?.as_str()).collect();
        assert_eq!(names, merged, "{live:?} and {config:?}");
    }
}

#[test]
fn the_members_of_a_set_have_owners_of_their_own() {
    let finalizers = |names: &str| {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: web, finalizers: [{names}]}}\n")
    };
    let mut stored = Stored::default();
    stored.apply(&services(), &finalizers("x/a, x/b"), "first", false).unwrap();
    stored.apply(&services(), &finalizers("x/b, x/c"), "second", false).unwrap();
    stored.apply(&services(), &finalizers(""), "first", false).unwrap();
    assert_eq!(stored.object.as_ref().unwrap().at(&["metadata", "finalizers"]), Some(&node("[x/b, x/c]")));
    let fields = "second: .metadata.finalizers[=\"x/b\"] .metadata.finalizers[=\"x/c\"]";
    assert_eq!(owned(&stored.owners), [fields]);
}

#[test]
fn a_writer_owns_what_it_changes() {
    let mut stored = Stored::default();
    stored.update(&deployments(), &deployment("{replicas: 1, strategy: {type: Recreate}}"), "kubectl-create");
    assert_eq!(owned(&stored.owners), ["kubectl-create: .spec.replicas .spec.strategy.type"]);
    stored.update(
        &deployments(),
        &deployment("{replicas: 2, strategy: {type: Recreate}, paused: true}"),
        "kubectl-edit",
    );
    stored.update(&deployments(), &deployment("{replicas: 3, paused: true}"), "kubectl-edit");
    assert_eq!(owned(&stored.owners), ["kubectl-edit: .spec.paused .spec.replicas"]);
    // The server's own fields have no owner, and nobody owns what a request does not change.
    let other = format!("{HEAD}  resourceVersion: '7'\nspec: {{replicas: 3, paused: true}}")
        .replace("}\n  res", ", res")
        .replace("'7'", "'7'}");
    stored.update(&deployments(), &other, "controller");
    assert_eq!(owned(&stored.owners).len(), 1);
}

#[test]
fn a_request_does_not_own_the_part_that_it_cannot_change() {
    let mut stored = Stored::default();
    stored.update(
        &deployments(),
        &(deployment("{replicas: 1}") + "status: {replicas: 1}\n"),
        "kubectl-create",
    );
    assert_eq!(owned(&stored.owners), ["kubectl-create: .spec.replicas"]);
    let mut status = deployments();
    status.subresource = "status";
    stored.update(&status, &(deployment("{replicas: 2}") + "status: {replicas: 2}\n"), "controller");
    assert_eq!(owned(&stored.owners), ["kubectl-create: .spec.replicas", "controller: .status.replicas"]);
    assert_eq!(stored.owners.entries().last().unwrap().manager.subresource, "status");
}

#[test]
fn an_object_without_owners_gets_one_before_the_first_apply() {
    let mut stored = Stored { object: Some(node(&deployment("{replicas: 1}"))), owners: Managed::default() };
    stored.update(&deployments(), &deployment("{replicas: 2}"), "kubectl-edit");
    assert!(stored.owners.is_empty());
    let error = stored.apply(&deployments(), &deployment("{replicas: 3}"), "helm", false).unwrap_err();
    let message =
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using apps/v1: .spec.replicas";
    assert_eq!(error.to_string(), message);
}

#[test]
fn only_ten_writers_are_remembered() {
    let mut stored = Stored::default();
    for number in 0..12 {
        let labels = (0..=number).map(|label| format!("l{label}: x")).collect::<Vec<_>>().join(", ");
        let object =
            format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, labels: {{{labels}}}}}\n");
        stored.update(&deployments(), &object, &format!("m{number:02}"));
    }
    let names: Vec<_> = stored.owners.entries().map(|entry| entry.manager.name.as_str()).collect();
    assert_eq!(names, ["ancient-changes", "m03", "m04", "m05", "m06", "m07", "m08", "m09", "m10", "m11"]);
    assert_eq!(owned(&stored.owners)[0].matches(".labels.l").count(), 3);
}

#[test]
fn kubectl_takes_over_from_client_side_apply() {
    let live = |replicas: u8| {
        let last = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,"paused":true}}"#;
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  annotations:\n    \
             kubectl.kubernetes.io/last-applied-configuration: '{last}'\nspec: {{replicas: {replicas}, paused: true}}\n"
        )
    };
    let mut stored = Stored::default();
    stored.update(&deployments(), &live(2), "kubectl-client-side-apply");
    let config =
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 7, paused: true}\n";
    assert!(stored.apply(&deployments(), config, "helm", false).is_err());

    // Another writer changed the field since: that is a conflict as before.
    let mut changed = Stored { object: stored.object.clone(), owners: stored.owners.clone() };
    changed.update(&deployments(), &live(3), "kubectl-edit");
    let error = changed.apply(&deployments(), config, "kubectl", false).unwrap_err();
    assert_eq!(error.causes().len(), 1);

    stored.apply(&deployments(), config, "kubectl", false).unwrap();
    let note = stored.object.as_ref().unwrap().at(&["metadata", "annotations"]).unwrap();
    let expected = "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\"},\
                    \"spec\":{\"paused\":true,\"replicas\":7}}\n";
    assert_eq!(
        note.get("kubectl.kubernetes.io/last-applied-configuration").and_then(Node::as_str),
        Some(expected)
    );
    assert!(needs_last_applied_owner(&stored.owners, true));

    let upgraded = upgrade_client_side_apply(&stored.owners, "kubectl").expect("a client-side apply");
    let names: Vec<_> = upgraded.entries().map(|entry| entry.manager.name.as_str()).collect();
    assert_eq!(names, ["kubectl"]);
    assert!(!needs_last_applied_owner(&upgraded, true));
    assert_eq!(upgrade_client_side_apply(&upgraded, "kubectl"), None);
}

#[test]
fn managed_fields_are_written_as_they_are_read() {
    let text = r#"
metadata:
  managedFields:
  - manager: helm
    operation: Apply
    apiVersion: apps/v1
    time: "2026-01-02T03:04:05Z"
    fieldsType: FieldsV1
    fieldsV1: {"f:spec": {"f:template": {".": {}, "k:{\"name\":\"a\"}": {"v:1": {}}}}}
  - manager: kubectl
    operation: Update
    apiVersion: apps/v1
    fieldsType: FieldsV1
    fieldsV1: {"f:spec": {"f:replicas": {}}}
    subresource: scale
"#;
    let object = node(text);
    let managed = Managed::of_object(&object).expect("managed fields");
    assert_eq!(managed.to_node(), *object.at(&["metadata", "managedFields"]).unwrap());
    assert_eq!(owned(&managed)[0], "helm: .spec.template .spec.template[name=\"a\"][=1]");
    for (from, to) in [("Apply", "Delete"), ("FieldsV1", "FieldsV2"), ("apps/v1", "")] {
        assert_eq!(Managed::of_object(&node(&text.replace(from, to))), None, "{to}");
    }
}

#[test]
fn a_request_may_set_the_managed_fields_itself() {
    let mut stored = Stored::default();
    stored.apply(&deployments(), &deployment("{replicas: 2}"), "helm", false).unwrap();
    let reset =
        HEAD.replace("namespace: shop", "namespace: shop, managedFields: [{}]") + "spec: {replicas: 2}\n";
    stored.update(&deployments(), &reset, "kubectl-patch");
    assert!(stored.owners.is_empty());
    let error = Stored::default().apply(&deployments(), &reset, "helm", false).unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), (400, "metadata.managedFields must be nil"));
}

#[test]
fn owners_of_parts_of_what_is_atomic_now_own_the_whole() {
    let object = node(
        r#"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  managedFields:
  - {manager: old, operation: Update, apiVersion: apps/v1, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:selector": {"f:matchLabels": {"f:a": {}}}}}}
  - {manager: gone, operation: Update, apiVersion: apps/v1beta1, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:replicas": {}}}}
spec: {replicas: 1, selector: {matchLabels: {a: b}}}
"#,
    );
    let mut stored = Stored { owners: Managed::of_object(&object).expect("owners"), object: Some(object) };
    let config = deployment("{replicas: 2, selector: {matchLabels: {a: c}}}");
    let error = stored.apply(&deployments(), &config, "helm", false).unwrap_err();
    // A manager in a version of the API that the server no longer has owns nothing.
    let message = "Apply failed with 1 conflict: conflict with \"old\" using apps/v1: .spec.selector";
    assert_eq!(error.to_string(), message);
}

#[test]
fn each_owner_is_judged_in_its_own_version() {
    // What version 1 calls `cpu`, version 2 calls `limit`, and always has.
    fn convert(object: &Node, _: &str, to: &str) -> Option<Node> {
        let (from_name, to_name) = match to {
            "example.net/v1" => ("limit", "cpu"),
            "example.net/v2" => ("cpu", "limit"),
            _ => return None,
        };
        let mut object = object.clone();
        let root = object.as_map_mut()?;
        root.insert("apiVersion", plimsoll_diag::Span::NONE, Node::bare(to));
        let spec = defaults::ensure_map(root, "spec");
        let value = spec.remove(from_name).map_or(Node::bare(0), |entry| entry.value);
        spec.insert(to_name, plimsoll_diag::Span::NONE, value);
        Some(object)
    }
    let target = |api_version| Target { convert, ..Target::new(api_version, "Thing", Version::DEFAULT) };
    let config = |version: &str, spec: &str| {
        format!("{{apiVersion: example.net/{version}, kind: Thing, spec: {spec}}}")
    };
    let (first, second) = (target("example.net/v1"), target("example.net/v2"));
    let mut stored = Stored::default();
    stored.apply(&first, &config("v1", "{cpu: 1, x: a}"), "one", false).unwrap();
    let error = stored.apply(&second, &config("v2", "{limit: 2}"), "two", false).unwrap_err();
    assert_eq!(error.causes()[0].field, ".spec.cpu");

    // The stored object is in version 1. What the first manager owns of it stays.
    stored.apply(&second, &config("v2", "{limit: 1, x: a, z: b}"), "two", false).unwrap();
    stored.apply(&second, &config("v2", "{z: b}"), "two", false).unwrap();
    assert_eq!(*stored.spec(), node("{limit: 1, x: a, z: b}"));
    let names: Vec<_> = stored.owners.entries().map(|entry| entry.manager.api_version.as_str()).collect();
    assert_eq!(names, ["example.net/v1", "example.net/v2"]);
}

#[test]
fn custom_resources_follow_their_definition() {
    let definition = node(
        "
spec:
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              rules:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name, port]
                items: {type: object, properties: {name: {type: string}, port: {type: integer, default: 80}, open: {type: boolean}}}
              tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}
              plain: {type: array, items: {type: string}}
              whole: {type: object, x-kubernetes-map-type: atomic, additionalProperties: {type: string}}
              size: {x-kubernetes-int-or-string: true}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
",
    );
    let mut target = Target::new("example.net/v1", "Thing", Version::DEFAULT);
    let config = "{apiVersion: example.net/v1, kind: Thing, metadata: {name: a, labels: {x: z}}, spec: {rules: [{name: r, open: true}], \
                  tags: [t], plain: [p], whole: {k: v}, size: 5, free: {a: {b: [1]}}}}";
    let mut stored = Stored::default();
    stored.apply(&target, config, "m", false).unwrap();
    let deduced = "m: .spec .metadata.labels .metadata.labels.x .spec.free .spec.plain .spec.rules .spec.size .spec.tags \
                   .spec.whole .spec.free.a .spec.free.a.b .spec.whole.k";
    assert_eq!(owned(&stored.owners), [deduced]);

    target.definition = Some(&definition);
    let mut stored = Stored::default();
    stored.apply(&target, config, "m", false).unwrap();
    let defined = "m: .metadata.labels.x .spec.plain .spec.size .spec.whole .spec.free.a .spec.free.a.b \
                   .spec.rules[name=\"r\",port=80] .spec.rules[name=\"r\",port=80].name .spec.rules[name=\"r\",port=80].open .spec.tags[=\"t\"]";
    assert_eq!(owned(&stored.owners), [defined]);
    let error = stored.apply(&target, &config.replace("size: 5", "sise: 5"), "m", false).unwrap_err();
    let message = "failed to create typed patch object (/a; example.net/v1, Kind=Thing): .spec.sise: field not declared in schema";
    assert_eq!(error.to_string(), message);
}

#[test]
fn values_of_the_wrong_type_are_refused() {
    let head = "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: ";
    for (spec, message) in [
        ("{type: 1}", ".spec.type: expected string, got &value.valueUnstructured{Value:1}"),
        (
            "{ports: [{port: '80'}]}",
            ".spec.ports[port=\"80\",protocol=\"TCP\"].port: expected numeric (int or float), got string",
        ),
        ("{publishNotReadyAddresses: 'yes'}", ".spec.publishNotReadyAddresses: expected boolean, got &{yes}"),
        (
            "{ports: [{port: 80, targetPort: [1]}]}",
            ".spec.ports[port=80,protocol=\"TCP\"].targetPort: expected any scalar, got &{[1]}",
        ),
        ("{ports: {a: 1}}", ".spec.ports: expected list, got &{map[a:1]}"),
        ("[1]", ".spec: expected map, got &{[1]}"),
        ("{ports: [null]}", ".spec.ports: element 0: associative list with keys may not have a null element"),
        ("{ports: [80]}", ".spec.ports: element 0: associative list with keys may not have non-map elements"),
        ("{clusterIPs: [a, a]}", ""),
    ] {
        let error = Stored::default().apply(&services(), &format!("{head}{spec}}}"), "m", false);
        let expected =
            format!("failed to create typed patch object (shop/web; /v1, Kind=Service): {message}");
        match error {
            Err(error) => assert_eq!(error.to_string(), expected, "{spec}"),
            Ok(()) => assert_eq!(message, "", "{spec}"),
        }
    }
    let account =
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}, secrets: [{name: b}, {namespace: c}]}";
    let accounts = Target::new("v1", "ServiceAccount", Version::DEFAULT);
    let error = Stored::default().apply(&accounts, account, "m", false).unwrap_err();
    assert!(error.to_string().ends_with(
        ".secrets: element 1: associative list with keys has an element that omits all key fields [\"name\"] (and doesn't \
         have default values for any key fields)"
    ));
}
