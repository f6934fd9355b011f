//! The release before it exists.

use crate::support::objects;
use plimsoll::k8s::Version;
use plimsoll::preview::{self, Preview};

const RELEASE: &str = r#"apiVersion: apps/v1
kind: StatefulSet
metadata: {name: app-stateful-python-app}
spec:
  serviceName: app-stateful-python-app
  replicas: 3
  podManagementPolicy: Parallel
  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}
  selector: {matchLabels: {app: python-app}}
  template:
    metadata: {labels: {app: python-app}}
    spec:
      initContainers:
        - {name: init, image: x:1, resources: {requests: {cpu: "1"}}}
      containers:
        - name: app
          image: x:1
          resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {cpu: 200m, memory: 256Mi}}
          volumeMounts: [{name: data, mountPath: /data}]
        - {name: agent, image: y:1, resources: {limits: {memory: 64Mi}}}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], storageClassName: standard, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Service
metadata: {name: app-stateful-python-app}
spec:
  clusterIP: None
  selector: {app: python-app}
  ports: [{name: http, port: 80, targetPort: 5000}]
---
apiVersion: v1
kind: Service
metadata: {name: front}
spec:
  type: NodePort
  selector: {app: proxy}
  ports: [{port: 80, nodePort: 30080}, {name: b, port: 81}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: proxy}
spec:
  replicas: 2
  selector: {matchLabels: {app: proxy}}
  template:
    metadata: {labels: {app: proxy}}
    spec:
      containers: [{name: proxy, image: "z:1", resources: {requests: {cpu: 250m}}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: backup}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 512Mi}}}
"#;

fn preview(text: &str) -> Preview {
    preview::build_preview(&objects(text), &[], "default", Version::DEFAULT)
}

#[test]
fn the_tables_say_what_kubectl_will() {
    let expected = "\
WORKLOADS
  NAME                                 PODS  START ORDER                                                      UPDATE ORDER
  statefulset/app-stateful-python-app  3     app-stateful-python-app-0 to app-stateful-python-app-2, all at once  app-stateful-python-app-2 down to app-stateful-python-app-1, each when the one before is ready
";
    let shown = preview::table(&preview(RELEASE));
    let squeezed = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    assert!(squeezed(&shown).starts_with(&squeezed(expected)), "{shown}");
    for line in [
        "app-stateful-python-app-1 app-stateful-python-app-1.app-stateful-python-app.default.svc.cluster.local data-app-stateful-python-app-1",
        "app-stateful-python-app ClusterIP None 80/TCP -> 5000 statefulset/app-stateful-python-app",
        "front NodePort allocated 80:30080/TCP, 81:<node port>/TCP deployment/proxy",
        "data-app-stateful-python-app-0 1Gi RWO standard app-stateful-python-app-0",
        "backup 512Mi RWX (default) -",
        "scaling down keeps the claims of the removed pods",
        "claims 4, storage 3584Mi",
    ] {
        assert!(squeezed(&shown).contains(line), "{line}\n{shown}");
    }
}

#[test]
fn totals_count_as_the_scheduler_does() {
    let totals = preview(RELEASE).totals;
    let text = |quantity: Option<plimsoll::k8s::quantity::Quantity>| quantity.unwrap().to_string();
    assert_eq!(totals.pods, 5);
    // Three times the initialisation (1 CPU is more than 100m), twice 250m.
    assert_eq!(text(totals.requests.cpu), "3500m");
    // The agent asks for its limit.
    assert_eq!(text(totals.requests.memory), "576Mi");
    assert_eq!(text(totals.limits.memory), "960Mi");
}

#[test]
fn pods_without_a_headless_service_have_no_names_of_their_own() {
    let with_address = preview(&RELEASE.replace("  clusterIP: None\n", ""));
    let set = &with_address.workloads[0];
    assert!(set.pods.iter().all(|pod| pod.dns.is_none()));
    assert!(set.warnings[0].contains("not headless"));
    let missing = preview(&RELEASE.replace("serviceName: app-stateful-python-app", "serviceName: other"));
    assert!(missing.workloads[0].warnings[0].contains("not rendered"));
}

#[test]
fn ordinals_retention_and_on_delete_are_respected() {
    let text = RELEASE.replace(
        "replicas: 3\n",
        "replicas: 2\n  ordinals: {start: 5}\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}\n",
    );
    let set = &preview(&text).workloads[0];
    let names: Vec<_> = set.pods.iter().map(|pod| pod.name.rsplit('-').next().unwrap()).collect();
    assert_eq!(names, ["5", "6"]);
    assert_eq!(set.update, "app-stateful-python-app-6");
    assert!(set.leaves[0].contains("deletes") && set.leaves[1].contains("keeps"));
}

#[test]
fn a_set_without_pods_updates_none() {
    for partition in [0, 3] {
        let text = RELEASE
            .replace("replicas: 3\n", "replicas: 0\n")
            .replace("{partition: 1}", &format!("{{partition: {partition}}}"));
        let set = &preview(&text).workloads[0];
        assert_eq!((set.start.as_str(), set.update.as_str()), ("no pods", "no pods"));
    }
}

#[test]
fn a_million_replicas_are_counted_and_not_listed() {
    let preview = preview(&RELEASE.replace("replicas: 3", "replicas: 1000000"));
    assert_eq!(preview.totals.claims, 1_000_001);
    assert!(preview.workloads[0].pods.len() < 1000);
    assert!(preview::svg(&preview).len() < 100_000);
}

#[test]
fn every_format_is_well_formed() {
    let preview = preview(RELEASE);
    let json: serde_json::Value = serde_json::from_str(&preview::json(&preview)).unwrap();
    assert_eq!(json["workloads"][0]["pods"][2]["ordinal"], 2);
    assert_eq!(json["claims"][0]["storageClass"], "standard");
    assert_eq!(json["services"][0]["clusterIP"], "None");
    let mermaid = preview::mermaid(&preview);
    assert!(mermaid.starts_with("flowchart LR\n") && mermaid.contains(" --> "));
    let svg = preview::svg(&preview);
    assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count());
    assert!(svg.ends_with("</svg>\n"));
    assert!(
        preview::table(&preview::build_preview(&[], &[], "default", Version::DEFAULT)).starts_with("TOTAL")
    );
}

#[test]
fn custom_kinds_are_no_built_in_ones_of_the_same_name() {
    let shown = preview::build_preview(
        &objects(
            "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\nspec: {template: {spec: {containers: []}}}\n---\n\
             apiVersion: apps.kruise.io/v1beta1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {replicas: 3}\n",
        ),
        &[],
        "default",
        Version::DEFAULT,
    );
    assert_eq!(shown, Preview::default());
}

/// The pod of a test carries the labels that the chart gives to everything.
#[test]
fn services_select_the_pods_of_hooks_as_well() {
    let hook = "apiVersion: v1\nkind: Pod\nmetadata: {name: check, labels: {app: db}, annotations: {helm.sh/hook: test}}\n\
                spec: {containers: [{name: check, image: x:1}]}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 80}]}\n";
    let shown = preview::build_preview(&objects(service), &objects(hook), "default", Version::DEFAULT);
    assert_eq!(shown.services[0].selected_hooks, ["Pod/check"]);
    assert_eq!(shown.totals.pods, 0);
    assert!(preview::table(&shown).contains("pod/check (hook)"), "{}", preview::table(&shown));
}

#[test]
fn a_replication_controller_makes_pods_as_well() {
    let shown = preview::build_preview(
        &objects(
            "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: web}\n\
             spec: {replicas: 2, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: x:1}]}}}\n---\n\
             apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n",
        ),
        &[],
        "default",
        Version::DEFAULT,
    );
    assert_eq!(shown.totals.pods, 2);
    assert_eq!(shown.workloads[0].update, "existing pods are not updated");
    assert_eq!(shown.services[0].selects, ["ReplicationController/web"]);
}
