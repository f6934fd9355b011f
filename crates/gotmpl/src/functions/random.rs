//! Sprig's random values, all from one generator for each render.

use base64::Engine as _;
use rand_chacha::rand_core::Rng as _;

use crate::error::{Error, Result};
use crate::function::{Function, Host, hosted};
use crate::value::{Args, Value};

/// The longest random text.
const MAX_LENGTH: i64 = 1 << 20;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";

pub(crate) const TABLE: &[Function] = &[
    hosted("randAlphaNum", 1, |host, args| text(host, args, &[LETTERS, DIGITS].concat())),
    hosted("randAlpha", 1, |host, args| text(host, args, LETTERS)),
    hosted("randNumeric", 1, |host, args| text(host, args, DIGITS)),
    hosted("randAscii", 1, |host, args| text(host, args, &(' '..='~').collect::<String>())),
    hosted("randBytes", 1, |host, args| {
        let mut bytes = vec![0; length(args)?];
        host.random().generator().fill_bytes(&mut bytes);
        Ok(base64::engine::general_purpose::STANDARD.encode(bytes).into())
    }),
    hosted("randInt", 2, |host, args| {
        let (low, high) = (args.int(0)?, args.int(1)?);
        match high.checked_sub(low).and_then(|width| u64::try_from(width).ok()).filter(|width| *width > 0) {
            Some(width) => Ok(Value::Int(low.wrapping_add_unsigned(host.random().below(width)))),
            None => Err(Error::new(format!("no number is at least {low} and less than {high}"))),
        }
    }),
    hosted("shuffle", 1, |host, args| {
        let mut chars: Vec<char> = args.str(0)?.chars().collect();
        for last in (1..chars.len()).rev() {
            let other = host.random().below(last as u64 + 1);
            chars.swap(last, usize::try_from(other).unwrap_or(0));
        }
        Ok(chars.into_iter().collect::<String>().into())
    }),
    hosted("uuidv4", 0, |host, _| {
        let mut bytes = [0; 16];
        host.random().generator().fill_bytes(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = plimsoll_diag::escape::hex(&bytes);
        Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]).into())
    }),
];

fn length(args: Args<'_>) -> Result<usize> {
    let count = args.int(0)?;
    match usize::try_from(count) {
        Ok(length) if count <= MAX_LENGTH => Ok(length),
        _ => Err(Error::new(format!(
            "{count} random characters are too many: at most {MAX_LENGTH} are allowed"
        ))),
    }
}

fn text(host: &mut dyn Host, args: Args<'_>, alphabet: &str) -> Result<Value> {
    let alphabet = alphabet.as_bytes();
    let mut out = String::new();
    if args.int(0)? < 0 {
        return Ok(out.into());
    }
    for _ in 0..length(args)? {
        let index = host.random().below(alphabet.len() as u64);
        out.push(char::from(alphabet[usize::try_from(index).unwrap_or(0)]));
    }
    Ok(out.into())
}
