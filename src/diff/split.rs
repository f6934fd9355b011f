//! Which objects share a simulated server.
//!
//! Most objects have nothing to do with each other if the driver sends them one by one. Those are applied in batches, each to
//! a server of its own, in parallel. What a batch stores is dropped when its objects are planned, so the memory that a plan
//! needs is that of the manifests, not of everything that is stored.

use super::Options;
use super::matching::{self, Pair};
use super::observe::Roots;
use super::simulation::Sent;
use crate::k8s::admission::is_configuration;
use crate::k8s::{defaults, kinds};
use crate::manifest::Object;
use crate::yaml::Node;
use std::collections::BTreeMap;

/// How many pairs are in a batch: enough that making a server for them costs little, few enough that a small plan keeps every
/// processor busy.
pub(super) const BATCH: usize = 8;

/// Tells the objects that need a common server from those that do not.
pub(super) struct Split<'a> {
    sides: [&'a [Object]; 2],
    is_one_by_one: bool,
    leaves_out_unchanged: bool,
}

impl<'a> Split<'a> {
    pub(super) fn new(sides: [&'a [Object]; 2], pairs: &[Pair<'_>], options: &Options) -> Self {
        let [old, new] = sides.map(<[Object]>::len);
        let count = |side: fn(&Pair<'_>) -> bool| pairs.iter().filter(|pair| side(pair)).count();
        // Of an object that a side holds twice only the last one is in a pair, but all of them are sent.
        let is_unique = count(|pair| pair.old.is_some()) == old && count(|pair| pair.new.is_some()) == new;
        let mut all = sides.into_iter().flatten().chain(&options.policies);
        let are_apart = is_unique && !all.any(|object| has_needless_namespace(object) || is_policy(object));
        let is_one_by_one = options.driver.sends_one_by_one() && !options.prune && are_apart;
        let leaves_out_unchanged = !options.driver.sends_whole_objects() && !options.stored;
        Self { sides, is_one_by_one, leaves_out_unchanged }
    }

    /// Whether what happens to the objects of a pair depends on no other object, nor what happens to others on them.
    pub(super) fn is_independent(&self, pair: &Pair<'_>) -> bool {
        let Some(object) = pair.new.or(pair.old) else { return false };
        self.is_one_by_one
            && !decides_for_others(object)
            // What stays as it is, is asked for nothing.
            && (!depends_on_others(object) || self.leaves_out_unchanged && is_unchanged(pair))
    }

    /// What is sent to the server of all objects that are not independent. `roots` are those of `pairs`.
    pub(super) fn shared<'r>(&self, pairs: &[Pair<'_>], roots: &'r [Roots<'_>], options: &Options) -> Sent<'r>
    where
        'a: 'r,
    {
        let mut compared: BTreeMap<*const Object, Option<&Node>> = BTreeMap::new();
        for (pair, roots) in pairs.iter().zip(roots) {
            let is_sent = !self.is_independent(pair);
            for (object, root) in [(pair.old, &roots.old), (pair.new, &roots.new)] {
                let root = root.as_deref().filter(|_| is_sent);
                compared.extend(object.map(|object| (std::ptr::from_ref(object), root)));
            }
        }
        self.sides.map(|objects| {
            let applied = objects.iter().filter(|object| !options.driver.skips(object));
            let root = |object: &'r Object| match compared.get(&std::ptr::from_ref(object)) {
                Some(root) => *root,
                None => Some(&*object.root),
            };
            applied.filter_map(root).collect()
        })
    }

    /// What is sent of the independent objects of these pairs: those that stay as they are only if the driver sends objects as
    /// a whole, or if somebody asks what is stored.
    pub(super) fn batch<'r>(&self, pairs: &[Pair<'_>], roots: &'r [Roots<'_>]) -> Sent<'r> {
        let is_left_out = |pair: &Pair<'_>| self.leaves_out_unchanged && is_unchanged(pair);
        let is_sent = |pair: &Pair<'_>| self.is_independent(pair) && !is_left_out(pair);
        let sent = || pairs.iter().zip(roots).filter(|(pair, _)| is_sent(pair)).map(|(_, roots)| roots);
        [
            sent().filter_map(|roots| roots.old.as_deref()).collect(),
            sent().filter_map(|roots| roots.new.as_deref()).collect(),
        ]
    }
}

/// Whether both manifests of a pair are the same.
pub(super) fn is_unchanged(pair: &Pair<'_>) -> bool {
    pair.old.zip(pair.new).is_some_and(|(old, new)| old.root == new.root)
}

/// Whether an object of the whole cluster names a namespace. To the server it is the same object as one without.
fn has_needless_namespace(object: &Object) -> bool {
    object.namespace.is_some() && kinds::namespaced(&object.api_version, &object.kind) == Some(false)
}

/// Whether an object decides what is admitted: policies may look up any other, as parameters or namespaces.
fn is_policy(object: &Object) -> bool {
    is_configuration(object.group(), &object.kind)
}

/// Whether what the server answers to requests for other objects can depend on the object.
fn decides_for_others(object: &Object) -> bool {
    matches!(
        (matching::group_of(object), object.kind.as_str()),
        ("", "Service")
            | ("storage.k8s.io", "StorageClass")
            | ("apiextensions.k8s.io", "CustomResourceDefinition")
    )
}

/// Whether what the server answers to requests for the object can depend on others: on the class of a claim, on the
/// definition of a custom resource.
fn depends_on_others(object: &Object) -> bool {
    let group = matching::group_of(object);
    (group, object.kind.as_str()) == ("", "PersistentVolumeClaim") || !defaults::is_builtin(group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::diff::{Driver, compare};
    use crate::yaml::ReadOptions;

    fn objects(text: String) -> Vec<Object> {
        let report = crate::manifest::load_stdin(&Sources::new(), text, &ReadOptions::strict());
        report.output.unwrap_or_default()
    }

    /// Objects that decide for others, objects that others decide for, and more of others than a batch takes.
    fn release(ports: [u16; 2], size: &str, is_expandable: bool, minimum: u8, image: &str) -> Vec<Object> {
        let [first, second] = ports;
        let mut text = format!(
            "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data}}
spec: {{accessModes: [ReadWriteOnce], storageClassName: fast, resources: {{requests: {{storage: {size}}}}}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: fast}}
provisioner: example.com/fast
allowVolumeExpansion: {is_expandable}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: pools.example.com}}
spec:
  group: example.com
  scope: Namespaced
  names: {{kind: Pool, plural: pools}}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: {{spec: {{type: object, properties: {{size: {{type: integer, minimum: {minimum}}}}}}}}}
---
apiVersion: example.com/v1
kind: Pool
metadata: {{name: a}}
spec: {{size: {minimum}}}
---
apiVersion: example.com/v1
kind: Pool
metadata: {{name: b, labels: {{minimum: \"{minimum}\"}}}}
spec: {{size: 1}}
---
apiVersion: v1
kind: Service
metadata: {{name: first}}
spec: {{type: NodePort, selector: {{app: web}}, ports: [{{port: 80, nodePort: {first}}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: second}}
spec: {{type: NodePort, selector: {{app: web}}, ports: [{{port: 80, nodePort: {second}}}]}}
"
        );
        let deployment = |number| {
            format!(
                "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web-{number}}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: \"{image}\"}}]}}
"
            )
        };
        text.extend((0..3 * BATCH).map(deployment));
        objects(text)
    }

    #[test]
    fn batches_are_planned_as_on_one_server() {
        let old = release([30001, 30002], "1Gi", true, 1, "web:1");
        let new = release([30002, 30001], "2Gi", false, 2, "web:2");
        let plan = |prune| {
            // A driver that prunes needs one server for all objects. Nothing is removed here.
            let options =
                Options { driver: Driver::Kubectl, prune, claims_bound: true, ..Options::default() };
            compare(&old, &new, &options)
        };
        let (batches, one_server) = (plan(false), plan(true));
        assert_eq!(format!("{:?}", batches.objects), format!("{:?}", one_server.objects));
        let summary = batches.summary();
        assert!(summary.rejected >= 2 && summary.restarts == 3 * BATCH, "{summary:?}");
    }

    #[test]
    fn what_others_decide_for_is_not_independent() {
        let old = release([30001, 30002], "1Gi", true, 1, "web:1");
        let new = release([30001, 30002], "2Gi", true, 2, "web:2");
        let options = Options { driver: Driver::Kubectl, ..Options::default() };
        let independent = |old: &[Object], new: &[Object], options: &Options| {
            let pairs = matching::pair(old, new, options);
            let split = Split::new([old, new], &pairs, options);
            let independent = pairs.iter().filter(|pair| split.is_independent(pair));
            independent.filter_map(|pair| pair.new).map(|new| new.name.clone()).collect::<Vec<_>>()
        };
        let changed = independent(&old, &new, &options);
        assert!(changed.len() == 3 * BATCH && changed.iter().all(|name| name.starts_with("web-")));
        let unchanged = independent(&old, &old, &options);
        assert_eq!(unchanged[..3], ["data", "a", "b"]);
        assert_eq!(unchanged.len(), 3 * BATCH + 3);
        let repeated = [&new[..], &new[6..]].concat();
        assert_eq!(independent(&old, &repeated, &options), [""; 0]);
        let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a";
        let twins = objects(format!("{role}}}\n---\n{role}, namespace: b}}\n"));
        assert_eq!(independent(&twins, &twins, &options), [""; 0]);
        let pruned = Options { prune: true, ..options };
        assert_eq!(independent(&old, &new, &pruned), [""; 0]);
    }
}
