//! The real helm and kubectl.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The programs that answer.
pub(crate) struct Judges {
    helm: PathBuf,
    kubectl: PathBuf,
}

/// How many seconds helm may take. It takes a fraction of one.
const LONGEST: &str = "20";

/// What a run printed, or why it failed.
pub(crate) type Answer = Result<String, String>;

impl Judges {
    /// The programs that `PLIMSOLL_HELM` and `PLIMSOLL_KUBECTL` name.
    pub(crate) fn find() -> Result<Self, String> {
        let tool = |variable: &str| {
            #[expect(clippy::disallowed_methods, reason = "the environment names the judges")]
            let path = std::env::var_os(variable).map(PathBuf::from);
            path.filter(|path| path.exists()).ok_or_else(|| format!("{variable} must name the program"))
        };
        Ok(Self { helm: tool("PLIMSOLL_HELM")?, kubectl: tool("PLIMSOLL_KUBECTL")? })
    }

    /// `helm template` in a folder. Helm renders some templates without end (`range 9223372036854775807`); that is a failure.
    pub(crate) fn template(&self, folder: &Path, arguments: &[&str]) -> Answer {
        let mut helm = Command::new("timeout");
        helm.args(["--signal=KILL", LONGEST]).arg(&self.helm).arg("template").args(arguments);
        let output = run(helm.current_dir(folder));
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// The objects that kubectl reads from the files of a folder, printed as JSON one after the other, and its errors.
    pub(crate) fn objects(&self, folder: &Path) -> (String, String) {
        let output = run(Command::new(&self.kubectl).current_dir(folder).args([
            "label",
            "--local",
            "--filename=.",
            "judged=yes",
            "--output=json",
        ]));
        (text(&output.stdout), text(&output.stderr))
    }
}

fn run(command: &mut Command) -> Output {
    // They run for a moment, thousands of times: collecting garbage is a fifth of that. It begins with the limit.
    command
        .env("GOGC", "off")
        .env("GOMEMLIMIT", "1GiB")
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
