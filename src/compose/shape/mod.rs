//! The shapes of questions. Each file builds the query and its words from the same drawn parts.

mod best;
pub(super) mod breakdown;
pub(super) mod calendar;
mod cube;
mod different;
mod each;
pub(super) mod figure;
mod gathered;
pub(super) mod grouped;
pub(super) mod kept;
mod lately;
pub(super) mod list;
mod missing;
mod nested;
pub(super) mod plain;
mod portion;
pub(super) mod ranking;
mod referred;
mod related;
mod repeated;
mod set;
mod shown;
mod twins;
mod window;

use super::draw::{Draft, Draw};
use super::random::rotate;
use super::{Phase, builtin, taste};
use crate::schema::roles::Role;

/// How much a draw is held to what its slot is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// The shape whose turn it is.
    Shape,
    /// It, or one of its kin.
    Kin,
    /// Any that suits the phase.
    Free,
    /// A plain question about the very thing in focus.
    Plain,
}

type Draws = fn(&mut Draw) -> Option<Draft>;

/// A shape, how often in a round it is drawn, and its kin: shapes that a reader would call the same.
struct Shape(usize, Kin, Draws);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kin {
    Rows,
    Figures,
    Ranks,
    Absence,
    Windows,
    Nested,
    Sets,
    Calendar,
    Totals,
    Tools,
}

const SINGLE: &[Shape] = &[
    Shape(26, Kin::Rows, list::draw),
    Shape(20, Kin::Figures, figure::draw),
    Shape(26, Kin::Figures, breakdown::draw),
    Shape(18, Kin::Ranks, ranking::rows),
    Shape(9, Kin::Ranks, ranking::groups),
    Shape(9, Kin::Rows, different::distinct),
    Shape(7, Kin::Figures, portion::percentage),
    Shape(4, Kin::Figures, portion::apart),
    Shape(6, Kin::Figures, cube::side_by_side),
    Shape(4, Kin::Figures, cube::classes),
    Shape(15, Kin::Tools, builtin::tool),
    Shape(14, Kin::Tools, builtin::figure),
];
const JOINS: &[Shape] = &[
    Shape(22, Kin::Rows, list::draw),
    Shape(14, Kin::Figures, figure::draw),
    Shape(26, Kin::Figures, breakdown::draw),
    Shape(16, Kin::Ranks, ranking::groups),
    Shape(10, Kin::Ranks, ranking::rows),
    Shape(5, Kin::Figures, cube::side_by_side),
    Shape(5, Kin::Figures, portion::percentage),
    Shape(3, Kin::Figures, portion::apart),
    Shape(4, Kin::Absence, missing::children),
    Shape(3, Kin::Absence, missing::none),
    Shape(8, Kin::Tools, builtin::tool),
    Shape(9, Kin::Tools, builtin::figure),
];
const COMPLEX: &[Shape] = &[
    Shape(9, Kin::Windows, window::share),
    Shape(8, Kin::Windows, window::rank),
    Shape(11, Kin::Windows, window::over_time),
    Shape(7, Kin::Windows, best::ranked),
    Shape(16, Kin::Windows, best::first),
    Shape(8, Kin::Nested, nested::above_average),
    Shape(8, Kin::Nested, nested::groups_above_average),
    Shape(3, Kin::Nested, nested::figure_of_figures),
    Shape(6, Kin::Nested, nested::over_share),
    Shape(9, Kin::Nested, related::exists),
    Shape(8, Kin::Nested, related::counted),
    Shape(36, Kin::Sets, set::rows),
    Shape(27, Kin::Sets, set::values),
    Shape(31, Kin::Sets, set::routes),
    Shape(26, Kin::Sets, set::subjects),
    Shape(8, Kin::Sets, set::stacked),
    Shape(7, Kin::Absence, twins::draw),
    Shape(7, Kin::Nested, each::latest),
    Shape(4, Kin::Nested, each::every),
    Shape(6, Kin::Nested, each::levels),
    Shape(7, Kin::Calendar, calendar::filled),
    Shape(4, Kin::Calendar, calendar::gaps),
    Shape(1, Kin::Calendar, calendar::ladder),
    Shape(6, Kin::Tools, builtin::tool),
    Shape(10, Kin::Tools, builtin::figure),
    Shape(12, Kin::Windows, builtin::windowed),
    Shape(7, Kin::Totals, cube::totals),
    Shape(7, Kin::Totals, cube::side_by_side),
    Shape(5, Kin::Totals, cube::classes),
    Shape(3, Kin::Totals, gathered::ordered),
    Shape(4, Kin::Totals, gathered::names),
];

/// Draws a shape that suits the phase. A round of slots holds each shape as often as its weight says; where a shape
/// cannot be drawn its kin stand in, so that no schema crowds a whole kind of statements out.
pub(super) fn draw(draw: &mut Draw, phase: Phase, slot: u64, salt: u64, hold: Hold) -> Option<Draft> {
    // of keys, stamps and what is named by letters one asks in the plainest way
    let poor = draw.waiting().is_some_and(|p| {
        let f = draw.scope.field(p);
        !taste::plain(f) || matches!(f.role(), Role::Key | Role::Opaque) && draw.rng.chance(40)
    });
    let plain = hold == Hold::Plain || phase == Phase::SingleTable && poor;
    // a plain question is no complex one
    if plain && phase != Phase::ComplexSqls {
        return if draw.edge.is_some() { referred::draw(draw) } else { plain::draw(draw) };
    }
    let shapes = match phase {
        Phase::Builtins => &[],
        Phase::SingleTable => SINGLE,
        Phase::ComplexSqls => COMPLEX,
        Phase::Joins => JOINS,
    };
    // of addresses one asks whose they are
    let spot = taste::spot(draw.world, draw.scope.nodes[0].entity);
    if spot && phase != Phase::SingleTable && matches!(hold, Hold::Shape | Hold::Kin) && draw.rng.chance(80) {
        return None;
    }
    let weights: Vec<usize> = shapes.iter().map(|s| s.0).collect();
    let due = at(&weights, rotate(weights.iter().sum(), slot, salt));
    let chosen = match hold {
        Hold::Shape => due,
        Hold::Kin => {
            let kin: Vec<usize> = shapes.iter().map(|s| if s.1 == shapes[due].1 { s.0 } else { 0 }).collect();
            draw.rng.weighted(&kin)
        }
        // that there are none can be asked of any two tables, and would stand in for all else
        Hold::Free | Hold::Plain => {
            let open = |s: &Shape| s.1 != Kin::Absence || shapes[due].1 == Kin::Absence;
            let free: Vec<usize> = shapes.iter().map(|s| if open(s) { s.0 } else { 0 }).collect();
            draw.rng.weighted(&free)
        }
    };
    shapes.get(chosen)?.2(draw)
}

/// A question about the groups that are given: figures by them, the first of them, part of each.
pub(super) fn of_groups(draw: &mut Draw) -> Option<Draft> {
    const GROUPS: [(usize, Draws); 7] = [
        (50, breakdown::draw),
        (22, ranking::groups),
        (5, window::rank),
        (5, nested::groups_above_average),
        (10, cube::side_by_side),
        (6, window::share),
        (2, nested::over_share),
    ];
    // the deeper ones are for those who are asked to show functions and nothing else, and not all have room for a figure
    let open = match (draw.figure.is_some(), draw.tools.is_empty()) {
        (true, true) => 0..4,
        (true, false) => 0..2,
        (false, true) => 0..7,
        (false, false) => 0..2,
    };
    let weights: Vec<usize> = GROUPS[open].iter().map(|g| g.0).collect();
    GROUPS[draw.rng.weighted(&weights)].1(draw)
}

fn at(weights: &[usize], mut number: usize) -> usize {
    for (i, weight) in weights.iter().enumerate() {
        if number < *weight {
            return i;
        }
        number -= weight;
    }
    0
}
