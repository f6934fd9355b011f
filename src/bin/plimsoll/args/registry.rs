//! Flags of the commands that fetch charts. Names and meanings are Helm's wherever Helm has the flag.

use super::VerifyFlags;
use clap::{Args, Subcommand, ValueHint};
use plimsoll_registry::{Credentials, Tls};
use std::path::PathBuf;

// How repositories and registries are reached.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Registries")]
pub(crate) struct RegistryFlags {
    /// Use only charts that are in the cache; open no connection
    #[arg(long)]
    pub(crate) offline: bool,
    /// Log in as this user
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Log in with this password
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,
    /// Send the user and the password to every host that the repository refers to
    #[arg(long)]
    pub(crate) pass_credentials: bool,
    /// Trust the certificate authorities in this file instead of those of the system
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Identify with the client certificate in this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) cert_file: Option<PathBuf>,
    /// Read the private key of the client certificate from this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key_file: Option<PathBuf>,
    /// Do not verify the certificates of servers
    #[arg(long)]
    pub(crate) insecure_skip_tls_verify: bool,
    /// Reach OCI registries over http
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// Read the names and credentials of repositories from this file of Helm's (default: `$HELM_REPOSITORY_CONFIG`)
    #[arg(long, hide = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) repository_config: Option<PathBuf>,
    /// Read the credentials of registries from this file of Helm's (default: `$HELM_REGISTRY_CONFIG`)
    #[arg(long, hide = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) registry_config: Option<PathBuf>,
}

impl RegistryFlags {
    /// What `--username` and `--password` say.
    pub(crate) fn credentials(&self) -> Option<Credentials> {
        let given = self.username.clone().zip(self.password.clone());
        given.map(|(username, password)| Credentials { username, password })
    }

    /// How TLS connections are made.
    pub(crate) fn tls(&self) -> Tls {
        Tls {
            ca_file: self.ca_file.clone(),
            cert_file: self.cert_file.clone(),
            key_file: self.key_file.clone(),
            insecure: self.insecure_skip_tls_verify,
        }
    }
}

// Which chart is meant, where it is not named by a path.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Registries")]
pub(crate) struct ChartFlags {
    /// Fetch the chart NAME from the repository at this URL
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) repo: Option<String>,
    /// Choose the version of a chart from a repository or registry: a version, or a range such as ^1.2
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Choose among pre-releases, too
    #[arg(long, conflicts_with = "version")]
    pub(crate) devel: bool,
}

impl ChartFlags {
    /// What `--version` and `--devel` say.
    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref().or(self.devel.then_some(">0.0.0-0"))
    }
}

// How a SOURCE is fetched.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Registries")]
pub(crate) struct FetchFlags {
    #[command(flatten)]
    pub(crate) chart: ChartFlags,
    /// Fetch dependencies that are not in charts/, without writing them there
    #[arg(long, alias = "dependency-update")]
    pub(crate) fetch: bool,
    #[command(flatten)]
    pub(crate) registry: RegistryFlags,
}

#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  plimsoll dependency update ./chart
  plimsoll dependency build ./chart --frozen
  plimsoll dependency list ./chart"
)]
pub(crate) struct DependencyArgs {
    #[command(subcommand)]
    pub(crate) command: DependencyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DependencyCommand {
    /// Fill charts/ with the versions in Chart.lock; without a lock, do as update
    Build(BuildArgs),
    /// Choose the newest versions that Chart.yaml allows, fill charts/ and write Chart.lock
    #[command(visible_alias = "up")]
    Update(UpdateArgs),
    /// List dependencies and whether they are in charts/
    #[command(visible_alias = "ls")]
    List(ListArgs),
}

// What `build` and `update` share.
#[derive(Debug, Args)]
pub(crate) struct DependencyFlags {
    /// Chart directory
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    pub(crate) chart: PathBuf,
    /// Do the same for the charts in charts/ and for those that `file://` names
    #[arg(long)]
    pub(crate) recursive: bool,
    /// Verify what is downloaded with its provenance file
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) keyring: VerifyFlags,
    #[command(flatten)]
    pub(crate) registry: RegistryFlags,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) flags: DependencyFlags,
    /// Fail if there is no Chart.lock, or if it does not match Chart.yaml
    #[arg(long)]
    pub(crate) frozen: bool,
    /// Accepted as in Helm, without an effect: locked versions need no new list of versions
    #[arg(long, hide = true)]
    pub(crate) skip_refresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    #[command(flatten)]
    pub(crate) flags: DependencyFlags,
    /// Choose among the versions that the cache knows, as far as they are enough
    #[arg(long)]
    pub(crate) skip_refresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Chart directory or .tgz archive
    #[arg(default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(crate) chart: PathBuf,
    /// Set the width of a column
    #[arg(long, value_name = "COLUMNS", default_value_t = 80)]
    pub(crate) max_col_width: usize,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll pull oci://registry.example.com/charts/web:1.2.3
  plimsoll pull web --repo https://charts.example.com --version ^1.2 --untar")]
pub(crate) struct PullArgs {
    /// `oci://REGISTRY/PATH[:VERSION][@DIGEST]`, `https://.../chart.tgz`, REPOSITORY/NAME, or NAME with --repo
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    /// Write to this directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    pub(crate) destination: PathBuf,
    /// Unpack the chart instead of writing the archive
    #[arg(long)]
    pub(crate) untar: bool,
    /// Verify the archive with its provenance file
    #[arg(long)]
    pub(crate) verify: bool,
    /// Fetch the provenance file, too, without verifying
    #[arg(long)]
    pub(crate) prov: bool,
    #[command(flatten)]
    pub(crate) keyring: VerifyFlags,
    /// Unpack into this directory of the destination (with --untar)
    #[arg(long, value_name = "DIR", requires = "untar", value_hint = ValueHint::DirPath)]
    pub(crate) untardir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) chart: ChartFlags,
    #[command(flatten)]
    pub(crate) registry: RegistryFlags,
}
