//! `plimsoll completions`, `man` and `helm`.

use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "\
The script runs plimsoll to complete values: rules, git revisions, recorded revisions, charts.

Examples:
  source <(plimsoll completions bash)          # in ~/.bashrc
  source <(plimsoll completions zsh)           # in ~/.zshrc, after compinit
  plimsoll completions fish | source           # in ~/.config/fish/config.fish")]
pub(crate) struct CompletionsArgs {
    /// Shell to generate the script for
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "plimsoll helm COMMAND [ARGS]...",
    after_help = "\
A link to plimsoll that is named `helm` does the same: tools that call `helm` find it in PATH.

Examples:
  plimsoll helm template web ./chart -f prod.yaml
  ln -s \"$(command -v plimsoll)\" bin/helm
  kubectl kustomize --enable-helm --helm-command bin/helm ."
)]
pub(crate) struct HelmArgs {
    /// Helm's command and its arguments; `plimsoll helm help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write plimsoll.1, plimsoll-render.1, ... into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output_dir: Option<PathBuf>,
}
