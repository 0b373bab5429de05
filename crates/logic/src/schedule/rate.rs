//! `rate(value unit)`.

use super::Invalid;
use model::env::Timestamp;
use std::time::Duration;

/// How a unit must be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plural {
    /// `1 minute`, `5 minutes`.
    Matching,
    /// `1 minutes` as well.
    Either,
}

/// Reads a value and a unit.
pub(super) fn parse(text: &str, plural: Plural) -> Result<Duration, Invalid> {
    let mut words = text.split_whitespace();
    let (Some(value), Some(unit), None) = (words.next(), words.next(), words.next()) else { return Err(Invalid) };
    if !value.bytes().all(|it| it.is_ascii_digit()) {
        return Err(Invalid);
    }
    let value: u32 = value.parse().map_err(|_| Invalid)?;
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    let seconds: u64 = match singular {
        "minute" => 60,
        "hour" => 60 * 60,
        "day" => 24 * 60 * 60,
        _ => return Err(Invalid),
    };
    let written_right = plural == Plural::Either || (singular == unit) == (value == 1);
    if value == 0 || !written_right {
        return Err(Invalid);
    }
    Ok(Duration::from_secs(seconds * u64::from(value)))
}

/// The first occurrence after a moment; the first of all is at `start`. A day has 24 hours.
pub(super) fn next(period: Duration, after: Timestamp, start: Timestamp) -> Option<Timestamp> {
    if after < start {
        return Some(start);
    }
    let period = i64::try_from(period.as_millis()).ok()?;
    let passed = after.0.checked_sub(start.0)?.checked_div(period)?;
    Some(Timestamp(start.0.checked_add(passed.checked_add(1)?.checked_mul(period)?)?))
}
