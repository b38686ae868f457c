//! Small words: lists, numbers, filled templates, and the seeded draw.

/// `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A number with its noun: `1 column`, `1,200 rows`.
pub(super) fn count(n: usize, noun: &str) -> String {
    let number = thousands(n as u64);
    match (n, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}

pub(super) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Puts values in place of `{name}`; the values themselves are not looked into.
pub(super) fn fill(template: &str, values: &[(&'static str, String)]) -> String {
    let mut text = String::with_capacity(template.len() + 40);
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let Some(end) = rest[start..].find('}').map(|e| start + e) else { break };
        text.push_str(&rest[..start]);
        let name = &rest[start + 1..end];
        if let Some((_, value)) = values.iter().find(|(n, _)| *n == name) {
            text.push_str(value);
        }
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    text
}

/// Ends a text with a full stop where it has no end of its own.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '?', '!', ';', ':', '。']) || text.is_empty() {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// A stored text on one line, in double quotes that do not meet its own.
pub(super) fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("“{line}”")
}

/// SplitMix64 of a seed and a number.
pub(super) fn mix(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

pub(super) fn shuffle<T>(items: &mut [T], seed: u64) {
    for i in (1..items.len()).rev() {
        let j = (mix(seed, i as u64) % (i as u64 + 1)) as usize;
        items.swap(i, j);
    }
}

/// `a film`, `an actor`.
pub(super) fn with_article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U'])
        && !["uni", "use", "usu", "eu", "one"].iter().any(|p| noun.starts_with(p));
    format!("{} {noun}", if vowel || noun.starts_with("hour") { "an" } else { "a" })
}

/// A type by the name that SQL has for it, as `format_type` prints it.
pub(super) fn type_name(base: &str) -> String {
    let name = match base {
        "int2" => "smallint",
        "int4" => "integer",
        "int8" => "bigint",
        "float4" => "real",
        "float8" => "double precision",
        "bool" => "boolean",
        "varchar" => "character varying",
        "bpchar" => "character",
        "varbit" => "bit varying",
        "time" => "time without time zone",
        "timetz" => "time with time zone",
        "timestamp" => "timestamp without time zone",
        "timestamptz" => "timestamp with time zone",
        other => match other.strip_prefix('_') {
            Some(element) => return format!("{}[]", type_name(element)),
            None => other,
        },
    };
    name.to_owned()
}

/// The words of a name: `lastUpdate`, `last_update` and `LAST UPDATE` are `last update`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
        } else if c.is_uppercase() && lower_before {
            words.push(c.to_lowercase().collect());
        } else if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|w| !w.is_empty());
    words
}

/// One of many: `categories` is `category`. Good enough for the names of tables; words it does not know stay.
pub(super) fn singular(word: &str) -> String {
    const SAME: [&str; 16] = [
        "status", "address", "bonus", "campus", "virus", "bus", "gas", "basis", "analysis", "series", "species",
        "news", "sales", "process", "business", "access",
    ];
    const IRREGULAR: [(&str, &str); 6] = [
        ("people", "person"),
        ("children", "child"),
        ("statuses", "status"),
        ("addresses", "address"),
        ("indices", "index"),
        ("movies", "movie"),
    ];
    if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == word) {
        return (*one).to_owned();
    }
    if SAME.contains(&word) || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|s| s.len() > 2) {
        return format!("{stem}y");
    }
    for end in ["sses", "shes", "ches", "xes"] {
        if word.ends_with(end) {
            return word[..word.len() - 2].to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 => stem.to_owned(),
        _ => word.to_owned(),
    }
}
