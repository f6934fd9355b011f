use crate::lint::registry::declare;

declare! {
    /// `helm install` fails with the same values, and none of the objects can be checked. Everything else is still linted.
    ///
    /// ## Bad
    /// ```yaml
    /// # templates/config.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: {{ required "set name" values.name }}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # values.yaml
    /// name: db
    /// ```
    /// ```yaml
    /// # templates/config.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: {{ values.name }}
    /// ```
    ///
    /// ## Fix
    /// Correct what the message names. If the chart needs values that have no default, pass them with `-f`, `--with` or
    /// `--set`, or keep them in `ci/*-values.yaml` of the chart. A chart that does not render is reported whatever `--rule`
    /// selects and whether or not the group `chart` is off; only the level of this rule itself changes that.
    RENDER_FAILED = "chart/render-failed", Error, "a chart cannot be loaded or rendered";
}
