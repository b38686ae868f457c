//! Parents that may be missing, and decide on no row: their children are kept by LEFT JOIN, for nobody has said that
//! they are to be left out.

use super::super::condition::Condition;
use super::super::draw::Draw;
use super::super::scope::{Place, Scope};
use super::super::tree::JoinKind;
use super::list::Shown;

/// What is only shown beside rows decides on none.
pub(in crate::compose) fn beside(draw: &mut Draw, shown: &Shown) {
    // a first name is shown with the last one
    keep(draw, |scope, p| {
        let label = &scope.entity(p.node).label;
        let beside = |&field: &usize| shown.places.contains(&Place { node: p.node, field });
        shown.places.contains(p) || label.contains(&p.field) && label.iter().any(beside)
    });
}

/// What rows are marked by, and counted among all, decides on none.
pub(super) fn among(draw: &mut Draw, marked: &[Condition]) {
    keep(draw, |_, p| marked.iter().any(|c| c.places.contains(p)));
}

fn keep(draw: &mut Draw, told: impl Fn(&Scope, &Place) -> bool) {
    let (scope, used) = (&draw.scope, &draw.used);
    // whether something on the way to a table, or beyond it, decides on rows
    let beyond = |node: usize, at: usize| {
        let mut at = Some(at);
        while let Some(n) = at {
            if n == node {
                return true;
            }
            at = scope.nodes[n].via.map(|v| v.0);
        }
        false
    };
    // of what nothing is said at all nothing will be joined
    let said = |node: usize| used.iter().any(|p| beyond(node, p.node));
    let idle = |node: usize| said(node) && used.iter().all(|p| !beyond(node, p.node) || told(scope, p));
    let mut left = vec![false; scope.nodes.len()];
    for node in 1..scope.nodes.len() {
        let Some((from, edge, true)) = scope.nodes[node].via else { continue };
        left[node] = idle(node) && (left[from] || draw.world.graph.edges[edge].optional);
    }
    for (node, _) in left.into_iter().enumerate().filter(|(_, left)| *left) {
        draw.scope.nodes[node].kind = JoinKind::Left;
    }
}
