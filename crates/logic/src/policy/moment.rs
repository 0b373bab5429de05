//! Points in time as policies write them: ISO 8601, or seconds since 1970 (IAM user guide, "Date condition operators").
//!
//! Not `jiff`, since IAM takes what no strict parser takes: years without months, hours of one digit, years of a geologist.

/// Milliseconds since 1970.
pub(super) type Moment = i128;

const DAY_MS: i128 = 86_400_000;

/// The moment that the text names; `None` if it names none.
pub(super) fn parse(text: &str) -> Option<Moment> {
    let text = text.trim();
    if text.contains(['t', 'T', '-']) { iso(text) } else { epoch(text) }
}

/// Seconds since 1970, fractions allowed.
fn epoch(text: &str) -> Option<Moment> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds = i128::from(i64::try_from(digits(seconds, 19)?).ok()?);
    Some(seconds * 1000 + millis(fraction)?)
}

fn iso(text: &str) -> Option<Moment> {
    let (date, time) = text.split_once(['t', 'T']).unwrap_or((text, ""));
    Some(day(date)? * DAY_MS + time_of_day(time)?)
}

/// Days since 1970 of `[-]YYYY[-MM[-DD]]`.
fn day(text: &str) -> Option<i128> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut parts = text.split('-');
    let year = sign * i128::from(digits(parts.next()?, 9)?);
    let mut part = |least, most| parts.next().map_or(Some(least), |text| within(text, least, most));
    let (month, day) = (part(1, 12)?, part(1, 31)?);
    let known = (-292_275_054..=292_278_993).contains(&year) && parts.next().is_none();
    known.then(|| days_before(year, month) + day - 1)
}

/// Days between the first of January 1970 and the first of the month in the Gregorian calendar, which repeats itself after 400 years.
fn days_before(year: i128, month: i128) -> i128 {
    // Years that begin in March have their leap day at their end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 - 719_468
}

/// Milliseconds of `hh[:mm[:ss[.fraction]]]` and a zone: none, `Z`, or an offset, which counts backwards.
fn time_of_day(text: &str) -> Option<i128> {
    if text.is_empty() {
        return Some(0);
    }
    let (clock, offset) = match text.find(['z', 'Z', '+', '-']) {
        Some(at) => (&text[..at], zone(&text[at..])?),
        None => (text, 0),
    };
    let mut parts = clock.splitn(3, ':');
    let hours = within(parts.next()?, 0, 23)?;
    let minutes = parts.next().map_or(Some(0), |text| within(text, 0, 59))?;
    let (seconds, fraction) = parts.next().map_or(("0", "0"), |text| text.split_once('.').unwrap_or((text, "0")));
    let ms = ((hours * 60 + minutes) * 60 + within(seconds, 0, 59)?) * 1000 + millis(fraction)?;
    Some(ms - offset)
}

fn zone(text: &str) -> Option<i128> {
    let sign = match text.as_bytes() {
        [b'z' | b'Z'] => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':').unwrap_or((&text[1..], "00"));
    let two = |text: &str, most| (text.len() == 2).then(|| within(text, 0, most)).flatten();
    Some(sign * (two(hours, 23)? * 60 + two(minutes, 59)?) * 60_000)
}

fn within(text: &str, least: i128, most: i128) -> Option<i128> {
    let number = i128::from(digits(text, 9)?);
    (least..=most).contains(&number).then_some(number)
}

/// The first three digits behind the point; at most nine may stand there.
fn millis(fraction: &str) -> Option<i128> {
    digits(fraction, 9)?;
    let padded = format!("{fraction}00");
    padded[..3].parse().ok()
}

fn digits(text: &str, most: usize) -> Option<u64> {
    let shaped = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    shaped.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_moment_in_many_forms() {
        let forms = [
            "2019-07-01T13:20:15Z",
            "2019-07-01t13:20:15z",
            "2019-07-01T13:20:15",
            "2019-07-01T15:20:15+02:00",
            "2019-07-01T15:20:15.000+02",
            "2019-07-01T08:50:15-04:30",
            "1561987215",
            "1561987215.0",
        ];
        for form in forms {
            assert_eq!(parse(form), Some(1_561_987_215_000), "{form}");
        }
        assert_eq!(parse("1561987215.25"), Some(1_561_987_215_250));
        assert_eq!(parse("2016-12-13t2:00:00.593194+23"), parse("2016-12-12T03:00:00.593Z"));
    }

    #[test]
    fn agrees_with_jiff_on_every_kind_of_year() {
        for text in
            ["1970-01-01", "1969-12-31", "2000-02-29", "1900-03-01", "2100-02-28", "0001-01-01", "2024-12-31", "9999-12-30"]
        {
            let expected: jiff::Timestamp = format!("{text}T00:00:00Z").parse().unwrap();
            assert_eq!(parse(text), Some(i128::from(expected.as_millisecond())), "{text}");
        }
        assert_eq!(parse("2024T"), parse("2024-01-01"));
        assert!(parse("-292275054").is_some());
    }

    #[test]
    fn what_is_no_moment() {
        let bad = [
            "",
            "x",
            "sdfdsf",
            "234-13",
            "2016-12-13t2:00:00+1",
            "2016-12-13t2:00:00.1999999999+10:59",
            "9223372036854775808",
            "2020-01-01-01",
            "2020-01-32",
            "2020-01-01T24",
            "2020-01-01T10:60",
            "2020-01-01T10:00:60Z",
            "2020-01-01T10:00Zx",
            "1.",
            "292278994-01",
            "2020-01-01T10:00:00+0é",
        ];
        for text in bad {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
