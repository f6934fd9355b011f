use super::prelude::*;
use crate::lint::release::Service;

declare! {
    /// A route to a Service that does not exist, or to a port that it does not have, answers every request with an error
    /// (503).
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web}
    /// spec:
    ///   rules:
    ///     - http:
    ///         paths:
    ///           - path: /
    ///             pathType: Prefix
    ///             backend: {service: {name: web, port: {number: 8080}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web}
    /// spec: {ports: [{port: 80, targetPort: 8080}]}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web}
    /// spec:
    ///   rules:
    ///     - http:
    ///         paths:
    ///           - path: /
    ///             pathType: Prefix
    ///             backend: {service: {name: web, port: {number: 80}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web}
    /// spec: {ports: [{port: 80, targetPort: 8080}]}
    /// ```
    ///
    /// ## Fix
    /// Name a Service of the release and one of its `port`s, not a `targetPort`. For a Service that is not in the
    /// release the severity is warning if one has a similar name, and else info; `--assume Service/NAME` says that it is
    /// in the cluster.
    MISSING_BACKEND = "ref/missing-backend", Error, "the backend of an Ingress or HTTPRoute is a Service or port that does not exist";
    release: check;
}

/// The items of a list that may be missing.
fn items(node: Option<&Node>) -> &[Node] {
    node.map(Node::items).unwrap_or_default()
}

/// Where a route leads.
struct Backend<'a> {
    from: &'a Object,
    /// The path of the reference.
    path: String,
    service: &'a str,
    /// The port and the path of its field.
    port: Option<(&'a Node, String)>,
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    if release.is_partial() {
        return;
    }
    let ingresses = release.objects_of_kind("networking.k8s.io", "Ingress").flat_map(of_ingress);
    let routes = release.objects_of_kind("gateway.networking.k8s.io", "HTTPRoute").flat_map(of_route);
    for backend in ingresses.chain(routes) {
        let Backend { from, path, service: name, port } = backend;
        let Some(object) = release.named("", "Service", name, from) else {
            let reference = Reference { from, path: format!("{path}.name"), group: "", kind: "Service", name };
            if !reference.is_met(release) {
                found.push(reference.missing(release, &MISSING_BACKEND, "requests are answered with an error"));
            }
            continue;
        };
        let Some((service, (port, path))) = Service::from_object(object).zip(port) else { continue };
        if service.service_type() == "ExternalName" || service.ports().iter().any(|known| is_port(known, port)) {
            continue;
        }
        let shown = port.as_str().map_or_else(|| port.as_i64().unwrap_or_default().to_string(), str::to_owned);
        found.push(
            finding(
                &MISSING_BACKEND,
                from,
                path,
                format!("Service `{name}` has no port `{shown}`: requests are answered with an error"),
            )
            .at(locate(object, "spec.ports"), "its ports")
            .help("name a `port` of the Service, not a `targetPort`"),
        );
    }
}

/// Whether a route that names `wanted`, a name or a number, means that port of a Service.
fn is_port(known: &Node, wanted: &Node) -> bool {
    match wanted.as_str() {
        Some(name) => known.get("name").and_then(Node::as_str) == Some(name),
        None => known.get("port").and_then(Node::as_i64) == wanted.as_i64(),
    }
}

fn of_ingress(ingress: &Object) -> Vec<Backend<'_>> {
    let mut places = vec![(ingress.at(&["spec", "defaultBackend"]), "spec.defaultBackend".to_owned())];
    for (rule, node) in items(ingress.at(&["spec", "rules"])).iter().enumerate() {
        for (index, path) in items(node.at(&["http", "paths"])).iter().enumerate() {
            places.push((path.get("backend"), format!("spec.rules[{rule}].http.paths[{index}].backend")));
        }
    }
    let backends = places.into_iter().filter_map(|(node, path)| {
        let service = node?.get("service")?;
        let path = format!("{path}.service");
        let port = ["name", "number"].into_iter().find_map(|field| {
            Some((service.at(&["port", field])?, format!("{path}.port.{field}")))
        });
        Some(Backend { from: ingress, service: service.get("name")?.as_str()?, port, path })
    });
    backends.collect()
}

fn of_route(route: &Object) -> Vec<Backend<'_>> {
        let mut backends = Vec::new();
    for (rule, node) in items(route.at(&["spec", "rules"])).iter().enumerate() {
        for (index, reference) in items(node.get("backendRefs")).iter().enumerate() {
            let text = |field| reference.get(field).and_then(Node::as_str);
            let is_service = text("kind").is_none_or(|kind| kind == "Service") && text("group").is_none_or(str::is_empty);
            let is_here = text("namespace").is_none_or(|namespace| Some(namespace) == route.namespace.as_deref());
            let Some(service) = text("name").filter(|_| is_service && is_here) else { continue };
            let path = format!("spec.rules[{rule}].backendRefs[{index}]");
            let port = reference.get("port").map(|port| (port, format!("{path}.port")));
            backends.push(Backend { from: route, path, service, port });
        }
    }
    backends
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, severities};

    const SERVICE: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{name: http, port: 80}]}\n";

    fn ingress(service: &str) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a}}\nspec:\n  defaultBackend: {{service: \
             {service}}}\n{SERVICE}"
        )
    }

    #[test]
    fn ports_are_named_or_numbered() {
        let run = |service: &str| findings("ref/missing-backend", &ingress(service)).len();
        assert_eq!(run("{name: web, port: {name: http}}"), 0);
        assert_eq!(run("{name: web, port: {number: 80}}"), 0);
        assert_eq!(run("{name: web, port: {name: https}}"), 1);
        assert_eq!(severities("ref/missing-backend", &ingress("{name: other, port: {number: 80}}")), ["info"]);
        assert_eq!(severities("ref/missing-backend", &ingress("{name: webb, port: {number: 80}}")), ["warning"]);
    }

    #[test]
    fn routes_lead_to_services_unless_they_say_otherwise() {
        let run = |reference: &str| {
            let route = format!(
                "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: a}}\nspec: {{rules: \
                 [{{backendRefs: [{reference}]}}]}}\n{SERVICE}"
            );
            findings("ref/missing-backend", &route).len()
        };
        assert_eq!(run("{name: web, port: 80}"), 0);
        assert_eq!(run("{name: web, port: 8080}"), 1);
        assert_eq!(run("{name: other, kind: Backend, group: x.io}"), 0);
        assert_eq!(run("{name: other, namespace: shared}"), 0);
    }
}
