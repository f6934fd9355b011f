//! What the two renders say about the cluster around an object, and where the object is.

use super::super::instructions::Kubectl;
use super::super::{Driver, Options};
use crate::k8s::Version;
use crate::k8s::quantity::Quantity;
use crate::k8s::update::Surroundings;
use crate::k8s::views::{Claim, PodTemplate, Service, StatefulSet, Volume, Workload};
use crate::manifest::Object;
use crate::yaml::Node;

/// Volumes and storage classes of both renders.
pub(in super::super) struct World<'a> {
    volumes: Vec<&'a Object>,
    classes: Vec<&'a Object>,
    /// Claims read from a cluster that say themselves that they are bound.
    bound: Vec<&'a Object>,
    services: Vec<&'a Object>,
    old: &'a [Object],
    options: &'a Options,
}

impl<'a> World<'a> {
    /// The version of Kubernetes that the plan assumes.
    pub(in super::super) fn version(&self) -> Version {
        self.options.version
    }

    /// Whether what left the manifests is deleted.
    pub(in super::super) fn prunes(&self) -> bool {
        let Options { driver, prune, .. } = self.options;
        driver.always_prunes() || *prune && driver.can_prune()
    }

    /// What applies the new manifests.
    pub(in super::super) fn driver(&self) -> Driver {
        self.options.driver
    }

    pub(in super::super) fn new(old: &'a [Object], new: &'a [Object], options: &'a Options) -> Self {
        let of = |kind: &'static str| move |object: &&'a Object| object.kind == kind;
        Self {
            // A claim is bound to what was there before the upgrade.
            volumes: old.iter().filter(of("PersistentVolume")).collect(),
            bound: old
                .iter()
                .filter(of("PersistentVolumeClaim"))
                .filter(|claim| Claim::new(&claim.root).is_bound())
                .collect(),
            classes: new.iter().chain(old).filter(of("StorageClass")).collect(),
            services: new.iter().chain(old).filter(of("Service")).collect(),
            old,
            options,
        }
    }

    /// The namespace of an object.
    pub(in super::super) fn namespace_of<'o>(&self, object: &'o Object) -> &'o str
    where
        'a: 'o,
    {
        object.namespace.as_deref().unwrap_or(&self.options.namespace)
    }

    pub(in super::super) fn same_namespace<'o>(&self, one: &'o Object, other: &'o Object) -> bool
    where
        'a: 'o,
    {
        self.namespace_of(one) == self.namespace_of(other)
    }

    /// What makes kubectl commands for an object.
    pub(in super::super) fn kubectl<'o>(&self, object: &'o Object) -> Kubectl<'o>
    where
        'a: 'o,
    {
        Kubectl {
            cluster: &self.options.cluster,
            namespace: self.namespace_of(object),
            version: self.options.version,
        }
    }

    /// The names of the Services that select the pods of both workloads.
    pub(in super::super) fn services_of(&self, one: &Object, other: &Object) -> Vec<&'a str> {
        let selects = |service: &Object, object: &Object| {
            let workload = Workload::from_object(object).filter(|workload| workload.kind().runs_forever());
            self.same_namespace(service, object)
                && workload.is_some_and(|workload| {
                    Service::new(&service.root).selector().matches(workload.template().labels())
                })
        };
        let mut names: Vec<&str> = self
            .services
            .iter()
            .filter(|service| selects(service, one) && selects(service, other))
            .map(|service| service.name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The Services of the old side that select the pods of a template beside `object`.
    pub(in super::super) fn services_selecting(
        &self,
        object: &Object,
        template: PodTemplate<'_>,
    ) -> Vec<&'a str> {
        let is_service = |other: &&Object| (other.group(), other.kind.as_str()) == ("", "Service");
        let selects = |service: &&Object| {
            self.same_namespace(service, object)
                && Service::new(&service.root).selector().matches(template.labels())
        };
        let services = self.old.iter().filter(is_service).filter(selects);
        services.map(|service| service.name.as_str()).collect()
    }

    /// The StatefulSets of the old side whose pods have their names from a Service.
    pub(in super::super) fn governed_by(&self, service: &Object) -> Vec<&'a str> {
        let is_governed = |object: &&Object| {
            self.same_namespace(object, service)
                && StatefulSet::from_object(object)
                    .is_some_and(|set| set.service_name() == service.name.as_str())
        };
        self.old.iter().filter(is_governed).map(|object| object.name.as_str()).collect()
    }

    /// The workloads of the old side in the namespace of `object`.
    pub(in super::super) fn running_beside<'s>(
        &'s self,
        object: &'s Object,
    ) -> impl Iterator<Item = (&'a Object, Workload<'a>)> + 's {
        let beside = |other: &&Object| self.same_namespace(other, object);
        let workloads = self.old.iter().filter(beside);
        workloads.filter_map(|other| Some((other, Workload::from_object(other)?)))
    }

    /// Whether the cluster says of the claim that it is not bound.
    pub(in super::super) fn is_pending(&self, name: &str) -> bool {
        let is_it = |object: &&Object| object.kind == "PersistentVolumeClaim" && object.name == name;
        let phase = |claim: &Object| claim.at(&["status", "phase"]).and_then(Node::as_str) == Some("Pending");
        self.options.live && self.old.iter().filter(is_it).any(phase)
    }

    fn class(&self, name: &str) -> Option<&'a Object> {
        self.classes.iter().copied().find(|class| class.name == name)
    }

    pub(super) fn knows_class(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.class(name).is_some())
    }

    /// What becomes of the volumes of a class when their claim is deleted; `None` if it is not known.
    pub(in super::super) fn reclaim_policy(&self, class: &str) -> Option<&'a str> {
        let class = self.class(class)?;
        Some(class.at(&["reclaimPolicy"]).and_then(Node::as_str).unwrap_or("Delete"))
    }
}

impl Surroundings for World<'_> {
    /// A claim is bound to the volume it names, to one that names it, or to one that its class, size and
    /// access modes allow.
    fn bound_capacity(&self, name: &str, claim: &Node) -> Option<Quantity> {
        let claim = Claim::new(claim);
        let wanted = claim.size();
        if let Some(claim) = self.bound.iter().find(|claim| claim.name == name) {
            return Claim::new(&claim.root).capacity().or(wanted);
        }
        let volume = self.volumes.iter().map(|volume| Volume::new(&volume.root)).find(|volume| {
            match (claim.volume_name(), volume.claim_name()) {
                (Some(named), _) => named == volume.name(),
                (None, Some(claimed)) => claimed == name,
                (None, None) => {
                    volume.class() == claim.class().unwrap_or_default()
                        && volume.capacity() >= wanted
                        && claim
                            .access_modes()
                            .all(|mode| volume.access_modes().any(|offered| offered == mode))
                }
            }
        });
        match volume {
            Some(volume) => volume.capacity().or(wanted),
            None if self.options.claims_bound => wanted,
            None => None,
        }
    }

    fn expandable(&self, class: &str) -> Option<bool> {
        let class = self.class(class)?;
        Some(class.at(&["allowVolumeExpansion"]).and_then(Node::as_bool).unwrap_or_default())
    }
}
