//! Sprig's functions that choose between values or say what they are.

use crate::error::Result;
use crate::function::{Function, fixed, variadic};
use crate::origin::Origin;
use crate::value::{Args, Value};
use crate::walk::Walk;

pub(crate) const TABLE: &[Function] = &[
    variadic("default", 1, |args| Ok(args.any(default_index(args)).clone()))
        .with_origin(|args| args.chosen_origin(default_index(args))),
    fixed("empty", 1, |args| Ok(Value::Bool(!args.any(0).truth()))),
    variadic("coalesce", 0, |args| {
        Ok(coalesce_index(args).map_or(Value::Nil, |index| args.any(index).clone()))
    })
    .with_origin(|args| coalesce_index(args).map_or(Origin::Unknown, |index| args.chosen_origin(index))),
    variadic("all", 0, |args| Ok(Value::Bool(args.values.iter().all(Value::truth)))),
    variadic("any", 0, |args| Ok(Value::Bool(args.values.iter().any(Value::truth)))),
    fixed("ternary", 3, |args| Ok(args.any(ternary_index(args)?).clone()))
        .with_origin(|args| ternary_index(args).map_or(Origin::Unknown, |index| args.chosen_origin(index))),
    fixed("typeOf", 1, |args| Ok(args.any(0).type_name().into())),
    fixed("typeIs", 2, |args| Ok(Value::Bool(args.any(1).type_name().as_bytes() == args.bytes(0)?))),
    fixed("typeIsLike", 2, |args| {
        let (wanted, name) = (args.bytes(0)?, args.any(1).type_name());
        let pointed_to = name.strip_prefix('*').map(str::as_bytes);
        Ok(Value::Bool(wanted == name.as_bytes() || pointed_to == Some(wanted)))
    }),
    fixed("kindOf", 1, |args| Ok(args.any(0).kind().into())),
    fixed("kindIs", 2, |args| Ok(Value::Bool(args.any(1).kind().as_bytes() == args.bytes(0)?))),
    fixed("deepEqual", 2, |args| {
        args.any(0).deep_equal(args.any(1), &mut Walk::comparing()).map(Value::Bool)
    }),
    fixed("hello", 0, |_| Ok("Hello!".into())),
];

/// The argument that `default` returns.
fn default_index(args: Args<'_>) -> usize {
    usize::from(args.rest(1).first().is_some_and(Value::truth))
}

/// The argument that `coalesce` returns.
fn coalesce_index(args: Args<'_>) -> Option<usize> {
    args.values.iter().position(Value::truth)
}

/// The argument that `ternary` returns.
fn ternary_index(args: Args<'_>) -> Result<usize> {
    Ok(usize::from(!args.bool(2)?))
}
