//! How moments are written (Smithy's `timestampFormat`).

use crate::Time;
use crate::schema::TimestampFormat;
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

/// Reads a moment that is written as text. Fractions finer than a millisecond are cut off.
pub fn parse(text: &str, format: TimestampFormat) -> Option<Time> {
    match format {
        TimestampFormat::Iso8601 => text.parse::<Timestamp>().ok().map(|at| Time(at.as_millisecond())),
        TimestampFormat::Unix => text.parse().ok().and_then(from_seconds),
        TimestampFormat::Http => parse_http(text),
    }
}

/// The moment of a number of seconds; none where it isn't a moment of the years that can be written.
pub fn from_seconds(seconds: f64) -> Option<Time> {
    let millis = (seconds * 1000.0).round();
    let range = Timestamp::MIN.as_millisecond() as f64..=Timestamp::MAX.as_millisecond() as f64;
    range.contains(&millis).then_some(Time(millis as i64))
}

/// Writes a moment as text.
pub fn print(time: Time, format: TimestampFormat) -> String {
    let at = moment(time);
    match format {
        TimestampFormat::Iso8601 => at.to_string(),
        TimestampFormat::Unix => seconds(time).to_string(),
        TimestampFormat::Http => DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default(),
    }
}

impl Time {
    /// In UTC by ISO 8601 to the second, such as `2026-01-01T00:00:00Z`, where AWS writes no fraction whatever the moment.
    pub fn to_the_second(self) -> String {
        moment(self).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The same to the millisecond, such as `2026-01-01T00:00:00.000Z`, where AWS writes three digits whatever the moment.
    pub fn to_the_millisecond(self) -> String {
        moment(self).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }
}

/// The moment, or the first or the last that can be written.
fn moment(time: Time) -> Timestamp {
    Timestamp::from_millisecond(time.0).unwrap_or(if time.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// A moment as the number of seconds that JSON and CBOR carry.
pub fn seconds(time: Time) -> f64 {
    time.0 as f64 / 1000.0
}

/// Smithy's `http-date` allows a fraction behind the seconds, which RFC 9110 doesn't.
fn parse_http(text: &str) -> Option<Time> {
    let (whole, millis) = match text.split_once('.') {
        None => (text.to_owned(), 0.0),
        Some((head, tail)) => {
            let (fraction, zone) = tail.split_once(' ')?;
            (format!("{head} {zone}"), format!("0.{fraction}").parse::<f64>().ok()? * 1000.0)
        }
    };
    let at = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(whole).ok()?;
    Some(Time(at.as_millisecond() + millis as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_reads_what_it_writes() {
        for millis in [0, 1_398_796_238_000, -1_000, 253_402_207_200_000] {
            for format in [TimestampFormat::Iso8601, TimestampFormat::Unix, TimestampFormat::Http] {
                let text = print(Time(millis), format);
                assert_eq!(parse(&text, format), Some(Time(millis)), "{text}");
            }
        }
    }

    #[test]
    fn moments_are_in_utc_and_to_the_second() {
        assert_eq!(Time(1_767_225_600_999).to_the_second(), "2026-01-01T00:00:00Z");
        assert!(Time(i64::MAX).to_the_second().starts_with("9999-"));
        assert!(Time(i64::MIN).to_the_second().starts_with("-9999-"));
    }

    #[test]
    fn fractions_are_read() {
        assert_eq!(parse("2000-01-02T20:34:56.123Z", TimestampFormat::Iso8601), Some(Time(946_845_296_123)));
        assert_eq!(parse("Sun, 02 Jan 2000 20:34:56.456 GMT", TimestampFormat::Http), Some(Time(946_845_296_456)));
        assert_eq!(parse("1398796238.5", TimestampFormat::Unix), Some(Time(1_398_796_238_500)));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for format in [TimestampFormat::Iso8601, TimestampFormat::Unix, TimestampFormat::Http] {
            for text in ["", "x", "NaN", "1e300", "2000-13-01T00:00:00Z", ".", ". "] {
                assert_eq!(parse(text, format), None, "{text}");
            }
        }
    }
}
