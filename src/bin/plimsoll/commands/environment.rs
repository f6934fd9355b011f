//! Variables of the environment that name directories, and where Helm keeps its configuration.

use std::path::PathBuf;

/// A variable, unless it is empty or is not UTF-8.
#[expect(clippy::disallowed_methods, reason = "the binary is where the environment is read")]
pub(crate) fn text(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|text| !text.is_empty())
}

/// A variable that is a path, unless it is empty.
#[expect(clippy::disallowed_methods, reason = "the binary is where the environment is read")]
pub(crate) fn directory(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| !path.as_os_str().is_empty())
}

/// Where Helm keeps its configuration.
pub(crate) fn helm_directory() -> Option<PathBuf> {
    let below = |variable: &str, path: &str| directory(variable).map(|directory| directory.join(path));
    let home = if cfg!(target_os = "macos") { "Library/Preferences/helm" } else { ".config/helm" };
    directory("HELM_CONFIG_HOME")
        .or_else(|| below("XDG_CONFIG_HOME", "helm"))
        .or_else(|| if cfg!(windows) { below("APPDATA", "helm") } else { None })
        .or_else(|| below("HOME", home))
}
