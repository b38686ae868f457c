//! Requests and tokens a minute: two buckets that fill evenly, and pauses that the server asked for. Times are
//! milliseconds of any clock that only goes forward.

use super::headers::RateLimits;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limits {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    /// Nothing is sent before this.
    paused_until: u64,
}

#[derive(Debug, Clone, PartialEq)]
struct Bucket {
    /// Also what the bucket holds when full.
    per_minute: f64,
    level: f64,
    at: u64,
}

impl Bucket {
    fn new(per_minute: u32, now: u64) -> Bucket {
        Bucket { per_minute: f64::from(per_minute), level: f64::from(per_minute), at: now }
    }

    fn fill(&mut self, now: u64) {
        let gained = now.saturating_sub(self.at) as f64 * self.per_minute / 60_000.0;
        self.level = (self.level + gained).min(self.per_minute);
        self.at = self.at.max(now);
    }

    /// Milliseconds until `amount` is there. More than a full bucket waits for a full one, then goes into debt.
    fn wait(&self, amount: f64) -> u64 {
        let missing = amount.min(self.per_minute) - self.level;
        if missing <= 0.0 { 0 } else { (missing * 60_000.0 / self.per_minute).ceil() as u64 }
    }
}

impl Limits {
    /// None or zero is no limit.
    pub fn new(requests_per_minute: Option<u32>, tokens_per_minute: Option<u32>, now: u64) -> Limits {
        let bucket = |limit: Option<u32>| limit.filter(|n| *n > 0).map(|n| Bucket::new(n, now));
        Limits { requests: bucket(requests_per_minute), tokens: bucket(tokens_per_minute), paused_until: 0 }
    }

    /// When a call of so many tokens may start; `now` or earlier = at once.
    pub fn ready_at(&mut self, tokens: u64, now: u64) -> u64 {
        let mut at = self.paused_until;
        for (bucket, amount) in [(&mut self.requests, 1.0), (&mut self.tokens, tokens as f64)] {
            if let Some(bucket) = bucket {
                bucket.fill(now);
                at = at.max(now + bucket.wait(amount));
            }
        }
        at
    }

    /// Counts a call that starts now.
    pub fn take(&mut self, tokens: u64, now: u64) {
        for (bucket, amount) in [(&mut self.requests, 1.0), (&mut self.tokens, tokens as f64)] {
            if let Some(bucket) = bucket {
                bucket.fill(now);
                bucket.level -= amount;
            }
        }
    }

    /// Gives back what a call did not use of its estimate, or takes what it used beyond.
    pub fn settle(&mut self, estimated: u64, used: u64) {
        if let Some(bucket) = &mut self.tokens {
            bucket.level = (bucket.level + estimated as f64 - used as f64).min(bucket.per_minute);
        }
    }

    /// The server asked not to be called now.
    pub fn is_paused(&self, now: u64) -> bool {
        self.paused_until > now
    }

    pub fn pause_until(&mut self, until: u64) {
        self.paused_until = self.paused_until.max(until);
    }

    /// Where a window is used up, the server says when the next begins. Values as odd as -1 never come this far.
    pub fn heed(&mut self, seen: &RateLimits, now: u64) {
        let windows = [(seen.remaining_requests, seen.reset_requests), (seen.remaining_tokens, seen.reset_tokens)];
        for (remaining, reset) in windows {
            if let (Some(0), Some(reset)) = (remaining, reset) {
                self.pause_until(now + (reset.as_millis() as u64).min(60_000));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Starts calls as early as allowed and returns when each started.
    fn starts(limits: &mut Limits, calls: usize, tokens: u64) -> Vec<u64> {
        let mut now = 0;
        (0..calls)
            .map(|_| {
                now = now.max(limits.ready_at(tokens, now));
                limits.take(tokens, now);
                now
            })
            .collect()
    }

    #[test]
    fn requests_a_minute() {
        let at = starts(&mut Limits::new(Some(60), None, 0), 200, 1000);
        assert_eq!(at[59], 0, "a full bucket is a burst");
        assert_eq!((at[60], at[61]), (1000, 2000));
        assert_eq!(at[199], 140_000);
    }

    #[test]
    fn tokens_a_minute() {
        let at = starts(&mut Limits::new(None, Some(6000), 0), 10, 3000);
        assert_eq!(at[..4], [0, 0, 30_000, 60_000]);
        let mut limits = Limits::new(None, Some(6000), 0);
        limits.take(6000, 0);
        limits.settle(6000, 1000);
        assert_eq!(limits.ready_at(5000, 0), 0);
        // one call larger than a minute's worth still goes, once the bucket is full
        let at = starts(&mut Limits::new(None, Some(6000), 0), 3, 12_000);
        assert_eq!(at, [0, 120_000, 240_000]);
    }

    #[test]
    fn without_limits_nothing_waits() {
        assert_eq!(starts(&mut Limits::new(None, Some(0), 0), 5, 1_000_000), [0; 5]);
    }

    #[test]
    fn pauses() {
        let mut limits = Limits::new(None, None, 0);
        limits.pause_until(500);
        limits.pause_until(100);
        assert_eq!(limits.ready_at(1, 0), 500);
        let seen = RateLimits {
            remaining_requests: Some(0),
            reset_requests: Some(Duration::from_secs(2)),
            remaining_tokens: Some(5),
            reset_tokens: Some(Duration::from_secs(30)),
        };
        limits.heed(&seen, 1000);
        assert_eq!(limits.ready_at(1, 1000), 3000);
    }
}
