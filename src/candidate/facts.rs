//! What a statement is made of, as read from its Query tree, and the difficulty that follows from it.

use serde::{Deserialize, Serialize};

/// Facts of one statement. Lists are sorted and hold each name once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// `schema.table`, quoted as needed; views as themselves.
    pub tables: Vec<String>,
    /// What the views and policies of those read, through all levels.
    pub behind: Vec<String>,
    /// `schema.table.column`.
    pub columns: Vec<String>,
    pub functions: Vec<String>,
    /// Names of DESIGN.md §5.
    pub features: Vec<String>,
    pub joins: u32,
    /// Levels of nested queries; 1 = none.
    pub depth: u32,
    pub hardness: Hardness,
    pub skeleton: String,
    pub template: String,
    pub literals: Vec<Literal>,
}

/// A constant of the statement with the column that it meets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Literal {
    pub value: String,
    #[serde(rename = "type")]
    pub type_name: String,
    pub column: Option<String>,
}

/// The counts behind the difficulty: Spider's hardness rule, carried over to PostgreSQL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hardness {
    /// Of the outermost query: 1 each for WHERE, GROUP BY, ORDER BY, LIMIT; every join, OR and pattern match.
    pub component1: u32,
    /// Every subquery, CTE, set operation and window clause.
    pub component2: u32,
    /// 1 each for more than one aggregate, output column, condition, grouping key.
    pub others: u32,
}

impl Hardness {
    /// Spider's classes, with a, b, c for the three counts:
    ///
    /// | class | a: clauses, joins, ORs, patterns | b: nesting | c: more than one of a kind |
    /// |---|---|---|---|
    /// | easy | <= 1 | 0 | 0 |
    /// | medium | <= 1 | 0 | <= 2 |
    /// | medium | <= 2 | 0 | <= 1 |
    /// | hard | <= 2 | 0 | > 2 |
    /// | hard | 3 | 0 | <= 2 |
    /// | hard | <= 1 | 1 | 0 |
    /// | extra | everything else | | |
    ///
    /// PostgreSQL's part: FULL, LATERAL and NATURAL joins count as joins, ILIKE and regular expressions as patterns,
    /// CTEs and window clauses as nesting. The user's copy of this stands in the comment of `nlsql.check_sql`.
    pub fn difficulty(self) -> &'static str {
        let Hardness { component1: one, component2: two, others } = self;
        if two == 0 && one <= 1 && others == 0 {
            "easy"
        } else if two == 0 && ((others <= 2 && one <= 1) || (one <= 2 && others < 2)) {
            "medium"
        } else if (two == 0 && ((others > 2 && one <= 2) || (one == 3 && others <= 2)))
            || (two <= 1 && one <= 1 && others == 0)
        {
            "hard"
        } else {
            "extra"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Hardness;

    #[test]
    fn difficulty_by_the_published_table() {
        for (component1, component2, others, expected) in [
            (0, 0, 0, "easy"),
            (1, 0, 0, "easy"),
            (1, 0, 2, "medium"),
            (2, 0, 0, "medium"),
            (2, 0, 1, "medium"),
            (2, 0, 2, "extra"),
            (1, 0, 3, "hard"),
            (2, 0, 3, "hard"),
            (3, 0, 2, "hard"),
            (3, 0, 3, "extra"),
            (1, 1, 0, "hard"),
            (1, 1, 1, "extra"),
            (2, 1, 0, "extra"),
            (0, 2, 0, "extra"),
            (4, 0, 0, "extra"),
        ] {
            let hardness = Hardness { component1, component2, others };
            assert_eq!(hardness.difficulty(), expected, "{hardness:?}");
        }
    }
}
