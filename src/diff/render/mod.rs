//! A plan shown: for terminals, pull requests, browsers and programs.
//!
//! Every format says the same: the objects that change, what of them changes, the server's verdict, what
//! follows, and what to do. No format shows a Secret's value: the plan holds none.

mod edits;
mod html;
mod json;
mod markdown;
mod script;
mod text;
mod unified;
mod words;

pub use crate::diag::render::Style;
pub use html::html;
pub use json::json;
pub use markdown::markdown;
pub use script::script;
pub use text::{plan, plan_within};
pub(crate) use unified::patch;
pub use unified::unified;

use super::{Change, Effect, EffectKind, FieldChange, ObjectPlan, Plan, Reason, Verdict, instructions};
use crate::diag::escape::terminal;
use crate::yaml::{Node, Value, emit};
use std::fmt::Write as _;

/// One line for each object that changes, and the figures.
pub fn summary(plan: &Plan, style: Style) -> String {
    let mut out = String::new();
    for object in worst_first(plan) {
        let paint = Paint(style);
        let _ = write!(out, "{} {}", paint.change(object.change, sign(object)), title(object));
        let notes: Vec<String> =
            headline(object).into_iter().map(|(kind, word)| paint.alarm(kind, &word)).collect();
        if !notes.is_empty() {
            let _ = write!(out, "  {}", notes.join(", "));
        }
        out.push('\n');
    }
    out.push_str(&figures(plan));
    out.push('\n');
    out
}

/// The objects that there is something to say about.
fn notable(plan: &Plan) -> impl Iterator<Item = &ObjectPlan> {
    plan.objects.iter().filter(|object| object.is_notable())
}

/// The same, the worst first: what is rejected, then by the worst effect.
fn worst_first(plan: &Plan) -> Vec<&ObjectPlan> {
    let rank = |object: &&ObjectPlan| {
        let worst = object.effects.iter().map(|effect| effect.kind).min();
        (object.verdict == Verdict::Accepted, worst.unwrap_or(EffectKind::None))
    };
    let mut objects: Vec<&ObjectPlan> = notable(plan).collect();
    objects.sort_by_key(rank);
    objects
}

/// What applies the plan, and what is assumed about the cluster.
fn assumptions(plan: &Plan) -> String {
    let (driver, version) = (plan.title(), plan.kube_version);
    format!("{driver}, Kubernetes {version}, namespace {}", terminal(&plan.namespace))
}

/// Which objects contain random values; nothing if none does.
fn random_values(plan: &Plan) -> Option<String> {
    (!plan.random.is_empty()).then(|| {
        let names: Vec<String> = plan.random.iter().map(|name| terminal(name)).collect();
        format!(
            "Random values, which are others in each render unless the chart looks up the old ones: {}",
            names.join(", ")
        )
    })
}

/// The path of a change, and whether it is random.
fn field_name(change: &FieldChange) -> String {
    let path = terminal(&change.path.named());
    if change.is_random { format!("{path} (random)") } else { path }
}

/// The plan in one sentence.
fn figures(plan: &Plan) -> String {
    let summary = plan.summary();
    if plan.is_empty() {
        return format!("no difference: {}", counted(summary.unchanged, "object"));
    }
    let mut parts = vec![
        format!("{} added", summary.added),
        format!("{} changed", summary.modified),
        format!("{} removed", summary.removed),
        format!("{} unchanged", summary.unchanged),
    ];
    if summary.rejected > 0 {
        parts.push(format!("{} REJECTED by the API server", summary.rejected));
    }
    parts.push(match summary.restarts {
        0 => "no pods restart".to_owned(),
        1 => "the pods of 1 workload restart".to_owned(),
        n => format!("the pods of {n} workloads restart"),
    });
    parts.join(", ")
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `Kind/name`, with the namespace where there is one, on one line.
fn title(object: &ObjectPlan) -> String {
    named(object, " in ")
}

/// The name of an object's document in a patch, on one line.
fn document_name(object: &ObjectPlan) -> String {
    named(object, "@")
}

fn named(object: &ObjectPlan, separator: &str) -> String {
    let reference = &object.object;
    let name = if reference.name.is_empty() { "(generated name)" } else { &reference.name };
    terminal(&match &reference.namespace {
        Some(namespace) => format!("{}/{name}{separator}{namespace}", reference.kind),
        None => format!("{}/{name}", reference.kind),
    })
}

/// A reason of the server, without the field where the message names it.
fn reason_text(reason: &Reason) -> String {
    let Reason { path, message, .. } = reason;
    let names_it = path.is_empty() || message.contains(&format!("`{path}`"));
    if names_it { message.clone() } else { format!("{path}: {message}") }
}

/// What stands in front of an object.
fn sign(object: &ObjectPlan) -> &'static str {
    match object.change {
        Change::Added => "+",
        Change::Removed => "-",
        Change::Modified => "~",
        Change::Unchanged => "=",
    }
}

/// What happened to the name of a renamed object.
fn rename_note(object: &ObjectPlan) -> Option<String> {
    let other = object.renamed.as_ref()?;
    match object.change {
        Change::Added => Some(terminal(&format!("renamed from {other}"))),
        Change::Removed => Some(terminal(&format!("renamed to {other}"))),
        _ => None,
    }
}

/// What the remediation of an object is for, and its lines: shell commands and comments.
fn remediation(object: &ObjectPlan) -> Option<(&'static str, Vec<String>)> {
    let heading = match object.change {
        Change::Removed if object.is_deleted => "to keep its data",
        Change::Removed => "to delete it",
        _ => "instead",
    };
    (!object.remediation.is_empty()).then(|| (heading, instructions::script_lines(&object.remediation)))
}

/// A heading with a capital letter.
fn capitalized(heading: &str) -> String {
    let (first, rest) = heading.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// The words that sum an object up: `rejected`, then its effects.
fn headline(object: &ObjectPlan) -> Vec<(Option<EffectKind>, String)> {
    let mut words = Vec::new();
    if object.verdict == Verdict::Rejected {
        words.push((None, "rejected".to_owned()));
    }
    words.extend(rename_note(object).map(|note| (Some(EffectKind::None), note)));
    if object.change == Change::Removed {
        let fate = if object.is_deleted { "deleted" } else { "stays in the cluster" };
        words.push((Some(EffectKind::None), fate.to_owned()));
    }
    if object.is_random {
        words.push((Some(EffectKind::None), "random values only".to_owned()));
    }
    for effect in &object.effects {
        let word = effect.kind.as_str().to_owned();
        if effect.kind != EffectKind::None && !words.iter().any(|(_, other)| *other == word) {
            words.push((Some(effect.kind), word));
        }
    }
    words
}

/// An effect in one line of text, without its kind.
fn effect_text(effect: &Effect) -> String {
    const SHOWN: usize = 12;
    if effect.pods.is_empty() {
        return effect.detail.clone();
    }
    let more = effect.pods.len().saturating_sub(SHOWN);
    let mut pods = effect.pods.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 {
        let _ = write!(pods, " and {more} more");
    }
    format!("{pods}: {}", effect.detail)
}

/// A value in one line: a scalar as YAML would have it, anything else as JSON.
fn inline(node: &Node) -> String {
    match &node.value {
        Value::String(text) => emit::scalar(text, crate::yaml::Context::Block).into_owned(),
        _ => emit::flow_json(node),
    }
}

/// Colours, where they are wanted.
#[derive(Clone, Copy)]
struct Paint(Style);

impl Paint {
    /// Text on one line in a style.
    fn with(self, style: anstyle::Style, text: &str) -> String {
        let text = terminal(text);
        match self.0 {
            Style::Coloured => format!("{style}{text}{style:#}"),
            Style::Plain => text,
        }
    }

    fn gone(self, text: &str) -> String {
        self.with(anstyle::AnsiColor::Red.on_default(), text)
    }

    fn added(self, text: &str) -> String {
        self.with(anstyle::AnsiColor::Green.on_default(), text)
    }

    fn bold(self, text: &str) -> String {
        self.with(anstyle::Style::new().bold(), text)
    }

    fn dim(self, text: &str) -> String {
        self.with(anstyle::Style::new().dimmed(), text)
    }

    fn error(self, text: &str) -> String {
        self.with(anstyle::AnsiColor::Red.on_default().bold(), text)
    }

    fn change(self, change: Change, text: &str) -> String {
        match change {
            Change::Added => self.added(text),
            Change::Removed => self.gone(text),
            Change::Modified => self.with(anstyle::AnsiColor::Yellow.on_default(), text),
            Change::Unchanged => self.dim(text),
        }
    }

    /// The word for an effect, or for a rejection.
    fn alarm(self, kind: Option<EffectKind>, text: &str) -> String {
        use EffectKind::{
            ConfigNotPickedUp, DataLoss, Ignored, MayHang, NeedlessRestart, None as Nothing, Recreate,
            RollingRestart, ScaleDown, ScaleUp, Traffic,
        };
        match kind {
            None | Some(DataLoss) => self.error(text),
            Some(Recreate | RollingRestart | NeedlessRestart | MayHang | Traffic | ScaleDown) => {
                self.with(anstyle::AnsiColor::Yellow.on_default().bold(), text)
            }
            Some(ConfigNotPickedUp | Ignored | ScaleUp) => {
                self.with(anstyle::AnsiColor::Cyan.on_default(), text)
            }
            Some(Nothing) => self.dim(text),
        }
    }
}
