//! Jobs: `pkg/apis/batch/validation`.

use super::super::metadata::{label_selector, selects_with};
use super::super::{At, Context, pod};
use crate::names;

/// `ValidateJob`.
pub(in super::super) fn job(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let selector = spec.field("selector");
    let template = spec.field("template");
    let labels = template.field("metadata.labels");
    super::pods_take_the_name(root, cx);
    let manual = spec.field("manualSelector").flag();
    let name = root.field("metadata.name").text();
    // `SetDefaults_Job`: without either number, both are 1.
    let completions = match spec.field("completions").int() {
        None if !spec.field("parallelism").is_set() => Some(1),
        given => given,
    };
    job_spec(&spec, completions, cx);
    if manual && !selector.is_set() {
        cx.required(&selector, "");
    }
    let usable = label_selector(&selector, cx);
    let written = |key: &str| {
        let entry = labels.node()?.as_map()?.entry(key)?;
        Some(entry.value.as_str().unwrap_or_default())
    };
    if manual {
        if usable && !(selector.is_set() && selects_with(&selector, written)) {
            cx.invalid(&labels, super::MISMATCH);
        }
    } else {
        if usable {
            generated_selector(&selector, &labels, name, written, cx);
        }
        generated_labels(root, &template, name, cx);
    }
    if spec.field("completionMode").text() == "Indexed"
        && let Some(count) = completions.filter(|count| *count > 0)
    {
        let host = format!("{name}-{}", count - 1);
        if !names::dns1123_label(&host).is_empty() {
            let detail = format_args!("will not able to create pod with invalid DNS label: {host}");
            cx.invalid(&root.field("metadata.name"), detail);
        }
    }
}

/// The labels that `generateSelector` of pkg/registry/batch/job gives the pods, old names and new.
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];
const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
/// Stands for the uid that the server will invent; nobody can have written it.
const UID: &str = "\0";

/// `validateGeneratedSelector`: what the user wrote has to agree with what the server generates.
fn generated_selector<'n>(
    selector: &At<'_, '_>,
    labels: &At<'_, '_>,
    name: &'n str,
    written: impl Fn(&str) -> Option<&'n str>,
    cx: &mut Context<'_>,
) {
    let generated = |key: &str| {
        let uid = UID_LABELS.contains(&key).then_some(UID);
        uid.or_else(|| NAME_LABELS.contains(&key).then_some(name))
    };
    for key in UID_LABELS.into_iter().chain(NAME_LABELS) {
        if written(key).is_some_and(|value| Some(value) != generated(key)) {
            cx.invalid(&labels.key(key), "must be what the server generates");
        }
    }
    if !selector.is_set() {
        return;
    }
    if !selects_with(selector, generated) {
        cx.invalid(selector, "`selector` not auto-generated");
    }
    if !selects_with(selector, |key| written(key).or_else(|| generated(key))) {
        cx.invalid(labels, super::MISMATCH);
    }
}

/// The name becomes a label of the pods, and of the job itself where it has no labels: `SetDefaults_Job`
/// gives it the template's.
fn generated_labels(root: &At<'_, '_>, template: &At<'_, '_>, name: &str, cx: &mut Context<'_>) {
    let details = names::label_value(name);
    if details.is_empty() || name.is_empty() {
        return;
    }
    let written = template.field("metadata.labels");
    let own = root.field("metadata.labels");
    let span = Some(root.field("metadata.name").span());
    for detail in details {
        cx.invalid_key(&template.field("labels"), name, span, &detail);
        if own.is_empty() && written.is_set() {
            cx.invalid_key(&own, name, span, &detail);
        }
    }
}

/// `validateJobSpec`, of a Job or of a CronJob's template; `completions` are after defaulting.
pub(super) fn job_spec(spec: &At<'_, '_>, completions: Option<i64>, cx: &mut Context<'_>) {
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        cx.non_negative(&spec.field(field));
    }
    let per_index = spec.field("backoffLimitPerIndex");
    let max_failed = spec.field("maxFailedIndexes");
    if max_failed.is_set() && !per_index.is_set() {
        cx.required(&per_index, "when maxFailedIndexes is specified");
    }
    let managed_by = spec.field("managedBy");
    if managed_by.is_set() {
        const LIMIT: usize = 63;
        if managed_by.text().is_empty() {
            cx.required(&managed_by, "");
        } else {
            for detail in names::domain_prefixed_path(managed_by.text()) {
                cx.invalid(&managed_by, detail);
            }
        }
        if managed_by.text().len() > LIMIT {
            cx.too_long(&managed_by, LIMIT);
        }
    }
    let mode = spec.field("completionMode");
    let indexed = mode.text() == "Indexed";
    if mode.is_set() && !matches!(mode.text(), "NonIndexed" | "Indexed") {
        cx.not_supported(&mode, &["Indexed", "NonIndexed"]);
    }
    if indexed {
        indexed_job(spec, completions, cx);
    } else if !mode.is_set() || mode.text() == "NonIndexed" {
        for field in [&per_index, &max_failed] {
            if field.is_set() {
                cx.invalid(field, "requires indexed completion mode");
            }
        }
    }
    let failure = spec.field("podFailurePolicy");
    let template = spec.field("template");
    if failure.is_set() {
        failure_policy(&failure, &template, per_index.is_set(), cx);
    }
    let success = spec.field("successPolicy");
    if success.is_set() {
        if indexed {
            success_policy(&success, completions, cx);
        } else {
            cx.invalid(&success, "requires indexed completion mode");
        }
    }
    let replacement = spec.field("podReplacementPolicy");
    if replacement.is_set() {
        let supported: &[&str] =
            if failure.is_set() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
        if !supported.contains(&replacement.text()) {
            cx.not_supported(&replacement, supported);
        }
    }
    pod::template_spec(&template, cx);
    if indexed {
        warn_of_size(spec, completions, cx);
    }
    let template_spec = template.field("spec");
    let restart = template_spec.field("restartPolicy");
    match restart.text() {
        "" | "Always" => cx.required(&restart, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if failure.is_set() => {
            cx.invalid(&restart, "only \"Never\" is supported when podFailurePolicy is specified");
        }
        "OnFailure" | "Never" => {}
        _ => cx.not_supported(&restart, &["OnFailure", "Never"]),
    }
}

/// `WarningsForJobSpec` of pkg/api/job, for indexed jobs.
fn warn_of_size(spec: &At<'_, '_>, completions: Option<i64>, cx: &mut Context<'_>) {
    const COMPLETIONS: i64 = 100_000;
    const PARALLELISM: i64 = 10_000;
    let parallelism = spec.field("parallelism").int().unwrap_or(0);
    if completions.is_some_and(|completions| completions > COMPLETIONS) && parallelism > PARALLELISM {
        let message = "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than \
                       10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail";
        cx.warning(spec, message);
    }
}

/// The part of `validateJobSpec` on indexed jobs.
fn indexed_job(spec: &At<'_, '_>, completions: Option<i64>, cx: &mut Context<'_>) {
    const MOST: i64 = 100_000;
    const MOST_AT_ONCE: i64 = 10_000;
    let (parallelism, max_failed) = (spec.field("parallelism"), spec.field("maxFailedIndexes"));
    if completions.is_none() {
        cx.required(&spec.field("completions"), "when completion mode is Indexed");
    }
    let above = |place: &At<'_, '_>, limit: i64| place.int().is_some_and(|number| number > limit);
    if above(&parallelism, MOST) {
        cx.invalid(&parallelism, "must be less than or equal to 100000 when completion mode is Indexed");
    }
    if completions.is_some_and(|completions| above(&max_failed, completions)) {
        cx.invalid(&max_failed, "must be less than or equal to completions");
    }
    if above(&max_failed, MOST) {
        cx.invalid(&max_failed, "must be less than or equal to 100000");
    }
    if completions.is_some_and(|completions| completions > MOST)
        && spec.field("backoffLimitPerIndex").is_set()
    {
        if !max_failed.is_set() {
            cx.required(&max_failed, "must be specified when completions is above 100000");
        }
        for place in [&parallelism, &max_failed] {
            if above(place, MOST_AT_ONCE) {
                let detail = "must be less than or equal to 10000 when completions are above 100000 and used with \
                              backoff limit per index";
                cx.invalid(place, detail);
            }
        }
    }
}

/// `validatePodFailurePolicy`.
fn failure_policy(policy: &At<'_, '_>, template: &At<'_, '_>, per_index: bool, cx: &mut Context<'_>) {
    const MOST_RULES: usize = 20;
    const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
    let rules = policy.field("rules");
    if rules.len() > MOST_RULES {
        cx.too_many(&rules, MOST_RULES);
    }
    for rule in rules.items() {
        let action = rule.field("action");
        match action.text() {
            "" => cx.required(&action, "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]"),
            "FailIndex" if !per_index => cx.invalid(&action, "requires the backoffLimitPerIndex to be set"),
            given if !ACTIONS.contains(&given) => cx.not_supported(&action, &ACTIONS),
            _ => {}
        }
        let (codes, conditions) = (rule.field("onExitCodes"), rule.field("onPodConditions"));
        if codes.is_set() {
            exit_codes(&codes, template, cx);
        }
        pod_conditions(&conditions, cx);
        match (codes.is_set(), !conditions.is_empty()) {
            (true, true) => {
                cx.invalid(&rule, "specifying both OnExitCodes and OnPodConditions is not supported");
            }
            (false, false) => {
                cx.invalid(&rule, "specifying one of OnExitCodes and OnPodConditions is required");
            }
            _ => {}
        }
    }
}

/// `validatePodFailurePolicyRuleOnExitCodes`.
fn exit_codes(codes: &At<'_, '_>, template: &At<'_, '_>, cx: &mut Context<'_>) {
    const MOST_VALUES: usize = 255;
    let operator = codes.field("operator");
    match operator.text() {
        "In" | "NotIn" => {}
        "" => cx.required(&operator, "valid values: [\"In\" \"NotIn\"]"),
        _ => cx.not_supported(&operator, &["In", "NotIn"]),
    }
    let container = codes.field("containerName");
    if container.is_set() {
        let spec = template.field("spec");
        let named = |list: &str| {
            let list = spec.field(list);
            list.items().any(|item| item.field("name").text() == container.text())
        };
        if !named("containers") && !named("initContainers") {
            let detail = "must be one of the container or initContainer names in the pod template";
            cx.invalid(&container, detail);
        }
    }
    let values = codes.field("values");
    if values.is_empty() {
        cx.invalid(&values, "at least one value is required");
    } else if values.len() > MOST_VALUES {
        cx.too_many(&values, MOST_VALUES);
    }
    let mut seen: Vec<i64> = Vec::with_capacity(values.len());
    for value in values.items() {
        let code = value.int().unwrap_or(0);
        if operator.text() == "In" && code == 0 {
            cx.invalid(&value, "must not be 0 for the In operator");
        }
        if seen.contains(&code) {
            cx.duplicate(&value);
        }
        seen.push(code);
    }
    if !seen.is_sorted() {
        cx.invalid(&values, "must be ordered");
    }
}

/// `validatePodFailurePolicyRuleOnPodConditions`; the status is `True` by default.
fn pod_conditions(conditions: &At<'_, '_>, cx: &mut Context<'_>) {
    const MOST: usize = 20;
    if conditions.len() > MOST {
        cx.too_many(conditions, MOST);
    }
    for pattern in conditions.items() {
        let (kind, status) = (pattern.field("type"), pattern.field("status"));
        for detail in names::qualified_name(kind.text()) {
            cx.invalid(&kind, detail);
        }
        if !matches!(status.text(), "" | "True" | "False" | "Unknown") {
            cx.not_supported(&status, &["False", "True", "Unknown"]);
        }
    }
}

/// `validateSuccessPolicy`.
fn success_policy(policy: &At<'_, '_>, completions: Option<i64>, cx: &mut Context<'_>) {
    const MOST_RULES: usize = 20;
    const LONGEST: usize = 64 * 1024;
    let rules = policy.field("rules");
    if rules.is_empty() {
        cx.required(&rules, "at least one rules must be specified when the successPolicy is specified");
    }
    if rules.len() > MOST_RULES {
        cx.too_many(&rules, MOST_RULES);
    }
    let Some(completions) = completions else { return };
    for rule in rules.items() {
        let (count, indexes) = (rule.field("succeededCount"), rule.field("succeededIndexes"));
        if !count.is_set() && !indexes.is_set() {
            cx.required(&rule, "at least one of succeededCount or succeededIndexes must be specified");
        }
        let mut total = 0;
        if indexes.is_set() {
            if indexes.text().len() > LONGEST {
                cx.too_long(&indexes, LONGEST);
            }
            match index_count(indexes.text(), completions) {
                Ok(number) => total = number,
                Err(error) => {
                    cx.invalid(&indexes, format_args!("error parsing succeededIndexes: {error}"));
                }
            }
        }
        let Some(number) = count.int() else { continue };
        cx.non_negative(&count);
        if number > completions {
            let detail = format_args!(
                "must be less than or equal to {completions} (the number of specified completions)"
            );
            cx.invalid(&count, detail);
        }
        if indexes.is_set() && number > total {
            let detail = format_args!(
                "must be less than or equal to {total} (the number of indexes in the specified \
                 succeededIndexes field)"
            );
            cx.invalid(&count, detail);
        }
    }
}

/// `validateIndexesFormat`: how many indexes `1,3-5` names, each below `completions`.
fn index_count(text: &str, completions: i64) -> Result<i64, String> {
    let index = |text: &str| -> Result<i64, String> {
        let number: i64 =
            text.parse().map_err(|_| format!("cannot convert string to integer for index: {text:?}"))?;
        if number >= completions { Err(format!("too large index: {text:?}")) } else { Ok(number) }
    };
    let falling = |last: i64, next: i64| format!("non-increasing order, previous: {last}, current: {next}");
    if text.is_empty() {
        return Ok(0);
    }
    let (mut total, mut last) = (0_i64, None);
    for interval in text.split(',') {
        let mut limits = interval.split('-');
        let (low, high) = (limits.next().unwrap_or_default(), limits.next());
        if limits.next().is_some() {
            return Err(format!(
                "the fragment {interval:?} violates the requirement that an index interval can have at most \
                 two parts separated by '-'"
            ));
        }
        let low = index(low)?;
        let high = high.map(index).transpose()?;
        if let Some(high) = high.filter(|high| low >= *high) {
            return Err(falling(low, high));
        }
        if let Some(last) = last.filter(|last| *last >= low) {
            return Err(falling(last, low));
        }
        let high = high.unwrap_or(low);
        total = total.saturating_add(high.saturating_sub(low).saturating_add(1));
        last = Some(high);
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_counted() {
        assert_eq!(index_count("", 3), Ok(0));
        assert_eq!(index_count("0-2,4", 5), Ok(4));
        for bad in ["0-9", "2,1", "1-1", "a", "1-2-3", "1,", "0-2,2"] {
            assert!(index_count(bad, 5).is_err(), "{bad}");
        }
    }
}
