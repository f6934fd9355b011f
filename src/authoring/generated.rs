//! A file that follows from others.

use crate::diff::render::patch;
use std::path::PathBuf;

/// A file that is made from the files of a chart, and what it is now.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The file.
    pub path: PathBuf,
    /// What belongs in it.
    pub text: String,
    /// What is in it; `None` if it does not exist.
    pub current: Option<String>,
}

impl Generated {
    /// Whether the file is what it should be. The kind of its line breaks does not count: git may change those.
    pub fn is_current(&self) -> bool {
        self.current.as_deref().is_some_and(|current| current.replace("\r\n", "\n") == self.text)
    }

    /// What has to change in the file, as a patch with `context` lines around each change.
    pub fn patch(&self, context: usize) -> String {
        let path = self.path.display().to_string();
        let before = self.current.as_deref().map(|current| (path.as_str(), current));
        patch(before, Some((&path, &self.text)), context)
    }
}
