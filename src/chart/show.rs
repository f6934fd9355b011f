//! What a chart says of itself, as `helm show` prints it.

use super::{Chart, package};
use crate::diag::Sources;
use crate::yaml::emit;

/// What [`show`] prints of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `Chart.yaml`, with the fields that Helm knows.
    Definition,
    /// `values.yaml`, as it is written.
    Values,
    /// The README.
    Readme,
    /// The custom resource definitions, those of sub-charts included.
    Crds,
    /// All of them.
    All,
}

/// The files that Helm takes for a README, in any case.
const READMES: [&str; 3] = ["readme.md", "readme.txt", "readme"];

/// Prints a part of a chart as `helm show` does (`pkg/action/show.go`).
///
/// # Errors
/// The README cannot be read.
pub fn show(chart: &Chart, sources: &Sources, part: Part) -> Result<String, String> {
    let shows = |one: Part| part == one || part == Part::All;
    // Only in the output of everything are the parts separated.
    let separator = if part == Part::All { "---\n" } else { "" };
    let mut out = Vec::new();
    if shows(Part::Definition) {
        let metadata = package::chart_yaml(&chart.metadata, &chart.metadata.dependencies);
        out.push(format!("{}\n\n", emit::helm(&metadata)));
    }
    if shows(Part::Values)
        && let Some(file) = chart.values_source.and_then(|source| sources.get(source))
    {
        out.push(format!("{separator}{}\n", without_mark(&file.text)));
    }
    if shows(Part::Readme)
        && let Some(file) = chart.files.iter().find(|file| is_readme(&file.path))
    {
        let text = String::from_utf8_lossy(file.data()?).into_owned();
        out.push(format!("{separator}{}\n", without_mark(&text)));
    }
    if shows(Part::Crds) {
        add_crds(chart, &mut out);
    }
    Ok(out.concat())
}

fn is_readme(path: &str) -> bool {
    READMES.iter().any(|name| path.eq_ignore_ascii_case(name))
}

/// Helm drops the byte order mark of every file that it loads.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn add_crds(chart: &Chart, out: &mut Vec<String>) {
    for file in &chart.crds {
        let text = without_mark(&file.text);
        let separator = if text.starts_with("---") { "" } else { "---\n" };
        out.push(format!("{separator}{text}\n"));
    }
    for child in &chart.children {
        add_crds(child, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::from_files;

    fn shown(files: &[(&str, &str)], part: Part) -> String {
        let metadata = ("Chart.yaml", "version: 1.0.0\nname: app\napiVersion: v2\nengine: gotpl\nother: 1\n");
        let files = files.iter().chain([&metadata]);
        let files = files.map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let sources = Sources::new();
        let chart = from_files(&sources, "app", files).output.unwrap();
        show(&chart, &sources, part).unwrap()
    }

    #[test]
    fn parts_are_separated_only_where_all_are_shown() {
        let files = [
            ("values.yaml", "# sizes\na: 1\n"),
            ("ReadMe.md", "# App\n"),
            ("crds/a.yaml", "---\na: 1\n"),
            ("crds/b.yaml", "b: 1"),
            ("crds/notes.txt", "ignored"),
            ("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n"),
            ("charts/db/crds/c.yaml", "c: 1\n"),
        ];
        let definition = "apiVersion: v2\nname: app\nversion: 1.0.0\n\n";
        let crds = "---\na: 1\n\n---\nb: 1\n---\nc: 1\n\n";
        assert_eq!(shown(&files, Part::Definition), definition);
        assert_eq!(shown(&files, Part::Values), "# sizes\na: 1\n\n");
        assert_eq!(shown(&files, Part::Readme), "# App\n\n");
        assert_eq!(shown(&files, Part::Crds), crds);
        let all = format!("{definition}---\n# sizes\na: 1\n\n---\n# App\n\n{crds}");
        assert_eq!(shown(&files, Part::All), all);
    }

    #[test]
    fn what_a_chart_does_not_have_is_empty() {
        for part in [Part::Values, Part::Readme, Part::Crds] {
            assert_eq!(shown(&[], part), "", "{part:?}");
        }
        assert_eq!(shown(&[("values.yaml", "")], Part::Values), "\n");
    }
}
