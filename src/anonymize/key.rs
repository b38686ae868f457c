//! Where fakes come from: a keyed hash of the original. Whoever lacks the secret can neither repeat nor link them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

type HmacSha256 = Hmac<Sha256>;

/// The key of one run, or of one role's calls with one seed.
#[derive(Clone)]
pub(crate) struct Key(HmacSha256);

/// A key for values that have to be faked alike, such as those of a key and of what points to it.
#[derive(Clone)]
pub(crate) struct Domain {
    mac: HmacSha256,
    sip: (u64, u64),
}

/// Random choices that depend on (key, domain, value, attempt) alone.
pub(crate) struct Draw {
    state: [u64; 4],
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
        let bytes = digest(self.0.clone(), &[name.as_bytes()]);
        let sip = digest(self.0.clone(), &[b"sip", name.as_bytes()]);
        Domain { mac: mac(&bytes), sip: (word(&sip, 0), word(&sip, 1)) }
    }
}

impl Domain {
    pub(crate) fn draw(&self, value: &str, attempt: u32) -> Draw {
        Draw::of(&digest(self.mac.clone(), &[value.as_bytes(), &attempt.to_le_bytes()]))
    }

    /// Choices that depend on all values of a row.
    pub(super) fn draw_row(&self, row: &[Option<&str>]) -> Draw {
        let mut mac = self.mac.clone();
        for value in row {
            mac.update(&value.map_or(u64::MAX, |v| v.len() as u64).to_le_bytes());
            mac.update(value.unwrap_or("").as_bytes());
        }
        Draw::of(&mac.finalize().into_bytes().into())
    }

    /// A pseudo-random function for the rounds of a permutation, where a hash of 64 bytes a round would be slow.
    pub(super) fn round(&self, tweak: u64, round: u64, half: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.sip.0, self.sip.1);
        hasher.write_u64(tweak);
        hasher.write_u64(round);
        hasher.write_u64(half);
        hasher.finish()
    }

    /// A number for a text, as the tweak of a permutation.
    pub(super) fn tweak(&self, text: &str) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.sip.1, self.sip.0);
        hasher.write(text.as_bytes());
        hasher.finish()
    }
}

impl Draw {
    fn of(bytes: &[u8; 32]) -> Draw {
        Draw { state: [word(bytes, 0), word(bytes, 1), word(bytes, 2), word(bytes, 3) | 1] }
    }

    /// xoshiro256++, seeded by the keyed hash.
    pub(super) fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
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
