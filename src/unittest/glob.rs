//! Files by patterns, as the shell writes them: `tests/*_test.yaml`, `tests/**/*.yaml`.

use crate::world::{FileKind, World};
use globset::{GlobBuilder, GlobMatcher};
use std::path::{Path, PathBuf};

/// How many directories may lie inside each other.
const MAX_DEPTH: usize = 64;

/// The files that a pattern relative to `base` names, in the order of their names. A pattern that starts with `base`, and an
/// absolute path, are taken as they are. The error is a phrase.
pub(super) fn files(world: &World, base: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let path = Path::new(pattern);
    if path.is_absolute() {
        return Ok(vec![path.to_owned()]);
    }
    let (start, pattern) = match path.strip_prefix(base) {
        Ok(rest) if !base.as_os_str().is_empty() => (base, rest.to_owned()),
        _ => (base, path.to_owned()),
    };
    let parts =
        pattern.iter().map(|part| Part::parse(&part.to_string_lossy())).collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    expand(world, start, &parts, 0, &mut found);
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|path| seen.insert(path.clone()));
    Ok(found)
}

/// A part of a pattern between slashes.
enum Part {
    Name(String),
    Glob(GlobMatcher),
    /// `**`: any number of directories.
    Directories,
}

impl Part {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "**" {
            return Ok(Self::Directories);
        }
        if !text.contains(['*', '?', '[', '\\', '{']) {
            return Ok(Self::Name(text.to_owned()));
        }
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        glob.map(|glob| Self::Glob(glob.compile_matcher())).map_err(|error| error.kind().to_string())
    }
}

fn expand(world: &World, at: &Path, parts: &[Part], depth: usize, found: &mut Vec<PathBuf>) {
    if depth > MAX_DEPTH {
        return;
    }
    let Some((part, rest)) = parts.split_first() else {
        if world.is_file(at) {
            found.push(at.to_owned());
        }
        return;
    };
    let listed = if at.as_os_str().is_empty() { Path::new(".") } else { at };
    match part {
        Part::Name(name) => expand(world, &at.join(name), rest, depth, found),
        Part::Glob(glob) => {
            for entry in world.list(listed).unwrap_or_default() {
                if glob.is_match(&entry.name) {
                    expand(world, &at.join(&entry.name), rest, depth, found);
                }
            }
        }
        Part::Directories => {
            expand(world, at, rest, depth, found);
            for entry in world.list(listed).unwrap_or_default() {
                let path = at.join(&entry.name);
                // A link could lead back to where it is.
                if entry.kind == FileKind::Directory {
                    expand(world, &path, parts, depth + 1, found);
                } else if rest.is_empty() {
                    expand(world, &path, rest, depth, found);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Memory;

    #[test]
    fn patterns_name_files() {
        let world = [
            "c/tests/b_test.yaml",
            "c/tests/a_test.yaml",
            "c/tests/x/c_test.yaml",
            "c/tests/x/y/d_test.yaml",
        ]
        .iter()
        .fold(Memory::default(), |memory, path| memory.file(*path, ""))
        .into_world();
        let found = |pattern: &str| {
            let files = files(&world, Path::new("c"), pattern).unwrap();
            files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("tests/*_test.yaml"), ["c/tests/a_test.yaml", "c/tests/b_test.yaml"]);
        assert_eq!(found("c/tests/a*.yaml"), ["c/tests/a_test.yaml"]);
        assert_eq!(found("tests/**/*_test.yaml").len(), 4);
        assert_eq!(found("tests/x/**/d_test.yaml"), ["c/tests/x/y/d_test.yaml"]);
        assert_eq!(found("tests/none.yaml"), Vec::<String>::new());
        assert!(files(&world, Path::new("c"), "tests/[").is_err());
    }
}
