//! Where components lead back to themselves.

use super::files::FileRange;
use super::names::{LENT_PREFIX, LIBRARY_PREFIX};
use super::rewrite::Rewritten;
use super::tags::{Token, calls, first_word, included, tokenize};
use std::collections::{BTreeMap, BTreeSet};

/// The first call or include by which a component leads back to itself, if the templates show one. Tera says only that
/// components go too deep, not which.
pub(super) fn find_circle(templates: &BTreeMap<String, Rewritten>) -> Option<FileRange> {
    let tags: Vec<Tag> = templates.iter().flat_map(|(name, template)| tags(name, template)).collect();
    let mut from: BTreeMap<&str, Vec<&Tag>> = BTreeMap::new();
    for tag in &tags {
        from.entry(&tag.from).or_default().push(tag);
    }
    let leads_back = |tag: &&Tag| {
        let mut seen = BTreeSet::new();
        let mut open = vec![tag.to.as_str()];
        while let Some(node) = open.pop() {
            if node == tag.from {
                return true;
            }
            if seen.insert(node) {
                open.extend(from.get(node).into_iter().flatten().map(|tag| tag.to.as_str()));
            }
        }
        false
    };
    let found = tags.iter().filter(|tag| tag.from.starts_with('<')).find(leads_back)?;
    Some(found.place)
}

/// What leads from one template or component to another. Components are named with the `<` of their calls.
struct Tag {
    from: String,
    to: String,
    place: FileRange,
}

fn tags(name: &str, template: &Rewritten) -> Vec<Tag> {
    let name =
        [LENT_PREFIX, LIBRARY_PREFIX].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let (mut found, mut from) = (Vec::new(), name.to_owned());
    for token in tokenize(&template.text).unwrap_or_default() {
        let (start, end) = token.range();
        let mut add = |from: &str, to: String, start: usize, end: usize| {
            found.push(Tag { from: from.to_owned(), to, place: template.original(start, end) });
        };
        match token {
            Token::Statement { inner, .. } => {
                let statement = template.text[inner.0..inner.1].trim();
                match first_word(statement) {
                    "component" => {
                        let head = statement["component".len()..].split('(').next().unwrap_or_default();
                        from = format!("<{}", head.trim());
                    }
                    "endcomponent" => name.clone_into(&mut from),
                    "include" => {
                        if let Some(to) = included(statement) {
                            add(&from, to, start, end);
                        }
                    }
                    _ => {}
                }
            }
            Token::Expression { .. } => {}
            _ => continue,
        }
        for (at, component) in calls(&template.text[start..end]) {
            add(&from, format!("<{component}"), start + at, start + at + component.len() + 1);
        }
    }
    found
}
