use crate::lint::registry::declare;

declare! {
    /// A comment that allows a rule which nothing on its line breaks hides the next real finding, and tells readers
    /// of a problem that is no longer there.
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
    /// Remove the comment. It counts for its own line, or, alone on a line, for the next line that is more than a
    /// comment: one that is not where the finding is shown does nothing.
    UNUSED_ALLOW = "lint/unused-allow", Warning, "a comment allows what nothing breaks";
}
