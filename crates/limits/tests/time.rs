//! A process that is allowed more time.

use plimsoll_limits::{Exceeded, Limits, allow_more_time, check, finish, start};
use std::time::Duration;

#[test]
fn more_time_is_allowed_for_more_work() {
    start(Limits { time: Some(Duration::from_millis(100)), ..Limits::default() });
    allow_more_time(Duration::from_secs(600));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(check(), Ok(()));
    assert_eq!(Exceeded::Time.to_string(), "timed out after 10m0.100s");
    finish().unwrap();
}
