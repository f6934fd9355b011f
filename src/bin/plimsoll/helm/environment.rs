//! What Helm reads in the environment: `helm env`, the namespace, directories.

use super::args::EnvArgs;
use crate::commands::{environment, release};
use crate::ui::{ExitStatus, Ui};
use plimsoll::diag::{SourceKind, Sources};
use plimsoll::yaml::{self, Node, ReadOptions};
use std::path::{Path, PathBuf};

pub(super) fn run(args: &EnvArgs, ui: &mut Ui) -> ExitStatus {
    let settings = settings();
    let text = if let Some(name) = &args.name {
        // Helm prints an empty line for what it does not know.
        let found = settings.iter().find(|(known, _)| known == name);
        format!("{}\n", found.map_or("", |(_, value)| value))
    } else {
        let lines = settings.iter().map(|(name, value)| format!("{name}={value:?}\n"));
        lines.collect::<Vec<_>>().concat()
    };
    ui.print(&text);
    ExitStatus::Success
}

/// The settings that `helm env` prints, by name.
fn settings() -> Vec<(&'static str, String)> {
    let text = |name: &str, default: &str| environment::text(name).unwrap_or_else(|| default.to_owned());
    let home = |own: &str, xdg: &str, default: &str| {
        environment::helm_home(own, xdg, environment::below("HOME", default)).unwrap_or_default()
    };
    let (cache_home, data_home) = if cfg!(target_os = "macos") {
        ("Library/Caches/helm", "Library/helm")
    } else {
        (".cache/helm", ".local/share/helm")
    };
    let cache = home("HELM_CACHE_HOME", "XDG_CACHE_HOME", cache_home);
    let data = home("HELM_DATA_HOME", "XDG_DATA_HOME", data_home);
    let config = environment::helm_directory().unwrap_or_default();
    let path =
        |name: &str, default: PathBuf| environment::directory(name).unwrap_or(default).display().to_string();
    vec![
        ("HELM_BIN", std::env::args_os().next().unwrap_or_default().to_string_lossy().into_owned()),
        ("HELM_BURST_LIMIT", text("HELM_BURST_LIMIT", "100")),
        ("HELM_CACHE_HOME", cache.display().to_string()),
        ("HELM_CONFIG_HOME", config.display().to_string()),
        ("HELM_CONTENT_CACHE", path("HELM_CONTENT_CACHE", cache.join("content"))),
        ("HELM_DATA_HOME", data.display().to_string()),
        ("HELM_DEBUG", text("HELM_DEBUG", "false")),
        ("HELM_KUBEAPISERVER", text("HELM_KUBEAPISERVER", "")),
        ("HELM_KUBEASGROUPS", text("HELM_KUBEASGROUPS", "")),
        ("HELM_KUBEASUSER", text("HELM_KUBEASUSER", "")),
        ("HELM_KUBECAFILE", text("HELM_KUBECAFILE", "")),
        ("HELM_KUBECONTEXT", text("HELM_KUBECONTEXT", "")),
        ("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", text("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", "false")),
        ("HELM_KUBETLS_SERVER_NAME", text("HELM_KUBETLS_SERVER_NAME", "")),
        ("HELM_KUBETOKEN", text("HELM_KUBETOKEN", "")),
        ("HELM_MAX_HISTORY", text("HELM_MAX_HISTORY", "10")),
        ("HELM_NAMESPACE", namespace(None, None)),
        ("HELM_PLUGINS", path("HELM_PLUGINS", data.join("plugins"))),
        ("HELM_QPS", text("HELM_QPS", "0.00")),
        ("HELM_REGISTRY_CONFIG", path("HELM_REGISTRY_CONFIG", config.join("registry/config.json"))),
        ("HELM_REPOSITORY_CACHE", path("HELM_REPOSITORY_CACHE", cache.join("repository"))),
        ("HELM_REPOSITORY_CONFIG", path("HELM_REPOSITORY_CONFIG", config.join("repositories.yaml"))),
    ]
}

/// The namespace of a release without `--namespace`: that of the environment, else that of the context in the kubeconfig.
pub(super) fn namespace(kubeconfig: Option<&str>, context: Option<&str>) -> String {
    environment::text("HELM_NAMESPACE").unwrap_or_else(|| namespace_of_context(kubeconfig, context))
}

/// The namespace of the context in the kubeconfig. A release with an empty `--namespace` gets it.
pub(super) fn namespace_of_context(kubeconfig: Option<&str>, context: Option<&str>) -> String {
    let context = context.map(str::to_owned).or_else(|| environment::text("HELM_KUBECONTEXT"));
    let files = kubeconfigs(kubeconfig);
    let files: Vec<Node> = files.iter().filter_map(|path| read(path)).collect();
    let current = || {
        let set = files.iter().filter_map(|file| text_at(file, "current-context"));
        set.map(str::to_owned).next()
    };
    let of_context = || {
        let context = context.or_else(current)?;
        let contexts =
            files.iter().flat_map(|file| file.get("contexts").map(Node::items).unwrap_or_default());
        let found = contexts.into_iter().find(|one| text_at(one, "name") == Some(context.as_str()))?;
        text_at(found.get("context")?, "namespace").map(str::to_owned)
    };
    of_context().unwrap_or_else(|| "default".to_owned())
}

fn text_at<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty())
}

/// The kubeconfig files, those that count first in front.
fn kubeconfigs(flag: Option<&str>) -> Vec<PathBuf> {
    if let Some(path) = flag {
        return vec![path.into()];
    }
    if let Some(paths) = environment::text("KUBECONFIG") {
        return std::env::split_paths(&paths).collect();
    }
    environment::below("HOME", ".kube/config").into_iter().collect()
}

/// A kubeconfig file; nothing if it cannot be read. Its namespace is a default, and whoever needs the cluster is told by
/// kubectl what is wrong with the file.
fn read(path: &Path) -> Option<Node> {
    let text = path.is_file().then(|| release::read_file(path).ok()).flatten()?;
    let sources = Sources::new();
    let source = sources.add(path.display().to_string(), text, SourceKind::File);
    let documents = yaml::read(&sources, source, &ReadOptions::lenient()).output?;
    documents.into_iter().next().map(|document| document.root)
}
