//! What the process is doing, for messages about code that does not get to a check.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};
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

/// The thread that calls [`crate::start`]. Whatever other threads do, they do for it, and it waits for them.
static STARTER: OnceLock<ThreadId> = OnceLock::new();

/// Notes that the current thread is the one that other threads work for.
pub(crate) fn start() {
    let _ = STARTER.set(std::thread::current().id());
}

/// Calls `show` with what takes longest. Waits for nothing and allocates nothing.
pub(crate) fn with_current(mut show: impl FnMut(&str)) {
    let Ok(all) = RUNNING.try_lock() else { return };
    if let Some(running) = longest(&all, STARTER.get().copied()) {
        show(&running.text);
    }
}

/// The oldest of what the threads are doing, each being busy with what it began last. The starter is busy only if the
/// others are not.
fn longest(all: &[Running], starter: Option<ThreadId>) -> Option<&Running> {
    let is_inner = |index: usize| !all[index + 1..].iter().any(|later| later.thread == all[index].thread);
    let mut inner = (0..all.len()).filter(|index| is_inner(*index)).map(|index| &all[index]);
    inner.clone().find(|running| Some(running.thread) != starter).or_else(|| inner.next())
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

    #[test]
    fn what_others_do_for_the_starter_is_shown_before_what_it_waits_with() {
        let starter = std::thread::current().id();
        let worker = std::thread::spawn(|| std::thread::current().id()).join().unwrap();
        let other = std::thread::spawn(|| std::thread::current().id()).join().unwrap();
        let running = |(number, (thread, text)): (u64, (ThreadId, &str))| Running {
            number,
            thread,
            text: text.to_owned(),
        };
        let shown = |all: &[(ThreadId, &str)]| {
            let all: Vec<Running> = (0..).zip(all.iter().copied()).map(running).collect();
            longest(&all, Some(starter)).map(|running| running.text.clone())
        };
        let all = [(starter, "comparing all"), (worker, "comparing a"), (other, "comparing b")];
        assert_eq!(shown(&all).as_deref(), Some("comparing a"));
        assert_eq!(shown(&all[1..]).as_deref(), Some("comparing a"));
        assert_eq!(shown(&all[..1]).as_deref(), Some("comparing all"));
        assert_eq!(shown(&[]), None);
    }
}
