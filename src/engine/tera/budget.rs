//! How much work and memory the templates of a chart may take.
//!
//! Tera itself has no limits. The rewriter inserts calls into templates that count work here: the iterations
//! of loops, components, and values built from other values. No realistic chart reaches these limits.

use super::upstream::{absent, refused, refused_with_help};
use crate::limits;
use std::cell::Cell;
use tera::{Error, TeraResult, Value};

/// How many times as long everything takes without optimisation: the limits are so much lower there.
const SLOWNESS: usize = if cfg!(debug_assertions) { 10 } else { 1 };

/// The steps of a chart's templates: one for each value written, some for each turn of a loop.
const MAX_STEPS: usize = 20_000_000 / SLOWNESS;

/// The steps of a turn of a loop that does nothing.
pub(super) const TURN: usize = 4;

/// All texts that one template keeps, and all that it writes.
const MAX_TEXT: usize = (256 << 20) / SLOWNESS;

/// The longest text that is made.
const MAX_ONE_TEXT: usize = 16 << 20;

/// The values in a collection, those within its values included.
const MAX_VALUES: usize = 4_000_000 / SLOWNESS;

/// Collections inside each other. Values files may go 200 deep.
const MAX_DEPTH: usize = 300;

/// What a value takes besides its text, in bytes.
pub(super) const VALUE: usize = 64;

/// What is left to a chart.
#[derive(Debug)]
pub(super) struct Budget {
    steps: Cell<usize>,
    text: Cell<usize>,
    placed: Cell<usize>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { steps: Cell::new(MAX_STEPS), text: Cell::new(MAX_TEXT), placed: Cell::new(MAX_TEXT) }
    }

    /// The next template begins: the texts of the last one are gone.
    pub(super) fn next_template(&self) {
        self.text.set(MAX_TEXT);
        self.placed.set(MAX_TEXT);
    }

    /// Counts work.
    pub(super) fn count_work(&self, steps: usize) -> TeraResult<()> {
        let left = self.steps.get().checked_sub(steps).ok_or_else(|| {
            self.steps.set(0);
            too_much(&format!("these templates need more than {} million steps", MAX_STEPS / 1_000_000))
        })?;
        self.steps.set(left);
        limits::check().map_err(|exceeded| refused_with_help(&exceeded.to_string(), exceeded.help()))
    }

    /// Counts text that is made.
    pub(super) fn count_text(&self, bytes: usize) -> TeraResult<()> {
        let left = self.text.get().checked_sub(bytes).ok_or_else(|| {
            self.text.set(0);
            too_much(&format!("this template produces more than {} MiB of text", MAX_TEXT >> 20))
        })?;
        self.text.set(left);
        Ok(())
    }

    /// How many bytes of output may still be written.
    pub(super) fn remaining_output(&self) -> usize {
        self.placed.get()
    }

    /// Sets how many bytes of output may still be written.
    pub(super) fn set_remaining_output(&self, bytes: usize) {
        self.placed.set(bytes);
    }

    /// The message when the output is too large.
    pub(super) fn too_large_message() -> String {
        format!("this template writes more than {} MiB", MAX_TEXT >> 20)
    }

    /// Counts the iterations of a loop over a collection.
    pub(super) fn count_turns(&self, collection: &Value, turn: usize, text: usize) -> TeraResult<()> {
        let turns = collection.len().unwrap_or(0);
        self.count_work(turns.saturating_mul(turn))?;
        self.count_text(turns.saturating_mul(text))
    }

    /// Counts a value that is built from others.
    pub(super) fn count_value(&self, value: &Value) -> TeraResult<()> {
        match value.as_str() {
            Some(text) => self.count_new_text(text.len()),
            None => self.weigh(value).map(|_| ()),
        }
    }

    /// Counts a value that a variable holds from now on, in place of what it held before.
    pub(super) fn count_assignment(&self, value: &Value, before: Option<&Value>) -> TeraResult<()> {
        self.count_value(value)?;
        self.count_text(size(value).saturating_sub(before.map_or(0, size)))
    }

    /// Counts the values of a collection that is made.
    pub(super) fn count_values(&self, count: usize) -> TeraResult<()> {
        if count > MAX_VALUES {
            return Err(too_much(&format!("this collection contains more than {MAX_VALUES} values")));
        }
        self.count_work(count / 8)
    }

    /// Counts a value that is written: what is made of it is kept until the template is rendered.
    pub(super) fn count_written(&self, value: &Value) -> TeraResult<()> {
        self.count_work(1)?;
        if let Some(text) = value.as_str() {
            return self.count_text(VALUE + text.len());
        }
        if value.as_array().is_none() && value.as_map().is_none() {
            return self.count_text(VALUE);
        }
        let weight = self.weigh(value)?;
        self.count_text(weight.values.saturating_mul(VALUE).saturating_add(weight.bytes))
    }

    /// Counts the text that a value becomes.
    pub(super) fn count_as_text(&self, value: &Value) -> TeraResult<()> {
        // Tera would take it for an empty text.
        if value.is_undefined() {
            return Err(absent());
        }
        let bytes = match value.as_str() {
            Some(text) => text.len(),
            None => self.weigh(value)?.bytes,
        };
        self.count_new_text(bytes)
    }

    /// Counts the work of looking through a value.
    pub(super) fn count_search(&self, value: &Value) -> TeraResult<()> {
        match value.as_str() {
            Some(text) => self.count_work(text.len() / 256),
            None => self.weigh(value).map(|_| ()),
        }
    }

    /// Counts a text that is made, and that must not be too long.
    pub(super) fn count_new_text(&self, bytes: usize) -> TeraResult<()> {
        if bytes > MAX_ONE_TEXT {
            return Err(refused(format!("a text of {bytes} bytes is too long: the limit is {MAX_ONE_TEXT}")));
        }
        self.count_work(bytes / 256)
    }

    /// Counts bytes that are added to a text that is made, and that must not get too long.
    pub(super) fn count_growth(&self, before: usize, bytes: usize) -> TeraResult<()> {
        self.count_new_text(bytes)?;
        if before.saturating_add(bytes) > MAX_ONE_TEXT {
            return self.count_new_text(before.saturating_add(bytes));
        }
        Ok(())
    }

    /// Counts the values in a collection, however often it holds the same.
    fn weigh(&self, value: &Value) -> TeraResult<Weight> {
        let mut weight = Weight::default();
        let fits = weight.add(value, 0);
        self.count_work(weight.values / 8)?;
        if fits {
            Ok(weight)
        } else if weight.values > MAX_VALUES {
            Err(too_much(&format!("this collection contains more than {MAX_VALUES} values")))
        } else {
            Err(too_much(&format!("this collection is nested more than {MAX_DEPTH} deep")))
        }
    }
}

/// The memory that a value takes by itself, what it shares with others aside.
fn size(value: &Value) -> usize {
    if let Some(text) = value.as_str() {
        text.len()
    } else if let Some(items) = value.as_array() {
        items.len().saturating_mul(size_of::<Value>())
    } else {
        value.as_map().map_or(0, |map| map.len().saturating_mul(VALUE))
    }
}

/// How much a value holds.
#[derive(Debug, Default)]
struct Weight {
    values: usize,
    /// What it takes to write them, blanks before them included.
    bytes: usize,
}

impl Weight {
    /// Adds a value; whether it is still within the limits.
    fn add(&mut self, value: &Value, depth: usize) -> bool {
        self.values += 1;
        if self.values > MAX_VALUES || depth > MAX_DEPTH {
            return false;
        }
        self.bytes += 2 * depth;
        if let Some(text) = value.as_str() {
            self.bytes = self.bytes.saturating_add(text.len() + 4);
        } else if let Some(items) = value.as_array() {
            return items.iter().all(|item| self.add(item, depth + 1));
        } else if let Some(map) = value.as_map() {
            return map.iter().all(|(key, value)| {
                self.bytes = self.bytes.saturating_add(key.as_str().map_or(8, str::len) + 4);
                self.add(value, depth + 1)
            });
        } else {
            self.bytes = self.bytes.saturating_add(value.as_bytes().map_or(24, <[u8]>::len));
        }
        true
    }
}

fn too_much(message: &str) -> Error {
    refused_with_help(message, "look for a loop, a component or an include that repeats endlessly")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_stay_are_counted_for_each_template() {
        let budget = Budget::new();
        let text = Value::from("x".repeat(MAX_ONE_TEXT));
        for _ in 0..MAX_TEXT / MAX_ONE_TEXT {
            budget.count_assignment(&text, None).unwrap();
            budget.count_assignment(&text, Some(&text)).unwrap();
        }
        let rest = Value::from("x".repeat(MAX_TEXT % MAX_ONE_TEXT + 1));
        assert!(budget.count_assignment(&rest, None).is_err());
        budget.next_template();
        budget.count_assignment(&Value::from("x"), None).unwrap();
        assert!(budget.count_new_text(MAX_ONE_TEXT + 1).unwrap_err().to_string().contains("too long"));
    }

    #[test]
    fn collections_are_weighed_as_if_nothing_were_shared() {
        let budget = Budget::new();
        let mut value = Value::from("x");
        for _ in 0..MAX_VALUES.ilog2() - 3 {
            value = Value::from(vec![value.clone(), value]);
        }
        budget.count_value(&value).unwrap();
        for _ in 0..40 {
            value = Value::from(vec![value.clone(), value]);
        }
        let told = format!("more than {MAX_VALUES} values");
        assert!(budget.count_value(&value).unwrap_err().to_string().contains(&told));
        let mut value = Value::from("x");
        for _ in 0..=MAX_DEPTH {
            value = Value::from(vec![value]);
        }
        assert!(budget.count_value(&value).unwrap_err().to_string().contains("300 deep"));
    }
}
