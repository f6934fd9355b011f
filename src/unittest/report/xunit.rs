//! xUnit.net 2 XML: an assembly for each suite, a test for each job.

use super::lines::described;
use super::xml::{Element, class_name, date_and_time, seconds};
use crate::unittest::result::{JobResult, Status, SuiteResult, Summary};
use std::time::SystemTime;

/// What stands for the method that runs a test.
const METHOD: &str = "Helm-Validation";

/// The report in this format.
pub(super) fn report(summary: &Summary, now: SystemTime) -> String {
    let stamp = date_and_time(now);
    let assemblies = summary.suites().map(|suite| assembly(suite, &stamp));
    Element::new("assemblies").children(assemblies).document()
}

fn assembly(result: &SuiteResult, (date, time): &(String, String)) -> Element {
    let count = |is: fn(&JobResult) -> bool| result.jobs.iter().filter(|job| is(job)).count();
    let errors = count(|job| job.status == Status::Failed && job.error.is_some());
    let failed = count(|job| job.status == Status::Failed && job.error.is_none());
    let skipped = count(JobResult::is_skipped);
    let passed = result.jobs.len() - errors - failed - skipped;
    let counted = |element: Element| {
        element
            .attribute("total", result.jobs.len())
            .attribute("passed", passed)
            .attribute("failed", failed)
            .attribute("skipped", skipped)
    };
    let tests = result.jobs.iter().map(|job| test(&result.name, job));
    let collection = Element::new("collection")
        .attribute("name", &result.name)
        .attribute("time", seconds(result.duration()));
    let assembly = Element::new("assembly")
        .attribute("name", &result.file)
        .attribute("config-file", &result.file)
        .attribute("test-framework", "plimsoll")
        .attribute("run-date", date)
        .attribute("run-time", time)
        .attribute("time", seconds(result.duration()));
    counted(assembly)
        .attribute("errors", errors)
        .child(Element::new("environment").text("unknown"))
        .child(Element::new("errors"))
        .child(counted(collection).children(tests))
}

fn test(suite: &str, job: &JobResult) -> Element {
    let result = match job.status {
        Status::Passed | Status::SkippedAsEmpty => "Pass",
        Status::Skipped(_) => "Skip",
        Status::Failed => "Fail",
    };
    let element = Element::new("test")
        .attribute("name", &job.name)
        .attribute("type", class_name(suite))
        .attribute("method", METHOD)
        .attribute("time", seconds(job.duration))
        .attribute("result", result);
    match job.status {
        Status::Passed | Status::SkippedAsEmpty => element,
        Status::Skipped(_) => element.child(Element::new("reason").text(described(job))),
        Status::Failed => {
            let kind = if job.error.is_some() { format!("{METHOD}-Error") } else { METHOD.to_owned() };
            let failure = Element::new("failure")
                .attribute("exception-type", kind)
                .child(Element::new("message").text("Failed"))
                .child(Element::new("stack-trace").text(described(job)));
            element.child(failure)
        }
    }
}
