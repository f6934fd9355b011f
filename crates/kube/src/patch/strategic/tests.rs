use super::super::testing::map;
use super::*;
use crate::Version;
use plimsoll_yaml::Node;

fn root(kind: &str) -> Position {
    Position::root("v1", kind, Version::V1_36)
}

/// What an object stores after `kubectl apply` of `new` over `live`, and the patch that was sent.
fn applied(kind: &str, old: &str, new: &str, live: &str) -> (Map, Map) {
    let patch = create_three_way(root(kind), &map(old), &map(new), &map(live)).unwrap();
    (apply(root(kind), map(live), patch.clone()).unwrap(), patch)
}

#[test]
fn removing_one_of_two_items_that_share_a_key_removes_both() {
    let two = "{spec: {ports: [{name: t, port: 443, protocol: TCP}, {name: u, port: 443, protocol: UDP}]}}";
    let (stored, patch) =
        applied("Service", two, "{spec: {ports: [{name: t, port: 443, protocol: TCP}]}}", two);
    assert_eq!(
        patch,
        map(
            "{spec: {$setElementOrder/ports: [{port: 443}], ports: [{$patch: delete, port: 443, name: t, protocol: TCP}]}}"
        )
    );
    assert_eq!(stored, map("{spec: {ports: []}}"));
}

#[test]
fn a_new_item_with_a_known_key_is_dropped() {
    let pod = |ports: &str| format!("{{spec: {{containers: [{{name: a, ports: {ports}}}]}}}}");
    let one = pod("[{containerPort: 53, protocol: TCP}]");
    let two = pod("[{containerPort: 53, protocol: TCP}, {containerPort: 53, protocol: UDP}]");
    let (stored, patch) = applied("Pod", &one, &two, &one);
    assert_eq!(stored, map(&one));
    let ports = patch.get("spec").and_then(|spec| spec.get("containers")?.items().first()?.get("ports"));
    assert_eq!(ports.map(|ports| ports.items().len()), Some(2), "both are merged into the one that there is");
}

#[test]
fn the_server_refuses_an_order_that_the_patch_breaks() {
    let env = |items: &str| format!("{{spec: {{containers: [{{name: a, env: {items}}}]}}}}");
    let old = env("[{name: A, value: z}, {name: A, value: x}]");
    let new = env("[{name: A, value: x}, {name: B, value: '1'}, {name: A, value: z}]");
    let patch = create_three_way(root("Pod"), &map(&old), &map(&new), &map(&old)).unwrap();
    let error = apply(root("Pod"), map(&old), patch).unwrap_err();
    assert_eq!(
        error.message,
        "The order in patch list:\n[map[name:A value:z] map[name:A value:x] map[name:B value:1]]\n \
         doesn't match $setElementOrder list:\n[map[name:A] map[name:B] map[name:A]]\n"
    );
}

#[test]
fn the_keys_of_a_union_are_retained() {
    let old = "{spec: {volumes: [{name: a, emptyDir: {}}]}}";
    let (stored, patch) = applied("Pod", old, "{spec: {volumes: [{name: a, secret: {secretName: s}}]}}", old);
    assert_eq!(stored, map("{spec: {volumes: [{name: a, secret: {secretName: s}}]}}"));
    assert_eq!(
        patch,
        map(
            "{spec: {$setElementOrder/volumes: [{name: a}], volumes: [{name: a, $retainKeys: [name, secret], secret: {secretName: s}, emptyDir: null}]}}"
        )
    );
}

#[test]
fn scalars_are_merged_as_a_set() {
    let old = "{metadata: {finalizers: [a/x, b/x]}}";
    let (stored, patch) = applied(
        "ConfigMap",
        old,
        "{metadata: {finalizers: [b/x, c/x]}}",
        "{metadata: {finalizers: [a/x, other/x, b/x]}}",
    );
    assert_eq!(
        patch,
        map(
            "{metadata: {$setElementOrder/finalizers: [b/x, c/x], $deleteFromPrimitiveList/finalizers: [a/x], finalizers: [c/x]}}"
        )
    );
    let finalizers = stored.get("metadata").and_then(|node| node.get("finalizers"));
    assert_eq!(finalizers.map(|node| node.items().len()), Some(3));
    assert!(finalizers.is_some_and(|node| node.items().contains(&Node::bare("other/x"))));
}

#[test]
fn an_item_without_the_merge_key_cannot_be_patched() {
    let old = "{spec: {ports: [{port: 1}]}}";
    let error = create_three_way(root("Service"), &map(old), &map("{spec: {ports: [{name: a}]}}"), &map(old))
        .unwrap_err();
    assert_eq!(error.message, "map: map[name:a] does not contain declared merge key: port");
}

#[test]
fn nothing_to_do_is_an_empty_patch() {
    let old = "{spec: {replicas: 1, containers: [{name: a, env: [{name: A}, {name: A}]}]}}";
    let (stored, patch) = applied(
        "Pod",
        old,
        old,
        "{spec: {replicas: 1, x: 1, containers: [{name: a, image: i, env: [{name: A}, {name: A}]}]}}",
    );
    assert_eq!((patch.len(), stored.len()), (0, 1));
}
