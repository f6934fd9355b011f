//! What applies manifests, and to what.

use anyhow::Context as _;
use clap::{Args, ValueEnum, ValueHint};
use plimsoll::diff::{Driver, SyncOptions};
use plimsoll::lint::Config;
use std::path::PathBuf;

// What applies the manifests.
#[derive(Debug, Args)]
pub(crate) struct DriverFlags {
    /// Choose what applies the manifests (default: `driver` in plimsoll.toml, else kubectl)
    #[arg(long, value_enum, value_name = "DRIVER")]
    pub(crate) driver: Option<DriverName>,
    /// Take fields from other managers (with --driver kubectl-server-side or helm)
    #[arg(long)]
    pub(crate) force_conflicts: bool,
    /// Delete what left the manifests (with --driver kubectl, kubectl-server-side or argocd; default: `prune` in plimsoll.toml)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) prune: Option<bool>,
    /// Sync with an option of the Application: Replace=true, ServerSideApply=true or PruneLast=true (with --driver argocd; default: `sync-options` in plimsoll.toml; repeatable)
    #[arg(long = "sync-option", value_name = "OPTION")]
    pub(crate) sync_options: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DriverName {
    /// kubectl apply, merged by the client
    Kubectl,
    /// kubectl apply --server-side
    KubectlServerSide,
    /// helm upgrade of Helm 4, with server-side apply
    Helm,
    /// helm upgrade of Helm 3, or of Helm 4 for a release that Helm 3 made
    Helm3,
    /// Sync of Argo CD
    #[value(name = "argocd")]
    ArgoCd,
    /// Kustomization of Flux, with pruning
    Flux,
    /// kubectl replace
    Replace,
}

impl From<DriverName> for Driver {
    fn from(name: DriverName) -> Self {
        let force_conflicts = false;
        match name {
            DriverName::Kubectl => Self::Kubectl,
            DriverName::KubectlServerSide => Self::KubectlServerSide { force_conflicts },
            DriverName::Helm => Self::Helm { force_conflicts },
            DriverName::Helm3 => Self::Helm3,
            DriverName::ArgoCd => Self::ArgoCd { sync: SyncOptions::default() },
            DriverName::Flux => Self::Flux,
            DriverName::Replace => Self::Replace,
        }
    }
}

impl DriverFlags {
    /// The driver for the library, and whether it prunes: as the flags say, else as the configuration does.
    pub(crate) fn choose(&self, config: &Config) -> anyhow::Result<(Driver, bool)> {
        let mut driver = self.driver.map(Driver::from).or(config.driver).unwrap_or_default();
        if self.force_conflicts {
            driver = driver
                .with_force_conflicts()
                .context("--force-conflicts needs --driver kubectl-server-side or helm")?;
        }
        if self.prune == Some(true) && !driver.can_prune() {
            anyhow::bail!("--prune needs --driver kubectl, kubectl-server-side or argocd");
        }
        driver = if self.sync_options.is_empty() {
            driver.with_sync_options(config.sync_options).unwrap_or(driver)
        } else {
            let options = SyncOptions::of_words(self.sync_options.iter().map(String::as_str));
            let unknown = |word: &str| {
                anyhow::anyhow!(
                    "--sync-option: unknown option `{word}`; available: {}",
                    SyncOptions::WORDS.join(", ")
                )
            };
            driver
                .with_sync_options(options.map_err(unknown)?)
                .context("--sync-option needs --driver argocd")?
        };
        Ok((driver, self.prune.or(config.prune).unwrap_or_default()))
    }
}

// Helm's flags for the cluster.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterFlags {
    /// Use this kubeconfig context to read live objects, and in the commands of the plan
    #[arg(long, value_name = "NAME")]
    pub(crate) kube_context: Option<String>,
    /// Use this kubeconfig file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<String>,
    /// Find removed objects by these labels (with --against live; default: app.kubernetes.io/instance=RELEASE)
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
    /// Find removed objects in the ApplySet whose parent is this Secret (with --against live)
    #[arg(long, value_name = "SECRET")]
    pub(crate) applyset: Option<String>,
    #[command(flatten)]
    pub(crate) policies: PolicyFlags,
}

// The admission policies of the cluster.
#[derive(Debug, Args)]
pub(crate) struct PolicyFlags {
    /// Evaluate the admission policies in this file or directory; may be repeated
    ///
    /// It contains the manifests of policies and bindings, and of what these look up: parameters and namespaces.
    #[arg(long = "policies", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
}

impl ClusterFlags {
    /// The cluster for the library.
    pub(crate) fn cluster(&self) -> plimsoll::diff::Cluster {
        plimsoll::diff::Cluster { context: self.kube_context.clone(), kubeconfig: self.kubeconfig.clone() }
    }
}
