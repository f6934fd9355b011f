//! Makes a schema accept the values that are known to be good.

use super::field::{Field, Type};
use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::LocationSegment;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// How often a schema is made anew. Each time, everything that it refuses is given more room.
const MAX_ROUNDS: usize = 50;

/// Gives fields more room until the schema accepts all values. Returns the paths whose comments said otherwise.
pub(super) fn relax(
    root: &mut Field,
    values: &[Json],
    schema: impl Fn(&Field) -> Json,
) -> BTreeSet<Vec<String>> {
    let mut overruled = BTreeSet::new();
    for _ in 0..MAX_ROUNDS {
        let refused = match jsonschema::options().build(&schema(root)) {
            Ok(validator) => {
                let errors = values.iter().flat_map(|values| validator.iter_errors(values));
                errors.map(|error| (path(&error), is_about_keys(&error))).collect()
            }
            // What comments say is no schema, so none of it is used.
            Err(error) => BTreeSet::from([(schema_path(&error), false)]),
        };
        if refused.is_empty() {
            break;
        }
        for (path, is_about_keys) in refused {
            let (field, found) = root.nearest(&path);
            if give_room(field, is_about_keys && found.len() == path.len()) {
                overruled.insert(found.to_vec());
            }
        }
    }
    overruled
}

/// Gives a field more room: one step at a time. Returns whether a comment is overruled.
fn give_room(field: &mut Field, is_about_keys: bool) -> bool {
    const SAYS_NOTHING: [&str; 5] = ["description", "title", "default", "examples", "deprecated"];
    let is_written = field.written.keys().any(|keyword| !SAYS_NOTHING.contains(&keyword.as_str()));
    if is_about_keys && !is_written {
        field.is_open = true;
    } else if is_written {
        field.written.retain(|keyword, _| SAYS_NOTHING.contains(&keyword.as_str()));
        return true;
    } else if !field.used.is_empty() {
        field.used.clear();
    } else if !field.types.is_empty() {
        field.types.clear();
        field.properties.clear();
    } else {
        field.is_open = true;
        field.properties.iter_mut().for_each(|(_, field)| field.is_required = false);
    }
    false
}

/// Where in the values something is refused.
fn path(error: &jsonschema::ValidationError<'_>) -> Vec<String> {
    keys(error.instance_path().segments())
}

/// The path of the value that an invalid part of the schema is about.
fn schema_path(error: &jsonschema::ValidationError<'_>) -> Vec<String> {
    let keys = keys(error.instance_path().segments());
    let mut rest = keys.as_slice();
    let mut path = Vec::new();
    while let [properties, key, more @ ..] = rest {
        if properties != "properties" {
            break;
        }
        path.push(key.clone());
        rest = more;
    }
    path
}

fn keys<'a>(segments: impl Iterator<Item = LocationSegment<'a>>) -> Vec<String> {
    segments
        .map(|segment| match segment {
            LocationSegment::Property(key) => key.to_string(),
            LocationSegment::Index(index) => index.to_string(),
        })
        .collect()
}

fn is_about_keys(error: &jsonschema::ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::AdditionalProperties { .. })
}

/// Types that a value written in a comment gets besides its own.
pub(super) fn add_null(types: &mut Json) {
    let name = Type::Null.name();
    match types {
        Json::String(one) if one != name => *types = serde_json::json!([one, name]),
        Json::Array(several) if !several.iter().any(|kind| kind == name) => several.push(name.into()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(kind: Type) -> Field {
        Field { types: [kind].into(), ..Field::default() }
    }

    fn root(fields: Vec<(&str, Field)>) -> Field {
        let properties = fields.into_iter().map(|(key, field)| (key.to_owned(), field)).collect();
        Field { properties, ..field(Type::Object) }
    }

    #[test]
    fn one_thing_at_a_time_gives_way() {
        let mut used = field(Type::String);
        used.used.insert("pattern".to_owned(), json!("^a$"));
        let mut written = field(Type::Integer);
        written.written.insert("minimum".to_owned(), json!(5));
        written.written.insert("description".to_owned(), json!("One"));
        let mut root = root(vec![("used", used), ("written", written), ("kept", field(Type::Boolean))]);
        let values = json!({"used": "b", "written": 1, "kept": true, "other": 1});
        let overruled = relax(&mut root, &[values], Field::schema);
        assert_eq!(overruled, [vec!["written".to_owned()]].into());
        let expected = json!({
            "used": {"type": "string"},
            "written": {"type": "integer", "description": "One"},
            "kept": {"type": "boolean"},
        });
        // The other key is accepted now.
        assert_eq!(
            root.schema(),
            json!({"type": "object", "properties": expected, "additionalProperties": true})
        );
    }

    #[test]
    fn keywords_that_are_no_schema_are_not_used() {
        let mut written = field(Type::Integer);
        written.written.insert("minimum".to_owned(), json!("x"));
        let mut root = root(vec![("a", written)]);
        let overruled = relax(&mut root, &[json!({"a": 1})], Field::schema);
        assert_eq!(overruled, [vec!["a".to_owned()]].into());
        assert_eq!(root.schema()["properties"]["a"], json!({"type": "integer"}));
    }
}
