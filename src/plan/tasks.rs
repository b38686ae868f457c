//! Tasks: the pieces that a phase's count is cut into. They depend on the count alone, never on the number of
//! workers, so that a seed gives the same dataset whoever does the work.

/// Slots that one task of the offline engine fills.
pub(crate) fn offline_quota(count: i64) -> i64 {
    (count / 40).clamp(10, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_still_spread_over_workers_and_large_ones_make_few_tasks() {
        assert_eq!(offline_quota(50), 10);
        assert_eq!(offline_quota(2_000), 50);
        assert_eq!(offline_quota(1_000_000), 200);
    }
}
