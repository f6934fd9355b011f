//! Events in words.

use super::{Happening, Rehearsal, Step};
use crate::cluster::controllers::{Entry, Event, State};
use crate::k8s::views;

/// What an entry of the timeline is for a reader; nothing where only a status or a note changes.
pub(super) fn happening(entry: &Entry, state: &State) -> Option<Happening> {
    let subject = &entry.subject;
    let object = format!("{}/{}", subject.kind.to_lowercase(), subject.name);
    let revision = || {
        if subject.revision.is_empty() { String::new() } else { format!("revision {}", subject.revision) }
    };
    let claim = |name: &str| format!("claim/{name}");
    let (what, object, detail) = match &entry.event {
        Event::WorkloadCreated(_) => ("created", object, String::new()),
        Event::WorkloadChanged { .. } => ("changed", object, String::new()),
        Event::WorkloadDeleting { .. } | Event::WorkloadGone { .. } | Event::ReplicaSetGone { .. } => {
            ("deleted", object, String::new())
        }
        Event::ReplicaSetCreated(set) => ("created", object, replicas(set.replicas)),
        Event::ReplicaSetScaled { from, to, .. } => ("scaled", object, format!("{from} -> {to}")),
        Event::PodCreated(_) => ("pod-created", object, revision()),
        Event::PodBound { .. } => ("pod-started", object, String::new()),
        Event::PodReady { .. } => ("pod-ready", object, String::new()),
        Event::PodUnready { .. } => ("pod-unready", object, String::new()),
        Event::PodFailed { .. } => ("pod-failed", object, String::new()),
        Event::PodSucceeded { .. } => ("pod-succeeded", object, String::new()),
        Event::PodDeleting { .. } => ("pod-stopping", object, String::new()),
        Event::PodGone { .. } => ("pod-gone", object, String::new()),
        Event::ClaimCreated(created) => {
            let size = views::Claim::new(&created.root).size_text().to_owned();
            ("claim-created", claim(&created.name), size)
        }
        Event::ClaimDeleting { claim: name } => {
            let is_used = state.pods.values().any(|pod| pod.claims.contains(name));
            let when = if is_used { "once no pod uses it".to_owned() } else { String::new() };
            ("claim-deleting", claim(name), when)
        }
        Event::ClaimGone { claim: name } => ("claim-gone", claim(name), String::new()),
        _ => return None,
    };
    Some(Happening { what, object, detail })
}

fn replicas(count: i64) -> String {
    if count == 1 { "1 replica".to_owned() } else { format!("{count} replicas") }
}

/// What happens in a step, in sentences: what happens to several objects in turn is one.
pub(super) fn sentences(number: usize, step: &Step) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut rest = step.events.as_slice();
    while let Some(first) = rest.first() {
        let alike = |other: &&Happening| (other.what, &other.detail) == (first.what, &first.detail);
        let count = rest.iter().take_while(alike).count();
        let (group, after) = rest.split_at(count);
        sentences.push(sentence(group));
        rest = after;
    }
    if sentences.is_empty() {
        let nothing =
            if number == 0 { "nothing changes for the controllers" } else { "pods become available" };
        sentences.push(nothing.to_owned());
    }
    sentences
}

/// How many objects are listed by name.
const MAX_LISTED: usize = 4;

fn sentence(group: &[Happening]) -> String {
    let Some(first) = group.first() else { return String::new() };
    let names: Vec<&str> = group
        .iter()
        .map(|happening| match first.what {
            "created" | "changed" | "deleted" | "scaled" => happening.object.as_str(),
            _ => happening.object.split_once('/').map_or(happening.object.as_str(), |(_, name)| name),
        })
        .collect();
    let listed = match names.as_slice() {
        names if names.len() <= MAX_LISTED + 1 => joined(names),
        names => format!("{} and {} more", names[..MAX_LISTED].join(", "), names.len() - MAX_LISTED),
    };
    let is_one = names.len() == 1;
    let (be, get) = if is_one { ("is", "gets") } else { ("are", "get") };
    let detail = &first.detail;
    let aside = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
    match first.what {
        "changed" => format!("{listed} {be} changed"),
        "deleted" => format!("{listed} {be} deleted"),
        "scaled" => format!("{listed} {be} scaled {detail}"),
        "pod-started" => format!("{listed} {}", if is_one { "starts" } else { "start" }),
        "pod-ready" => format!("{listed} {be} ready"),
        "pod-unready" => format!("{listed} {be} no longer ready"),
        "pod-failed" => format!("{listed} {}", if is_one { "fails" } else { "fail" }),
        "pod-succeeded" => format!("{listed} {}", if is_one { "succeeds" } else { "succeed" }),
        "pod-stopping" => format!("{listed} {be} asked to stop"),
        "pod-gone" => format!("{listed} {be} gone"),
        "claim-created" => format!("{} {listed} {be} created{aside}", plural("claim", is_one)),
        "claim-deleting" => format!("{} {listed} {be} deleted{}", plural("claim", is_one), space(detail)),
        "claim-gone" => format!("{} {listed} {be} gone", plural("claim", is_one)),
        "evicted" => format!("{listed} {get} evicted"),
        "eviction-refused" => format!("the eviction of {listed} is refused: {detail}"),
        _ => format!("{listed} {be} created{aside}"),
    }
}

fn plural(word: &str, is_one: bool) -> String {
    if is_one { word.to_owned() } else { format!("{word}s") }
}

fn space(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" {detail}") }
}

/// `a, b and c`.
pub(super) fn joined(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

/// Seconds as people write them: `90s`, `5m`, `1h30m`.
pub(super) fn duration(seconds: i64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, rest) => format!("{rest}s"),
        (0, minutes, 0) => format!("{minutes}m"),
        (0, minutes, rest) => format!("{minutes}m{rest}s"),
        (hours, 0, 0) => format!("{hours}h"),
        (hours, minutes, _) => format!("{hours}h{minutes}m"),
    }
}

/// How a rehearsal ends, in one sentence.
pub(super) fn ending(rehearsal: &Rehearsal) -> String {
    let outcome = &rehearsal.outcome;
    let steps = rehearsal.steps.len();
    let steps = if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") };
    let time = if outcome.seconds_with_grace > outcome.seconds {
        format!(
            "at least {}, at least {} if every pod needs its whole grace period",
            duration(outcome.seconds),
            duration(outcome.seconds_with_grace)
        )
    } else {
        format!("at least {}", duration(outcome.seconds))
    };
    if outcome.is_endless {
        return format!("it does not come to rest within {steps}");
    }
    if outcome.is_complete {
        return format!("all pods are ready after {steps} ({time})");
    }
    let names: Vec<&str> = outcome.unready.iter().map(String::as_str).collect();
    let why = match names.as_slice() {
        [] => "pods are missing".to_owned(),
        names if names.len() <= MAX_LISTED => {
            format!("{} {} not ready", joined(names), if names.len() == 1 { "is" } else { "are" })
        }
        names => format!("{} pods are not ready", names.len()),
    };
    format!("stuck after {steps} ({time}): {why}, and nothing more happens")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happenings(events: &[(&'static str, &str, &str)]) -> Step {
        let events = events.iter().map(|(what, object, detail)| Happening {
            what,
            object: (*object).to_owned(),
            detail: (*detail).to_owned(),
        });
        Step { events: events.collect(), ..Step::default() }
    }

    #[test]
    fn what_happens_to_several_objects_is_one_sentence() {
        let step = happenings(&[
            ("changed", "statefulset/db", ""),
            ("pod-stopping", "pod/db-2", ""),
            ("pod-stopping", "pod/db-1", ""),
            ("pod-created", "pod/db-3", "revision B"),
            ("claim-created", "claim/data-db-3", "1Gi"),
            ("scaled", "replicaset/web-A", "3 -> 2"),
        ]);
        assert_eq!(
            sentences(0, &step),
            [
                "statefulset/db is changed",
                "db-2 and db-1 are asked to stop",
                "db-3 is created (revision B)",
                "claim data-db-3 is created (1Gi)",
                "replicaset/web-A is scaled 3 -> 2",
            ]
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let names = ["pod/a", "pod/b", "pod/c", "pod/d", "pod/e", "pod/f"];
        let events: Vec<_> = names.iter().map(|name| ("pod-ready", *name, "")).collect();
        assert_eq!(sentences(0, &happenings(&events)), ["a, b, c, d and 2 more are ready"]);
    }

    #[test]
    fn durations_are_short() {
        assert_eq!([0, 59, 60, 90, 3600, 5400].map(duration), ["0s", "59s", "1m", "1m30s", "1h", "1h30m"]);
    }
}
