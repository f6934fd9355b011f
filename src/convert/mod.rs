//! A Helm chart as a Tera chart: what has an exact counterpart is rewritten, everything else is marked.
//!
//! The result is rendered with the default values and those in `ci/`, and compared with what the Helm chart renders to.

mod compare;
mod expression;
mod writer;

pub use compare::Difference;

use crate::chart::{self, Chart, EngineKind, Origin};
use crate::create::Files;
use crate::diag::{Diagnostic, Report, Sources, Span};
use crate::gotmpl::syntax::{Piece, Syntax, syntax};
use crate::manifest::is_manifest_name;
use crate::world::{Entry, FileKind, Walk, World};
use crate::yaml::Limits;
use expression::{Meaning, Scope};
use heck::ToSnakeCase as _;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use writer::{Place, Writer};

/// A converted chart.
#[derive(Debug)]
pub struct Converted {
    /// Its files.
    pub files: Files,
    /// How many places are marked with a comment that begins with `convert:`.
    pub marks: usize,
    /// What renders differently.
    pub differences: Vec<Difference>,
}

/// Something that has no exact counterpart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    /// Where it is in the Helm template.
    range: Range<usize>,
    /// Why.
    reason: String,
}

/// Converts the Helm chart in a directory. The warnings name what is marked; what cannot be read or rendered is an error.
pub fn convert(world: &World, sources: &Sources, directory: &str) -> Report<Converted> {
    let mut diagnostics = Vec::new();
    let Some(chart) = chart::load(world, sources, Path::new(directory)).take(&mut diagnostics) else {
        return Report::failed(diagnostics);
    };
    if chart.engine == EngineKind::Tera {
        diagnostics
            .push(Diagnostic::error(format!("the templates of `{directory}` are written in Tera already")));
        return Report::failed(diagnostics);
    }
    let Origin::Directory(path) = &chart.origin else {
        diagnostics.push(
            Diagnostic::error(format!("`{directory}` is not a directory"))
                .help("unpack it, and convert the directory"),
        );
        return Report::failed(diagnostics);
    };
    let Some(mut files) = plain_files(world, path, &chart.templates).take(&mut diagnostics) else {
        return Report::failed(diagnostics);
    };
    let templates = Templates::read(&chart, &mut diagnostics);
    if crate::diag::has_errors(&diagnostics) {
        return Report::failed(diagnostics);
    }
    let marks = templates.write(&chart, &mut files, &mut diagnostics);
    if let Some(metadata) = files.get_mut("Chart.yaml") {
        *metadata = with_engine(metadata);
    }
    let differences = compare::differences(world, sources, directory, &files);
    Report::with(Converted { files, marks, differences }, diagnostics)
}

/// The files of a chart's directory that are text; hidden directories are left out. A warning names what is not copied,
/// unless it is, or contains, one of the templates, which are written anew.
fn plain_files(world: &World, directory: &Path, templates: &[chart::TextFile]) -> Report<Files> {
    let (mut files, mut diagnostics) = (Files::new(), Vec::new());
    let mut walk = Walk::new(world, directory);
    while let Some(entry) = walk.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                diagnostics.push(chart::unwalkable(&error));
                continue;
            }
        };
        if entry.kind == FileKind::Directory {
            if entry.path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                walk.skip_directory();
            }
            continue;
        }
        let inner = entry.path.strip_prefix(directory).unwrap_or(&entry.path);
        match text_of(world, directory, &entry) {
            Ok(text) => {
                let parts: Vec<_> = inner.iter().map(|part| part.to_string_lossy()).collect();
                files.insert(parts.join("/"), text);
            }
            Err(_) if templates.iter().any(|file| Path::new(&file.path).starts_with(inner)) => {}
            Err(reason) => diagnostics.push(
                Diagnostic::warning(format!("`{}` is not copied: {reason}", entry.path.display()))
                    .help("copy it into the new chart"),
            ),
        }
    }
    Report::with(files, diagnostics)
}

/// The text of a file in a directory, or of the file in it that a link leads to. The error is a phrase.
fn text_of(world: &World, directory: &Path, entry: &Entry) -> Result<String, String> {
    match entry.kind {
        FileKind::File => {}
        FileKind::Link => {
            let target = world.canonical(&entry.path).map_err(|_| "it is a broken link")?;
            let root = world.canonical(directory).map_err(|error| error.to_string())?;
            if !target.starts_with(root) {
                return Err("it is a link that leads out of the chart".to_owned());
            }
            if !world.is_file(&target) {
                return Err("it is a link to something other than a file".to_owned());
            }
        }
        FileKind::Directory | FileKind::Other => {
            return Err("it is neither a file nor a directory".to_owned());
        }
    }
    world.read_text(&entry.path, Limits::MAX_BYTES as u64)
}

/// `Chart.yaml` with the language of the templates.
fn with_engine(metadata: &str) -> String {
    let lines: Vec<&str> = metadata.lines().filter(|line| !line.starts_with("engine:")).collect();
    format!("{}\nengine: tera\n", lines.join("\n"))
}

/// The templates of a chart, taken apart.
struct Templates {
    files: Vec<(chart::TextFile, Syntax)>,
    /// The names of components by those of templates.
    components: BTreeMap<String, String>,
    /// The file that defines each template: of several definitions Helm takes one.
    owners: BTreeMap<String, String>,
}

impl Templates {
    fn read(chart: &Chart, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut files = Vec::new();
        for file in &chart.templates {
            match syntax(&file.text) {
                Ok(parts) => files.push((file.clone(), parts)),
                Err(error) => diagnostics.push(error.to_diagnostic(file.source)),
            }
        }
        let mut components: BTreeMap<String, String> = BTreeMap::new();
        for (name, _) in files.iter().flat_map(|(_, parts)| &parts.defines) {
            let plain = name.to_snake_case();
            let is_name = plain.starts_with(|c: char| c.is_ascii_alphabetic()) && plain.is_ascii();
            let plain = if is_name { plain } else { "component".to_owned() };
            let numbered = (2..).map(|number| format!("{plain}_{number}"));
            let free = std::iter::once(plain.clone()).chain(numbered);
            let mut free = free.filter(|candidate| !components.values().any(|used| used == candidate));
            let chosen = free.next().unwrap_or_default();
            components.entry(name.clone()).or_insert(chosen);
        }
        let owners = owners(&files);
        Self { files, components, owners }
    }

    /// Replaces the templates among the files. Returns how many places are marked.
    fn write(&self, chart: &Chart, files: &mut Files, diagnostics: &mut Vec<Diagnostic>) -> usize {
        let mut count = 0;
        for (file, parts) in &self.files {
            let mut report = |marks: Vec<Mark>| {
                count += marks.len();
                diagnostics.extend(marks.into_iter().map(|mark| {
                    let span = Span::new(file.source, mark.range.start, mark.range.end);
                    Diagnostic::warning("no exact counterpart in Tera").at(span, mark.reason)
                }));
            };
            let name = file.path.rsplit('/').next().unwrap_or_default();
            let components = self.components_of(chart, file, parts, &mut report);
            files.remove(&file.path);
            let is_partial = name.starts_with('_');
            if !components.is_empty() {
                let directory = &file.path[..file.path.len() - name.len()];
                let mark = if is_partial { "" } else { "_" };
                files.insert(format!("{directory}{mark}{}.tera", without_extension(name)), components);
            }
            if is_partial {
                continue;
            }
            if name != "NOTES.txt" && !is_manifest_name(Path::new(name)) {
                let span = Span::new(file.source, 0, 0);
                let help = "rename the file to end in `.yaml`, or delete it";
                let message = "Helm renders this file, and plimsoll renders only `*.yaml`, `*.yml` and `*.json` of Tera charts";
                diagnostics.push(Diagnostic::warning(message).at(span, "").help(help));
                count += 1;
                continue;
            }
            let place = if name == "NOTES.txt" { Place::Notes } else { Place::Manifest };
            let (text, marks) = self.written(&parts.main, chart, file, place);
            report(marks);
            files.insert(file.path.clone(), text);
        }
        count
    }

    fn components_of(
        &self,
        chart: &Chart,
        file: &chart::TextFile,
        parts: &Syntax,
        report: &mut impl FnMut(Vec<Mark>),
    ) -> String {
        let mut out = String::new();
        let is_used = |name: &String| self.owners.get(name) == Some(&file.path);
        for (name, body) in parts.defines.iter().filter(|(name, _)| is_used(name)) {
            let (text, marks) = self.written(body, chart, file, Place::Component);
            report(marks);
            if !out.is_empty() {
                out.push('\n');
            }
            let head = file.text.find(&format!("define \"{name}\""));
            let open = head.and_then(|at| file.text[..at].rfind("{{"));
            if let Some((_, comment)) = open.and_then(|open| writer::comment_before(&file.text, open)) {
                out.push_str(&comment);
                out.push('\n');
            }
            let component = self.components.get(name).map(String::as_str).unwrap_or_default();
            let body = text.trim_matches('\n').trim_end();
            let _ = write!(
                out,
                "{{% component {component}(@release, @chart, @values) %}}\n{body}\n{{% endcomponent %}}\n"
            );
        }
        out
    }

    fn written(
        &self,
        pieces: &[Piece],
        chart: &Chart,
        file: &chart::TextFile,
        place: Place,
    ) -> (String, Vec<Mark>) {
        let mut scope = Scope {
            values: &chart.values,
            components: &self.components,
            dot: Meaning::Root,
            variables: Vec::new(),
            set: Vec::new(),
            is_component: place == Place::Component,
        };
        let mut writer = Writer::new(&file.text, place);
        writer.pieces(pieces, &mut scope);
        let (text, marks) = writer.finish();
        let text = text.trim_start_matches('\n');
        (if text.ends_with('\n') || text.is_empty() { text.to_owned() } else { format!("{text}\n") }, marks)
    }
}

/// The file with the definition of each template that counts: Helm reads the deepest files first, those of one depth in the
/// reverse order of their names, and a later definition replaces an earlier one.
fn owners(files: &[(chart::TextFile, Syntax)]) -> BTreeMap<String, String> {
    let mut in_order: Vec<_> = files.iter().collect();
    in_order.sort_by_key(|(file, _)| std::cmp::Reverse((file.path.matches('/').count(), &file.path)));
    let defined = |(file, parts): &(chart::TextFile, Syntax)| {
        let path = file.path.clone();
        parts.defines.iter().map(move |(name, _)| (name.clone(), path.clone())).collect::<Vec<_>>()
    };
    in_order.into_iter().flat_map(defined).collect()
}

fn without_extension(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(start, _)| start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Memory;

    const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n";
    const VALUES: &str = "name: web\nempty: \"\"\nport: 80\ndebug: false\nlist: [b, a]\nmap: {y: b, x: a}\n\
        nested: {tag: '1.0'}\n";

    fn converted(template: &str) -> (String, Converted, Vec<String>) {
        let world = Memory::default()
            .file("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\nappVersion: '1'\n")
            .file("app/values.yaml", VALUES)
            .file(
                "app/templates/_helpers.tpl",
                "{{/* The labels. */}}\n{{- define \"app.labels\" -}}\napp: {{ .Chart.Name }}\n{{- end }}\n",
            )
            .file("app/templates/a.yaml", format!("{HEAD}{template}\n"))
            .into_world();
        let report = convert(&world, &Sources::new(), "app");
        let reasons =
            report.diagnostics.iter().flat_map(|one| &one.labels).map(|label| label.text.clone()).collect();
        let converted = report.output.unwrap_or_else(|| panic!("{:#?}", report.diagnostics));
        let text =
            converted.files["templates/a.yaml"].strip_prefix(HEAD.trim_end()).unwrap().trim_end().to_owned();
        (text, converted, reasons)
    }

    #[test]
    fn what_has_an_exact_counterpart_is_rewritten() {
        for (helm, tera) in [
            ("  a: {{ .Values.name | quote }}", "  a: {{ values.name }}"),
            ("  a: {{ .Values.port | quote }}", "  a: {{ values.port | str }}"),
            ("  a: \"{{ .Values.nested.tag }}\"", "  a: \"{{ values.nested.tag }}\""),
            ("  a: {{ .Values.name }}-{{ .Release.Name }}", "  a: {{ values.name }}-{{ release.name }}"),
            (
                "  a: {{ .Values.name }}:{{ .Values.nested.tag }}",
                "  a: {{ values.name }}:{{ values.nested.tag }}",
            ),
            (
                "  a: {{ default \"x\" .Values.empty }}",
                "  a: {{ values.empty | default(value=\"x\", boolean=true) }}",
            ),
            ("  {{- toYaml .Values.map | nindent 2 }}", " {{ values.map }}"),
            (
                "  {{- with .Values.nested }}{{ $root := $ }}\n  a: {{ $root.Values.name | quote }}\n  {{- end }}",
                "  {% if values.nested %}\n  a: {{ values.name }}\n  {% endif %}",
            ),
            (
                "  {{- if .Values.debug }}\n  a: b\n  {{- else }}\n  a: c\n  {{- end }}",
                "  {% if values.debug %}\n  a: b\n  {% else %}\n  a: c\n  {% endif %}",
            ),
            (
                "  {{- with .Values.nested }}\n  a: {{ .tag | quote }}\n  {{- end }}",
                "  {% if values.nested %}\n  a: {{ values.nested.tag }}\n  {% endif %}",
            ),
            (
                "  {{- range $k, $v := .Values.map }}\n  {{ $k }}: {{ $v }}\n  {{- end }}",
                "  {% for k_1 in values.map | keys | sort %}{% set v_2 = values.map[k_1] %}\n  {{ k_1 }}: {{ v_2 }}\n  {% endfor %}",
            ),
            ("  a: \"{{ `{{ x }}` }}\"", "  a: \"{% raw %}{{ x }}{% endraw %}\""),
            (
                "  m:\n  {{- include \"app.labels\" . | nindent 4 }}\n  b: c",
                "  m:\n    {{<app_labels/>}}\n  b: c",
            ),
            (
                "  m: {{ include \"app.labels\" . | nindent 4 }}\n  b: c",
                "  m:\n    {{<app_labels/>}}\n  b: c",
            ),
            (
                "  m:\n    b: c\n  {{- include \"app.labels\" . | nindent 4 }}",
                "  m:\n    b: c\n    {{<app_labels/>}}",
            ),
            (
                "  m:\n    b: c\n  {{- toYaml .Values.map | nindent 4 }}\n  d: e",
                "  m:\n    b: c\n    {{ values.map }}\n  d: e",
            ),
            (
                "  {{- with .Values.map }}\n  m:\n{{ toYaml . | indent 4 }}\n  {{- end }}",
                "  {% if values.map %}\n  m:\n    {{ values.map }}\n  {% endif %}",
            ),
            (
                "  {{ if .Values.debug }}a: b{{ else }}c: d{{ end }}\n  e: f",
                "  {% if values.debug %}a: b{% else %}c: d{% endif %}\n  e: f",
            ),
            (
                "  {{ if .Values.debug }}a: b{{ end }}\n  e: f",
                "  {% if values.debug %}a: b{% endif %}\n  e: f",
            ),
            (
                "  m:\n{{ include \"app.labels\" . | indent 4 }}\n  b: c",
                "  m:\n    {{<app_labels/>}}\n  b: c",
            ),
        ] {
            let (text, converted, reasons) = converted(helm);
            assert_eq!((text.trim_start_matches('\n'), converted.marks), (tera, 0), "{helm}: {reasons:?}");
            assert_eq!(converted.differences, [], "{helm}");
        }
    }

    #[test]
    fn what_cannot_be_listed_is_an_error() {
        let report = plain_files(&Memory::default().into_world(), Path::new("gone"), &[]);
        assert!(report.has_errors() && report.diagnostics[0].message.contains("cannot read `gone`"));
    }

    #[test]
    fn what_has_none_is_marked_and_named() {
        for (helm, reason) in [
            ("  a: {{ genPrivateKey \"rsa\" | b64enc }}", "genPrivateKey"),
            ("  a: {{ .Values.missing }}", "may be missing"),
            ("  a: {{ .Values.missing.deeper | quote }}", "not in values.yaml"),
            ("  a: {{ .Values.nested.tag }}", "read as something else"),
            ("  {{- range .Values.map }}\n  a: {{ . }}\n  {{- end }}\n  b: c", "without its keys"),
            ("  {{- $x := 1 }}\n  {{- $x = 2 }}\n  a: b", "set again"),
            ("  a: {{ tpl .Values.name . }}", "no exact counterpart"),
            ("  a: {{ include \"other.name\" . }}", "not in this chart"),
            ("  a: |-\n    {{- toYaml .Values.map | nindent 4 }}", "YAML as a text"),
            (
                "  a: |\n    x: y\n\n    {{- if .Values.name }}\n{{ toYaml .Values.map | indent 4 }}\n    {{- end }}",
                "YAML as a text",
            ),
        ] {
            let (text, converted, reasons) = converted(helm);
            assert!(converted.marks > 0 && text.contains("{# convert: "), "{helm}: {text}");
            assert!(reasons.iter().any(|found| found.contains(reason)), "{helm}: {reasons:?}");
        }
    }

    #[test]
    fn of_several_definitions_the_one_that_helm_takes_becomes_a_component() {
        let define = |text: &str| format!("{{{{- define \"x\" -}}}}\na: {text}\n{{{{- end }}}}\n");
        let world = Memory::default()
            .file("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n")
            .file("app/values.yaml", "{}\n")
            .file("app/templates/_a.tpl", define("first"))
            .file("app/templates/_b.tpl", define("second"))
            .file("app/templates/deep/_0.tpl", define("third"))
            .file("app/templates/a.yaml", format!("{HEAD}  {{{{- include \"x\" . | nindent 2 }}}}\n"))
            .into_world();
        let converted = convert(&world, &Sources::new(), "app").output.unwrap();
        assert!(converted.files["templates/_a.tera"].contains("a: first"), "{:?}", converted.files);
        assert!(!converted.files.contains_key("templates/_b.tera"));
        assert_eq!((converted.marks, converted.differences), (0, vec![]));
    }

    /// Only its own language can use what a library chart defines.
    #[test]
    fn a_library_chart_of_helm_does_not_keep_the_chart_from_rendering() {
        let world = Memory::default()
            .file("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n")
            .file("app/values.yaml", "{}\n")
            .file("app/templates/a.yaml", format!("{HEAD}  a: b\n"))
            .file("app/charts/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n")
            .file(
                "app/charts/lib/templates/_x.tpl",
                "{{ define \"x\" }}{{ toYaml (dict \"a\" 1) }}{{ end }}\n",
            )
            .into_world();
        let converted = convert(&world, &Sources::new(), "app").output.unwrap();
        assert_eq!((converted.marks, converted.differences), (0, vec![]));
    }

    #[test]
    fn named_templates_become_components_with_their_comments() {
        let (text, converted, _) = converted("  {{- include \"app.labels\" . | nindent 2 }}");
        assert_eq!(text.trim(), "{{<app_labels/>}}");
        assert_eq!(converted.differences, []);
        assert_eq!(
            converted.files["templates/_helpers.tera"],
            "{# The labels. #}\n{% component app_labels(@release, @chart, @values) %}\napp: {{ chart.name }}\n{% endcomponent %}\n"
        );
        assert!(converted.files["Chart.yaml"].ends_with("engine: tera\n"));
    }
}
