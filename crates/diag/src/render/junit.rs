//! `JUnit` XML, as CI systems show test results: one suite a file, one case a finding. It is valid by the schema of
//! Jenkins' xUnit plugin (`junit-10.xsd`), which knows neither `file` nor `line` of a case.

use super::{SourceRange, locate};
use crate::escape::xml;
use crate::{Diagnostic, Severity, Sources};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Renders diagnostics as `JUnit` XML. Findings at `threshold` or above are failures, the others
/// passed cases whose output says what was found. Without findings there is one passed case.
pub fn junit(diagnostics: &[Diagnostic], sources: &Sources, threshold: Severity) -> String {
    let mut suites: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for diagnostic in diagnostics {
        let at = diagnostic.span().and_then(|span| locate(sources, span));
        let failed = diagnostic.severity >= threshold;
        let (file, case) = case(diagnostic, at.as_ref(), failed);
        suites.entry(file).or_default().push((case, failed));
    }
    if suites.is_empty() {
        suites.insert("plimsoll lint".into(), vec![("    <testcase name=\"no findings\"/>\n".into(), false)]);
    }
    let tests: usize = suites.values().map(Vec::len).sum();
    let failures = suites.values().flatten().filter(|(_, failed)| *failed).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<testsuites name=\"plimsoll lint\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">"
    );
    for (file, cases) in &suites {
        let failures = cases.iter().filter(|(_, failed)| *failed).count();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">",
            xml(file),
            cases.len()
        );
        for (case, _) in cases {
            out.push_str(case);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(diagnostic: &Diagnostic, at: Option<&SourceRange>, failed: bool) -> (String, String) {
    let rule = diagnostic.rule.map_or("plimsoll", |rule| rule.id);
    let mut body = String::new();
    if let Some(at) = at {
        let _ = writeln!(body, "{}:{}:{}", at.file, at.line, at.column);
    }
    if let Some(object) = &diagnostic.object {
        let path = diagnostic.path.as_ref().map_or(String::new(), |path| format!(": {path}"));
        let _ = writeln!(body, "in {object}{path}");
    }
    if !diagnostic.sets.is_empty() {
        let _ = writeln!(body, "only with {}", diagnostic.sets.join(", "));
    }
    for help in &diagnostic.help {
        let _ = writeln!(body, "help: {help}");
    }
    let file = at.map_or_else(|| "plimsoll lint".to_owned(), |at| at.file.clone());
    let name = match at {
        Some(at) => format!("{rule} {}:{}", at.line, at.column),
        None => rule.to_owned(),
    };
    let open = format!("    <testcase classname=\"{}\" name=\"{}\">\n", xml(rule), xml(&name));
    let inner = if failed {
        format!(
            "      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
            diagnostic.severity,
            xml(&diagnostic.message),
            xml(&body)
        )
    } else {
        let output = format!("{}: {}\n{body}", diagnostic.severity, diagnostic.message);
        format!("      <system-out>{}</system-out>\n", xml(&output))
    };
    (file, format!("{open}{inner}    </testcase>\n"))
}
