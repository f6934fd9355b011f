//! The clock of a time as `printf` writes it with a verb that has no meaning for times: the struct of Go's `time` package.

use std::any::Any;
use std::rc::Rc;

use super::Location;
use crate::error::Result;
use crate::value::{Args, Elem, List, Object, Value};

/// A struct, or a pointer to one, that templates can only print.
struct Printed {
    type_name: &'static str,
    kind: &'static str,
    fields: Vec<(&'static str, Value)>,
}

impl Printed {
    fn value(type_name: &'static str, fields: Vec<(&'static str, Value)>) -> Value {
        let kind = if type_name.starts_with('*') { "ptr" } else { "struct" };
        Value::Object(Rc::new(Self { type_name, kind, fields }))
    }
}

impl Object for Printed {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn member(&self, _: &str, _: Args<'_>) -> Option<Result<Value>> {
        None
    }

    fn display(&self) -> String {
        String::new()
    }

    fn structure(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(self.fields.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The field `loc` of a time: a pointer to a clock with one zone, as on a machine whose clock shows UTC.
pub(super) fn printed(location: &Location) -> Value {
    let (name, zone, east, extend) = match location {
        Location::Utc => return Value::Nil,
        Location::Local => ("Local", "UTC", 0, "UTC0"),
        Location::Fixed { east, name } => (&**name, &**name, *east, ""),
    };
    let (alpha, omega) = (Value::Int64(i64::MIN), Value::Int64(i64::MAX));
    let flag = || Value::Bool(false);
    let zone = Printed::value(
        "time.zone",
        vec![("name", zone.into()), ("offset", Value::Int(east)), ("isDST", flag())],
    );
    let transition = Printed::value(
        "time.zoneTrans",
        vec![("when", alpha.clone()), ("index", Value::Byte(0)), ("isstd", flag()), ("isutc", flag())],
    );
    let only = |value: Value| Value::List(List::new(Elem::Any, vec![value]));
    Printed::value(
        "*time.Location",
        vec![
            ("name", name.into()),
            ("zone", only(zone)),
            ("tx", only(transition)),
            ("extend", extend.into()),
            ("cacheStart", alpha),
            ("cacheEnd", omega),
            ("cacheZone", Printed::value("*time.zone", Vec::new())),
        ],
    )
}
