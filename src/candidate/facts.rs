//! What a statement is made of, as read from its Query tree, and the difficulty that follows from it.

use serde::{Deserialize, Serialize};

/// Facts of one statement. Lists are sorted and hold each name once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// `schema.table`, quoted as needed; views as themselves.
    pub tables: Vec<String>,
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
    /// easy, medium, hard or extra.
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
