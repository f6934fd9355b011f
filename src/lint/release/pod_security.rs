//! What the Pod Security Standards forbid of the pods of a release.

use super::{Release, Workload};
use crate::diag::{Diagnostic, Severity};
use crate::k8s::pod_security::{self, Control, NamespacePolicy, Policy, Violation};
use crate::k8s::views::{Metadata, WorkloadKind};
use crate::lint::Lint;
use crate::lint::finding::{finding, locate};
use crate::manifest::Object;

/// What a namespace does about a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Enforce,
    Warn,
    Audit,
}

/// A workload whose pods violate the policy of their namespace.
#[derive(Debug)]
pub(super) struct Insecure<'a> {
    workload: Workload<'a>,
    mode: Mode,
    policy: Policy,
    violation: Violation,
}

impl<'a> Release<'a> {
    /// Reports every workload whose pods break one of `controls`.
    pub(in crate::lint) fn report_insecure(
        &self,
        controls: &[&Control],
        lint: &'static Lint,
        found: &mut Vec<Diagnostic>,
    ) {
        let insecure = self.insecure.get_or_init(|| self.find_insecure());
        let breaks =
            |one: &&Insecure<'_>| controls.iter().any(|control| control.id == one.violation.control.id);
        found.extend(insecure.iter().filter(breaks).map(|one| one.report(lint)));
    }

    fn find_insecure(&self) -> Vec<Insecure<'a>> {
        let mut insecure = Vec::new();
        // Hooks and the pods of `helm test` are admitted like any other.
        for workload in self.workloads().iter().chain(&self.hooks.workloads) {
            let policies = self.policies_of(workload.object);
            let modes = [
                (Mode::Enforce, policies.enforce),
                (Mode::Warn, policies.warn),
                (Mode::Audit, policies.audit),
            ];
            let first = insecure.len();
            for (mode, policy) in modes {
                for violation in pod_security::evaluate(policy, workload.template(), self.version) {
                    // A control is reported once for a workload, for the strictest mode.
                    let known = |one: &Insecure<'_>| one.violation.control.id == violation.control.id;
                    if !insecure[first..].iter().any(known) {
                        insecure.push(Insecure { workload: *workload, mode, policy, violation });
                    }
                }
            }
        }
        insecure
    }

    /// The policies of the namespace that an object goes to: by its labels, if the release holds it.
    fn policies_of(&self, object: &Object) -> NamespacePolicy {
        let defaults = NamespacePolicy::uniform(self.settings.pod_security.unwrap_or(Policy::PRIVILEGED));
        let name = object.namespace.as_deref().unwrap_or(&self.settings.namespace);
        let namespace = self.names.find("", "Namespace", name, None);
        let labels = namespace.and_then(|namespace| Metadata::new(&namespace.root).labels());
        NamespacePolicy::from_labels(labels, defaults)
    }
}

impl Insecure<'_> {
    fn report(&self, lint: &'static Lint) -> Diagnostic {
        let Self { workload, mode, policy, violation } = self;
        let is_pod = workload.kind() == WorkloadKind::Pod;
        let whose = if is_pod { workload.to_string() } else { format!("the pods of {workload}") };
        let message = match mode {
            Mode::Enforce if is_pod => {
                format!("the API server refuses {whose}: violates PodSecurity \"{policy}\": {violation}")
            }
            Mode::Enforce => {
                format!("the API server will refuse {whose}: violates PodSecurity \"{policy}\": {violation}")
            }
            Mode::Warn | Mode::Audit => {
                format!("{whose} would violate PodSecurity \"{policy}\": {violation}")
            }
        };
        let help = match mode {
            Mode::Enforce if is_pod => None,
            Mode::Enforce => Some(format!(
                "the {} itself is accepted, with a warning at most; it cannot create its pods",
                workload.object.kind
            )),
            Mode::Warn => Some("the namespace only warns about it".to_owned()),
            Mode::Audit => Some("the namespace only notes it in the audit log".to_owned()),
        };
        let object = workload.object;
        let mut paths = violation.paths.iter();
        let mut diagnostic = finding(lint, object, paths.next().cloned().unwrap_or_default(), message);
        for path in paths {
            let span = locate(object, path);
            if diagnostic.labels.iter().all(|label| label.span != span) {
                diagnostic = diagnostic.at(span, "");
            }
        }
        if *mode != Mode::Enforce {
            diagnostic.severity = Severity::Warning;
        }
        diagnostic.maybe_help(help)
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::{SourceKind, Sources};
    use crate::k8s::Version;
    use crate::lint::{Config, Subject, run, testing};

    /// What is found under the group of the rules: `severity rule: message`.
    fn found(config: &Config, manifests: &str) -> Vec<String> {
        let sources = Sources::new();
        let objects = testing::objects(&sources, manifests);
        let subject = Subject {
            objects: &objects.iter().collect::<Vec<_>>(),
            crds: &[],
            policies: &[],
            chart: None,
            reported: &[],
            sources: &sources,
            version: Version::DEFAULT,
        };
        let found = run(&subject, config).into_iter();
        let found = found.filter(|one| one.rule.is_some_and(|rule| rule.group() == "pod-security"));
        found.map(|one| format!("{} {}: {}", one.severity, one.rule.unwrap().id, one.message)).collect()
    }

    fn namespace(name: &str, labels: &str) -> String {
        format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n")
    }

    const POD: &str = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n\
                       spec: {hostPID: true, containers: [{name: c, image: \"i:1\"}]}\n";
    const JOB: &str = "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j, namespace: web}\n\
                       spec: {schedule: '@daily', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, \
                       hostIPC: true, containers: [{name: c, image: \"i:1\"}]}}}}}\n";

    #[test]
    fn pods_are_refused_and_workloads_cannot_create_theirs() {
        let mut config = Config::default();
        config.pod_security = "baseline".parse().ok();
        assert_eq!(
            found(&config, &format!("{POD}{JOB}")),
            [
                "error pod-security/host-namespace: the API server refuses Pod `p`: violates PodSecurity \
                 \"baseline:latest\": host namespaces (hostPID=true)",
                "error pod-security/host-namespace: the API server will refuse the pods of CronJob `j`: violates \
                 PodSecurity \"baseline:latest\": host namespaces (hostIPC=true)",
            ]
        );
        assert_eq!(found(&Config::default(), &format!("{POD}{JOB}")), [""; 0]);
    }

    #[test]
    fn the_labels_of_a_namespace_are_its_own() {
        let enforce = "pod-security.kubernetes.io/enforce: baseline";
        let web = namespace("web", enforce);
        let only_job = found(&Config::default(), &format!("{web}{POD}{JOB}"));
        assert_eq!(only_job.len(), 1, "{only_job:?}");
        assert!(only_job[0].contains("CronJob `j`"), "{only_job:?}");
        let mut config = Config::default();
        config.namespace = "web".to_owned();
        assert_eq!(found(&config, &format!("{web}{POD}{JOB}")).len(), 2);
        // A label goes before the policy that is configured for all.
        let mut config = Config::default();
        config.pod_security = "restricted".parse().ok();
        let privileged = namespace(
            "web",
            "pod-security.kubernetes.io/enforce: privileged, pod-security.kubernetes.io/warn: privileged, \
             pod-security.kubernetes.io/audit: privileged",
        );
        assert_eq!(found(&config, &format!("{privileged}{JOB}")), [""; 0]);
    }

    #[test]
    fn modes_that_let_pods_pass_only_warn() {
        let labels = "pod-security.kubernetes.io/enforce: baseline, pod-security.kubernetes.io/warn: restricted, \
                      pod-security.kubernetes.io/warn-version: v1.7";
        let web = namespace("web", labels);
        assert_eq!(
            found(&Config::default(), &format!("{web}{JOB}")),
            [
                "error pod-security/host-namespace: the API server will refuse the pods of CronJob `j`: violates \
                 PodSecurity \"baseline:latest\": host namespaces (hostIPC=true)",
                "warning pod-security/root-allowed: the pods of CronJob `j` would violate PodSecurity \
                 \"restricted:v1.7\": runAsNonRoot != true (pod or container \"c\" must set \
                 securityContext.runAsNonRoot=true)",
            ]
        );
        let audit = namespace("web", "pod-security.kubernetes.io/audit: baseline");
        assert_eq!(
            found(&Config::default(), &format!("{audit}{JOB}")),
            ["warning pod-security/host-namespace: the pods of CronJob `j` would violate PodSecurity \
                 \"baseline:latest\": host namespaces (hostIPC=true)"]
        );
    }

    #[test]
    fn the_policy_may_be_configured() {
        let sources = Sources::new();
        let read = |text: &str| {
            let id = sources.add("plimsoll.toml", text, SourceKind::File);
            Config::read(&sources, id)
        };
        let config = read("pod-security = \"baseline:v1.30\"\n").output.unwrap();
        assert_eq!(config.pod_security.map(|policy| policy.to_string()).as_deref(), Some("baseline:v1.30"));
        let wrong = read("pod-security = \"strict\"\n");
        assert_eq!(wrong.diagnostics[0].message, "invalid Pod Security policy `strict`");
    }

    #[test]
    fn every_control_has_a_rule() {
        let manifest = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: \
            {seccomp.security.alpha.kubernetes.io/pod: unconfined}}\nspec:\n  hostPID: true\n  \
            securityContext: {runAsUser: 0, seccompProfile: {type: Unconfined}, appArmorProfile: {type: Unconfined}, \
            seLinuxOptions: {user: u}, windowsOptions: {hostProcess: true}, sysctls: [{name: x}]}\n  \
            volumes: [{name: v, hostPath: {path: /}}]\n  containers:\n  - name: c\n    ports: [{hostPort: 1}]\n    \
            livenessProbe: {httpGet: {host: h}}\n    securityContext: {privileged: true, procMount: Unmasked, \
            capabilities: {add: [NET_RAW]}}\n";
        let mut rules = std::collections::BTreeSet::new();
        for policy in ["baseline", "restricted"] {
            let mut config = Config::default();
            config.pod_security = policy.parse().ok();
            let violations = found(&config, manifest);
            rules
                .extend(violations.into_iter().map(|text| text.split([' ', ':']).nth(1).unwrap().to_owned()));
        }
        let all = crate::lint::rules().into_iter().filter(|rule| rule.group() == "pod-security");
        assert_eq!(
            rules.into_iter().collect::<Vec<_>>(),
            all.map(|rule| rule.id.to_owned()).collect::<Vec<_>>()
        );
    }
}
