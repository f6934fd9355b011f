//! Compares plimsoll with the real helm and kubectl on generated input.
//!
//! `docs/dev/oracle.md` describes it.
#![allow(clippy::print_stdout, reason = "the report is the result")]
#![allow(clippy::format_push_string, clippy::format_collect, reason = "the judges take the time")]

mod arguments;
mod documents;
mod judges;
mod manifests;
mod mutate;
mod part;
mod random;
mod templates;

use clap::Parser;
use judges::Judges;
use part::{Difference, PARTS, Part};
use random::Random;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compare plimsoll with the real helm and kubectl on generated input
#[derive(Parser)]
struct Arguments {
    /// Compare only these parts
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(PARTS.iter().map(|part| part.name)))]
    parts: Vec<String>,
    /// Generate this many inputs per part
    #[arg(long, default_value_t = 2000)]
    count: usize,
    /// Generate the same inputs again
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Compare the files in this directory instead of generated inputs
    #[arg(long, value_name = "DIR", conflicts_with_all = ["count", "seed"])]
    inputs: Option<PathBuf>,
    /// Print panics
    #[arg(long)]
    debug: bool,
    /// Show this many differences per part
    #[arg(long, default_value_t = 10)]
    show: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let judges = match Judges::find() {
        Ok(judges) => judges,
        Err(problem) => {
            println!("{problem}");
            return ExitCode::from(2);
        }
    };
    // A panic is an answer, and is reported as one.
    if !arguments.debug {
        std::panic::set_hook(Box::new(|_| {}));
    }
    let mut all = 0;
    for part in PARTS {
        if arguments.parts.is_empty() || arguments.parts.iter().any(|name| name == part.name) {
            all += compare(part, &judges, &arguments);
        }
    }
    if all == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Compares one part; how many inputs differ.
fn compare(part: &Part, judges: &Judges, arguments: &Arguments) -> usize {
    let mut inputs: Box<dyn Iterator<Item = String>> = if let Some(directory) = &arguments.inputs {
        Box::new(read_inputs(directory).into_iter())
    } else {
        let mut random = Random::new(arguments.seed);
        let generate = (part.generator)();
        let count = arguments.count.div_ceil(part.cost);
        Box::new(std::iter::repeat_with(move || generate(&mut random)).take(count))
    };
    let (mut count, mut accepted, mut found) = (0, 0, Vec::new());
    loop {
        let inputs: Vec<String> = inputs.by_ref().take(2000).collect();
        if inputs.is_empty() {
            break;
        }
        count += inputs.len();
        let answers = (part.compare)(judges, &inputs);
        for (input, answer) in inputs.into_iter().zip(answers) {
            match answer {
                Ok(is_accepted) => accepted += usize::from(is_accepted),
                // Where keys of several kinds are written alike, helm and kubectl choose among them by chance.
                Err(_)
                    if (0..20 / part.cost)
                        .any(|_| (part.compare)(judges, std::slice::from_ref(&input))[0].is_ok()) => {}
                Err(difference) => found.push((input, difference)),
            }
        }
    }
    println!("{}: {count} compared, {accepted} accepted by both, {} differ", part.name, found.len());
    for (input, difference) in found.iter().take(arguments.show) {
        let (input, difference) = shrink(part, judges, input.clone(), difference.clone());
        println!("  {input:?}\n    judge: {}\n    ours:  {}", difference.judge, difference.ours);
    }
    found.len()
}

/// The texts of the files in a directory, in the order of their names. Files that are not UTF-8 are left out.
fn read_inputs(directory: &Path) -> Vec<String> {
    let files =
        std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

/// Takes out of an input what the difference does not need.
fn shrink(
    part: &Part,
    judges: &Judges,
    mut input: String,
    mut difference: Difference,
) -> (String, Difference) {
    let mut width = if part.shrinks { input.len().div_ceil(2) } else { 0 };
    while width > 0 {
        let ends: Vec<usize> = (0..=input.len()).filter(|at| input.is_char_boundary(*at)).collect();
        let candidates: Vec<String> = ends
            .iter()
            .enumerate()
            .filter_map(|(index, start)| Some((start, ends.get(index + width)?)))
            .map(|(start, end)| format!("{}{}", &input[..*start], &input[*end..]))
            .filter(|candidate| !candidate.is_empty())
            .take(400 / part.cost.min(20))
            .collect();
        let answers = (part.compare)(judges, &candidates);
        match candidates.into_iter().zip(answers).find_map(|(text, answer)| Some((text, answer.err()?))) {
            Some(smaller) => (input, difference) = smaller,
            None => width /= 2,
        }
        width = width.min(input.len());
    }
    (input, difference)
}
