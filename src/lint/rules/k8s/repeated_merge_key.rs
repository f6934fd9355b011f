use crate::diag::Diagnostic;
use crate::k8s::merge::{Position, Strategy, find_repeated};
use crate::lint::finding::finding;
use crate::lint::registry::declare;
use crate::lint::release::Release;
use crate::manifest::Object;
use crate::yaml::emit::flow_json;
use crate::yaml::{Node, Value};

declare! {
    /// Client-side `kubectl apply` merges lists by one key per item: the ports of a Service by `port`, those of a
    /// container by `containerPort`, variables by `name`. If two items share it, as 53/TCP and 53/UDP do, the object can
    /// be created, but a later change of the list is refused or lands in the wrong item.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: dns}
    /// spec:
    ///   ports:
    ///     - {name: tcp, port: 53, protocol: TCP}
    ///     - {name: udp, port: 53, protocol: UDP}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: dns-tcp}
    /// spec:
    ///   ports: [{name: tcp, port: 53, protocol: TCP}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: dns-udp}
    /// spec:
    ///   ports: [{name: udp, port: 53, protocol: UDP}]
    /// ```
    ///
    /// ## Fix
    /// Apply with `kubectl apply --server-side`, which merges these lists by all of their keys, or split the object. As
    /// long as the list does not change, nothing has to be done.
    REPEATED_MERGE_KEY = "k8s/repeated-merge-key", Info, "items of a list share the key by which kubectl apply merges them";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for object in release.objects {
        let root = Position::root(&object.api_version, &object.kind, release.version);
        visit(object, root, "", &object.root, found);
    }
}

fn visit(object: &Object, at: Position, path: &str, node: &Node, found: &mut Vec<Diagnostic>) {
    match &node.value {
        Value::Map(map) => {
            for entry in map {
                let dot = if path.is_empty() { "" } else { "." };
                visit(object, at.field(&entry.key), &format!("{path}{dot}{}", entry.key), &entry.value, found);
            }
        }
        Value::Seq(items) => {
            if let Strategy::Merge(key) | Strategy::MergeRetainKeys(key) = at.strategy()
                && let Some((index, value)) = find_repeated(key, items)
            {
                let value = flow_json(value);
                found.push(
                    finding(
                        &REPEATED_MERGE_KEY,
                        object,
                        format!("{path}[{index}].{key}"),
                        format!("several items of `{path}` have `{key}: {value}`: `kubectl apply` cannot tell them apart"),
                    )
                    .help("apply changes of this list with `--server-side`"),
                );
            }
            for (index, item) in items.iter().enumerate() {
                visit(object, at.item(), &format!("{path}[{index}]"), item, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn lists_in_lists_are_found() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    env: [{name: A, \
                    value: x}, {name: B}, {name: A, value: y}]\n";
        assert_eq!(
            findings("k8s/repeated-merge-key", text),
            ["7:50 spec.containers[0].env[2].name"]
        );
    }
}
