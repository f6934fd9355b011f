//! What the user gave, merged: files, then the flags, in Helm's fixed order of kinds.

use super::set::{self, Flag, NewList};
use super::{Overrides, ValuesFile, encrypted, json};
use crate::chart::{EngineKind, overlay, read_changed_values};
use crate::diag::{Diagnostic, SourceId, SourceKind, Sources, Span, has_errors, nearest};
use crate::world::World;
use crate::yaml::{Document, Map, Node, ReadOptions, Value};
use std::path::Path;

/// The largest values file, and the largest file behind `--set-file`.
const MAX_FILE: u64 = 50 << 20;

/// The user's values.
#[derive(Debug)]
pub(super) struct User {
    /// Always a map. Nulls are kept: they delete when this is merged over the chart's defaults.
    pub(super) values: Node,
    /// Lists that an index began.
    pub(super) new_lists: Vec<NewList>,
}

/// Merges what the user gave to a chart of that engine: for Helm's the last of equal keys counts. After every file and
/// flag `observe` sees the layer's name and the values so far. `None` if any of them is in error; all errors are
/// reported.
pub(super) fn merge(
    world: &World,
    sources: &Sources,
    overrides: &Overrides,
    engine: EngineKind,
    sink: &mut Vec<Diagnostic>,
    mut observe: impl FnMut(&str, &Node),
) -> Option<User> {
    let mut found = Vec::new();
    let options = match engine {
        EngineKind::Tera => ReadOptions::strict(),
        EngineKind::GoTemplate => ReadOptions::lenient(),
    };
    let mut user = User { values: Node::new(Value::Map(Map::new()), Span::NONE), new_lists: Vec::new() };
    for file in &overrides.files {
        let given = match file {
            ValuesFile::Source(source) => vec![Some(*source)],
            ValuesFile::Argument(argument) => {
                let names = split_list(argument);
                names.iter().map(|name| values_file(world, sources, overrides, name, &mut found)).collect()
            }
        };
        for source in given.into_iter().flatten() {
            let decrypt = |documents: &mut [Document]| encrypted::decrypt(world, sources, documents);
            if let Some(values) = read_changed_values(sources, source, &options, decrypt).take(&mut found) {
                user.values = overlay(user.values, values);
                let name = sources.get(source).map_or_else(String::new, |source| source.name.clone());
                observe(&name, &user.values);
            }
        }
    }
    let read_file = |path: &str| read_text(world, overrides, path);
    let flags: [(&str, Flag<'_>, &[String]); 5] = [
        ("--set-json", Flag::Json, &overrides.set_json),
        ("--set", Flag::Set, &overrides.set),
        ("--set-string", Flag::String, &overrides.set_string),
        ("--set-file", Flag::File(&read_file), &overrides.set_file),
        ("--set-literal", Flag::Literal, &overrides.set_literal),
    ];
    for (name, flag, arguments) in flags {
        for argument in arguments {
            let source = sources.add(name, argument.as_str(), SourceKind::Flag);
            if has_errors(&found) {
                // The values are incomplete: applied to nothing, the flag only shows its own errors.
                let outcome =
                    apply(&mut Node::new(Value::Map(Map::new()), Span::NONE), argument, source, flag);
                found.extend(outcome.err().map(|error| *error));
                continue;
            }
            match apply(&mut user.values, argument, source, flag) {
                Ok(effects) => {
                    found.extend(effects.warnings);
                    let duplicates = effects.duplicates.iter();
                    found.extend(duplicates.map(|key| key.diagnostic(options.duplicate_keys)));
                    user.new_lists.extend(effects.new_lists);
                    observe(&format!("{name} {argument}"), &user.values);
                }
                Err(error) => found.push(*error),
            }
        }
    }
    let failed = has_errors(&found);
    sink.extend(found);
    (!failed).then_some(user)
}

fn apply(
    values: &mut Node,
    argument: &str,
    source: SourceId,
    flag: Flag<'_>,
) -> Result<set::Effects, Box<Diagnostic>> {
    if matches!(flag, Flag::Json) && argument.trim_start().starts_with('{') {
        let object = crate::yaml::json::whole(argument, source)
            .map_err(|invalid| json::report_invalid(argument, 0, source, &invalid))?;
        let base = std::mem::replace(values, Node::bare(false));
        *values = overlay(base, object.node);
        return Ok(set::Effects { duplicates: object.duplicates, ..set::Effects::default() });
    }
    match &mut values.value {
        Value::Map(map) => set::apply(map, argument, source, flag),
        _ => Ok(set::Effects::default()),
    }
}

/// What the plugin helm-secrets has before the path of an encrypted file. Such files are recognised without it.
const SECRETS_SCHEME: &str = "secrets://";

/// The files in one `-f`.
pub fn split_list(argument: &str) -> Vec<String> {
    let path = |name: String| name.strip_prefix(SECRETS_SCHEME).map_or(name.clone(), str::to_owned);
    comma_list(argument).into_iter().map(path).collect()
}

/// The elements of a flag that takes a list. Helm reads it as the first record of a CSV file: double quotes keep a comma in
/// an element, two of them are one, and what follows a line break is not read.
pub fn comma_list(argument: &str) -> Vec<String> {
    let text = argument.trim_start_matches(['\r', '\n']);
    if text.is_empty() {
        return Vec::new();
    }
    let mut elements = vec![String::new()];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(element) = elements.last_mut() else { break };
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => element.push('"'),
            '"' => quoted = !quoted,
            '\n' if !quoted => break,
            ',' if !quoted => elements.push(String::new()),
            _ => element.push(c),
        }
    }
    elements
}

fn values_file(
    world: &World,
    sources: &Sources,
    overrides: &Overrides,
    name: &str,
    sink: &mut Vec<Diagnostic>,
) -> Option<SourceId> {
    match read_text(world, overrides, name) {
        Ok(text) if name.trim() == "-" => Some(sources.add("<stdin>", text, SourceKind::Stdin)),
        Ok(text) => Some(sources.add(name, text, SourceKind::File)),
        Err(reason) => {
            let path = Path::new(name);
            let near = if world.exists(path) { None } else { find_similar_name(world, path) };
            sink.push(
                Diagnostic::error(format!("cannot read the values file `{name}`: {reason}"))
                    .maybe_help(near.map(|near| format!("did you mean `{near}`?"))),
            );
            None
        }
    }
}

/// The text of a file that a flag names; `-` is standard input. The error is a phrase.
fn read_text(world: &World, overrides: &Overrides, name: &str) -> Result<String, String> {
    if name.trim() == "-" {
        return overrides.stdin.clone().ok_or_else(|| "standard input was not read".to_owned());
    }
    if let Some(text) = overrides.texts.get(name) {
        return Ok(text.clone());
    }
    if name.contains("://") {
        return Err("plimsoll fetches nothing from the network; download the file first".to_owned());
    }
    world.read_text(Path::new(name), MAX_FILE)
}

/// A file in the same directory with a name similar to that of `path`.
fn find_similar_name(world: &World, path: &Path) -> Option<String> {
    let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let names = world.names(directory);
    let near = nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(path.with_file_name(near).display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_split_at_commas_outside_quotes() {
        assert_eq!(split_list("a.yaml,b.yaml"), ["a.yaml", "b.yaml"]);
        assert_eq!(split_list("\"a,b.yaml\",c"), ["a,b.yaml", "c"]);
        assert_eq!(split_list("-"), ["-"]);
        assert_eq!(comma_list(""), [""; 0]);
        assert_eq!(comma_list("a,\"b,c\","), ["a", "b,c", ""]);
        assert_eq!(comma_list("\"a\"\"b\",\"c\nd\""), ["a\"b", "c\nd"]);
        assert_eq!(comma_list("\na\nb"), ["a"]);
        assert_eq!(split_list("secrets://a.yaml,b.yaml"), ["a.yaml", "b.yaml"]);
    }
}
