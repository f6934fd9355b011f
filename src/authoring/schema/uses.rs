//! Which keys the templates of a chart know, and which maps they use as a whole, so that other keys have a meaning.

use super::field::{Field, Type};
use crate::chart::{Chart, is_partial};
use crate::engine::{Usage, ValueReference, engine_for, template_texts};
use crate::gotmpl::ANY_ITEM;
use crate::yaml::Map;
use std::sync::Arc;

/// The values that the templates of a chart read, and the partials of the charts in it, which may be called with its values.
pub(super) fn references(chart: &Chart) -> Vec<ValueReference> {
    let values: Vec<&Map> = chart.values.as_map().into_iter().collect();
    let own = template_texts(chart, &values).into_iter().map(|(_, text)| text);
    let engine = engine_for(chart.engine);
    let mut found: Vec<ValueReference> = own.flat_map(|text| engine.value_references(&text)).collect();
    let mut open: Vec<&Arc<Chart>> = chart.children.iter().collect();
    while let Some(child) = open.pop() {
        let partials = child.templates.iter().filter(|file| is_partial(&file.path));
        let theirs = partials.flat_map(|file| engine_for(child.engine).value_references(&file.text));
        // What looks up any key there was told by its caller which keys there are.
        found.extend(theirs.filter(|reference| !reference.path.is_empty()));
        open.extend(&child.children);
    }
    found
}

/// Adds the keys that templates read, and opens the maps that they use as a whole.
pub(super) fn apply(root: &mut Field, references: &[ValueReference]) {
    for reference in references {
        read(root, &reference.path, reference.usage, true);
    }
}

fn read(field: &mut Field, path: &[String], usage: Usage, is_root: bool) {
    let Some((key, rest)) = path.split_first() else {
        match usage {
            // The values as a whole are handed to partials that read them as their own.
            Usage::Passed if is_root => {}
            // It may be a lookup of a key that is not known.
            Usage::Tested => field.is_open = true,
            Usage::Used | Usage::Passed | Usage::Changed => field.open(),
        }
        return;
    };
    if key == ANY_ITEM {
        field.is_open = true;
        if field.types.is_empty() {
            field.types = [Type::Object, Type::Array, Type::Null].into();
        }
        return;
    }
    if field.has_keys() || is_root {
        read(field.property(key), rest, usage, false);
    }
}
