use super::prelude::*;

declare! {
    /// An `emptyDir` is deleted with its pod. If the application keeps its data there, every reschedule, node drain and
    /// rolling update deletes the data.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: postgres:17
    ///           volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]
    ///       volumes:
    ///         - name: data
    ///           emptyDir: {}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: postgres:17
    ///           volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]
    ///   volumeClaimTemplates:
    ///     - metadata: {name: data}
    /// ```
    ///
    /// ## Fix
    /// Replace the volume by a claim template of the same name. Mount caches and scratch space at a path such as
    /// `/tmp`, `/cache` or `/run`.
    DATA_ON_EMPTY_DIR = "sts/data-on-empty-dir", Warning, "a StatefulSet's data directory is an emptyDir";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        found.extend(volumes_of_data(set).map(|(index, name, (at, mount))| {
            set.finding(
                &DATA_ON_EMPTY_DIR,
                set.template().path(&format!("spec.volumes[{index}].emptyDir")),
                format!("`{at}` of {set} is an emptyDir: the data is lost with the pod"),
            )
            .at(locate(set.object, &mount), "mounted here")
            .help(format!("make `{name}` a claim template"))
        }));
    }
}

/// The volumes of a set that are no more than an `emptyDir` and hold data: index and name of each, and where it is
/// mounted, with the path of that field.
pub(super) fn volumes_of_data(
    set: StatefulSet<'_>,
) -> impl Iterator<Item = (usize, &str, (&str, String))> {
    set.template().volumes().iter().enumerate().filter_map(move |(index, volume)| {
        let name = volume.get("name").and_then(Node::as_str)?;
        volume.get("emptyDir")?;
        if set.claims().any(|(_, claim)| claim.name() == name) {
            return None;
        }
        let mount = set.template().containers().find_map(|container| {
            let mut mounts = container.mounts();
            let mount = mounts.find(|mount| mount.volume() == name && is_data_path(mount.path()))?;
            Some((mount.path(), container.path(&format!("volumeMounts[{}].mountPath", mount.index))))
        });
        Some((index, name, mount?))
    })
}

/// Whether a mount path is where applications keep what must not be lost: `/var/lib/<app>`, or a
/// path whose last part is a word for data.
fn is_data_path(path: &str) -> bool {
    const WORDS: [&str; 9] =
        ["data", "db", "database", "storage", "pgdata", "mysql", "mongodb", "persistence", "wal"];
    let path = path.trim_end_matches('/').to_ascii_lowercase();
    let last = path.rsplit('/').next().unwrap_or_default();
    let word = last.rsplit(['-', '_']).next().unwrap_or_default();
    let scratch = ["tmp", "cache", "run", "log", "logs", "lock"]
        .iter()
        .any(|word| path.split('/').any(|part| part == *word));
    !scratch && (WORDS.contains(&word) || path.strip_prefix("/var/lib/").is_some_and(|app| !app.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::is_data_path;

    #[test]
    fn data_paths_are_told_from_scratch() {
        for path in
            ["/data", "/bitnami/postgresql/data", "/var/lib/mysql", "/app/visits-data/", "/usr/share/db"]
        {
            assert!(is_data_path(path), "{path}");
        }
        for path in
            ["/tmp", "/var/cache/nginx", "/tmp/data", "/etc/config", "/metadata-store/x", "", "/var/log/db"]
        {
            assert!(!is_data_path(path), "{path}");
        }
    }
}
