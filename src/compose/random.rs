//! Seeded choice: a small generator, and slot-indexed rotations that visit every item before any comes again.

/// SplitMix64: enough for choices, the same on every machine.
#[derive(Debug, Clone)]
pub(super) struct Rng {
    state: u64,
}

/// One number from several, so that neighbours share nothing.
pub(super) fn mix(parts: &[u64]) -> u64 {
    let mut hash = 0x9E37_79B9_7F4A_7C15u64;
    for part in parts {
        hash = step(hash ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93));
    }
    hash
}

fn step(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number above 0 and up to 1.
pub(super) fn unit(hash: u64) -> f64 {
    ((hash >> 11) as f64 + 1.0) / (1u64 << 53) as f64
}

impl Rng {
    pub(super) fn new(parts: &[u64]) -> Rng {
        Rng { state: mix(parts) }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        step(self.state)
    }

    /// 0 .. n-1; 0 for n = 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { ((u128::from(self.next()) * n as u128) >> 64) as usize }
    }

    /// low ..= high.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `percent` of 100 cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.below(items.len())) }
    }

    /// A word of several; the list is never empty where it is written down.
    pub(super) fn word(&mut self, words: &[&'static str]) -> &'static str {
        self.pick(words).copied().unwrap_or("")
    }

    /// An index by weight.
    pub(super) fn weighted(&mut self, weights: &[usize]) -> usize {
        let total: usize = weights.iter().sum();
        let mut at = self.below(total);
        for (i, weight) in weights.iter().enumerate() {
            if at < *weight {
                return i;
            }
            at -= weight;
        }
        0
    }
}

/// The item that a rotation over `n` items gives to a slot: each round visits all of them in an order of its own.
pub(super) fn rotate(n: usize, slot: u64, salt: u64) -> usize {
    if n == 0 {
        return 0;
    }
    let round = slot / n as u64;
    let at = (slot % n as u64) as usize;
    // a Feistel walk over the next power of four gives a permutation without a list
    permute(n, at, mix(&[salt, round]))
}

fn permute(n: usize, at: usize, key: u64) -> usize {
    let bits = usize::BITS - (n.max(2) - 1).leading_zeros();
    let half = bits.div_ceil(2);
    let mask = (1u64 << half) - 1;
    let mut value = at as u64;
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for round in 0..4u64 {
            let next = left ^ (mix(&[key, round, right]) & mask);
            left = right;
            right = next;
        }
        value = (left << half) | right;
        if (value as usize) < n {
            return value as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_visits_every_item_once() {
        for n in [1usize, 2, 3, 7, 64, 65, 1000] {
            for round in 0..3u64 {
                let mut seen: Vec<usize> = (0..n as u64).map(|i| rotate(n, round * n as u64 + i, 9)).collect();
                seen.sort_unstable();
                assert_eq!(seen, (0..n).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_choices() {
        let draw = || {
            let mut rng = Rng::new(&[1, 2, 3]);
            (0..10).map(|_| rng.below(100)).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
        assert_ne!(draw()[0..5], draw()[5..10]);
    }
}
