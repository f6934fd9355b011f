//! Any text as an expression in CEL.

use plimsoll::diag::{SourceKind, Sources};
use plimsoll::k8s::cel::{Budget, Program, Type, Value, Variables};
use plimsoll::yaml::{self, ReadOptions};

/// Compiles it, and evaluates it about an object. Twice it gives the same.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let declared = [("object", Type::Dyn), ("objects", Type::List(Box::new(Type::Dyn)))];
    let Ok(program) = Program::compile(text, &declared, &Type::Dyn) else { return };
    let object = object();
    let evaluate = || {
        let objects = Value::list([object.clone(), Value::string("web")]);
        let variables = Variables::new().with("object", object.clone()).with("objects", objects);
        format!("{:?}", program.evaluate(&variables, &mut Budget::per_object()))
    };
    assert_eq!(evaluate(), evaluate());
}

fn object() -> Value {
    const OBJECT: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {a: b}}\nspec:\n  replicas: 3\n  size: 1.5Gi\n  \
                          list: [1, 2.5, null, true, {a: []}]\n";
    let sources = Sources::new();
    let source = sources.add("object.yaml", OBJECT, SourceKind::File);
    let documents = yaml::read(&sources, source, &ReadOptions::lenient()).output.expect("YAML");
    Value::from_node(&documents[0].root, &Type::Dyn)
}
