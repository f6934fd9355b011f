//! One line for each finding, as compilers print them: editors and `grep` read it.

use super::{Style, locate};
use crate::escape::{content_line, terminal};
use crate::{Diagnostic, Severity, Sources};
use annotate_snippets::renderer::{AnsiColor, Effects, Style as Ansi};
use std::fmt::Write;

/// Renders diagnostics as `file:line:column: severity[rule]: message`, one a line.
pub fn concise(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let mut line = String::new();
        if let Some(at) = diagnostic.span().and_then(|span| locate(sources, span)) {
            // Writing to a string cannot fail.
            let _ = write!(line, "{}:{}:{}: ", terminal(&at.file), at.line, at.column);
        }
        let rule = diagnostic.rule.map_or(String::new(), |rule| format!("[{}]", rule.id));
        let level = format!("{}{rule}", diagnostic.severity);
        let message = diagnostic.message.trim_end().replace('\n', " ");
        let sets = match diagnostic.sets.as_slice() {
            [] => String::new(),
            sets => format!(" (only with {})", sets.join(", ")),
        };
        let text = format!(": {}{}", terminal(&message), terminal(&sets));
        line = content_line(&line);
        match style {
            Style::Plain => line.push_str(&level),
            Style::Coloured => {
                let color = color(diagnostic.severity);
                let _ = write!(line, "{}{level}{}", color.render(), color.render_reset());
            }
        }
        let _ = writeln!(out, "{line}{text}");
    }
    out
}

/// The colour that frames give the severity, too.
fn color(severity: Severity) -> Ansi {
    let color = match severity {
        Severity::Error => AnsiColor::BrightRed,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Info => AnsiColor::BrightBlue,
    };
    color.on_default().effects(Effects::BOLD)
}
