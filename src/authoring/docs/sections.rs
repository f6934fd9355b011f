//! The order of the rows, and the sections that they are in.

use super::rows::Row;
use super::{SortOrder, map};
use crate::gotmpl::Value;

/// The title of the rows without a section.
const OTHERS: &str = "Other Values";

/// Sorts rows: global values first, then those of the chart, then those of each dependency.
pub(super) fn sort(rows: &mut [Row], order: SortOrder) {
    rows.sort_by(|a, b| {
        let group = |row: &Row| if row.is_global { String::new() } else { row.dependency.clone() };
        let groups = (!a.is_global, group(a)).cmp(&(!b.is_global, group(b)));
        groups.then_with(|| match order {
            SortOrder::Alphanum => a.key.cmp(&b.key),
            SortOrder::File => (a.line, a.column).cmp(&(b.line, b.column)),
        })
    });
}

/// `.Sections`: sorted rows by section, the sections in the order in which rows name them or by name.
pub(super) fn sections(rows: &[Row], order: SortOrder) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| !row.section.is_empty()) {
        if !names.contains(&row.section.as_str()) {
            names.push(&row.section);
        }
    }
    if order == SortOrder::Alphanum {
        names.sort_unstable();
    }
    let section = |title: &str, name: &str| {
        let items = rows.iter().filter(|row| row.section == name).map(Row::value).collect();
        map([("SectionName", Value::str(title)), ("SectionItems", Value::list(items))])
    };
    map([
        ("DefaultSection", section(OTHERS, "")),
        ("Sections", Value::list(names.iter().map(|name| section(name, name)).collect())),
    ])
}
