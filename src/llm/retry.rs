//! Which faults are tried again and when: a pure rule.

use super::fault::{Class, Fault};
use std::time::Duration;

/// First pause; it doubles with each try.
const BASE_MS: u64 = 500;
const LONGEST_MS: u64 = 60_000;
/// A server that asks for a longer pause parks the task instead of holding it in a worker.
const PATIENCE: Duration = Duration::from_secs(300);
/// Parked for a day at most, whatever the server says.
const PARKED: Duration = Duration::from_secs(86_400);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Try again after this.
    Retry(Duration),
    /// Give the task back, to be claimed again after this.
    Park(Duration),
    /// No further try will help this task.
    GiveUp,
}

/// `tries` made so far (at least 1), `jitter` any number: the pause lies between half of the backoff and all of it.
pub(crate) fn decide(fault: &Fault, tries: u32, max_retries: u32, jitter: u64) -> Decision {
    let limit = match fault.class {
        Class::RateLimit | Class::Server | Class::Transport | Class::Timeout => max_retries,
        // an answer that cannot be read is asked for twice more at most
        Class::Malformed | Class::TooLarge => max_retries.min(2),
        _ => 0,
    };
    if tries > limit {
        return Decision::GiveUp;
    }
    let backoff = BASE_MS.saturating_mul(1u64 << tries.saturating_sub(1).min(20)).min(LONGEST_MS);
    let pause = Duration::from_millis(backoff / 2 + jitter % (backoff / 2 + 1));
    match fault.retry_after {
        Some(asked) if asked > PATIENCE => Decision::Park(asked.min(PARKED)),
        Some(asked) => Decision::Retry(pause.max(asked)),
        None => Decision::Retry(pause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        use Class::*;
        let tries = |class| (1..20).take_while(|n| decide(&Fault::new(class), *n, 5, 0) != Decision::GiveUp).count();
        for (class, expected) in [
            (RateLimit, 5),
            (Server, 5),
            (Transport, 5),
            (Timeout, 5),
            (Malformed, 2),
            (TooLarge, 2),
            (Auth, 0),
            (Quota, 0),
            (Config, 0),
            (Context, 0),
            (Parameter, 0),
            (Filter, 0),
            (Request, 0),
            (Leak, 0),
            (Cancelled, 0),
        ] {
            assert_eq!(tries(class), expected, "{class:?}");
        }
    }

    #[test]
    fn pauses_grow_and_end() {
        let pause = |tries, jitter| match decide(&Fault::new(Class::Server), tries, 100, jitter) {
            Decision::Retry(d) => d.as_millis(),
            other => panic!("{other:?}"),
        };
        assert_eq!(pause(1, 0), 250);
        assert_eq!(pause(1, 250), 500);
        assert_eq!(pause(4, 0), 2000);
        assert_eq!(pause(99, 0), 30_000);
        assert!((1..1000).all(|j| (30_000..=60_000).contains(&pause(30, j * 7919))));
    }

    #[test]
    fn what_the_server_asks_for() {
        let with = |seconds| {
            let fault = Fault { retry_after: Some(Duration::from_secs(seconds)), ..Fault::new(Class::RateLimit) };
            decide(&fault, 1, 5, 0)
        };
        assert_eq!(with(7), Decision::Retry(Duration::from_secs(7)));
        assert_eq!(with(300), Decision::Retry(Duration::from_secs(300)));
        assert_eq!(with(301), Decision::Park(Duration::from_secs(301)));
        assert_eq!(with(1_000_000_000), Decision::Park(Duration::from_secs(86_400)));
    }
}
