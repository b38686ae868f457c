//! What SQL is called in a plan: fragments as the composer writes them, in the words of somebody who explains them.
//! Signs of comparison stay, since a plan is close to its query.

/// Key words between operands, as the composer spells them.
const BETWEEN: [(&str, &str); 17] = [
    (" IS NOT NULL", " has a value"),
    (" IS NULL", " has no value"),
    (" IS NOT TRUE", " is not true"),
    (" NOT IN (", " is none of ("),
    (" IN (", " is one of ("),
    ("NOT EXISTS ", "there is no row of "),
    ("EXISTS ", "there is a row of "),
    (" NOT LIKE ", " does not match the pattern "),
    (" NOT ILIKE ", " does not match, in upper or lower case, the pattern "),
    (" LIKE ", " matches the pattern "),
    (" ILIKE ", " matches, in upper or lower case, the pattern "),
    (" BETWEEN ", " is between "),
    (" = ANY (", " is one of ("),
    (" @> ARRAY[", " holds all of ARRAY["),
    (" AND ", " and "),
    (" OR ", " or "),
    ("NOT ", "not "),
];

/// What stands before a query in parentheses; elsewhere IN can be part of a call.
const BEFORE_QUERY: [(&str, &str); 2] = [(" NOT IN ", " is not among "), (" IN ", " is among ")];

/// Key words of windows.
const WINDOW: [(&str, &str); 7] = [
    (" OVER ()", " over all rows"),
    (" OVER (PARTITION BY ", " over (rows of the same "),
    (" OVER (ORDER BY ", " over (all rows by "),
    (" ORDER BY ", " by "),
    (" ROWS BETWEEN ", ", rows between "),
    (" PRECEDING AND CURRENT ROW", " before and this one"),
    (" DESC", " descending"),
];

/// A fragment of SQL; what stands in quotes is left as it is.
pub(super) fn plain(sql: &str) -> String {
    let mut said = String::with_capacity(sql.len());
    let parts: Vec<&str> = sql.split('\'').collect();
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            said.push('\'');
        }
        // an open quote goes on in another fragment
        if i % 2 == 0 && parts.len() % 2 == 1 {
            let words = WINDOW.iter().chain(&BETWEEN);
            let query = BEFORE_QUERY.iter().find(|(sql, _)| i + 1 == parts.len() && part.ends_with(sql));
            let (part, end) = query.map_or((*part, ""), |(sql, words)| (&part[..part.len() - sql.len()], *words));
            said.push_str(&words.fold(part.to_owned(), |text, (sql, words)| text.replace(sql, words)));
            said.push_str(end);
        } else {
            said.push_str(part);
        }
    }
    said
}

/// A whole expression, by what it yields.
pub(super) fn called(expr: &str) -> String {
    if expr == "count(*)" {
        return "the number of rows".to_owned();
    }
    if let Some((aggregate, condition)) = expr.split_once(" FILTER (WHERE ")
        && let Some(condition) = condition.strip_suffix(')')
        && call(aggregate).is_some()
    {
        return format!("{} among the rows where {condition}", called(aggregate));
    }
    if let Some((aggregate, window)) = expr.split_once(" over ") {
        return format!("{} over {window}", called(aggregate));
    }
    let Some((name, argument)) = call(expr) else { return expr.to_owned() };
    match name {
        "count" => match argument.strip_prefix("DISTINCT ") {
            Some(of) => format!("the number of different {of}"),
            None => format!("the number of values of {argument}"),
        },
        "sum" => format!("the sum of {argument}"),
        "avg" => format!("the average of {argument}"),
        "min" => format!("the lowest {argument}"),
        "max" => format!("the highest {argument}"),
        "round" => match argument.rsplit_once(", ") {
            Some((of, "0")) => format!("{of} rounded to a whole number"),
            Some((of, places)) if places.bytes().all(|b| b.is_ascii_digit()) => {
                format!("{of} rounded to {places} decimal{}", if places == "1" { "" } else { "s" })
            }
            _ => format!("{argument} rounded to a whole number"),
        },
        _ => expr.to_owned(),
    }
}

/// Name and argument, where the expression is one call and nothing more.
fn call(expr: &str) -> Option<(&str, &str)> {
    let (name, rest) = expr.split_once('(')?;
    let argument = rest.strip_suffix(')')?;
    let mut depth = 0_i32;
    let mut quoted = false;
    for c in argument.chars() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    (depth == 0 && !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        .then_some((name, argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_words_are_said_and_literals_stay() {
        for (sql, words) in [
            (" IS NOT NULL", " has a value"),
            (" = 'A AND B'", " = 'A AND B'"),
            (" NOT IN ('x', 'y') AND ", " is none of ('x', 'y') and "),
            (" >= 5 OR ", " >= 5 or "),
            (" NOT IN ", " is not among "),
            ("('a' IN title)", "('a' IN title)"),
            ("' AND ", "' AND "),
        ] {
            assert_eq!(plain(sql), words);
        }
    }

    #[test]
    fn calls_are_called_by_what_they_yield() {
        for (sql, words) in [
            ("count(*)", "the number of rows"),
            ("count(DISTINCT film.rating)", "the number of different film.rating"),
            ("round(the average of length, 2)", "the average of length rounded to 2 decimals"),
            ("sum(amount) FILTER (WHERE a > (1))", "the sum of amount among the rows where a > (1)"),
            ("max(a) - min(b)", "max(a) - min(b)"),
            ("sum(a) / count(*)", "sum(a) / count(*)"),
            ("upper(title)", "upper(title)"),
            ("avg(the number of rows) over all rows", "the average of the number of rows over all rows"),
        ] {
            assert_eq!(called(sql), words);
        }
    }
}
