//! Variables of the environment that name directories, and where Helm keeps its configuration.

use super::world;
use std::path::PathBuf;

/// A variable, unless it is empty or is not UTF-8.
pub(crate) fn text(variable: &str) -> Option<String> {
    world().variable(variable)?.into_string().ok()
}

/// A variable that is a path, unless it is empty.
pub(crate) fn directory(variable: &str) -> Option<PathBuf> {
    world().variable(variable).map(PathBuf::from)
}

/// Where Helm keeps its configuration.
pub(crate) fn helm_directory() -> Option<PathBuf> {
    let home = if cfg!(target_os = "macos") { "Library/Preferences/helm" } else { ".config/helm" };
    let of_windows = if cfg!(windows) { below("APPDATA", "helm") } else { None };
    helm_home("HELM_CONFIG_HOME", "XDG_CONFIG_HOME", of_windows.or_else(|| below("HOME", home)))
}

/// One of Helm's directories: the one that its own variable names, else that in a directory of XDG, else the default.
pub(crate) fn helm_home(own: &str, xdg: &str, default: Option<PathBuf>) -> Option<PathBuf> {
    directory(own).or_else(|| below(xdg, "helm")).or(default)
}

/// A path in the directory that a variable names.
pub(crate) fn below(variable: &str, path: &str) -> Option<PathBuf> {
    directory(variable).map(|directory| directory.join(path))
}
