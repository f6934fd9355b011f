//! `NUnit` 2.5 XML: a suite for each suite, a case for each job.

use super::lines::described;
use super::xml::{Element, class_name, date_and_time, seconds};
use crate::unittest::result::{JobResult, Status, SuiteResult, Summary};
use std::time::SystemTime;

/// The report in this format.
pub(super) fn report(summary: &Summary, now: SystemTime) -> String {
    let (date, time) = date_and_time(now);
    let jobs = || summary.suites().flat_map(|suite| &suite.jobs);
    let failed = |with_error: bool| {
        jobs().filter(|job| job.status == Status::Failed && job.error.is_some() == with_error).count()
    };
    let environment = [
        ("nunit-version", "2.5.8.0"),
        ("clr-version", "unknown"),
        ("os-version", "unknown"),
        ("platform", "unknown"),
        ("cwd", ""),
        ("machine-name", ""),
        ("user", ""),
        ("user-domain", ""),
    ];
    let environment = environment
        .into_iter()
        .fold(Element::new("environment"), |element, (name, value)| element.attribute(name, value));
    Element::new("test-results")
        .attribute("name", "plimsoll")
        .attribute("total", jobs().count())
        .attribute("errors", failed(true))
        .attribute("failures", failed(false))
        .attribute("inconclusive", 0)
        .attribute("not-run", 0)
        .attribute("ignored", 0)
        .attribute("skipped", jobs().filter(|job| job.is_skipped()).count())
        .attribute("invalid", 0)
        .attribute("date", date)
        .attribute("time", time)
        .child(environment)
        .child(
            Element::new("culture-info").attribute("current-culture", "").attribute("current-uiculture", ""),
        )
        .children(summary.suites().map(suite))
        .document()
}

fn suite(result: &SuiteResult) -> Element {
    let cases = result.jobs.iter().map(|job| case(&result.name, job));
    Element::new("test-suite")
        .attribute("type", "TestFixture")
        .attribute("name", &result.name)
        .attribute("description", &result.file)
        .attribute("success", result.has_passed())
        .attribute("time", seconds(result.duration()))
        .attribute("executed", !result.is_skipped())
        .attribute("asserts", "")
        .attribute("result", outcome(result.is_skipped(), result.has_passed()))
        .child(Element::new("results").children(cases))
}

fn outcome(is_skipped: bool, has_passed: bool) -> &'static str {
    match (is_skipped, has_passed) {
        (true, _) => "Skipped",
        (false, true) => "Success",
        (false, false) => "Failed",
    }
}

fn case(suite: &str, job: &JobResult) -> Element {
    let has_passed = !job.is_skipped() && job.status != Status::Failed;
    let element = Element::new("test-case")
        .attribute("name", &job.name)
        .attribute("description", format!("{}.{}", class_name(suite), job.name))
        .attribute("success", has_passed)
        .attribute("time", seconds(job.duration))
        .attribute("executed", job.error.is_none() && !job.is_skipped())
        .attribute("asserts", 0)
        .attribute("result", outcome(job.is_skipped(), has_passed));
    let message = |text: &str| Element::new("message").text(text);
    if job.is_skipped() {
        return element.child(Element::new("reason").child(message(&described(job))));
    }
    if has_passed {
        return element;
    }
    let trace = Element::new("stack-trace").text(described(job));
    element.child(Element::new("failure").child(message("Failed")).child(trace))
}
