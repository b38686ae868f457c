//! The shapes of questions. Each file builds the query and its words from the same drawn parts.

mod best;
pub(super) mod breakdown;
mod calendar;
mod cube;
mod each;
pub(super) mod figure;
pub(super) mod grouped;
pub(super) mod list;
mod missing;
mod nested;
mod ranking;
mod related;
mod sets;
mod window;

use super::draw::{Draft, Draw};
use super::random::rotate;
use super::{Phase, builtin};

/// Draws a shape that suits the phase: the one whose turn it is in this slot, or any other where `turn` is none.
pub(super) fn draw(draw: &mut Draw, phase: Phase, turn: Option<(u64, u64)>) -> Option<Draft> {
    type Shape = fn(&mut Draw) -> Option<Draft>;
    let shapes: &[(usize, Shape)] = match phase {
        Phase::Builtins => &[],
        Phase::SingleTable => &[
            (26, list::draw),
            (20, figure::draw),
            (26, breakdown::draw),
            (18, ranking::rows),
            (10, list::distinct),
            (17, builtin::tool),
        ],
        Phase::ComplexSqls => &[
            (9, window::share),
            (8, window::rank),
            (11, window::over_time),
            (7, best::ranked),
            (16, best::first),
            (7, nested::above_average),
            (8, nested::groups_above_average),
            (9, nested::figure_of_figures),
            (6, nested::against_best),
            (9, related::exists),
            (8, related::counted),
            (60, related::sets),
            (56, sets::values),
            (5, related::twins),
            (7, each::latest),
            (4, each::every),
            (6, each::levels),
            (7, calendar::filled),
            (4, calendar::gaps),
            (3, calendar::ladder),
            (9, builtin::tool),
            (7, cube::totals),
            (7, cube::side_by_side),
            (5, cube::classes),
            (5, cube::ordered),
            (4, cube::names),
        ],
        Phase::Joins => &[
            (22, list::draw),
            (14, figure::draw),
            (26, breakdown::draw),
            (16, ranking::groups),
            (10, ranking::rows),
            (4, missing::children),
            (3, missing::none),
            (11, builtin::tool),
        ],
    };
    let weights: Vec<usize> = shapes.iter().map(|(w, _)| *w).collect();
    let at = match turn {
        // a round holds each shape as often as its weight says
        Some((slot, salt)) => at(&weights, rotate(weights.iter().sum(), slot, salt)),
        None => draw.rng.weighted(&weights),
    };
    shapes.get(at)?.1(draw)
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
