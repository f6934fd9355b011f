use crate::lint::registry::declare;

declare! {
    /// An allow comment names one or more rules and says why the finding is acceptable. With a misspelt rule it does
    /// nothing; without a reason nobody can tell later whether it still holds.
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
