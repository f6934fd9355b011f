//! `commonLabels`, `labels` and `commonAnnotations`.

use super::configuration::{self, Configuration, OwnField};
use super::fields::{FieldSpec, set_entries};
use super::file::Kustomization;
use super::resource::Resource;
use crate::yaml::{Map, Node};

const TEMPLATE_LABELS: &str = "spec/template/metadata/labels";
const SELECTOR: &str = "spec/selector/matchLabels";

/// The labels of an object itself.
static OWN: [FieldSpec<'static>; 1] = [FieldSpec::of("", "metadata/labels", true)];

/// The labels of the pods and claims that an object makes.
static TEMPLATES: [FieldSpec<'static>; 9] = [
    FieldSpec::of("ReplicationController", TEMPLATE_LABELS, true),
    FieldSpec::of("Deployment", TEMPLATE_LABELS, true),
    FieldSpec::of("ReplicaSet", TEMPLATE_LABELS, true),
    FieldSpec::of("DaemonSet", TEMPLATE_LABELS, true),
    FieldSpec::of("StatefulSet", TEMPLATE_LABELS, true),
    FieldSpec::of("Job", TEMPLATE_LABELS, true),
    FieldSpec::of("CronJob", "spec/jobTemplate/metadata/labels", true),
    FieldSpec::of("CronJob", "spec/jobTemplate/spec/template/metadata/labels", true),
    FieldSpec::of("StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true),
];

/// The selectors of pods.
static SELECTORS: [FieldSpec<'static>; 23] = [
    FieldSpec::of("Service", "spec/selector", true),
    FieldSpec::of("ReplicationController", "spec/selector", true),
    FieldSpec::of("Deployment", SELECTOR, true),
    FieldSpec::of("ReplicaSet", SELECTOR, true),
    FieldSpec::of("DaemonSet", SELECTOR, true),
    FieldSpec::of("StatefulSet", SELECTOR, true),
    FieldSpec::in_group("batch", "Job", SELECTOR),
    FieldSpec::in_group("batch", "CronJob", "spec/jobTemplate/spec/selector/matchLabels"),
    FieldSpec::in_group("policy", "PodDisruptionBudget", SELECTOR),
    FieldSpec::in_group("networking.k8s.io", "NetworkPolicy", "spec/podSelector/matchLabels"),
    FieldSpec::in_group("networking.k8s.io", "NetworkPolicy", "spec/ingress/from/podSelector/matchLabels"),
    FieldSpec::in_group("networking.k8s.io", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels"),
    FieldSpec::in_group(
        "apps",
        "Deployment",
        "spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    ),
    FieldSpec::in_group(
        "apps",
        "Deployment",
        "spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    ),
    FieldSpec::in_group(
        "apps",
        "Deployment",
        "spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    ),
    FieldSpec::in_group(
        "apps",
        "Deployment",
        "spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    ),
    FieldSpec::in_group(
        "apps",
        "Deployment",
        "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels",
    ),
    FieldSpec::in_group(
        "apps",
        "StatefulSet",
        "spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    ),
    FieldSpec::in_group(
        "apps",
        "StatefulSet",
        "spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    ),
    FieldSpec::in_group(
        "apps",
        "StatefulSet",
        "spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    ),
    FieldSpec::in_group(
        "apps",
        "StatefulSet",
        "spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    ),
    FieldSpec::in_group(
        "apps",
        "StatefulSet",
        "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels",
    ),
    FieldSpec::of("ReplicationController", "spec/template/metadata/labels", true),
];

/// The annotations of an object and of the pods that it makes.
static ANNOTATIONS: [FieldSpec<'static>; 9] = [
    FieldSpec::of("", "metadata/annotations", true),
    FieldSpec::of("ReplicationController", "spec/template/metadata/annotations", true),
    FieldSpec::of("Deployment", "spec/template/metadata/annotations", true),
    FieldSpec::of("ReplicaSet", "spec/template/metadata/annotations", true),
    FieldSpec::of("DaemonSet", "spec/template/metadata/annotations", true),
    FieldSpec::of("StatefulSet", "spec/template/metadata/annotations", true),
    FieldSpec::of("Job", "spec/template/metadata/annotations", true),
    FieldSpec::of("CronJob", "spec/jobTemplate/metadata/annotations", true),
    FieldSpec::of("CronJob", "spec/jobTemplate/spec/template/metadata/annotations", true),
];

/// Adds the labels and annotations of a kustomization.
pub(super) fn add(resources: &mut [Resource], kustomization: &Kustomization, configuration: &Configuration) {
    for entry in kustomization.list("labels") {
        let Some(pairs) = entry.get("pairs").and_then(Node::as_map) else { continue };
        let is_set = |key: &str| entry.get(key).and_then(Node::as_bool) == Some(true);
        set(resources, &OWN, pairs);
        if is_set("includeSelectors") {
            set(resources, &TEMPLATES, pairs);
            set(resources, &SELECTORS, pairs);
            configuration::set_entries(resources, &configuration.labels, pairs);
        } else if is_set("includeTemplates") {
            set(resources, &TEMPLATES, pairs);
        }
        configuration::set_entries(resources, &OwnField::read_all(entry.get("fields")), pairs);
    }
    if let Some(pairs) = kustomization.get("commonLabels").and_then(Node::as_map) {
        for specs in [&OWN[..], &TEMPLATES, &SELECTORS] {
            set(resources, specs, pairs);
        }
        configuration::set_entries(resources, &configuration.labels, pairs);
    }
    if let Some(pairs) = kustomization.get("commonAnnotations").and_then(Node::as_map) {
        set(resources, &ANNOTATIONS, pairs);
        configuration::set_entries(resources, &configuration.annotations, pairs);
    }
}

fn set(resources: &mut [Resource], specs: &[FieldSpec<'_>], pairs: &Map) {
    for resource in resources {
        for spec in specs {
            spec.each(resource, &mut |node| set_entries(node, pairs));
        }
    }
}
