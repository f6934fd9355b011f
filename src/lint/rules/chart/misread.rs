use crate::lint::registry::declare;

declare! {
    /// Helm ignores a part of the chart or of its values, or reads it differently than it is written, and says nothing:
    /// a condition or a tag that is not a boolean, `import-values` of something that is not a map, a `global` that is not
    /// a map, a key of `Chart.yaml` in the wrong case, a `!` in `.helmignore`, a symbolic link.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: umbrella
    /// version: 1.0.0
    /// dependencies: [{name: db, version: 1.0.0, condition: db.enabled}]
    /// ```
    /// ```yaml
    /// # values.yaml
    /// db: {enabled: "false"}
    /// ```
    /// ```yaml
    /// # charts/db/Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: umbrella
    /// version: 1.0.0
    /// dependencies: [{name: db, version: 1.0.0, condition: db.enabled}]
    /// ```
    /// ```yaml
    /// # values.yaml
    /// db: {enabled: false}
    /// ```
    /// ```yaml
    /// # charts/db/Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// ```
    ///
    /// ## Fix
    /// Correct what the message names.
    MISREAD = "chart/misread", Warning, "a part of a chart is ignored or read differently than it is written";
}
