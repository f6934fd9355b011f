//! The drivers of `diff`: what each makes of the same manifests.

use crate::support::objects;
use plimsoll::diff::render::{self, Style};
use plimsoll::diff::{self, Change, Driver, EffectKind, ObjectPlan, Options, Plan, Verdict};

const SERVER_SIDE: Driver = Driver::KubectlServerSide { force_conflicts: false };
const HELM: Driver = Driver::Helm { force_conflicts: false };
const ALL: [Driver; 4] = [Driver::Kubectl, SERVER_SIDE, HELM, Driver::Replace];

fn plan(driver: Driver, live: bool, old: &str, new: &str) -> Plan {
    let options = Options { driver, live, ..Options::default() };
    diff::compare(&objects(old), &objects(new), &options)
}

/// What the plan says about its only object.
fn only(driver: Driver, live: bool, old: &str, new: &str) -> ObjectPlan {
    let plan = plan(driver, live, old, new);
    assert_eq!(plan.objects.len(), 1, "{}", render::plan(&plan, Style::Plain));
    plan.objects.into_iter().next().unwrap()
}

/// The fields that change, as `path: old -> new`.
fn changes(object: &ObjectPlan) -> Vec<String> {
    let text = |node: &Option<plimsoll::yaml::Node>| {
        node.as_ref().map_or_else(|| "-".to_owned(), plimsoll::yaml::emit::flow_json)
    };
    let line = |change: &diff::FieldChange| {
        format!("{}: {} -> {}", change.path.named(), text(&change.old), text(&change.new))
    };
    object.changes.iter().map(line).collect()
}

fn reasons(object: &ObjectPlan) -> Vec<String> {
    object.reasons.iter().map(|reason| format!("{}: {}", reason.path, reason.message)).collect()
}

fn deployment(spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{{spec}selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: a, image: x}}]}}}}}}\n"
    )
}

fn service(ports: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{type: ClusterIP, ports: [{ports}]}}\n"
    )
}

/// A ConfigMap in a cluster, of which each of two managers applied one key. Nothing says what kubectl applied.
fn live(manager: &str, operation: &str) -> String {
    format!(
        r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
  uid: 3b1f
  resourceVersion: "17"
  labels: {{app.kubernetes.io/managed-by: Helm}}
  annotations: {{meta.helm.sh/release-name: shop, meta.helm.sh/release-namespace: default}}
  managedFields:
    - manager: {manager}
      operation: Apply
      apiVersion: v1
      fieldsType: FieldsV1
      fieldsV1:
        f:metadata:
          f:labels: {{f:app.kubernetes.io/managed-by: {{}}}}
          f:annotations: {{f:meta.helm.sh/release-name: {{}}, f:meta.helm.sh/release-namespace: {{}}}}
        f:data: {{f:own: {{}}, f:dropped: {{}}}}
    - manager: other
      operation: {operation}
      apiVersion: v1
      fieldsType: FieldsV1
      fieldsV1: {{f:data: {{f:theirs: {{}}}}}}
data: {{own: a, dropped: b, theirs: c}}
"#
    )
}

const CONFIG: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {app.kubernetes.io/managed-by: Helm}}\n";

#[test]
fn every_driver_removes_a_field_that_left_the_manifest() {
    for driver in ALL {
        let object = only(driver, false, &deployment("replicas: 3, "), &deployment(""));
        assert_eq!(changes(&object), ["spec.replicas: 3 -> 1"], "{driver:?}");
        assert_eq!(object.verdict, Verdict::Accepted, "{driver:?}");
    }
}

#[test]
fn without_a_note_of_client_side_apply_only_the_owner_knows_what_was_dropped() {
    let new = format!("{CONFIG}data: {{own: a}}\n");
    let dropped = |driver, manager| changes(&only(driver, true, &live(manager, "Update"), &new));
    assert!(dropped(SERVER_SIDE, "kubectl").contains(&"data.dropped: \"b\" -> -".to_owned()));
    assert_eq!(dropped(HELM, "helm"), ["data.dropped: \"b\" -> -"]);
    // Client-side apply finds no annotation; and what another manager applied is not this one's to remove.
    assert!(dropped(Driver::Kubectl, "kubectl").is_empty());
    assert!(dropped(HELM, "kubectl").is_empty());
}

#[test]
fn put_leaves_only_what_the_manifest_and_the_server_say() {
    let new = format!("{CONFIG}data: {{own: a}}\n");
    let object = only(Driver::Replace, true, &live("helm", "Apply"), &new);
    let paths: Vec<String> = object.changes.iter().map(|change| change.path.to_string()).collect();
    assert_eq!(paths, ["metadata.annotations", "data.dropped", "data.theirs"]);
    let cluster_ip = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {clusterIP: 10.0.0.7, clusterIPs: [10.0.0.7], ipFamilies: [IPv4], ipFamilyPolicy: SingleStack, type: ClusterIP, ports: [{port: 80}]}\n";
    let kept = only(Driver::Replace, true, cluster_ip, &service("{port: 81}"));
    assert_eq!(kept.verdict, Verdict::Accepted, "{:?}", kept.reasons);
    assert!(changes(&kept).iter().all(|change| change.starts_with("spec.ports")), "{:?}", changes(&kept));
}

#[test]
fn a_field_of_another_manager_is_a_conflict_unless_it_is_forced() {
    let new = format!("{CONFIG}data: {{own: a, dropped: b, theirs: d}}\n");
    for (operation, manager) in [("Update", "\"other\" using v1"), ("Apply", "\"other\"")] {
        let live = live("helm", operation);
        let refused = only(HELM, true, &live, &new);
        assert_eq!(reasons(&refused), [format!("data.theirs: conflict with {manager} (409 Conflict)")]);
        assert_eq!((refused.change, refused.verdict), (Change::Modified, Verdict::Rejected));
        assert!(refused.remediation[0].to_string().contains("--force-conflicts"));
        let forced = only(Driver::Helm { force_conflicts: true }, true, &live, &new);
        assert_eq!(changes(&forced), ["data.theirs: \"c\" -> \"d\""]);
        assert_eq!(forced.verdict, Verdict::Accepted);
        // Client-side apply asks nobody.
        assert_eq!(only(Driver::Kubectl, true, &live, &new).verdict, Verdict::Accepted);
    }
}

#[test]
fn what_client_side_apply_made_is_taken_over() {
    let live = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: c
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"v1","kind":"ConfigMap","metadata":{"annotations":{},"name":"c"},"data":{"a":"1","b":"2"}}
  managedFields:
    - manager: kubectl-client-side-apply
      operation: Update
      apiVersion: v1
      fieldsType: FieldsV1
      fieldsV1:
        f:metadata: {f:annotations: {.: {}, f:kubectl.kubernetes.io/last-applied-configuration: {}}}
        f:data: {.: {}, f:a: {}, f:b: {}}
data: {a: "1", b: "2"}
"#;
    let new = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: \"3\"}\n";
    let taken_over = only(SERVER_SIDE, true, live, new);
    assert_eq!(taken_over.verdict, Verdict::Accepted, "{:?}", taken_over.reasons);
    assert_eq!(changes(&taken_over), ["data.a: \"1\" -> \"3\"", "data.b: \"2\" -> -"]);
    let by_helm = only(HELM, true, live, new);
    assert_eq!(
        reasons(&by_helm),
        ["data.a: conflict with \"kubectl-client-side-apply\" using v1 (409 Conflict)"]
    );
}

#[test]
fn ports_of_one_number_are_merged_by_number_and_protocol_on_the_server() {
    let (tcp, udp) = ("{name: t, port: 443, protocol: TCP}", "{name: u, port: 443, protocol: UDP}");
    let (both, one) = (service(&format!("{tcp}, {udp}")), service(tcp));
    for driver in [SERVER_SIDE, HELM, Driver::Replace] {
        let object = only(driver, false, &both, &one);
        assert_eq!(object.verdict, Verdict::Accepted, "{driver:?}: {:?}", object.reasons);
        assert_eq!(object.changes.len(), 1, "{driver:?}: {:?}", changes(&object));
        assert!(!object.has(EffectKind::Ignored), "{driver:?}");
    }
    // kubectl merges by the number alone: both are removed, and a Service needs ports.
    assert_eq!(only(Driver::Kubectl, false, &both, &one).verdict, Verdict::Rejected);
}

#[test]
fn an_item_that_is_there_twice_is_refused_by_server_side_apply() {
    let twice = service("{name: a, port: 80}, {name: b, port: 80}");
    for (old, new) in [(service("{name: a, port: 80}"), twice.as_str()), (String::new(), twice.as_str())] {
        let object = only(SERVER_SIDE, false, &old, new);
        assert_eq!(object.verdict, Verdict::Rejected);
    }
}

#[test]
fn put_creates_only_what_the_server_lets_it_create() {
    let created = only(Driver::Replace, false, "", &service("{port: 80}"));
    assert_eq!(created.verdict, Verdict::Accepted);
    let refused = only(Driver::Replace, false, "", &deployment(""));
    assert_eq!(refused.verdict, Verdict::Rejected);
    assert!(reasons(&refused)[0].contains("not found"), "{:?}", refused.reasons);
}

#[test]
fn only_helm_deletes_what_left_the_manifests() {
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";
    let kept = claim.replace("name: c", "name: c, annotations: {helm.sh/resource-policy: keep}");
    for driver in ALL {
        let object = only(driver, false, claim, "");
        assert_eq!(object.has(EffectKind::DataLoss), driver == HELM, "{driver:?}");
        assert_eq!(
            (object.is_deleted, object.remediation.is_empty()),
            (driver == HELM, driver == HELM),
            "{driver:?}"
        );
        let kept = only(driver, false, &kept, "");
        assert!(!kept.is_deleted && !kept.has(EffectKind::DataLoss), "{driver:?}");
    }
    let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {replicas: 2, serviceName: db, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x}]}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}\n";
    let stopped = only(HELM, false, set, "");
    let down = stopped.effects.iter().find(|effect| effect.kind == EffectKind::ScaleDown).unwrap();
    assert_eq!(down.pods, ["db-1", "db-0"]);
    assert!(down.detail.ends_with("the claims data-db-0, data-db-1 stay"), "{}", down.detail);
    let with_claims = set
        .replace("replicas: 2", "replicas: 2, persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}");
    let lost = plan(HELM, false, &with_claims, "");
    assert!(lost.objects[0].has(EffectKind::DataLoss));
    assert!(render::plan(&lost, Style::Plain).contains("to keep its data:"));
    assert!(render::summary(&lost, Style::Plain).starts_with("- StatefulSet/db  deleted, data-loss"));
}

#[test]
fn helm_leaves_the_definitions_under_crds_as_they_are() {
    let definition = |stored: bool| {
        format!(
            "---\n# Source: web/crds/a.yaml\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: as.x.io}}\nspec: {{group: x.io, names: {{kind: A, plural: as}}, scope: Namespaced, versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: {stored}}}}}}}]}}\n"
        )
    };
    let (old, new) = (definition(true), definition(false));
    for (old, new) in [(old.as_str(), new.as_str()), (old.as_str(), ""), ("", new.as_str())] {
        let object = only(HELM, false, old, new);
        assert_eq!(object.change, Change::Unchanged);
        assert!(object.has(EffectKind::Ignored));
    }
    assert!(!plan(HELM, false, &old, &old).objects[0].is_notable());
    assert_eq!(only(Driver::Kubectl, false, &old, &new).change, Change::Modified);
}

#[test]
fn the_stored_objects_are_those_of_the_driver() {
    let (old, new) = (deployment("replicas: 3, "), service("{port: 80}"));
    for driver in ALL {
        let options = Options { driver, release: Some("shop".to_owned()), ..Options::default() };
        let stored = diff::stored(&objects(&old), &objects(&new), &options);
        let stays = stored.iter().any(|one| one.kind == "Deployment" && one.after.is_some());
        assert_eq!(stays, driver != HELM, "{driver:?}");
        let label = ["metadata", "annotations", "meta.helm.sh/release-name"];
        let service = stored.iter().find(|one| one.kind == "Service").and_then(|one| one.after.as_ref());
        assert_eq!(service.unwrap().at(&label).is_some(), driver == HELM, "{driver:?}");
    }
}

#[test]
fn every_plan_names_its_driver() {
    let (old, new) = (deployment("replicas: 3, "), deployment(""));
    for driver in ALL {
        let plan = plan(driver, false, &old, &new);
        let line = format!("{}, Kubernetes 1.36, namespace default", driver.title());
        assert_eq!(render::plan(&plan, Style::Plain).lines().next(), Some(line.as_str()));
        assert!(render::markdown(&plan, "web").contains(driver.title()));
        assert!(render::html(&plan, "web").contains(driver.title()));
        let json: serde_json::Value = serde_json::from_str(&render::json(&plan)).unwrap();
        assert_eq!((&json["driver"], &json["namespace"]), (&driver.as_str().into(), &"default".into()));
    }
}
