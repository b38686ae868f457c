//! A draw by a fixed rule: the records with the smallest hash of (phase, slot), so that the same run is always
//! measured on the same records, however many there are, and memory holds the drawn ones alone.

use crate::dataset::near::hash;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

pub(crate) struct Draw<T> {
    limit: usize,
    /// The largest on top: the next to go.
    drawn: BinaryHeap<Drawn<T>>,
}

struct Drawn<T> {
    key: u64,
    item: T,
}

impl<T> PartialEq for Drawn<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T> Eq for Drawn<T> {}

impl<T> PartialOrd for Drawn<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Drawn<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

/// The hash by which is drawn. FNV alone leaves neighbours near each other: its bits are mixed once more.
pub(crate) fn key(phase: &str, slot: i64) -> u64 {
    let mut x = hash(format!("{phase} {slot}").as_bytes());
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl<T> Draw<T> {
    pub fn new(limit: usize) -> Draw<T> {
        Draw { limit, drawn: BinaryHeap::new() }
    }

    /// Takes the item where its key is among the smallest; it is made only then.
    pub fn offer(&mut self, key: u64, item: impl FnOnce() -> T) {
        if self.drawn.len() == self.limit {
            if self.drawn.peek().is_none_or(|last| last.key <= key) {
                return;
            }
            self.drawn.pop();
        }
        self.drawn.push(Drawn { key, item: item() });
    }

    /// In the order of the keys, so that a smaller draw is a beginning of a larger one.
    pub fn into_vec(self) -> Vec<T> {
        self.drawn.into_sorted_vec().into_iter().map(|d| d.item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_are_drawn_in_whatever_order_they_come() {
        let draw = |order: &mut dyn Iterator<Item = i64>, limit| {
            let mut draw = Draw::new(limit);
            order.for_each(|slot| draw.offer(key("joins", slot), || slot));
            draw.into_vec()
        };
        let forth = draw(&mut (1..=1000), 100);
        assert_eq!(forth, draw(&mut (1..=1000).rev(), 100));
        assert_eq!(forth[..10], draw(&mut (1..=1000), 10));
        assert_eq!(draw(&mut (1..=5), 10).len(), 5);
        // from everywhere, not from one end
        let early = forth.iter().filter(|slot| **slot <= 500).count();
        assert!((30..=70).contains(&early), "{early}");
    }
}
