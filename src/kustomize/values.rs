//! `replicas`, `images` and `replacements`: values that a kustomization sets.

use super::configuration::OwnField;
use super::fields::{FieldSpec, text};
use super::resource::Resource;
use crate::diag::Span;
use crate::k8s::views::Image;
use crate::yaml::{Map, Node, Value};

/// What has replicas.
const SCALED: [&str; 4] = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];

/// Sets the number of replicas. Returns the names that no workload has.
pub(super) fn set_replicas(
    resources: &mut [Resource],
    entries: &[Node],
    fields: &[OwnField],
) -> Vec<(String, Span)> {
    let mut unmatched = Vec::new();
    for entry in entries {
        let (Some(name), Some(count)) = (entry.get("name").and_then(Node::as_str), entry.get("count")) else {
            continue;
        };
        let mut found = false;
        for resource in resources.iter_mut() {
            if resource.is_called(name) {
                for field in fields {
                    field.each(resource, &mut |node| {
                        found = true;
                        *node = count.clone();
                    });
                }
            }
            if SCALED.contains(&resource.kind()) && resource.is_called(name) {
                found = true;
                let span = resource.object.root.span;
                let spec = FieldSpec::of("", "spec", true);
                spec.each(resource, &mut |spec| {
                    if let Some(map) = spec.as_map_mut() {
                        let key_span = map.entry("replicas").map_or(span, |entry| entry.key_span);
                        map.insert("replicas", key_span, count.clone());
                    }
                });
            }
        }
        if !found {
            unmatched.push((name.to_owned(), entry.span));
        }
    }
    unmatched
}

/// Sets the images of containers, at any depth.
pub(super) fn set_images(resources: &mut [Resource], entries: &[Node], fields: &[OwnField]) {
    for entry in entries {
        for resource in resources.iter_mut() {
            if resource.kind() != "CustomResourceDefinition" {
                each_image(resource.root(), &mut |image| set_image(image, entry));
            }
            for field in fields {
                field.each(resource, &mut |image| set_image(image, entry));
            }
        }
    }
}

fn each_image(node: &mut Node, change: &mut dyn FnMut(&mut Node)) {
    match &mut node.value {
        Value::Seq(items) => items.iter_mut().for_each(|item| each_image(item, change)),
        Value::Map(map) => {
            for entry in map {
                if ["containers", "initContainers"].contains(&entry.key.as_str())
                    && let Value::Seq(items) = &mut entry.value.value
                {
                    let images = items.iter_mut().filter_map(Node::as_map_mut);
                    images.filter_map(|container| container.get_mut("image")).for_each(&mut *change);
                }
                each_image(&mut entry.value, change);
            }
        }
        _ => {}
    }
}

fn set_image(node: &mut Node, entry: &Node) {
    // Tags such as 1.20 are numbers in YAML that kustomize refuses.
    let given = |key: &str| entry.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    let Some(image) = node.as_str().map(Image::parse) else { return };
    if given("name") != Some(image.name) {
        return;
    }
    let name = given("newName").unwrap_or(image.name);
    let (tag, digest) = match (given("newTag"), given("digest")) {
        (None, None) => (image.tag, image.digest),
        replaced => replaced,
    };
    let suffix = given("tagSuffix").unwrap_or_default();
    let tag = tag.map(|tag| format!("{tag}{suffix}"));
    *node = text(Image { name, tag: tag.as_deref(), digest }.to_string(), entry.span);
}

/// A step of a path to a field, as replacements write it.
enum Step {
    Key(String),
    /// The items of a list whose key has a value.
    Item(String, String),
    /// All items.
    Every,
}

/// Copies values from one field to others. Returns what could not be done.
pub(super) fn replace(resources: &mut [Resource], entries: &[Node]) -> Vec<(String, Span)> {
    let mut problems = Vec::new();
    for entry in entries {
        let Some(source) = entry.get("source") else {
            problems.push(("a replacement without `source`".to_owned(), entry.span));
            continue;
        };
        let Some(value) = find_source(resources, source) else {
            problems.push(("a replacement whose source does not exist".to_owned(), source.span));
            continue;
        };
        for target in entry.get("targets").map(Node::items).unwrap_or_default() {
            for resource in resources.iter_mut().filter(|resource| is_target(resource, target)) {
                resource.remember();
                let paths = target.get("fieldPaths").map(Node::items).unwrap_or_default();
                let paths: Vec<&str> = paths.iter().filter_map(Node::as_str).collect();
                let paths = if paths.is_empty() { vec!["metadata.name"] } else { paths };
                let options = target.get("options");
                let create =
                    options.and_then(|options| options.get("create")).and_then(Node::as_bool) == Some(true);
                for path in paths {
                    visit(resource.root(), &steps(path), create, &mut |node| {
                        put(node, &value, options);
                    });
                }
            }
        }
    }
    problems
}

fn is_target(resource: &Resource, target: &Node) -> bool {
    let rejects = target.get("reject").map(Node::items).unwrap_or_default();
    target.get("select").is_some_and(|select| is_selected(resource, select))
        && !rejects.iter().any(|reject| is_selected(resource, reject))
}

/// Whether a selector, as replacements and variables write it, means a resource.
pub(super) fn is_selected(resource: &Resource, selector: &Node) -> bool {
    let fits = |key: &str, text: &str| {
        selector.get(key).and_then(Node::as_str).is_none_or(|wanted| wanted.is_empty() || wanted == text)
    };
    let is_version = || {
        let wanted = selector.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
        let (group, version) = wanted.rsplit_once('/').unwrap_or(("", wanted));
        wanted.is_empty() || (group, version) == (resource.object.group(), resource.object.version())
    };
    fits("group", resource.object.group())
        && fits("version", resource.object.version())
        && is_version()
        && fits("kind", resource.kind())
        && resource.identities().any(|known| {
            fits("name", &known.name) && fits("namespace", known.namespace.as_deref().unwrap_or("default"))
        })
}

fn find_source(resources: &mut [Resource], source: &Node) -> Option<Node> {
    let resource = resources.iter_mut().find(|resource| is_selected(resource, source))?;
    let value =
        read_field(resource, source.get("fieldPath").and_then(Node::as_str).unwrap_or("metadata.name"))?;
    let Some((delimiter, index)) = delimited(source.get("options")) else { return Some(value) };
    let part = crate::k8s::merge::scalar_text(&value)?.split(delimiter).nth(index?)?.to_owned();
    Some(text(part, value.span))
}

/// The value of a field, by its path with dots.
pub(super) fn read_field(resource: &mut Resource, path: &str) -> Option<Node> {
    let mut value = None;
    visit(resource.root(), &steps(path), false, &mut |node| value = Some(node.clone()));
    value
}

/// The separator of the parts of a text, and the part that is meant; none for a place before or behind all.
fn delimited(options: Option<&Node>) -> Option<(&str, Option<usize>)> {
    let delimiter = options?.get("delimiter")?.as_str().filter(|delimiter| !delimiter.is_empty())?;
    let index = options?.get("index").and_then(Node::as_i64).unwrap_or(0);
    Some((delimiter, usize::try_from(index).ok()))
}

fn put(node: &mut Node, value: &Node, options: Option<&Node>) {
    let Some((delimiter, index)) = delimited(options) else {
        // A string field stays a string.
        node.value = match (&node.value, crate::k8s::merge::scalar_text(value)) {
            (Value::String(_), Some(text)) => Value::String(text.into_owned()),
            _ => value.value.clone(),
        };
        node.span = value.span;
        return;
    };
    let (Some(old), Some(new)) = (node.as_str(), crate::k8s::merge::scalar_text(value)) else { return };
    let mut parts: Vec<&str> = old.split(delimiter).collect();
    match index {
        Some(index) if index < parts.len() => parts[index] = &new,
        Some(_) => parts.push(&new),
        None => parts.insert(0, &new),
    }
    *node = text(parts.join(delimiter), value.span);
}

/// The steps of `spec.template.spec.containers.[name=web].env.0.value`; `\.` is a dot in a key.
fn steps(path: &str) -> Vec<Step> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    let mut escaped = false;
    for character in path.chars() {
        let is_separator = character == '.' && !escaped && !inside;
        inside = (inside || character == '[') && character != ']';
        escaped = character == '\\' && !escaped;
        match parts.last_mut() {
            Some(part) if !is_separator => part.extend((!escaped).then_some(character)),
            _ => parts.push(String::new()),
        }
    }
    let step = |part: String| {
        let inner = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match inner.and_then(|inner| inner.split_once('=')) {
            Some((key, value)) => Step::Item(key.to_owned(), value.to_owned()),
            None if part == "*" => Step::Every,
            None => Step::Key(inner.map_or(part.clone(), str::to_owned)),
        }
    };
    parts.into_iter().filter(|part| !part.is_empty()).map(step).collect()
}

fn visit(node: &mut Node, steps: &[Step], create: bool, change: &mut dyn FnMut(&mut Node)) {
    let Some((step, rest)) = steps.split_first() else { return change(node) };
    let span = node.span;
    if create && node.is_null() && matches!(step, Step::Key(_)) {
        node.value = Value::Map(Map::new());
    }
    match (step, &mut node.value) {
        (Step::Key(key), Value::Map(map)) => {
            if create && !map.contains_key(key) {
                map.insert(key.as_str(), span, Node::new(Value::Null, span));
            }
            if let Some(child) = map.get_mut(key) {
                visit(child, rest, create, change);
            }
        }
        (Step::Key(index), Value::Seq(items)) => {
            if let Some(item) = index.parse().ok().and_then(|index: usize| items.get_mut(index)) {
                visit(item, rest, create, change);
            }
        }
        (Step::Item(key, value), Value::Seq(items)) => {
            let is_meant = |item: &&mut Node| item.get(key).and_then(Node::as_str) == Some(value.as_str());
            items.iter_mut().filter(is_meant).for_each(|item| visit(item, rest, create, change));
        }
        (Step::Every, Value::Seq(items)) => {
            for item in items {
                visit(item, rest, create, change);
            }
        }
        _ => {}
    }
}
