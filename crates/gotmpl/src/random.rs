//! Random values and the time: what makes two renders differ.

use std::time::SystemTime;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// What random values are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// A number that the user chose: the same number gives the same values.
    Fixed(u64),
    /// Bytes that nobody can guess, as from the operating system.
    Random([u8; 32]),
}

/// A generator of random values, the time, and which of them a render used.
#[derive(Debug)]
pub(crate) struct Random {
    seed: Seed,
    generator: Option<ChaCha20Rng>,
    now: SystemTime,
    is_drawn: bool,
    is_time_read: bool,
}

impl Random {
    /// A generator for one render, which takes place at the time `now`.
    pub(crate) fn new(seed: Seed, now: SystemTime) -> Self {
        Self { seed, generator: None, now, is_drawn: false, is_time_read: false }
    }

    /// Whether another render may differ from this one.
    pub(crate) fn is_nondeterministic(&self) -> bool {
        self.is_time_read || self.is_drawn && matches!(self.seed, Seed::Random(_))
    }

    /// Whether random values were generated, whatever the seed.
    pub(crate) fn is_drawn(&self) -> bool {
        self.is_drawn
    }

    /// Whether anybody who knows the seed can make the same values.
    pub(crate) fn has_fixed_seed(&self) -> bool {
        matches!(self.seed, Seed::Fixed(_))
    }

    /// The generator itself.
    pub(crate) fn generator(&mut self) -> &mut ChaCha20Rng {
        let seed = self.seed;
        self.is_drawn = true;
        self.generator.get_or_insert_with(|| match seed {
            Seed::Fixed(number) => ChaCha20Rng::seed_from_u64(number),
            Seed::Random(bytes) => ChaCha20Rng::from_seed(bytes),
        })
    }

    /// A number less than `limit`, all equally likely.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        let generator = self.generator();
        // The numbers beyond the last whole multiple of the limit would make small results more likely.
        let usable = u64::MAX - u64::MAX % limit;
        loop {
            let number = generator.next_u64();
            if number < usable {
                return number % limit;
            }
        }
    }

    /// The time since 1970 in seconds and nanoseconds. With a fixed seed it is the last midnight, UTC, so that all
    /// renders of a day are the same.
    pub(crate) fn now(&mut self) -> (i64, u32) {
        self.is_time_read = true;
        let elapsed = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
        match self.seed {
            Seed::Fixed(_) => (seconds - seconds % 86_400, 0),
            Seed::Random(_) => (seconds, elapsed.subsec_nanos()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_same_seed_gives_the_same_values() {
        let draw = |seed| {
            let mut random = Random::new(seed, SystemTime::UNIX_EPOCH);
            let numbers: Vec<u64> = (0..4).map(|_| random.below(1_000_000)).collect();
            (numbers, random.is_nondeterministic(), random.is_drawn())
        };
        assert_eq!(draw(Seed::Fixed(7)), draw(Seed::Fixed(7)));
        assert_ne!(draw(Seed::Fixed(7)).0, draw(Seed::Fixed(8)).0);
        assert_ne!(draw(Seed::Random([1; 32])).0, draw(Seed::Random([2; 32])).0);
        assert!(draw(Seed::Random([1; 32])).1 && !draw(Seed::Fixed(7)).1);
        assert!(draw(Seed::Random([1; 32])).2 && draw(Seed::Fixed(7)).2);
    }

    #[test]
    fn with_a_fixed_seed_the_time_is_the_last_midnight() {
        let noon = SystemTime::UNIX_EPOCH + Duration::new(86_400 + 43_200, 5);
        let mut random = Random::new(Seed::Fixed(1), noon);
        assert_eq!(
            (random.now(), random.is_nondeterministic(), random.is_drawn()),
            ((86_400, 0), true, false)
        );
        assert_eq!(Random::new(Seed::Random([0; 32]), noon).now(), (129_600, 5));
    }
}
