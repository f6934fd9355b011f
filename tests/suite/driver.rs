//! The drivers of `diff`: what each makes of the same manifests.

use crate::support::objects;
use plimsoll::diff::render::{self, Style};
use plimsoll::diff::{self, Change, Driver, EffectKind, ObjectPlan, Options, Plan, SyncOptions, Verdict};

const SERVER_SIDE: Driver = Driver::KubectlServerSide { force_conflicts: false };
const HELM: Driver = Driver::Helm { force_conflicts: false };
const ARGO_CD: Driver =
    Driver::ArgoCd { sync: SyncOptions { replace: false, server_side_apply: false, prune_last: false } };
const ALL: [Driver; 7] =
    [Driver::Kubectl, SERVER_SIDE, HELM, Driver::Helm3, ARGO_CD, Driver::Flux, Driver::Replace];
/// Those that delete what left the manifests without being told to.
const DELETING: [Driver; 3] = [HELM, Driver::Helm3, Driver::Flux];

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
    for driver in [SERVER_SIDE, HELM, Driver::Flux, Driver::Replace] {
        let object = only(driver, false, &both, &one);
        assert_eq!(object.verdict, Verdict::Accepted, "{driver:?}: {:?}", object.reasons);
        assert_eq!(object.changes.len(), 1, "{driver:?}: {:?}", changes(&object));
        assert!(!object.has(EffectKind::Ignored), "{driver:?}");
    }
    // Clients merge by the number alone: both are removed, and a Service needs ports.
    for driver in [Driver::Kubectl, Driver::Helm3, ARGO_CD] {
        assert_eq!(only(driver, false, &both, &one).verdict, Verdict::Rejected, "{driver:?}");
    }
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
fn helm_and_flux_delete_what_left_the_manifests() {
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";
    let kept = claim.replace("name: c", "name: c, annotations: {helm.sh/resource-policy: keep}");
    for driver in ALL {
        let object = only(driver, false, claim, "");
        let is_deleting = DELETING.contains(&driver);
        assert_eq!(object.has(EffectKind::DataLoss), is_deleting, "{driver:?}");
        assert_eq!(
            (object.is_deleted, object.remediation.is_empty()),
            (is_deleting, is_deleting),
            "{driver:?}"
        );
        let finalized = claim.replace("name: c", "name: c, finalizers: [example.com/backup]");
        assert_eq!(only(driver, false, &finalized, "").is_deleted, is_deleting, "{driver:?}");
        let kept = only(driver, false, &kept, "");
        // Only Helm reads its own annotation.
        assert_eq!(kept.is_deleted, driver == Driver::Flux, "{driver:?}");
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
        assert_eq!(stays, !DELETING.contains(&driver), "{driver:?}");
        let label = ["metadata", "annotations", "meta.helm.sh/release-name"];
        let service = stored.iter().find(|one| one.kind == "Service").and_then(|one| one.after.as_ref());
        let is_helm = matches!(driver, HELM | Driver::Helm3);
        assert_eq!(service.unwrap().at(&label).is_some(), is_helm, "{driver:?}");
    }
}

#[test]
fn every_plan_names_its_driver() {
    let (old, new) = (deployment("replicas: 3, "), deployment(""));
    for driver in ALL {
        let plan = plan(driver, false, &old, &new);
        let line = format!("{}, Kubernetes 1.36, namespace default", driver.title());
        assert_eq!(render::plan(&plan, Style::Plain).lines().next(), Some(line.as_str()));
        assert!(render::markdown(&plan, "web").contains(&*driver.title()));
        assert!(render::html(&plan, "web").contains(&*driver.title()));
        let json: serde_json::Value = serde_json::from_str(&render::json(&plan)).unwrap();
        assert_eq!((&json["driver"], &json["namespace"]), (&driver.as_str().into(), &"default".into()));
        assert_eq!(json["prune"], DELETING.contains(&driver), "{driver:?}");
        let json: serde_json::Value =
            serde_json::from_str(&render::json(&pruned(driver, &old, &new))).unwrap();
        assert_eq!(json["prune"], DELETING.contains(&driver) || driver.can_prune(), "{driver:?}");
    }
}

fn config_map(name: &str, metadata: &str, data: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{metadata}}}\ndata: {{a: {data}}}\n"
    )
}

/// The plan with pruning.
fn pruned(driver: Driver, old: &str, new: &str) -> Plan {
    let options = Options { driver, prune: true, ..Options::default() };
    diff::compare(&objects(old), &objects(new), &options)
}

fn find<'a>(plan: &'a Plan, name: &str) -> &'a ObjectPlan {
    plan.objects.iter().find(|object| object.object.name == name).unwrap()
}

fn details(object: &ObjectPlan) -> String {
    object.effects.iter().map(|effect| effect.detail.as_str()).collect::<Vec<_>>().join("; ")
}

const INVALID: &str = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: -1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: x}]}}}\n";

#[test]
fn pruning_deletes_what_the_driver_can_prune() {
    let role_text =
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules: []\n";
    let (old, new) = (
        format!("{}{}{role_text}", config_map("a", "", "x"), config_map("b", "", "x")),
        config_map("a", "", "x"),
    );
    for (driver, deletes_roles) in [(Driver::Kubectl, false), (SERVER_SIDE, true), (ARGO_CD, true)] {
        assert!(!find(&plan(driver, false, &old, &new), "b").is_deleted, "{driver:?}");
        let plan = pruned(driver, &old, &new);
        assert!(find(&plan, "b").is_deleted, "{driver:?}");
        let role = find(&plan, "r");
        assert_eq!(role.is_deleted, deletes_roles, "{driver:?}");
        assert!(deletes_roles || details(role).contains("deletes no Role"), "{}", details(role));
        // kubectl and Argo CD do not know the policy of Helm.
        let policy = role_text.replace("name: r", "name: r, annotations: {helm.sh/resource-policy: keep}");
        let kept = pruned(driver, &old.replace(role_text, &policy), &new);
        assert_eq!(find(&kept, "r").is_deleted, deletes_roles, "{driver:?}");
        assert!(
            !details(find(&kept, "r")).contains("helm.sh/resource-policy"),
            "{}",
            details(find(&kept, "r"))
        );
        assert!(render::plan(&plan, Style::Plain).lines().next().unwrap().contains(" --prune, "));
        // Nothing is deleted where anything is refused.
        let failed = pruned(driver, &format!("{old}---\n{}", deployment("")), &format!("{new}{INVALID}"));
        let is_deleted = find(&failed, "b").is_deleted;
        // Argo CD prunes a wave before it applies it.
        assert_eq!(is_deleted, driver == ARGO_CD, "{driver:?}");
    }
}

#[test]
fn helm_deletes_nothing_if_an_object_is_refused() {
    for driver in [HELM, Driver::Helm3] {
        let old =
            format!("{}{}---\n{}", config_map("a", "", "x"), config_map("gone", "", "x"), deployment(""));
        let updated = plan(driver, false, &old, &format!("{}{INVALID}", config_map("a", "", "z")));
        assert_eq!(find(&updated, "web").verdict, Verdict::Rejected);
        let gone = find(&updated, "gone");
        assert!(!gone.is_deleted && details(gone).contains("fails before it deletes"), "{}", details(gone));
        // The others are applied all the same, unless a new object is refused.
        assert_eq!(details(find(&updated, "a")), "");
        let ingress = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {defaultBackend: {service: {name: s, port: {number: 80}}}}\n";
        let created = plan(
            driver,
            false,
            &config_map("a", "", "x"),
            &format!("{}{INVALID}{ingress}", config_map("a", "", "z")),
        );
        assert_eq!(find(&created, "a").change, Change::Modified);
        assert!(!find(&created, "a").has(EffectKind::Ignored));
        assert_eq!(
            details(find(&created, "i")),
            "is not applied: `helm upgrade` stops at Deployment/web, which is refused"
        );
    }
}

#[test]
fn old_manifests_of_an_api_that_is_gone_are_there_for_every_driver() {
    let budget = |version: &str, limit: u8| {
        format!(
            "---\napiVersion: policy/{version}\nkind: PodDisruptionBudget\nmetadata: {{name: b}}\nspec: {{minAvailable: {limit}, selector: {{matchLabels: {{app: web}}}}}}\n"
        )
    };
    for driver in ALL {
        let (old, new) = (
            format!("{}{}", budget("v1beta1", 1), config_map("a", "", "x")),
            format!("{}{}", budget("v1", 2), config_map("a", "", "z")),
        );
        let plan = plan(driver, false, &old, &new);
        // Helm also adds its metadata, because such an object is taken to be without.
        let changed = changes(find(&plan, "b"));
        assert_eq!(changed.last().unwrap(), "spec.minAvailable: 1 -> 2", "{driver:?}: {changed:?}");
        assert_eq!(changes(find(&plan, "a")), ["data.a: \"x\" -> \"z\""], "{driver:?}");
    }
}

#[test]
fn helm_takes_no_objects_of_others() {
    let live = |release: &str| {
        config_map(
            "a",
            &format!(
                ", labels: {{app.kubernetes.io/managed-by: Helm}}, annotations: {{meta.helm.sh/release-name: {release}, meta.helm.sh/release-namespace: default}}"
            ),
            "x",
        )
    };
    let plan = |release: &str, driver| {
        let options = Options { driver, live: true, release: Some("shop".to_owned()), ..Options::default() };
        diff::compare(&objects(&live(release)), &objects(&config_map("a", "", "z")), &options)
    };
    for driver in [HELM, Driver::Helm3] {
        let other = plan("other", driver);
        assert!(find(&other, "a").remediation[0].to_string().contains("--take-ownership"));
        let reason = &find(&other, "a").reasons[0].message;
        assert!(reason.contains("cannot be imported into the current release"), "{reason}");
        assert!(
            reason.contains(
                "key \"meta.helm.sh/release-name\" must equal \"shop\": current value is \"other\""
            ),
            "{reason}"
        );
        assert_eq!(find(&plan("shop", Driver::Helm3), "a").verdict, Verdict::Accepted);
    }
    assert_eq!(find(&plan("other", Driver::Kubectl), "a").verdict, Verdict::Accepted);
}

#[test]
fn helm_3_patches_between_two_manifests_and_drops_unknown_fields() {
    // What somebody else set stays, what left the manifest is removed; nothing is noted in an annotation.
    let stored = diff::stored(
        &objects(&deployment("replicas: 3, minReadySeconds: 5, ")),
        &objects(&deployment("replicas: 3, ")),
        &Options { driver: Driver::Helm3, ..Options::default() },
    );
    let after = stored[0].after.as_ref().unwrap();
    assert!(after.at(&["spec", "minReadySeconds"]).is_none());
    let note = ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"];
    assert!(after.at(&note).is_none());
    // Of a custom resource the two manifests alone are compared: a change by somebody else is not seen.
    let thing = |size: i32| {
        format!("apiVersion: example.com/v1\nkind: Thing\nmetadata: {{name: t}}\nspec: {{size: {size}}}\n")
    };
    let stored = diff::stored(
        &objects(&thing(1)),
        &objects(&thing(2)),
        &Options { driver: Driver::Helm3, ..Options::default() },
    );
    assert_eq!(
        stored[0].after.as_ref().unwrap().at(&["spec", "size"]).and_then(plimsoll::yaml::Node::as_i64),
        Some(2)
    );
    let misspelt = deployment("replica: 3, ");
    let object = only(Driver::Helm3, false, &deployment(""), &misspelt);
    assert_eq!((object.verdict, object.change), (Verdict::Accepted, Change::Unchanged));
    assert_eq!(details(&object), "`spec.replica` is dropped: the API server does not know the field");
    assert_eq!(only(Driver::Kubectl, false, &deployment(""), &misspelt).verdict, Verdict::Rejected);
}

#[test]
fn argo_cd_applies_in_waves_and_stops_after_one_that_fails() {
    let wave = |number: i32| format!(", annotations: {{argocd.argoproj.io/sync-wave: \"{number}\"}}");
    let new =
        format!("{}{INVALID}{}", config_map("late", &wave(1), "z"), config_map("early", &wave(-1), "z"));
    let plan = plan(ARGO_CD, false, &config_map("late", &wave(1), "x"), &new);
    assert_eq!(
        details(find(&plan, "late")),
        "is not applied: `argocd app sync` stops at Deployment/web, which is refused"
    );
    assert_eq!(details(find(&plan, "early")), "");
    assert_eq!(find(&plan, "early").change, Change::Added);
}

#[test]
fn argo_cd_reads_the_options_of_objects() {
    let with = |option: &str| {
        deployment("replicas: 2, ").replace(
            "name: web}",
            &format!("name: web, annotations: {{argocd.argoproj.io/sync-options: {option}}}}}"),
        )
    };
    let changed = |text: &str| text.replace("app: web", "app: other");
    // The selector cannot change: with force the object is deleted and created again.
    assert_eq!(
        only(ARGO_CD, false, &with("Validate=true"), &changed(&with("Validate=true"))).verdict,
        Verdict::Rejected
    );
    assert_eq!(
        only(ARGO_CD, false, &with("Force=true"), &changed(&with("Force=true"))).verdict,
        Verdict::Accepted
    );
    let options = Options { driver: ARGO_CD, ..Options::default() };
    let note = ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"];
    for (option, has_note) in
        [("Validate=true", true), ("ServerSideApply=true", false), ("Replace=true", false)]
    {
        let new = with(option).replace("replicas: 2", "replicas: 3");
        let stored = diff::stored(&objects(&with(option)), &objects(&new), &options);
        assert_eq!(stored[0].after.as_ref().unwrap().at(&note).is_some(), has_note, "{option}");
    }
    let kept = pruned(ARGO_CD, &with("Prune=false"), &config_map("a", "", "x"));
    assert!(!find(&kept, "web").is_deleted);
    assert!(
        details(find(&kept, "web"))
            .contains("`argocd.argoproj.io/sync-options: Prune=false` tells Argo CD not to delete it")
    );
}

fn job(spec: &str, image: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate}}\nspec: {{{spec}template: {{metadata: {{labels: {{app: m}}}}, spec: {{restartPolicy: Never, containers: [{{name: a, image: \"{image}\"}}]}}}}}}\n"
    )
}

#[test]
fn put_drops_the_selector_that_the_server_generated_for_a_job() {
    let old = job("backoffLimit: 3, ", "x:1");
    // Not even the same manifest can be sent again.
    for new in [old.clone(), job("backoffLimit: 4, ", "x:1")] {
        let object = only(Driver::Replace, false, &old, &new);
        assert_eq!(object.verdict, Verdict::Rejected, "{new}");
        assert!(
            reasons(&object).contains(&"spec.selector: Required value".to_owned()),
            "{:?}",
            reasons(&object)
        );
        // What the server generates is no change of the user's, and its uid is not known.
        assert!(changes(&object).len() <= 1, "{:?}", changes(&object));
        let text = format!("{:?} {:?}", object.reasons, object.remediation);
        assert!(!text.contains("uid-of"), "{text}");
        let first = object.remediation[0].to_string();
        assert!(first.starts_with("# update it with `kubectl apply`"), "{first}");
        assert_eq!(only(Driver::Kubectl, false, &old, &new).verdict, Verdict::Accepted);
    }
    // One with a selector of its own is whole.
    let manual = |limit: u8| {
        job(
            &format!("backoffLimit: {limit}, manualSelector: true, selector: {{matchLabels: {{app: m}}}}, "),
            "x:1",
        )
    };
    let object = only(Driver::Replace, false, &manual(3), &manual(4));
    assert_eq!(
        (object.verdict, changes(&object)),
        (Verdict::Accepted, vec!["spec.backoffLimit: 3 -> 4".to_owned()])
    );
    // A template that changes is refused whoever sends it; the message holds no uid that was made up.
    for driver in ALL {
        let object = only(driver, false, &old, &job("backoffLimit: 3, ", "x:2"));
        assert_eq!(object.verdict, Verdict::Rejected, "{driver:?}");
        assert!(!format!("{:?}", object.reasons).contains("uid-of"), "{driver:?} {:?}", object.reasons);
    }
}

#[test]
fn what_is_forced_stops_before_it_starts_again() {
    const FORCE: [(Driver, &str); 2] = [
        (Driver::Flux, "kustomize.toolkit.fluxcd.io/force: enabled"),
        (ARGO_CD, "argocd.argoproj.io/sync-options: Force=true"),
    ];
    for (driver, annotation) in FORCE {
        let forced =
            |text: &str| text.replace("name: web}", &format!("name: web, annotations: {{{annotation}}}}}"));
        // Without need nothing is forced.
        let scaled =
            only(driver, false, &forced(&deployment("replicas: 2, ")), &forced(&deployment("replicas: 3, ")));
        assert!(scaled.has(EffectKind::ScaleUp) && !scaled.has(EffectKind::Recreate), "{driver:?}");
        let (old, new) = (
            forced(&deployment("replicas: 2, ")),
            forced(&deployment("replicas: 2, ")).replace("app: web", "app: other"),
        );
        let object = only(driver, false, &old, &new);
        assert!(
            object.has(EffectKind::Recreate) && !object.has(EffectKind::RollingRestart),
            "{driver:?} {}",
            details(&object)
        );
        assert!(object.restarts());
        let options = Options { driver, ..Options::default() };
        let rehearsal_options = plimsoll::rehearse::Options { diff: options, ..Default::default() };
        let rehearsal = plimsoll::rehearse::rehearse(&objects(&old), &objects(&new), &rehearsal_options)
            .unwrap()
            .remove(0);
        assert_eq!(rehearsal.steps[0].ready, 0, "{driver:?} {:?}", rehearsal.steps);
        let last = rehearsal.steps.last().unwrap();
        assert_eq!((last.ready, last.pods, last.wanted), (2, 2, 2), "{driver:?}");

        let set = |claim: &str, when: &str| {
            format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db, annotations: {{{annotation}}}}}\nspec: {{serviceName: db, persistentVolumeClaimRetentionPolicy: {{whenDeleted: {when}}}, selector: {{matchLabels: {{app: db}}}}, template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: a, image: x}}]}}}}, volumeClaimTemplates: [{{metadata: {{name: {claim}}}, spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}}}]}}\n"
            )
        };
        for (old, new, lost) in [
            (set("data", "Retain"), set("logs", "Retain"), "claim templates that are removed: `data`"),
            (
                set("data", "Delete"),
                set("logs", "Delete"),
                "the claims data-db-0 are deleted with it (whenDeleted: Delete)",
            ),
            (set("data", "Retain"), set("data", "Retain").replace("1Gi", "2Gi"), ""),
        ] {
            let object = only(driver, false, &old, &new);
            assert_eq!(object.has(EffectKind::DataLoss), !lost.is_empty(), "{driver:?} {}", details(&object));
            assert!(
                object.has(EffectKind::Recreate) && details(&object).contains(lost),
                "{driver:?} {}",
                details(&object)
            );
        }
        let once = |image: &str| {
            job("", image)
                .replace("name: migrate}", &format!("name: migrate, annotations: {{{annotation}}}}}"))
        };
        let again = only(driver, false, &once("x:1"), &once("x:2"));
        assert!(details(&again).contains("it runs again from the start"), "{driver:?} {}", details(&again));
    }
}

#[test]
fn put_sends_objects_that_have_not_changed() {
    for text in [deployment("replicas: 3, "), service("{port: 80}"), config_map("a", "", "x")] {
        let plan = plan(Driver::Replace, false, &text, &text);
        assert!(plan.is_empty(), "{}", render::plan(&plan, Style::Plain));
    }
}

#[test]
fn claim_templates_cannot_get_annotations_not_even_empty_ones() {
    let set = |metadata: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec: {{serviceName: db, selector: {{matchLabels: {{app: db}}}}, template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: a, image: x}}]}}}}, volumeClaimTemplates: [{{metadata: {{name: data{metadata}}}, spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}}}]}}\n"
        )
    };
    for driver in ALL {
        // A null is an empty text to the server, and an empty map is no map.
        for (metadata, is_refused) in [
            (", annotations: {a: null}", true),
            (", annotations: {a: \"\"}", true),
            (", annotations: {}", false),
            (", annotations: null", false),
        ] {
            let object = only(driver, false, &set(""), &set(metadata));
            assert_eq!(
                object.verdict == Verdict::Rejected,
                is_refused,
                "{driver:?} {metadata} {:?}",
                object.reasons
            );
            assert!(
                is_refused || object.change == Change::Unchanged,
                "{driver:?} {metadata} {:?}",
                object.changes
            );
        }
    }
}

#[test]
fn data_that_is_deleted_with_the_old_name_does_not_stay() {
    let set = |name: &str, when: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec: {{serviceName: db, persistentVolumeClaimRetentionPolicy: {{whenDeleted: {when}}}, selector: {{matchLabels: {{app: db}}}}, template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: a, image: x}}]}}}}, volumeClaimTemplates: [{{metadata: {{name: data}}, spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}}}]}}\n"
        )
    };
    let claim = |name: &str| {
        format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\nspec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}\n"
        )
    };
    let renamed = |driver, old: &str, new: &str| {
        let plan = plan(driver, false, old, new);
        let added = plan.objects.iter().find(|object| object.change == Change::Added).unwrap();
        details(added)
    };
    for driver in ALL {
        let deletes = DELETING.contains(&driver);
        if driver == Driver::Replace {
            continue;
        }
        let delete = renamed(driver, &set("db", "Delete"), &set("db2", "Delete"));
        assert_eq!(delete.contains("are deleted with their data"), deletes, "{driver:?} {delete}");
        assert_eq!(delete.contains("as long as `db` is not deleted"), !deletes, "{driver:?} {delete}");
        let retain = renamed(driver, &set("db", "Retain"), &set("db2", "Retain"));
        assert!(retain.contains("the data stays in the claims of the old name"), "{driver:?} {retain}");
        let claims = renamed(driver, &claim("a"), &claim("a2"));
        assert_eq!(claims.contains("the old claim is deleted"), deletes, "{driver:?} {claims}");
    }
}

#[test]
fn what_the_server_keeps_is_no_matter_of_keys_where_the_server_merges() {
    let recreate = deployment("strategy: {type: Recreate}, ");
    for driver in [SERVER_SIDE, HELM, Driver::Flux, argo_cd("ServerSideApply=true")] {
        let object = only(driver, false, &deployment(""), &recreate);
        assert_eq!(object.verdict, Verdict::Rejected, "{driver:?}");
        let help = object.remediation[0].to_string();
        assert!(
            help.contains("keeps fields that it does not name (spec.strategy.rollingUpdate)"),
            "{driver:?} {help}"
        );
        assert!(!help.contains("merges lists"), "{driver:?} {help}");
    }
}

/// A sync with an option of the Application.
fn argo_cd(option: &str) -> Driver {
    Driver::ArgoCd { sync: SyncOptions::of_words([option]).unwrap() }
}

#[test]
fn argo_cd_reads_the_options_of_the_application() {
    let note = ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"];
    let (old, new) = (deployment("replicas: 2, "), deployment("replicas: 3, "));
    let has_note = |driver: Driver, annotations: &str| {
        let annotated = |text: &str| text.replace("name: web}", &format!("name: web{annotations}}}"));
        let options = Options { driver, ..Options::default() };
        let stored = diff::stored(&objects(&annotated(&old)), &objects(&annotated(&new)), &options);
        let after = stored[0].after.as_ref().unwrap();
        assert_eq!(
            after.at(&["spec", "replicas"]).and_then(plimsoll::yaml::Node::as_i64),
            Some(3),
            "{driver:?}"
        );
        after.at(&note).is_some()
    };
    assert!(has_note(ARGO_CD, ""));
    assert!(!has_note(argo_cd("Replace=true"), "") && !has_note(argo_cd("ServerSideApply=true"), ""));
    // The object has the last word.
    let own = ", annotations: {argocd.argoproj.io/sync-options: ServerSideApply=false}";
    assert!(has_note(argo_cd("ServerSideApply=true"), own));
    // Two ports of one number are two items on the server, and one for the client.
    let ports = (
        service("{name: a, port: 53, protocol: UDP}, {name: b, port: 53}"),
        service("{name: a, port: 53, protocol: UDP}"),
    );
    let verdict = |driver| only(driver, false, &ports.0, &ports.1).verdict;
    assert_eq!(
        (verdict(ARGO_CD), verdict(argo_cd("ServerSideApply=true"))),
        (Verdict::Rejected, Verdict::Accepted)
    );
    assert_eq!(verdict(argo_cd("Replace=true")), Verdict::Accepted);
    let plan = plan(argo_cd("Replace=true"), false, &old, &new);
    assert!(render::plan(&plan, Style::Plain).starts_with("Argo CD sync (Replace=true), Kubernetes"));
    let json: serde_json::Value = serde_json::from_str(&render::json(&plan)).unwrap();
    assert_eq!(json["syncOptions"], serde_json::json!(["Replace=true"]));
}

#[test]
fn argo_cd_deletes_last_what_the_application_prunes_last() {
    // An object of a wave that fails keeps a later wave from being begun, deletions among it.
    let (old, new) = (config_map("gone", "", "x"), format!("{}{INVALID}", config_map("a", "", "x")));
    for (driver, is_deleted) in [(ARGO_CD, true), (argo_cd("PruneLast=true"), false)] {
        assert_eq!(find(&pruned(driver, &old, &new), "gone").is_deleted, is_deleted, "{driver:?}");
    }
}

#[test]
fn flux_applies_all_of_a_stage_or_nothing() {
    let class = "---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: p}\nvalue: 1\n";
    let old = format!("{}{}", config_map("a", "", "x"), config_map("gone", "", "x"));
    let plan = plan(Driver::Flux, false, &old, &format!("{}{INVALID}{class}", config_map("a", "", "z")));
    let stops = "is not applied: `flux reconcile` stops at Deployment/web, which is refused";
    assert_eq!(details(find(&plan, "a")), stops);
    assert_eq!(details(find(&plan, "p")), "");
    assert!(!find(&plan, "gone").is_deleted);
}

#[test]
fn flux_reads_the_annotations_of_objects() {
    let with = |annotation: &str, data: &str| {
        config_map("a", &format!(", annotations: {{kustomize.toolkit.fluxcd.io/{annotation}}}"), data)
    };
    for annotation in ["ssa: Ignore", "ssa: IfNotPresent", "reconcile: disabled"] {
        let object = only(Driver::Flux, false, &with(annotation, "x"), &with(annotation, "z"));
        assert!(
            details(&object).contains(&format!("is not applied: `kustomize.toolkit.fluxcd.io/{annotation}`")),
            "{}",
            details(&object)
        );
    }
    for (annotation, is_deleted) in
        [("prune: disabled", false), ("ssa: Ignore", false), ("ssa: IfNotPresent", true)]
    {
        assert_eq!(
            only(Driver::Flux, false, &with(annotation, "x"), "").is_deleted,
            is_deleted,
            "{annotation}"
        );
    }
    // What cannot be updated is replaced if the object asks for it.
    let immutable =
        |force: &str, data: &str| format!("{}immutable: true\n", with(&format!("force: {force}"), data));
    for (force, verdict) in [("enabled", Verdict::Accepted), ("disabled", Verdict::Rejected)] {
        assert_eq!(
            only(Driver::Flux, false, &immutable(force, "x"), &immutable(force, "z")).verdict,
            verdict
        );
    }
    // Fields of kubectl are taken over, unless the object is to be merged.
    let live = |ssa: &str| {
        live("kubectl", "Apply")
            .replace("annotations: {", &format!("annotations: {{kustomize.toolkit.fluxcd.io/ssa: {ssa}, "))
    };
    let new = |ssa: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, annotations: {{kustomize.toolkit.fluxcd.io/ssa: {ssa}}}}}\ndata: {{own: a}}\n"
        )
    };
    let dropped = |ssa: &str| {
        changes(&only(Driver::Flux, true, &live(ssa), &new(ssa)))
            .contains(&"data.dropped: \"b\" -> -".to_owned())
    };
    assert!(dropped("Override") && !dropped("Merge"));
}

#[test]
fn hooks_run_in_their_order_and_stop_an_upgrade_that_fails() {
    let hook = |name: &str, event: &str, image: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, annotations: {{helm.sh/hook: {event}}}}}\nspec: {{restartPolicy: Never, containers: [{{name: a, image: {image}}}]}}\n"
        )
    };
    let manifests = |image: &str, data: &str| {
        format!(
            "{}{}{}",
            hook("before", "pre-upgrade", image),
            hook("check", "test", image),
            config_map("a", "", data)
        )
    };
    // A hook is replaced, not updated: its whole spec may change.
    let replaced = plan(HELM, false, &manifests("x", "x"), &manifests("z, tty: true", "z"));
    assert_eq!(
        find(&replaced, "before").verdict,
        Verdict::Accepted,
        "{:?}",
        find(&replaced, "before").reasons
    );
    assert!(details(find(&replaced, "check")).contains("an upgrade runs no hook for `test`"));
    assert_eq!(
        plan(Driver::Kubectl, false, &manifests("x", "x"), &manifests("z, tty: true", "z")).objects[0]
            .verdict,
        Verdict::Rejected
    );
    let failed = plan(HELM, false, &manifests("x", "x"), &manifests("\"\"", "z"));
    assert_eq!(find(&failed, "before").verdict, Verdict::Rejected);
    assert_eq!(
        details(find(&failed, "a")),
        "is not applied: `helm upgrade` stops at Pod/before, which is refused"
    );
}

#[test]
fn what_another_object_has_is_refused_by_every_driver() {
    let service = |name: &str, spec: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{{spec}ports: [{{port: 80, nodePort: 30100}}]}}\n"
        )
    };
    let one = service("one", "type: NodePort, ");
    let both = format!("{one}{}", service("two", "type: NodePort, "));
    for driver in ALL {
        let plan = plan(driver, false, &one, &both);
        let two = find(&plan, "two");
        assert_eq!(
            reasons(two),
            ["spec.ports[0].nodePort: Invalid value: 30100: provided port is already allocated"],
            "{driver:?}"
        );
    }
    // The order of the requests decides: the port is free once the first Service has given it up.
    let freed = service("one", "").replace(", nodePort: 30100", "");
    let (before, after) = (
        format!("{freed}{}", service("two", "type: NodePort, ")),
        format!("{}{freed}", service("two", "type: NodePort, ")),
    );
    assert_eq!(find(&plan(Driver::Kubectl, false, &one, &before), "two").verdict, Verdict::Accepted);
    assert_eq!(find(&plan(Driver::Kubectl, false, &one, &after), "two").verdict, Verdict::Rejected);
}

#[test]
fn custom_resources_are_stored_and_validated_by_their_definition() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, names: {kind: Thing, plural: things}, scope: Cluster, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}}]}\n";
    let thing = |size: &str| {
        format!(
            "---\napiVersion: example.com/v1\nkind: Thing\nmetadata: {{name: t}}\nspec: {{size: {size}}}\n"
        )
    };
    for driver in ALL {
        let (old, new) = (format!("{definition}{}", thing("1")), format!("{definition}{}", thing("2")));
        let options = Options { driver, ..Options::default() };
        let stored = diff::stored(&objects(&old), &objects(&new), &options);
        let after = stored[1].after.as_ref().unwrap();
        assert_eq!(after.at(&["spec", "size"]).and_then(plimsoll::yaml::Node::as_i64), Some(2), "{driver:?}");
        assert!(after.at(&["metadata", "namespace"]).is_none(), "{driver:?}");
        let refused =
            diff::compare(&objects(&old), &objects(&format!("{definition}{}", thing("many"))), &options);
        assert_eq!(refused.objects[1].verdict, Verdict::Rejected, "{driver:?}");
    }
}

#[test]
fn a_custom_resource_gets_the_defaults_of_a_definition_that_comes_with_it() {
    let definition = |properties: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: things.example.com}}\nspec: {{group: example.com, names: {{kind: Thing, plural: things}}, scope: Namespaced, versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, properties: {{{properties}}}}}}}}}}}}}]}}\n"
        )
    };
    let release = |properties: &str, spec: &str| {
        format!(
            "{}---\napiVersion: example.com/v1\nkind: Thing\nmetadata: {{name: t}}\nspec: {{{spec}}}\n",
            definition(properties)
        )
    };
    let size = "size: {type: integer, default: 1}, mode: {type: string}";
    for driver in ALL {
        let thing = |old: &str, new: &str| {
            find(&plan(driver, false, &release(size, old), &release(size, new)), "t").clone()
        };
        // What leaves the manifest is what the definition says, and what it says anyway is no change.
        assert_eq!(changes(&thing("size: 3, mode: a", "mode: a")), ["spec.size: 3 -> 1"], "{driver:?}");
        let same = thing("mode: a", "mode: a, size: 1");
        assert_eq!((same.change, same.verdict), (Change::Unchanged, Verdict::Accepted), "{driver:?}");
        let unknown = thing("mode: a", "mode: a, sise: 2");
        let is_refused = driver != Driver::Helm3;
        assert_eq!(unknown.verdict == Verdict::Rejected, is_refused, "{driver:?} {:?}", unknown.effects);
    }
}

/// Manifests of some kinds, by name and value.
fn release(maps: &std::collections::BTreeMap<u8, u8>, ports: &std::collections::BTreeSet<u8>) -> String {
    let mut text: String =
        maps.iter().map(|(name, value)| config_map(&format!("c{name}"), "", &format!("v{value}"))).collect();
    let ports: Vec<String> =
        ports.iter().map(|n| format!("{{name: p{n}, port: {}}}", 80 + u16::from(*n))).collect();
    if !ports.is_empty() {
        text.push_str("---\n");
        text.push_str(&service(&ports.join(", ")));
    }
    text
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    /// What is applied twice changes nothing, whatever the driver, and what is left is what the manifests say.
    #[test]
    fn drivers_keep_their_laws(
        old in proptest::collection::btree_map(0..6_u8, 0..3_u8, 0..5),
        new in proptest::collection::btree_map(0..6_u8, 0..3_u8, 1..5),
        old_ports in proptest::collection::btree_set(0..4_u8, 0..3),
        new_ports in proptest::collection::btree_set(0..4_u8, 1..3),
    ) {
        let (old, new) = (objects(&release(&old, &old_ports)), objects(&release(&new, &new_ports)));
        for driver in ALL {
            for prune in [false, true] {
                let options = Options { driver, prune, ..Options::default() };
                proptest::prop_assert!(diff::compare(&new, &new, &options).is_empty());
                let stored = diff::stored(&old, &new, &options);
                let left: Vec<&str> = stored.iter().filter(|one| one.after.is_some()).map(|one| one.name.as_str()).collect();
                let is_pruned = DELETING.contains(&driver) || prune && driver.can_prune();
                // `kubectl replace` creates no ConfigMaps.
                let expected = |one: &&diff::StoredObject| {
                    let is_created = driver != Driver::Replace || one.kind == "Service" || one.before.is_some();
                    if one.is_removed { !is_pruned } else { is_created }
                };
                let expected: Vec<&str> = stored.iter().filter(expected).map(|one| one.name.as_str()).collect();
                proptest::prop_assert_eq!(left, expected, "{:?} {}", driver, prune);
                // Once more over what is stored: nothing changes.
                let live: Vec<_> = new.iter().filter_map(|object| {
                    let found = stored.iter().find(|one| one.name == object.name && one.kind == object.kind)?;
                    // A Service shows placeholders for what the server chose.
                    let root = found.after.clone().filter(|_| object.kind != "Service")?;
                    Some(plimsoll::manifest::Object { root: root.into(), ..object.clone() })
                }).collect();
                let again = diff::compare(&live, &new, &Options { live: true, ..options });
                for object in again.objects.iter().filter(|object| object.change != Change::Added) {
                    proptest::prop_assert_eq!(object.verdict, Verdict::Accepted, "{:?} {:?}", driver, object.reasons);
                    proptest::prop_assert_eq!(object.change, Change::Unchanged, "{:?} {:?}", driver, object.changes);
                }
            }
        }
    }
}
