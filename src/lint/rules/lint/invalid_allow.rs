use crate::lint::registry::declare;

declare! {
    /// An allow comment names one or more rules and the reason why the finding is acceptable. With a misspelt rule it
    /// does nothing. Without a reason, reviewers cannot tell later whether it is still valid.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db} # plimsoll: allow sts/ondelete - the operator deletes the pods
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   updateStrategy: {type: OnDelete} # plimsoll: allow sts/on-delete - the operator deletes the pods
    /// ```
    ///
    /// ## Fix
    /// Write `# plimsoll: allow <rule> - <reason>`; several rules are separated by commas.
    INVALID_ALLOW = "lint/invalid-allow", Error, "an allow comment names an unknown rule or gives no reason";
}
