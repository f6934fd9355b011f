//! Sprig's arithmetic.

use super::cast;
use crate::error::{Error, Result};
use crate::fmt;
use crate::function::{Function, between, fixed, variadic};
use crate::text::Buffer;
use crate::value::{Args, Value};

pub(crate) const TABLE: &[Function] = &[
    fixed("int", 1, |args| Ok(Value::Int(cast::int(args.any(0))))),
    fixed("int64", 1, |args| Ok(Value::Int64(cast::int(args.any(0))))),
    fixed("float64", 1, |args| Ok(Value::Float(cast::float(args.any(0))))),
    fixed("atoi", 1, |args| {
        Ok(Value::Int(args.text(0)?.characters().parse().unwrap_or_else(|error: std::num::ParseIntError| {
            // Go's parser comes as near as it can.
            match error.kind() {
                std::num::IntErrorKind::PosOverflow => i64::MAX,
                std::num::IntErrorKind::NegOverflow => i64::MIN,
                _ => 0,
            }
        })))
    }),
    fixed("toDecimal", 1, |args| Ok(Value::Int64(from_octal(&fmt::sprint(args.values)).unwrap_or(0)))),
    fixed("add1", 1, |args| Ok(Value::Int64(cast::int(args.any(0)).wrapping_add(1)))),
    variadic("add", 0, |args| Ok(fold(args.values, 0, i64::wrapping_add))),
    fixed("sub", 2, |args| Ok(Value::Int64(cast::int(args.any(0)).wrapping_sub(cast::int(args.any(1)))))),
    fixed("div", 2, |args| divide(args, i64::wrapping_div)),
    fixed("mod", 2, |args| divide(args, i64::wrapping_rem)),
    variadic("mul", 1, |args| Ok(fold(args.values, 1, i64::wrapping_mul))),
    variadic("max", 1, |args| Ok(fold(args.rest(1), cast::int(args.any(0)), i64::max))),
    variadic("biggest", 1, |args| Ok(fold(args.rest(1), cast::int(args.any(0)), i64::max))),
    variadic("min", 1, |args| Ok(fold(args.rest(1), cast::int(args.any(0)), i64::min))),
    variadic("maxf", 1, |args| Ok(extreme(args, f64::max))),
    variadic("minf", 1, |args| Ok(extreme(args, f64::min))),
    fixed("add1f", 1, |args| decimal(cast::float(args.any(0)), &[Value::Int(1)], Operation::Add)),
    variadic("addf", 0, |args| decimal(0.0, args.values, Operation::Add)),
    variadic("subf", 1, |args| decimal(cast::float(args.any(0)), args.rest(1), Operation::Subtract)),
    variadic("mulf", 1, |args| decimal(cast::float(args.any(0)), args.rest(1), Operation::Multiply)),
    variadic("divf", 1, |args| decimal(cast::float(args.any(0)), args.rest(1), Operation::Divide)),
    fixed("ceil", 1, |args| Ok(Value::Float(cast::float(args.any(0)).ceil()))),
    fixed("floor", 1, |args| Ok(Value::Float(cast::float(args.any(0)).floor()))),
    between("round", 2, 3, round),
];

/// The number that octal digits are.
fn from_octal(digits: &Buffer) -> Option<i64> {
    i64::from_str_radix(std::str::from_utf8(digits.as_bytes()).ok()?, 8).ok()
}

fn fold(values: &[Value], start: i64, combine: fn(i64, i64) -> i64) -> Value {
    Value::Int64(values.iter().map(cast::int).fold(start, combine))
}

/// The one of some floats that `choose` prefers, as Go's `math.Max` and `math.Min` do: NaN stays NaN.
fn extreme(args: Args<'_>, choose: fn(f64, f64) -> f64) -> Value {
    let numbers = args.rest(1).iter().map(cast::float);
    Value::Float(numbers.fold(cast::float(args.any(0)), |a, b| {
        if a.is_nan() || b.is_nan() { f64::NAN } else { choose(a, b) }
    }))
}

fn divide(args: Args<'_>, by: fn(i64, i64) -> i64) -> Result<Value> {
    let divisor = cast::int(args.any(1));
    if divisor == 0 {
        return Err(Error::new("integer divide by zero"));
    }
    Ok(Value::Int64(by(cast::int(args.any(0)), divisor)))
}

#[derive(Clone, Copy)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// A decimal number: `digits` times ten to the power of `exponent`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Decimal {
    /// The shortest decimal that is the float.
    fn from_number(number: f64) -> Option<Self> {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}").parse().ok()?;
        Some(Self { digits, exponent: exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()? })
    }

    fn scaled(self, exponent: i32) -> Option<i128> {
        let shift = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        self.digits.checked_mul(10_i128.checked_pow(shift)?)
    }

    fn combine(self, other: Self, operation: Operation) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        Some(match operation {
            Operation::Add => {
                Self { digits: self.scaled(exponent)?.checked_add(other.scaled(exponent)?)?, exponent }
            }
            Operation::Subtract => {
                Self { digits: self.scaled(exponent)?.checked_sub(other.scaled(exponent)?)?, exponent }
            }
            Operation::Multiply => Self {
                digits: self.digits.checked_mul(other.digits)?,
                exponent: self.exponent.checked_add(other.exponent)?,
            },
            Operation::Divide => {
                // Sixteen decimal places, the last one rounded half away from zero.
                let (a, b) = (self.scaled(exponent)?, other.scaled(exponent)?);
                let scaled = a.checked_mul(10_i128.pow(16))?;
                let (quotient, rest) = (scaled.checked_div(b)?, scaled.checked_rem(b)?);
                let up = rest.unsigned_abs() >= b.unsigned_abs().div_ceil(2);
                let away = if (a < 0) == (b < 0) { 1 } else { -1 };
                Self { digits: if up { quotient + away } else { quotient }, exponent: -16 }
            }
        })
    }

    fn float(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }
}

/// Float arithmetic in decimals, as Sprig does it, so that 0.1 and 0.2 are 0.3.
fn decimal(start: f64, others: &[Value], operation: Operation) -> Result<Value> {
    if let Some(other) =
        std::iter::once(start).chain(others.iter().map(cast::float)).find(|number| !number.is_finite())
    {
        return Err(Error::new(format!("Cannot create a Decimal from {}", fmt::float(other, 'g', None))));
    }
    let mut number = start;
    let mut exact = Decimal::from_number(start);
    for other in others.iter().map(cast::float) {
        if matches!(operation, Operation::Divide) && other == 0.0 {
            return Err(Error::new("decimal division by 0"));
        }
        number = match operation {
            Operation::Add => number + other,
            Operation::Subtract => number - other,
            Operation::Multiply => number * other,
            Operation::Divide => to_places(number / other),
        };
        exact = exact.zip(Decimal::from_number(other)).and_then(|(a, b)| a.combine(b, operation));
    }
    // Decimals too long for the exact way are good to the precision of floats.
    Ok(Value::Float(exact.map_or(number, Decimal::float)))
}

/// The number with as many decimal places as a quotient has.
fn to_places(number: f64) -> f64 {
    format!("{number:.16}").parse().unwrap_or(number)
}

fn round(args: Args<'_>) -> Result<Value> {
    #[expect(clippy::cast_precision_loss, reason = "Go's conversion")]
    let places = args.int(1)? as f64;
    let round_on = if args.len() > 2 { args.float(2)? } else { 0.5 };
    let power = 10_f64.powf(places);
    let digit = power * cast::float(args.any(0));
    let rounded = if digit.fract() >= round_on { digit.ceil() } else { digit.floor() };
    Ok(Value::Float(rounded / power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_do_not_show_binary_fractions() {
        let float = |value: Value| match value {
            Value::Float(number) => number,
            _ => f64::NAN,
        };
        let sum = decimal(0.1, &[Value::Float(0.2)], Operation::Add).unwrap();
        assert!((float(sum) - 0.3).abs() < f64::EPSILON / 4.0);
        // No decimal place of this quotient is left, however it is computed.
        for divisor in [3.0, 0.300_000_000_000_000_04] {
            let tiny = decimal(4.9e-324, &[Value::Float(divisor)], Operation::Divide).unwrap();
            assert_eq!(float(tiny).to_bits(), 0, "{divisor}");
        }
        assert!(decimal(1.0, &[Value::Int(0)], Operation::Divide).is_err());
        assert!(decimal(1.0, &[Value::Float(f64::INFINITY)], Operation::Add).is_err());
    }
}
