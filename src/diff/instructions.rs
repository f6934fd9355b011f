//! What to do, as instructions that may be pasted into a POSIX shell: comments and commands.
//!
//! Nothing from a manifest can get out of its place: a note is one comment line, and every word of a command is quoted.

use super::driver::Driver;
use crate::diag::escape::{is_unprintable, shell_word, terminal};
use crate::diag::{Sources, Span};
use crate::k8s::{self, Version, kinds, names};
use crate::manifest::Object;
use crate::values;
use std::fmt;

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Something to know before the next command.
    Note(String),
    /// The fields whose old values the manifest can keep. The instructions after it are the alternative.
    Keep(Vec<KeptField>),
    /// Something that only a person can do, because no command can decide it.
    Manual {
        /// What, in one sentence.
        text: String,
        /// How, step by step.
        steps: Vec<String>,
    },
    /// Something that has to hold before anything is changed: the command prints `expected`.
    Check {
        /// What reads it.
        command: Command,
        /// What it has to print.
        expected: String,
    },
    /// Something to run.
    Command(Command),
    /// A command that returns when what was changed has taken effect.
    Wait(Command),
    /// The point at which the new manifests are applied, with what to know about it.
    Apply(String),
}

impl Instruction {
    /// A note.
    pub(super) fn note(text: impl Into<String>) -> Self {
        Self::Note(text.into())
    }

    /// Something that a person has to do.
    pub(super) fn manual(text: impl Into<String>) -> Self {
        Self::Manual { text: text.into(), steps: Vec::new() }
    }

    /// Applying the manifests again.
    pub(super) fn apply(text: impl Into<String>) -> Self {
        Self::Apply(text.into())
    }

    /// Says where the new values of the fields are set that can keep their old ones.
    pub(super) fn locate(&mut self, sources: &Sources) {
        if let Self::Keep(fields) = self {
            for field in fields {
                field.locate(sources);
            }
        }
    }
}

impl fmt::Display for Instruction {
    /// The instruction as lines of a shell script.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(text) | Self::Apply(text) => write!(f, "# {}", terminal(text)),
            Self::Manual { text, steps } => {
                write!(f, "# by hand: {}", terminal(text))?;
                let mut numbered = (1..).zip(steps);
                numbered.try_for_each(|(number, step)| write!(f, "\n#   {number}. {}", terminal(step)))
            }
            Self::Keep(fields) => {
                let number = if fields.len() == 1 { "the old value" } else { "the old values" };
                write!(f, "# keep {number}:")?;
                fields.iter().try_for_each(|field| write!(f, "\n#   {}", terminal(&field.to_string())))
            }
            Self::Check { command, expected } => write!(f, "{command} # must print {}", terminal(expected)),
            Self::Command(command) | Self::Wait(command) => command.fmt(f),
        }
    }
}

/// A command: its program and arguments, none of which holds a character that cannot be shown on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    argv: Vec<String>,
}

impl Command {
    fn new(argv: Vec<String>) -> Option<Self> {
        let printable = |word: &String| !word.contains(is_unprintable);
        argv.iter().all(printable).then_some(Self { argv })
    }

    /// The program and its arguments, unquoted.
    pub fn argv(&self) -> &[String] {
        &self.argv
    }

    /// Whether it deletes something.
    pub fn is_destructive(&self) -> bool {
        self.argv.get(1).is_some_and(|verb| verb == "delete")
    }
}

impl fmt::Display for Command {
    /// The command as a POSIX shell reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.argv.iter().map(|word| shell_word(word)).collect();
        f.write_str(&words.join(" "))
    }
}

/// Instructions as lines of a shell script.
pub(super) fn script_lines(instructions: &[Instruction]) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, instruction) in instructions.iter().enumerate() {
        lines.extend(instruction.to_string().lines().map(str::to_owned));
        // Where the alternative is not a sentence that begins with the word.
        let is_joined =
            |next: &Instruction| matches!(next, Instruction::Note(text) if text.starts_with("or "));
        if matches!(instruction, Instruction::Keep(_))
            && instructions.get(index + 1).is_some_and(|next| !is_joined(next))
        {
            lines.push("# or:".to_owned());
        }
    }
    lines
}

/// Applying the manifests once more.
pub(super) fn apply_again(driver: Driver) -> String {
    match driver {
        Driver::Kubectl | Driver::KubectlServerSide { .. } => "then apply again".to_owned(),
        other => format!("then run `{}` again", other.command()),
    }
}

/// A field that the server does not let change, and the value that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptField {
    /// The path of the field.
    pub path: String,
    /// What it has now.
    pub value: KeptValue,
    /// The new value in its manifest.
    pub(super) span: Span,
    /// Where the new value is from. Known once the plan has been [located](super::Plan::locate).
    pub origin: Option<Origin>,
}

/// Where a manifest has a value from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is written there, in a values file, a flag or the manifest: `prod.yaml:3:9`.
    Value(String),
    /// The template that renders it.
    Template(String),
}

/// The old value of a [`KeptField`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptValue {
    /// It is this, on one line.
    Text(String),
    /// It is too long to be shown, or secret.
    Unshown,
    /// There is none.
    Absent,
}

impl KeptField {
    fn locate(&mut self, sources: &Sources) {
        let (place, value) = sources.trace(self.span);
        self.origin = match value {
            Some(value) => values::origin(sources, value).map(Origin::Value),
            None if place == self.span => values::origin(sources, place).map(Origin::Value),
            None => values::origin(sources, place).map(Origin::Template),
        };
    }
}

impl fmt::Display for KeptField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            KeptValue::Text(text) => write!(f, "{}: {text}", self.path)?,
            KeptValue::Unshown => write!(f, "{} as it was", self.path)?,
            KeptValue::Absent => write!(f, "no {}", self.path)?,
        }
        let verb = if self.value == KeptValue::Absent { "added" } else { "changed" };
        match &self.origin {
            Some(Origin::Value(place)) => write!(f, " ({verb} in {place})"),
            Some(Origin::Template(place)) => write!(f, " (rendered by {place})"),
            None => Ok(()),
        }
    }
}

/// The cluster that kubectl is to talk to, where it is not the current one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    /// The context, `--context` of kubectl.
    pub context: Option<String>,
    /// The path of the configuration file, `--kubeconfig` of kubectl.
    pub kubeconfig: Option<String>,
}

impl Cluster {
    /// The flags of kubectl that name the cluster.
    pub fn flags(&self) -> Vec<String> {
        [("--context", &self.context), ("--kubeconfig", &self.kubeconfig)]
            .into_iter()
            .filter_map(|(flag, value)| Some([flag.to_owned(), value.clone()?]))
            .flatten()
            .collect()
    }
}

/// Makes kubectl commands for an object and what belongs to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kubectl<'a> {
    pub(super) cluster: &'a Cluster,
    /// The namespace of the object.
    pub(super) namespace: &'a str,
    pub(super) version: Version,
}

/// Kinds that commands are about beside that of the object itself.
pub(super) const POD: (&str, &str) = ("v1", "Pod");
pub(super) const CLAIM: (&str, &str) = ("v1", "PersistentVolumeClaim");
pub(super) const VOLUME: (&str, &str) = ("v1", "PersistentVolume");
pub(super) const STORAGE_CLASS: (&str, &str) = ("storage.k8s.io/v1", "StorageClass");

impl Kubectl<'_> {
    /// `kubectl VERB TYPE NAME -n NAMESPACE FLAGS`; nothing where the API refuses the name or the namespace, or where the
    /// kind cannot be written on a command line.
    pub(super) fn command(
        &self,
        verb: &[&str],
        (api_version, kind): (&str, &str),
        name: &str,
        flags: &[&str],
    ) -> Option<Command> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        if name.is_empty() || !k8s::name_errors(group, kind, self.version, name).is_empty() {
            return None;
        }
        let mut argv = vec!["kubectl".to_owned()];
        argv.extend(verb.iter().map(|word| (*word).to_owned()));
        let resource = resource(api_version, kind)?;
        // A name that begins with a dash, as a Role's may, would be a flag.
        if name.starts_with('-') {
            argv.push(format!("{resource}/{name}"));
        } else {
            argv.extend([resource, name.to_owned()]);
        }
        self.complete(argv, kinds::namespaced(api_version, kind) != Some(false), flags)
    }

    /// `kubectl VERB TYPE NAME ... -n NAMESPACE FLAGS` about several claims; nothing if the API refuses any of the names.
    pub(super) fn on_claims(&self, verb: &str, names: &[String], flags: &[&str]) -> Option<Command> {
        let valid = |name: &String| k8s::name_errors("", CLAIM.1, self.version, name).is_empty();
        if names.is_empty() || !names.iter().all(valid) {
            return None;
        }
        let mut argv = ["kubectl", verb, "pvc"].map(str::to_owned).to_vec();
        argv.extend_from_slice(names);
        self.complete(argv, true, flags)
    }

    /// Reads whether the class of new claims, where they name none, lets volumes grow.
    pub(super) fn default_class_expands(&self) -> Option<Command> {
        const DEFAULT: &str = "jsonpath={.items[?(@.metadata.annotations.storageclass\\.kubernetes\\.io/is-default-class==\"true\")].allowVolumeExpansion}";
        let argv = ["kubectl", "get", "storageclass"].map(str::to_owned).to_vec();
        self.complete(argv, false, &["-o", DEFAULT])
    }

    /// `kubectl get pvc -n NAMESPACE`, with the owner of each claim.
    pub(super) fn claim_owners(&self) -> Option<Command> {
        const OWNERS: &str = "custom-columns=NAME:.metadata.name,OWNER:.metadata.ownerReferences[*].name";
        let argv = ["kubectl", "get", "pvc"].map(str::to_owned).to_vec();
        self.complete(argv, true, &["-o", OWNERS])
    }

    /// Adds the namespace, the cluster and further flags to a command.
    fn complete(&self, mut argv: Vec<String>, namespaced: bool, flags: &[&str]) -> Option<Command> {
        if namespaced {
            if !names::dns1123_label(self.namespace).is_empty() {
                return None;
            }
            argv.extend(["-n".to_owned(), self.namespace.to_owned()]);
        }
        argv.extend(self.cluster.flags());
        argv.extend(flags.iter().map(|flag| (*flag).to_owned()));
        Command::new(argv)
    }

    /// The same as an instruction; a note where there can be no command.
    pub(super) fn instruction(
        &self,
        verb: &[&str],
        kind: (&str, &str),
        name: &str,
        flags: &[&str],
    ) -> Instruction {
        self.command(verb, kind, name, flags).map_or_else(
            || {
                Instruction::note(format!(
                    "no command for {}/{name}: its kind, name or namespace is not valid",
                    kind.1
                ))
            },
            Instruction::Command,
        )
    }

    /// The same within a sentence, in backticks; without the name where there can be no command.
    pub(super) fn inline(&self, verb: &[&str], kind: (&str, &str), name: &str) -> String {
        let command = self.command(verb, kind, name, &[]);
        command.map_or_else(|| format!("`kubectl {}`", verb.join(" ")), |command| format!("`{command}`"))
    }
}

/// How kubectl is told of a kind: by its name, or with version and group where another group may have the same name.
fn resource(api_version: &str, kind: &str) -> Option<String> {
    match kind {
        "PersistentVolumeClaim" if api_version == "v1" => return Some("pvc".to_owned()),
        "PersistentVolume" if api_version == "v1" => return Some("pv".to_owned()),
        _ => {}
    }
    if kinds::namespaced(api_version, kind).is_some() {
        return Some(kind.to_lowercase());
    }
    let (group, version) = api_version.split_once('/')?;
    let valid = kind.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !kind.is_empty()
        && names::dns1123_label(version).is_empty()
        && names::dns1123_subdomain(group).is_empty();
    valid.then(|| format!("{kind}.{version}.{group}"))
}

/// The API version and kind of an object, as [`Kubectl`] takes them.
pub(super) fn kind_of(object: &Object) -> (&str, &str) {
    (&object.api_version, &object.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delete(cluster: &Cluster, namespace: &str, kind: (&str, &str), name: &str) -> Option<String> {
        let kubectl = Kubectl { cluster, namespace, version: Version::DEFAULT };
        kubectl.command(&["delete"], kind, name, &[]).map(|command| command.to_string())
    }

    #[test]
    fn commands_say_where_they_run() {
        let here = Cluster::default();
        let there = Cluster { context: Some("eu prod".to_owned()), kubeconfig: Some("/a/b".to_owned()) };
        for (cluster, kind, name, line) in [
            (&here, ("apps/v1", "StatefulSet"), "db", "kubectl delete statefulset db -n shop"),
            (&here, ("v1", "PersistentVolume"), "v", "kubectl delete pv v"),
            (&there, CLAIM, "a", "kubectl delete pvc a -n shop --context 'eu prod' --kubeconfig /a/b"),
            // A core Service of the same name would be another object.
            (
                &here,
                ("serving.knative.dev/v1", "Service"),
                "a",
                "kubectl delete Service.v1.serving.knative.dev a -n shop",
            ),
            (&here, ("rbac.authorization.k8s.io/v1", "Role"), "--all", "kubectl delete role/--all -n shop"),
            (
                &here,
                ("rbac.authorization.k8s.io/v1", "Role"),
                "a;b $(c)",
                "kubectl delete role 'a;b $(c)' -n shop",
            ),
        ] {
            assert_eq!(delete(cluster, "shop", kind, name).as_deref(), Some(line));
        }
    }

    #[test]
    fn what_the_api_refuses_gets_no_command() {
        let here = Cluster::default();
        for (namespace, kind, name) in [
            ("shop", ("apps/v1", "StatefulSet"), "db; id"),
            ("shop", ("apps/v1", "StatefulSet"), ""),
            ("a b", ("apps/v1", "StatefulSet"), "db"),
            ("shop", ("rbac.authorization.k8s.io/v1", "Role"), "a\nid"),
            ("shop", ("example.net/v1", "Thing; id"), "a"),
            ("shop", ("v1", "Thing"), "a"),
        ] {
            assert_eq!(delete(&here, namespace, kind, name), None, "{namespace} {kind:?} {name}");
        }
    }

    #[test]
    fn a_note_is_one_comment() {
        assert_eq!(Instruction::note("a\nrm -rf /\r\u{1b}").to_string(), "# a\\nrm -rf /\\r\\u{1b}");
    }
}
