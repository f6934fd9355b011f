//! Fields that the server drops because it does not know them.

use super::Version;
use super::schema::{self, Schemas, Shape, Ty, TypeId};
use crate::yaml::{Node, Value};

/// Removes the fields that objects of this kind do not have in `version`, as decoding does where it is not strict. Objects
/// of kinds that Kubernetes itself does not have stay as they are.
pub fn drop_unknown_fields(root: &mut Node, version: Version) {
    let text = |key| root.get(key).and_then(Node::as_str).unwrap_or_default();
    let Some(kind) = schema::kind(text("apiVersion"), text("kind")) else { return };
    let schemas = Schemas::get();
    if let Some(ty) = schemas.type_named(kind.type_name) {
        fields(schemas, root, ty, version);
    }
}

fn fields(schemas: &Schemas, node: &mut Node, ty: TypeId, version: Version) {
    let Some(map) = node.as_map_mut() else { return };
    map.retain(|entry| schemas.field(ty, &entry.key, version).is_some());
    for entry in map.iter_mut() {
        if let Some(field) = schemas.field(ty, &entry.key, version) {
            values(schemas, &mut entry.value, field.ty, version);
        }
    }
}

fn values(schemas: &Schemas, node: &mut Node, ty: Ty, version: Version) {
    match (ty.shape(), &mut node.value) {
        (Shape::List(inner), Value::Seq(items)) => {
            for item in items {
                values(schemas, item, inner, version);
            }
        }
        (Shape::Map(inner), Value::Map(map)) => {
            for entry in map.iter_mut() {
                values(schemas, &mut entry.value, inner, version);
            }
        }
        (Shape::Base(_), _) => {
            if let Some(id) = ty.object() {
                fields(schemas, node, id, version);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::manifest;
    use crate::yaml::{ReadOptions, emit};

    fn pruned(text: &str) -> String {
        let report = manifest::load_stdin(&Sources::new(), text.to_owned(), &ReadOptions::lenient());
        let mut root = report.output.unwrap().remove(0).root;
        drop_unknown_fields(&mut root, Version::DEFAULT);
        emit::document(&root)
    }

    #[test]
    fn only_what_the_kind_has_is_kept() {
        let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: a\n  labels:\n    any: thing\nspec:\n  template:\n    spec:\n      containers:\n        - name: c\n";
        let typos = set
            .replace("spec:\n  template", "spec:\n  replica: 4\n  template")
            .replace("name: c", "name: c\n          imagee: x");
        assert_eq!(pruned(&typos), set);
        let custom = "apiVersion: example.net/v1\nkind: Thing\nmetadata:\n  name: a\nanything: 1\n";
        assert_eq!(pruned(custom), custom);
    }
}
