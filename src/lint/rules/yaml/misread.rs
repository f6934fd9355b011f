use crate::lint::registry::declare;

declare! {
    /// kubectl ignores a part of the file, or reads it differently than it is written, and says nothing: text behind the
    /// end of a document, or a key that a `<<` below it sets again.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// ...
    /// data: {mode: primary}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// data: {mode: primary}
    /// ```
    ///
    /// ## Fix
    /// Correct what the message names.
    MISREAD = "yaml/misread", Warning, "a part of a file is ignored or read differently than it is written";
}
