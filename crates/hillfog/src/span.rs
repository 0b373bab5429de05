//! Times as people write them.

use jiff::{Span, SpanRelativeTo};

/// A time such as `2h`, in seconds.
pub fn seconds(text: &str) -> Result<i64, String> {
    let span: Span = text.parse().map_err(|_| format!("{text} is no time, such as 90m, 2h or 7d"))?;
    let time = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|error| error.to_string())?;
    Some(time.as_secs()).filter(|seconds| *seconds > 0).ok_or_else(|| "the time has to be more than nothing".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_write_them() {
        assert_eq!(seconds("2h"), Ok(7200));
        assert_eq!(seconds("7d"), Ok(7 * 86_400));
        assert_eq!(seconds("1h 30m"), Ok(5400));
        assert!(seconds("-2h").is_err() && seconds("soon").is_err());
    }
}
