//! Scenarios, run.

use super::{Action, Do, MAX_PODS, Scenario};
use crate::controllers::disruption::{EvictionRefusal, evict};
use crate::controllers::{End, Event, Script, Simulation, State, Timeline, cron_job, request};
use plimsoll_diag::{Diagnostic, Span};
use plimsoll_kube::gates::{Feature, gate};
use plimsoll_kube::manifest::Object;
use plimsoll_kube::merge::Position;
use plimsoll_kube::patch::{self, PatchError, PatchErrorKind, strategic};
use plimsoll_kube::quantity::Quantity;
use plimsoll_kube::update::{self, Surroundings, Update};
use plimsoll_kube::validation::{self, FieldError, Operation};
use plimsoll_kube::views::{self, WorkloadKind};
use plimsoll_kube::{Version, defaults};
use plimsoll_yaml::{Map, Node, Value};

/// What became of a scenario.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What happened, in order.
    pub timeline: Timeline,
    /// When each action was done.
    pub(super) done: Vec<Done>,
    /// The creation of the objects, then each action.
    pub phases: Vec<Phase>,
}

/// When an action was done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    /// How many entries of the timeline came before it.
    pub(super) before: usize,
    /// In which tick.
    pub(super) tick: u32,
}

/// An action, and what followed.
#[derive(Debug, Clone)]
pub struct Phase {
    /// The action as it was written; `None` for the creation of the objects.
    pub action: Option<Node>,
    /// What the server answered.
    pub answer: Answer,
    /// How many ticks passed until everything was at rest or the next action came.
    pub ticks: u32,
    /// How it ended.
    pub end: End,
    /// The kind and name of the workload that the scenario is about.
    pub(super) target: Option<(WorkloadKind, String)>,
    /// The state at the end.
    pub state: State,
}

/// An answer of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub code: u16,
    /// Why it was refused; empty if it was not.
    pub message: String,
    /// Each reason, with the field it is about.
    pub causes: Vec<Cause>,
}

/// One reason of a refusal (`metav1.StatusCause`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// The machine-readable reason.
    pub reason: String,
    /// What it says.
    pub message: String,
    /// The field it is about; empty if it is about none.
    pub field: String,
}

impl Answer {
    fn of_code(code: u16) -> Self {
        Self { code, ..Self::default() }
    }

    fn of_patch_error(error: &PatchError) -> Self {
        let code = match error.kind {
            PatchErrorKind::BadRequest => 400,
            PatchErrorKind::Unprocessable => 422,
            _ => 500,
        };
        Self { code, message: error.message.clone(), causes: Vec::new() }
    }

    fn not_found(resource: &str, name: &str) -> Self {
        Self { code: 404, message: format!("{resource} \"{name}\" not found"), causes: Vec::new() }
    }
}

/// Runs a scenario. The error is a scenario with more pods than can be run.
pub fn run(scenario: &Scenario) -> Result<Outcome, Diagnostic> {
    let mut state = State::new(scenario.nodes.clone());
    state.max_unavailable_stateful_set = gate(Feature::MaxUnavailableStatefulSet, scenario.version);
    let script = Script {
        ready_ticks: scenario.ready_ticks,
        never_ready: scenario.never_ready.clone(),
        unschedulable: scenario.unschedulable.clone(),
        uses_scripted_images: true,
        ..Script::default()
    };
    let mut runner = Runner {
        simulation: Simulation::new(state, script),
        version: scenario.version,
        target: None,
        outcome: Outcome { timeline: Vec::new(), done: Vec::new(), phases: Vec::new() },
    };
    for object in &scenario.objects {
        let root = stored(object, scenario.version);
        runner.note_target(object);
        let events = request::store(runner.state(), object.group(), &object.kind, &root);
        runner.simulation.record(events);
        runner.check_size(object.span)?;
    }
    runner.simulation.happen(Vec::new());
    let next = |index: usize| scenario.actions.get(index).and_then(|action| action.after_ticks);
    runner.finish_phase(None, Answer::of_code(201), next(0));
    for (index, action) in scenario.actions.iter().enumerate() {
        let answer = runner.act(action)?;
        runner.finish_phase(Some(action.node.clone()), answer, next(index + 1));
    }
    runner.outcome.timeline = runner.simulation.timeline;
    Ok(runner.outcome)
}

/// An object as the server stores it.
fn stored(object: &Object, version: Version) -> Node {
    let mut root = Node::clone(&object.root);
    defaults::store(object.group(), &object.kind, &mut root);
    defaults::apply_gates(version, object.group(), &object.kind, &mut root);
    root
}

struct Runner {
    simulation: Simulation,
    version: Version,
    target: Option<(WorkloadKind, String)>,
    outcome: Outcome,
}

impl Runner {
    fn state(&self) -> &State {
        &self.simulation.state
    }

    fn note_target(&mut self, object: &Object) {
        let kind = WorkloadKind::from_group_kind(object.group(), &object.kind);
        if let Some(kind) = kind.filter(|kind| kind.runs_forever() || self.target.is_none()) {
            self.target = Some((kind, object.name.clone()));
        }
    }

    fn finish_phase(&mut self, action: Option<Node>, answer: Answer, next: Option<u32>) {
        let (ticks, end) = self.simulation.run(next);
        let (target, state) = (self.target.clone(), self.state().clone());
        self.outcome.phases.push(Phase { action, answer, ticks, end, target, state });
    }

    fn check_size(&self, span: Span) -> Result<(), Diagnostic> {
        let replicas = self.state().workloads.iter().map(|workload| match workload.kind {
            WorkloadKind::Job => views::Job::new(&workload.root).parallelism(),
            kind => views::Workload::new(kind, &workload.root).replicas().unwrap_or_default(),
        });
        let sets = self.state().replica_sets.iter().filter(|set| set.of.is_empty()).map(|set| set.replicas);
        let pods = replicas.chain(sets).fold(0, i64::saturating_add);
        if pods <= MAX_PODS {
            return Ok(());
        }
        Err(Diagnostic::error(format!("{pods} pods are too many to rehearse"))
            .at(span, "")
            .help(format!("rehearse with at most {MAX_PODS}: the order of events is the same")))
    }

    /// Does what an action says.
    fn act(&mut self, action: &Action) -> Result<Answer, Diagnostic> {
        let (answer, events) = self.request(&action.what);
        let tick = self.state().now.tick;
        self.outcome.done.push(Done { before: self.simulation.timeline.len(), tick });
        if let Do::Wait(seconds) = action.what {
            self.simulation.state.now.seconds += seconds;
        }
        self.simulation.record(events);
        self.check_size(action.span)?;
        self.simulation.happen(Vec::new());
        Ok(answer)
    }

    /// The server's answer to an action, and what happens.
    fn request(&mut self, what: &Do) -> (Answer, Vec<Event>) {
        let ok = |events| (Answer::of_code(200), events);
        match what {
            Do::Patch(body) => self.update(|kind, root| patched(kind, self.version, root, body)),
            Do::Scale(replicas) => self.update(|_, root| Ok(with_replicas(root, *replicas))),
            Do::Create(object) => self.create(object),
            Do::Delete(cascade) => match &self.target {
                Some((kind, name)) if self.state().workload_named(*kind, name).is_some() => {
                    let group = kind.group();
                    ok(request::delete(self.state(), group, kind.as_str(), name, *cascade))
                }
                Some((kind, name)) => (Answer::not_found(&resource_of(*kind), name), Vec::new()),
                None => (Answer::not_found("workloads", ""), Vec::new()),
            },
            Do::DeletePod { pod, force } => self.with_pod(pod, |state, name| {
                let pod = state.pod(name)?;
                Some(if *force {
                    request::force_delete(pod)
                } else {
                    request::delete(state, "", "Pod", name, crate::controllers::Cascade::Background)
                })
            }),
            Do::Evict(pod) => self.evict(pod),
            Do::FailPod(pod) => self.with_pod(pod, |state, name| {
                let mut events = Vec::new();
                if state.pod(name)?.is_ready() {
                    events.push(Event::PodUnready { pod: name.to_owned() });
                }
                events.push(Event::PodFailed { pod: name.to_owned() });
                Some(events)
            }),
            Do::UnreadyPod(pod) => {
                self.with_pod(pod, |_, name| Some(vec![Event::PodUnready { pod: name.to_owned() }]))
            }
            Do::DeleteClaim(claim) => {
                if !self.state().claims.contains_key(claim) {
                    return (Answer::not_found("persistentvolumeclaims", claim), Vec::new());
                }
                let cascade = crate::controllers::Cascade::Background;
                ok(request::delete(self.state(), "", "PersistentVolumeClaim", claim, cascade))
            }
            Do::Trigger => {
                let cron =
                    self.state().workloads.iter().find(|workload| workload.kind == WorkloadKind::CronJob);
                let events = cron.map(|cron| cron_job::start(self.state(), cron));
                ok(events.unwrap_or_default())
            }
            Do::Wait(_) => ok(Vec::new()),
        }
    }

    /// Changes the workload that the scenario is about, if the server accepts that.
    fn update(
        &self,
        change: impl FnOnce(WorkloadKind, &Node) -> patch::Result<Node>,
    ) -> (Answer, Vec<Event>) {
        let Some((kind, name)) = &self.target else {
            return (Answer::not_found("workloads", ""), Vec::new());
        };
        let Some(workload) = self.state().workload_named(*kind, name) else {
            return (Answer::not_found(&resource_of(*kind), name), Vec::new());
        };
        let group = kind.group();
        let mut root = match change(*kind, &workload.root) {
            Ok(root) => root,
            Err(error) => return (Answer::of_patch_error(&error), Vec::new()),
        };
        defaults::store(group, kind.as_str(), &mut root);
        defaults::apply_gates(self.version, group, kind.as_str(), &mut root);
        let errors = self.errors(*kind, name, &workload.root, &root);
        if !errors.is_empty() {
            return (refused(&format!("{}.{group}", kind.as_str()), name, &errors), Vec::new());
        }
        (Answer::of_code(200), request::store(self.state(), group, kind.as_str(), &root))
    }

    /// Why the server rejects an update.
    fn errors(&self, kind: WorkloadKind, name: &str, old: &Node, new: &Node) -> Vec<FieldError> {
        let (group, kind) = (kind.group(), kind.as_str());
        let object = Object {
            root: new.clone().into(),
            span: new.span,
            api_version: format!("{group}/v1"),
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: None,
            template: String::new(),
        };
        let findings = validation::validate_for(Operation::Update, &object, self.version);
        let refusals =
            update::validate(&Update { group, kind, name, old, new, version: self.version }, &NoVolumes);
        let errors = findings.into_iter().map(|finding| finding.error);
        errors
            .filter(|error| error.kind.severity() == plimsoll_diag::Severity::Error)
            .chain(refusals.into_iter().map(|refusal| refusal.error))
            .collect()
    }

    fn create(&mut self, object: &Object) -> (Answer, Vec<Event>) {
        if let Some(kind) = WorkloadKind::from_group_kind(object.group(), &object.kind)
            && self.state().workload_named(kind, &object.name).is_some()
        {
            let resource = resource_of(kind);
            let message = format!("{resource} \"{}\" already exists", object.name);
            return (Answer { code: 409, message, causes: Vec::new() }, Vec::new());
        }
        self.note_target(object);
        let root = stored(object, self.version);
        let events = request::store(self.state(), object.group(), &object.kind, &root);
        (Answer::of_code(201), events)
    }

    /// What happens to a pod, which is named by its name or its short name.
    fn with_pod(
        &self,
        pod: &str,
        events: impl FnOnce(&State, &str) -> Option<Vec<Event>>,
    ) -> (Answer, Vec<Event>) {
        let name = self.pod_named(pod);
        match name.as_deref().and_then(|name| events(self.state(), name)) {
            Some(events) => (Answer::of_code(200), events),
            None => (Answer::not_found("pods", pod), Vec::new()),
        }
    }

    fn pod_named(&self, name: &str) -> Option<String> {
        let mut pods = self.state().pods.values();
        pods.find(|pod| pod.name == name || pod.short_name() == name).map(|pod| pod.name.clone())
    }

    fn evict(&self, pod: &str) -> (Answer, Vec<Event>) {
        let name = self.pod_named(pod).unwrap_or_else(|| pod.to_owned());
        match evict(self.state(), &name) {
            Ok(events) => (Answer::of_code(201), events),
            Err(refusal) => (eviction_answer(pod, &refusal), Vec::new()),
        }
    }
}

/// The words of `EvictionREST.Create` and `checkAndDecrement`.
fn eviction_answer(pod: &str, refusal: &EvictionRefusal) -> Answer {
    match refusal {
        EvictionRefusal::Budget { name, status } => {
            let message = if status.is_failed {
                format!("The disruption budget {name} does not allow evicting pods currently because it failed sync")
            } else if status.current_healthy <= status.desired_healthy {
                format!(
                    "The disruption budget {name} needs {} healthy pods and has {} currently",
                    status.desired_healthy, status.current_healthy
                )
            } else {
                format!("The disruption budget {name} does not allow evicting pods currently")
            };
            Answer {
                code: 429,
                message: "Cannot evict pod as it would violate the pod's disruption budget.".to_owned(),
                causes: vec![Cause { reason: "DisruptionBudget".to_owned(), message, field: String::new() }],
            }
        }
        EvictionRefusal::SeveralBudgets => Answer {
            code: 500,
            message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
                .to_owned(),
            causes: Vec::new(),
        },
        EvictionRefusal::NotFound => Answer::not_found("pods", pod),
    }
}

/// `apierrors.NewInvalid`.
fn refused(kind: &str, name: &str, errors: &[FieldError]) -> Answer {
    let words: Vec<String> =
        errors.iter().map(|error| format!("{}: {}", error.path, error.server_message())).collect();
    let words = match words.as_slice() {
        [only] => only.clone(),
        _ => format!("[{}]", words.join(", ")),
    };
    let causes = errors.iter().map(|error| Cause {
        reason: reason_of(error).to_owned(),
        message: error.server_message(),
        field: error.path.clone(),
    });
    Answer { code: 422, message: format!("{kind} \"{name}\" is invalid: {words}"), causes: causes.collect() }
}

/// `metav1.CauseType` of an error.
fn reason_of(error: &FieldError) -> &'static str {
    use plimsoll_kube::ErrorKind;
    match error.kind {
        ErrorKind::Required => "FieldValueRequired",
        ErrorKind::NotSupported => "FieldValueNotSupported",
        ErrorKind::Duplicate => "FieldValueDuplicate",
        ErrorKind::NotFound => "FieldValueNotFound",
        ErrorKind::TooLong => "FieldValueTooLong",
        ErrorKind::TooMany => "FieldValueTooMany",
        ErrorKind::Forbidden => "FieldValueForbidden",
        ErrorKind::TypeInvalid => "FieldValueTypeInvalid",
        _ => "FieldValueInvalid",
    }
}

/// What a strategic merge patch makes of a workload.
fn patched(kind: WorkloadKind, version: Version, root: &Node, patch: &Node) -> patch::Result<Node> {
    let (Some(target), Some(changes)) = (root.as_map(), patch.as_map()) else { return Ok(patch.clone()) };
    let position = Position::root_in_group(kind.group(), kind.as_str(), version);
    let merged = strategic::apply(position, target.clone(), changes.clone())?;
    Ok(Node::new(Value::Map(merged), root.span))
}

fn with_replicas(root: &Node, replicas: i64) -> Node {
    let mut root = root.clone();
    if let Some(root) = root.as_map_mut() {
        let spec: &mut Map = defaults::ensure_map(root, "spec");
        spec.insert("replicas", Span::NONE, Node::bare(replicas));
    }
    root
}

/// How the server names the resource of a kind: `statefulsets.apps`.
fn resource_of(kind: WorkloadKind) -> String {
    let plural = format!("{}s", kind.as_str().to_lowercase());
    match kind.group() {
        "" => plural,
        group => format!("{plural}.{group}"),
    }
}

/// No claim is bound, and nothing is known about storage classes.
struct NoVolumes;

impl Surroundings for NoVolumes {
    fn bound_capacity(&self, _: &str, _: &Node) -> Option<Quantity> {
        None
    }

    fn expandable(&self, _: &str) -> Option<bool> {
        None
    }
}
