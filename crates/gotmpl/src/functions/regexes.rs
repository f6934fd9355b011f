//! Sprig's regular expressions: RE2's syntax, which the crate `regex` shares with Go.

use std::fmt::Write as _;
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::function::{Function, Host, MAX_TEXT, fixed, hosted};
use crate::text::{Buffer, Text};
use crate::unicode::is_of_name;
use crate::value::{Args, Elem, List, Value};
use crate::work;
use regex::Regex;

pub(crate) const TABLE: &[Function] = &[
    // The plain forms say nothing about a bad pattern where Sprig swallows the error.
    hosted("regexMatch", 2, |host, args| {
        let (pattern, text) = (args.bytes(0)?, args.text(1)?);
        Ok(Value::Bool(regex(host, pattern).is_ok_and(|regex| regex.is_match(text.characters()))))
    }),
    hosted("mustRegexMatch", 2, |host, args| {
        let (pattern, text) = (args.bytes(0)?, args.text(1)?);
        Ok(Value::Bool(regex(host, pattern)?.is_match(text.characters())))
    }),
    hosted("regexFind", 2, find),
    hosted("mustRegexFind", 2, find),
    hosted("regexFindAll", 3, find_all),
    hosted("mustRegexFindAll", 3, find_all),
    hosted("regexReplaceAll", 3, replace_all),
    hosted("mustRegexReplaceAll", 3, replace_all),
    hosted("regexReplaceAllLiteral", 3, replace_all_literal),
    hosted("mustRegexReplaceAllLiteral", 3, replace_all_literal),
    hosted("regexSplit", 3, split),
    hosted("mustRegexSplit", 3, split),
    fixed("regexQuoteMeta", 1, |args| Ok(quote_meta(args.bytes(0)?))),
];

/// The work of a match, at least.
const MATCH: usize = 10;

/// Compiles a pattern in Go's syntax; the error names it.
pub fn compile(pattern: &str) -> Result<Regex> {
    let translated =
        translate(pattern).map_err(|reason| Error::new(format!("error parsing regexp: {reason}")))?;
    Regex::new(&translated).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Error::new(format!("error parsing regexp `{pattern}`: {reason}"))
    })
}

/// The same pattern for this crate: Go's classes and word boundaries know ASCII only, it has octal escapes, and inside of
/// brackets it gives no meaning to `[`, `&&`, `--` and `~~`. The error is for what only this crate takes.
fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    // The repetition that ends here, and whether it may become a lazy one.
    let mut repeated: Option<(usize, bool)> = None;
    let mut counts = Counts::default();
    let mut groups = 0;
    while let Some(c) = rest.chars().next() {
        let start = pattern.len() - rest.len();
        rest = &rest[c.len_utf8()..];
        let count = if c == '{' { count_length(rest) } else { None };
        if matches!(c, '*' | '+' | '?') || count.is_some() {
            let end = start + 1 + count.unwrap_or(0);
            repeated = match repeated {
                Some((_, true)) if c == '?' => repeated.map(|(first, _)| (first, false)),
                Some((first, _)) => {
                    let operators = &pattern[first..end];
                    return Err(format!("invalid nested repetition operator: `{operators}`"));
                }
                None => Some((start, true)),
            };
            let numbers = pattern[start..end].split(|c: char| !c.is_ascii_digit());
            let numbers: Vec<f64> = numbers.filter_map(|number| number.parse().ok()).collect();
            if numbers.iter().any(|number| *number > LARGEST_COUNT)
                || numbers.last().is_some_and(|most| !counts.repeat(*most))
            {
                return Err(format!("invalid repeat count: `{}`", &pattern[start..end]));
            }
            out.push_str(&pattern[start..end]);
            rest = &pattern[end..];
            continue;
        }
        repeated = None;
        match c {
            '(' => counts.open(),
            ')' => counts.close(),
            _ => counts.atom(),
        }
        match c {
            '\\' => rest = escape(rest, &mut out)?,
            '[' => rest = class(rest, &mut out)?,
            '(' if unknown_flags(rest) => {
                let end = rest.find(['x', 'u', 'R']).map_or(rest.len(), |end| end + 1);
                return Err(format!("invalid or unsupported Perl syntax: `({}`", &rest[..end]));
            }
            '(' if let Some((name, after)) = group_name(rest)? => {
                groups += 1;
                let _ = write!(out, "(?P<_{name}.{groups}>");
                rest = after;
            }
            // Only where a count follows is a brace more than itself.
            '{' => out.push_str("\\{"),
            _ => out.push(c),
        }
    }
    Ok(out)
}

/// How often Go lets an expression be repeated, together with the repetitions in it.
const LARGEST_COUNT: f64 = 1000.0;

/// How often the parts of a pattern are repeated.
#[derive(Default)]
struct Counts {
    /// The groups that are open, from the outermost, without the one that is parsed.
    outer: Vec<Group>,
    group: Group,
}

/// The repetitions in a group, each multiplied by those in it. What is not repeated counts as one or less.
#[derive(Default)]
struct Group {
    most: f64,
    last: f64,
}

impl Group {
    fn most(&self) -> f64 {
        self.most.max(self.last)
    }

    fn push(&mut self, count: f64) {
        *self = Self { most: self.most(), last: count };
    }
}

impl Counts {
    fn atom(&mut self) {
        self.group.push(1.0);
    }

    fn open(&mut self) {
        self.outer.push(std::mem::take(&mut self.group));
    }

    fn close(&mut self) {
        let inner = self.group.most().max(1.0);
        self.group = self.outer.pop().unwrap_or_default();
        self.group.push(inner);
    }

    /// Repeats the last part up to `most` times; whether Go accepts that.
    fn repeat(&mut self, most: f64) -> bool {
        // Go does not look into what is never matched.
        self.group.last = if most == 0.0 { 1.0 } else { self.group.last * most };
        most < 2.0 || self.group.last <= LARGEST_COUNT
    }
}

/// The name of a group and what follows it, from after its `(`. Here, unlike in Go, two groups cannot have one name, and
/// names cannot begin with a digit: what they are translated to is read by [`groups_of`].
fn group_name(rest: &str) -> Result<Option<(&str, &str)>, String> {
    let named = rest.strip_prefix("?P<").or_else(|| rest.strip_prefix("?<"));
    let Some((name, after)) = named.and_then(|named| named.split_once('>')) else { return Ok(None) };
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(format!("invalid named capture: `({}`", &rest[..rest.len() - after.len()]));
    }
    Ok(Some((name, after)))
}

/// Translates an escape outside of brackets, and returns what follows it.
fn escape<'p>(rest: &'p str, out: &mut String) -> Result<&'p str, String> {
    if let Some(after) = rest.strip_prefix(['A', 'z']) {
        out.push('\\');
        out.push_str(&rest[..1]);
        return Ok(after);
    }
    if let Some(after) = rest.strip_prefix(['b', 'B']) {
        out.push_str("(?-u:\\");
        out.push_str(&rest[..1]);
        out.push(')');
        return Ok(after);
    }
    if let Some(quoted) = rest.strip_prefix('Q') {
        let (literal, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
        out.push_str(&regex::escape(literal));
        return Ok(after);
    }
    match set(rest, out) {
        Some(after) => Ok(after),
        None => escaped_character(rest, out),
    }
}

/// Translates a class in brackets, from after its `[` to its `]`, and returns what follows.
fn class<'p>(rest: &'p str, out: &mut String) -> Result<&'p str, String> {
    let inside = rest.strip_prefix('^').unwrap_or(rest);
    out.push_str(if inside.len() < rest.len() { "[^" } else { "[" });
    let mut rest = inside;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(']')
            // A bracket that comes first is one of the characters.
            && rest.len() < inside.len()
        {
            out.push(']');
            return Ok(after);
        }
        if let Some((name, after)) = rest.strip_prefix("[:").and_then(|named| named.split_once(":]")) {
            let class = &rest[..rest.len() - after.len()];
            if !NAMED_CLASSES.contains(&name.strip_prefix('^').unwrap_or(name)) {
                return Err(format!("invalid character class range: `{class}`"));
            }
            out.push_str(class);
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix('\\').and_then(|rest| set(rest, out)) {
            rest = after;
            continue;
        }
        rest = character(rest, out)?;
        if let Some(last) = rest.strip_prefix('-').filter(|last| !last.is_empty() && !last.starts_with(']')) {
            out.push('-');
            rest = character(last, out)?;
        }
    }
    Ok(rest)
}

/// What can be written as `[:name:]`.
const NAMED_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// Translates a character inside of brackets, and returns what follows it.
fn character<'p>(rest: &'p str, out: &mut String) -> Result<&'p str, String> {
    if let Some(escaped) = rest.strip_prefix('\\') {
        return escaped_character(escaped, out);
    }
    let (literal, after) = rest.split_at(rest.chars().next().map_or(0, char::len_utf8));
    out.push_str(&regex::escape(literal));
    Ok(after)
}

/// Translates an escape for a set of characters, and returns what follows; `None` if it is none.
fn set<'p>(rest: &'p str, out: &mut String) -> Option<&'p str> {
    let (name, after) = rest.split_at_checked(1)?;
    out.push_str(match name {
        "d" => "[0-9]",
        "D" => "[^0-9]",
        "w" => "[0-9A-Za-z_]",
        "W" => "[^0-9A-Za-z_]",
        "s" => "[\\t\\n\\f\\r ]",
        "S" => "[^\\t\\n\\f\\r ]",
        "p" | "P" => {
            let end = if after.starts_with('{') { after.find('}')? + 1 } else { 1 };
            let (property, after) = after.split_at_checked(end)?;
            // `{^Greek}` is everything but that.
            let other = property.strip_prefix("{^");
            out.push_str(if (name == "p") == other.is_none() { "\\p" } else { "\\P" });
            out.push_str(if other.is_some() { "{" } else { "" });
            out.push_str(other.unwrap_or(property));
            return Some(after);
        }
        _ => return None,
    });
    Some(after)
}

/// Translates an escape for one character, and returns what follows it.
fn escaped_character<'p>(rest: &'p str, out: &mut String) -> Result<&'p str, String> {
    let Some(c) = rest.chars().next() else {
        return Err("trailing backslash at end of expression: ``".to_owned());
    };
    let after = &rest[c.len_utf8()..];
    let octal = |text: &str| text.bytes().take_while(|digit| matches!(digit, b'0'..=b'7')).count();
    let end = match c {
        'a' | 'f' | 'n' | 'r' | 't' | 'v' => 1,
        'x' if after.starts_with('{') => after.find('}').map_or(1, |end| end + 2),
        'x' => 3.min(rest.len()),
        // One digit alone that is not zero would refer to a group.
        '0' | '1'..='7' if c == '0' || octal(after) > 0 => {
            let (digits, after) = rest.split_at(octal(rest).min(3));
            let _ = write!(out, "\\x{{{:x}}}", u32::from_str_radix(digits, 8).unwrap_or(0));
            return Ok(after);
        }
        _ if c.is_ascii() && !c.is_ascii_alphanumeric() => {
            out.push_str(&regex::escape(&rest[..1]));
            return Ok(after);
        }
        _ => return Err(format!("invalid escape sequence: `\\{c}`")),
    };
    let (escape, after) =
        rest.split_at_checked(end).ok_or_else(|| format!("invalid escape sequence: `\\{c}`"))?;
    out.push('\\');
    out.push_str(escape);
    Ok(after)
}

/// How long the number of repetitions is at the start of a text: `3}`, `3,}`, `3,4}`.
fn count_length(text: &str) -> Option<usize> {
    let (count, _) = text.split_once('}')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (least, most) = count.split_once(',').unwrap_or((count, ""));
    (!least.is_empty() && digits(least) && digits(most)).then_some(count.len() + 1)
}

/// Whether a group sets flags that Go does not have.
fn unknown_flags(group: &str) -> bool {
    let Some(flags) = group.strip_prefix('?') else { return false };
    let flags = flags.split([':', ')']).next().unwrap_or_default();
    flags.bytes().all(|byte| b"imsUxuR-".contains(&byte)) && flags.contains(['x', 'u', 'R'])
}

/// The expression of a pattern. As in Go, one that is not UTF-8 is an error, while a byte of the searched text that is not
/// UTF-8 is a character.
fn regex(host: &mut dyn Host, pattern: &[u8]) -> Result<Rc<Regex>> {
    let pattern = std::str::from_utf8(pattern).map_err(|_| {
        Error::new(format!("error parsing regexp: invalid UTF-8: {}", Text::new(pattern).characters()))
    })?;
    host.regex(pattern)
}

fn find(host: &mut dyn Host, args: Args<'_>) -> Result<Value> {
    let text = args.text(1)?;
    let found = regex(host, args.bytes(0)?)?.find(text.characters()).map(|found| found.range());
    Ok(text.part(found.unwrap_or_default()))
}

fn find_all(host: &mut dyn Host, args: Args<'_>) -> Result<Value> {
    let (text, count) = (args.text(1)?, args.int(2)?);
    let regex = regex(host, args.bytes(0)?)?;
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let found = regex.find_iter(text.characters()).take(most).map(|found| {
        work::spend(MATCH)?;
        Ok(text.part(found.range()))
    });
    Ok(Value::List(List::new(Elem::Str, found.collect::<Result<_>>()?).appended()))
}

fn replace_all(host: &mut dyn Host, args: Args<'_>) -> Result<Value> {
    let (text, replacement) = (args.text(1)?, args.text(2)?);
    let regex = regex(host, args.bytes(0)?)?;
    let parts = template_parts(&replacement, &regex);
    replace(&regex, &text, |found, add| {
        parts.iter().try_for_each(|part| match part {
            Part::Literal(literal) => add(literal),
            Part::Groups(groups) => {
                let matched = groups.iter().find_map(|group| found.get(*group));
                add(matched.map_or(&[], |group| text.bytes_of(group.range())))
            }
        })
    })
}

fn replace_all_literal(host: &mut dyn Host, args: Args<'_>) -> Result<Value> {
    let (text, replacement) = (args.text(1)?, args.bytes(2)?);
    let regex = regex(host, args.bytes(0)?)?;
    replace(&regex, &text, |_, add| add(replacement))
}

/// A part of a text that replaces matches.
enum Part<'t> {
    Literal(&'t [u8]),
    /// What the first of these groups that took part in the match matched.
    Groups(Vec<usize>),
}

/// The parts of a replacement: `$1`, `${1}`, `$name` and `${name}` are groups, as long as the name can be, and `$$` is a
/// dollar sign. What looks like none of them is literal, and a group that does not exist is empty.
fn template_parts<'t>(replacement: &Text<'t>, regex: &Regex) -> Vec<Part<'t>> {
    let template = replacement.characters();
    let (mut parts, mut literal, mut from) = (Vec::new(), 0, 0);
    while let Some(dollar) = template[from..].find('$').map(|found| from + found) {
        let rest = &template[dollar + 1..];
        if rest.starts_with('$') {
            parts.push(Part::Literal(replacement.bytes_of(literal..dollar + 1)));
            (literal, from) = (dollar + 2, dollar + 2);
            continue;
        }
        let braced = rest.strip_prefix('{');
        let name = braced.unwrap_or(rest);
        let name = &name[..name.find(|c| !is_of_name(c)).unwrap_or(name.len())];
        let end = dollar + 1 + name.len() + if braced.is_some() { 2 } else { 0 };
        if name.is_empty() || braced.is_some_and(|braced| !braced[name.len()..].starts_with('}')) {
            from = dollar + 1;
            continue;
        }
        parts.push(Part::Literal(replacement.bytes_of(literal..dollar)));
        parts.push(Part::Groups(groups_of(name, regex)));
        (literal, from) = (end, end);
    }
    parts.push(Part::Literal(replacement.bytes_of(literal..template.len())));
    parts
}

/// The groups of a name or number.
fn groups_of(name: &str, regex: &Regex) -> Vec<usize> {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    if let Some(number) = name.parse().ok().filter(|_| is_number) {
        return vec![number];
    }
    let is_named = |known: &str| {
        let known = known.strip_prefix('_').and_then(|known| known.rsplit_once('.'));
        known.is_some_and(|(known, _)| known == name)
    };
    let names = regex.capture_names().enumerate();
    names.filter(|(_, known)| known.is_some_and(is_named)).map(|(group, _)| group).collect()
}

/// The text with what `write` adds for each match.
fn replace(
    regex: &Regex,
    text: &Text<'_>,
    write: impl Fn(&regex::Captures<'_>, &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>,
) -> Result<Value> {
    let (mut out, mut copied) = (Buffer::default(), 0);
    for captures in regex.captures_iter(text.characters()) {
        work::spend(MATCH)?;
        let found = captures.get_match();
        out.push_bytes(text.bytes_of(copied..found.start()));
        copied = found.end();
        write(&captures, &mut |added| {
            if out.len().saturating_add(added.len()) > MAX_TEXT {
                return Err(Error::new(format!(
                    "the text with its replacements is too long: at most {MAX_TEXT} bytes are allowed"
                )));
            }
            out.push_bytes(added);
            Ok(())
        })?;
    }
    out.push_bytes(text.bytes_of(copied..text.characters().len()));
    Ok(out.into_value())
}

/// Go's `Split`: no empty part where a match stands at the very end of an empty rest, at most `count` parts.
fn split(host: &mut dyn Host, args: Args<'_>) -> Result<Value> {
    let (text, count) = (args.text(1)?, args.int(2)?);
    let pattern = args.bytes(0)?;
    let regex = regex(host, pattern)?;
    if count == 0 {
        return Ok(Value::List(List::new(Elem::Str, Vec::new()).appended()));
    }
    let length = text.characters().len();
    if !pattern.is_empty() && length == 0 {
        return Ok(Value::strings([""]));
    }
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let (mut start, mut end) = (0, 0);
    for found in regex.find_iter(text.characters()) {
        if parts.len() + 1 >= most {
            break;
        }
        work::spend(MATCH)?;
        end = found.start();
        if found.end() != 0 {
            parts.push(text.bytes_of(start..end));
        }
        start = found.end();
    }
    if end != length {
        parts.push(text.bytes_of(start..length));
    }
    Ok(Value::strings(parts))
}

fn quote_meta(text: &[u8]) -> Value {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if br"\.+*?()|[]{}^$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    Value::from_bytes(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        let matches = |pattern: &str, text: &str| compile(pattern).unwrap().is_match(text);
        assert!(!matches(r"^\d$", "\u{663}"));
        assert!(!matches(r"^\w$", "é"));
        assert!(matches(r"^[[]$", "["));
        assert!(matches(r"^[]a]+$", "]a"));
        assert!(matches(r"^[[:alpha:]\d&&]+$", "a1&"));
        assert!(matches("^[[:^alpha:]]+$", "12") && matches("[[:]+", "[:"));
        assert!(compile("[[:letter:]]").is_err() && compile("[[:a b:]]").is_err());
        assert!(matches(r"^\Qa.b\E$", "a.b"));
        assert!(matches(r#"^{"a":\d{1,2}}$"#, r#"{"a":12}"#) && matches("^a{,2}$", "a{,2}"));
        assert!(matches(r"^\p{L}\x{41}\pL{2}?$", "éAbc"));
        assert!(matches(r"^\08\1234[\101]\07\777$", "\0\u{38}S4A\u{7}\u{1ff}"));
        assert!(matches(r"^[--a]$", ".") && matches(r"^[a-]$", "-") && matches(r"^[a\-c]$", "-"));
        assert!(matches(r"^[a~~b]\<\_[&-+]$", "~<_*") && matches(r"^\p{^L}\P{^L}[\p{Greek}]$", "1aα"));
        for refused in [
            "a**",
            "a+{2}",
            "a*??",
            "a{1001}",
            "(?x) a",
            "(?=x)",
            "[a--]",
            r"[a-\d]",
            r"\1",
            r"\u0041",
            r"\é",
            r"\",
            "((a{100}){10}){2}",
            "(a{600}|b){2}",
            "(?P<é>a)",
            "(?P<>a)",
            "(?<a-b>a)",
        ] {
            assert!(compile(refused).is_err(), "{refused}");
        }
        for accepted in ["((a{100}){10}){1}", "(a{2}){500}", "((a{1000}){0}){9}", "(a{600}){1,}b{999}"] {
            assert!(compile(accepted).is_ok(), "{accepted}");
        }
        assert_eq!(quote_meta(b"a.b[c]").as_str(), Some(r"a\.b\[c\]"));
    }

    #[test]
    fn groups_can_share_a_name() {
        let regex = compile("(?P<x>a)|(?<x>b)|(?P<1c>c)").unwrap();
        assert_eq!(groups_of("x", &regex), [1, 2]);
        assert_eq!(groups_of("1c", &regex), [3]);
        assert_eq!(groups_of("2", &regex), [2]);
        assert!(groups_of("y", &regex).is_empty());
    }
}
