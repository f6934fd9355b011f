//! Sprig's random values, all from the render's one generator.

use base64::Engine as _;
use getrandom::SysRng;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _, UnwrapErr};

use super::{Function, fixed};
use crate::error::{Error, Result};
use crate::value::{Args, Value};
use crate::vm::Vm;

/// The longest random text.
const MAX_LENGTH: i64 = 1 << 20;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";

pub(crate) const TABLE: &[Function] = &[
    fixed("randAlphaNum", 1, |vm, args| text(vm, args, &[LETTERS, DIGITS].concat())),
    fixed("randAlpha", 1, |vm, args| text(vm, args, LETTERS)),
    fixed("randNumeric", 1, |vm, args| text(vm, args, DIGITS)),
    fixed("randAscii", 1, |vm, args| text(vm, args, &(' '..='~').collect::<String>())),
    fixed("randBytes", 1, |vm, args| {
        let mut bytes = vec![0; length(args)?];
        vm.random.generator().fill_bytes(&mut bytes);
        Ok(base64::engine::general_purpose::STANDARD.encode(bytes).into())
    }),
    fixed("randInt", 2, |vm, args| {
        let (low, high) = (args.int(0)?, args.int(1)?);
        match high.checked_sub(low).and_then(|width| u64::try_from(width).ok()).filter(|width| *width > 0) {
            Some(width) => Ok(Value::Int(low.wrapping_add_unsigned(vm.random.below(width)))),
            None => Err(Error::new(format!("there is no number from {low} up to, not including, {high}"))),
        }
    }),
    fixed("shuffle", 1, |vm, args| {
        let mut chars: Vec<char> = args.str(0)?.chars().collect();
        for last in (1..chars.len()).rev() {
            let other = vm.random.below(last as u64 + 1);
            chars.swap(last, usize::try_from(other).unwrap_or(0));
        }
        Ok(chars.into_iter().collect::<String>().into())
    }),
    fixed("uuidv4", 0, |vm, _| {
        let mut bytes = [0; 16];
        vm.random.generator().fill_bytes(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = super::encoding::hex(&bytes);
        Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]).into())
    }),
];

/// A generator seeded by the user or by the operating system, and whether a render depends on chance or
/// on the time.
#[derive(Debug, Default)]
pub(crate) struct Random {
    seed: Option<u64>,
    generator: Option<ChaCha20Rng>,
    used: bool,
}

impl Random {
    /// A generator that repeats itself for the same `seed`, if there is one.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self { seed, generator: None, used: false }
    }

    /// Whether another render may differ from this one.
    pub(crate) fn used(&self) -> bool {
        self.used
    }

    /// The generator itself.
    pub(crate) fn generator(&mut self) -> &mut ChaCha20Rng {
        self.used |= self.seed.is_none();
        let seed = self.seed;
        self.generator.get_or_insert_with(|| match seed {
            Some(seed) => ChaCha20Rng::seed_from_u64(seed),
            // A system without random numbers cannot make secrets: nothing to go on with.
            None => ChaCha20Rng::from_rng(&mut UnwrapErr(SysRng)),
        })
    }

    /// A number below `limit`, all equally likely.
    fn below(&mut self, limit: u64) -> u64 {
        let generator = self.generator();
        // What is left of 2^64 after whole multiples of the limit would favour small numbers.
        let usable = u64::MAX - u64::MAX % limit;
        loop {
            let number = generator.next_u64();
            if number < usable {
                return number % limit;
            }
        }
    }

    /// The time since 1970 in seconds and nanoseconds. With a seed the clock stands at the last midnight, UTC,
    /// so that renders of one day are the same.
    pub(crate) fn now(&mut self) -> (i64, u32) {
        self.used = true;
        let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
        if self.seed.is_some() { (seconds - seconds % 86_400, 0) } else { (seconds, elapsed.subsec_nanos()) }
    }
}

fn length(args: Args<'_>) -> Result<usize> {
    let count = args.int(0)?;
    match usize::try_from(count) {
        Ok(length) if count <= MAX_LENGTH => Ok(length),
        _ => Err(Error::new(format!("{count} random characters cannot be had: at most {MAX_LENGTH}"))),
    }
}

fn text(vm: &mut Vm, args: Args<'_>, alphabet: &str) -> Result<Value> {
    let alphabet = alphabet.as_bytes();
    let mut out = String::new();
    if args.int(0)? < 0 {
        return Ok(out.into());
    }
    for _ in 0..length(args)? {
        let index = vm.random.below(alphabet.len() as u64);
        out.push(char::from(alphabet[usize::try_from(index).unwrap_or(0)]));
    }
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_chance_repeat_itself() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            let numbers: Vec<u64> = (0..4).map(|_| random.below(1_000_000)).collect();
            (numbers, random.used())
        };
        assert_eq!(draw(Some(7)), draw(Some(7)));
        assert_ne!(draw(Some(7)).0, draw(Some(8)).0);
        assert!(draw(None).1 && !draw(Some(7)).1);
    }
}
