use crate::lint::registry::declare;

declare! {
    /// An allow comment without a finding hides the next real finding, and describes a problem that no longer exists.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   # plimsoll: allow sts/on-delete - the operator deletes the pods
    ///   updateStrategy: {type: RollingUpdate}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   # plimsoll: allow sts/on-delete - the operator deletes the pods
    ///   updateStrategy: {type: OnDelete}
    /// ```
    ///
    /// ## Fix
    /// Remove the comment. A comment applies to its own line. Alone on a line, it applies to the next line that is not
    /// a comment. Elsewhere it has no effect.
    UNUSED_ALLOW = "lint/unused-allow", Warning, "an allow comment matches no finding";
}
