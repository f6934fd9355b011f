//! What a cluster holds, and what its API server answers: both asked with kubectl.

use super::process::run_with_input;
use crate::ui::Ui;
use anyhow::{Context as _, bail};
use base64::Engine as _;
use flate2::read::GzDecoder;
use plimsoll::diag::{SourceKind, Sources};
use plimsoll::diff::{Cluster, Plan, Released, Side, Verdict};
use plimsoll::engine::Lookup;
use plimsoll::k8s::{self, managed::LAST_APPLIED_ANNOTATION};
use plimsoll::manifest::{self, Object};
use plimsoll::yaml::{Node, ReadOptions};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::{Command, Output, Stdio};

/// A release in a cluster.
pub(crate) struct Release<'a> {
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) cluster: Cluster,
    /// The labels by which objects that left the manifests are found.
    pub(crate) selector: Option<&'a str>,
    /// The Secret that is the parent of the release's ApplySet.
    pub(crate) apply_set: Option<&'a str>,
    /// The version that the plan assumes.
    pub(crate) version: k8s::Version,
}

/// The kinds that are searched by label.
const SEARCHED: &str = "statefulsets.apps,deployments.apps,daemonsets.apps,jobs.batch,cronjobs.batch,services,configmaps,secrets,\
serviceaccounts,persistentvolumeclaims,ingresses.networking.k8s.io,networkpolicies.networking.k8s.io,\
poddisruptionbudgets.policy,horizontalpodautoscalers.autoscaling,roles.rbac.authorization.k8s.io,\
rolebindings.rbac.authorization.k8s.io";

/// The label that charts put the name of a release into.
const INSTANCE: &str = "app.kubernetes.io/instance";

impl Release<'_> {
    /// The objects of `new` as the cluster holds them, and those that belong to the release as well: by Helm's record of
    /// it, by label, or as members of its ApplySet.
    pub(crate) fn load(&self, new: &[Object], sources: &Sources, ui: &mut Ui) -> anyhow::Result<Side> {
        let mut objects = self.get(new, sources, ui)?;
        self.introduce(ui);
        let mut known: BTreeSet<_> = new.iter().chain(&objects).map(|object| self.identity(object)).collect();
        let released = self.released(sources, ui)?;
        let recorded: Vec<Object> = released.iter().flat_map(|released| &released.objects).cloned().collect();
        let recorded: Vec<Object> =
            recorded.into_iter().filter(|object| !known.contains(&self.identity(object))).collect();
        let mut others = Vec::new();
        if !recorded.is_empty() {
            // A kind that Helm applied the server may no longer have.
            match self.get(&recorded, sources, ui) {
                Ok(found) => others = found,
                Err(error) => note_incomplete(&error.to_string(), ui),
            }
        }
        if let Some(selector) = self.labels(new) {
            let found = self.search(&[SEARCHED, "-l", &selector], sources, ui)?;
            others.extend(found.into_iter().filter(is_applied));
        }
        if let Some(name) = self.apply_set {
            others.extend(self.members(name, sources, ui)?);
        }
        others.retain(|object| known.insert(self.identity(object)));
        objects.extend(others);
        Ok(Side::Live { objects, released })
    }

    /// Adds the objects that `lookup` finds in the cluster to those that are known already.
    pub(crate) fn look_up(
        &self,
        lookups: &[Lookup],
        known: &mut Vec<Object>,
        sources: &Sources,
        ui: &mut Ui,
    ) -> anyhow::Result<()> {
        // A chart must not pass flags to kubectl. No kind and no object has such a name.
        let is_flag = |lookup: &&Lookup| lookup.kind.starts_with('-') || lookup.name.starts_with('-');
        for lookup in lookups.iter().filter(|lookup| !is_flag(lookup)) {
            // Kubectl takes the kind with its version and group, and the core group is empty.
            let (group, version) = lookup.api_version.split_once('/').unwrap_or(("", &lookup.api_version));
            let kind = format!("{}.{version}.{group}", lookup.kind);
            let mut args = vec!["get", &kind, "--ignore-not-found", "-o", "json"];
            args.extend((!lookup.name.is_empty()).then_some(lookup.name.as_str()));
            match (lookup.namespace.as_str(), lookup.name.as_str()) {
                ("", "") => args.push("--all-namespaces"),
                ("", _) => args.extend(["-n", self.namespace]),
                (namespace, _) => args.extend(["-n", namespace]),
            }
            let answer = self.kubectl(&args).output();
            let answer = answer.context("cannot run `kubectl`, which answers `lookup`")?;
            if !answer.status.success() {
                bail!(
                    "cannot look up {} `{}`: kubectl get: {}",
                    lookup.kind,
                    lookup.name,
                    complaint(&answer)
                );
            }
            for object in parse(answer, sources, ui)? {
                if !known.iter().any(|other| self.identity(other) == self.identity(&object)) {
                    known.push(object);
                }
            }
        }
        Ok(())
    }

    /// Says which cluster answers.
    fn introduce(&self, ui: &mut Ui) {
        let context = self.cluster.context.clone().or_else(|| {
            let output = self.kubectl(&["config", "current-context"]).output().ok()?;
            let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
            (output.status.success() && !name.is_empty()).then_some(name)
        });
        let context =
            context.map_or_else(|| "the current context".to_owned(), |name| format!("context `{name}`"));
        let answer = self.kubectl(&["version", "-o", "json"]).output().ok();
        let answer: Option<Json> = answer.and_then(|output| serde_json::from_slice(&output.stdout).ok());
        let version =
            answer.as_ref().and_then(|answer| answer.pointer("/serverVersion/gitVersion")?.as_str());
        let known = version.and_then(|version| version.parse::<k8s::KubeVersion>().ok());
        let assumed = match known {
            Some(known) if known.nearest() != self.version => {
                format!("; the plan assumes {} (see --kube-version)", self.version)
            }
            _ => String::new(),
        };
        let version = version.map_or_else(String::new, |version| format!(", Kubernetes {version}"));
        ui.note(&format!("comparing with {context}, namespace `{}`{version}{assumed}", self.namespace));
    }

    fn identity(&self, object: &Object) -> (String, String, String, String) {
        let namespaced = k8s::kinds::namespaced(&object.api_version, &object.kind) != Some(false);
        let namespace = object.namespace.as_deref().unwrap_or(self.namespace);
        let namespace = if namespaced { namespace } else { "" };
        (object.group().to_owned(), object.kind.clone(), namespace.to_owned(), object.name.clone())
    }

    fn kubectl(&self, args: &[&str]) -> Command {
        kubectl(&self.cluster, args)
    }

    /// The flags of every `kubectl get`.
    fn common(&self) -> [&str; 6] {
        ["--ignore-not-found", "-o", "json", "--show-managed-fields", "-n", self.namespace]
    }

    /// The objects of these manifests as the cluster holds them.
    fn get(&self, manifests: &[Object], sources: &Sources, ui: &mut Ui) -> anyhow::Result<Vec<Object>> {
        let mut kubectl = self.kubectl(&[["get"].as_slice(), &self.common(), &["-f", "-"]].concat());
        let output = run_with_input(&mut kubectl, list(manifests.iter()))
            .context("cannot run `kubectl`, which reads the live objects")?;
        if !output.status.success() {
            bail!("kubectl get: {}", complaint(&output));
        }
        parse(output, sources, ui)
    }

    /// What `kubectl get` finds. What it may not read is said and left out.
    fn search(&self, args: &[&str], sources: &Sources, ui: &mut Ui) -> anyhow::Result<Vec<Object>> {
        let output = self.kubectl(&[["get"].as_slice(), args, &self.common()].concat()).output()?;
        if !output.status.success() {
            note_incomplete(&format!("kubectl get: {}", complaint(&output)), ui);
        }
        parse(output, sources, ui)
    }

    /// The labels to search by: those of the flag, or the name of the release if the new objects bear it.
    fn labels(&self, new: &[Object]) -> Option<String> {
        let bears_name = |object: &Object| {
            object.at(&["metadata", "labels", INSTANCE]).and_then(Node::as_str) == Some(self.name)
        };
        match self.selector {
            Some(selector) => Some(selector.to_owned()),
            None => new.iter().any(bears_name).then(|| format!("{INSTANCE}={}", self.name)),
        }
    }

    /// What Helm recorded of the last revision that was deployed, or of the newest one if none was.
    fn released(&self, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Option<Released>> {
        let labels = format!("owner=helm,name={}", self.name);
        let records = self.search(&["secrets", "-l", &labels], sources, ui)?;
        let label = |record: &&Object, key: &str| {
            record.at(&["metadata", "labels", key]).and_then(Node::as_str).map(str::to_owned)
        };
        let revision = |record: &&Object| label(record, "version")?.parse::<u64>().ok();
        let is_record =
            |record: &&Object| record.at(&["type"]).and_then(Node::as_str) == Some("helm.sh/release.v1");
        let is_deployed = |record: &&Object| label(record, "status").as_deref() == Some("deployed");
        let last =
            records.iter().filter(is_record).max_by_key(|record| (is_deployed(record), revision(record)));
        let newest = records.iter().filter(is_record).max_by_key(revision);
        let pending = newest
            .and_then(|record| label(&record, "status"))
            .filter(|status| status.starts_with("pending-"));
        let Some(data) = last.and_then(|record| record.at(&["data", "release"])?.as_str()) else {
            return Ok(None);
        };
        let record =
            read_record(data).with_context(|| format!("cannot read Helm's record of `{}`", self.name))?;
        let source = sources.add("helm release", record.manifest, SourceKind::Stdin);
        let objects = manifest::parse(sources, source, "helm release", &ReadOptions::lenient());
        let objects = ui.kept(objects, sources)?;
        Ok(Some(Released { objects, is_server_side: record.apply_method == "ssa", pending }))
    }

    /// The members of an ApplySet, by the parent's list of their kinds.
    fn members(&self, name: &str, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Vec<Object>> {
        const ID: &str = "applyset.kubernetes.io/id";
        const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
        let parents = self.search(&["secrets", name], sources, ui)?;
        let parent = parents
            .first()
            .with_context(|| format!("there is no Secret `{name}` in namespace `{}`", self.namespace))?;
        let text = |field: &str, key: &str| parent.at(&["metadata", field, key]).and_then(Node::as_str);
        let (Some(id), Some(kinds)) = (text("labels", ID), text("annotations", KINDS)) else {
            bail!(
                "the Secret `{name}` is not the parent of an ApplySet: it lacks the label `{ID}` or the annotation `{KINDS}`"
            );
        };
        if kinds.is_empty() {
            return Ok(Vec::new());
        }
        self.search(&[kinds, "-l", &format!("applyset.kubernetes.io/part-of={id}")], sources, ui)
    }

    /// Asks the API server to apply each object without storing it (`kubectl apply --dry-run=server` or as the driver does it), and says where its
    /// answers and the plan differ. Returns whether it rejects any.
    pub(crate) fn dry_run(&self, new: &[Object], plan: &Plan, ui: &mut Ui) -> anyhow::Result<bool> {
        let answers: Vec<Output> = new
            .par_iter()
            .map(|object| {
                let asked = ["--dry-run=server", "-o", "name", "-n", self.namespace, "-f", "-"];
                let args = [plan.driver.kubectl_args(), asked.as_slice()].concat();
                run_with_input(&mut self.kubectl(&args), list(std::iter::once(object)))
            })
            .collect::<Result<_, _>>()
            .context("cannot run `kubectl`, which asks the API server")?;
        let mut agreed = 0;
        let mut rejects = false;
        for (object, answer) in new.iter().zip(&answers) {
            let name = format!("{}/{}", object.kind, object.name);
            let of = plan.objects.iter().find(|planned| planned.object == object.reference());
            let accepts = of.is_none_or(|planned| planned.verdict == Verdict::Accepted);
            rejects |= !answer.status.success();
            match (accepts, answer.status.success()) {
                (true, false) => ui.note(&format!(
                    "the API server rejects {name}, which the plan accepts: {}",
                    complaint(answer)
                )),
                (false, true) => ui.note(&format!("the API server accepts {name}, which the plan rejects")),
                _ => agreed += 1,
            }
        }
        ui.note(&format!("the API server agrees with the plan on {agreed} of {} objects", new.len()));
        Ok(rejects)
    }
}

fn kubectl(cluster: &Cluster, args: &[&str]) -> Command {
    let mut kubectl = Command::new("kubectl");
    kubectl.args(args).args(cluster.flags()).stderr(Stdio::piped());
    kubectl
}

/// What a cluster says of its version, its API versions and its kinds, in the form of a record (`--capabilities`).
pub(crate) fn capabilities(cluster: &Cluster) -> anyhow::Result<String> {
    let mut record = String::new();
    for args in [&["version", "-o", "json"][..], &["api-versions"], &["api-resources", "--no-headers"]] {
        let answer = kubectl(cluster, args).output();
        let answer = answer.context("cannot run `kubectl`, which answers `--capabilities live`")?;
        if !answer.status.success() {
            bail!("kubectl {}: {}", args[0], complaint(&answer));
        }
        record.push_str(&String::from_utf8(answer.stdout).context("`kubectl` printed invalid UTF-8")?);
        record.push('\n');
    }
    Ok(record)
}

/// Whether somebody applied the object, so that it is not another object's part, as the claims of a StatefulSet are.
fn is_applied(object: &Object) -> bool {
    let owners = object.at(&["metadata", "ownerReferences"]).map(Node::items).unwrap_or_default();
    let managers = object.at(&["metadata", "managedFields"]).map(Node::items).unwrap_or_default();
    let applies = |entry: &Node| entry.get("operation").and_then(Node::as_str) == Some("Apply");
    owners.is_empty()
        && (object.at(&["metadata", "annotations", LAST_APPLIED_ANNOTATION]).is_some()
            || managers.iter().any(applies))
}

/// A release as Helm records it, as far as it matters here.
#[derive(Deserialize)]
struct Record {
    /// Without hooks.
    manifest: String,
    /// `ssa` or `csa`; Helm 3 writes nothing.
    #[serde(default)]
    apply_method: String,
}

/// Reads the data of a release record: JSON, compressed, in base64, in the base64 of every Secret.
fn read_record(data: &str) -> anyhow::Result<Record> {
    /// A Secret holds 1 MiB; what it holds compressed is no longer than this.
    const LONGEST: u64 = 64 << 20;
    let base64 = base64::engine::general_purpose::STANDARD;
    let packed = base64.decode(base64.decode(data)?)?;
    let mut json = Vec::new();
    GzDecoder::new(packed.as_slice()).take(LONGEST).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

/// Objects as kubectl reads them.
fn list<'a>(objects: impl Iterator<Item = &'a Object>) -> Vec<u8> {
    let items: Vec<&Node> = objects.map(|object| &*object.root).collect();
    serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string().into_bytes()
}

fn parse(output: Output, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Vec<Object>> {
    let text = String::from_utf8(output.stdout).context("`kubectl` printed invalid UTF-8")?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let source = sources.add("live", text, SourceKind::Stdin);
    ui.kept(manifest::parse(sources, source, "live", &ReadOptions::lenient()), sources)
}

/// Says why objects that left the manifests may not be found.
fn note_incomplete(why: &str, ui: &mut Ui) {
    ui.note(&format!("objects that left the manifests may be missing from the plan: {why}"));
}

/// What a program says about its failure.
fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}
