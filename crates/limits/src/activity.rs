//! What the process is doing, for messages about code that does not get to a check.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::ThreadId;

/// Something that the process is doing until this is dropped.
#[derive(Debug)]
pub struct Activity {
    number: u64,
}

struct Running {
    number: u64,
    thread: ThreadId,
    text: String,
}

/// What all threads are doing, in the order in which it began.
static RUNNING: Mutex<Vec<Running>> = Mutex::new(Vec::new());

impl Activity {
    /// Begins something that goes well with "while": "rendering `templates/a.yaml`".
    pub fn begin(text: String) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        let running = Running { number, thread: std::thread::current().id(), text };
        if let Ok(mut all) = RUNNING.lock() {
            all.push(running);
        }
        Self { number }
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        if let Ok(mut all) = RUNNING.lock() {
            all.retain(|running| running.number != self.number);
        }
    }
}

/// Calls `show` with what takes longest: the oldest of what the threads are doing, each being busy with what it began
/// last. Waits for nothing and allocates nothing.
pub(crate) fn with_current(mut show: impl FnMut(&str)) {
    let Ok(all) = RUNNING.try_lock() else { return };
    let is_inner = |index: usize| !all[index + 1..].iter().any(|later| later.thread == all[index].thread);
    if let Some(index) = (0..all.len()).find(|index| is_inner(*index)) {
        show(&all[index].text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current() -> Option<String> {
        let mut found = None;
        with_current(|text| found = Some(text.to_owned()));
        found
    }

    #[test]
    fn the_oldest_inner_activity_is_shown() {
        let outer = Activity::begin("linting".to_owned());
        let inner = Activity::begin("rendering".to_owned());
        let other = std::thread::spawn(|| Activity::begin("reading".to_owned())).join();
        assert_eq!(current().as_deref(), Some("rendering"));
        drop(inner);
        assert_eq!(current().as_deref(), Some("linting"));
        drop(outer);
        assert_eq!(current().as_deref(), Some("reading"));
        drop(other);
        assert_eq!(current(), None);
    }
}
