//! The preview for programs.

use super::{Claim, Pod, Preview, Resources, Service, Workload};
use crate::diag::escape;
use crate::k8s::quantity::Quantity;
use serde_json::{Value as Json, json};

/// One JSON document: `{"version":1,"kubeVersion":"1.36","workloads":[..],"services":[..],"claims":[..],"totals":{..}}`.
/// Quantities are strings in their canonical form.
pub fn json(preview: &Preview) -> String {
    let totals = &preview.totals;
    let document = json!({
        "version": 1,
        "kubeVersion": preview.kube_version.to_string(),
        "workloads": preview.workloads.iter().map(workload).collect::<Vec<_>>(),
        "services": preview.services.iter().map(service).collect::<Vec<_>>(),
        "claims": preview.claims.iter().map(claim).collect::<Vec<_>>(),
        "totals": {
            "pods": totals.pods,
            "atLeast": totals.at_least,
            "claims": totals.claims,
            "storage": quantity(totals.storage),
            "requests": resources(&totals.requests),
            "limits": resources(&totals.limits),
        },
    });
    escape::json(format!("{document:#}\n"))
}

fn workload(workload: &Workload) -> Json {
    json!({
        "kind": workload.kind,
        "name": workload.name,
        "namespace": workload.namespace,
        "replicas": workload.replicas,
        "pods": workload.pods.iter().map(pod).collect::<Vec<_>>(),
        "startOrder": workload.start,
        "updateOrder": workload.update,
        "leaves": workload.leaves,
        "warnings": workload.warnings,
        "requests": resources(&workload.requests),
        "limits": resources(&workload.limits),
    })
}

fn pod(pod: &Pod) -> Json {
    json!({ "name": pod.name, "ordinal": pod.ordinal, "dns": pod.dns, "claims": pod.claims })
}

fn service(service: &Service) -> Json {
    json!({
        "name": service.name,
        "namespace": service.namespace,
        "type": service.kind,
        "clusterIP": service.cluster_ip,
        "dns": service.dns,
        "ports": service.ports,
        "selects": service.selects,
        "selectedHooks": service.selected_hooks,
    })
}

fn claim(claim: &Claim) -> Json {
    json!({
        "name": claim.name,
        "namespace": claim.namespace,
        "size": quantity(claim.size),
        "accessModes": claim.modes,
        "storageClass": claim.class,
        "pod": claim.pod,
    })
}

fn resources(resources: &Resources) -> Json {
    json!({ "cpu": quantity(resources.cpu), "memory": quantity(resources.memory) })
}

fn quantity(quantity: Option<Quantity>) -> Json {
    quantity.map_or(Json::Null, |quantity| quantity.to_string().into())
}
