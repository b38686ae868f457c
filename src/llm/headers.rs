//! What the headers of an answer say: how long to wait, how much of the limits is left, how to name the request.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `x-ratelimit-*`: what is left in the present window and when it ends. Unset or senseless values are none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RateLimits {
    pub remaining_requests: Option<u64>,
    pub reset_requests: Option<Duration>,
    pub remaining_tokens: Option<u64>,
    pub reset_tokens: Option<Duration>,
}

impl RateLimits {
    pub fn read<'a>(header: impl Fn(&str) -> Option<&'a str>) -> RateLimits {
        let number = |name: &str| header(name).and_then(|v| v.trim().parse::<u64>().ok());
        let span = |name: &str| header(name).and_then(duration);
        RateLimits {
            remaining_requests: number("x-ratelimit-remaining-requests"),
            reset_requests: span("x-ratelimit-reset-requests"),
            remaining_tokens: number("x-ratelimit-remaining-tokens"),
            reset_tokens: span("x-ratelimit-reset-tokens"),
        }
    }
}

/// `retry-after-ms`, or `Retry-After` in seconds or as a date. Zero, negative and unreadable values are none.
pub(crate) fn retry_after<'a>(header: impl Fn(&str) -> Option<&'a str>, now: SystemTime) -> Option<Duration> {
    let positive =
        |seconds: f64| (seconds.is_finite() && seconds > 0.0).then(|| Duration::from_secs_f64(seconds.min(1e9)));
    if let Some(wait) =
        header("retry-after-ms").and_then(|v| v.trim().parse::<f64>().ok()).and_then(|ms| positive(ms / 1000.0))
    {
        return Some(wait);
    }
    let text = header("retry-after")?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return positive(seconds);
    }
    let then = http_date(text)?;
    let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs() as i64;
    positive((then - now) as f64)
}

/// A span as rate limits give it: `1s`, `6m0s`, `20ms`, `1h2m3.5s`, or plain seconds.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.is_finite() && (0.0..1e9).contains(&seconds)).then(|| Duration::from_secs_f64(seconds));
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|n| *n > 0)?;
        let value: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        seconds += value
            * match &rest[..unit] {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86400.0,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    (!text.is_empty() && (0.0..1e9).contains(&seconds)).then(|| Duration::from_secs_f64(seconds))
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that servers still write.
fn http_date(text: &str) -> Option<i64> {
    let rest = text.split_once(", ")?.1.strip_suffix(" GMT")?;
    let mut parts = rest.split(' ');
    let day: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|m| *m == name)? as i64 + 1;
    let year: i64 = parts.next()?.parse().ok()?;
    let clock: Vec<i64> = parts.next()?.split(':').map(|p| p.parse().unwrap_or(-1)).collect();
    let [hour, minute, second] = clock[..] else { return None };
    let sound = (1..=31).contains(&day)
        && (1970..=9999).contains(&year)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    // days since 1970 by counting years from March, so that the leap day is the last of a year
    let (y, m) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    sound.then_some(days * 86400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(text: &str) -> Option<u64> {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777); // 1994-11-06 08:49:37
        retry_after(|name| (name == "retry-after").then_some(text), now).map(|d| d.as_secs())
    }

    #[test]
    fn retry_after_in_every_form() {
        assert_eq!(wait("7"), Some(7));
        assert_eq!(wait(" 1.5 "), Some(1));
        assert_eq!(wait("1e9"), Some(1_000_000_000));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(wait("Tue, 06 Dec 1994 08:49:37 GMT"), Some(30 * 86400));
        for none in [
            "0",
            "-5",
            "",
            "soon",
            "NaN",
            "inf",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 99:49:37 GMT",
        ] {
            assert_eq!(wait(none), None, "{none}");
        }
        assert_eq!(
            retry_after(|n| (n == "retry-after-ms").then_some("250"), UNIX_EPOCH),
            Some(Duration::from_millis(250))
        );
    }

    #[test]
    fn spans() {
        for (text, millis) in
            [("1s", 1000), ("6m0s", 360_000), ("20ms", 20), ("1h2m3.5s", 3_723_500), ("0", 0), ("2.5", 2500)]
        {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "s", "1x", "-1", "1s2", "nan"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
