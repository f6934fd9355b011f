//! Powers modulo several numbers at a time, one in each lane of a vector register.
//!
//! Numbers are digits of 28 bits, so that the products of a column add up in 64 bits and nothing is carried before the
//! end, and they are in Montgomery's form: multiplied by 2^28 for each of their digits. The loops are plain ones that the
//! compiler turns into instructions for four numbers of 64 bits at once. On processors without these they are slower, and
//! right.

#![expect(
    clippy::inline_always,
    reason = "only what is part of `power` is compiled for the processors it is meant for"
)]

use multiversion::multiversion;
use ruint::Uint;
use std::{array, mem};

/// How many numbers are reckoned with at a time.
pub(crate) const LANES: usize = 4;

/// The bits of a base of powers.
pub(crate) const BASE_BITS: u32 = 24;

/// The bits of a digit.
const DIGIT_BITS: usize = 28;

const DIGIT: u64 = (1 << DIGIT_BITS) - 1;

/// A digit of each number, or a sum that is to become one.
#[derive(Clone, Copy, Default)]
#[repr(align(32))]
struct Digit([u64; LANES]);

/// Digits of numbers, the lowest first.
type Digits = Vec<Digit>;

/// Miller and Rabin's test: for each modulus m, of `BITS` bits and 3 modulo 4, whether base^((m - 1) / 2) is 1 or -1
/// modulo m, as it is for primes. A base has at most [`BASE_BITS`], and is not zero.
pub(crate) fn pass<const BITS: usize, const LIMBS: usize>(
    moduli: [Uint<BITS, LIMBS>; LANES],
    bases: [u32; LANES],
) -> [bool; LANES] {
    let powers = half_powers(moduli, bases);
    array::from_fn(|lane| powers[lane] == Uint::ONE || powers[lane] == moduli[lane] - Uint::ONE)
}

/// base^((m - 1) / 2) for each modulus m.
fn half_powers<const BITS: usize, const LIMBS: usize>(
    moduli: [Uint<BITS, LIMBS>; LANES],
    bases: [u32; LANES],
) -> [Uint<BITS, LIMBS>; LANES] {
    // Room for twice a modulus times a base, and for so much more that no product needs a subtraction at its end: what is
    // less than two moduli remains so.
    let digits = (BITS / DIGIT_BITS + 2).next_multiple_of(2);
    let one = moduli.map(|modulus| {
        let power = modulus.wrapping_neg().reduce_mod(modulus);
        (BITS..digits * DIGIT_BITS).fold(power, |power, _| power.add_mod(power, modulus))
    });
    let inverses = moduli.map(|modulus| {
        let modulus = lowest(modulus);
        // An odd number is its own inverse modulo 8; every turn doubles how many bits are right.
        let inverse = (0..4).fold(modulus, |inverse, _| {
            inverse.wrapping_mul(2_u64.wrapping_sub(modulus.wrapping_mul(inverse)))
        });
        inverse.wrapping_neg() & DIGIT
    });
    let exponents = (1..BITS).rev().map(|place| moduli.map(|modulus| modulus.bit(place)));
    let factors =
        exponents.map(|bits| Digit(array::from_fn(|lane| if bits[lane] { bases[lane].into() } else { 1 })));
    let moduli = to_digits(moduli, digits);
    from_digits(&power(&moduli, Digit(inverses), to_digits(one, digits), &factors.collect::<Digits>()))
}

fn lowest<const BITS: usize, const LIMBS: usize>(number: Uint<BITS, LIMBS>) -> u64 {
    number.as_limbs().first().copied().unwrap_or_default()
}

fn to_digits<const BITS: usize, const LIMBS: usize>(
    numbers: [Uint<BITS, LIMBS>; LANES],
    digits: usize,
) -> Digits {
    (0..digits)
        .map(|place| Digit(numbers.map(|number| lowest(number >> (place * DIGIT_BITS)) & DIGIT)))
        .collect()
}

fn from_digits<const BITS: usize, const LIMBS: usize>(digits: &[Digit]) -> [Uint<BITS, LIMBS>; LANES] {
    array::from_fn(|lane| {
        let digits = digits.iter().rev();
        digits.fold(Uint::ZERO, |number, digit| (number << DIGIT_BITS) | Uint::from(digit.0[lane]))
    })
}

/// Squares `power`, which is in Montgomery's form, and multiplies it by a factor, for each of `factors`. The result is
/// less than the modulus, and no longer in that form.
#[multiversion(targets("x86_64+avx2"))]
fn power(modulus: &[Digit], inverse: Digit, mut power: Digits, factors: &[Digit]) -> Digits {
    let mut other = vec![Digit::default(); modulus.len()];
    let mut columns = vec![Digit::default(); 2 * modulus.len()];
    for factor in factors {
        carry(power.iter().map(|digit| multiply(*digit, *factor)), &mut other);
        multiply_by(&mut power, &other, modulus, inverse, &mut columns);
    }
    other.fill(Digit::default());
    other[0] = Digit([1; LANES]);
    multiply_by(&mut power, &other, modulus, inverse, &mut columns);
    power
}

/// Montgomery's multiplication: `one` becomes the product of both divided by 2^28 for each of their digits, modulo the
/// modulus. `columns` are zero before and after. Two digits of `other` are taken at a time, which halves how often the
/// columns are loaded and stored.
#[inline(always)]
fn multiply_by(one: &mut [Digit], other: &[Digit], modulus: &[Digit], inverse: Digit, columns: &mut [Digit]) {
    let digits = modulus.len();
    for (place, [low, high]) in other.as_chunks().0.iter().enumerate() {
        let row = &mut columns[2 * place..=2 * place + digits];
        // So many moduli as make the two lowest columns zero.
        let column = add(mem::take(&mut row[0]), multiply(one[0], *low));
        let low_times = lower(multiply(lower(column), inverse));
        let rest = upper(add(column, multiply(modulus[0], low_times)));
        let column =
            add(add(mem::take(&mut row[1]), rest), add(multiply(one[1], *low), multiply(one[0], *high)));
        let column = add(column, multiply(modulus[1], low_times));
        let high_times = lower(multiply(lower(column), inverse));
        row[2] = add(row[2], upper(add(column, multiply(modulus[0], high_times))));
        for ((column, one), modulus) in
            row[2..digits].iter_mut().zip(one[1..].windows(2)).zip(modulus[1..].windows(2))
        {
            let low = add(multiply(one[1], *low), multiply(modulus[1], low_times));
            *column = add(*column, add(low, add(multiply(one[0], *high), multiply(modulus[0], high_times))));
        }
        let (last, modulus) = (one[digits - 1], modulus[digits - 1]);
        row[digits] = add(row[digits], add(multiply(last, *high), multiply(modulus, high_times)));
    }
    carry(columns[digits..].iter_mut().map(mem::take), one);
}

/// Leaves each column its digit and gives the next one the rest.
#[inline(always)]
fn carry(columns: impl Iterator<Item = Digit>, digits: &mut [Digit]) {
    let mut rest = Digit::default();
    for (digit, column) in digits.iter_mut().zip(columns) {
        let sum = add(column, rest);
        (*digit, rest) = (lower(sum), upper(sum));
    }
}

#[inline(always)]
fn add(one: Digit, other: Digit) -> Digit {
    Digit(array::from_fn(|lane| one.0[lane] + other.0[lane]))
}

/// The product of what has at most 32 bits: there is an instruction for that.
#[inline(always)]
fn multiply(one: Digit, other: Digit) -> Digit {
    let low = |number: u64| number & u64::from(u32::MAX);
    Digit(array::from_fn(|lane| low(one.0[lane]) * low(other.0[lane])))
}

#[inline(always)]
fn lower(column: Digit) -> Digit {
    Digit(column.0.map(|column| column & DIGIT))
}

#[inline(always)]
fn upper(column: Digit) -> Digit {
    Digit(column.0.map(|column| column >> DIGIT_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::{RngCore as _, SeedableRng as _};

    /// The same powers by one number at a time.
    fn agree<const BITS: usize, const LIMBS: usize>() {
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let odd = Uint::from(3) | Uint::ONE << (BITS - 1);
        let mut moduli = || array::from_fn(|_| Uint::from_limbs(array::from_fn(|_| random.next_u64())) | odd);
        // The sums that are hardest to hold are those of the largest digits.
        let (least, most) = ([odd; LANES], [Uint::MAX; LANES]);
        for moduli in [least, most, moduli(), moduli(), moduli()] {
            for bases in [[2; LANES], [3, 5, 65_537, (1 << BASE_BITS) - 1]] {
                let expected: [Uint<BITS, LIMBS>; LANES] =
                    array::from_fn(|lane| Uint::from(bases[lane]).pow_mod(moduli[lane] >> 1, moduli[lane]));
                assert_eq!(half_powers(moduli, bases), expected, "{bases:?} modulo {moduli:?}");
            }
        }
    }

    #[test]
    fn powers_are_those_of_the_numbers_alone() {
        agree::<256, 4>();
        agree::<1024, 16>();
        agree::<2048, 32>();
    }

    #[test]
    fn primes_pass_and_others_do_not() {
        let prime = Uint::<64, 1>::MAX - Uint::from(188);
        assert_eq!(pass([prime, Uint::MAX, prime, Uint::MAX], [2; LANES]), [true, false, true, false]);
    }
}
