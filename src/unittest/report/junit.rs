//! `JUnit` XML: a suite for each suite, a case for each job.

use super::lines::described;
use super::xml::{Element, class_name, date_and_time, seconds};
use crate::unittest::result::{JobResult, Status, SuiteResult, Summary};
use std::time::SystemTime;

/// The report in this format.
pub(super) fn report(summary: &Summary, now: SystemTime) -> String {
    let (date, time) = date_and_time(now);
    let stamp = format!("{date}T{time}");
    let suites = summary.suites().enumerate().map(|(id, result)| suite(id, result, &stamp));
    Element::new("testsuites").children(suites).document()
}

fn suite(id: usize, result: &SuiteResult, stamp: &str) -> Element {
    let failed = |with_error: bool| {
        let failed = |job: &&JobResult| job.status == Status::Failed && job.error.is_some() == with_error;
        result.jobs.iter().filter(failed).count()
    };
    let skipped = result.jobs.iter().filter(|job| job.is_skipped()).count();
    let property = Element::new("property")
        .attribute("name", "plimsoll.version")
        .attribute("value", env!("CARGO_PKG_VERSION"));
    Element::new("testsuite")
        .attribute("id", id)
        .attribute("tests", result.jobs.len())
        .attribute("failures", failed(false))
        .attribute("errors", failed(true))
        .attribute("skipped", skipped)
        .attribute("package", "")
        .attribute("time", seconds(result.duration()))
        .attribute("name", &result.name)
        .attribute("timestamp", stamp)
        .attribute("hostname", "")
        .child(Element::new("properties").child(property))
        .children(result.jobs.iter().map(|job| case(&result.name, job)))
}

fn case(suite: &str, job: &JobResult) -> Element {
    let element = Element::new("testcase")
        .attribute("classname", class_name(suite))
        .attribute("name", &job.name)
        .attribute("time", seconds(job.duration));
    let reason = |name, message: &str| {
        let reason = Element::new(name).attribute("message", message).attribute("type", "");
        reason.text(described(job))
    };
    match &job.status {
        Status::Passed | Status::SkippedAsEmpty => element,
        Status::Skipped(_) => element.child(Element::new("skipped").attribute("message", described(job))),
        Status::Failed if job.error.is_some() => element.child(reason("error", "Error")),
        Status::Failed => element.child(reason("failure", "Failed")),
    }
}
