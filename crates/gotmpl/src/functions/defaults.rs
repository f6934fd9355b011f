//! Sprig's functions that choose between values or say what they are.

use crate::function::{Function, fixed, variadic};
use crate::value::Value;
use crate::walk::Walk;

pub(crate) const TABLE: &[Function] = &[
    variadic("default", 1, |args| {
        let given = args.rest(1).first().filter(|given| given.truth());
        Ok(given.unwrap_or(args.any(0)).clone())
    }),
    fixed("empty", 1, |args| Ok(Value::Bool(!args.any(0).truth()))),
    variadic("coalesce", 0, |args| {
        Ok(args.0.iter().find(|value| value.truth()).cloned().unwrap_or(Value::Nil))
    }),
    variadic("all", 0, |args| Ok(Value::Bool(args.0.iter().all(Value::truth)))),
    variadic("any", 0, |args| Ok(Value::Bool(args.0.iter().any(Value::truth)))),
    fixed("ternary", 3, |args| Ok(args.any(usize::from(!args.bool(2)?)).clone())),
    fixed("typeOf", 1, |args| Ok(args.any(0).type_name().into())),
    fixed("typeIs", 2, |args| Ok(Value::Bool(args.any(1).type_name() == args.str(0)?))),
    fixed("typeIsLike", 2, |args| {
        let (wanted, name) = (args.str(0)?, args.any(1).type_name());
        Ok(Value::Bool(wanted == name || name.strip_prefix('*') == Some(wanted)))
    }),
    fixed("kindOf", 1, |args| Ok(args.any(0).kind().into())),
    fixed("kindIs", 2, |args| Ok(Value::Bool(args.any(1).kind() == args.str(0)?))),
    fixed("deepEqual", 2, |args| {
        args.any(0).deep_equal(args.any(1), &mut Walk::comparing()).map(Value::Bool)
    }),
    fixed("hello", 0, |_| Ok("Hello!".into())),
];
