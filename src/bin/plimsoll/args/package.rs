//! Flags of the commands that make and publish archives of charts. Names and meanings are Helm's.

#[cfg(feature = "fetch")]
use super::RegistryFlags;
use clap::{Args, ValueHint};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll package ./chart
  plimsoll package charts/* --destination dist --version 1.2.3

The same files make the same archive, byte for byte. SOURCE_DATE_EPOCH sets the time of the files in it.")]
pub(crate) struct PackageArgs {
    /// Chart directories
    #[arg(required = true, value_name = "CHART", value_hint = ValueHint::DirPath)]
    pub(crate) charts: Vec<PathBuf>,
    /// Write to this directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    pub(crate) destination: PathBuf,
    /// Set the version of the chart
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Set the appVersion of the chart
    #[arg(long, value_name = "VERSION")]
    pub(crate) app_version: Option<String>,
    /// Run `dependency update` first
    #[cfg(feature = "fetch")]
    #[arg(short = 'u', long)]
    pub(crate) dependency_update: bool,
    #[cfg(feature = "fetch")]
    #[command(flatten)]
    pub(crate) registry: RegistryFlags,
}

#[cfg(feature = "fetch")]
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll push web-1.2.3.tgz oci://registry.example.com/charts

A provenance file beside the archive (web-1.2.3.tgz.prov) is pushed with it.")]
pub(crate) struct PushArgs {
    /// Archive of a chart, as `package` writes it
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) archive: PathBuf,
    /// `oci://REGISTRY/PATH`, to which the name of the chart is added
    #[arg(value_name = "REMOTE", value_hint = ValueHint::Url)]
    pub(crate) remote: String,
    #[command(flatten)]
    pub(crate) registry: RegistryFlags,
}

// With which keys archives are verified.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct VerifyFlags {
    /// Verify with the public keys in this file [default: pubring.gpg of GnuPG]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) keyring: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll verify web-1.2.3.tgz --keyring publisher.gpg

The provenance file is web-1.2.3.tgz.prov, as `helm package --sign` writes it.
GnuPG exports keys with `gpg --export KEY > publisher.gpg`.")]
pub(crate) struct VerifyArgs {
    /// Archive of a chart, with its provenance file beside it
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) archive: PathBuf,
    #[command(flatten)]
    pub(crate) flags: VerifyFlags,
}
