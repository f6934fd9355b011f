//! Go's `fmt`: how values print, and `printf` with all its verbs.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use super::value::{Map, Object, Value};
use super::walk::MAX_DEPTH;
use crate::text::{Buffer, Text};

/// The widest field and the longest fraction that `printf` pads to; Go's own limit.
const MAX_WIDTH: usize = 1_000_000;

/// No float has more decimal digits; only zeros follow, which Rust's own formatting writes up to 65,535 of.
const MAX_DIGITS: usize = 1100;

/// Where a pointer points to. In Go that is chance, but of this form, and a render must be the same each time.
const ADDRESS: u64 = 0xc0_0000_0000;

/// What `%v` prints, and an action writes.
pub(crate) fn print(value: &Value) -> Cow<'_, [u8]> {
    if let Some(bytes) = value.as_string() {
        return Cow::Borrowed(bytes);
    }
    let mut printer = Printer::default();
    printer.value(value, 'v', 0);
    Cow::Owned(printer.out.into_bytes())
}

impl fmt::Display for Value {
    /// What an action writes, for messages: bytes that are not UTF-8 are replaced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Text::new(&print(self)).characters())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({self})", self.type_name())
    }
}

/// `print`: a space between operands that are both no strings.
pub(crate) fn sprint(values: &[Value]) -> Buffer {
    spaced(values, |printer, value| printer.value(value, 'v', 0))
}

/// The same for what the escapers take: of pointers they print what these point to, as actions do.
pub(crate) fn sprint_printable(values: &[Value]) -> Buffer {
    spaced(values, |printer, value| match value {
        Value::Object(object) if object.kind() == "ptr" => printer.out.push_str(&object.display()),
        _ => printer.value(value, 'v', 0),
    })
}

fn spaced(values: &[Value], mut write: impl FnMut(&mut Printer, &Value)) -> Buffer {
    let mut printer = Printer::default();
    let mut after_string = true;
    for value in values {
        let is_string = value.as_string().is_some();
        if !after_string && !is_string {
            printer.out.push(' ');
        }
        write(&mut printer, value);
        after_string = is_string;
    }
    printer.out
}

/// `println`: a space between all operands, and a newline.
pub(crate) fn sprintln(values: &[Value]) -> Buffer {
    let mut printer = Printer::default();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            printer.out.push(' ');
        }
        printer.value(value, 'v', 0);
    }
    printer.out.push('\n');
    printer.out
}

/// `printf`.
pub(crate) fn sprintf(format: &Text<'_>, args: &[Value]) -> Buffer {
    let capacity = format.characters().len() + 16;
    let mut printer = Printer { out: Buffer::with_capacity(capacity), ..Printer::default() };
    printer.format(format, args);
    printer.out
}

/// `%q`: a Go string literal in double quotes.
pub(crate) fn quote(bytes: &[u8]) -> String {
    quoted(bytes, false)
}

/// The same, where `ascii` says that everything else is escaped.
fn quoted(bytes: &[u8], ascii: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        let text = chunk.valid();
        let mut plain = 0;
        for (index, c) in text.char_indices() {
            if c != '"' && c != '\\' && (' '..'\u{7f}').contains(&c) {
                continue;
            }
            out.push_str(&text[plain..index]);
            plain = index + c.len_utf8();
            escape(&mut out, c, '"', ascii);
        }
        out.push_str(&text[plain..]);
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

/// How many characters there are. Each byte that is not part of one counts.
fn count_characters(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

/// The first `limit` characters.
fn first_characters(bytes: &[u8], limit: usize) -> &[u8] {
    let text = Text::new(bytes);
    match text.characters().char_indices().nth(limit) {
        Some((end, _)) => text.bytes_of(0..end),
        None => bytes,
    }
}

/// Writes `c` as in a literal between `delimiter`s.
fn escape(out: &mut String, c: char, delimiter: char, ascii: bool) {
    if c == delimiter || c == '\\' {
        out.push('\\');
        out.push(c);
        return;
    }
    if is_print(c) && (c.is_ascii() || !ascii) {
        out.push(c);
        return;
    }
    let code = u32::from(c);
    let _ = match c {
        '\u{7}' => write!(out, "\\a"),
        '\u{8}' => write!(out, "\\b"),
        '\u{c}' => write!(out, "\\f"),
        '\n' => write!(out, "\\n"),
        '\r' => write!(out, "\\r"),
        '\t' => write!(out, "\\t"),
        '\u{b}' => write!(out, "\\v"),
        _ if code < 0x20 || code == 0x7f => write!(out, "\\x{code:02x}"),
        _ if code < 0x10000 => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the space.
pub(crate) fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return (' '..'\u{7f}').contains(&c);
    }
    // Rust escapes the same classes, except that marks are printable only after another character.
    let pair: String = ['a', c].iter().collect();
    pair.escape_debug().nth(1) == Some(c)
}

/// A float in the format of Go's `strconv`: `e`, `f` or `g`, upper case for their capitals, with
/// `precision` digits or as few as identify the number.
pub(crate) fn float(number: f64, verb: char, precision: Option<usize>) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = match verb {
        'f' | 'F' => match precision {
            Some(digits) => {
                let exact = digits.min(MAX_DIGITS);
                format!("{number:.exact$}{}", "0".repeat(digits - exact))
            }
            None => format!("{number}"),
        },
        'e' | 'E' => scientific(number, precision),
        _ => general(number, precision),
    };
    if verb.is_ascii_uppercase() { text.to_uppercase() } else { text }
}

/// Go's `%g`: with an exponent when that is below -4 or not below the number of significant digits,
/// for which shortest conversions take 6.
fn general(number: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(digits) => format!("{number:.*e}", digits.clamp(1, MAX_DIGITS) - 1),
        None => format!("{number:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let digits = mantissa.trim_start_matches('-').replace('.', "");
    let used = digits.trim_end_matches('0').len().max(1);
    let wide = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let limit = match precision {
        None => 6,
        Some(limit) if limit > used && wide(used) > exponent => wide(used),
        Some(limit) => wide(limit.max(1)),
    };
    if exponent < -4 || exponent >= limit {
        scientific(number, Some(used - 1))
    } else {
        let decimals = usize::try_from(wide(used) - 1 - exponent).unwrap_or(0);
        match precision {
            None => format!("{number}"),
            // Round to the significant digits first, as these may be fewer than the integer part has.
            Some(_) => format!("{:.decimals$}", text.parse::<f64>().unwrap_or(number)),
        }
    }
}

/// A float as a whole number times a power of two.
fn binary(number: f64) -> String {
    if !number.is_finite() {
        return float(number, 'g', None);
    }
    let bits = number.to_bits();
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let (exponent, fraction) = (bits >> 52 & 0x7ff, bits & ((1 << 52) - 1));
    let mantissa = if exponent == 0 { fraction } else { fraction | 1 << 52 };
    format!("{sign}{mantissa}p{:+}", i64::try_from(exponent.max(1)).unwrap_or(0) - 1075)
}

/// Go's `%x` of a float: `0x1.8p+01`, with `precision` digits or as few as identify the number.
fn hexadecimal(number: f64, precision: Option<usize>) -> String {
    if !number.is_finite() {
        return float(number, 'g', None);
    }
    let bits = number.to_bits();
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let mut fraction = bits & ((1 << 52) - 1);
    let mut exponent = i64::try_from(bits >> 52 & 0x7ff).unwrap_or(0) - 1023;
    if exponent == -1023 {
        if fraction == 0 {
            let zeros =
                precision.filter(|digits| *digits > 0).map(|digits| format!(".{}", "0".repeat(digits)));
            return format!("{sign}0x0{}p+00", zeros.unwrap_or_default());
        }
        // A denormal number: shift until its first digit is 1, as for all others.
        let shift = fraction.leading_zeros() - 11;
        fraction = (fraction << shift) & ((1 << 52) - 1);
        exponent = -1022 - i64::from(shift);
    }
    let digits = match precision {
        None => format!("{fraction:013x}").trim_end_matches('0').to_owned(),
        Some(count @ 0..13) => {
            let dropped = 52 - 4 * u32::try_from(count).unwrap_or(0);
            let (kept, rest, half) =
                ((1 << 52 | fraction) >> dropped, fraction & ((1 << dropped) - 1), 1 << (dropped - 1));
            // Halves go to the even digit, and may carry into the one before the point.
            let rounded = kept + u64::from(rest > half || rest == half && kept & 1 == 1);
            let carries = rounded >> (52 - dropped) > 1;
            exponent += i64::from(carries);
            let fraction = if carries { 0 } else { rounded & ((1 << (52 - dropped)) - 1) };
            if count == 0 { String::new() } else { format!("{fraction:0count$x}") }
        }
        Some(count) => format!("{fraction:013x}{}", "0".repeat(count - 13)),
    };
    let point = if digits.is_empty() { "" } else { "." };
    let power = if exponent < 0 { '-' } else { '+' };
    format!("{sign}0x1{point}{digits}p{power}{:02}", exponent.abs())
}

/// Go's `%e`: at least two digits of exponent.
fn scientific(number: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(digits) => format!("{number:.*e}", digits.min(MAX_DIGITS)),
        None => format!("{number:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let zeros = "0".repeat(precision.unwrap_or(0).saturating_sub(MAX_DIGITS));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}{zeros}e{sign}{digits:0>2}")
}

/// What `#` makes of a float without its sign: it has a point, and for `%g` and `%x` all its significant digits.
fn keep_zeros(digits: &str, kind: char, precision: Option<usize>) -> String {
    let exponent: &[char] = if kind.eq_ignore_ascii_case(&'x') { &['p', 'P'] } else { &['e', 'E'] };
    let (mantissa, tail) = digits.split_at(digits.find(exponent).unwrap_or(digits.len()));
    let wanted = if matches!(kind, 'g' | 'G' | 'x') { precision.unwrap_or(6) } else { 0 };
    let significant = mantissa.trim_start_matches(['0', '.']).chars().filter(|c| *c != '.').count();
    let has_point = mantissa.contains('.');
    // A zero alone counts as a digit.
    let written = significant + usize::from(!has_point && mantissa == "0");
    let point = if has_point { "" } else { "." };
    format!("{mantissa}{point}{}{tail}", "0".repeat(wanted.saturating_sub(written)))
}

/// The flags, width and precision of one verb.
#[derive(Default, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are the five flags of printf, and what `#` and `+` turn into for %v"
)]
struct Flags {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    sharp_v: bool,
    plus_v: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

#[derive(Default)]
struct Printer {
    out: Buffer,
    flags: Flags,
    /// Whether a value is written that its verb does not suit: Go does not call its `String` method then.
    is_misfit: bool,
}

impl Printer {
    fn format(&mut self, text: &Text<'_>, args: &[Value]) {
        let format = text.characters();
        let mut chars = format.char_indices().peekable();
        let mut next = 0;
        let mut reordered = false;
        let mut plain = 0;
        while let Some((index, c)) = chars.next() {
            if c != '%' {
                continue;
            }
            self.out.push_bytes(text.bytes_of(plain..index));
            self.flags = Flags::default();
            let mut good_index = true;
            while let Some((_, flag)) = chars.peek() {
                match flag {
                    '#' => self.flags.sharp = true,
                    '0' => self.flags.zero = true,
                    '+' => self.flags.plus = true,
                    '-' => self.flags.minus = true,
                    ' ' => self.flags.space = true,
                    _ => break,
                }
                chars.next();
            }
            let mut indexed =
                Self::arg_index(&mut chars, format, args.len(), &mut next, &mut reordered, &mut good_index);
            if chars.next_if(|(_, c)| *c == '*').is_some() {
                match args.get(next).and_then(Value::as_integer) {
                    Some(width) if width.unsigned_abs() <= MAX_WIDTH as u64 => {
                        self.flags.minus |= width < 0;
                        self.flags.width = usize::try_from(width.unsigned_abs()).ok();
                    }
                    _ => self.out.push_str("%!(BADWIDTH)"),
                }
                next += 1;
                indexed = false;
            } else {
                self.flags.width = Self::number(&mut chars);
                if indexed && self.flags.width.is_some() {
                    good_index = false;
                }
            }
            // At the end a point is the verb.
            if chars.next_if(|(index, c)| *c == '.' && index + 1 < format.len()).is_some() {
                if indexed {
                    good_index = false;
                }
                indexed = Self::arg_index(
                    &mut chars,
                    format,
                    args.len(),
                    &mut next,
                    &mut reordered,
                    &mut good_index,
                );
                if chars.next_if(|(_, c)| *c == '*').is_some() {
                    match args.get(next).and_then(Value::as_integer) {
                        Some(precision @ 0..) if precision.unsigned_abs() <= MAX_WIDTH as u64 => {
                            self.flags.precision = usize::try_from(precision).ok();
                        }
                        _ => self.out.push_str("%!(BADPREC)"),
                    }
                    next += 1;
                    indexed = false;
                } else {
                    self.flags.precision = Some(Self::number(&mut chars).unwrap_or(0));
                }
            }
            if !indexed {
                Self::arg_index(&mut chars, format, args.len(), &mut next, &mut reordered, &mut good_index);
            }
            let Some((index, verb)) = chars.next() else {
                self.out.push_str("%!(NOVERB)");
                plain = format.len();
                break;
            };
            plain = index + verb.len_utf8();
            if self.flags.minus {
                self.flags.zero = false;
            }
            if verb == '%' {
                self.out.push('%');
            } else if !good_index {
                let _ = write!(self.out, "%!{verb}(BADINDEX)");
            } else if let Some(value) = args.get(next) {
                if matches!(verb, 'v' | 'w') {
                    self.flags.sharp_v = std::mem::take(&mut self.flags.sharp);
                    self.flags.plus_v = std::mem::take(&mut self.flags.plus);
                }
                self.value(value, verb, 0);
                next += 1;
            } else {
                let _ = write!(self.out, "%!{verb}(MISSING)");
            }
        }
        self.out.push_bytes(text.bytes_of(plain..format.len()));
        if !reordered && next < args.len() {
            self.flags = Flags::default();
            self.out.push_str("%!(EXTRA ");
            for (index, value) in args[next..].iter().enumerate() {
                if index > 0 {
                    self.out.push_str(", ");
                }
                self.typed(value);
            }
            self.out.push(')');
        }
    }

    /// Reads `[n]`; says whether there was one.
    fn arg_index(
        chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
        format: &str,
        count: usize,
        next: &mut usize,
        reordered: &mut bool,
        good: &mut bool,
    ) -> bool {
        let Some((start, _)) = chars.next_if(|(_, c)| *c == '[') else { return false };
        *reordered = true;
        let Some(length) = format[start..].find(']') else {
            *good = false;
            return false;
        };
        let digits = &format[start + 1..start + length];
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let index = digits.parse::<usize>().ok().filter(|index| is_number && *index <= MAX_WIDTH);
        while chars.next_if(|(position, _)| *position <= start + length).is_some() {}
        match index.filter(|index| (1..=count).contains(index)) {
            Some(index) => *next = index - 1,
            None => *good = false,
        }
        index.is_some()
    }

    fn number(chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> Option<usize> {
        let mut number = None;
        while let Some((_, digit)) = chars.next_if(|(_, c)| c.is_ascii_digit()) {
            let digit = digit.to_digit(10).unwrap_or(0) as usize;
            number = Some((number.unwrap_or(0) * 10 + digit).min(MAX_WIDTH));
        }
        number
    }

    fn value(&mut self, value: &Value, verb: char, depth: usize) {
        if depth > MAX_DEPTH {
            self.out.push_str("...");
            return;
        }
        if verb == 'T' {
            let name = value.type_name();
            self.string(value, name.as_bytes(), 's');
            return;
        }
        if verb == 'p' && depth == 0 {
            return match value.kind() {
                "ptr" | "map" | "slice" => self.address(value, verb),
                _ => self.bad_verb(value, verb),
            };
        }
        // Go refuses `%w` before it looks into a value.
        if verb == 'w' && matches!(value, Value::List(_) | Value::Map(_) | Value::Object(_)) {
            return self.bad_verb(value, verb);
        }
        match value {
            Value::Invalid | Value::Nil => {
                if verb == 'v' {
                    if self.flags.sharp_v && depth > 0 {
                        self.out.push_str("interface {}(nil)");
                    } else {
                        self.pad("<nil>");
                    }
                } else if depth > 0 {
                    self.out.push_str("<nil>");
                } else {
                    let _ = write!(self.out, "%!{verb}(<nil>)");
                }
            }
            Value::Bool(flag) => match verb {
                't' | 'v' => self.pad(if *flag { "true" } else { "false" }),
                _ => self.bad_verb(value, verb),
            },
            Value::Int(number) | Value::Int64(number) => {
                self.integer(value, number.unsigned_abs(), *number < 0, true, verb);
            }
            Value::Uint(number) => self.integer(value, *number, false, false, verb),
            Value::Byte(number) => self.integer(value, u64::from(*number), false, false, verb),
            Value::Float(number) => self.float(value, *number, verb),
            Value::Str(text) => self.string(value, text.as_bytes(), verb),
            Value::Raw(raw) => self.string(value, raw.bytes(), verb),
            Value::Bytes(bytes) => match verb {
                'v' if self.flags.sharp_v && bytes.is_nil() => {
                    self.out.push_str(if depth > 0 { "[]uint8(nil)" } else { "[]byte(nil)" });
                }
                'v' if self.flags.sharp_v => {
                    // Go's own name for the type is known only at the top.
                    self.out.push_str(if depth > 0 { "[]uint8{" } else { "[]byte{" });
                    for (index, byte) in bytes.iter().enumerate() {
                        let _ = write!(self.out, "{}0x{byte:x}", if index > 0 { ", " } else { "" });
                    }
                    self.out.push('}');
                }
                's' | 'q' | 'x' | 'X' => self.string(value, bytes, verb),
                _ => {
                    let items: Vec<_> = bytes.iter().map(|byte| Value::Byte(*byte)).collect();
                    self.list(value, &items, verb, depth);
                }
            },
            Value::List(list) if self.flags.sharp_v && list.is_nil() => {
                let _ = write!(self.out, "{}(nil)", value.type_name());
            }
            Value::List(list) => self.list(value, list.items(), verb, depth),
            Value::Map(map) if self.flags.sharp_v && map.is_nil() => {
                let _ = write!(self.out, "{}(nil)", value.type_name());
            }
            Value::Map(map) => self.map(value, map, verb, depth),
            Value::Object(object) => self.object(value, &**object, verb, depth),
        }
    }

    fn object(&mut self, value: &Value, object: &dyn Object, verb: char, depth: usize) {
        let underlying = object.underlying();
        match &underlying {
            // Maps and slices of a type of their own have no `String` method.
            Some(Value::Map(map)) => return self.map(value, map, verb, depth),
            Some(Value::List(list)) => return self.list(value, list.items(), verb, depth),
            _ => {}
        }
        if self.flags.sharp_v {
            if let Some(text) = object.go_string().filter(|_| !self.is_misfit) {
                return self.string(value, text.as_bytes(), 's');
            }
        } else if !self.is_misfit && object.has_string_method() && matches!(verb, 'v' | 's' | 'q' | 'x' | 'X')
        {
            return self.string(value, object.display().as_bytes(), verb);
        }
        let is_pointer = object.kind() == "ptr";
        match (underlying, object.structure()) {
            _ if is_pointer && depth > 0 => self.address(value, verb),
            (Some(inner), _) => self.value(&inner, verb, depth),
            (None, Some(fields)) => {
                self.out.push_str(if is_pointer { "&" } else { "" });
                self.structure(value, &fields, verb, depth + usize::from(is_pointer));
            }
            (None, None) => {
                let text = Value::from(object.display());
                self.value(&text, verb, depth);
            }
        }
    }

    fn structure(&mut self, value: &Value, fields: &[(&'static str, Value)], verb: char, depth: usize) {
        if self.flags.sharp_v {
            self.out.push_str(value.type_name().trim_start_matches('*'));
        }
        self.out.push('{');
        for (index, (name, field)) in fields.iter().enumerate() {
            if index > 0 {
                self.out.push_str(if self.flags.sharp_v { ", " } else { " " });
            }
            if self.flags.sharp_v || self.flags.plus_v {
                self.out.push_str(name);
                self.out.push(':');
            }
            self.value(field, verb, depth + 1);
        }
        self.out.push('}');
    }

    fn map(&mut self, value: &Value, map: &Map, verb: char, depth: usize) {
        if self.flags.sharp_v {
            self.out.push_str(value.type_name());
            self.out.push('{');
        } else {
            self.out.push_str("map[");
        }
        for (index, (key, item)) in map.borrow().iter().enumerate() {
            if index > 0 {
                self.out.push_str(if self.flags.sharp_v { ", " } else { " " });
            }
            self.string(&Value::Str(std::sync::Arc::clone(key)), key.as_bytes(), verb);
            self.out.push(':');
            self.value(item, verb, depth + 1);
        }
        self.out.push(if self.flags.sharp_v { '}' } else { ']' });
    }

    fn list(&mut self, value: &Value, items: &[Value], verb: char, depth: usize) {
        if self.flags.sharp_v {
            self.out.push_str(value.type_name());
            self.out.push('{');
        } else {
            self.out.push('[');
        }
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push_str(if self.flags.sharp_v { ", " } else { " " });
            }
            self.value(item, verb, depth + 1);
        }
        self.out.push(if self.flags.sharp_v { '}' } else { ']' });
    }

    /// Writes a pointer itself, and not what it points to.
    fn address(&mut self, value: &Value, verb: char) {
        match verb {
            'v' if self.flags.sharp_v => {
                let _ = write!(self.out, "({})({ADDRESS:#x})", value.type_name());
            }
            'v' | 'p' => {
                let sharp = self.flags.sharp;
                self.flags.sharp = !sharp;
                self.integer(value, ADDRESS, false, false, 'x');
                self.flags.sharp = sharp;
            }
            'b' | 'o' | 'd' | 'x' | 'X' => self.integer(value, ADDRESS, false, false, verb),
            _ => self.bad_verb(value, verb),
        }
    }

    fn bad_verb(&mut self, value: &Value, verb: char) {
        let _ = write!(self.out, "%!{verb}(");
        let outer = std::mem::replace(&mut self.is_misfit, true);
        self.typed(value);
        self.is_misfit = outer;
        self.out.push(')');
    }

    /// Writes `type=value`. Like Go, it keeps the width and precision that are set.
    fn typed(&mut self, value: &Value) {
        if value.is_nil() {
            self.out.push_str("<nil>");
        } else {
            self.out.push_str(value.type_name());
            self.out.push('=');
            self.value(value, 'v', 0);
        }
    }

    /// Writes `text` padded to the width.
    fn pad(&mut self, text: &str) {
        self.pad_bytes(text.as_bytes());
    }

    /// The same for bytes. One that is not part of a character counts as one.
    fn pad_bytes(&mut self, bytes: &[u8]) {
        let width = self.flags.width.unwrap_or(0);
        // Most values have no width, and their characters need not be counted.
        let missing = if width == 0 { 0 } else { width.saturating_sub(count_characters(bytes)) };
        if self.flags.minus {
            self.out.push_bytes(bytes);
            self.out.fill(' ', missing);
        } else {
            self.out.fill(if self.flags.zero { '0' } else { ' ' }, missing);
            self.out.push_bytes(bytes);
        }
    }

    /// The same, but always with blanks: the zeros of a number, if any, are in `text`.
    fn pad_with_blanks(&mut self, text: &str) {
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(text);
        self.flags.zero = zero;
    }

    fn string(&mut self, value: &Value, bytes: &[u8], verb: char) {
        // Of hexadecimal digits the precision counts bytes.
        let is_cut = matches!(verb, 'v' | 's' | 'q');
        let bytes = match self.flags.precision {
            Some(limit) if is_cut => first_characters(bytes, limit),
            _ => bytes,
        };
        match verb {
            'v' if self.flags.sharp_v => {
                let quoted = quote(bytes);
                self.pad(&quoted);
            }
            'v' | 's' => self.pad_bytes(bytes),
            'q' => {
                let raw = std::str::from_utf8(bytes).ok().filter(|text| {
                    self.flags.sharp
                        && !text.contains(|c: char| {
                            (c.is_ascii_control() && c != '\t') || c == '`' || c == '\u{feff}'
                        })
                });
                let literal = raw.map_or_else(|| quoted(bytes, self.flags.plus), |text| format!("`{text}`"));
                self.pad(&literal);
            }
            'x' | 'X' => {
                let limit = self.flags.precision.unwrap_or(bytes.len()).min(bytes.len());
                let mut hex = String::with_capacity(limit * 2);
                for (index, byte) in bytes[..limit].iter().enumerate() {
                    if self.flags.space && index > 0 {
                        hex.push(' ');
                    }
                    if self.flags.sharp && (self.flags.space || index == 0) {
                        hex.push_str(if verb == 'x' { "0x" } else { "0X" });
                    }
                    let _ = if verb == 'x' { write!(hex, "{byte:02x}") } else { write!(hex, "{byte:02X}") };
                }
                self.pad(&hex);
            }
            _ => self.bad_verb(value, verb),
        }
    }

    fn integer(&mut self, value: &Value, magnitude: u64, negative: bool, signed: bool, verb: char) {
        let character = || {
            u32::try_from(magnitude).ok().filter(|_| !negative).and_then(char::from_u32).unwrap_or('\u{fffd}')
        };
        let (digits, prefix) = match verb {
            'v' if self.flags.sharp_v && !signed => (format!("{magnitude:x}"), "0x"),
            'v' | 'd' => (magnitude.to_string(), ""),
            'b' => (format!("{magnitude:b}"), if self.flags.sharp { "0b" } else { "" }),
            'o' => {
                let digits = format!("{magnitude:o}");
                let prefix = if self.flags.sharp && !digits.starts_with('0') { "0" } else { "" };
                (digits, prefix)
            }
            'O' => {
                let digits = format!("{magnitude:o}");
                let prefix = if self.flags.sharp && !digits.starts_with('0') { "0o0" } else { "0o" };
                (digits, prefix)
            }
            'x' => (format!("{magnitude:x}"), if self.flags.sharp { "0x" } else { "" }),
            'X' => (format!("{magnitude:X}"), if self.flags.sharp { "0X" } else { "" }),
            'c' => {
                let text = character().to_string();
                return self.pad(&text);
            }
            'q' => {
                let mut text = String::from('\'');
                escape(&mut text, character(), '\'', self.flags.plus);
                text.push('\'');
                return self.pad(&text);
            }
            'U' => {
                // Go takes a negative number for the large one of the same bits.
                let code = if negative { magnitude.wrapping_neg() } else { magnitude };
                let digits = self.flags.precision.unwrap_or(0).max(4);
                let mut text = format!("U+{code:0digits$X}");
                if let Some(c) = u32::try_from(code).ok().and_then(char::from_u32).filter(|c| is_print(*c))
                    && self.flags.sharp
                {
                    let _ = write!(text, " '{c}'");
                }
                return self.pad_with_blanks(&text);
            }
            _ => return self.bad_verb(value, verb),
        };
        let sign = match (negative, self.flags.plus, self.flags.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        };
        let digits = match self.flags.precision {
            // Not even a sign is written.
            Some(0) if magnitude == 0 => return self.pad_with_blanks(""),
            Some(count) => format!("{digits:0>count$}"),
            None if self.flags.zero => {
                let count = self.flags.width.unwrap_or(0).saturating_sub(sign.len());
                format!("{digits:0>count$}")
            }
            None => digits,
        };
        self.pad_with_blanks(&format!("{sign}{prefix}{digits}"));
    }

    fn float(&mut self, value: &Value, number: f64, verb: char) {
        let (kind, default) = match verb {
            'v' => ('g', None),
            'e' | 'E' => (verb, Some(6)),
            'f' | 'F' => ('f', Some(6)),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb, None),
            _ => return self.bad_verb(value, verb),
        };
        let text = match kind {
            'b' => binary(number),
            'x' => hexadecimal(number, self.flags.precision),
            'X' if number.is_finite() => hexadecimal(number, self.flags.precision).to_uppercase(),
            'X' => hexadecimal(number, None),
            _ => float(number, kind, self.flags.precision.or(default)),
        };
        let negative = text.starts_with('-');
        let mut digits = text.trim_start_matches(['-', '+']).to_owned();
        if self.flags.sharp && kind != 'b' && number.is_finite() {
            digits = keep_zeros(&digits, kind, self.flags.precision);
        }
        let sign = match (negative, self.flags.plus, self.flags.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ if number.is_infinite() => "+",
            _ => "",
        };
        if self.flags.zero && number.is_finite() {
            let count = self.flags.width.unwrap_or(0).saturating_sub(sign.len());
            let _ = write!(self.out, "{sign}{digits:0>count$}");
        } else {
            self.pad_with_blanks(&format!("{sign}{digits}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Elem, Entries, List};

    fn f(format: &str, args: &[Value]) -> String {
        text(sprintf(&Text::new(format.as_bytes()), args))
    }

    fn text(buffer: Buffer) -> String {
        String::from_utf8(buffer.into_bytes()).unwrap()
    }

    #[test]
    fn verbs_that_do_not_fit_say_so() {
        assert_eq!(f("%d", &[Value::Float(1.0)]), "%!d(float64=1)");
        assert_eq!(f("%s|%d", &[Value::Nil, "x".into()]), "%!s(<nil>)|%!d(string=x)");
        assert_eq!(f("%s %s", &["a".into()]), "a %!s(MISSING)");
        assert_eq!(f("a", &[Value::Int(1), "b".into()]), "a%!(EXTRA int=1, string=b)");
        assert_eq!(f("%", &[]), "%!(NOVERB)");
        assert_eq!(f("%-05.", &[]), "%!.(MISSING)");
        assert_eq!(f("%5.1", &[Value::Int(1)]), "%!(NOVERB)%!(EXTRA int=1)");
        assert_eq!(f("%d", &[Value::list(vec!["a".into(), Value::Int(2)])]), "[%!d(string=a) 2]");
        assert_eq!(
            f("%w|%w", &[Value::list(vec!["a".into()]), "a".into()]),
            "%!w([]interface {}=[a])|%!w(string=a)"
        );
        assert_eq!(
            f("%[3][1]*.10o%-*s", &[Value::Float(1.0)]),
            "%![(BADINDEX)1]*.10o%!(BADWIDTH)%!s(MISSING)"
        );
        assert_eq!(f("%[+1]d", &[Value::Int(1)]), "%!d(BADINDEX)");
        assert_eq!(f("%+.0d|%#.0O|% 4.0x|%p", &[0, 0, 0, 5].map(Value::Int)), "||    |%!p(int=5)");
        assert_eq!(
            f("%08X|%O|%#O", &[Value::Float(f64::INFINITY), Value::Int(8), Value::Int(8)]),
            "    +Inf|0o10|0o010"
        );
    }

    #[test]
    fn verbs_reach_the_bytes_of_a_slice() {
        let bytes = Value::Bytes([111, 9].into());
        assert_eq!(
            f("%O|%#o|%c", &[bytes.clone(), bytes.clone(), bytes.clone()]),
            "[0o157 0o11]|[0157 011]|[o \t]"
        );
        assert_eq!(f("%t|%q", &[bytes.clone(), bytes]), "[%!t(uint8=111) %!t(uint8=9)]|\"o\\t\"");
    }

    #[test]
    fn the_flags_of_w_are_those_of_v() {
        assert_eq!(f("%#w", &["a: 1".into()]), "%!w(string=\"a: 1\")");
        let map = Value::map(Entries::default());
        assert_eq!(f("%+#.w", &[map]), "%!w(map[string]interface {}=map[string]interface {}{})");
    }

    #[test]
    fn addresses_are_of_gos_form() {
        let list = Value::list(vec![Value::Int(1)]);
        assert_eq!(
            f("%p|%#p|%p|%+014p", &[list.clone(), list.clone(), Value::Int(3), list]),
            "0xc000000000|c000000000|%!p(int=3)|+0x000c000000000"
        );
    }

    #[test]
    fn widths_flags_and_precisions() {
        assert_eq!(
            f("%05d|%-5d|%+d|%x|%#x", &[42, -7, 3, 255, 255].map(Value::Int)),
            "00042|-7   |+3|ff|0xff"
        );
        assert_eq!(
            f("%-10s|%10s|%.2s", &["ab".into(), "cd".into(), "efg".into()]),
            "ab        |        cd|ef"
        );
        assert_eq!(f("%*d|%[1]d", &[Value::Int(5), Value::Int(42)]), "   42|5");
        assert_eq!(
            f("%.2f|%8.3f|%e", &[1.005, 2.71, 1234.5].map(Value::Float)),
            "1.00|   2.710|1.234500e+03"
        );
        assert_eq!(
            f("%b|%b|%025b|%b", &[1.5, -2.0, 1.5, 5e-324].map(Value::Float)),
            "6755399441055744p-52|-4503599627370496p-51|000006755399441055744p-52|1p-1074"
        );
        assert_eq!(
            f(
                "%x|%.0x|%.2X|%.1x|%.3x|%.15x|%.2x",
                &[0.5, 1.5, 0.5, 1.96875, 5e-324, 1.1, 0.0].map(Value::Float)
            ),
            "0x1p-01|0x1p+01|0X1.00P-01|0x1.0p+01|0x1.000p-1074|0x1.199999999999a00p+00|0x0.00p+00"
        );
        assert_eq!(
            f(
                "%# g|%#g|%#.2g|%#e|%#.0f|%#g|%#v|%#g",
                &[8.0, 0.0, 8.0, 1.0, 3.0, 1e21, 8.0, 0.5].map(Value::Float)
            ),
            " 8.00000|0.00000|8.0|1.000000e+00|3.|1.00000e+21|8|0.500000"
        );
        assert_eq!(f("%.*d|%*d", &[-1, 42, -5, 42].map(Value::Int)), "%!(BADPREC)42|42   ");
        assert_eq!(f("%.3T|%6.2T", &["a".into(), Value::Int(1)]), "str|    in");
        assert_eq!(
            f("%U|%#U|%.6U|%08U|%#U", &[-5, 10, 65, 65, 65].map(Value::Int)),
            "U+FFFFFFFFFFFFFFFB|U+000A|U+000041|  U+0041|U+0041 'A'"
        );
        assert_eq!(f("%q|%x", &["a\"b\n\u{1}é\u{200b}".into(), "hi".into()]), r#""a\"b\n\x01é\u200b"|6869"#);
    }

    #[test]
    fn floats_print_as_go_prints_them() {
        for (number, text) in [
            (1.0, "1"),
            (1_000_000.0, "1e+06"),
            (123_456.0, "123456"),
            (123_456_789.0, "1.23456789e+08"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5, "1.5"),
            (-0.25, "-0.25"),
        ] {
            assert_eq!(Value::Float(number).to_string(), text);
        }
        assert_eq!(f("%g|%.3g|%.10g", &[1e20, 1234.5, 1234.5].map(Value::Float)), "1e+20|1.23e+03|1234.5");
    }

    #[test]
    fn containers_print_in_key_order() {
        let entries: Entries = [("b".into(), Value::Int(2)), ("a".into(), Value::Nil)].into_iter().collect();
        let map = Value::map(entries);
        assert_eq!(map.to_string(), "map[a:<nil> b:2]");
        assert_eq!(f("%#v", &[map]), "map[string]interface {}{\"a\":interface {}(nil), \"b\":2}");
        let ints = Value::List(List::new(Elem::Int, vec![Value::Int(1), Value::Int(2)]));
        assert_eq!(f("%v %T", &[ints.clone(), ints]), "[1 2] []int");
        assert_eq!(f("%q", &[Value::strings(["a", "b"])]), "[\"a\" \"b\"]");
    }

    #[test]
    fn print_puts_spaces_between_what_is_not_text() {
        assert_eq!(text(sprint(&["a".into(), Value::Int(1), Value::Int(2), "b".into()])), "a1 2b");
        assert_eq!(text(sprintln(&["a".into(), Value::Int(1)])), "a 1\n");
    }
}
