//! Fakes already given, by original: equal originals get equal fakes, and no fake meets an original.

use super::class::Kind;
use super::fresh::{Fresh, Made};
use super::key::Domain;
use super::originals::{Already, MarkMap, Originals, PART, Seal, SealSet, fold_into, folds_to, mark, seal, stretches};
use super::person::{self, Wanted};
use super::rule::{Guard, Span};
use super::texts::Texts;
use super::words::Locale;
use super::{moment, shape};
use crate::error::Result;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;

/// Fakes tried for one original, beyond which the column is too dense to have any that is free.
const ATTEMPTS: u32 = 24;
/// Attempts after which a code may change its shape.
const SHAPES_END: u32 = 8;
/// Below this many bits, a code of that shape may meet another one.
const SURE_BITS: f64 = 60.0;
/// Attempts of a stock's fakes that are looked up together where they are few: each look reads the whole table.
const AHEAD: usize = 600;
/// The number of no fake: the empty text stays as it is.
const NONE: u32 = u32::MAX;
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Make {
    Shape,
    Text(Kind),
    BirthDate(Span),
}

/// Fakes of one kind in one domain.
pub(super) struct Stock {
    pub make: Make,
    pub domain: Domain,
    pub locale: Locale,
    pub limit: Option<usize>,
    pub length: usize,
    pub formats: Vec<String>,
    pub token: bool,
    pub unique: bool,
    /// Of originals that hardly any two rows share: see [`Stock::forget`].
    pub fleeting: bool,
    pub guard: Guard,
    /// The number of an original's fake, by the original's mark.
    given: MarkMap<u32>,
    fakes: Texts,
    /// Fakes that must not come again.
    used: SealSet,
    fresh: Fresh,
    /// The memory of those before.
    settled: Fresh,
}

impl Stock {
    pub(super) fn new(make: Make, domain: Domain, guard: Guard) -> Stock {
        Stock {
            make,
            domain,
            locale: Locale::default(),
            limit: None,
            length: 60,
            formats: Vec::new(),
            token: false,
            unique: false,
            fleeting: false,
            guard,
            given: MarkMap::default(),
            fakes: Texts::default(),
            used: SealSet::default(),
            fresh: Fresh::default(),
            settled: Fresh::default(),
        }
    }

    /// Makes sure that there is a fake for the original; its number.
    pub(super) fn want(&mut self, original: &str) -> u32 {
        if original.is_empty() {
            return NONE;
        }
        let next = self.fakes.len() as u32;
        let at = if self.fleeting { next } else { *self.given.entry(mark(original)).or_insert(next) };
        if at == next {
            self.fakes.push(None);
            self.make(original, at, 0);
        }
        at
    }

    /// Between two batches: a fake that depends on its original alone is made again sooner than found in a large map,
    /// where hardly any original comes twice.
    pub(super) fn forget(&mut self) {
        if self.fleeting {
            self.fakes.clear();
        }
    }

    /// Whether a fake depends on nothing but its original, the key and the originals of the table.
    pub(super) fn is_steady(&self) -> bool {
        matches!(&self.make, Make::Text(_)) && !self.unique && !self.may_be_dense()
    }

    /// The fake of that number.
    pub(super) fn at(&self, number: u32) -> &str {
        self.fakes.get(number as usize).unwrap_or("")
    }

    /// The fake that [`Stock::want`] has made; a mask where it was not asked to.
    pub(super) fn get(&self, original: &str) -> &str {
        match self.given.get(&mark(original)) {
            Some(number) => self.at(*number),
            None if original.is_empty() => "",
            None => "***",
        }
    }

    /// Tries from the given attempt on until the fake is neither the original nor taken.
    fn make(&mut self, original: &str, at: u32, from: u32) {
        let mut attempt = from;
        let mut folded = String::new();
        let fake = loop {
            let fake = self.candidate(original, attempt);
            folded.clear();
            fold_into(&mut folded, &fake);
            let taken = folds_to(original, &folded) || self.unique && !self.used.insert(seal(&folded));
            if !taken {
                break fake;
            }
            if attempt >= ATTEMPTS {
                self.used.insert(seal(&folded));
                break fake;
            }
            attempt += 1;
        };
        self.fakes.replace(at as usize, &fake);
        self.fresh.push(Made { at, attempt }, original, &folded);
    }

    fn candidate(&self, original: &str, attempt: u32) -> String {
        let fake = match &self.make {
            Make::BirthDate(span) => moment::fake(&self.domain, original, span.ends(), span.tied, attempt),
            Make::Shape if self.is_token(original) => Some(shape::token(&mut self.domain.draw(original, attempt))),
            Make::Shape if attempt < SHAPES_END => shape::permuted(&self.domain, original, attempt),
            Make::Shape => None,
            Make::Text(kind) => {
                let wanted = Wanted {
                    kind: *kind,
                    original,
                    formats: &self.formats,
                    attempt,
                    locale: self.locale,
                    limit: self.limit,
                    length: self.length,
                };
                Some(person::fake(&self.domain, &wanted))
            }
        };
        let fake = fake.unwrap_or_else(|| self.loose(original, attempt));
        match self.limit {
            Some(limit) if fake.chars().count() > limit => {
                fake.chars().take(limit).collect::<String>().trim_end().to_owned()
            }
            _ => fake,
        }
    }

    /// Whether the shape of a key would tell too much.
    fn is_token(&self, original: &str) -> bool {
        (self.token || shape::is_worded(original)) && self.limit.is_none_or(|n| n >= shape::TOKEN)
    }

    /// Where the shape leaves no room: letters and digits of about the same length.
    fn loose(&self, original: &str, attempt: u32) -> String {
        let mut draw = self.domain.draw(original, attempt);
        let length = original.chars().count();
        if attempt < SHAPES_END && original.chars().any(char::is_alphanumeric) {
            return shape::drawn(&mut draw, original);
        }
        let length = length + (attempt / SHAPES_END) as usize;
        shape::any(&mut draw, self.limit.map_or(length, |l| length.min(l)).max(1))
    }

    /// What must not be an original of a fake: itself, each of its words, and each two of them with a blank between.
    fn parts(&self, folded: &str, see: &mut dyn FnMut(&str, bool)) {
        let worded = matches!(self.make, Make::Text(kind) if person::is_worded(kind));
        if worded {
            folded.split(|c: char| !c.is_alphabetic()).filter(|w| w.len() >= PART).for_each(|w| see(w, true));
            for (blank, _) in folded.match_indices(' ') {
                let start = folded[..blank].rfind(' ').map_or(0, |at| at + 1);
                let end = folded[blank + 1..].find(' ').map_or(folded.len(), |at| blank + 1 + at);
                // numbers would make each pair another one to look up
                if folded[start..end].chars().all(|c| c.is_alphabetic() || c == ' ') {
                    see(&folded[start..end], true);
                }
            }
        }
        see(folded, false);
    }

    /// Dates, postal codes, letters of which most are somebody's: another row's cannot be avoided.
    fn is_dense(&self, fresh: &Fresh, met: &mut dyn FnMut(&str) -> bool) -> bool {
        let count = fresh.len();
        self.may_be_dense() && count >= 8 && fresh.iter().filter(|(_, _, folded)| met(folded)).count() * 2 > count
    }

    fn may_be_dense(&self) -> bool {
        match &self.make {
            Make::BirthDate(_) => true,
            // a street has a number and a name
            Make::Text(kind) => !kind.always_personal() && *kind != Kind::Street,
            // codes of one or two letters; a key's have to be the same in each table, however many of them it has
            Make::Shape => self.limit.is_some_and(|n| n <= 2) && !matches!(self.guard, Guard::Root(_)),
        }
    }

    fn is_guarded(&self, original: &str) -> bool {
        let drawn = matches!(self.make, Make::Shape | Make::Text(Kind::Secret));
        self.guard != Guard::Free && !(drawn && shape::bits(original) >= SURE_BITS)
    }
}

/// What was looked up so far, by guard: true = it is an original, or holds one.
#[derive(Default)]
pub(super) struct Screen {
    known: HashMap<Guard, HashMap<String, bool>>,
    /// The same of words, by their seals, where the originals are at hand.
    words: HashMap<Seal, bool, BuildHasherDefault<Already>>,
}

impl Screen {
    /// Redraws what has been made since the last time until no fake meets an original.
    pub(super) fn settle(&mut self, stocks: &mut [Stock], originals: &mut dyn Originals) -> Result<()> {
        loop {
            self.look_up(stocks, originals)?;
            let mut again = false;
            for stock in stocks.iter_mut().filter(|s| !s.fresh.is_empty()) {
                let settled = std::mem::take(&mut stock.settled);
                let mut fresh = std::mem::replace(&mut stock.fresh, settled);
                let (held, known, words) =
                    (originals.held(&stock.guard), self.known.get(&stock.guard), &mut self.words);
                let mut is_met = |part: &str, word: bool| match held {
                    Some(set) if word => {
                        *words.entry(seal(part)).or_insert_with(|| stretches(part).iter().any(|s| set.has(s)))
                    }
                    Some(set) => set.has(part),
                    None => known.is_some_and(|k| k.get(part) == Some(&true)),
                };
                if stock.is_dense(&fresh, &mut |folded| is_met(folded, false)) {
                    stock.guard = Guard::Free;
                    continue;
                }
                for (made, original, folded) in fresh.iter() {
                    let mut met = false;
                    if made.attempt < ATTEMPTS && stock.is_guarded(original) {
                        stock.parts(folded, &mut |part, word| met = met || is_met(part, word));
                    }
                    if met {
                        stock.used.remove(&seal(folded));
                        stock.make(original, made.at, made.attempt + 1);
                        again = true;
                    }
                }
                fresh.clear();
                stock.settled = fresh;
            }
            if !again {
                return Ok(());
            }
        }
    }

    /// Asks the server for what is not at hand, and for the next attempts if they are few.
    fn look_up(&mut self, stocks: &[Stock], originals: &mut dyn Originals) -> Result<()> {
        let mut wanted: HashMap<&Guard, HashMap<String, bool>> = HashMap::new();
        for stock in stocks.iter().filter(|s| s.guard != Guard::Free && originals.held(&s.guard).is_none()) {
            let known = self.known.get(&stock.guard);
            let new = wanted.entry(&stock.guard).or_default();
            let mut want = |part: &str, word| {
                if known.is_none_or(|k| !k.contains_key(part)) && !new.contains_key(part) {
                    new.insert(part.to_owned(), word);
                }
            };
            let ahead = (AHEAD / stock.fresh.len().max(1)) as u32;
            for (made, original, folded) in stock.fresh.iter().filter(|(_, original, _)| stock.is_guarded(original)) {
                stock.parts(folded, &mut want);
                for attempt in made.attempt + 1..=(made.attempt + ahead).min(ATTEMPTS) {
                    let mut folded = String::new();
                    fold_into(&mut folded, &stock.candidate(original, attempt));
                    stock.parts(&folded, &mut want);
                }
            }
        }
        for (guard, parts) in wanted {
            let known = self.known.entry(guard.clone()).or_default();
            if parts.is_empty() {
                continue;
            }
            let spread = |(part, word): (String, bool)| {
                let texts = if word { stretches(&part) } else { vec![part.clone()] };
                (part, texts)
            };
            let parts: Vec<(String, Vec<String>)> = parts.into_iter().map(spread).collect();
            let mut texts: Vec<String> = parts.iter().flat_map(|(_, t)| t).cloned().collect();
            texts.sort();
            texts.dedup();
            let met: HashSet<String> = originals.among(guard, &texts)?.into_iter().collect();
            known.extend(parts.into_iter().map(|(part, texts)| (part, texts.iter().any(|t| met.contains(t)))));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::*;

    struct Kept(Vec<&'static str>);

    impl Originals for Kept {
        fn among(&mut self, _: &Guard, texts: &[String]) -> Result<Vec<String>> {
            Ok(texts.iter().filter(|t| self.0.contains(&t.as_str())).cloned().collect())
        }
    }

    fn settle(stock: &mut [Stock], kept: &'static [&'static str]) {
        Screen::default().settle(stock, &mut Kept(kept.to_vec())).unwrap();
    }

    fn stock(make: Make, unique: bool) -> Stock {
        let mut stock = Stock::new(make, Key::of_call(&[9; 32], "r", 1).domain("d"), Guard::Table);
        stock.unique = unique;
        stock
    }

    #[test]
    fn a_fake_that_is_an_original_or_holds_one_is_redrawn() {
        let first = {
            let mut one = vec![stock(Make::Text(Kind::LastName), false)];
            one[0].want("Smith");
            settle(&mut one, &[]);
            one[0].get("Smith").to_lowercase()
        };
        // the first choice is an original now, or the middle of it is
        let part: &'static str = Box::leak(first[..5.min(first.len())].to_owned().into_boxed_str());
        let kept: &'static [&'static str] = Box::leak(vec![part].into_boxed_slice());
        let mut two = vec![stock(Make::Text(Kind::LastName), false)];
        two[0].want("Smith");
        settle(&mut two, kept);
        assert!(!two[0].get("Smith").to_lowercase().contains(part), "{part}");
    }

    #[test]
    fn an_original_of_two_words_does_not_stand_across_two_of_a_fake() {
        let label = || vec![stock(Make::Text(Kind::Label), false)];
        let mut one = label();
        one[0].want("Old Song");
        settle(&mut one, &[]);
        let fake = one[0].get("Old Song").to_lowercase();
        let blank = fake.find(' ').unwrap();
        let across: &'static str = Box::leak(fake[blank - 2..blank + 3].to_owned().into_boxed_str());
        let kept: &'static [&'static str] = Box::leak(vec![across].into_boxed_slice());
        let mut two = label();
        two[0].want("Old Song");
        settle(&mut two, kept);
        assert!(!two[0].get("Old Song").to_lowercase().contains(across), "{across}");
    }

    #[test]
    fn unique_columns_stay_unique_and_nothing_is_its_own_fake() {
        let mut one = vec![stock(Make::Text(Kind::FirstName), true), stock(Make::Shape, true)];
        let names: Vec<String> = (0..4_000).map(|i| format!("Name{i}")).collect();
        for name in &names {
            one[0].want(name);
            one[1].want(&name[3..]);
        }
        settle(&mut one, &["name7"]);
        let fold = |text: &str| text.trim().to_lowercase();
        let fakes: HashSet<String> = names.iter().map(|n| fold(one[0].get(n))).collect();
        assert_eq!(fakes.len(), names.len());
        assert!(names.iter().all(|n| fold(one[1].get(&n[3..])) != fold(&n[3..])));
    }
}
