//! `cron(minutes hours day-of-month month day-of-week year)`.
//!
//! The fields are those of the user guides; where these are silent, Quartz is followed, whose dialect this is.

use super::{
    Invalid, Zone,
    field::{Field, Values, number},
};
use jiff::{
    Span,
    civil::{Date, DateTime, Weekday},
};
use model::env::Timestamp;

const MINUTES: Field = Field { first: 0, last: 59, names: &[] };
const HOURS: Field = Field { first: 0, last: 23, names: &[] };
const DAYS: Field = Field { first: 1, last: 31, names: &[] };
const MONTHS: Field =
    Field { first: 1, last: 12, names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"] };
const WEEKDAYS: Field = Field { first: 1, last: 7, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] };
const YEARS: Field = Field { first: 1970, last: 2199, names: &[] };

/// A `cron` expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Values,
    hours: Values,
    days: Days,
    months: Values,
    years: Values,
}

/// On which days of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth(Values),
    /// `L`, `L-3`: so many days before the last.
    BeforeLast(i16),
    /// `LW`: the last day from Monday to Friday.
    LastWorkday,
    /// `15W`: the day from Monday to Friday that is nearest, in the same month.
    NearestWorkday(i16),
    /// Days of the week, of which 1 is Sunday.
    OfWeek(Values),
    /// `6L`: the last of a day of the week.
    LastOfWeek(i16),
    /// `6#3`: the third of a day of the week.
    NthOfWeek(i16, i8),
}

impl Cron {
    /// Reads the six fields.
    pub(super) fn parse(text: &str) -> Result<Self, Invalid> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields[..] else { return Err(Invalid) };
        Ok(Self {
            minutes: MINUTES.parse(minutes)?,
            hours: HOURS.parse(hours)?,
            days: Days::parse(day_of_month, day_of_week)?,
            months: MONTHS.parse(month)?,
            years: YEARS.parse(year)?,
        })
    }

    /// The first occurrence after a moment.
    pub(super) fn next(&self, after: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let from = zone.clocks_at(after)?;
        self.times(from).filter_map(|shown| zone.first_moment(shown)).find(|moment| *moment > after)
    }

    /// What clocks show when it occurs, from a time on (its seconds aside).
    fn times(&self, from: DateTime) -> impl Iterator<Item = DateTime> {
        let minute = from.time().with().second(0).subsec_nanosecond(0).build().map_or(from, |time| from.date().to_datetime(time));
        self.dates(from.date())
            .flat_map(|date| self.hours.all().map(move |hour| (date, hour)))
            .flat_map(|(date, hour)| self.minutes.all().map(move |minute| (date, hour, minute)))
            .filter_map(|(date, hour, minute)| Some(date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0)))
            .skip_while(move |shown| *shown < minute)
    }

    /// The days on which it occurs, from a day on.
    fn dates(&self, from: Date) -> impl Iterator<Item = Date> {
        self.years
            .from(from.year())
            .flat_map(|year| self.months.all().map(move |month| (year, month)))
            .filter_map(|(year, month)| Date::new(year, i8::try_from(month).ok()?, 1).ok())
            .skip_while(move |first| first.last_of_month() < from)
            .flat_map(|first| self.days.of(first))
            .skip_while(move |date| *date < from)
    }
}

impl Days {
    /// Reads both fields for days: what one of them says is said, the other is `?`.
    fn parse(of_month: &str, of_week: &str) -> Result<Self, Invalid> {
        match (of_month, of_week) {
            ("?", "?") => Err(Invalid),
            (days, "?") => Self::of_month(days),
            ("?", days) => Self::of_week(days),
            _ => Err(Invalid),
        }
    }

    fn of_month(text: &str) -> Result<Self, Invalid> {
        let text = text.to_ascii_uppercase();
        match (text.as_str(), text.strip_prefix("L-"), text.strip_suffix('W')) {
            ("L", ..) => Ok(Self::BeforeLast(0)),
            ("LW", ..) => Ok(Self::LastWorkday),
            (_, Some(before), _) => number(before).filter(|it| *it <= 30).map(Self::BeforeLast).ok_or(Invalid),
            (_, _, Some(day)) => DAYS.value(day).map(Self::NearestWorkday),
            _ => DAYS.parse(&text).map(Self::OfMonth),
        }
    }

    fn of_week(text: &str) -> Result<Self, Invalid> {
        let text = text.to_ascii_uppercase();
        if let Some((day, nth)) = text.split_once('#') {
            let nth = number(nth).filter(|it| (1..=5).contains(it)).ok_or(Invalid)?;
            return Ok(Self::NthOfWeek(WEEKDAYS.value(day)?, nth as i8));
        }
        match text.strip_suffix('L') {
            Some("") => WEEKDAYS.parse("7").map(Self::OfWeek),
            Some(day) => WEEKDAYS.value(day).map(Self::LastOfWeek),
            None => WEEKDAYS.parse(&text).map(Self::OfWeek),
        }
    }

    /// The days in the month that begins with `first`, in order.
    fn of(&self, first: Date) -> Vec<Date> {
        let last = first.last_of_month();
        let alone = |date: Option<Date>| date.into_iter().collect();
        match self {
            Self::OfMonth(days) => days.all().filter_map(|day| in_month(first, day)).collect(),
            Self::BeforeLast(days) => alone(in_month(first, i16::from(last.day()) - days)),
            Self::LastWorkday => alone(in_month(first, i16::from(last.day())).and_then(workday)),
            Self::NearestWorkday(day) => alone(in_month(first, *day).and_then(workday)),
            Self::OfWeek(days) => {
                (1..=i16::from(last.day())).filter_map(|day| in_month(first, day)).filter(|it| days.has(of_week(*it))).collect()
            }
            Self::LastOfWeek(day) => alone(nth(first, *day, -1)),
            Self::NthOfWeek(day, n) => alone(nth(first, *day, *n)),
        }
    }
}

/// A day of the month that begins with `first`.
fn in_month(first: Date, day: i16) -> Option<Date> {
    Date::new(first.year(), first.month(), i8::try_from(day).ok()?).ok()
}

/// The number of a date's day of the week; 1 is Sunday.
fn of_week(date: Date) -> i16 {
    i16::from(date.weekday().to_sunday_one_offset())
}

fn nth(first: Date, day_of_week: i16, n: i8) -> Option<Date> {
    let weekday = Weekday::from_sunday_one_offset(i8::try_from(day_of_week).ok()?).ok()?;
    first.nth_weekday_of_month(n, weekday).ok()
}

/// The nearest day from Monday to Friday that is in the same month.
fn workday(day: Date) -> Option<Date> {
    let (last, at) = (day.last_of_month().day(), day.day());
    let by: i64 = match day.weekday() {
        Weekday::Saturday if at == 1 => 2,
        Weekday::Saturday => -1,
        Weekday::Sunday if at == last => -2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    day.checked_add(Span::new().days(by)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_nearest_workday_stays_in_the_month() {
        assert_eq!(workday(date(2026, 8, 1)), Some(date(2026, 8, 3)), "a Saturday");
        assert_eq!(workday(date(2026, 5, 31)), Some(date(2026, 5, 29)), "a Sunday");
        assert_eq!(workday(date(2026, 8, 15)), Some(date(2026, 8, 14)));
        assert_eq!(workday(date(2026, 8, 16)), Some(date(2026, 8, 17)));
        assert_eq!(workday(date(2026, 8, 18)), Some(date(2026, 8, 18)));
    }
}
