use crate::lint::registry::declare;

declare! {
    /// plimsoll builds kustomizations itself, without network and without running other programs. Remote bases, charts that
    /// are not on this machine, plugins and functions are left out, so the objects that they make are not checked, and
    /// rules that look for another object may miss it.
    ///
    /// ## Bad
    /// ```yaml
    /// # kustomization.yaml
    /// resources:
    ///   - https://github.com/example/db//deploy?ref=v1.2.3
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # kustomization.yaml
    /// resources:
    ///   - ../db
    /// ```
    ///
    /// ## Fix
    /// To check everything, lint what kustomize prints: `kubectl kustomize DIRECTORY | plimsoll lint -`.
    NOT_READ = "kustomize/not-read", Info, "a part of a kustomization is not on this machine or is a plugin";
}
