//! A file that follows from others.

use crate::diff::render::patch;
use std::path::PathBuf;

/// A file that is made from the files of a chart, and what it is now.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The directory of the chart.
    pub directory: PathBuf,
    /// The file, which begins with the directory.
    pub path: PathBuf,
    /// What belongs in it.
    pub text: String,
    /// What is in it; `None` if it does not exist.
    pub current: Option<String>,
}

impl Generated {
    /// Whether the file is what it should be. The kind of its line breaks does not count: git may change those.
    pub fn is_current(&self) -> bool {
        self.present().is_some_and(|present| present == self.text)
    }

    /// What is in the file, with the line breaks of Unix.
    fn present(&self) -> Option<String> {
        self.current.as_ref().map(|current| current.replace("\r\n", "\n"))
    }

    /// What has to change in the file, as a patch with `context` lines around each change.
    pub fn patch(&self, context: usize) -> String {
        let path = self.path.display().to_string();
        let present = self.present();
        let before = present.as_deref().map(|present| (path.as_str(), present));
        patch(before, Some((&path, &self.text)), context)
    }
}
