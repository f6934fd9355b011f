//! What is said about a test that did not pass, line by line.

use crate::diff::render::patch;
use crate::unittest::check::Finding;
use crate::unittest::result::{Expectation, Failure, JobResult, Place, Status};

/// What failed in a job, as one text for a report.
pub(super) fn described(job: &JobResult) -> String {
    let mut lines = Vec::new();
    if let Status::Skipped(reason) = &job.status {
        lines.push(format!("SKIPPED '{}': {reason}", job.name));
    }
    lines.extend(job.error.clone());
    for failure in &job.failures {
        lines.push(title(failure));
        lines.extend(failure.findings.iter().flat_map(finding).map(|line| format!("\t{line}")));
    }
    lines.join("\n")
}

/// `asserts[0] equal fail`, as helm-unittest has it, or what is wrong with a case.
pub(super) fn title(failure: &Failure) -> String {
    match &failure.expectation {
        Expectation::Assertion { index, kind, not, at } => {
            let not = if *not { " NOT" } else { "" };
            let at = at.as_ref().map_or_else(String::new, |at| format!(" ({}:{})", at.file, at.line));
            format!("- asserts[{index}]{not} `{kind}` fail{at}")
        }
        Expectation::Case(words) => format!("- {words}"),
    }
}

/// One reason why an assertion is not met.
pub(super) fn finding((finding, template, value): &(Finding, Option<Place>, Option<Place>)) -> Vec<String> {
    let mut lines = Vec::new();
    let mut field = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{name}:\t{value}")));
    };
    field("Template", finding.template.clone());
    field("DocumentIndex", finding.document.map(|index| index.to_string()));
    field("ValuesIndex", finding.value.map(|index| index.to_string()));
    field("Path", finding.path.clone().filter(|path| !path.is_empty()));
    let mut block = |title: &str, text: &str| {
        lines.push(title.to_owned());
        lines.extend(text.trim_end_matches('\n').split('\n').map(|line| format!("\t{line}")));
    };
    if let Some(error) = &finding.error {
        block("Error:", error);
    }
    if let Some((words, expected)) = &finding.expected {
        block(words, expected);
    }
    if let Some(actual) = &finding.actual {
        block("Actual:", actual);
    }
    if let (true, Some((_, expected)), Some(actual)) = (finding.is_diff, &finding.expected, &finding.actual) {
        block("Diff:", &patch(Some(("Expected", expected)), Some(("Actual", actual)), 1));
    }
    for (title, place) in [("Rendered by:", template), ("Set by:", value)] {
        if let Some(Place { file, line, column, text }) = place {
            block(title, &format!("{file}:{line}:{column}\n{text}"));
        }
    }
    lines
}
