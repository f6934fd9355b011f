//! `SonarQube`'s generic test data: a file for each suite, a case for each job.

use super::lines::described;
use super::xml::Element;
use crate::unittest::result::{JobResult, Status, SuiteResult, Summary};

/// The report in this format.
pub(super) fn report(summary: &Summary) -> String {
    Element::new("testExecutions").attribute("version", 1).children(summary.suites().map(file)).document()
}

fn file(result: &SuiteResult) -> Element {
    Element::new("file").attribute("path", &result.file).children(result.jobs.iter().map(case))
}

fn case(job: &JobResult) -> Element {
    let element =
        Element::new("testCase").attribute("name", &job.name).attribute("duration", job.duration.as_millis());
    let reason = |name, message: &str| Element::new(name).attribute("message", message).text(described(job));
    match &job.status {
        Status::Passed | Status::SkippedAsEmpty => element,
        Status::Skipped(_) => element.child(reason("skipped", "Skipped")),
        Status::Failed if job.error.is_some() => element.child(reason("error", "Error")),
        Status::Failed => element.child(reason("failure", "Failed")),
    }
}
