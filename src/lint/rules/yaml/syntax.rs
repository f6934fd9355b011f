use crate::lint::registry::declare;

declare! {
    /// kubectl and helm refuse the file, so nothing in it reaches the cluster. Everything else is still linted, but a
    /// rule that looks for another object may miss one that this file contains.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// ```
    ///
    /// ## Fix
    /// Correct the syntax, or exclude the file with `--exclude` or `exclude` in `plimsoll.toml`. Such a file is reported
    /// whatever `--rule` selects and whether or not the group `yaml` is off; only the level of this rule itself changes
    /// that.
    SYNTAX = "yaml/syntax", Error, "a file is not valid YAML or not UTF-8";
}
