//! RSA keys, found faster than the crate `rsa` finds them: its search for primes takes longer than all else in a render.
//!
//! Both primes are looked for at the same time. A prime is the first one behind a random number; most of the numbers on
//! the way have a small divisor, and only the others are tested with powers.

use num_bigint_dig::prime::probably_prime;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use rsa::{BigUint, RsaPrivateKey};

/// The public exponent that everybody uses.
const EXPONENT: u32 = 65_537;

/// Divisors below this are told from remainders.
const SMALL: u32 = 1 << 14;

/// How far a search goes from where it began before it begins elsewhere: some twenty times the distance between primes.
const WINDOW: u32 = 1 << 14;

/// The rounds of Miller and Rabin's test after which a random number of 1024 bits is no prime with a probability below
/// 2^-112 (FIPS 186-5, table B.1); a test of Lucas's kind comes on top.
const ROUNDS: usize = 5;

/// A key whose modulus has `bits` bits, a multiple of 16. The same generator makes the same key.
pub(super) fn rsa_key(generator: &mut ChaCha20Rng, bits: usize) -> rsa::Result<RsaPrivateKey> {
    loop {
        let mut one = fork(generator);
        let mut other = fork(generator);
        let (p, q) = std::thread::scope(|threads| {
            let second = std::thread::Builder::new().spawn_scoped(threads, || prime(&mut other, bits / 16));
            let p = prime(&mut one, bits / 16);
            let q = second.ok().and_then(|thread| thread.join().ok());
            (p, q)
        });
        // Where no thread can be had.
        let q = q.unwrap_or_else(|| prime(&mut one, bits / 16));
        if p != q {
            return RsaPrivateKey::from_p_q(p, q, EXPONENT.into());
        }
    }
}

fn fork(generator: &mut ChaCha20Rng) -> ChaCha20Rng {
    let mut seed = [0; 32];
    generator.fill_bytes(&mut seed);
    ChaCha20Rng::from_seed(seed)
}

/// A prime of so many bytes, the two highest bits set, that goes with [`EXPONENT`].
fn prime(generator: &mut ChaCha20Rng, length: usize) -> BigUint {
    let divisors = small_primes();
    let mut bytes = vec![0; length];
    loop {
        generator.fill_bytes(&mut bytes);
        if let Some(high) = bytes.first_mut() {
            *high |= 0xc0;
        }
        if let Some(low) = bytes.last_mut() {
            *low |= 1;
        }
        let start = BigUint::from_bytes_be(&bytes);
        // Which odd numbers of the window have a small divisor.
        let mut composite = vec![false; WINDOW as usize / 2];
        for divisor in &divisors {
            let remainder = remainder(&start, *divisor);
            // The first even distance at which the divisor divides.
            let mut distance = (divisor - remainder) % divisor;
            if distance % 2 == 1 {
                distance += divisor;
            }
            while let Some(place) = composite.get_mut(distance as usize / 2) {
                *place = true;
                distance += 2 * divisor;
            }
        }
        let open = (0..WINDOW / 2).zip(&composite).filter(|(_, composite)| !**composite);
        let found = open
            .map(|(place, _)| &start + BigUint::from(2 * place))
            .find(|number| remainder(number, EXPONENT) != 1 && probably_prime(number, ROUNDS));
        if let Some(found) = found.filter(|found| found.bits() == length * 8) {
            return found;
        }
    }
}

fn remainder(number: &BigUint, divisor: u32) -> u32 {
    (number % divisor).to_bytes_be().into_iter().fold(0, |all, byte| all << 8 | u32::from(byte))
}

fn small_primes() -> Vec<u32> {
    let mut primes: Vec<u32> = Vec::new();
    for number in (3..SMALL).step_by(2) {
        if primes.iter().take_while(|prime| *prime * *prime <= number).all(|prime| number % prime != 0) {
            primes.push(number);
        }
    }
    primes
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};

    #[test]
    fn keys_are_sound_and_depend_on_the_generator_alone() {
        let key = |seed| rsa_key(&mut ChaCha20Rng::seed_from_u64(seed), 1024).unwrap();
        let one = key(1);
        assert_eq!(one.n().bits(), 1024);
        assert!(one.validate().is_ok());
        assert!(one.primes().iter().all(|prime| prime.bits() == 512 && probably_prime(prime, 20)));
        assert_eq!(one, key(1));
        assert_ne!(one, key(2));
    }
}
