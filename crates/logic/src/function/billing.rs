//! What is billed of an invocation.

use std::time::Duration;

/// The time that an invocation is billed for: that of the handler with that of the initialization, if it was the environment's first one,
/// rounded up to the millisecond (Lambda pricing; initializations have been billed since August 2025).
pub fn billed(run: Duration, init: Option<Duration>) -> Duration {
    let whole = run + init.unwrap_or_default();
    let rest = whole.subsec_nanos() % 1_000_000;
    if rest == 0 { whole } else { whole + Duration::from_nanos(u64::from(1_000_000 - rest)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_begun_millisecond_counts() {
        let micros = Duration::from_micros;
        assert_eq!(billed(micros(2_000), None), micros(2_000));
        assert_eq!(billed(micros(2_001), None), micros(3_000));
        assert_eq!(billed(micros(1), Some(micros(101_500))), micros(102_000));
        assert_eq!(billed(micros(999_999), None), Duration::from_secs(1));
    }
}
