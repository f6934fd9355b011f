//! Custom resources on a server that has their definition: what it prunes, what it fills in, what it refuses.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use plimsoll_cluster::client::{Helm, Kubectl, Method, Run};
use plimsoll_cluster::server::{Assumptions, ObjectKey, Server};
use plimsoll_diag::{SourceKind, Sources};
use plimsoll_kube::Version;
use plimsoll_yaml::{Node, ReadOptions};

const NAMESPACE: &str = "shop";

fn parse(text: &str) -> Node {
    let sources = Sources::new();
    let source = sources.add("a.yaml", text, SourceKind::Stdin);
    plimsoll_yaml::read(&sources, source, &ReadOptions::lenient()).output.unwrap().remove(0).root
}

/// The definition of `Cache`, whose `spec` has these properties.
fn definition(properties: &str) -> String {
    format!(
        "{{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {{name: caches.x.io}}, spec: {{
  group: x.io, scope: Namespaced, names: {{kind: Cache, plural: caches, singular: cache, listKind: CacheList}},
  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, properties: {{
    spec: {{type: object, default: {{}}, properties: {{{properties}}}}}}}}}}}}}]}}}}
"
    )
}

const PROPERTIES: &str = "size: {type: integer, default: 1}, mode: {type: string, nullable: true, default: lru}, \
    limits: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {cpu: {type: string}}}";

fn cache(rest: &str) -> String {
    format!("{{apiVersion: x.io/v1, kind: Cache, metadata: {{name: a, namespace: {NAMESPACE}}}{rest}}}\n")
}

fn kubectl() -> Kubectl {
    Kubectl { namespace: NAMESPACE.to_owned() }
}

fn apply(server: &mut Server, text: &str) -> Run {
    kubectl().apply(server, &Sources::new(), text)
}

fn server() -> Server {
    let mut server = Server::new(Version::V1_36);
    let run = apply(&mut server, &definition(PROPERTIES));
    assert!(run.is_success(), "{run:?}");
    server
}

/// What is stored of the `Cache`, without its annotations.
fn stored(server: &Server) -> String {
    let key = ObjectKey {
        group: "x.io".to_owned(),
        kind: "Cache".to_owned(),
        namespace: NAMESPACE.to_owned(),
        name: "a".to_owned(),
    };
    let object = server.object(&key).unwrap();
    object.get("spec").map(plimsoll_yaml::emit::format_json).unwrap_or_default()
}

#[test]
fn defaults_are_stored_by_every_kind_of_write() {
    for written in ["", ", spec: {}", ", spec: {size: null}"] {
        let mut server = server();
        assert!(apply(&mut server, &cache(written)).is_success());
        assert_eq!(stored(&server), r#"{"mode":"lru","size":1}"#, "{written}");
    }
    let mut server = server();
    let run = kubectl().apply_server_side(&mut server, &Sources::new(), &cache(", spec: {size: 3}"), false);
    assert!(run.is_success(), "{run:?}");
    assert_eq!(stored(&server), r#"{"mode":"lru","size":3}"#);
    // A field that server-side apply gives up is what its default says.
    let run = kubectl().apply_server_side(&mut server, &Sources::new(), &cache(""), false);
    assert!(run.is_success(), "{run:?}");
    assert_eq!(stored(&server), r#"{"mode":"lru","size":1}"#);
    let run = kubectl().replace(&mut server, &Sources::new(), &cache(", spec: {size: 2, mode: null}"));
    assert!(run.is_success(), "{run:?}");
    assert_eq!(stored(&server), r#"{"mode":null,"size":2}"#);
}

#[test]
fn a_field_that_leaves_the_manifest_gets_its_default() {
    let mut server = server();
    apply(&mut server, &cache(", spec: {size: 3, mode: fifo}"));
    assert_eq!(stored(&server), r#"{"mode":"fifo","size":3}"#);
    assert!(apply(&mut server, &cache(", spec: {mode: fifo}")).is_success());
    assert_eq!(stored(&server), r#"{"mode":"fifo","size":1}"#);
    // What is written out as the server stores it anyway is no request.
    assert!(apply(&mut server, &cache(", spec: {mode: fifo}")).requests.is_empty());
}

#[test]
fn unknown_fields_are_refused_or_pruned() {
    let unknown = cache(", spec: {size: 3, sizze: 4, limits: {gpu: 1}}");
    let mut strict = server();
    let run = apply(&mut strict, &unknown);
    let refusals: Vec<(u16, &str)> =
        run.refusals().map(|status| (status.code, status.message.as_str())).collect();
    let message = "Cache in version \"v1\" cannot be handled as a Cache: strict decoding error: unknown field \"spec.sizze\"";
    assert_eq!(refusals, [(400, message)]);
    // Helm 3 asks for no strict validation.
    let mut lenient = server();
    let run =
        Helm::new("rel", NAMESPACE).upgrade_objects(&mut lenient, [parse(&unknown)], Method::ClientSide);
    assert!(run.is_success(), "{run:?}");
    assert_eq!(stored(&lenient), r#"{"limits":{"gpu":1},"mode":"lru","size":3}"#);
}

#[test]
fn stored_objects_are_read_by_the_newest_definition() {
    let mut server = server();
    apply(&mut server, &cache(", spec: {size: 3, mode: fifo}"));
    let run = apply(&mut server, &definition("size: {type: integer}, shards: {type: integer, default: 2}"));
    assert!(run.is_success(), "{run:?}");
    assert_eq!(stored(&server), r#"{"shards":2,"size":3}"#);
    // The order in which a cluster is read does not matter.
    let assumptions = Assumptions { serves_unknown_kinds: true, ..Assumptions::default() };
    let mut read = Server::assuming(Version::V1_36, assumptions);
    read.load(&parse(&cache(", spec: {size: 3, extra: 1}")), NAMESPACE);
    read.load(&parse(&definition(PROPERTIES)), NAMESPACE);
    assert_eq!(stored(&read), r#"{"mode":"lru","size":3}"#);
}
