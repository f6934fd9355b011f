//! What Go does with untyped values: types, `fmt`'s `%v` and sorting.

use plimsoll_yaml::{Node, Value};
use std::fmt::Write as _;

/// The dynamic type of a decoded JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Bool,
    Int,
    Float,
    String,
    List,
    Map,
}

impl Type {
    /// `reflect.TypeOf`.
    pub(super) fn of(node: &Node) -> Self {
        match node.value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Int(_) => Self::Int,
            Value::Uint(_) | Value::Float(_) => Self::Float,
            Value::String(_) => Self::String,
            Value::Seq(_) => Self::List,
            Value::Map(_) => Self::Map,
        }
    }

    /// The type as `%s` prints it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Null => "%!s(<nil>)",
            Self::Bool => "bool",
            Self::Int => "int64",
            Self::Float => "float64",
            Self::String => "string",
            Self::List => "[]interface {}",
            Self::Map => "map[string]interface {}",
        }
    }
}

/// A value as `%v` prints it: `map[a:1 b:[x y]]`, keys sorted.
pub fn format(node: &Node) -> String {
    let mut out = String::new();
    write_value(&mut out, node);
    out
}

/// A list of values as `%v` prints it.
pub(super) fn format_list(items: &[Node]) -> String {
    let mut out = String::new();
    write_list(&mut out, items);
    out
}

/// A mapping as `%v` prints it.
pub(super) fn format_map(map: &plimsoll_yaml::Map) -> String {
    let mut out = String::new();
    write_map(&mut out, map);
    out
}

fn write_value(out: &mut String, node: &Node) {
    let _ = match &node.value {
        Value::Null => out.write_str("<nil>"),
        Value::Bool(flag) => write!(out, "{flag}"),
        Value::Int(number) => write!(out, "{number}"),
        Value::Uint(number) => write!(out, "{number}"),
        Value::Float(number) => out.write_str(&float(*number)),
        Value::String(text) => out.write_str(text),
        Value::Seq(items) => {
            write_list(out, items);
            Ok(())
        }
        Value::Map(map) => {
            write_map(out, map);
            Ok(())
        }
    };
}

fn write_list(out: &mut String, items: &[Node]) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        write_value(out, item);
    }
    out.push(']');
}

fn write_map(out: &mut String, map: &plimsoll_yaml::Map) {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    out.push_str("map[");
    for (index, entry) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(&entry.key);
        out.push(':');
        write_value(out, &entry.value);
    }
    out.push(']');
}

/// `%v` of a float: the shortest digits, with an exponent below 1e-4 and from 1e21 on.
fn float(number: f64) -> String {
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..21).contains(&exponent) {
        return number.to_string();
    }
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// `sort.Sort` with a `Less` that is also true of equal items, as those of `strategicpatch` are.
///
/// Up to twelve items this is an insertion sort, which turns a run of equal items around. Longer lists are sorted by
/// pattern-defeating quicksort; there the order of equal items is left as it is.
pub(super) fn sort_by_text<T>(items: &mut [T], text: impl Fn(&T) -> String) {
    const INSERTION: usize = 12;
    let mut keyed: Vec<(String, usize)> =
        items.iter().enumerate().map(|(index, item)| (text(item), index)).collect();
    if keyed.len() <= INSERTION {
        insertion_sort(&mut keyed, |a, b| a.0 <= b.0);
    } else {
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
    }
    permute(items, keyed.into_iter().map(|(_, index)| index).collect());
}

/// `sort.SliceStable` with a `less` that need not be an order.
pub(super) fn stable_sort<T>(items: &mut [T], less: impl Fn(&T, &T) -> bool) {
    const BLOCK: usize = 20;
    for block in items.chunks_mut(BLOCK) {
        insertion_sort(block, &less);
    }
    let (mut size, length) = (BLOCK, items.len());
    while size < length {
        let mut start = 0;
        while start + 2 * size <= length {
            sym_merge(items, start, start + size, start + 2 * size, &less);
            start += 2 * size;
        }
        if start + size < length {
            sym_merge(items, start, start + size, length, &less);
        }
        size *= 2;
    }
}

fn insertion_sort<T>(items: &mut [T], less: impl Fn(&T, &T) -> bool) {
    for end in 1..items.len() {
        let mut place = end;
        while place > 0 && less(&items[place], &items[place - 1]) {
            items.swap(place, place - 1);
            place -= 1;
        }
    }
}

/// `symMerge` of Go's `sort`: merges the sorted ranges `a..m` and `m..b` in place.
#[expect(clippy::many_single_char_names, reason = "the names of the algorithm's description")]
fn sym_merge<T>(items: &mut [T], a: usize, m: usize, b: usize, less: &impl Fn(&T, &T) -> bool) {
    if m - a == 1 {
        let (mut low, mut high) = (m, b);
        while low < high {
            let middle = usize::midpoint(low, high);
            if less(&items[middle], &items[a]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        items[a..low].rotate_left(1);
        return;
    }
    if b - m == 1 {
        let (mut low, mut high) = (a, m);
        while low < high {
            let middle = usize::midpoint(low, high);
            if less(&items[m], &items[middle]) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        items[low..=m].rotate_right(1);
        return;
    }
    let middle = usize::midpoint(a, b);
    let n = middle + m;
    let (mut start, mut end) = if m > middle { (n - b, middle) } else { (a, m) };
    let p = n - 1;
    while start < end {
        let c = usize::midpoint(start, end);
        if less(&items[p - c], &items[c]) {
            end = c;
        } else {
            start = c + 1;
        }
    }
    let split = n - start;
    if start < m && m < split {
        items[start..split].rotate_left(m - start);
    }
    if a < start && start < middle {
        sym_merge(items, a, start, middle, less);
    }
    if middle < split && split < b {
        sym_merge(items, middle, split, b, less);
    }
}

/// Puts the item at `order[i]` in place `i`.
fn permute<T>(items: &mut [T], order: Vec<usize>) {
    let mut target = vec![0; order.len()];
    for (place, from) in order.into_iter().enumerate() {
        target[from] = place;
    }
    for place in 0..target.len() {
        while target[place] != place {
            let to = target[place];
            items.swap(place, to);
            target.swap(place, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_yaml::emit::{format_json, format_json_float};

    #[test]
    fn short_lists_of_equal_items_are_turned_around() {
        let mut items = vec![("b", 1), ("a", 1), ("a", 2), ("a", 3)];
        sort_by_text(&mut items, |item| item.0.to_owned());
        assert_eq!(items, [("a", 3), ("a", 2), ("a", 1), ("b", 1)]);
    }

    #[test]
    fn the_stable_sort_keeps_equal_items_in_their_order() {
        let mut items: Vec<(usize, usize)> = (0..100).map(|index| (index * 37 % 10, index)).collect();
        let mut expected = items.clone();
        expected.sort_by_key(|item| item.0);
        stable_sort(&mut items, |a, b| a.0 < b.0);
        assert_eq!(items, expected);
    }

    #[test]
    fn values_are_printed_as_go_prints_them() {
        let text = r#"{"b":[1,"x",null,true],"a":{"c":1.5,"d":"<&>"}}"#;
        let sources = plimsoll_diag::Sources::new();
        let source = sources.add("a.json", text, plimsoll_diag::SourceKind::Stdin);
        let read = plimsoll_yaml::read(&sources, source, &plimsoll_yaml::ReadOptions::lenient());
        let root = read.output.unwrap().remove(0).root;
        assert_eq!(format(&root), "map[a:map[c:1.5 d:<&>] b:[1 x <nil> true]]");
        assert_eq!(format_json(&root), r#"{"a":{"c":1.5,"d":"\u003c\u0026\u003e"},"b":[1,"x",null,true]}"#);
        assert_eq!(
            (float(1e21), format_json_float(1e21), format_json_float(1e-7)),
            ("1e+21".to_owned(), "1e+21".to_owned(), "1e-7".to_owned())
        );
    }
}
