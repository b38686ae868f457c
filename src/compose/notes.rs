//! How an answer is put down: what a reader has to be told of its form, and nobody says in a question. It stands in the
//! evidence, as a definition does, and not in parentheses in the midst of what is asked.

use crate::schema::grammar;

/// Notes by how they begin in a question's parentheses, and as sentences.
const NOTES: &[(&str, &str)] = &[
    ("1 = Monday to 7 = Sunday", "Days of the week are numbered from 1 for Monday to 7 for Sunday"),
    ("1 for Monday to 7 for Sunday", "Days of the week are numbered from 1 for Monday to 7 for Sunday"),
    ("0 for Sunday to 6 for Saturday", "Days of the week are numbered from 0 for Sunday to 6 for Saturday"),
    ("1 to 12, ", "Calendar months are numbered from 1 to 12, all years together"),
    ("YYYY-MM", "Months are shown as YYYY-MM"),
    ("such as 2020-Q1", "Quarters are shown as in 2020-Q1"),
    ("shown as 'none' where it is missing", "A missing value is shown as 'none'"),
    ("blanks around them ignored", "Blanks around the values are ignored"),
    ("the first one where tied", "Of several that are tied, the first in ascending order counts"),
    ("first two characters", "An area is told by the first two characters"),
    ("first three characters", "A prefix is the first three characters"),
    ("first three digits", "An area code is the first three digits"),
    ("ignoring case", "Upper and lower case are not told apart"),
    ("case matters", "Upper and lower case are told apart"),
    ("given as its first day", "Months are shown by their first day"),
    ("ties share a rank, and no rank is skipped", "Ties share a rank, and no rank is skipped"),
    ("no gaps after ties", "Ties share a rank, and no rank is skipped"),
    ("without gaps after ties", "Ties share a rank, and no rank is skipped"),
    ("ties share a rank, ", "Ties share a rank, and the ranks after them are skipped"),
];

/// Notes that stand behind something that is said in the same parentheses.
const BEHIND: &[(&str, &str)] = &[
    (", each shown by its lower end", "Each range is shown by its lower end"),
    (", no gaps after ties", "Ties share a rank, and no rank is skipped"),
    (", ties share a rank", "Ties share a rank, and the ranks after them are skipped"),
];

/// A question without such notes, which go to the others, each once.
pub(super) fn apart(question: &str, notes: &mut Vec<String>) -> String {
    let mut left = String::new();
    let mut rest = question;
    while let Some((before, inner, after)) = parenthesis(rest) {
        left.push_str(before);
        let kept = match named(before, inner).or_else(|| note(inner)) {
            Some((kept, note)) => {
                if !notes.contains(&note) {
                    notes.push(note);
                }
                kept
            }
            None => inner,
        };
        match kept.is_empty() {
            true => left.truncate(left.trim_end().len()),
            false => left.push_str(&format!("({kept})")),
        }
        rest = after;
    }
    left + rest
}

/// What stands before the first parentheses, in them, and after them.
fn parenthesis(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('(')?;
    let (inner, after) = rest.split_once(')')?;
    Some((before, inner, after))
}

/// Months and weekdays by name.
fn named(before: &str, inner: &str) -> Option<(&'static str, String)> {
    let kinds = [
        ("month of the year ", "Months"),
        ("months of the year ", "Months"),
        ("calendar month ", "Months"),
        ("calendar months ", "Months"),
        ("weekday ", "Weekdays"),
        ("weekdays ", "Weekdays"),
    ];
    let (_, many) = kinds.iter().find(|(one, _)| inner == "by name" && before.ends_with(one))?;
    Some(("", format!("{many} are shown by their names")))
}

/// What is left of a parenthesis, and its note.
fn note(inner: &str) -> Option<(&str, String)> {
    if let Some((kept, said)) = BEHIND.iter().find_map(|(end, said)| Some((inner.split_once(end)?.0, said))) {
        return Some((kept, (*said).to_owned()));
    }
    if let Some((mark, what)) = inner.split_once(" for a missing ") {
        return Some(("", format!("A missing {what} is shown as {mark}")));
    }
    if let Some(spans) = inner.strip_prefix("going by the ").and_then(|rest| rest.strip_suffix(" listed")) {
        return Some(("", format!("{} that have none are passed over", grammar::capitalize(spans))));
    }
    let (_, said) = NOTES.iter().find(|(begins, _)| inner.starts_with(begins))?;
    Some(("", (*said).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn the_form_of_an_answer_is_no_part_of_the_question() {
        for (question, left, note) in [
            (
                "payments per day of the week (1 = Monday to 7 = Sunday), in order",
                "payments per day of the week, in order",
                "Days of the week are numbered from 1 for Monday to 7 for Sunday",
            ),
            (
                "the rank (1 for the highest, no gaps after ties)",
                "the rank (1 for the highest)",
                "Ties share a rank, and no rank is skipped",
            ),
            (
                "films ranked, highest first (ties share a rank, leaving a gap).",
                "films ranked, highest first.",
                "Ties share a rank, and the ranks after them are skipped",
            ),
            (
                "clients and their company (\"unknown\" for a missing company)",
                "clients and their company",
                "A missing company is shown as \"unknown\"",
            ),
            ("rentals by weekday (by name)", "rentals by weekday", "Weekdays are shown by their names"),
            ("the two weekdays (by name) with most", "the two weekdays with most", "Weekdays are shown by their names"),
            (
                "rentals and those of the previous month (going by the months listed), oldest first",
                "rentals and those of the previous month, oldest first",
                "Months that have none are passed over",
            ),
            ("films (ties by name)", "films (ties by name)", ""),
        ] {
            let mut notes = Vec::new();
            for _ in 0..2 {
                assert_eq!(apart(question, &mut notes), left);
            }
            assert_eq!(notes.concat(), note, "told once");
        }
    }
}
