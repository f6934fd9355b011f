//! Pods, before they exist.

use super::{Metadata, int, items, text};
use crate::quantity::{Quantity, sum};
use plimsoll_yaml::{Map, Node};

/// The pods that a workload makes: `spec.template`, or a Pod itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct PodTemplate<'a> {
    root: Option<&'a Node>,
    spec: Option<&'a Node>,
    /// Where it is in its workload.
    path: &'static [&'static str],
}

impl<'a> PodTemplate<'a> {
    /// The template at `root`, a map with `metadata` and `spec`.
    pub fn new(root: Option<&'a Node>) -> Self {
        Self { root, spec: root.and_then(|root| root.get("spec")), path: &[] }
    }

    /// The template of a workload, which is at that path.
    pub(super) fn in_workload(workload: &'a Node, path: &'static [&'static str]) -> Self {
        Self { path, ..Self::new(workload.at(path)) }
    }

    /// The whole template.
    pub fn root(self) -> Option<&'a Node> {
        self.root
    }

    /// A field of the template by its path from there: `["spec", "volumes"]`.
    pub fn at(self, path: &[&str]) -> Option<&'a Node> {
        match path {
            ["spec", rest @ ..] => self.spec?.at(rest),
            _ => self.root?.at(path),
        }
    }

    /// The path of a field of it, from the workload it was reached through: `spec.template.spec.volumes`.
    pub fn path(self, field: &str) -> String {
        [self.path, &[field]].concat().join(".")
    }

    /// The labels of its pods.
    pub fn labels(self) -> Option<&'a Map> {
        Metadata::new(self.root?).labels()
    }

    /// The annotations of its pods.
    pub fn annotations(self) -> Option<&'a Map> {
        Metadata::new(self.root?).annotations()
    }

    /// The containers that run as long as the pod.
    pub fn containers(self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        self.containers_of("containers")
    }

    /// The containers that run before the others.
    pub fn init_containers(self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        self.containers_of("initContainers")
    }

    /// All containers, init containers first, as they start
    /// (<https://kubernetes.io/docs/concepts/workloads/pods/init-containers/>).
    pub fn all_containers(self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        self.init_containers().chain(self.containers())
    }

    fn containers_of(self, list: &'static str) -> impl Iterator<Item = Container<'a>> + use<'a> {
        items(self.spec, &[list]).iter().enumerate().map(move |(index, node)| Container {
            node,
            list,
            index,
            template: self.path,
        })
    }

    /// The volumes.
    pub fn volumes(self) -> &'a [Node] {
        items(self.spec, &["volumes"])
    }

    /// The names of the claims that its volumes use. Those of a StatefulSet's claim templates are not among them.
    pub fn claims(self) -> impl Iterator<Item = &'a str> + use<'a> {
        let claims =
            self.volumes().iter().map(|volume| text(Some(volume), &["persistentVolumeClaim", "claimName"]));
        claims.filter(|claim| !claim.is_empty())
    }

    /// The name of its service account (`serviceaccount.Plugin.Admit`).
    pub fn service_account(self) -> &'a str {
        match text(self.spec, &["serviceAccountName"]) {
            "" => "default",
            name => name,
        }
    }

    /// A field of the security context of one of its containers, or else of its own
    /// (`securitycontext.DetermineEffectiveSecurityContext`).
    pub fn security_of(self, container: Container<'a>, field: &str) -> Option<&'a Node> {
        let own = || self.at(&["spec", "securityContext", field]).filter(|node| !node.is_null());
        container.security(field).or_else(own)
    }

    /// `restartPolicy` (`SetDefaults_PodSpec`).
    pub fn restart_policy(self) -> &'a str {
        match text(self.spec, &["restartPolicy"]) {
            "" => "Always",
            policy => policy,
        }
    }

    /// How much of a resource the scheduler sets aside for a pod (`resourcehelper.PodRequests`).
    pub fn request(self, resource: &str) -> Option<Quantity> {
        self.compute_peak(|container| container.request(resource))
    }

    /// How much of a resource a pod may use (`resourcehelper.PodLimits`).
    pub fn limit(self, resource: &str) -> Option<Quantity> {
        self.compute_peak(|container| container.limit(resource))
    }

    /// The most that a pod needs at one time: all containers and sidecars, or an init container and the sidecars
    /// that started before it, if that is more.
    fn compute_peak(self, need: impl Fn(Container<'a>) -> Option<Quantity>) -> Option<Quantity> {
        let (mut running, mut peak) = (None, None);
        for container in self.init_containers() {
            let started = sum(running, need(container));
            peak = choose_larger(peak, started);
            if container.is_sidecar() {
                running = started;
            }
        }
        choose_larger(peak, self.containers().map(need).fold(running, sum))
    }

    /// How many seconds a deleted pod may take to stop (`SetDefaults_PodSpec`). A negative number counts as one
    /// (`podStrategy.CheckGracefulDelete`).
    pub fn termination_grace_period(self) -> i64 {
        match int(self.spec, &["terminationGracePeriodSeconds"]) {
            Some(seconds) if seconds < 0 => 1,
            seconds => seconds.unwrap_or(30),
        }
    }

    /// How many seconds a deleted pod takes to stop at least: what its `preStop` hooks sleep.
    pub fn shutdown_seconds(self) -> i64 {
        let sleep = |container: Container<'a>| {
            int(Some(container.node), &["lifecycle", "preStop", "sleep", "seconds"]).unwrap_or_default()
        };
        self.containers().map(sleep).max().unwrap_or_default().clamp(0, self.termination_grace_period())
    }

    /// How many seconds after its start a pod is ready at the earliest, as far as its probes tell.
    pub fn startup_seconds(self) -> i64 {
        self.containers().map(Container::startup_seconds).max().unwrap_or_default()
    }
}

/// A container of a pod.
#[derive(Debug, Clone, Copy)]
pub struct Container<'a> {
    /// The whole container.
    pub node: &'a Node,
    /// The list it is in: `containers` or `initContainers`.
    pub list: &'static str,
    /// Its place in the list.
    pub index: usize,
    /// Where the pod template is.
    template: &'static [&'static str],
}

impl<'a> Container<'a> {
    /// Its name.
    pub fn name(self) -> &'a str {
        text(Some(self.node), &["name"])
    }

    /// Its image.
    pub fn image(self) -> &'a str {
        text(Some(self.node), &["image"])
    }

    /// A field of it, unless it is null.
    pub fn field(self, name: &str) -> Option<&'a Node> {
        self.node.get(name).filter(|node| !node.is_null())
    }

    /// A field of its security context, unless it is null.
    pub fn security(self, field: &str) -> Option<&'a Node> {
        self.node.at(&["securityContext", field]).filter(|node| !node.is_null())
    }

    /// The path of a field of it, from the workload it was reached through: `spec.template.spec.containers[0].image`.
    pub fn path(self, field: &str) -> String {
        let place = format!("spec.{}[{}].{field}", self.list, self.index);
        [self.template, &[&place]].concat().join(".")
    }

    /// Whether it is an init container that keeps running (`podutil.IsRestartableInitContainer`).
    pub fn is_sidecar(self) -> bool {
        self.list == "initContainers" && text(Some(self.node), &["restartPolicy"]) == "Always"
    }

    /// The ports it declares.
    pub fn ports(self) -> &'a [Node] {
        items(Some(self.node), &["ports"])
    }

    /// The names of the ports it declares.
    pub fn port_names(self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.ports().iter().filter_map(|port| port.get("name")?.as_str())
    }

    /// The volumes it mounts.
    pub fn mounts(self) -> impl Iterator<Item = Mount<'a>> + use<'a> {
        let mounts = items(Some(self.node), &["volumeMounts"]);
        mounts.iter().enumerate().map(|(index, node)| Mount { node, index })
    }

    /// The names of the volumes that it uses as raw block devices.
    pub fn devices(self) -> impl Iterator<Item = &'a str> + use<'a> {
        items(Some(self.node), &["volumeDevices"]).iter().filter_map(|device| device.get("name")?.as_str())
    }

    /// Its environment variables.
    pub fn env(self) -> &'a [Node] {
        items(Some(self.node), &["env"])
    }

    /// The ConfigMaps and Secrets whose keys become environment variables.
    pub fn env_from(self) -> &'a [Node] {
        items(Some(self.node), &["envFrom"])
    }

    /// How much of a resource it requests; its limit, if it names no request (`SetDefaults_Pod`).
    pub fn request(self, resource: &str) -> Option<Quantity> {
        self.resource("requests", resource).or_else(|| self.limit(resource))
    }

    /// How much of a resource it may use.
    pub fn limit(self, resource: &str) -> Option<Quantity> {
        self.resource("limits", resource)
    }

    fn resource(self, of: &str, resource: &str) -> Option<Quantity> {
        Quantity::from_node(self.node.at(&["resources", of, resource])?).ok()
    }

    /// Its readiness probe.
    pub fn readiness_probe(self) -> Option<Probe<'a>> {
        self.field("readinessProbe").map(Probe)
    }

    /// Its liveness probe.
    pub fn liveness_probe(self) -> Option<Probe<'a>> {
        self.field("livenessProbe").map(Probe)
    }

    /// Its startup probe; the other probes wait for it.
    pub fn startup_probe(self) -> Option<Probe<'a>> {
        self.field("startupProbe").map(Probe)
    }

    /// Its probes, each with the name of its field.
    pub fn probes(self) -> impl Iterator<Item = (&'static str, Probe<'a>)> + use<'a> {
        let fields = ["livenessProbe", "readinessProbe", "startupProbe"];
        fields.into_iter().filter_map(move |field| Some((field, self.field(field).map(Probe)?)))
    }

    /// The earliest second after its start at which its probes can have succeeded.
    fn startup_seconds(self) -> i64 {
        let started = self.startup_probe().map_or(0, Probe::initial_delay);
        self.readiness_probe().map_or(started, |probe| {
            let repeats = probe.success_threshold().saturating_sub(1).max(0);
            started.max(probe.initial_delay()).saturating_add(repeats.saturating_mul(probe.period()))
        })
    }
}

fn choose_larger(a: Option<Quantity>, b: Option<Quantity>) -> Option<Quantity> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a < b { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// A volume in a container.
#[derive(Debug, Clone, Copy)]
pub struct Mount<'a> {
    node: &'a Node,
    /// Its place in the list.
    pub index: usize,
}

impl<'a> Mount<'a> {
    /// The name of the volume.
    pub fn volume(self) -> &'a str {
        text(Some(self.node), &["name"])
    }

    /// Where it is mounted.
    pub fn path(self) -> &'a str {
        text(Some(self.node), &["mountPath"])
    }

    /// The path in the volume that is mounted; empty for its root.
    pub fn sub_path(self) -> &'a str {
        text(Some(self.node), &["subPath"])
    }

    /// Whether the container can only read it.
    pub fn is_read_only(self) -> bool {
        self.node.get("readOnly").and_then(Node::as_bool) == Some(true)
    }

    /// Whether only a path in the volume is mounted, so that the kubelet does not update the files
    /// (<https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically>).
    pub fn has_sub_path(self) -> bool {
        ["subPath", "subPathExpr"].iter().any(|field| self.node.get(field).is_some())
    }
}

/// A probe of a container, with the defaults of `SetDefaults_Probe`.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a>(&'a Node);

impl<'a> Probe<'a> {
    /// The whole probe.
    pub fn node(self) -> &'a Node {
        self.0
    }

    /// The command that it runs in the container; empty if it is of another kind.
    pub fn command(self) -> &'a [Node] {
        items(Some(self.0), &["exec", "command"])
    }

    /// `initialDelaySeconds`.
    pub fn initial_delay(self) -> i64 {
        int(Some(self.0), &["initialDelaySeconds"]).unwrap_or_default().max(0)
    }

    /// `periodSeconds`.
    pub fn period(self) -> i64 {
        int(Some(self.0), &["periodSeconds"]).filter(|period| *period > 0).unwrap_or(10)
    }

    /// How often it must succeed in a row.
    pub fn success_threshold(self) -> i64 {
        int(Some(self.0), &["successThreshold"]).filter(|times| *times > 0).unwrap_or(1)
    }

    /// How often it must fail in a row.
    pub fn failure_threshold(self) -> i64 {
        int(Some(self.0), &["failureThreshold"]).filter(|times| *times > 0).unwrap_or(3)
    }

    /// How many seconds of failures it tolerates.
    pub fn tolerance(self) -> i64 {
        self.period().saturating_mul(self.failure_threshold())
    }

    /// After how many seconds a container that never answers has failed it.
    pub fn first_failure(self) -> i64 {
        self.initial_delay().saturating_add(self.tolerance())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::super::{Workload, WorkloadKind};
    use super::*;

    #[test]
    fn probes_say_when_a_pod_is_ready_at_the_earliest() {
        let seconds = |text: &str| PodTemplate::new(Some(&node(text))).startup_seconds();
        assert_eq!(seconds("{spec: {containers: [{name: a}]}}"), 0);
        assert_eq!(seconds("{spec: {containers: [{readinessProbe: {initialDelaySeconds: 5}}]}}"), 5);
        assert_eq!(
            seconds(
                "{spec: {containers: [{readinessProbe: {successThreshold: 3, periodSeconds: 2}}, {startupProbe: {initialDelaySeconds: 3}}]}}"
            ),
            4
        );
        assert_eq!(
            seconds(
                "{spec: {containers: [{startupProbe: {initialDelaySeconds: 20}, readinessProbe: {successThreshold: 2}}]}}"
            ),
            30
        );
    }

    #[test]
    fn a_shutdown_takes_what_the_hooks_sleep_within_the_grace_period() {
        let text = "{spec: {terminationGracePeriodSeconds: 20, containers: [{lifecycle: {preStop: {sleep: {seconds: 15}}}}]}}";
        let root = node(text);
        let template = PodTemplate::new(Some(&root));
        assert_eq!((template.shutdown_seconds(), template.termination_grace_period()), (15, 20));
    }

    #[test]
    fn a_pod_needs_what_runs_at_a_time() {
        let needs = |init: &str| {
            let text = format!(
                "{{spec: {{initContainers: [{init}], containers: [{{resources: {{requests: {{cpu: 1}}}}}}, {{resources: {{limits: {{cpu: 2}}}}}}]}}}}"
            );
            let root = node(&text);
            PodTemplate::new(Some(&root)).request("cpu").map(|quantity| quantity.to_string())
        };
        let init = |cpu: u8, policy: &str| {
            format!("{{resources: {{requests: {{cpu: {cpu}}}}}, restartPolicy: {policy}}}")
        };
        assert_eq!(needs("").as_deref(), Some("3"));
        assert_eq!(needs(&init(5, "Never")).as_deref(), Some("5"));
        assert_eq!(needs(&init(1, "Always")).as_deref(), Some("4"));
        assert_eq!(needs(&format!("{}, {}", init(1, "Always"), init(5, "Never"))).as_deref(), Some("6"));
        assert_eq!(needs(&format!("{}, {}", init(5, "Never"), init(1, "Always"))).as_deref(), Some("5"));
    }

    #[test]
    fn fields_have_a_path_from_their_workload() {
        let root = node("{spec: {jobTemplate: {spec: {template: {spec: {initContainers: [{name: a}]}}}}}}");
        let template = Workload::new(WorkloadKind::CronJob, &root).template();
        assert_eq!(template.path("metadata.labels"), "spec.jobTemplate.spec.template.metadata.labels");
        let path = template.all_containers().next().map(|container| container.path("image"));
        assert_eq!(path.as_deref(), Some("spec.jobTemplate.spec.template.spec.initContainers[0].image"));
        let pod = node("{spec: {containers: [{name: a}]}}");
        let pod = Workload::new(WorkloadKind::Pod, &pod).template();
        assert_eq!(
            pod.containers().next().map(|container| container.path("env")).as_deref(),
            Some("spec.containers[0].env")
        );
    }

    #[test]
    fn claims_are_those_of_the_volumes() {
        let root = node(
            "{spec: {volumes: [{name: a, persistentVolumeClaim: {claimName: data}}, {name: b, emptyDir: {}}]}}",
        );
        assert_eq!(PodTemplate::new(Some(&root)).claims().collect::<Vec<_>>(), ["data"]);
    }
}
