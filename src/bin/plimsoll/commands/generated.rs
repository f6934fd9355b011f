//! Files that are made from a chart: printed, compared with what is there, or written.

use super::files;
use crate::args::GeneratedFlags;
use crate::ui::{ExitStatus, Ui};
use plimsoll::authoring::Generated;

/// The lines around a change that `--check` shows.
const CONTEXT: usize = 3;

/// Does with the files what the flags say.
pub(crate) fn finish(
    files: &[Generated],
    flags: GeneratedFlags,
    command: &str,
    ui: &mut Ui,
) -> anyhow::Result<ExitStatus> {
    if !flags.check && !flags.write {
        for file in files {
            ui.print_exact(&file.text);
        }
        return Ok(ExitStatus::Success);
    }
    let stale: Vec<&Generated> = files.iter().filter(|file| !file.is_current()).collect();
    if flags.check {
        for file in &stale {
            ui.print(&file.patch(CONTEXT));
        }
        if stale.is_empty() {
            return Ok(ExitStatus::Success);
        }
        ui.note(&format!("run `plimsoll {command} --write` with the same arguments to write the changes"));
        return Ok(ExitStatus::Findings);
    }
    ui.complete()?;
    for file in files {
        files::refuse_link_out(&file.directory, &file.path)?;
        files::clean_up(&file.path);
    }
    for file in stale {
        files::replace(&file.path, file.text.as_bytes())?;
        ui.print(&format!("wrote {}\n", file.path.display()));
    }
    Ok(ExitStatus::Success)
}
