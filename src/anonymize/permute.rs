//! Keyed permutations: every number of a range gets another one of the same range, no two the same, none its own.

use super::key::Domain;

const ROUNDS: u64 = 8;

/// A permutation of 0 .. n-1 (n up to 2^126) without a fixed point, unless n is 1.
///
/// It is a full cycle seen through a keyed shuffle: shuffle(x), one step of a keyed width on, and back.
pub(crate) fn other(domain: &Domain, tweak: u64, n: u128, x: u128) -> u128 {
    if n < 2 || x >= n {
        return x;
    }
    let step = 1 + u128::from(domain.round(tweak, u64::MAX, n as u64)) % (n - 1);
    let moved = (shuffle(domain, tweak, n, x, true) + step) % n;
    shuffle(domain, tweak, n, moved, false)
}

/// Feistel network on the next even number of bits; what falls outside walks on until it is inside.
fn shuffle(domain: &Domain, tweak: u64, n: u128, x: u128, forward: bool) -> u128 {
    let bits = 128 - (n - 1).leading_zeros();
    let half = bits.div_ceil(2).max(1);
    let mask = (1u128 << half) - 1;
    let mut value = x;
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for i in 0..ROUNDS {
            if forward {
                let mixed = left ^ (u128::from(domain.round(tweak, i, right as u64)) & mask);
                (left, right) = (right, mixed);
            } else {
                let mixed = right ^ (u128::from(domain.round(tweak, ROUNDS - 1 - i, left as u64)) & mask);
                (left, right) = (mixed, left);
            }
        }
        value = (left << half) | right;
        if value < n {
            return value;
        }
    }
}

/// A range of whole numbers that its values stay in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub low: i128,
    pub high: i128,
}

impl Range {
    pub(crate) fn contains(&self, x: i128) -> bool {
        (self.low..=self.high).contains(&x)
    }

    fn len(&self) -> u128 {
        (self.high - self.low + 1).max(0) as u128
    }

    fn meet(&self, other: &Range) -> Range {
        Range { low: self.low.max(other.low), high: self.high.min(other.high) }
    }
}

/// The numbers with the sign and the count of digits of `x`; zero is alone.
fn decade(x: i128) -> Range {
    let mut top: i128 = 10;
    while top <= x.abs() && top < 10i128.pow(37) {
        top *= 10;
    }
    match x.signum() {
        1 => Range { low: top / 10, high: top - 1 },
        -1 => Range { low: 1 - top, high: -(top / 10) },
        _ => Range { low: 0, high: 0 },
    }
}

fn within(domain: &Domain, range: &Range, x: i128) -> i128 {
    range.low + other(domain, range.low as u64, range.len(), (x - range.low) as u128) as i128
}

/// A number of the same sign and size, within the bounds where `x` is. Zero says nothing and stays.
pub(crate) fn alike(domain: &Domain, bounds: Option<&Range>, tied: bool, x: i128) -> i128 {
    let decade = decade(x);
    let Some(bounds) = bounds.filter(|b| b.contains(x)) else {
        return outside(domain, bounds, x);
    };
    let narrow = decade.meet(bounds);
    if narrow.len() >= 2 {
        within(domain, &narrow, x)
    } else if tied {
        // a constraint speaks of the column: better the nearest neighbours in bounds than a broken row
        if bounds.len() >= 2 { within(domain, bounds, x) } else { x }
    } else {
        within(domain, &decade, x)
    }
}

/// A number of the range; what lies outside of it gets another of its size outside.
pub(crate) fn in_range(domain: &Domain, range: Option<&Range>, x: i128) -> i128 {
    match range {
        Some(range) if range.contains(x) => within(domain, range, x),
        _ => outside(domain, range, x),
    }
}

fn outside(domain: &Domain, range: Option<&Range>, x: i128) -> i128 {
    let decade = decade(x);
    let mut y = within(domain, &decade, x);
    while y != x && range.is_some_and(|r| r.contains(y)) {
        y = within(domain, &decade, y);
    }
    y
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::*;
    use std::collections::HashSet;

    fn domain(seed: i64) -> Domain {
        Key::of_call(&[3; 32], "r", seed).domain("d")
    }

    #[test]
    fn every_number_moves_and_no_two_meet() {
        for n in [2u128, 3, 5, 9, 10, 16, 17, 100, 1000, 4097] {
            let images: HashSet<u128> = (0..n).map(|x| other(&domain(1), 0, n, x)).collect();
            assert_eq!(images.len() as u128, n);
            assert!(images.iter().all(|y| *y < n));
            assert!((0..n).all(|x| other(&domain(1), 0, n, x) != x), "n = {n}");
        }
        assert_eq!(other(&domain(1), 0, 1, 0), 0);
    }

    #[test]
    fn wide_ranges_work_and_keys_differ() {
        let n = 1u128 << 120;
        let x = 123_456_789_012_345_678_901_234;
        assert_ne!(other(&domain(1), 0, n, x), other(&domain(2), 0, n, x));
        assert_ne!(other(&domain(1), 0, n, x), other(&domain(1), 9, n, x));
    }

    #[test]
    fn numbers_keep_sign_and_digits() {
        let d = domain(4);
        for x in [1i128, 7, 42, 999, 12_345, -3, -87_000, 123_456_789_012_345] {
            let y = alike(&d, None, false, x);
            assert_eq!((y.signum(), y.abs().to_string().len()), (x.signum(), x.abs().to_string().len()));
            assert_ne!(y, x);
        }
        assert_eq!(alike(&d, None, false, 0), 0);
        let bounds = Range { low: 1, high: 5 };
        assert!((1..=5).all(|x| bounds.contains(alike(&d, Some(&bounds), true, x))));
        let one = Range { low: 4, high: 4 };
        assert_ne!(alike(&d, Some(&one), false, 4), 4);
    }

    #[test]
    fn keys_are_mapped_one_to_one_within_and_beyond_their_range() {
        let d = domain(5);
        let range = Range { low: 1, high: 200 };
        let images: HashSet<i128> = (-50..=2_000).map(|x| in_range(&d, Some(&range), x)).collect();
        assert_eq!(images.len(), 2_051);
        assert!((1..=200).all(|x| range.contains(in_range(&d, Some(&range), x))));
        assert!((201..=2_000).all(|x| !range.contains(in_range(&d, Some(&range), x))));
    }
}
