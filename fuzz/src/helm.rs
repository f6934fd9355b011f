//! Any text as a template of a Helm chart.

/// Renders it.
pub fn check(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        super::release::check_template("gotpl", text);
    }
}
