use super::prelude::*;

declare! {
    /// `Parallel` starts all pods at once. Databases whose first member creates the cluster and whose others join it
    /// one at a time (Cassandra, Galera, Couchbase, Aerospike) may then create several clusters of one member, or
    /// refuse to join while another member is joining.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: ring}
    /// spec:
    ///   replicas: 3
    ///   podManagementPolicy: Parallel
    ///   template:
    ///     spec:
    ///       containers: [{name: cassandra, image: "cassandra:5.0.2"}]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: ring}
    /// spec:
    ///   replicas: 3
    ///   podManagementPolicy: OrderedReady
    ///   template:
    ///     spec:
    ///       containers: [{name: cassandra, image: "cassandra:5.0.2"}]
    /// ```
    ///
    /// ## Fix
    /// Use `OrderedReady`, or make sure that the image elects the first member by ordinal. The policy cannot be changed
    /// on a StatefulSet that exists.
    PARALLEL_CLUSTER = "sts/parallel-cluster", Info, "a database whose members join one at a time starts them all at once";
    release: check;
}

const ONE_AT_A_TIME: [&str; 7] = [
    "cassandra",
    "scylla",
    "galera",
    "percona-xtradb-cluster",
    "couchbase",
    "aerospike",
    "group-replication",
];

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        if !set.is_parallel() || set.replicas() < 2 {
            continue;
        }
        let image = set.template().containers().find_map(|container| {
            let image = Image::parse(container.image()).name;
            ONE_AT_A_TIME.iter().any(|name| image.contains(name)).then_some(image)
        });
        if let Some(image) = image {
            found.push(
                set.finding(
                    &PARALLEL_CLUSTER,
                    "spec.podManagementPolicy",
                    format!("{set} starts all pods at once, but members of `{image}` join one at a time"),
                )
                .help("use `OrderedReady`, or make sure that only ordinal 0 creates the cluster"),
            );
        }
    }
}
