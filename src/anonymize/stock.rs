//! Fakes already given, by original: equal originals get equal fakes, and no fake meets an original.

use super::class::Kind;
use super::key::Domain;
use super::person::{self, Wanted};
use super::rule::{Guard, Span};
use super::words::Locale;
use super::{moment, shape};
use crate::error::Result;
use std::collections::{HashMap, HashSet};

/// Fakes tried for one original, beyond which the column is too dense to have any that is free.
const ATTEMPTS: u32 = 48;
/// Attempts after which a code may change its shape.
const SHAPES_END: u32 = 8;
/// Below this many bits, a code of that shape may meet another one.
const SURE_BITS: f64 = 60.0;
/// Shorter parts of words say nothing.
const PART: usize = 5;

/// Looks for texts among the originals; `pg/anonymize.rs` asks the server.
pub(crate) trait Originals {
    /// Those of the texts (lower case, trimmed) that are values of the guarded columns.
    fn among(&mut self, guard: &Guard, texts: &[String]) -> Result<Vec<String>>;
}

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
    pub unique: bool,
    pub guard: Guard,
    given: HashMap<String, String>,
    used: HashSet<String>,
    /// Originals whose fakes have not been looked up yet, with the attempt that they are at.
    fresh: Vec<(String, u32)>,
}

pub(super) fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

impl Stock {
    pub(super) fn new(make: Make, domain: Domain, guard: Guard) -> Stock {
        Stock {
            make,
            domain,
            locale: Locale::default(),
            limit: None,
            length: 60,
            unique: false,
            guard,
            given: HashMap::new(),
            used: HashSet::new(),
            fresh: Vec::new(),
        }
    }

    /// Makes sure that there is a fake for the original.
    pub(super) fn want(&mut self, original: &str) {
        if !original.is_empty() && !self.given.contains_key(original) {
            self.make(original.to_owned(), 0);
        }
    }

    /// The fake that [`Stock::want`] has made; a mask where it was not asked to.
    pub(super) fn get(&self, original: &str) -> &str {
        match self.given.get(original) {
            Some(fake) => fake,
            None if original.is_empty() => "",
            None => "***",
        }
    }

    /// Tries from the given attempt on until the fake is neither the original nor taken.
    fn make(&mut self, original: String, from: u32) {
        let own = fold(&original);
        let mut attempt = from;
        let (fake, folded) = loop {
            let fake = self.candidate(&original, attempt);
            let folded = fold(&fake);
            let good = folded != own && !(self.unique && self.used.contains(&folded));
            if good || attempt >= ATTEMPTS {
                break (fake, folded);
            }
            attempt += 1;
        };
        if self.unique {
            self.used.insert(folded);
        }
        self.given.insert(original.clone(), fake);
        self.fresh.push((original, attempt));
    }

    fn candidate(&self, original: &str, attempt: u32) -> String {
        let fake = match &self.make {
            Make::BirthDate(span) => moment::fake(&self.domain, original, span.ends(), span.tied, attempt),
            Make::Shape if attempt < SHAPES_END => shape::permuted(&self.domain, original, attempt),
            Make::Shape => None,
            Make::Text(kind) => {
                let wanted = Wanted {
                    kind: *kind,
                    original,
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

    /// What must not be an original of a fake: itself, and each part of its words that is long enough to tell.
    fn parts(&self, original: &str, out: &mut Vec<String>) {
        let fake = fold(self.get(original));
        let worded = matches!(self.make, Make::Text(kind) if person::is_worded(kind));
        if worded {
            for word in fake.split(|c: char| !c.is_alphanumeric()) {
                let ends: Vec<usize> = word.char_indices().map(|(i, _)| i).chain([word.len()]).collect();
                for start in 0..ends.len() {
                    for end in start + PART..ends.len() {
                        out.push(word[ends[start]..ends[end]].to_owned());
                    }
                }
            }
        }
        out.push(fake);
    }

    fn is_guarded(&self, original: &str) -> bool {
        self.guard != Guard::Free && !(self.make == Make::Shape && shape::bits(original) >= SURE_BITS)
    }
}

/// What was looked up so far, by guard: true = it is an original.
#[derive(Default)]
pub(super) struct Screen {
    known: HashMap<Guard, HashMap<String, bool>>,
}

impl Screen {
    /// Redraws what has been made since the last time until no fake meets an original.
    pub(super) fn settle(&mut self, stocks: &mut [Stock], originals: &mut dyn Originals) -> Result<()> {
        loop {
            self.look_up(stocks, originals)?;
            let mut again = false;
            for stock in stocks.iter_mut() {
                let fresh = std::mem::take(&mut stock.fresh);
                let Some(known) = self.known.get(&stock.guard) else { continue };
                for (original, attempt) in fresh {
                    let mut parts = Vec::new();
                    if stock.is_guarded(&original) {
                        stock.parts(&original, &mut parts);
                    }
                    if attempt < ATTEMPTS && parts.iter().any(|p| known.get(p) == Some(&true)) {
                        let old = fold(stock.get(&original));
                        stock.used.remove(&old);
                        stock.make(original, attempt + 1);
                        again = true;
                    }
                }
            }
            if !again {
                return Ok(());
            }
        }
    }

    fn look_up(&mut self, stocks: &[Stock], originals: &mut dyn Originals) -> Result<()> {
        let mut wanted: HashMap<&Guard, HashSet<String>> = HashMap::new();
        for stock in stocks.iter().filter(|s| s.guard != Guard::Free) {
            let known = self.known.get(&stock.guard);
            for (original, _) in stock.fresh.iter().filter(|(o, _)| stock.is_guarded(o)) {
                let mut parts = Vec::new();
                stock.parts(original, &mut parts);
                let new = parts.into_iter().filter(|p| known.is_none_or(|k| !k.contains_key(p)));
                wanted.entry(&stock.guard).or_default().extend(new);
            }
        }
        for (guard, texts) in wanted {
            let known = self.known.entry(guard.clone()).or_default();
            if texts.is_empty() {
                continue;
            }
            let mut texts: Vec<String> = texts.into_iter().collect();
            texts.sort();
            let met = originals.among(guard, &texts)?;
            known.extend(texts.into_iter().map(|t| (t, false)));
            known.extend(met.into_iter().map(|t| (t, true)));
        }
        Ok(())
    }
}
