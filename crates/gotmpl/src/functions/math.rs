//! Sprig's arithmetic.

use num_bigint::{BigInt, Sign};

use super::cast;
use crate::error::{Error, Result};
use crate::fmt;
use crate::function::{Function, between, fixed, variadic};
use crate::text::Buffer;
use crate::value::{Args, Value};
use crate::work;

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
struct Decimal {
    digits: BigInt,
    exponent: i64,
}

/// How many decimal places a quotient has.
const PLACES: i64 = 16;

impl Decimal {
    /// The shortest decimal that is the float.
    fn new(number: f64) -> Result<Self> {
        let text = format!("{number:e}");
        let parts = text.split_once('e').and_then(|(mantissa, exponent)| {
            let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
            let digits = format!("{whole}{fraction}").parse().ok()?;
            Some((digits, exponent.parse::<i64>().ok()? - i64::try_from(fraction.len()).ok()?))
        });
        // An infinity has no exponent.
        let (digits, exponent) = parts.ok_or_else(|| {
            Error::new(format!("Cannot create a Decimal from {}", fmt::float(number, 'g', None)))
        })?;
        Ok(Self { digits, exponent })
    }

    /// The digits of the number at a smaller exponent.
    fn scaled(&self, exponent: i64) -> Result<BigInt> {
        let shift = u32::try_from(self.exponent - exponent).unwrap_or(u32::MAX);
        // A power of ten has more than three bits per digit.
        work::spend(limbs(&self.digits).saturating_mul(shift as usize / 16 + 1))?;
        Ok(&self.digits * BigInt::from(10).pow(shift))
    }

    fn combine(self, other: &Self, operation: Operation) -> Result<Self> {
        let exponent = self.exponent.min(other.exponent);
        Ok(match operation {
            Operation::Add => Self { digits: self.scaled(exponent)? + other.scaled(exponent)?, exponent },
            Operation::Subtract => {
                Self { digits: self.scaled(exponent)? - other.scaled(exponent)?, exponent }
            }
            Operation::Multiply => {
                work::spend(limbs(&self.digits).saturating_mul(limbs(&other.digits)))?;
                Self { digits: self.digits * &other.digits, exponent: self.exponent + other.exponent }
            }
            Operation::Divide => {
                // The last place is rounded half away from zero.
                let (a, b) = (self.scaled(exponent - PLACES)?, other.scaled(exponent)?);
                if b.sign() == Sign::NoSign {
                    return Err(Error::new("decimal division by 0"));
                }
                work::spend(limbs(&a).saturating_mul(limbs(&b)))?;
                let (quotient, rest) = (&a / &b, &a % &b);
                let away = if a.sign() == b.sign() { 1 } else { -1 };
                let is_up = rest.magnitude() * 2_u32 >= *b.magnitude();
                Self { digits: if is_up { quotient + away } else { quotient }, exponent: -PLACES }
            }
        })
    }

    fn float(&self) -> Result<f64> {
        let limbs = limbs(&self.digits);
        work::spend(limbs.saturating_mul(limbs))?;
        Ok(format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN))
    }
}

/// How many machine words a number has: what arithmetic with it costs.
fn limbs(number: &BigInt) -> usize {
    usize::try_from(number.bits() / 64 + 1).unwrap_or(usize::MAX)
}

/// Float arithmetic in decimals, as Sprig does it, so that 0.1 and 0.2 are 0.3.
fn decimal(start: f64, others: &[Value], operation: Operation) -> Result<Value> {
    let mut result = Decimal::new(start)?;
    for other in others.iter().map(cast::float) {
        result = result.combine(&Decimal::new(other)?, operation)?;
    }
    result.float().map(Value::Float)
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
        // No decimal place of this quotient is left.
        for divisor in [3.0, 0.300_000_000_000_000_04] {
            let tiny = decimal(4.9e-324, &[Value::Float(divisor)], Operation::Divide).unwrap();
            assert_eq!(float(tiny).to_bits(), 0, "{divisor}");
        }
        for (a, b, operation, expected) in [
            (1.0, 3e-300, Operation::Divide, 3.333_333_333_333_333_5e299),
            (-1.0, 3.0, Operation::Divide, -0.333_333_333_333_333_3),
            (1.5e-16, 1.0, Operation::Divide, 2e-16),
            (-0.5e-16, 1.0, Operation::Divide, -1e-16),
            (1e30, 1e-30, Operation::Add, 1e30),
            (1e200, 1e-200, Operation::Multiply, 1.0),
            (1e308, 1e308, Operation::Multiply, f64::INFINITY),
            (1e25, 1e-15, Operation::Subtract, 1e25),
        ] {
            let result = float(decimal(a, &[Value::Float(b)], operation).unwrap());
            assert_eq!(result.to_bits(), expected.to_bits(), "{a} {b}: {result}");
        }
        assert!(decimal(1.0, &[Value::Int(0)], Operation::Divide).is_err());
        assert!(decimal(1.0, &[Value::Float(f64::INFINITY)], Operation::Add).is_err());
    }
}
