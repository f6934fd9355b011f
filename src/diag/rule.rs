//! What a rule is. The rules themselves live with the code that checks them.

use super::Severity;

/// A named rule that a diagnostic can cite and a user can look up, allow or re-level.
#[derive(Debug)]
pub struct Rule {
    /// `group/name`, e.g. `sts/service-not-headless`; named so that "allow `<rule>`" reads well.
    pub id: &'static str,
    /// Severity unless configuration says otherwise.
    pub severity: Severity,
    /// One line.
    pub summary: &'static str,
    /// The user's page in Markdown: why, a bad and a good example, how to fix.
    pub docs: &'static str,
}

impl Rule {
    /// The part of the id before the slash.
    pub fn group(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}
