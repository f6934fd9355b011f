//! Which functions there are, for the checker.

use std::ops::RangeInclusive;

/// What a function is called on.
#[derive(Debug, Clone, Copy)]
pub(in crate::cel) enum Receiver {
    /// Nothing: `size(x)`.
    None,
    /// A value of one of these types: `x.size()`.
    Of(&'static [&'static str]),
}

/// The type that a function returns.
#[derive(Debug, Clone, Copy)]
pub(in crate::cel) enum Returns {
    Dyn,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Strings,
    Duration,
    Timestamp,
    Named(&'static str),
    OptionalOf(Option<&'static str>),
    OptionalStrings,
    /// That of the receiver or of the first argument.
    Same,
    /// That, as an optional.
    Optional,
    /// That of the items of the receiver, or of the value of an optional.
    Inner,
}

/// A function as it may be called.
#[derive(Debug)]
pub(in crate::cel) struct Signature {
    pub(in crate::cel) name: &'static str,
    pub(in crate::cel) receiver: Receiver,
    /// How many arguments it takes.
    pub(in crate::cel) arity: RangeInclusive<usize>,
    pub(in crate::cel) returns: Returns,
    /// Whether only a cluster can answer.
    pub(in crate::cel) is_of_cluster: bool,
}

const fn global(name: &'static str, least: usize, most: usize, returns: Returns) -> Signature {
    Signature { name, receiver: Receiver::None, arity: least..=most, returns, is_of_cluster: false }
}

const fn member(
    name: &'static str,
    kinds: &'static [&'static str],
    least: usize,
    most: usize,
    returns: Returns,
) -> Signature {
    Signature { name, receiver: Receiver::Of(kinds), arity: least..=most, returns, is_of_cluster: false }
}

const fn authorizer(name: &'static str, least: usize, most: usize, returns: Returns) -> Signature {
    Signature { name, receiver: Receiver::Of(AUTHORIZER), arity: least..=most, returns, is_of_cluster: true }
}

const AUTHORIZER: &[&str] = &["authorizer"];
const DATES: &[&str] = &["timestamp"];
const ADDRESS: &[&str] = &["ip"];
const BLOCK: &[&str] = &["cidr"];
const LINK: &[&str] = &["url"];
const TEXT: &[&str] = &["string"];
const LIST: &[&str] = &["list"];
const COMPARABLE: &[&str] = &["quantity", "semver"];

use Returns::{
    Bool, Bytes, Double, Duration, Dyn, Inner, Int, Named, Optional, OptionalOf, OptionalStrings, Same,
    String, Strings, Timestamp, Uint,
};

/// Every function that an expression may call.
pub(in crate::cel) static SIGNATURES: &[Signature] = &[
    // The language itself.
    global("size", 1, 1, Int),
    member("size", &["string", "bytes", "list", "map"], 0, 0, Int),
    global("type", 1, 1, Named("type")),
    global("dyn", 1, 1, Dyn),
    global("bool", 1, 1, Bool),
    global("int", 1, 1, Int),
    global("uint", 1, 1, Uint),
    global("double", 1, 1, Double),
    global("string", 1, 1, String),
    global("bytes", 1, 1, Bytes),
    global("duration", 1, 1, Duration),
    global("timestamp", 1, 1, Timestamp),
    global("matches", 2, 2, Bool),
    member("matches", TEXT, 1, 1, Bool),
    member("contains", TEXT, 1, 1, Bool),
    member("startsWith", TEXT, 1, 1, Bool),
    member("endsWith", TEXT, 1, 1, Bool),
    member("getFullYear", DATES, 0, 1, Int),
    member("getMonth", DATES, 0, 1, Int),
    member("getDate", DATES, 0, 1, Int),
    member("getDayOfMonth", DATES, 0, 1, Int),
    member("getDayOfWeek", DATES, 0, 1, Int),
    member("getDayOfYear", DATES, 0, 1, Int),
    member("getHours", &["timestamp", "duration"], 0, 1, Int),
    member("getMinutes", &["timestamp", "duration"], 0, 1, Int),
    member("getSeconds", &["timestamp", "duration"], 0, 1, Int),
    member("getMilliseconds", &["timestamp", "duration"], 0, 1, Int),
    // Optional values.
    global("optional.none", 0, 0, OptionalOf(None)),
    global("optional.of", 1, 1, Optional),
    global("optional.ofNonZeroValue", 1, 1, Optional),
    member("hasValue", &["optional"], 0, 0, Bool),
    member("value", &["optional"], 0, 0, Inner),
    member("or", &["optional"], 1, 1, Same),
    member("orValue", &["optional"], 1, 1, Inner),
    // Strings.
    member("charAt", TEXT, 1, 1, String),
    member("indexOf", TEXT, 1, 2, Int),
    member("lastIndexOf", TEXT, 1, 2, Int),
    member("lowerAscii", TEXT, 0, 0, String),
    member("upperAscii", TEXT, 0, 0, String),
    member("replace", TEXT, 2, 3, String),
    member("split", TEXT, 1, 2, Strings),
    member("substring", TEXT, 1, 2, String),
    member("trim", TEXT, 0, 0, String),
    member("reverse", TEXT, 0, 0, String),
    member("format", TEXT, 1, 1, String),
    member("join", LIST, 0, 1, String),
    global("base64.encode", 1, 1, String),
    global("base64.decode", 1, 1, Bytes),
    // Regular expressions.
    member("find", TEXT, 1, 1, String),
    member("findAll", TEXT, 1, 2, Strings),
    // Lists and sets.
    member("isSorted", LIST, 0, 0, Bool),
    member("sum", LIST, 0, 0, Inner),
    member("min", LIST, 0, 0, Inner),
    member("max", LIST, 0, 0, Inner),
    member("indexOf", LIST, 1, 1, Int),
    member("lastIndexOf", LIST, 1, 1, Int),
    member("distinct", LIST, 0, 0, Same),
    member("flatten", LIST, 0, 1, Dyn),
    member("reverse", LIST, 0, 0, Same),
    member("slice", LIST, 2, 2, Same),
    member("sort", LIST, 0, 0, Same),
    member("first", LIST, 0, 0, OptionalOf(None)),
    member("last", LIST, 0, 0, OptionalOf(None)),
    global("lists.range", 1, 1, Dyn),
    global("sets.contains", 2, 2, Bool),
    global("sets.equivalent", 2, 2, Bool),
    global("sets.intersects", 2, 2, Bool),
    // Numbers.
    global("math.greatest", 1, 64, Dyn),
    global("math.least", 1, 64, Dyn),
    global("math.abs", 1, 1, Dyn),
    global("math.ceil", 1, 1, Double),
    global("math.floor", 1, 1, Double),
    // URLs and addresses.
    global("url", 1, 1, Named("url")),
    global("isURL", 1, 1, Bool),
    member("getScheme", LINK, 0, 0, String),
    member("getHost", LINK, 0, 0, String),
    member("getHostname", LINK, 0, 0, String),
    member("getPort", LINK, 0, 0, String),
    member("getEscapedPath", LINK, 0, 0, String),
    member("getQuery", LINK, 0, 0, Dyn),
    global("ip", 1, 1, Named("ip")),
    global("isIP", 1, 2, Bool),
    global("ip.isCanonical", 1, 1, Bool),
    member("family", ADDRESS, 0, 0, Int),
    member("isUnspecified", ADDRESS, 0, 0, Bool),
    member("isLoopback", ADDRESS, 0, 0, Bool),
    member("isLinkLocalMulticast", ADDRESS, 0, 0, Bool),
    member("isLinkLocalUnicast", ADDRESS, 0, 0, Bool),
    member("isGlobalUnicast", ADDRESS, 0, 0, Bool),
    global("cidr", 1, 1, Named("cidr")),
    global("isCIDR", 1, 1, Bool),
    member("containsIP", BLOCK, 1, 1, Bool),
    member("containsCIDR", BLOCK, 1, 1, Bool),
    member("ip", BLOCK, 0, 0, Named("ip")),
    member("prefixLength", BLOCK, 0, 0, Int),
    member("masked", BLOCK, 0, 0, Named("cidr")),
    // Quantities and versions.
    global("quantity", 1, 1, Named("quantity")),
    global("isQuantity", 1, 1, Bool),
    member("isInteger", &["quantity"], 0, 0, Bool),
    member("asInteger", &["quantity"], 0, 0, Int),
    member("asApproximateFloat", &["quantity"], 0, 0, Double),
    member("sign", &["quantity"], 0, 0, Int),
    member("add", &["quantity"], 1, 1, Named("quantity")),
    member("sub", &["quantity"], 1, 1, Named("quantity")),
    member("isGreaterThan", COMPARABLE, 1, 1, Bool),
    member("isLessThan", COMPARABLE, 1, 1, Bool),
    member("compareTo", COMPARABLE, 1, 1, Int),
    global("semver", 1, 2, Named("semver")),
    global("isSemver", 1, 2, Bool),
    member("major", &["semver"], 0, 0, Int),
    member("minor", &["semver"], 0, 0, Int),
    member("patch", &["semver"], 0, 0, Int),
    // Formats.
    global("format.named", 1, 1, OptionalOf(Some("format"))),
    global("format.dns1123Label", 0, 0, Named("format")),
    global("format.dns1123Subdomain", 0, 0, Named("format")),
    global("format.dns1035Label", 0, 0, Named("format")),
    global("format.qualifiedName", 0, 0, Named("format")),
    global("format.dns1123LabelPrefix", 0, 0, Named("format")),
    global("format.dns1123SubdomainPrefix", 0, 0, Named("format")),
    global("format.dns1035LabelPrefix", 0, 0, Named("format")),
    global("format.labelValue", 0, 0, Named("format")),
    global("format.uri", 0, 0, Named("format")),
    global("format.uuid", 0, 0, Named("format")),
    global("format.byte", 0, 0, Named("format")),
    global("format.date", 0, 0, Named("format")),
    global("format.datetime", 0, 0, Named("format")),
    member("validate", &["format"], 1, 1, OptionalStrings),
    // Patches of mutating policies, which are not evaluated.
    Signature { is_of_cluster: true, ..global("jsonpatch.escapeKey", 1, 1, String) },
    // Authorization.
    authorizer("path", 1, 1, Named("authorizer")),
    authorizer("group", 1, 1, Named("authorizer")),
    authorizer("serviceAccount", 2, 2, Named("authorizer")),
    authorizer("resource", 1, 1, Named("authorizer")),
    authorizer("subresource", 1, 1, Named("authorizer")),
    authorizer("namespace", 1, 1, Named("authorizer")),
    authorizer("name", 1, 1, Named("authorizer")),
    authorizer("fieldSelector", 1, 1, Named("authorizer")),
    authorizer("labelSelector", 1, 1, Named("authorizer")),
    authorizer("check", 1, 1, Named("authorizer")),
    authorizer("allowed", 0, 0, Bool),
    authorizer("reason", 0, 0, String),
    authorizer("errored", 0, 0, Bool),
    authorizer("error", 0, 0, String),
];
