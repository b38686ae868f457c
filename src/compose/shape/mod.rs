//! The shapes of questions. Each file builds the query and its words from the same drawn parts.

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
mod window;

use super::draw::{Draft, Draw};
use super::{Phase, builtin};

/// Draws one shape that suits the phase.
pub(super) fn draw(draw: &mut Draw, phase: Phase) -> Option<Draft> {
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
            (9, window::best_of_each),
            (7, nested::above_average),
            (8, nested::groups_above_average),
            (9, nested::figure_of_figures),
            (6, nested::against_best),
            (9, related::exists),
            (8, related::counted),
            (18, related::sets),
            (7, each::latest),
            (4, each::every),
            (6, each::levels),
            (5, calendar::filled),
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
            (7, missing::children),
            (5, missing::none),
            (11, builtin::tool),
        ],
    };
    let weights: Vec<usize> = shapes.iter().map(|(w, _)| *w).collect();
    shapes[draw.rng.weighted(&weights)].1(draw)
}
