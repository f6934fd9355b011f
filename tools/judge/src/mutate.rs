//! Texts to mutate, and how.

use crate::random::Random;
use std::path::Path;

/// The texts of the files below some folders of the project with one of the given extensions.
pub(crate) fn corpus(folders: &[&str], extensions: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files =
        folders.iter().flat_map(|folder| walkdir::WalkDir::new(root.join(folder)).sort_by_file_name());
    let is_wanted = |path: &Path| {
        path.extension().is_some_and(|found| extensions.iter().any(|extension| found == *extension))
    };
    files
        .flatten()
        .filter(|entry| is_wanted(entry.path()))
        .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
        .filter(|text| text.len() < 200_000)
        .collect()
}

/// Some lines of one of the texts.
pub(crate) fn excerpt(random: &mut Random, texts: &[String], most: usize) -> String {
    let text = random.pick_text(texts);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let first = random.below(lines.len());
    let count = 1 + random.below(most);
    lines.iter().skip(first).take(count).copied().collect()
}

/// Changes a text in some places: characters and lines are removed, doubled and swapped, tokens are inserted.
pub(crate) fn mutate(random: &mut Random, text: &mut String, tokens: &[&str], most: usize) {
    for _ in 0..random.below(most + 1) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let at = places[random.below(places.len())];
        let end = places
            [(places.partition_point(|place| *place <= at) + random.below(4)).min(places.len() - 1)]
        .max(at);
        match random.below(6) {
            0 => text.replace_range(at..end, ""),
            1 => text.replace_range(at..end, random.pick(tokens)),
            2 => {
                let copy = text[at..end].to_owned();
                text.insert_str(at, &copy);
            }
            3 => {
                let other = places[random.below(places.len())];
                let copy = text[at..end].to_owned();
                text.insert_str(other, &copy);
            }
            _ => text.insert_str(at, random.pick(tokens)),
        }
    }
}
