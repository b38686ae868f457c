//! Rows as they are read, each with the number that says where it stands, and given out in that order.

use super::texts::Texts;

/// Rows of a part: so many are still close together when they are looked at in another order, column by column.
const PART: usize = 2048;
/// Rows given out at once where they came in order.
const BATCH: usize = 20_000;

pub(crate) struct Rows {
    /// Values of a row.
    width: usize,
    /// Numbers of one part have their first bits in common; one part where the rows come in order.
    parts: Vec<Texts>,
    ordered: bool,
    /// Where the next text goes.
    part: usize,
    column: usize,
}

impl Rows {
    /// Rows that come in order.
    pub(crate) fn ordered(width: usize) -> Rows {
        Rows { width, parts: vec![Texts::default()], ordered: true, part: 0, column: 0 }
    }

    /// About so many rows, to be put in order.
    pub(crate) fn unordered(width: usize, expected: usize) -> Rows {
        let parts = expected.div_ceil(PART).next_power_of_two().min(PART);
        Rows { parts: (0..parts).map(|_| Texts::default()).collect(), ordered: false, ..Rows::ordered(width) }
    }

    /// Adds a text: the row's number first, then its values.
    pub(crate) fn push(&mut self, text: Option<&str>) {
        if self.column == 0 && self.parts.len() > 1 {
            self.part = (place(text) >> (64 - self.parts.len().ilog2())) as usize;
        }
        self.parts[self.part].push(text);
        self.column = (self.column + 1) % (self.width + 1);
    }

    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(|part| self.rows(part)).sum()
    }

    fn rows(&self, part: &Texts) -> usize {
        part.len() / (self.width + 1)
    }

    /// The values of a column that are not NULL, part by part.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = &str> {
        let step = self.width + 1;
        let of_part = move |part| (column + 1..Texts::len(part)).step_by(step).filter_map(|at| part.get(at));
        self.parts.iter().flat_map(of_part)
    }

    /// The first rows, some at a time: see [`Batches::next`].
    pub(crate) fn into_batches(self, count: usize) -> Batches {
        Batches {
            step: self.width + 1,
            ordered: self.ordered,
            left: count,
            parts: self.parts.into_iter(),
            part: Texts::default(),
            order: Vec::new().into_iter(),
        }
    }
}

pub(crate) struct Batches {
    step: usize,
    ordered: bool,
    left: usize,
    parts: std::vec::IntoIter<Texts>,
    part: Texts,
    /// Where the rows of the part begin that are still to come.
    order: std::vec::IntoIter<usize>,
}

impl Batches {
    /// Puts the values of the next rows into `batch`, whose memory is used again; false where there are none. What was
    /// given out is not kept.
    pub(crate) fn next(&mut self, batch: &mut Texts) -> bool {
        batch.clear();
        while self.order.len() == 0 {
            let Some(part) = self.parts.next() else { return false };
            let mut order: Vec<usize> = (0..part.len() / self.step).map(|row| row * self.step).collect();
            if !self.ordered {
                order.sort_by_cached_key(|at| place(part.get(*at)));
            }
            order.truncate(self.left);
            self.left -= order.len();
            (self.part, self.order) = (part, order.into_iter());
        }
        for at in self.order.by_ref().take(BATCH) {
            (at + 1..at + self.step).for_each(|cell| batch.push(self.part.get(cell)));
        }
        true
    }
}

/// Whole numbers in their order, from zero on.
fn place(number: Option<&str>) -> u64 {
    let number: i64 = number.and_then(|n| n.parse().ok()).unwrap_or(0);
    (number as u64) ^ (1 << 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(mut rows: Rows, numbers: &[i64]) -> Rows {
        for number in numbers {
            rows.push(Some(&number.to_string()));
            rows.push(Some(&format!("value {number}")));
            rows.push(None);
        }
        rows
    }

    fn given(rows: Rows, count: usize) -> Vec<String> {
        let (mut batches, mut batch, mut given) = (rows.into_batches(count), Texts::default(), Vec::new());
        while batches.next(&mut batch) {
            given.extend(batch.iter().flatten().map(str::to_owned));
        }
        given
    }

    #[test]
    fn rows_are_given_out_in_the_order_of_their_numbers() {
        let mut numbers: Vec<i64> = (0..30_000i64).map(|i| i.wrapping_mul(-7_046_029_254_386_353_131)).collect();
        numbers.extend([i64::MIN, i64::MAX, 0, -1]);
        let rows = || filled(Rows::unordered(2, numbers.len()), &numbers);
        let expected = {
            let mut sorted = numbers.clone();
            sorted.sort();
            sorted.iter().map(|n| format!("value {n}")).collect::<Vec<String>>()
        };
        assert!(rows().parts.len() > 1 && rows().len() == numbers.len());
        assert_eq!((rows().column(0).count(), rows().column(1).count()), (numbers.len(), 0));
        assert_eq!(given(rows(), usize::MAX), expected);
        assert_eq!(given(rows(), 7_000), expected[..7_000]);
        assert_eq!(given(rows(), 0), [""; 0]);
    }

    #[test]
    fn rows_that_come_in_order_stay_so() {
        let rows = filled(Rows::ordered(2), &[3, 1, 2]);
        assert_eq!(given(rows, 2), ["value 3", "value 1"]);
    }
}
