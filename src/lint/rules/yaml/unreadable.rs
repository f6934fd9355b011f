use crate::lint::registry::declare;

declare! {
    /// A file or directory that was named, or found below a directory that was named, cannot be read: it does not exist,
    /// permissions forbid it, or it is a link to a missing file. Everything else is still linted.
    ///
    /// ## Fix
    /// Correct the path or the permissions, or exclude the file with `--exclude` or `exclude` in `plimsoll.toml`. Such a
    /// file is reported whatever `--rule` selects and whether or not the group `yaml` is off; only the level of this rule
    /// itself changes that.
    UNREADABLE = "yaml/unreadable", Error, "a file cannot be read";
}
