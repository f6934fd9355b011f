//! Primes for keys, found faster than general libraries find them: the search takes longer than all else when a Helm
//! chart makes an RSA key.
//!
//! A prime is the first one behind a random number, in steps of a given width; most of the numbers on the way have a
//! small divisor, and only the others are tested with powers, on all cores. All numbers tested are 3 modulo 4, for
//! which Miller and Rabin's test is a single power.
//!
//! A package of its own, so that builds without optimisation have it optimised all the same.

mod powers;

use powers::{BASE_BITS, LANES, pass};
use rand_core::RngCore;
use rayon::prelude::*;
use ruint::Uint;
use std::sync::LazyLock;
use std::{array, iter};

/// The public exponent that everybody uses with RSA.
pub const EXPONENT: u32 = 65_537;

/// Divisors below this are told from remainders.
const SMALL: u64 = 1 << 16;

/// The product of so many of them has 64 bits, and a remainder is taken once for all.
const TOGETHER: usize = 4;

/// After so many steps a search begins elsewhere: some forty times the distance between primes.
const WINDOW: usize = 1 << 13;

/// The rounds of Miller and Rabin's test after which a random number of 1024 bits is no prime with a probability below
/// 2^-112 (FIPS 186-5, table B.1), as Go has them, too.
const ROUNDS: usize = 5;

/// The same for numbers of 256 bits, of which more are taken for primes by mistake.
const ROUNDS_SHORT: usize = 32;

/// The primes of an RSA key of 2048 bits, their bytes from the highest on. They go with [`EXPONENT`], and the same
/// random numbers give the same primes.
pub fn rsa_2048(random: &mut dyn RngCore) -> [Vec<u8>; 2] {
    rsa::<1024, 16>(random)
}

/// As [`rsa_2048`], for a key of 4096 bits.
pub fn rsa_4096(random: &mut dyn RngCore) -> [Vec<u8>; 2] {
    rsa::<2048, 32>(random)
}

/// The modulus of a DSA key, of 2048 bits, and the order of its group, a prime of 256 bits that divides the modulus less
/// one; their bytes from the highest on.
pub fn dsa_2048(random: &mut dyn RngCore) -> [Vec<u8>; 2] {
    type Modulus = Uint<2048, 32>;
    type Order = Uint<256, 4>;
    loop {
        let start = candidate(random);
        let Some(order) = first_prime(random, start, Order::from(4), ROUNDS_SHORT, |_| true) else {
            continue;
        };
        // It has to divide the modulus less one, which is even, but no multiple of four.
        let twice = Modulus::from(order) << 1;
        let step = twice << 1;
        let start: Modulus = candidate(random);
        let start = start - start % step + twice + Modulus::ONE;
        if let Some(modulus) = first_prime(random, start, step, ROUNDS, |_| true) {
            return [modulus.to_be_bytes_vec(), order.to_be_bytes_vec()];
        }
    }
}

fn rsa<const BITS: usize, const LIMBS: usize>(random: &mut dyn RngCore) -> [Vec<u8>; 2] {
    loop {
        let primes: [Uint<BITS, LIMBS>; 2] = array::from_fn(|_| rsa_prime(random));
        if primes[0] != primes[1] {
            return primes.map(|prime| prime.to_be_bytes_vec());
        }
    }
}

/// A prime with its two highest bits set, that goes with [`EXPONENT`].
fn rsa_prime<const BITS: usize, const LIMBS: usize>(random: &mut dyn RngCore) -> Uint<BITS, LIMBS> {
    loop {
        let mut start: Uint<BITS, LIMBS> = candidate(random);
        start.set_bit(BITS - 2, true);
        let fits = |number| remainder(number, EXPONENT.into()) != 1;
        if let Some(prime) = first_prime(random, start, Uint::from(4), ROUNDS, fits) {
            return prime;
        }
    }
}

/// A random number that is 3 modulo 4, its highest bit set.
fn candidate<const BITS: usize, const LIMBS: usize>(random: &mut dyn RngCore) -> Uint<BITS, LIMBS> {
    let mut number = Uint::from_limbs(array::from_fn(|_| random.next_u64()));
    for bit in [BITS - 1, 1, 0] {
        number.set_bit(bit, true);
    }
    number
}

/// The first prime among `start`, `start + step`, ... that fits, if the window holds one. All of them are 3 modulo 4.
fn first_prime<const BITS: usize, const LIMBS: usize>(
    random: &mut dyn RngCore,
    start: Uint<BITS, LIMBS>,
    step: Uint<BITS, LIMBS>,
    rounds: usize,
    fits: impl Fn(Uint<BITS, LIMBS>) -> bool,
) -> Option<Uint<BITS, LIMBS>> {
    // Which numbers of the window have a small divisor.
    let mut composite = vec![false; WINDOW];
    for divisors in SMALL_PRIMES.chunks(TOGETHER) {
        let product = divisors.iter().product();
        let (start, step) = (remainder(start, product), remainder(step, product));
        for divisor in divisors.iter().filter(|divisor| step % **divisor != 0) {
            // The first number of steps at which the divisor divides: start + step * steps = 0.
            let steps = (divisor - start % divisor) * inverse(step % divisor, *divisor) % divisor;
            let (mut place, width) = (index(steps), index(*divisor));
            while let Some(found) = composite.get_mut(place) {
                *found = true;
                place += width;
            }
        }
    }
    let mut candidates = (0..WINDOW)
        .zip(composite)
        .filter(|(_, composite)| !composite)
        .map_while(|(place, _)| start.checked_add(step.checked_mul(Uint::from(place))?))
        .filter(|number| fits(*number));
    loop {
        // As many at a time as all threads take; whatever their number, the first prime is the one.
        let some: Vec<_> = candidates.by_ref().take(rayon::current_num_threads() * LANES).collect();
        let last = *some.last()?;
        let tests = some.par_chunks(LANES).map(|some| {
            let moduli = array::from_fn(|lane| some.get(lane).copied().unwrap_or(last));
            // The first round finds out nearly every composite number, and any base will do for that.
            (moduli, pass(moduli, [2; LANES]))
        });
        let tests: Vec<_> = tests.collect();
        let probable = tests.into_iter().flat_map(|(moduli, passed)| iter::zip(moduli, passed));
        let mut probable = probable.filter(|(_, passed)| *passed).map(|(number, _)| number);
        if let Some(prime) = probable.find(|number| pass_random(random, *number, rounds - 1)) {
            return Some(prime);
        }
    }
}

/// Whether a number passes so many rounds, or some more, to random bases.
fn pass_random<const BITS: usize, const LIMBS: usize>(
    random: &mut dyn RngCore,
    number: Uint<BITS, LIMBS>,
    rounds: usize,
) -> bool {
    let mut base = |_| (random.next_u32() >> (u32::BITS - BASE_BITS)).max(2);
    let bases: Vec<[u32; LANES]> = (0..rounds.div_ceil(LANES)).map(|_| array::from_fn(&mut base)).collect();
    bases.par_iter().all(|bases| pass([number; LANES], *bases) == [true; LANES])
}

/// The number that gives 1 with `number`, modulo a prime: Euclid's algorithm.
fn inverse(number: u64, prime: u64) -> u64 {
    // `inverse * number` is `rest`, modulo the prime.
    let (mut rest, mut inverse) = ((prime, number % prime), (0, 1));
    while rest.1 > 1 {
        let quotient = rest.0 / rest.1;
        rest = (rest.1, rest.0 % rest.1);
        inverse = (inverse.1, (inverse.0 + (prime - inverse.1) * quotient) % prime);
    }
    inverse.1
}

fn remainder<const BITS: usize, const LIMBS: usize>(number: Uint<BITS, LIMBS>, divisor: u64) -> u64 {
    (number % Uint::from(divisor)).as_limbs().first().copied().unwrap_or_default()
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The odd primes below [`SMALL`].
static SMALL_PRIMES: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut composite = vec![false; index(SMALL)];
    let odd = (3..SMALL).step_by(2);
    odd.filter(|number| {
        let is_prime = !composite[index(*number)];
        if is_prime && number * number < SMALL {
            composite[index(*number)..].iter_mut().step_by(index(*number)).for_each(|found| *found = true);
        }
        is_prime
    })
    .collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint_dig::BigUint;
    use num_bigint_dig::prime::probably_prime;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    #[test]
    fn small_numbers_are_divided_as_they_should_be() {
        assert_eq!(SMALL_PRIMES.len(), 6541);
        assert!(SMALL_PRIMES.iter().all(|prime| probably_prime(&BigUint::from(*prime), 5)));
        for prime in &SMALL_PRIMES[..200] {
            assert!((1..*prime).all(|number| number * inverse(number, *prime) % prime == 1), "{prime}");
        }
    }

    fn numbers(make: impl Fn(&mut dyn RngCore) -> [Vec<u8>; 2], seed: u64) -> [BigUint; 2] {
        make(&mut ChaCha20Rng::seed_from_u64(seed)).map(|bytes| BigUint::from_bytes_be(&bytes))
    }

    #[test]
    fn primes_of_rsa_depend_on_the_random_numbers_alone() {
        for (make, bits) in [(rsa_2048 as fn(&mut dyn RngCore) -> _, 1024), (rsa_4096, 2048)] {
            let primes = numbers(make, 1);
            for prime in &primes {
                assert!(prime.bits() == bits && probably_prime(prime, 20), "{prime}");
                assert_ne!(prime % EXPONENT, BigUint::from(1_u32));
            }
            assert_eq!((&primes[0] * &primes[1]).bits(), 2 * bits);
            assert_eq!(primes, numbers(make, 1));
            assert_ne!(primes, numbers(make, 2));
        }
    }

    #[test]
    fn the_numbers_of_dsa_fit_together() {
        let [modulus, order] = numbers(dsa_2048, 1);
        assert_eq!((modulus.bits(), order.bits()), (2048, 256));
        assert!(probably_prime(&modulus, 20) && probably_prime(&order, 40));
        assert_eq!(&modulus % &order, BigUint::from(1_u32));
    }
}
