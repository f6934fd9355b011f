//! Argo CD: a sync.
//!
//! Follows `github.com/argoproj/gitops-engine/pkg/sync` (`sync_context.go`, `sync_tasks.go`): `kubectl apply` for each object,
//! in the order of phases, waves, kinds and names; where an object is refused, what comes in later waves is not applied.
//! Argo CD waits until a wave is healthy; here it always is. The annotation by which it tracks its objects is taken from those that are stored.

use super::manifests::{self, Resource};
use super::{Kubectl, Request, Run, Verb, apply, metadata_text, server_side, writer};
use crate::server::{ObjectKey, Server};
use plimsoll_diag::Span;
use plimsoll_kube::defaults::ensure_map;
use plimsoll_kube::kinds::install_rank;
use plimsoll_kube::managed::with_last_applied;
use plimsoll_yaml::Node;
use std::collections::BTreeSet;

/// The field manager of server-side apply.
const MANAGER: &str = "argocd-controller";
const TRACKING: &str = "argocd.argoproj.io/tracking-id";
const WAVE: &str = "argocd.argoproj.io/sync-wave";
const HOOK: &str = "argocd.argoproj.io/hook";
const OPTIONS: &str = "argocd.argoproj.io/sync-options";

/// The order of kinds within a wave (`kindOrder`): that of Helm, without the kinds that Helm has added since; others come last.
fn kind_rank(kind: &str) -> usize {
    const ADDED: [&str; 3] =
        ["PriorityClass", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
    install_rank(if ADDED.contains(&kind) { "" } else { kind })
}

/// What an Application asks for every object (`spec.syncPolicy.syncOptions`), as far as it changes what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncOptions {
    /// `Replace=true`: objects are replaced, not merged.
    pub replace: bool,
    /// `ServerSideApply=true`: the server merges, and fields are taken from their owners.
    pub server_side_apply: bool,
    /// `PruneLast=true`: what left the manifests is deleted after everything else.
    pub prune_last: bool,
}

impl SyncOptions {
    /// The words that name an option.
    pub const WORDS: [&'static str; 3] = [REPLACE, SERVER_SIDE_APPLY, PRUNE_LAST];

    /// The options that these words name; the error is a word that names none.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let mut options = Self::default();
        for word in words {
            match word {
                REPLACE => options.replace = true,
                SERVER_SIDE_APPLY => options.server_side_apply = true,
                PRUNE_LAST => options.prune_last = true,
                _ => return Err(word),
            }
        }
        Ok(options)
    }

    /// The words for these options.
    pub fn words(self) -> Vec<&'static str> {
        let chosen = [self.replace, self.server_side_apply, self.prune_last];
        Self::WORDS
            .into_iter()
            .zip(chosen)
            .filter_map(|(word, is_chosen)| is_chosen.then_some(word))
            .collect()
    }
}

const REPLACE: &str = "Replace=true";
const SERVER_SIDE_APPLY: &str = "ServerSideApply=true";
const PRUNE_LAST: &str = "PruneLast=true";

/// Argo CD with one Application.
#[derive(Debug, Clone)]
pub struct ArgoCd {
    kubectl: Kubectl,
    options: SyncOptions,
    /// Whether it deletes what left the manifests.
    prune: bool,
    /// The objects of the Application.
    known: BTreeSet<ObjectKey>,
}

/// One step of a sync.
struct Task {
    phase: i8,
    wave: i64,
    kind: usize,
    key: ObjectKey,
    /// What is applied; `None` if the object is pruned.
    resource: Option<Resource>,
}

impl Task {
    /// Within a wave what is pruned goes first.
    fn order(&self) -> (i8, i64, bool, usize, &str) {
        (self.phase, self.wave, self.resource.is_some(), self.kind, &self.key.name)
    }
}

impl ArgoCd {
    /// An Application that has applied nothing yet.
    pub fn new(namespace: &str, prune: bool, options: SyncOptions) -> Self {
        let kubectl = Kubectl { namespace: namespace.to_owned() };
        Self { kubectl, options, prune, known: BTreeSet::new() }
    }

    /// Takes the stored objects as those of the Application.
    pub fn adopt_stored(&mut self, server: &Server) {
        self.known = server.objects().map(|(key, _)| key.clone()).collect();
    }

    /// Syncs to these objects.
    pub fn apply_objects(&mut self, server: &mut Server, objects: impl IntoIterator<Item = Node>) -> Run {
        let mut run = Run::default();
        let mut tasks = Vec::new();
        for object in objects {
            for resource in manifests::of_object(object, &self.kubectl.namespace, server) {
                match resource {
                    Ok(resource) => collect(server, resource, &mut tasks, &mut run),
                    Err(error) => run.errors.push(error),
                }
            }
        }
        let targets: BTreeSet<ObjectKey> = tasks.iter().map(|task| task.key.clone()).collect();
        if !run.errors.is_empty() {
            // A kind that the cluster does not have fails the sync before anything is applied.
            run.unsent = targets.into_iter().collect();
            return run;
        }
        if self.prune {
            let last = tasks.iter().map(|task| task.wave).max().unwrap_or_default();
            tasks.extend(self.prunes(server, &targets, last));
        }
        tasks.sort_by(|a, b| a.order().cmp(&b.order()));
        let mut rest = tasks.into_iter().peekable();
        let mut stage = None;
        let mut is_refused = false;
        while let Some(task) = rest.next_if(|task| !is_refused || stage == Some((task.phase, task.wave))) {
            stage = Some((task.phase, task.wave));
            let (sent, failed) = (run.requests.len(), run.errors.len());
            if let Some(resource) = &task.resource {
                self.sync(server, resource, &mut run);
            } else {
                let answer = server.delete(&task.key);
                run.requests.push(Request { verb: Verb::Delete, key: task.key, patch: None, answer });
            }
            let answers = run.requests.get(sent..).unwrap_or_default();
            is_refused |= run.errors.len() > failed || answers.iter().any(|request| request.answer.is_err());
        }
        run.unsent.extend(rest.filter(|task| task.resource.is_some()).map(|task| task.key));
        self.known.extend(targets);
        run
    }

    /// What is pruned, and when: the waves in reverse, or after everything else. `last` is the last wave of what is applied.
    fn prunes(&self, server: &Server, targets: &BTreeSet<ObjectKey>, last: i64) -> Vec<Task> {
        let mut pruned: Vec<(&ObjectKey, &Node)> = self
            .known
            .difference(targets)
            .filter_map(|key| Some((key, server.object(key)?)))
            .filter(|(_, object)| {
                !["Prune=false", "Prune=confirm"].iter().any(|option| has_option(object, option))
            })
            .collect();
        pruned.sort_by_key(|(_, object)| wave(object));
        let waves: BTreeSet<i64> = pruned.iter().map(|(_, object)| wave(object)).collect();
        let last = last.max(waves.last().copied().unwrap_or_default());
        let swapped = |wave: i64| {
            let position = waves.iter().position(|one| *one == wave).unwrap_or_default();
            waves.iter().rev().nth(position).copied().unwrap_or(wave)
        };
        let is_last = |object: &Node| self.options.prune_last || has_option(object, PRUNE_LAST);
        let task = |(key, object): (&ObjectKey, &Node)| Task {
            phase: 0,
            wave: if is_last(object) { last + 1 } else { swapped(wave(object)) },
            kind: 0,
            key: key.clone(),
            resource: None,
        };
        pruned.into_iter().map(task).collect()
    }

    /// `applyObject`: applies one object as its options and those of the Application say.
    fn sync(&self, server: &mut Server, resource: &Resource, run: &mut Run) {
        let has = |option: &str| has_option(&resource.root, option);
        let is_server_side =
            !has("ServerSideApply=false") && (self.options.server_side_apply || has(SERVER_SIDE_APPLY));
        let exists = server.object(&resource.key).is_some();
        let sent = run.requests.len();
        if self.options.replace || has(REPLACE) {
            let request = if exists { super::replace } else { super::create };
            request(server, resource.clone(), run);
        } else if is_server_side {
            server_side::apply(server, resource, MANAGER, true, run);
        } else {
            apply::apply(server, resource.clone(), run);
        }
        let is_replaceable =
            |request: &Request| matches!(&request.answer, Err(status) if matches!(status.code, 409 | 422));
        let is_refused = run.requests.get(sent..).unwrap_or_default().iter().any(is_replaceable);
        if is_refused && exists && has("Force=true") && !server.is_trusting() {
            run.requests.truncate(sent);
            let deleted = server.delete(&resource.key);
            run.push(Verb::Delete, resource, None, deleted);
            let answer = server.create(with_last_applied(resource.root.clone()), writer(MANAGER));
            run.push(Verb::Create, resource, None, answer);
        }
    }
}

/// The steps for an object: one for each phase.
fn collect(server: &Server, mut resource: Resource, tasks: &mut Vec<Task>, run: &mut Run) {
    if let Some(value) =
        server.object(&resource.key).and_then(|stored| metadata_text(stored, "annotations", TRACKING))
    {
        let value = value.to_owned();
        if let Some(map) = resource.root.as_map_mut() {
            let annotations = ensure_map(ensure_map(map, "metadata"), "annotations");
            annotations.insert(TRACKING, Span::NONE, Node::bare(value));
        }
    }
    let phases = phases(&resource.root);
    if phases.is_empty() {
        run.skipped.push((resource.key, format!("`{HOOK}` keeps it out of the sync")));
        return;
    }
    for phase in phases {
        tasks.push(Task {
            phase,
            wave: wave(&resource.root),
            kind: kind_rank(&resource.key.kind),
            key: resource.key.clone(),
            resource: Some(resource.clone()),
        });
    }
}

/// The phases in which an object is applied, as numbers around 0, which is the sync itself. Hooks of Helm count as hooks of
/// Argo CD (`hook.Types`), those for a failed sync do not run.
fn phases(object: &Node) -> Vec<i8> {
    let list = |key: &str| -> Vec<String> {
        let text = metadata_text(object, "annotations", key).unwrap_or_default();
        text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
    };
    let (own, of_helm) = (list(HOOK), list("helm.sh/hook"));
    let mut phases: Vec<i8> = Vec::new();
    let mut is_hook = false;
    for hook in &own {
        match hook.as_str() {
            "PreSync" => phases.push(-1),
            "Sync" => phases.push(0),
            "PostSync" => phases.push(1),
            "SyncFail" => is_hook = true,
            "Skip" if own.len() == 1 => return Vec::new(),
            _ => {}
        }
    }
    is_hook |= !phases.is_empty();
    if !is_hook {
        for hook in &of_helm {
            match hook.as_str() {
                "pre-install" | "pre-upgrade" => phases.push(-1),
                "post-install" | "post-upgrade" => phases.push(1),
                _ => {}
            }
        }
        is_hook = !of_helm.is_empty() && of_helm.iter().any(|hook| hook != "crd-install");
    }
    phases.sort_unstable();
    phases.dedup();
    if is_hook || !phases.is_empty() { phases } else { vec![0] }
}

/// `syncwaves.Wave`: the annotation, or the weight of a hook of Helm.
fn wave(object: &Node) -> i64 {
    let number = |key: &str| metadata_text(object, "annotations", key)?.trim().parse().ok();
    number(WAVE).or_else(|| number("helm.sh/hook-weight")).unwrap_or_default()
}

fn has_option(object: &Node, option: &str) -> bool {
    let options = metadata_text(object, "annotations", OPTIONS).unwrap_or_default();
    options.split(',').any(|one| one.trim() == option)
}
