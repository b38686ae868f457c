//! Where fakes come from: a keyed hash of the original. Whoever lacks the secret can neither repeat nor link them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use siphasher::sip::SipHasher24;
use siphasher::sip128::{Hasher128, SipHasher24 as SipHasher24Of128};
use std::hash::Hasher;

type HmacSha256 = Hmac<Sha256>;

/// The key of one run, or of one role's calls with one seed.
#[derive(Clone)]
pub(crate) struct Key(HmacSha256);

/// A key for values that have to be faked alike, such as those of a key and of what points to it. It comes out of the
/// HMAC; of each value SipHash-2-4 under it is taken, as hard to guess as its 128 bits and done in a tenth of the time.
#[derive(Clone)]
pub(crate) struct Domain {
    rounds: (u64, u64),
    draws: SipHasher24Of128,
}

/// Random choices that depend on (key, domain, value, attempt) alone.
pub(crate) struct Draw {
    state: (u64, u64),
}

/// HMAC pads a key of up to 64 bytes with zeros, so this cannot fail on the 32 bytes that nlsql uses.
fn mac(key: &[u8]) -> HmacSha256 {
    let mut block = [0u8; 64];
    let n = key.len().min(64);
    block[..n].copy_from_slice(&key[..n]);
    HmacSha256::new(&block.into())
}

/// Each part with its length, so that no two lists of parts look the same.
fn digest(mut mac: HmacSha256, parts: &[&[u8]]) -> [u8; 32] {
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn word(bytes: &[u8; 32], i: usize) -> u64 {
    let mut eight = [0u8; 8];
    eight.copy_from_slice(&bytes[i * 8..i * 8 + 8]);
    u64::from_le_bytes(eight)
}

impl Key {
    pub(crate) fn of_run(secret: &[u8; 32], role: &str, run: &str) -> Key {
        Key(mac(&digest(mac(secret), &[b"run", role.as_bytes(), run.as_bytes()])))
    }

    pub(crate) fn of_call(secret: &[u8; 32], role: &str, seed: i64) -> Key {
        Key(mac(&digest(mac(secret), &[b"call", role.as_bytes(), &seed.to_le_bytes()])))
    }

    pub(crate) fn domain(&self, name: &str) -> Domain {
        let bytes = digest(self.0.clone(), &[b"sip", name.as_bytes()]);
        Domain {
            rounds: (word(&bytes, 0), word(&bytes, 1)),
            draws: SipHasher24Of128::new_with_keys(word(&bytes, 2), word(&bytes, 3)),
        }
    }
}

impl Domain {
    pub(crate) fn draw(&self, value: &str, attempt: u32) -> Draw {
        let mut hasher = self.draws;
        hasher.write_u32(attempt);
        hasher.write(value.as_bytes());
        Draw::of(&hasher)
    }

    /// Choices that depend on all values of a row.
    pub(super) fn draw_row(&self, row: &[Option<&str>]) -> Draw {
        let mut hasher = self.draws;
        for value in row {
            hasher.write_u64(value.map_or(u64::MAX, |v| v.len() as u64));
            hasher.write(value.unwrap_or("").as_bytes());
        }
        Draw::of(&hasher)
    }

    /// A pseudo-random function for the rounds of a permutation.
    pub(super) fn round(&self, tweak: u64, round: u64, half: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.rounds.0, self.rounds.1);
        hasher.write_u64(tweak);
        hasher.write_u64(round);
        hasher.write_u64(half);
        hasher.finish()
    }

    /// A number for a text, as the tweak of a permutation.
    pub(super) fn tweak(&self, text: &str) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.rounds.1, self.rounds.0);
        hasher.write(text.as_bytes());
        hasher.finish()
    }
}

impl Draw {
    fn of(hasher: &SipHasher24Of128) -> Draw {
        let hash = hasher.finish128();
        Draw { state: (hash.h1, hash.h2 | 1) }
    }

    /// xoroshiro128++, seeded by the keyed hash.
    pub(super) fn next(&mut self) -> u64 {
        let (a, b) = self.state;
        let c = a ^ b;
        self.state = (a.rotate_left(49) ^ c ^ (c << 21), c.rotate_left(28));
        a.wrapping_add(b).rotate_left(17).wrapping_add(a)
    }

    /// 0 .. n-1; 0 for n = 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// low ..= high.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high.saturating_sub(low) + 1)
    }

    pub(super) fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list.get(self.below(list.len())).copied().unwrap_or("")
    }

    pub(super) fn digit(&mut self) -> char {
        char::from(b'0' + self.below(10) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(key: &Key, domain: &str, value: &str, attempt: u32) -> u64 {
        key.domain(domain).draw(value, attempt).next()
    }

    #[test]
    fn each_part_of_the_key_matters_and_equal_parts_repeat() {
        let secret = [7u8; 32];
        let base = Key::of_run(&secret, "anna", "r1");
        let first = drawn(&base, "d", "v", 0);
        assert_eq!(first, drawn(&Key::of_run(&secret, "anna", "r1"), "d", "v", 0));
        for other in [
            Key::of_run(&[8u8; 32], "anna", "r1"),
            Key::of_run(&secret, "bert", "r1"),
            Key::of_run(&secret, "anna", "r2"),
            Key::of_run(&secret, "annar", "1"),
            Key::of_call(&secret, "anna", 1),
        ] {
            assert_ne!(first, drawn(&other, "d", "v", 0));
        }
        assert_ne!(first, drawn(&base, "e", "v", 0));
        assert_ne!(first, drawn(&base, "d", "w", 0));
        assert_ne!(first, drawn(&base, "d", "v", 1));
    }

    #[test]
    fn choices_stay_in_range() {
        let mut draw = Key::of_call(&[1; 32], "r", 1).domain("d").draw("v", 0);
        let mut seen = [false; 7];
        for _ in 0..500 {
            seen[draw.below(7)] = true;
            assert!((3..=5).contains(&draw.between(3, 5)));
        }
        assert_eq!(seen, [true; 7]);
        assert_eq!(draw.below(0), 0);
    }
}
