//! `plimsoll preview`.

use super::{objects, release};
use crate::args::{PreviewArgs, PreviewFormat};
use crate::ui::{ExitStatus, Ui};
use plimsoll::diag::Sources;
use plimsoll::preview;

pub(crate) fn run(args: &PreviewArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let sources = Sources::new();
    let release = objects::load_release(&args.release, args.context.cluster(), &sources, ui)?;
    let (objects, hooks) = release.into_objects_and_hooks();
    let flags = &args.release.release;
    let preview = preview::build_preview(&objects, &hooks, &flags.namespace, release::kubernetes(flags)?);
    ui.print(&match args.format {
        PreviewFormat::Table => preview::table(&preview),
        PreviewFormat::Json => preview::json(&preview),
        PreviewFormat::Mermaid => preview::mermaid(&preview),
        PreviewFormat::Svg => preview::svg(&preview),
    });
    Ok(ExitStatus::Success)
}
