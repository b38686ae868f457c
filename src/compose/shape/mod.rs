//! The shapes of questions. Each file builds the query and its words from the same drawn parts.

mod breakdown;
mod figure;
mod list;
mod missing;
mod ranking;

use super::Phase;
use super::draw::{Draft, Draw};

/// Draws one shape that suits the phase.
pub(super) fn draw(draw: &mut Draw, phase: Phase) -> Option<Draft> {
    type Shape = fn(&mut Draw) -> Option<Draft>;
    let shapes: &[(usize, Shape)] = match phase {
        Phase::SingleTable | Phase::Builtins => {
            &[(26, list::draw), (20, figure::draw), (26, breakdown::draw), (18, ranking::rows), (10, list::distinct)]
        }
        Phase::Joins | Phase::ComplexSqls => &[
            (22, list::draw),
            (14, figure::draw),
            (26, breakdown::draw),
            (16, ranking::groups),
            (10, ranking::rows),
            (7, missing::children),
            (5, missing::none),
        ],
    };
    let weights: Vec<usize> = shapes.iter().map(|(w, _)| *w).collect();
    shapes[draw.rng.weighted(&weights)].1(draw)
}
