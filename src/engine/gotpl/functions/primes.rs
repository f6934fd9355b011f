//! Primes for keys, found faster than the crate `rsa` finds them: its search takes longer than all else in a render.
//!
//! A prime is the first one behind a random number, in steps of a given width; most of the numbers on the way have a
//! small divisor, and only the others are tested with powers. Those are reckoned in numbers of a fixed width, in
//! Montgomery's form, on all cores.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::RngCore as _;
use rayon::prelude::*;
use rsa::{BigUint, RsaPrivateKey};
use ruint::Uint;
use std::sync::LazyLock;

/// The public exponent that everybody uses.
const EXPONENT: u64 = 65_537;

/// Divisors below this are told from remainders.
const SMALL: u64 = 1 << 16;

/// The product of so many of them has 64 bits, and a remainder is taken once for all.
const TOGETHER: usize = 4;

/// After so many steps a search begins elsewhere: some twenty times the distance between primes.
const WINDOW: usize = 1 << 13;

/// The rounds of Miller and Rabin's test after which a random number of 1024 bits is no prime with a probability below
/// 2^-112 (FIPS 186-5, table B.1), as Go has them, too.
const ROUNDS: usize = 5;

/// The same for numbers of 256 bits, of which more are taken for primes by mistake.
const ROUNDS_SHORT: usize = 32;

/// An RSA key of two primes of `BITS` bits, a multiple of 64. The same generator makes the same key.
pub(super) fn rsa_key<const BITS: usize, const LIMBS: usize>(
    generator: &mut ChaCha20Rng,
) -> rsa::Result<RsaPrivateKey> {
    loop {
        let p = rsa_prime::<BITS, LIMBS>(generator);
        let q = rsa_prime::<BITS, LIMBS>(generator);
        if p != q {
            return RsaPrivateKey::from_p_q(number(p), number(q), EXPONENT.into());
        }
    }
}

/// A prime with its two highest bits set, that goes with [`EXPONENT`].
fn rsa_prime<const BITS: usize, const LIMBS: usize>(generator: &mut ChaCha20Rng) -> Uint<BITS, LIMBS> {
    loop {
        let mut start: Uint<BITS, LIMBS> = odd(generator);
        start.set_bit(BITS - 2, true);
        let fits = |number| remainder(number, EXPONENT) != 1;
        if let Some(prime) = first_prime(generator, start, Uint::from(2), ROUNDS, fits) {
            return prime;
        }
    }
}

/// The numbers of a DSA key: `p` of `BITS` bits, a multiple of 64, `q` of 256 bits, `g`, `y` and `x`.
pub(super) fn dsa_key<const BITS: usize, const LIMBS: usize>(generator: &mut ChaCha20Rng) -> [BigUint; 5] {
    type Order = Uint<256, 4>;
    let (modulus, order) = loop {
        let start: Order = odd(generator);
        let Some(order) = first_prime(generator, start, Order::from(2), ROUNDS_SHORT, |_| true) else {
            continue;
        };
        // It has to divide the modulus less one, which is even.
        let step = Uint::<BITS, LIMBS>::from(order) << 1;
        let start: Uint<BITS, LIMBS> = odd(generator);
        let start = start - start % step + Uint::ONE;
        if let Some(modulus) = first_prime(generator, start, step, ROUNDS, |_| true) {
            break (number(modulus), number(order));
        }
    };
    let one = BigUint::from(1_u32);
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
        let secret = number(random::<256, 4>(generator));
        if secret >= one && secret < order {
            break secret;
        }
    };
    let public = root.modpow(&secret, &modulus);
    [modulus, order, root, public, secret]
}

/// The same number, of the width that it needs.
fn number<const BITS: usize, const LIMBS: usize>(number: Uint<BITS, LIMBS>) -> BigUint {
    BigUint::from_bytes_be(&number.to_be_bytes_vec())
}

fn random<const BITS: usize, const LIMBS: usize>(generator: &mut ChaCha20Rng) -> Uint<BITS, LIMBS> {
    let mut limbs = [0; LIMBS];
    limbs.fill_with(|| generator.next_u64());
    Uint::from_limbs(limbs)
}

/// A random odd number, its highest bit set.
fn odd<const BITS: usize, const LIMBS: usize>(generator: &mut ChaCha20Rng) -> Uint<BITS, LIMBS> {
    let mut number = random::<BITS, LIMBS>(generator);
    number.set_bit(BITS - 1, true);
    number.set_bit(0, true);
    number
}

/// The first prime among `start`, `start + step`, ... that fits, if the window holds one.
fn first_prime<const BITS: usize, const LIMBS: usize>(
    generator: &mut ChaCha20Rng,
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
        // As many at a time as there are threads; whatever their number, the first prime is the one.
        let some: Vec<_> = candidates.by_ref().take(rayon::current_num_threads()).collect();
        if some.is_empty() {
            return None;
        }
        let fields: Vec<_> = some.into_par_iter().map(Residues::of).filter(Residues::pass_two).collect();
        if let Some(prime) = fields.iter().find(|field| field.pass_random(generator, rounds)) {
            return Some(prime.modulus);
        }
    }
}

/// Residues modulo an odd number, in Montgomery's form: multiplied by 2^BITS.
struct Residues<const BITS: usize, const LIMBS: usize> {
    modulus: Uint<BITS, LIMBS>,
    /// -1 / modulus, modulo 2^64.
    inverse: u64,
    one: Uint<BITS, LIMBS>,
    minus_one: Uint<BITS, LIMBS>,
}

impl<const BITS: usize, const LIMBS: usize> Residues<BITS, LIMBS> {
    fn of(modulus: Uint<BITS, LIMBS>) -> Self {
        let lowest = modulus.as_limbs().first().copied().unwrap_or(1);
        // An odd number is its own inverse modulo 8; every turn doubles how many bits are right.
        let inverse = (0..5).fold(lowest, |inverse, _| {
            inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse)))
        });
        let one = modulus.wrapping_neg().reduce_mod(modulus);
        Self { modulus, inverse: inverse.wrapping_neg(), one, minus_one: modulus - one }
    }

    fn multiply(&self, one: Uint<BITS, LIMBS>, other: Uint<BITS, LIMBS>) -> Uint<BITS, LIMBS> {
        one.mul_redc(other, self.modulus, self.inverse)
    }

    /// Miller and Rabin's test to the base 2. It finds out nearly every composite number, and doubling is cheaper than
    /// multiplying.
    fn pass_two(&self) -> bool {
        self.passes(|residue| residue.add_mod(residue, self.modulus))
    }

    /// The same test to so many random bases.
    fn pass_random(&self, generator: &mut ChaCha20Rng, rounds: usize) -> bool {
        let bases: Vec<Uint<BITS, LIMBS>> =
            (0..rounds).map(|_| random::<BITS, LIMBS>(generator).reduce_mod(self.modulus)).collect();
        bases.par_iter().all(|base| base.is_zero() || self.passes(|residue| self.multiply(residue, *base)))
    }

    /// Whether the modulus looks like a prime from the powers of a base.
    fn passes(&self, times_base: impl Fn(Uint<BITS, LIMBS>) -> Uint<BITS, LIMBS>) -> bool {
        let less_one = self.modulus - Uint::ONE;
        let twos = less_one.trailing_zeros();
        let mut power = self.one;
        for place in (twos..less_one.bit_len()).rev() {
            power = self.multiply(power, power);
            if less_one.bit(place) {
                power = times_base(power);
            }
        }
        power == self.one
            || power == self.minus_one
            || (1..twos).any(|_| {
                power = self.multiply(power, power);
                power == self.minus_one
            })
    }
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
    use num_bigint_dig::prime::probably_prime;
    use rand_chacha::rand_core::SeedableRng as _;
    use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};

    #[test]
    fn small_numbers_are_divided_as_they_should_be() {
        assert_eq!(SMALL_PRIMES.len(), 6541);
        assert!(SMALL_PRIMES.iter().all(|prime| probably_prime(&BigUint::from(*prime), 5)));
        for prime in &SMALL_PRIMES[..200] {
            assert!((1..*prime).all(|number| number * inverse(number, *prime) % prime == 1), "{prime}");
        }
    }

    #[test]
    fn keys_are_sound_and_depend_on_the_generator_alone() {
        let key = |seed| rsa_key::<512, 8>(&mut ChaCha20Rng::seed_from_u64(seed)).unwrap();
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
        let numbers = dsa_key::<1024, 16>(&mut ChaCha20Rng::seed_from_u64(1));
        let [modulus, order, root, public, secret] = &numbers;
        assert_eq!((modulus.bits(), order.bits()), (1024, 256));
        assert!(probably_prime(modulus, 20) && probably_prime(order, 40));
        assert_eq!((modulus - &one) % order, BigUint::from(0_u32));
        assert!(*root > one && root.modpow(order, modulus) == one, "the root is of that order");
        assert!(*secret >= one && secret < order && *public == root.modpow(secret, modulus));
        assert_eq!(numbers, dsa_key::<1024, 16>(&mut ChaCha20Rng::seed_from_u64(1)));
    }
}
