//! Primes for keys, found faster than the crate `rsa` finds them: its search takes longer than all else in a render.
//!
//! A prime is the first one behind a random number, in steps of a given width; most of the numbers on the way have a
//! small divisor, and only the others are tested with powers.

use num_bigint_dig::BigUint;
use num_bigint_dig::prime::probably_prime;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use rsa::RsaPrivateKey;

/// The public exponent that everybody uses.
const EXPONENT: u32 = 65_537;

/// Divisors below this are told from remainders.
const SMALL: u32 = 1 << 14;

/// After so many steps a search begins elsewhere: some twenty times the distance between primes.
const WINDOW: usize = 1 << 13;

/// The rounds of Miller and Rabin's test after which a random number of 1024 bits is no prime with a probability below
/// 2^-112 (FIPS 186-5, table B.1); a test of Lucas's kind comes on top.
const ROUNDS: usize = 5;

/// The same for numbers of 256 bits, of which more are taken for primes by mistake.
const ROUNDS_SHORT: usize = 32;

/// An RSA key whose modulus has `bits` bits, a multiple of 16. The same generator makes the same key.
///
/// Both primes are looked for at the same time.
pub(super) fn rsa_key(generator: &mut ChaCha20Rng, bits: usize) -> rsa::Result<RsaPrivateKey> {
    loop {
        let mut one = fork(generator);
        let mut other = fork(generator);
        let (p, q) = std::thread::scope(|threads| {
            let second =
                std::thread::Builder::new().spawn_scoped(threads, || rsa_prime(&mut other, bits / 16));
            let p = rsa_prime(&mut one, bits / 16);
            let q = second.ok().and_then(|thread| thread.join().ok());
            (p, q)
        });
        // Where no thread can be had.
        let q = q.unwrap_or_else(|| rsa_prime(&mut one, bits / 16));
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
fn rsa_prime(generator: &mut ChaCha20Rng, length: usize) -> BigUint {
    loop {
        let start = random(generator, length, 0xc0);
        let fits = |number: &BigUint| remainder(number, EXPONENT) != 1;
        if let Some(prime) = first_prime(&start, &2_u32.into(), length, ROUNDS, fits) {
            return prime;
        }
    }
}

/// The numbers of a DSA key: `p`, `q`, `g`, `y` and `x`, of 2048 and 256 bits as Sprig has them.
pub(super) fn dsa_key(generator: &mut ChaCha20Rng) -> [BigUint; 5] {
    const P: usize = 2048 / 8;
    const Q: usize = 256 / 8;
    let one = BigUint::from(1_u32);
    let (modulus, order) = loop {
        let start = random(generator, Q, 0x80);
        let Some(order) = first_prime(&start, &2_u32.into(), Q, ROUNDS_SHORT, |_| true) else { continue };
        // It has to divide the modulus less one, which is even.
        let step = &order << 1;
        let start = random(generator, P, 0x80);
        let start = &start - &start % &step + &one;
        if let Some(modulus) = first_prime(&start, &step, P, ROUNDS, |_| true) {
            break (modulus, order);
        }
    };
    let cofactor = (&modulus - &one) / &order;
    let mut base = BigUint::from(2_u32);
    let root = loop {
        let root = base.modpow(&cofactor, &modulus);
        if root != one {
            break root;
        }
        base += 1_u32;
    };
    let secret = loop {
        let mut bytes = [0; Q];
        generator.fill_bytes(&mut bytes);
        let secret = BigUint::from_bytes_be(&bytes);
        if secret >= one && secret < order {
            break secret;
        }
    };
    let public = root.modpow(&secret, &modulus);
    [modulus, order, root, public, secret]
}

/// An odd number of so many bytes, these of its highest bits set.
fn random(generator: &mut ChaCha20Rng, length: usize, high: u8) -> BigUint {
    let mut bytes = vec![0; length];
    generator.fill_bytes(&mut bytes);
    if let Some(first) = bytes.first_mut() {
        *first |= high;
    }
    if let Some(last) = bytes.last_mut() {
        *last |= 1;
    }
    BigUint::from_bytes_be(&bytes)
}

/// The first prime among `start`, `start + step`, ... that fits and has `length` bytes in full, if the window holds one.
fn first_prime(
    start: &BigUint,
    step: &BigUint,
    length: usize,
    rounds: usize,
    fits: impl Fn(&BigUint) -> bool,
) -> Option<BigUint> {
    // Which numbers of the window have a small divisor.
    let mut composite = vec![false; WINDOW];
    for divisor in small_primes() {
        let (at, width) = (remainder(start, divisor), remainder(step, divisor));
        if width == 0 {
            continue;
        }
        // The first number of steps at which the divisor divides: at + width * steps = 0.
        let steps = u64::from(divisor - at) * inverse(width, divisor) % u64::from(divisor);
        let mut place = usize::try_from(steps).unwrap_or(WINDOW);
        while let Some(found) = composite.get_mut(place) {
            *found = true;
            place += divisor as usize;
        }
    }
    (0..WINDOW)
        .zip(&composite)
        .filter(|(_, composite)| !**composite)
        .map(|(place, _)| start + step * BigUint::from(place))
        .find(|number| fits(number) && probably_prime(number, rounds))
        .filter(|found| found.bits() == length * 8)
}

/// The number that gives 1 with `number`, modulo a prime: its power by Fermat's theorem.
fn inverse(number: u32, prime: u32) -> u64 {
    let (prime, mut base, mut exponent) = (u64::from(prime), u64::from(number), prime - 2);
    let mut power = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = power * base % prime;
        }
        base = base * base % prime;
        exponent >>= 1;
    }
    power
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

    #[test]
    fn the_numbers_of_a_dsa_key_fit_together() {
        let one = BigUint::from(1_u32);
        let numbers = dsa_key(&mut ChaCha20Rng::seed_from_u64(1));
        let [modulus, order, root, public, secret] = &numbers;
        assert_eq!((modulus.bits(), order.bits()), (2048, 256));
        assert!(probably_prime(modulus, 20) && probably_prime(order, 40));
        assert_eq!((modulus - &one) % order, BigUint::from(0_u32));
        assert!(*root > one && root.modpow(order, modulus) == one, "the root is of that order");
        assert!(*secret >= one && secret < order && *public == root.modpow(secret, modulus));
        assert_eq!(numbers, dsa_key(&mut ChaCha20Rng::seed_from_u64(1)));
    }
}
