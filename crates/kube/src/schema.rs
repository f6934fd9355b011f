//! The fields and types of the Kubernetes API, for every version known.
//!
//! The data is `data/schemas.txt`, written by `tools/k8s-schema/generate` from the API's published
//! OpenAPI documents; the generator's documentation describes the format. It is read once, on first use: the
//! kinds, which every render asks for, apart from their fields, which only validation does.

use super::Version;
use super::gates::{Feature, GATED_FIELDS, gate};
use plimsoll_yaml::{Entry, Node, Value};
use std::fmt::Write as _;
use std::sync::OnceLock;

/// The kinds come first, then the types, each followed by its fields.
const DATA: &str = include_str!("data/schemas.txt");

/// Every type that the API has, in any version known.
#[derive(Debug)]
pub struct Schemas {
    types: Vec<Type>,
    fields: Vec<Field>,
}

/// One kind that the API serves.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// `apps/v1`.
    pub api_version: &'static str,
    /// `StatefulSet`.
    pub kind: &'static str,
    /// `statefulsets`.
    pub plural: &'static str,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// The name of the type of the whole object, e.g. `apps.v1.StatefulSet`.
    pub type_name: &'static str,
    since: Since,
}

/// Every kind of every version, sorted by `apiVersion` and kind.
pub fn kinds() -> &'static [Kind] {
    static KINDS: OnceLock<Vec<Kind>> = OnceLock::new();
    KINDS.get_or_init(|| {
        DATA.lines().map_while(|line| line.strip_prefix("kind ")).filter_map(Kind::parse).collect()
    })
}

/// A kind by its `apiVersion` and name, in whatever version of Kubernetes.
pub fn kind(api_version: &str, kind: &str) -> Option<&'static Kind> {
    let index =
        kinds().binary_search_by(|probe| (probe.api_version, probe.kind).cmp(&(api_version, kind))).ok()?;
    kinds().get(index)
}

/// A kind by its group and name: in the newest stable version of the group's API, or the newest one if none is stable.
pub fn kind_in_group(group: &str, kind: &str) -> Option<&'static Kind> {
    let versions = kinds().iter().filter(|found| found.kind == kind && found.group() == group);
    versions.max_by_key(|found| (found.is_stable(), found.api_version))
}

/// Drops the fields that `version` does not have from an object of a kind of Kubernetes itself, at any depth. Other
/// objects stay as they are.
pub fn drop_unknown(api_version: &str, kind_name: &str, version: Version, root: &mut Node) {
    let keep = |field: Option<&Field>| field.is_some();
    Schemas::get().retain_fields_of(kind(api_version, kind_name), version, root, &keep);
}

/// Drops the fields that `version` knows and has turned off from a new object of a kind of Kubernetes itself, at any
/// depth, as the server does before it validates the object.
pub fn drop_disabled(kind: Option<&Kind>, version: Version, root: &mut Node) {
    let keep = |field: Option<&Field>| field.is_none_or(|field| field.is_on_in(version));
    Schemas::get().retain_fields_of(kind, version, root, &keep);
}

/// The fields of an object that `version` knows and has turned off, with the way to each (`spec.volumes[0].image`) and its
/// feature gate.
pub fn disabled_fields<'a>(
    kind: Option<&Kind>,
    version: Version,
    root: &'a Node,
) -> Vec<(String, Feature, &'a Node)> {
    let schemas = Schemas::get();
    let mut found = Vec::new();
    if let Some(ty) = kind.and_then(|kind| schemas.type_named(kind.type_name)) {
        schemas.find_disabled(Ty::of_object(ty), version, root, &mut Vec::new(), &mut found);
    }
    found
}

/// A step of the way to a field.
enum Step<'a> {
    Field(&'a str),
    Item(usize),
}

/// A way as the server writes it.
fn written(path: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in path {
        let dot = if text.is_empty() { "" } else { "." };
        let _ = match step {
            Step::Field(name) => write!(text, "{dot}{name}"),
            Step::Item(index) => write!(text, "[{index}]"),
        };
    }
    text
}

/// Turns the nulls of an object of a built-in kind into what the server decodes them as, at any depth: fields are dropped,
/// values of maps and items of lists become the zero value of their type. Other objects stay as they are.
pub fn decode_nulls(api_version: &str, kind_name: &str, version: Version, root: &mut Node) {
    let schemas = Schemas::get();
    if let Some(ty) = kind(api_version, kind_name).and_then(|kind| schemas.type_named(kind.type_name)) {
        schemas.decode_nulls_below(Ty::of_object(ty), version, root);
    }
}

/// Names one type of the API. They sort as the names do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeId(u16);

/// One type with fields.
#[derive(Debug)]
struct Type {
    name: &'static str,
    /// A range of [`Schemas::fields`], sorted by name.
    fields: (u32, u32),
}

/// One field of a type.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub ty: Ty,
    since: Since,
    gate: Option<Feature>,
    head: u64,
}

/// The first eight bytes of a name as a number: most comparisons of names need no more, and they sort alike.
fn head(name: &str) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    u64::from_be_bytes(bytes)
}

/// The versions that have something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Since {
    first: Version,
    last: Version,
}

impl Since {
    /// Reads `34..`, `..35`, `34..35` or nothing.
    pub(crate) fn parse(text: Option<&str>) -> Self {
        let (first, last) = text.and_then(|text| text.split_once("..")).unwrap_or_default();
        let minor = |text: &str| text.parse().ok().and_then(Version::from_minor);
        Self { first: minor(first).unwrap_or(Version::MIN), last: minor(last).unwrap_or(Version::MAX) }
    }

    pub(crate) fn contains(self, version: Version) -> bool {
        (self.first..=self.last).contains(&version)
    }
}

/// The type of a value: lists or maps, at most four deep, of a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ty {
    /// Two bits per level, outermost lowest: 1 is a list, 2 a map.
    wraps: u8,
    base: Base,
}

/// What a type is at its outermost level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A list of such items.
    List(Ty),
    /// A map with free keys and such values.
    Map(Ty),
    /// Neither.
    Base(Base),
}

/// A type that is neither list nor map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// An object with known fields.
    Object(TypeId),
    /// A string.
    String,
    /// A boolean.
    Bool,
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// Any number.
    Float,
    /// Bytes, in base64.
    Bytes,
    /// A point in time, as RFC 3339 writes it.
    Time,
    /// An integer of 32 bits or a string.
    IntOrString,
    /// A quantity: a string or a number.
    Quantity,
    /// Anything.
    Any,
}

impl Ty {
    const MAX_WRAPS: usize = 4;

    /// An object with known fields.
    pub(crate) fn of_object(id: TypeId) -> Self {
        Self { wraps: 0, base: Base::Object(id) }
    }

    /// The outermost level, and what is inside.
    pub fn shape(self) -> Shape {
        let inner = Self { wraps: self.wraps >> 2, base: self.base };
        match self.wraps & 3 {
            1 => Shape::List(inner),
            2 => Shape::Map(inner),
            _ => Shape::Base(self.base),
        }
    }

    /// The object type that it holds, whatever lists and maps it is wrapped in.
    pub fn object(self) -> Option<TypeId> {
        match self.base {
            Base::Object(id) => Some(id),
            _ => None,
        }
    }
}

impl Kind {
    /// Reads what follows `kind`; nothing comes of a subresource.
    fn parse(line: &'static str) -> Option<Self> {
        let mut words = line.split(' ');
        let (api_version, kind, plural) = (words.next()?, words.next()?, words.next()?);
        let (scope, type_name) = (words.next()?, words.next()?);
        let namespaced = scope == "N";
        (scope != "S").then(|| Self {
            api_version,
            kind,
            plural,
            namespaced,
            type_name,
            since: Since::parse(words.next()),
        })
    }

    /// `apps`; empty for the core group.
    pub fn group(&self) -> &'static str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Whether `version` serves it. Alpha and beta versions of an API exist but are not served unless an
    /// administrator turns them on.
    pub fn exists_in(&self, version: Version) -> bool {
        self.since.contains(version)
    }

    /// Whether it is on without an administrator's doing. Beta APIs are not, unless their group had one before 1.24.
    pub fn is_on_by_default(&self) -> bool {
        self.is_stable() || self.api_version == "flowcontrol.apiserver.k8s.io/v1beta3"
    }

    /// Whether it is a stable API, not alpha or beta.
    pub fn is_stable(&self) -> bool {
        let version = self.api_version.rsplit('/').next().unwrap_or_default();
        !version.contains("alpha") && !version.contains("beta")
    }

    /// The first version that has it, of those known.
    pub fn first(&self) -> Version {
        self.since.first
    }

    /// The last version that has it, of those known.
    pub fn last(&self) -> Version {
        self.since.last
    }
}

impl Field {
    /// Whether the server reads it in `version`: not if a feature gate that is off by default stands before it.
    pub fn is_on_in(&self, version: Version) -> bool {
        self.gate.is_none_or(|feature| gate(feature, version))
    }

    /// Whether `version` has it.
    pub fn exists_in(&self, version: Version) -> bool {
        self.since.contains(version)
    }

    /// The first version that has it, of those known.
    pub fn first(&self) -> Version {
        self.since.first
    }

    /// The last version that has it, of those known.
    pub fn last(&self) -> Version {
        self.since.last
    }
}

impl Schemas {
    /// The data.
    pub fn get() -> &'static Self {
        static SCHEMAS: OnceLock<Schemas> = OnceLock::new();
        SCHEMAS.get_or_init(|| Self::parse(DATA))
    }

    /// The type of that name, e.g. `core.v1.PodSpec`.
    pub fn type_named(&self, name: &str) -> Option<TypeId> {
        let index = self.types.binary_search_by(|probe| probe.name.cmp(name)).ok()?;
        u16::try_from(index).ok().map(TypeId)
    }

    /// The name of a type, e.g. `core.v1.PodSpec`.
    pub fn name(&self, id: TypeId) -> &'static str {
        self.types.get(usize::from(id.0)).map_or("", |ty| ty.name)
    }

    /// The fields of a type in any version, sorted by name.
    pub fn fields(&self, id: TypeId) -> &[Field] {
        let range = self.types.get(usize::from(id.0)).map_or((0, 0), |ty| ty.fields);
        self.fields.get(range.0 as usize..range.1 as usize).unwrap_or_default()
    }

    fn fields_mut(&mut self, id: TypeId) -> &mut [Field] {
        let range = self.types.get(usize::from(id.0)).map_or((0, 0), |ty| ty.fields);
        self.fields.get_mut(range.0 as usize..range.1 as usize).unwrap_or_default()
    }

    /// The field of a type that `version` has.
    pub fn field(&self, id: TypeId, name: &str, version: Version) -> Option<&Field> {
        let fields = self.fields(id);
        let wanted = (head(name), name);
        let start = fields.partition_point(|field| (field.head, field.name) < wanted);
        let candidates = fields.get(start..)?.iter().take_while(|field| field.name == name);
        candidates.into_iter().find(|field| field.exists_in(version))
    }

    fn find_disabled<'a>(
        &self,
        ty: Ty,
        version: Version,
        node: &'a Node,
        path: &mut Vec<Step<'a>>,
        found: &mut Vec<(String, Feature, &'a Node)>,
    ) {
        match (ty.shape(), &node.value) {
            (Shape::Base(Base::Object(id)), Value::Map(map)) => {
                for entry in map {
                    let Some(field) = self.field(id, &entry.key, version) else { continue };
                    path.push(Step::Field(&entry.key));
                    match field.gate {
                        Some(feature) if !gate(feature, version) => {
                            found.push((written(path), feature, &entry.value));
                        }
                        _ => self.find_disabled(field.ty, version, &entry.value, path, found),
                    }
                    path.pop();
                }
            }
            (Shape::List(inner), Value::Seq(items)) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(Step::Item(index));
                    self.find_disabled(inner, version, item, path, found);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// Drops the fields that `keep` does not want from an object of a kind; it is given nothing for a field that
    /// `version` does not have.
    fn retain_fields_of(
        &self,
        kind: Option<&Kind>,
        version: Version,
        root: &mut Node,
        keep: &impl Fn(Option<&Field>) -> bool,
    ) {
        if let Some(ty) = kind.and_then(|kind| self.type_named(kind.type_name)) {
            self.retain_fields(ty, version, root, keep);
        }
    }

    fn retain_fields(
        &self,
        id: TypeId,
        version: Version,
        node: &mut Node,
        keep: &impl Fn(Option<&Field>) -> bool,
    ) {
        let Some(map) = node.as_map_mut() else { return };
        map.retain(|entry| {
            let field = self.field(id, &entry.key, version);
            let kept = keep(field);
            if let (true, Some(field)) = (kept, field) {
                self.retain_below(field.ty, version, &mut entry.value, keep);
            }
            kept
        });
    }

    fn retain_below(
        &self,
        ty: Ty,
        version: Version,
        node: &mut Node,
        keep: &impl Fn(Option<&Field>) -> bool,
    ) {
        match (ty.shape(), &mut node.value) {
            (Shape::Base(Base::Object(id)), _) => self.retain_fields(id, version, node, keep),
            (Shape::List(inner), Value::Seq(items)) => {
                for item in items {
                    self.retain_below(inner, version, item, keep);
                }
            }
            (Shape::Map(inner), Value::Map(map)) => {
                for entry in map.iter_mut() {
                    self.retain_below(inner, version, &mut entry.value, keep);
                }
            }
            _ => {}
        }
    }

    fn decode_nulls_below(&self, ty: Ty, version: Version, node: &mut Node) {
        match (ty.shape(), &mut node.value) {
            (Shape::Base(Base::Object(id)), Value::Map(map)) => {
                map.retain(|entry| !entry.value.is_null());
                let nested = |entry: &&mut Entry| entry.value.is_collection();
                for entry in map.iter_mut().filter(nested) {
                    if let Some(field) = self.field(id, &entry.key, version) {
                        self.decode_nulls_below(field.ty, version, &mut entry.value);
                    }
                }
            }
            (Shape::List(inner), Value::Seq(items)) => {
                for item in items {
                    self.decode_value(inner, version, item);
                }
            }
            (Shape::Map(inner), Value::Map(map)) => {
                for entry in map.iter_mut() {
                    self.decode_value(inner, version, &mut entry.value);
                }
            }
            _ => {}
        }
    }

    /// Decodes a value of a map or an item of a list, which unlike a field cannot be absent.
    fn decode_value(&self, ty: Ty, version: Version, node: &mut Node) {
        if !node.is_null() {
            return self.decode_nulls_below(ty, version, node);
        }
        node.value = match ty.shape() {
            Shape::Base(Base::Object(_)) => Value::Map(plimsoll_yaml::Map::new()),
            Shape::Base(Base::String | Base::Bytes) => Value::String(String::new()),
            Shape::Base(Base::Quantity) => Value::String("0".to_owned()),
            Shape::Base(Base::Bool) => Value::Bool(false),
            Shape::Base(Base::Int32 | Base::Int64 | Base::Float | Base::IntOrString) => Value::Int(0),
            Shape::List(_) | Shape::Map(_) | Shape::Base(Base::Time | Base::Any) => Value::Null,
        };
    }

    /// Reads the text. What it does not understand it leaves out; a test sees to it that there is nothing
    /// of the kind.
    fn parse(text: &'static str) -> Self {
        let mut types = Vec::with_capacity(1024);
        let mut fields: Vec<(&'static str, &'static str, Since)> = Vec::with_capacity(4096);
        let mut position = 0;
        for line in text.lines() {
            if let Some(field) = line.strip_prefix(' ') {
                let mut words = field.split(' ');
                let (Some(name), Some(ty)) = (words.next(), words.next()) else { continue };
                fields.push((name, ty, Since::parse(words.next())));
                position += 1;
            } else if let Some(name) = line.strip_prefix("type ") {
                types.push(Type { name, fields: (position, position) });
            }
            if let Some(ty) = types.last_mut() {
                ty.fields.1 = position;
            }
        }
        let mut schemas = Self { types, fields: Vec::new() };
        schemas.fields = fields
            .into_iter()
            .map(|(name, ty, since)| Field { name, ty: schemas.ty(ty), since, gate: None, head: head(name) })
            .collect();
        for (ty, name, feature) in GATED_FIELDS {
            for field in schemas.type_named(ty).map_or(&mut [][..], |id| schemas.fields_mut(id)) {
                if field.name == *name {
                    field.gate = Some(*feature);
                }
            }
        }
        schemas
    }

    fn ty(&self, text: &str) -> Ty {
        let mut rest = text;
        let mut wraps = 0;
        for level in 0..Ty::MAX_WRAPS {
            let (bits, inner) = match (rest.strip_prefix('['), rest.strip_prefix('{')) {
                (Some(inner), _) => (1, inner),
                (_, Some(inner)) => (2, inner),
                _ => break,
            };
            wraps |= bits << (2 * level);
            rest = inner;
        }
        let base = match rest {
            "s" => Base::String,
            "b" => Base::Bool,
            "i32" => Base::Int32,
            "i64" => Base::Int64,
            "f" => Base::Float,
            "y" => Base::Bytes,
            "t" => Base::Time,
            "io" => Base::IntOrString,
            "q" => Base::Quantity,
            name => {
                name.strip_prefix('@').and_then(|name| self.type_named(name)).map_or(Base::Any, Base::Object)
            }
        };
        Ty { wraps, base }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_data_is_understood() {
        let text = DATA;
        let schemas = Schemas::get();
        let lines = text.lines().count();
        let subresources = text.lines().filter(|line| line.split(' ').nth(4) == Some("S")).count();
        assert_eq!(kinds().len() + schemas.types.len() + schemas.fields.len() + subresources, lines);
        let any = text
            .lines()
            .filter(|line| {
                line.starts_with(' ') && line.split(' ').nth(2).is_some_and(|ty| ty.ends_with("any"))
            })
            .count();
        let read_as_any = schemas.fields.iter().filter(|field| field.ty.base == Base::Any).count();
        assert_eq!(read_as_any, any, "a type the reader does not know counts as `any`");
        assert!(schemas.types.is_sorted_by_key(|ty| ty.name));
        assert!(kinds().is_sorted_by_key(|kind| (kind.api_version, kind.kind)));
        assert!(kinds().iter().all(|kind| schemas.type_named(kind.type_name).is_some()));
        for index in 0..schemas.types.len() {
            let fields = schemas.fields(TypeId(u16::try_from(index).unwrap()));
            assert!(fields.is_sorted_by_key(|field| field.name));
        }
    }

    #[test]
    fn nulls_are_decoded_by_their_type() {
        let null = || Node::bare(Value::Null);
        let map = |entries: Vec<(&str, Node)>| {
            let mut map = plimsoll_yaml::Map::new();
            for (key, value) in entries {
                map.insert(key, plimsoll_diag::Span::NONE, value);
            }
            Node::bare(map)
        };
        let spec = |container: Node, group: Node| {
            let context = map(vec![("supplementalGroups", Node::bare(vec![group]))]);
            map(vec![("containers", Node::bare(vec![container])), ("securityContext", context)])
        };
        let limits = |value: Node| map(vec![("resources", map(vec![("limits", map(vec![("cpu", value)]))]))]);
        let labels = |value: Node| map(vec![("labels", map(vec![("app", value)]))]);

        // Fields are dropped; what cannot be absent is zero.
        let mut pod = map(vec![
            ("metadata", labels(null())),
            ("spec", spec(limits(null()), null())),
            ("status", null()),
        ]);
        let mut other = pod.clone();
        decode_nulls("v1", "Pod", Version::DEFAULT, &mut pod);
        let zero = spec(limits(Node::bare("0")), Node::bare(0));
        assert_eq!(pod, map(vec![("metadata", labels(Node::bare(""))), ("spec", zero)]));

        let before = other.clone();
        decode_nulls("example.net/v1", "Pod", Version::DEFAULT, &mut other);
        assert_eq!(other, before, "nothing is known of custom resources");
    }

    #[test]
    fn fields_come_with_their_versions() {
        let schemas = Schemas::get();
        let spec = schemas.type_named("apps.v1.StatefulSetSpec").unwrap();
        let templates = schemas.field(spec, "volumeClaimTemplates", Version::V1_33).unwrap();
        let Shape::List(item) = templates.ty.shape() else { panic!("a list") };
        assert_eq!(item.object().map(|id| schemas.name(id)), Some("core.v1.PersistentVolumeClaim"));
        assert!(schemas.field(spec, "volumeclaimtemplates", Version::V1_36).is_none());
        let claims = kind("resource.k8s.io/v1", "ResourceClaim").unwrap();
        assert!(!claims.exists_in(Version::V1_33) && claims.exists_in(Version::V1_34));
    }
}
