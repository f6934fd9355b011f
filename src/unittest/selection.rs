//! Which templates a suite renders: the patterns in its `templates` and `excludeTemplates`.

use regex::RegexSet;

/// What stands for all templates.
const ALL: &str = "**";

/// The templates of a suite.
#[derive(Debug)]
pub(super) struct Selection {
    included: RegexSet,
    excluded: RegexSet,
}

impl Selection {
    /// The selection of a suite of the chart at `route`; all templates if it names none.
    pub(super) fn new(route: &str, included: &[String], excluded: &[String]) -> Self {
        let set = |patterns: &[String]| {
            let patterns = patterns.iter().map(|pattern| expression(&qualified(route, pattern)));
            // Each is a literal text with wild cards, so all are regular expressions.
            RegexSet::new(patterns).unwrap_or_default()
        };
        let all = [ALL.to_owned()];
        let included = if included.is_empty() { &all[..] } else { included };
        Self { included: set(included), excluded: set(excluded) }
    }

    /// Whether the template of that name is rendered. As in helm-unittest, a pattern may match any part of the name.
    pub(super) fn selects(&self, name: &str) -> bool {
        self.included.is_match(name) && !self.excluded.is_match(name)
    }
}

/// The name of a template that a suite of the chart at `route` refers to: `templates/` may be left out.
pub(super) fn qualified(route: &str, template: &str) -> String {
    let is_whole = ["templates", "charts", "crds", ALL].iter().any(|start| template.starts_with(start));
    let path = if is_whole { template.to_owned() } else { format!("templates/{template}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in route.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// `**` stands for characters of paths, at least one, and `*` for any number of them, slashes included.
fn expression(pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(ALL) {
            out.push_str(r"[0-9a-zA-Z_\-/.]+");
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => out.push_str(r"[0-9a-zA-Z_\-/.]*"),
            _ => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(included: &[&str], excluded: &[&str], name: &str) -> bool {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Selection::new("web", &owned(included), &owned(excluded)).selects(name)
    }

    #[test]
    fn templates_are_selected_by_name_and_by_pattern() {
        for (included, excluded, is_selected) in [
            (&["deployment.yaml"][..], &[][..], false),
            (&["db/set.yaml"], &[], true),
            (&["templates/db/set.yaml"], &[], true),
            (&["db/*.yaml"], &[], true),
            (&["templates/*.yaml"], &[], true),
            (&["**/set.yaml"], &[], true),
            (&["d?/set.yaml"], &[], false),
            (&["../templates/db/set.yaml"], &[], true),
            (&["./db/set.yaml"], &[], true),
            (&[], &[], true),
            (&[], &["db/*"], false),
            (&["*"], &["db/other.yaml"], true),
        ] {
            assert_eq!(
                selects(included, excluded, "web/templates/db/set.yaml"),
                is_selected,
                "{included:?} {excluded:?}"
            );
        }
    }
}
