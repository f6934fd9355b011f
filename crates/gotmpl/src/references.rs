//! Which values the text of a template refers to, as its syntax tree says: the keys, the place, and what the
//! template does with the value.
//!
//! A reference is followed through `with` and `range`, through variables that are set once, through parentheses, through
//! `default` and `required`, and through `index`, `get` and `dig` with literal keys. Inside a `define`, and wherever a
//! `Values` field is reached in another way (`$root.Values`, `.context.Values`), the values are taken to be the chart's,
//! because most partials are called so. What a partial does with other arguments is not known.

use std::ops::Range;
use std::sync::Arc;

use super::ast::{Body, Branch, Command, Expr, File, Kind, Node, Pipe, Place};
use super::{parse, values};

/// The key in a path that stands for any item of a list, or any value of a map, in a `range`.
pub const ANY_ITEM: &str = "[]";

/// A reference to a value in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The keys that lead to the value, with [`ANY_ITEM`] among them; none for the values as a whole.
    pub path: Vec<String>,
    /// The bytes of the text that name it.
    pub range: Range<usize>,
    /// How the value is used.
    pub usage: Usage,
}

/// What a template does with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// It is written, or given to a function that needs it.
    Used,
    /// It is stored or passed on (`dict`, `include`): other code decides what an absent value means.
    Passed,
    /// The template handles an absent value: `if`, `default`, `hasKey`, `required`.
    Tested,
    /// The template itself sets the value, or keys below it: `set`, `mergeOverwrite`.
    Changed,
}

/// The references of a text, in its order; `None` if it is not a template.
pub fn references(text: &Arc<str>) -> Option<Vec<Reference>> {
    let file = parse::parse(Arc::clone(text)).ok()?;
    let mut collector = Collector { found: Vec::new(), variables: Vec::new(), dot: Symbol::Root };
    collector.file(&file);
    let mut found = collector.found;
    found.sort_by_key(|reference| reference.range.start);
    Some(found)
}

/// What an operand means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Symbol {
    /// The root that templates start from, with the field `Values`.
    Root,
    /// The value with these keys.
    Value(Vec<String>),
    Unknown,
}

/// A variable that is visible.
#[derive(Debug, Clone)]
struct Variable {
    symbol: Symbol,
    /// The operand that it was set from: what a reference through the variable points at.
    set_from: Option<Place>,
}

struct Collector {
    found: Vec<Reference>,
    /// The visible variables, by slot.
    variables: Vec<Variable>,
    dot: Symbol,
}

/// Functions that accept an absent value.
const TESTS: [&str; 21] = [
    "all",
    "and",
    "any",
    "coalesce",
    "default",
    "dig",
    "empty",
    "eq",
    "get",
    "has",
    "hasKey",
    "kindIs",
    "kindOf",
    "ne",
    "not",
    "or",
    "required",
    "ternary",
    "typeIs",
    "typeIsLike",
    "typeOf",
];

/// Functions that pass a value on.
const PASSES: [&str; 13] = [
    "append",
    "dict",
    "include",
    "list",
    "merge",
    "mergeOverwrite",
    "mustAppend",
    "mustMerge",
    "mustMergeOverwrite",
    "mustPrepend",
    "prepend",
    "set",
    "tuple",
];

/// Functions that change the map that is their first argument.
const MERGES: [&str; 4] = ["merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite"];

impl Collector {
    fn file(&mut self, file: &File) {
        for template in std::iter::once(&file.main).chain(file.defines.iter().map(|(_, template)| template)) {
            self.dot = Symbol::Root;
            self.variables = vec![Variable { symbol: Symbol::Root, set_from: None }];
            self.body(&template.body);
        }
    }

    fn body(&mut self, body: &Body) {
        for node in body {
            match node {
                Node::Text(_) | Node::Break(_) | Node::Continue(_) => {}
                Node::Action(action) => self.action(&action.pipe),
                Node::If(block) => self.scoped(|collector| {
                    collector.pipe(&block.pipe, Usage::Tested);
                    collector.block(block, None);
                }),
                Node::With(block) => self.scoped(|collector| {
                    collector.pipe(&block.pipe, Usage::Tested);
                    collector.block(block, Some(collector.symbol_of(&block.pipe)));
                }),
                Node::Range(block) => self.scoped(|collector| {
                    let item = item_of(collector.symbol_of(&block.pipe));
                    collector.commands(&block.pipe, Usage::Tested);
                    // The last variable stands for the items, one before it for their keys.
                    if let Some((last, keys)) = block.pipe.variables.split_last() {
                        for slot in keys {
                            collector.declare(*slot, Symbol::Unknown, None);
                        }
                        collector.declare(*last, item.clone(), None);
                    }
                    collector.block(block, Some(item));
                }),
                Node::Template { pipe, .. } => {
                    if let Some(pipe) = pipe {
                        self.pipe(pipe, Usage::Passed);
                    }
                }
            }
        }
    }

    /// Runs `collect` and forgets the variables that it declares.
    fn scoped(&mut self, collect: impl FnOnce(&mut Self)) {
        let outer = self.variables.len();
        collect(self);
        self.variables.truncate(outer);
    }

    fn action(&mut self, pipe: &Pipe) {
        // The use of the variable decides, if it is a value.
        let stored = !pipe.variables.is_empty() && self.symbol_of(pipe) != Symbol::Unknown;
        self.pipe(pipe, if stored { Usage::Passed } else { Usage::Used });
    }

    /// A block, in whose body `.` is `dot` if the block changes it.
    fn block(&mut self, block: &Branch, dot: Option<Symbol>) {
        let before = dot.map(|dot| std::mem::replace(&mut self.dot, dot));
        let declared = self.variables.len();
        self.body(&block.body);
        self.variables.truncate(declared);
        if let Some(before) = before {
            self.dot = before;
        }
        self.body(&block.otherwise);
    }

    /// The references of a pipeline, and how its value is used. Its variables are visible from here on.
    fn pipe(&mut self, pipe: &Pipe, usage: Usage) {
        self.commands(pipe, usage);
        let symbol = self.symbol_of(pipe);
        let origin = pipe.commands.first().map(place_of);
        for slot in &pipe.variables {
            self.declare(*slot, symbol.clone(), origin);
        }
    }

    fn commands(&mut self, pipe: &Pipe, usage: Usage) {
        for (index, command) in pipe.commands.iter().enumerate() {
            let later = pipe.commands[index + 1..].iter().filter_map(called).map(class_of);
            self.command(command, later.fold(usage, Usage::max));
        }
    }

    /// Notes what a variable means from here on, and the operand that it was set from.
    fn declare(&mut self, slot: usize, symbol: Symbol, set_from: Option<Place>) {
        let unknown = Variable { symbol: Symbol::Unknown, set_from: None };
        if let Some(variable) = self.variables.get_mut(slot) {
            // Assigned: whether this was reached is decided at run time.
            *variable = unknown;
        } else {
            self.variables.resize(slot, unknown);
            self.variables.push(Variable { symbol, set_from });
        }
    }

    fn command(&mut self, command: &Command, usage: Usage) {
        let Command { head, args } = command;
        let Some(name) = called(command) else {
            self.expr(head, usage);
            return self.exprs(args, Usage::Used);
        };
        let usage = usage.max(class_of(name));
        match (name, &**args) {
            ("set", [map, key, value @ ..]) => {
                if !self.change(map, literal(key), head.place.to(key.place)) {
                    self.expr(map, usage);
                }
                self.expr(key, usage);
                self.exprs(value, usage);
            }
            (_, [first, ..]) => {
                if MERGES.contains(&name) {
                    self.change(first, None, head.place.to(first.place));
                }
                if name == "dict" {
                    args.chunks(2).for_each(|pair| self.replaced_values(pair));
                }
                match self.looked_up(name, args) {
                    Some(path) => self.refer(path, place_of(command), usage),
                    None => self.exprs(args, usage),
                }
            }
            (_, []) => {}
        }
    }

    fn exprs(&mut self, exprs: &[Expr], usage: Usage) {
        for expr in exprs {
            self.expr(expr, usage);
        }
    }

    /// `set MAP KEY ..`, `merge MAP ..`: the template itself sets the key, or any key. Returns whether the map is known
    /// to be a value.
    fn change(&mut self, map: &Expr, key: Option<&str>, place: Place) -> bool {
        match self.symbol(map) {
            Symbol::Value(mut path) => {
                path.extend(key.map(str::to_owned));
                self.refer(path, place, Usage::Changed);
                true
            }
            // `set $ "Values" ..`
            Symbol::Root | Symbol::Unknown => {
                if key == Some("Values") {
                    self.refer(Vec::new(), place, Usage::Changed);
                }
                false
            }
        }
    }

    /// `dict "Values" ..`: partials that get this map may see other values than the chart's.
    fn replaced_values(&mut self, pair: &[Expr]) {
        if let [key, value] = pair
            && literal(key) == Some("Values")
            && self.symbol(value) != Symbol::Value(Vec::new())
        {
            self.refer(Vec::new(), key.place.to(value.place), Usage::Changed);
        }
    }

    /// The value that `index`, `get`, `hasKey` or `dig` finds by literal keys.
    fn looked_up(&self, name: &str, args: &[Expr]) -> Option<Vec<String>> {
        let (("index" | "get" | "hasKey", [map, keys @ ..]) | ("dig", [keys @ .., _, map])) = (name, args)
        else {
            return None;
        };
        let keys: Option<Vec<_>> = keys.iter().map(literal).collect();
        let symbol = keys?.into_iter().fold(self.symbol(map), step);
        match symbol {
            Symbol::Value(path) => Some(path),
            Symbol::Root | Symbol::Unknown => None,
        }
    }

    /// The references of an operand.
    fn expr(&mut self, expr: &Expr, usage: Usage) {
        match &expr.kind {
            Kind::Pipe(pipe) => self.pipe(pipe, usage),
            Kind::Chain(inner, _) => match self.symbol(expr) {
                // `(.Values.a).b` is how a template reads what may be absent.
                Symbol::Value(path) => self.refer(path, expr.place, Usage::Tested),
                Symbol::Root => {}
                Symbol::Unknown => self.expr(inner, Usage::Tested),
            },
            Kind::Str(text) => self.text(text, expr.place),
            _ => {
                if let Symbol::Value(path) = self.symbol(expr) {
                    self.refer(path, self.origin(expr), usage);
                }
            }
        }
    }

    /// A literal text may be a template for `tpl`.
    fn text(&mut self, text: &Arc<str>, place: Place) {
        if text.contains("{{") {
            for reference in references(text).unwrap_or_default() {
                self.refer(reference.path, place, Usage::Passed);
            }
        }
    }

    fn refer(&mut self, path: Vec<String>, place: Place, usage: Usage) {
        self.found.push(Reference { path, range: place.start as usize..place.end as usize, usage });
    }

    /// The place that names the value: for a variable, the operand that it was set from.
    fn origin(&self, expr: &Expr) -> Place {
        let origin = match &expr.kind {
            Kind::Variable(slot, fields) if fields.is_empty() => {
                self.variables.get(*slot).and_then(|variable| variable.set_from)
            }
            _ => None,
        };
        origin.unwrap_or(expr.place)
    }

    fn symbol_of(&self, pipe: &Pipe) -> Symbol {
        let Some((first, rest)) = pipe.commands.split_first() else { return Symbol::Unknown };
        // A value that has a default, or must be there, is still that value.
        let keeps_value = |command: &Command| {
            matches!((called(command), command.args.len()), (Some("default" | "required"), 1))
        };
        if rest.iter().all(keeps_value) { self.symbol_of_command(first) } else { Symbol::Unknown }
    }

    fn symbol_of_command(&self, command: &Command) -> Symbol {
        match (called(command), &*command.args) {
            (None, []) => self.symbol(&command.head),
            (Some("set"), [map, ..]) => self.symbol(map),
            (Some("default" | "required"), [_, value]) => self.symbol(value),
            (Some(name), args) => self.looked_up(name, args).map_or(Symbol::Unknown, Symbol::Value),
            (None, _) => Symbol::Unknown,
        }
    }

    /// What an operand means.
    fn symbol(&self, expr: &Expr) -> Symbol {
        let (start, fields) = match &expr.kind {
            Kind::Dot => return self.dot.clone(),
            Kind::Field(fields) => (self.dot.clone(), &**fields),
            Kind::Variable(slot, fields) => {
                let variable = self.variables.get(*slot);
                (variable.map_or(Symbol::Unknown, |variable| variable.symbol.clone()), &**fields)
            }
            Kind::Pipe(pipe) => return self.symbol_of(pipe),
            Kind::Chain(inner, fields) => (self.symbol(inner), &**fields),
            _ => return Symbol::Unknown,
        };
        match start {
            _ if fields.is_empty() => start,
            Symbol::Value(_) => fields.iter().fold(start, |symbol, field| step(symbol, field)),
            Symbol::Root | Symbol::Unknown => below_values(fields.iter().map(|field| &**field)),
        }
    }
}

/// What a chain of fields leads to that does not start in the values. `Subcharts.NAME.Values` leads to the values of the
/// sub-chart, which the parent has under its name.
fn below_values<'a>(fields: impl Iterator<Item = &'a str>) -> Symbol {
    let fields: Vec<&str> = fields.collect();
    let Some(values_index) = fields.iter().position(|field| *field == "Values") else {
        return Symbol::Unknown;
    };
    let subchart =
        fields[..values_index].windows(2).filter(|pair| pair[0] == "Subcharts").map(|pair| pair[1]);
    let path = subchart.map(str::to_owned).collect();
    fields[values_index + 1..].iter().fold(Symbol::Value(path), |symbol, field| step(symbol, field))
}

/// What the items of a list, or the values of a map, are.
fn item_of(symbol: Symbol) -> Symbol {
    match symbol {
        Symbol::Value(path) if !path.is_empty() => step(Symbol::Value(path), ANY_ITEM),
        _ => Symbol::Unknown,
    }
}

/// What a key of a value leads to. The methods of the values as a whole lead anywhere.
fn step(symbol: Symbol, key: &str) -> Symbol {
    match symbol {
        Symbol::Value(path) if path.is_empty() && values::method(key).is_some() => Symbol::Value(path),
        Symbol::Value(mut path) => {
            path.push(key.to_owned());
            Symbol::Value(path)
        }
        Symbol::Root if key == "Values" => Symbol::Value(Vec::new()),
        Symbol::Root | Symbol::Unknown => Symbol::Unknown,
    }
}

/// The function that a command calls.
fn called(command: &Command) -> Option<&'static str> {
    match command.head.kind {
        Kind::Function(function) => Some(function.name),
        _ => None,
    }
}

fn place_of(command: &Command) -> Place {
    command.args.last().map_or(command.head.place, |last| command.head.place.to(last.place))
}

/// How a function uses its arguments.
fn class_of(function: &str) -> Usage {
    if TESTS.contains(&function) {
        Usage::Tested
    } else if PASSES.contains(&function) {
        Usage::Passed
    } else {
        Usage::Used
    }
}

fn literal(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        Kind::Str(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The references as `path usage`, each usage by its first letter.
    fn found(text: &str) -> Vec<String> {
        let letter = |usage| match usage {
            Usage::Used => "u",
            Usage::Passed => "p",
            Usage::Tested => "t",
            Usage::Changed => "c",
        };
        let all = references(&Arc::from(text)).unwrap();
        all.iter().map(|r| format!("{} {}", r.path.join("."), letter(r.usage))).collect()
    }

    #[test]
    fn usage_depends_on_functions_and_blocks() {
        for (text, expected) in [
            ("{{ .Values.a.b }}", &["a.b u"][..]),
            ("{{ .Values.a | quote }}{{ quote $.Values.b }}", &["a u", "b u"]),
            ("{{ .Values.a | default 1 }}{{ default .Values.b 1 }}", &["a t", "b t"]),
            ("{{ printf \"%s\" .Values.a | trunc 3 | default 1 }}", &["a t"]),
            ("{{ required \"\" .Values.a }}{{ and (contains \"x\" .Values.b) 1 }}", &["a t", "b t"]),
            ("{{ if .Values.a }}{{ .Values.b }}{{ else if .Values.c }}{{ end }}", &["a t", "b u", "c t"]),
            ("{{ range .Values.a }}{{ .b }}{{ else }}{{ .Values.c }}{{ end }}", &["a t", "a.[].b u", "c u"]),
            ("{{ include \"x\" (dict \"a\" .Values.a) }}", &["a p"]),
            ("{{ template \"x\" .Values.a }}", &["a p"]),
            ("{{ (.Values.a).b }}", &["a.b t"]),
            ("{{ toYaml .Values }}", &[" u"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn values_are_followed_through_with_variables_and_lookups() {
        for (text, expected) in [
            ("{{ with .Values.a }}{{ .b }}{{ $.Values.c }}{{ end }}", &["a t", "a.b u", "c u"][..]),
            (
                "{{ with $x := .Values.a }}{{ $x.b }}{{ else }}{{ .Values.c }}{{ end }}",
                &["a t", "a.b u", "c u"],
            ),
            ("{{ $x := .Values.a }}{{ $x.b }}", &["a p", "a.b u"]),
            ("{{ $x := .Values.a }}{{ if $x }}{{ end }}", &["a p", "a t"]),
            ("{{ $x := .Values.a }}{{ if 1 }}{{ $x = 1 }}{{ end }}{{ $x.b }}", &["a p"]),
            ("{{ if 1 }}{{ $x := .Values.a }}{{ else }}{{ $y := 1 }}{{ $y }}{{ end }}", &["a p"]),
            (
                "{{ range $k, $v := .Values.a }}{{ $k }}{{ $v.b }}{{ .c }}{{ end }}",
                &["a t", "a.[].b u", "a.[].c u"],
            ),
            (
                "{{ range $v := .Values.a }}{{ $v }}{{ range .b }}{{ . }}{{ end }}{{ end }}",
                &["a t", "a.[] u", "a.[].b t", "a.[].b.[] u"],
            ),
            ("{{ range .Values }}{{ .b }}{{ end }}{{ range until 3 }}{{ . }}{{ end }}", &[" t"]),
            ("{{ with .Values.a | default dict }}{{ .b }}{{ end }}", &["a t", "a.b u"]),
            ("{{ $x := required \"a\" .Values.a }}{{ $x.b }}", &["a t", "a.b u"]),
            ("{{ with .Values.a | toYaml }}{{ .b }}{{ end }}", &["a t"]),
            ("{{ $root := . }}{{ $root.Values.a }}{{ .context.Values.b }}", &["a u", "b u"]),
            ("{{ index .Values \"a\" \"b-c\" }}{{ index .Values.a .x }}", &["a.b-c u", "a u"]),
            ("{{ (index .Values \"a\").b }}", &["a.b t"]),
            ("{{ hasKey .Values.a \"b\" }}{{ get .Values \"c\" }}", &["a.b t", "c t"]),
            ("{{ dig \"b\" \"c\" 1 .Values.a }}", &["a.b.c t"]),
            ("{{ get .Values.a .x }}", &["a t"]),
            ("{{ .Subcharts.db.Values.port }}", &["db.port u"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn methods_and_texts_are_no_keys() {
        assert_eq!(found("{{ .Values.AsMap | toYaml }}{{ .Values.Table \"a\" }}"), [" u", " u"]);
        assert_eq!(found("{{ fail \"set .Values.a\" }}{{/* .Values.b */}} .Values.c"), [""; 0]);
        assert_eq!(found("{{ tpl `{{ .Values.a }}` . }}"), ["a p"]);
        assert_eq!(references(&Arc::from("{{ $labels.x }}")), None);
    }

    #[test]
    fn what_templates_set_is_changed() {
        assert_eq!(found("{{ $_ := set .Values.a \"b\" .Values.c }}"), ["a.b c", "c p"]);
        assert_eq!(found("{{ $v := .Values }}{{ $_ := set $v \"b\" 1 }}"), [" p", "b c"]);
        assert_eq!(found("{{ $_ := set .Values .key 1 }}"), [" c"]);
        assert_eq!(found("{{ $_ := mergeOverwrite .Values.a .Values.b }}"), ["a c", "a p", "b p"]);
        assert_eq!(found("{{ include \"x\" (dict \"Values\" .Values.a) }}"), [" c", "a p"]);
        assert_eq!(found("{{ include \"x\" (dict \"Values\" .Values) }}"), [" p"]);
    }

    #[test]
    fn a_reference_through_a_variable_points_at_what_it_was_set_from() {
        let text = "{{ $x := .Values.a }}{{ $x }}";
        let all = references(&Arc::from(text)).unwrap();
        assert_eq!(all.iter().map(|r| &text[r.range.clone()]).collect::<Vec<_>>(), [".Values.a"; 2]);
    }
}
