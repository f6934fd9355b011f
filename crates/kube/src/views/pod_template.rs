//! Pods, before they exist.

use super::{Metadata, int, items, text};
use crate::quantity::Quantity;
use plimsoll_yaml::{Map, Node};

/// The pods that a workload makes: `spec.template`, or a Pod itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct PodTemplate<'a> {
    root: Option<&'a Node>,
    spec: Option<&'a Node>,
}

impl<'a> PodTemplate<'a> {
    /// The template at `root`, a map with `metadata` and `spec`.
    pub fn new(root: Option<&'a Node>) -> Self {
        Self { root, spec: root.and_then(|root| root.get("spec")) }
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

    /// The labels of its pods.
    pub fn labels(self) -> Option<&'a Map> {
        Metadata::of(self.root?).labels()
    }

    /// The annotations of its pods.
    pub fn annotations(self) -> Option<&'a Map> {
        Metadata::of(self.root?).annotations()
    }

    /// The containers that run as long as the pod.
    pub fn containers(self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        self.containers_of("containers")
    }

    /// The containers that run before the others.
    pub fn init_containers(self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        self.containers_of("initContainers")
    }

    /// All containers, init containers first, as they start.
    pub fn all_containers(self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        self.init_containers().chain(self.containers())
    }

    fn containers_of(self, list: &'static str) -> impl Iterator<Item = Container<'a>> + use<'a> {
        items(self.spec, &[list]).iter().enumerate().map(move |(index, node)| Container { node, list, index })
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

    /// `restartPolicy`.
    pub fn restart_policy(self) -> &'a str {
        match text(self.spec, &["restartPolicy"]) {
            "" => "Always",
            policy => policy,
        }
    }

    /// How many seconds a deleted pod may take to stop.
    pub fn termination_grace_period(self) -> i64 {
        int(self.spec, &["terminationGracePeriodSeconds"]).unwrap_or(30).max(0)
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

    /// Whether it is an init container that keeps running.
    pub fn is_sidecar(self) -> bool {
        self.list == "initContainers" && text(Some(self.node), &["restartPolicy"]) == "Always"
    }

    /// The ports it declares.
    pub fn ports(self) -> &'a [Node] {
        items(Some(self.node), &["ports"])
    }

    /// The volumes it mounts.
    pub fn mounts(self) -> &'a [Node] {
        items(Some(self.node), &["volumeMounts"])
    }

    /// Its environment variables.
    pub fn env(self) -> &'a [Node] {
        items(Some(self.node), &["env"])
    }

    /// How much of a resource it requests.
    pub fn request(self, resource: &str) -> Option<Quantity> {
        self.resource("requests", resource)
    }

    /// How much of a resource it may use.
    pub fn limit(self, resource: &str) -> Option<Quantity> {
        self.resource("limits", resource)
    }

    fn resource(self, of: &str, resource: &str) -> Option<Quantity> {
        Quantity::from_node(self.node.at(&["resources", of, resource])?).ok()
    }

    /// What says that it can serve.
    pub fn readiness_probe(self) -> Option<Probe<'a>> {
        self.field("readinessProbe").map(Probe)
    }

    /// What says that it is alive.
    pub fn liveness_probe(self) -> Option<Probe<'a>> {
        self.field("livenessProbe").map(Probe)
    }

    /// What says that it has started; the other probes wait for it.
    pub fn startup_probe(self) -> Option<Probe<'a>> {
        self.field("startupProbe").map(Probe)
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

/// A probe of a container.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a>(&'a Node);

impl<'a> Probe<'a> {
    /// The whole probe.
    pub fn node(self) -> &'a Node {
        self.0
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
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
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
    fn claims_are_those_of_the_volumes() {
        let root = node(
            "{spec: {volumes: [{name: a, persistentVolumeClaim: {claimName: data}}, {name: b, emptyDir: {}}]}}",
        );
        assert_eq!(PodTemplate::new(Some(&root)).claims().collect::<Vec<_>>(), ["data"]);
    }
}
