//! What a rule is. The rules themselves live with the code that checks them.

use super::Severity;

/// A named rule that a diagnostic can cite and a user can look up, allow or re-level.
#[derive(Debug)]
pub struct Rule {
    /// `group/name`, e.g. `sts/service-not-headless`; named so that "allow `<rule>`" reads well.
    pub id: &'static str,
    /// The default severity; configuration can override it.
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

    /// The page without the space that a doc comment leaves at the start of every line.
    pub fn page(&self) -> String {
        if !self.docs.starts_with(' ') {
            return self.docs.to_owned();
        }
        let mut page = String::with_capacity(self.docs.len());
        for line in self.docs.lines() {
            page.push_str(line.strip_prefix(' ').unwrap_or(line));
            page.push('\n');
        }
        page
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}
