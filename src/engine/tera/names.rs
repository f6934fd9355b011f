//! Names that several parts of the engine go by.

/// The names that templates see besides their own variables.
pub(super) const GLOBALS: [&str; 6] = ["values", "release", "chart", "capabilities", "template", "subcharts"];

/// The components that plimsoll brings stand under this name in every instance.
pub(super) const LIBRARY_PREFIX: &str = "builtin/";

/// The partials of library sub-charts stand under this name and their chart's: `{% include "common/_labels.tera" %}`.
pub(super) const LENT_PREFIX: &str = "lent/";

/// The argument of `tpl` by which the rewriter says what `text` leads to.
pub(super) const TEXT_ORIGIN: &str = "__from";
