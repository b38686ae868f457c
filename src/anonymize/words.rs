//! Words that fakes are made of, by language, and the case that they are written in.

use super::key::Draw;
use fake::locales::{DE_DE, Data, EN, FR_FR, IT_IT, NL_NL, PT_BR};
use std::collections::HashSet;
use std::sync::OnceLock;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Locale {
    #[default]
    English,
    German,
    French,
    Italian,
    Dutch,
    Portuguese,
}

const LOCALES: [Locale; 6] =
    [Locale::English, Locale::German, Locale::French, Locale::Italian, Locale::Dutch, Locale::Portuguese];

impl Locale {
    pub(crate) fn first_names(self) -> &'static [&'static str] {
        match self {
            Locale::English => EN::NAME_FIRST_NAME,
            Locale::German => DE_DE::NAME_FIRST_NAME,
            Locale::French => FR_FR::NAME_FIRST_NAME,
            Locale::Italian => IT_IT::NAME_FIRST_NAME,
            Locale::Dutch => NL_NL::NAME_FIRST_NAME,
            Locale::Portuguese => PT_BR::NAME_FIRST_NAME,
        }
    }

    pub(crate) fn last_names(self) -> &'static [&'static str] {
        match self {
            Locale::English => EN::NAME_LAST_NAME,
            Locale::German => DE_DE::NAME_LAST_NAME,
            Locale::French => FR_FR::NAME_LAST_NAME,
            Locale::Italian => IT_IT::NAME_LAST_NAME,
            Locale::Dutch => NL_NL::NAME_LAST_NAME,
            Locale::Portuguese => PT_BR::NAME_LAST_NAME,
        }
    }

    /// The language whose names are most among these; English where none stands out.
    pub(crate) fn of_names<'a>(names: impl Iterator<Item = &'a str>) -> Locale {
        let sets = name_sets();
        let mut hits = [0usize; LOCALES.len()];
        for name in names {
            for word in name.split_whitespace().map(str::to_lowercase) {
                for (set, hit) in sets.iter().zip(&mut hits) {
                    *hit += usize::from(set.contains(&word));
                }
            }
        }
        let mut best = 0;
        for i in 1..LOCALES.len() {
            // the lists are of different lengths: another language has to be clearly ahead
            if hits[i] * 4 > hits[best] * 5 {
                best = i;
            }
        }
        LOCALES[best]
    }

    pub(crate) fn street(self, draw: &mut Draw, name: &str) -> String {
        let number = draw.between(1, 999);
        match self {
            Locale::German => {
                let suffix = draw.pick(&["straße", "weg", "allee", "gasse", "platz"]);
                format!("{name}{suffix} {number}")
            }
            Locale::Dutch => format!("{name}{} {number}", draw.pick(&["straat", "weg", "laan", "plein"])),
            Locale::French => format!("{number} {} {name}", draw.pick(&["Rue", "Avenue", "Boulevard", "Place"])),
            Locale::Italian => format!("{} {name} {number}", draw.pick(&["Via", "Viale", "Piazza", "Corso"])),
            Locale::Portuguese => format!("{} {name}, {number}", draw.pick(&["Rua", "Avenida", "Travessa"])),
            Locale::English => {
                format!("{number} {name} {}", draw.pick(&["St", "Ave", "Road", "Lane", "Drive", "Way", "Court"]))
            }
        }
    }

    pub(crate) fn city(self, draw: &mut Draw, name: &str) -> String {
        let suffix = match self {
            Locale::German => draw.pick(&["dorf", "heim", "hausen", "stedt", "bach"]),
            Locale::Dutch => draw.pick(&["dam", "veen", "hoven", "dijk"]),
            Locale::French => draw.pick(&["-sur-Lac", "-le-Vieux", "-la-Roche"]),
            Locale::Italian => draw.pick(&[" Marina", " Alta", " Terme"]),
            Locale::Portuguese => draw.pick(&[" do Sul", " Nova", " da Serra"]),
            Locale::English => draw.pick(&["ton", "ville", "burgh", "mouth", "shire", "haven"]),
        };
        format!("{name}{suffix}")
    }
}

fn name_sets() -> &'static Vec<HashSet<String>> {
    static SETS: OnceLock<Vec<HashSet<String>>> = OnceLock::new();
    SETS.get_or_init(|| {
        let set = |l: &Locale| l.first_names().iter().chain(l.last_names()).map(|n| n.to_lowercase()).collect();
        LOCALES.iter().map(set).collect()
    })
}

/// Words of prose without meaning.
pub(crate) fn prose() -> &'static [&'static str] {
    EN::LOREM_WORD
}

/// One or more words for the name of a thing, in no case yet.
pub(crate) fn label(draw: &mut Draw, count: usize) -> String {
    let mut words = Vec::with_capacity(count);
    for i in 0..count {
        words.push(if i + 1 == count { draw.pick(NOUNS) } else { draw.pick(ADJECTIVES) });
    }
    words.join(" ")
}

const ADJECTIVES: &[&str] = &[
    "amber", "ancient", "autumn", "bitter", "blue", "bold", "brave", "bright", "broad", "bronze", "calm", "clever",
    "cobalt", "copper", "coral", "crimson", "crystal", "curious", "distant", "dusty", "eager", "early", "eastern",
    "electric", "emerald", "faint", "fearless", "gentle", "gilded", "golden", "grand", "granite", "hidden", "hollow",
    "humble", "indigo", "ivory", "jolly", "keen", "late", "lively", "lone", "lucky", "lunar", "mellow", "merry",
    "misty", "modest", "nimble", "noble", "northern", "olive", "patient", "pearl", "polar", "proud", "quiet", "rapid",
    "rustic", "scarlet", "secret", "serene", "silent", "silver", "simple", "solar", "southern", "steady", "sturdy",
    "subtle", "sunny", "swift", "tender", "velvet", "violet", "vivid", "wandering", "western", "wild", "winter",
];

const NOUNS: &[&str] = &[
    "acorn", "anchor", "anvil", "arrow", "atlas", "badger", "banner", "barrel", "basin", "beacon", "birch", "bison",
    "bramble", "breeze", "bridge", "brook", "candle", "canyon", "canvas", "cedar", "cliff", "clover", "comet",
    "compass", "cradle", "crane", "crest", "delta", "drum", "dune", "ember", "falcon", "feather", "fern", "fjord",
    "flint", "forge", "fountain", "garden", "glacier", "grove", "hammer", "harbor", "harp", "harvest", "heron",
    "hollow", "horizon", "island", "jasper", "kestrel", "kettle", "lagoon", "lantern", "lark", "ledger", "lily",
    "lynx", "maple", "meadow", "mill", "mirror", "moth", "needle", "oak", "orchard", "otter", "owl", "paddle",
    "pebble", "pine", "plateau", "plover", "prairie", "quarry", "quill", "raven", "reef", "ridge", "river", "saddle",
    "sail", "shore", "sparrow", "spindle", "spring", "stone", "summit", "thicket", "thistle", "tide", "timber",
    "trail", "valley", "violin", "walnut", "willow", "wren",
];

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Upper,
    Lower,
    Title,
}

impl Case {
    pub(crate) fn of(text: &str) -> Case {
        let upper = text.chars().any(char::is_uppercase);
        let lower = text.chars().any(char::is_lowercase);
        match (upper, lower) {
            (true, false) if text.chars().filter(|c| c.is_alphabetic()).count() > 1 => Case::Upper,
            (false, true) => Case::Lower,
            _ => Case::Title,
        }
    }

    pub(crate) fn write(self, text: &str) -> String {
        match self {
            Case::Upper => text.to_uppercase(),
            Case::Lower => text.to_lowercase(),
            Case::Title => {
                let mut begins = true;
                text.chars()
                    .map(|c| {
                        let out = if begins { c.to_uppercase().next().unwrap_or(c) } else { c };
                        begins = c.is_whitespace();
                        out
                    })
                    .collect()
            }
        }
    }
}

/// Letters and digits alone, as in addresses of mail.
pub(crate) fn plain(word: &str) -> String {
    if word.bytes().all(|c| c.is_ascii_alphanumeric()) {
        return word.to_ascii_lowercase();
    }
    word.chars()
        .filter_map(|c| match c.to_lowercase().next().unwrap_or(c) {
            c @ ('a'..='z' | '0'..='9') => Some(c),
            'ä' | 'á' | 'à' | 'â' | 'ã' => Some('a'),
            'é' | 'è' | 'ê' | 'ë' => Some('e'),
            'í' | 'ì' | 'î' | 'ï' => Some('i'),
            'ö' | 'ó' | 'ò' | 'ô' | 'õ' => Some('o'),
            'ü' | 'ú' | 'ù' | 'û' => Some('u'),
            'ç' => Some('c'),
            'ñ' => Some('n'),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_the_names() {
        let of = |names: &[&str]| Locale::of_names(names.iter().copied());
        assert_eq!(of(&["MARY", "Patricia", "Linda", "Smith"]), Locale::English);
        assert_eq!(of(&["Jürgen", "Heinz", "Müller", "Schmidt", "Krüger"]), Locale::German);
        assert_eq!(of(&["Béatrice", "Jacques", "Lefèvre", "Geneviève"]), Locale::French);
        assert_eq!(of(&[]), Locale::English);
    }

    #[test]
    fn case_is_kept() {
        assert_eq!(Case::of("MARY").write("Anna"), "ANNA");
        assert_eq!(Case::of("mary").write("Anna"), "anna");
        assert_eq!(Case::of("Mary").write("silver otter"), "Silver Otter");
    }
}
