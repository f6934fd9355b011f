//! The charts that come with the binary.

use super::{Chart, from_files, load};
use crate::diag::{Diagnostic, Report, Sources, nearest};
use crate::world::World;
use std::path::Path;

/// What names an embedded chart on the command line.
const SCHEME: &str = "builtin:";

/// An embedded chart: its name and its files.
struct Builtin {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// Names the files of a chart under `charts/` and embeds them.
macro_rules! builtin {
    ($name:literal: $($path:literal),+ $(,)?) => {
        Builtin { name: $name, files: &[$(($path, include_str!(concat!("../../charts/", $name, "/", $path)))),+] }
    };
}

/// The embedded charts.
const BUILTIN: &[Builtin] = &[builtin!(
    "statefulset":
    "Chart.yaml",
    "values.yaml",
    "values.schema.json",
    "templates/NOTES.txt",
    "templates/config.yaml",
    "templates/extra.yaml",
    "templates/policies.yaml",
    "templates/services.yaml",
    "templates/statefulset.yaml",
)];

/// The embedded charts, as the command line names them.
pub fn builtins() -> impl Iterator<Item = String> {
    BUILTIN.iter().map(|chart| format!("{SCHEME}{}", chart.name))
}

/// Whether a command-line argument names a chart: by its form, or because there is a `Chart.yaml`.
pub fn is_chart(world: &World, argument: &str) -> bool {
    let path = Path::new(argument);
    let extension = path.extension().and_then(|extension| extension.to_str());
    let packed = matches!(extension, Some("tgz" | "gz"));
    let manifest = matches!(extension, Some("yaml" | "yml" | "json"));
    argument != "-"
        && (argument.starts_with(SCHEME)
            || is_remote(argument)
            || packed
            || world.is_file(&path.join("Chart.yaml"))
            // What is not there is reported as what it would be by its name.
            || (!world.exists(path) && !manifest))
}

/// Whether a command-line argument is the URL of a chart in a repository or registry.
pub fn is_remote(argument: &str) -> bool {
    ["oci://", "https://", "http://"].iter().any(|scheme| argument.starts_with(scheme))
}

/// Whether the path of a command-line argument exists.
pub fn exists(world: &World, argument: &str) -> bool {
    argument.starts_with(SCHEME) || world.exists(Path::new(argument))
}

/// Opens the chart that a command-line argument names: `builtin:NAME`, a directory or a `.tgz`.
pub fn open(world: &World, sources: &Sources, argument: &str) -> Report<Chart> {
    if !argument.starts_with(SCHEME) {
        return load(world, sources, Path::new(argument));
    }
    match builtin_files(argument) {
        Ok(files) => {
            let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
            from_files(sources, argument, files.collect())
        }
        Err(error) => Report::fail(*error),
    }
}

/// The files of an embedded chart, which is named as on the command line: their paths in it, and their texts. The error
/// lists the charts that there are.
pub fn builtin_files(argument: &str) -> Result<&'static [(&'static str, &'static str)], Box<Diagnostic>> {
    let name = argument.strip_prefix(SCHEME).unwrap_or(argument);
    if let Some(chart) = BUILTIN.iter().find(|chart| chart.name == name) {
        return Ok(chart.files);
    }
    let names = || BUILTIN.iter().map(|chart| chart.name);
    let found = Diagnostic::error(format!("there is no built-in chart `{name}`"));
    Err(Box::new(match nearest(name, names()) {
        Some(near) => found.help(format!("did you mean `{SCHEME}{near}`?")),
        None => found.help(format!("available: {}", names().collect::<Vec<_>>().join(", "))),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{FileKind, Memory, Walk};
    use std::collections::BTreeSet;

    #[test]
    fn embedded_files_are_those_on_disk() {
        for chart in BUILTIN {
            let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts").join(chart.name);
            let world = World::system();
            let on_disk: Vec<String> = Walk::new(&world, &dir)
                .flatten()
                .filter(|entry| entry.kind == FileKind::File)
                .map(|entry| entry.path.strip_prefix(&dir).unwrap().to_string_lossy().replace('\\', "/"))
                .collect();
            let on_disk: BTreeSet<&str> = on_disk.iter().map(String::as_str).collect();
            let embedded: BTreeSet<&str> = chart.files.iter().map(|(path, _)| *path).collect();
            assert_eq!(embedded, on_disk, "{}", chart.name);
        }
    }

    #[test]
    fn unknown_names_are_corrected() {
        let report = open(&Memory::default().into_world(), &Sources::new(), "builtin:statefulst");
        assert_eq!(report.diagnostics[0].help, ["did you mean `builtin:statefulset`?"]);
    }

    #[test]
    fn what_is_not_there_is_a_chart_unless_its_name_is_a_manifests() {
        let is = ["gone", "gone.tgz", "builtin:x", "gone.yaml", "gone/x.yml", "gone.json", "-"]
            .map(|argument| is_chart(&Memory::default().into_world(), argument));
        assert_eq!(is, [true, true, true, false, false, false, false]);
    }
}
