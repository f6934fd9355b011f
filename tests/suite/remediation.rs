//! What to do about a change: commands that are safe to paste, and none that destroys what could not be made again.

use crate::support::{Sandbox, objects};
use plimsoll::diag::Sources;
use plimsoll::diff::render::{self, Style};
use plimsoll::diff::{
    self, Change, Cluster, EffectKind, FailOn, Instruction, ObjectPlan, Options, Plan, Verdict,
};
use plimsoll::manifest;
use plimsoll::yaml::ReadOptions;
use regex::Regex;
use std::process::Command;

const SET: &str = r"apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 3
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - {name: db, image: 'example.net/db:1', volumeMounts: [{name: data, mountPath: /data}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";

const SERVICE: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n";

fn plan(old: &str, new: &str) -> Plan {
    diff::compare(&objects(old), &objects(new), &Options::default())
}

fn lines(object: &ObjectPlan) -> Vec<String> {
    object.remediation.iter().map(ToString::to_string).collect()
}

fn has_command(object: &ObjectPlan) -> bool {
    object.remediation.iter().any(|step| matches!(step, Instruction::Command(_)))
}

/// The plan in every format for people.
fn formats(plan: &Plan) -> [String; 6] {
    [
        render::plan(plan, Style::Plain),
        render::unified(plan, 3, Style::Plain),
        render::summary(plan, Style::Plain),
        render::markdown(plan, "x"),
        render::html(plan, "x"),
        render::script(plan, "x", &Options::default()),
    ]
}

#[test]
fn a_manifest_that_is_at_fault_itself_is_fixed_first() {
    let sized = |size: &str| SET.replace("storage: 1Gi", &format!("storage: {size}"));
    let service = |port: &str| {
        SERVICE
            .replace("5432", port)
            .replace("selector: {app: db}, ", "selector: {app: db}, clusterIP: None, ")
    };
    let job = |image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec:\n  template:\n    spec:\n      restartPolicy: {image}\n      containers: [{{name: c, image: x}}]\n"
        )
    };
    for (old, new, path) in [
        (SET.to_owned(), SET.replace("  replicas: 3", "  replicas: 3\n  replica: 4"), "spec.replica"),
        (sized("1Gi"), sized("2Gx"), "spec.volumeClaimTemplates[0].spec.resources.requests.storage"),
        (sized("10Gi"), sized("20GB"), "spec.volumeClaimTemplates[0].spec.resources.requests.storage"),
        // Both a field that cannot change and one that is wrong.
        (sized("1Gi"), sized("2Gi").replace("replicas: 3", "replicas: -3"), "spec.replicas"),
        (SERVICE.to_owned(), service("543200"), "spec.ports[0].port"),
        (job("Never"), job("Always"), "spec.template.spec.restartPolicy"),
    ] {
        let plan = plan(&old, &new);
        let object = &plan.objects[0];
        assert_eq!(object.verdict, Verdict::Rejected, "{path}");
        assert!(object.reasons.iter().any(|reason| reason.path == path), "{path}: {:?}", object.reasons);
        assert!(!has_command(object), "{:?}", lines(object));
        assert!(lines(object)[0].starts_with("# fix the manifest first"), "{:?}", lines(object));
        assert!(lines(object)[0].contains(path), "{:?}", lines(object));
        assert!(!formats(&plan).iter().any(|text| text.contains("shrinks")));
        assert_eq!(plan.exit_code(&[]), 3);
    }
}

#[test]
fn an_unknown_field_is_no_change_of_the_spec() {
    let typo = SET.replace("replicas: 3", "replica: 4");
    let wrong = plan(SET, &typo);
    let reasons: Vec<&str> = wrong.objects[0].reasons.iter().map(|reason| reason.path.as_str()).collect();
    assert_eq!(reasons, ["spec.replica"], "nothing is said of immutable fields");
    assert!(wrong.objects[0].reasons[0].message.contains("unknown field"));
    let right = plan(&typo, SET);
    let set = &right.objects[0];
    assert_eq!(set.verdict, Verdict::Accepted, "{:?}", set.reasons);
    let changes: Vec<String> = set.changes.iter().map(|change| change.path.to_string()).collect();
    assert_eq!(changes, ["spec.replicas"]);
    assert!(set.effects[0].detail.starts_with("1 -> 3 replicas"), "{:?}", set.effects);
    // Alone it is no difference in what is stored, and is refused all the same.
    let alone = plan(SET, &SET.replace("  replicas: 3", "  replicas: 3\n  replica: 3"));
    assert_eq!(alone.objects[0].verdict, Verdict::Rejected);
}

/// Changes of many kinds, each with commands to run.
fn refused_and_removed() -> (String, String) {
    let old = format!(
        "{SET}{SERVICE}---
apiVersion: batch/v1
kind: Job
metadata: {{name: migrate}}
spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: 'x:1'}}]}}}}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: scratch}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings}}
data: {{level: info}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: proxy}}
spec:
  paused: true
  selector: {{matchLabels: {{app: proxy}}}}
  template:
    metadata: {{labels: {{app: proxy}}}}
    spec:
      containers: [{{name: c, image: 'x:1', envFrom: [{{configMapRef: {{name: settings}}}}]}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: cache}}
spec:
  serviceName: cache
  selector: {{matchLabels: {{app: cache}}}}
  template:
    metadata: {{labels: {{app: cache}}}}
    spec: {{containers: [{{name: c, image: 'x:1'}}]}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: fast}}
provisioner: a
---
apiVersion: example.net/v1
kind: Backup
metadata: {{name: nightly}}
"
    );
    let new = old
        .replace("storage: 1Gi", "storage: 2Gi")
        .replace("image: 'x:1'", "image: 'x:2'")
        .replace("spec: {selector: {app: db}, ", "spec: {clusterIP: None, selector: {app: db}, ")
        .replace("provisioner: a", "provisioner: b")
        .replace("level: info", "level: debug")
        .replace("---\napiVersion: example.net/v1\nkind: Backup\nmetadata: {name: nightly}\n", "");
    (old, new)
}

#[test]
fn every_command_says_where_it_runs() {
    let (old, new) = refused_and_removed();
    let options = Options {
        namespace: "prod".to_owned(),
        cluster: Cluster { context: Some("eu west".to_owned()), kubeconfig: Some("/etc/kube".to_owned()) },
        ..Options::default()
    };
    let plan = diff::compare(&objects(&old), &objects(&new), &options);
    let text = render::plan(&plan, Style::Plain);
    let command = Regex::new(r"kubectl (delete|patch|rollout)[^`\n]*").unwrap();
    let found: Vec<&str> = command.find_iter(&text).map(|found| found.as_str()).collect();
    assert!(found.len() >= 11, "{text}");
    for line in found {
        assert!(line.contains(" --context 'eu west' --kubeconfig /etc/kube"), "{line}");
        assert_eq!(line.contains(" -n prod "), !line.contains("storageclass"), "{line}");
    }
    // The namespace of the object itself counts.
    let staged = SET.replace("metadata: {name: db}", "metadata: {name: db, namespace: staging}");
    let staged = diff::compare(&objects(&staged), &objects(&staged.replace("1Gi", "2Gi")), &options);
    assert!(!lines(&staged.objects[0]).iter().any(|line| line.contains("-n prod")));
    assert!(lines(&staged.objects[0]).iter().any(|line| line.contains("-n staging")));
}

/// Names that would break out of where they are put.
const HOSTILE: &[&str] = &[
    "data\nkubectl delete namespace prod",
    "data\r\nkubectl delete namespace prod",
    "data'; touch pwned; '",
    "$(touch pwned)",
    "`touch pwned`",
    "x --all",
    "](http://example.net) <img src=x> @octocat | *x*",
    "```\n# x",
    "</code></pre><script>alert(1)</script>",
    "\u{1b}]0;x\u{7}\u{202e}",
];

#[test]
fn no_name_breaks_out_of_a_plan() {
    for name in HOSTILE {
        let quoted = serde_json::to_string(name).unwrap();
        let template = SET.replace("metadata: {name: data}", &format!("metadata: {{name: {quoted}}}"));
        let grown = template.replace("1Gi", "2Gi");
        let named = SET
            .replace("metadata: {name: db}", &format!("metadata: {{name: {quoted}, namespace: {quoted}}}"));
        let role = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: {quoted}}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: a}}\n"
        );
        let kind = format!(
            "apiVersion: {quoted}\nkind: {quoted}\nmetadata: {{name: a, annotations: {{{quoted}: {quoted}}}}}\n"
        );
        for (old, new) in [
            (SET, template.as_str()),
            (&template, SET),
            (&template, &grown),
            (SET, &named),
            (&named, SET),
            (&named, &named.replace("1Gi", "2Gi")),
            (&role, &role.replace("name: a", "name: b")),
            (&role, SERVICE),
            (&kind, SERVICE),
            (SERVICE, &kind),
        ] {
            let plan = plan(old, new);
            let shown = formats(&plan);
            for text in &shown {
                assert!(
                    !text
                        .lines()
                        .any(|line| line.trim().starts_with("kubectl delete namespace")
                            || line.starts_with("# x")),
                    "{text}"
                );
                assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{text:?}");
            }
            assert!(!shown[4].contains("<script") && !shown[4].contains("<img"), "{}", shown[4]);
            pasted(&plan);
        }
    }
}

/// Runs the remediation of a plan in a shell, in which only `kubectl` may do anything.
fn pasted(plan: &Plan) {
    let sandbox = Sandbox::new();
    let script: Vec<String> = plan.objects.iter().flat_map(lines).collect();
    sandbox.write(
        "script",
        &format!("kubectl() {{ echo \"$1\" >> ran; }}\nPATH=/nowhere\n{}\n", script.join("\n")),
    );
    let output = Command::new("/bin/sh").arg("script").current_dir(sandbox.path()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}\n{}", script.join("\n"));
    let commands = script.iter().filter(|line| !line.starts_with('#')).count();
    let ran = std::fs::read_to_string(sandbox.path().join("ran")).unwrap_or_default();
    assert_eq!(ran.lines().count(), commands, "{}", script.join("\n"));
}

#[test]
fn pasted_commands_reach_kubectl_as_they_were_meant() {
    let (old, new) = refused_and_removed();
    pasted(&plan(&old, &new));
    let roles =
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: \"it's $HOME; `id`\"}\n";
    let removed = plan(roles, SERVICE);
    let Instruction::Command(command) = removed.objects[1].remediation.last().unwrap() else { panic!() };
    assert_eq!(command.argv(), ["kubectl", "delete", "role", "it's $HOME; `id`", "-n", "default"]);
    pasted(&removed);
}

#[test]
fn markdown_of_a_plan_is_text() {
    let new = SET.replace("metadata: {name: db}", "metadata: {name: \"a|b](http://x) <img> @octocat `c`\"}");
    let shown = render::markdown(&plan("", &new), "a|b @octocat");
    let row = shown.lines().find(|line| line.starts_with("| `+`")).unwrap();
    assert_eq!(row.matches('|').count(), 4, "{row}");
    for markup in ["](", "<img", "@octocat", "`c`"] {
        assert!(!row.contains(markup), "{row}");
    }
}

#[test]
fn sentences_are_wrapped_and_commands_are_not() {
    let (old, new) = refused_and_removed();
    let plan = plan(&old, &new);
    let words = |text: &str| {
        let words = text.split_whitespace().filter(|word| *word != "#").map(str::to_owned);
        words.collect::<Vec<_>>()
    };
    let whole = render::plan(&plan, Style::Plain);
    for width in [60, 80] {
        let wrapped = render::plan_within(&plan, Style::Plain, width);
        // Two values that do not fit beside each other stand below each other, without an arrow.
        let sentences = |text: &str| {
            words(text)
                .into_iter()
                .filter(|word| !["->", "+", "-"].contains(&word.as_str()))
                .map(|word| word.trim_end_matches(':').to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(sentences(&wrapped), sentences(&whole));
        for line in wrapped.lines().filter(|line| line.len() > width) {
            let text = line.trim().trim_start_matches('#').trim().trim_start_matches('`');
            let value = text.starts_with(['~', '+', '-']);
            assert!(text.starts_with("kubectl ") || value || !text.contains(' '), "{line}");
        }
        // Colours take no room.
        let coloured =
            anstream::adapter::strip_str(&render::plan_within(&plan, Style::Coloured, width)).to_string();
        assert_eq!(coloured, wrapped);
    }
}

#[test]
fn a_comment_fits_whatever_changes() {
    let map = |index: usize, text: &str| {
        format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{index}}}\ndata: {{a: {text}}}\n")
    };
    let all = |text: &str| (0..2000).map(|index| map(index, text)).collect::<String>();
    let sized = |size: &str| SET.replace("storage: 1Gi", &format!("storage: {size}"));
    let long = "x".repeat(50_000);
    let old = format!("{}{}{}", all("b"), map(9999, "b"), format_args!("---\n{}", sized("2Gi")));
    let new = format!("{}{}{}", all("c"), map(9999, &long), format_args!("---\n{}", sized("1Gi")));
    let comment = render::markdown(&plan(&old, &new), &"long ".repeat(1000));
    assert!(comment.chars().count() < 65_536, "{}", comment.len());
    let first = comment.lines().find(|line| line.starts_with("| `")).unwrap();
    assert!(first.contains("StatefulSet/db") && first.contains("rejected"), "{first}");
    assert!(comment.contains("no volume can shrink"));
    assert!(comment.contains("more objects change; there is no room here for their details"));
}

fn removed(plan: &Plan) -> &ObjectPlan {
    plan.objects.iter().find(|object| object.change == Change::Removed).unwrap()
}

#[test]
fn what_leaves_the_manifests_stays_in_the_cluster() {
    let plan = plan(&format!("{SET}{SERVICE}"), SERVICE);
    let set = removed(&plan);
    assert_eq!(set.effects.len(), 1, "{:?}", set.effects);
    assert_eq!(set.effects[0].kind, EffectKind::None);
    assert!(set.effects[0].detail.starts_with("stays in the cluster"), "{:?}", set.effects);
    assert_eq!(
        lines(set),
        [
            "# deletes the pods db-2, db-1, db-0; the claims data-db-0, data-db-1, data-db-2 stay:",
            "kubectl delete statefulset db -n default",
        ]
    );
    for text in formats(&plan) {
        assert!(text.contains("stays in the cluster"), "{text}");
    }
    assert_eq!(plan.exit_code(&[FailOn::Effect(EffectKind::ScaleDown)]), 0);
    assert_eq!(plan.exit_code(&[FailOn::Removed]), 1);
}

#[test]
fn deleting_a_claim_is_left_to_the_reader() {
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";
    let gone = plan(&format!("{claim}{SERVICE}"), SERVICE);
    assert_eq!(gone.exit_code(&[FailOn::Effect(EffectKind::DataLoss)]), 0, "apply deletes nothing");
    assert!(lines(removed(&gone))[0].starts_with("# WARNING: its volume and the data are deleted"));
    assert_eq!(lines(removed(&gone))[1], "kubectl delete pvc data -n default");
    for keep in ["keep", "' Keep '"] {
        let kept = claim.replace(
            "{name: data}",
            &format!("{{name: data, annotations: {{helm.sh/resource-policy: {keep}}}}}"),
        );
        let kept = plan(&format!("{kept}{SERVICE}"), SERVICE);
        assert!(removed(&kept).effects[0].detail.contains("Helm"), "{:?}", removed(&kept).effects);
        assert!(removed(&kept).remediation.is_empty());
    }
}

#[test]
fn a_renamed_set_runs_beside_the_old_one() {
    let renamed = |text: &str| {
        text.replace(
            "metadata: {name: db}\nspec:\n  serviceName",
            "metadata: {name: db-main}\nspec:\n  serviceName",
        )
    };
    let text = format!("{SET}{SERVICE}");
    let both = plan(&text, &renamed(&text));
    let old = removed(&both);
    assert_eq!(old.renamed.as_deref(), Some("db-main"));
    let stays = old.effects.iter().find(|effect| effect.kind == EffectKind::None).unwrap();
    assert!(stays.detail.contains("`db` and `db-main` both run, on one selector"), "{stays:?}");
    let traffic = old.effects.iter().find(|effect| effect.kind == EffectKind::Traffic).unwrap();
    assert!(traffic.detail.contains("the Service `db` selects the pods of both"), "{traffic:?}");
    assert!(lines(old).contains(&"kubectl delete statefulset db -n default".to_owned()));
    // One truth about the data, whatever the retention policy says.
    let delete = |text: &str| {
        text.replace(
            "  serviceName: db\n",
            "  serviceName: db\n  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}\n",
        )
    };
    let both = plan(&delete(&text), &renamed(&delete(&text)));
    let added = both.objects.iter().find(|object| object.change == Change::Added).unwrap();
    let loss = added.effects.iter().find(|effect| effect.kind == EffectKind::DataLoss).unwrap();
    assert!(
        loss.detail.ends_with(
            "stays in the claims of the old name as long as `db` is not deleted (whenDeleted: Delete)"
        ),
        "{loss:?}"
    );
    assert!(!removed(&both).has(EffectKind::DataLoss));
    let steps = lines(removed(&both));
    let patch = steps.iter().position(|line| line.contains("\"whenDeleted\":\"Retain\"")).unwrap();
    let delete = steps.iter().position(|line| line.starts_with("kubectl delete")).unwrap();
    let owners = steps.iter().position(|line| line.starts_with("kubectl get pvc -n default -o ")).unwrap();
    assert!(patch < owners && owners < delete, "{steps:?}");
    // A successor that is refused does not run.
    let refused = plan(&text, &renamed(&text).replace("replicas: 3", "replicas: -3"));
    assert!(!removed(&refused).effects[0].detail.contains("both run"));
}

/// A release of many kinds, in which every row of [`REMEDIES`] changes one.
const MANY: &str = r"apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: peers}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: edge}
spec: {type: LoadBalancer, loadBalancerClass: a/b, selector: {app: web}, ports: [{port: 443}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front}}
    spec:
      containers:
        - name: c
          image: x:1
          envFrom: [{configMapRef: {name: settings}}]
          readinessProbe: {httpGet: {port: 80}, initialDelaySeconds: 20}
      volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: peers
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db, tier: data}}
    spec: {terminationGracePeriodSeconds: 50, containers: [{name: c, image: x:1}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 10Gi}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
immutable: true
data: {level: info}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], volumeName: pv-7, storageClassName: fast, resources: {requests: {storage: 8Gi}}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-7}
spec: {capacity: {storage: 8Gi}, accessModes: [ReadWriteOnce], storageClassName: fast, nfs: {server: a, path: /a}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: job:1}]}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: shards}
spec: {completionMode: Indexed, completions: 3, parallelism: 3, template: {spec: {restartPolicy: Never, containers: [{name: c, image: shard:1}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: lone}
spec: {containers: [{name: c, image: x:1, env: [{name: A, value: one}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: rights}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota}
spec: {scopes: [Terminating], hard: {pods: '3'}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local}
provisioner: x/y
---
apiVersion: v1
kind: Secret
metadata: {name: tls}
type: Opaque
immutable: true
data: {key: c2VjcmV0}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: backups.example.net}
spec:
  group: example.net
  scope: Namespaced
  names: {kind: Backup, plural: backups, singular: backup, listKind: BackupList}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
";

/// What is replaced in [`MANY`] by what, and parts of the lines that follow, in their order.
const REMEDIES: &[(&str, &str, &[&str])] = &[
    (
        "matchLabels: {app: web}",
        "matchLabels: {app: web, tier: front}",
        &[
            "# keep the old value:\n#   no spec.selector.matchLabels.tier (added in ",
            "# or give the Deployment another name",
            "Service/web and Service/edge have no endpoints from the deletion until the first new pod is ready (at least 20 s by its probes)",
            "kubectl delete deployment web -n prod",
            "# then apply again",
        ],
    ),
    (
        "matchLabels: {app: db}",
        "matchLabels: {app: db, tier: data}",
        &[
            "#   no spec.selector.matchLabels.tier",
            "the claims stay. Service/peers has no endpoints from the deletion until the first new pod is ready (up to 50 s for the old pod to stop)",
            "kubectl delete statefulset db -n prod",
        ],
    ),
    (
        "serviceName: peers",
        "serviceName: other",
        &[
            "spec.serviceName: peers (changed in ",
            "keep their old DNS names",
            "--cascade=orphan",
            "# then apply again",
        ],
    ),
    (
        "storageClassName: fast, resources: {requests: {storage: 10Gi}}",
        "storageClassName: slow, resources: {requests: {storage: 20Gi}}",
        &[
            "storageClassName: fast (changed in",
            "# by hand: move the data to new volumes of `data`",
            "--cascade=orphan",
        ],
    ),
    (
        "clusterIP: None, selector",
        "clusterIP: 10.0.0.9, selector",
        &[
            "#   spec.clusterIP: None (changed in ",
            "# or add a Service of the new form under another name",
            "the name `peers` does not resolve and it serves nobody; then it has the address 10.0.0.9",
            "# the pods of StatefulSet/db have no DNS names in between",
            "kubectl delete service peers -n prod",
        ],
    ),
    ("clusterIP: None, selector", "type: NodePort, clusterIP: None, selector", &["fix the manifest first"]),
    (
        "spec: {selector: {app: web}, ports: [{port: 80}]}",
        "spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}",
        &["then it resolves to the addresses of the pods", "kubectl delete service web -n prod"],
    ),
    (
        "spec: {selector: {app: web}, ports: [{port: 80}]}",
        "spec: {ipFamilies: [IPv6], selector: {app: web}, ports: [{port: 80}]}",
        &["then it has another cluster IP", "kubectl delete service web -n prod"],
    ),
    (
        "loadBalancerClass: a/b",
        "loadBalancerClass: a/c",
        &[
            "spec.loadBalancerClass: a/b",
            "its load balancer is deleted, and the new one may have another address",
        ],
    ),
    (
        "level: info",
        "level: debug",
        &[
            "#   data.level: info (changed in ",
            "# or give it another name",
            "kubectl delete configmap settings -n prod",
            "# then apply again",
            "kubectl rollout restart deployment web -n prod",
        ],
    ),
    (
        "storageClassName: fast, resources: {requests: {storage: 8Gi}}",
        "storageClassName: slow, resources: {requests: {storage: 8Gi}}",
        &[
            "#   spec.storageClassName: fast (changed in",
            "WARNING: its volume and the data are deleted with it",
            r#"kubectl patch pv pv-7 -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'"#,
            "# by hand: copy the data",
            "(Deployment/web uses it)",
            "kubectl delete pvc data -n prod",
        ],
    ),
    (
        "storageClassName: fast, resources: {requests: {storage: 8Gi}}",
        "storageClassName: fast, resources: {requests: {storage: 5Gi}}",
        &["requests.storage: 8Gi", "no volume can shrink", "# by hand: make a claim of the smaller size"],
    ),
    (
        "path: /a",
        "path: /b",
        &[
            "#   spec.nfs.path: /a",
            "Retain",
            "# by hand: if a claim is bound to the volume",
            "kubectl delete pv pv-7",
        ],
    ),
    (
        "image: job:1",
        "image: job:2",
        &[
            "containers[c].image: job:1",
            "a name per release",
            "what it has completed are lost, and it runs again from the start",
            "kubectl delete job migrate -n prod",
        ],
    ),
    (
        "completions: 3",
        "completions: 5",
        &["#   spec.completions: 3", "# or set spec.parallelism to 5 as well"],
    ),
    (
        "value: one",
        "value: two",
        &[
            "spec.containers[c].env[A].value: one",
            "outside of claims is lost",
            "kubectl delete pod lone -n prod",
        ],
    ),
    (
        "name: reader",
        "name: writer",
        &[
            "#   roleRef.name: reader",
            "its subjects have no rights until",
            "kubectl delete rolebinding rights -n prod",
        ],
    ),
    (
        "[Terminating]",
        "[NotTerminating]",
        &["spec.scopes", "nothing limits the namespace", "kubectl delete resourcequota quota -n prod"],
    ),
    (
        "provisioner: x/y",
        "provisioner: x/z",
        &["#   provisioner: x/y", "existing volumes keep", "kubectl delete storageclass local"],
    ),
    (
        "key: c2VjcmV0",
        "key: b3RoZXI=",
        &[
            "#   data.key as it was",
            "kubectl delete secret tls -n prod",
            "# and restart the pods that use it",
        ],
    ),
    (
        "scope: Namespaced",
        "scope: Cluster",
        &[
            "#   spec.scope: Namespaced",
            "WARNING: if this one is deleted, all its objects are deleted with it",
        ],
    ),
];

#[test]
fn every_kind_has_its_remedy() {
    let options = Options { namespace: "prod".to_owned(), claims_bound: true, ..Options::default() };
    for (from, to, parts) in REMEDIES {
        assert!(MANY.contains(from), "{from}");
        let sources = Sources::new();
        let new = manifest::load_stdin(&sources, MANY.replace(from, to), &ReadOptions::strict());
        let mut plan = diff::compare(&objects(MANY), &new.output.unwrap(), &options);
        plan.locate(&sources);
        let refused: Vec<&ObjectPlan> =
            plan.objects.iter().filter(|object| object.verdict == Verdict::Rejected).collect();
        let [object] = refused.as_slice() else { panic!("{to}: {:?}", plan.summary()) };
        let text = lines(object).join("\n");
        let mut rest = text.as_str();
        for part in *parts {
            let found = rest.find(part).unwrap_or_else(|| panic!("{to}: no {part:?} in\n{text}"));
            rest = &rest[found + part.len()..];
        }
        // Only what is deleted is created again.
        assert_eq!(text.contains("kubectl delete"), text.contains("then apply again"), "{text}");
        assert!(!text.contains("c2VjcmV0"), "{text}");
    }
}

#[test]
fn values_to_keep_are_named_where_they_are_set() {
    let sandbox = Sandbox::new();
    sandbox.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    sandbox.write("web/values.yaml", "size: 10Gi\npolicy: Parallel\nname: data\n");
    let template = SET
        .replace("storage: 1Gi", "storage: {{ .Values.size }}")
        .replace("  replicas: 3", "  podManagementPolicy: {{ .Values.policy }}");
    sandbox.write("web/templates/set.yaml", &template);
    let old = sandbox.run(&["render", "web", "web"]);
    sandbox.write("old.yaml", &old.stdout);
    sandbox.write("prod.yaml", "\nsize: 5Gi\n");
    let args = ["diff", "web", "web", "--against", "old.yaml"];
    let shown = |more: &[&str]| sandbox.run(&[&args[..], more].concat()).stdout;
    let storage = "#   spec.volumeClaimTemplates[data].spec.resources.requests.storage: 10Gi";
    for (flags, place) in [
        (&["-f", "prod.yaml"][..], format!("{storage} (changed in prod.yaml:2:7)")),
        (&["--set", "size=5Gi"], format!("{storage} (changed in --set size=5Gi)")),
        (
            &["--set", "policy=OrderedReady"],
            "#   spec.podManagementPolicy: Parallel (changed in --set policy=OrderedReady)".to_owned(),
        ),
    ] {
        assert!(shown(flags).contains(&place), "{}", shown(flags));
    }
    // Written in the template itself.
    sandbox.write("web/templates/set.yaml", &template.replace("{{ .Values.policy }}", "OrderedReady"));
    let plan = shown(&[]);
    assert!(
        plan.contains("podManagementPolicy: Parallel (rendered by web/templates/set.yaml:6:24)"),
        "{plan}"
    );
    let html = sandbox.run(&[&args[..], &["--format", "html"]].concat()).stdout;
    assert!(html.contains("(rendered by web/templates/set.yaml:6:24)"), "{html}");
}

#[test]
fn what_is_refused_by_itself_and_by_another_object_is_not_deleted() {
    let port = |name: &str, spec: &str, port: u32| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{type: NodePort, {spec} ports: [{{port: 80, nodePort: {port}}}]}}\n"
        )
    };
    let old = format!("{}{}", port("a", "clusterIP: 10.0.0.1,", 30001), port("b", "", 30002));
    let new =
        format!("{}{}", port("a", "clusterIP: 10.0.0.2,", 30002), port("b", "selector: {x: y},", 30002));
    let refused = plan(&old, &new);
    let service = &refused.objects[0];
    assert_eq!(service.verdict, Verdict::Rejected);
    assert!(!has_command(service), "{:?}", lines(service));
    assert!(lines(service).last().unwrap().contains("Service/b still has it"));
    // With a port of its own it can be replaced.
    assert!(has_command(&plan(&old, &new.replacen("30002", "30003", 1)).objects[0]));
}

#[test]
fn a_removed_object_is_kept_while_its_successor_is_refused() {
    let renamed = SET.replace("metadata: {name: db}\n", "metadata: {name: main}\n");
    let commands = |new: &str| has_command(removed(&plan(SET, new)));
    assert!(commands(&renamed));
    assert!(!commands(&renamed.replace("replicas: 3", "replicas: -3")));
}
