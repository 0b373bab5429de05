//! The user guides' expressions, time zones, and what must hold of every expression.

use super::{Invalid, Schedule, Zone};
use model::env::Timestamp;
use proptest::prelude::*;
use std::time::Duration;

fn moment(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap_or_else(|e| panic!("{text}: {e}")).as_millisecond())
}

fn shown(moment: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(moment.0).expect("a moment").to_string()
}

/// The next occurrences after a moment.
fn occurrences(expression: &str, after: &str, zone: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::of_scheduler(expression).unwrap_or_else(|e| panic!("{expression}: {e}"));
    let zone = Zone::named(zone).expect("a zone");
    let mut after = moment(after);
    let mut found = Vec::new();
    while found.len() < count {
        let Some(next) = schedule.next(after, Timestamp(i64::MIN), &zone) else { break };
        found.push(shown(next));
        after = next;
    }
    found
}

#[test]
fn documented_expressions() {
    let from = "2026-11-21T12:30:15Z"; // A Saturday.
    let table: [(&str, [&str; 2]); 17] = [
        ("cron(0 10 * * ? *)", ["2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z"]),
        ("cron(15 12 * * ? *)", ["2026-11-22T12:15:00Z", "2026-11-23T12:15:00Z"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-11-23T18:00:00Z", "2026-11-24T18:00:00Z"]),
        ("cron(0 8 1 * ? *)", ["2026-12-01T08:00:00Z", "2027-01-01T08:00:00Z"]),
        ("cron(0/15 * * * ? *)", ["2026-11-21T12:45:00Z", "2026-11-21T13:00:00Z"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-11-23T00:00:00Z", "2026-11-23T00:10:00Z"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z"]),
        ("cron(0/30 20-2 ? * MON-FRI *)", ["2026-11-23T00:00:00Z", "2026-11-23T00:30:00Z"]),
        ("cron(30 12 21 11 ? *)", ["2027-11-21T12:30:00Z", "2028-11-21T12:30:00Z"]),
        ("cron(15 10 ? * 6L 2026-2027)", ["2026-11-27T10:15:00Z", "2026-12-25T10:15:00Z"]),
        ("cron(0 9 ? * 2#1 *)", ["2026-12-07T09:00:00Z", "2027-01-04T09:00:00Z"]),
        ("cron(0 0 L * ? *)", ["2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z"]),
        ("cron(0 0 L-2 * ? *)", ["2026-11-28T00:00:00Z", "2026-12-29T00:00:00Z"]),
        ("cron(0 0 LW * ? *)", ["2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z"]),
        ("cron(0 0 1W * ? *)", ["2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
        ("cron(0 0 ? jan,Jul fri-mon *)", ["2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z"]),
    ];
    for (expression, wanted) in table {
        assert_eq!(occurrences(expression, from, "UTC", 2), wanted, "{expression}");
    }
    for accepted in ["cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)", "cron(1-31/30 1-1 ? * 1,7 *)"] {
        assert!(Schedule::of_rule(accepted).is_ok(), "{accepted}");
    }
    assert_eq!(occurrences("cron(0 0 ? * L *)", from, "UTC", 1), ["2026-11-28T00:00:00Z"]);
    assert!(occurrences("cron(0 0 1 1 ? 2020)", from, "UTC", 1).is_empty());
    assert!(occurrences("cron(0 0 30 2 ? *)", from, "UTC", 1).is_empty());
}

#[test]
fn what_is_no_expression() {
    let wrong = [
        "",
        "rate",
        "rate()",
        "rate(5)",
        "rate(0 minutes)",
        "rate(-1 minutes)",
        "rate(+1 minute)",
        "rate(5 seconds)",
        "rate(5 minutes extra)",
        "rate(5 minutes",
        "rate(99999999999 days)",
        "cron(* * * * *)",
        "cron(* * * * ? * *)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 * * * ? *)",
        "cron(* 24 * * ? *)",
        "cron(* * 0 * ? *)",
        "cron(* * 32 * ? *)",
        "cron(* * * 13 ? *)",
        "cron(* * ? * 0 *)",
        "cron(* * ? * 8 *)",
        "cron(* * ? * -1 *)",
        "cron(* * ? * 3#6 *)",
        "cron(* * ? * 3#1,6#3 *)",
        "cron(* * L,15 * ? *)",
        "cron(* * * * ? 1969)",
        "cron(* * * * ? 2200)",
        "cron(*/0 * * * ? *)",
        "cron(? * * * ? *)",
        "cron(, * * * ? *)",
        "at(2026-11-21)",
        "at(2026-11-21T10:00:00Z)",
        "at(2026-02-30T10:00:00)",
        "at(21-11-2026T10:00:00x)",
        "every(1 day)",
    ];
    for text in wrong {
        assert_eq!(Schedule::of_scheduler(text), Err(Invalid), "{text}");
        assert_eq!(Schedule::of_rule(text), Err(Invalid), "{text}");
    }
    for only_of_scheduler in ["rate(1 hours)", "rate(5 minute)", "at(2026-11-21T10:00:00)"] {
        assert!(Schedule::of_rule(only_of_scheduler).is_err(), "{only_of_scheduler}");
        assert!(Schedule::of_scheduler(only_of_scheduler).is_ok(), "{only_of_scheduler}");
    }
    assert!(Zone::named("Mars/Olympus").is_none());
    assert!(Zone::named("europe/berlin").is_none());
}

#[test]
fn rates_count_from_their_start() {
    let schedule = Schedule::of_rule("rate(5 minutes)").expect("a rate");
    assert_eq!(schedule.period(), Some(Duration::from_secs(300)));
    let next = |after: &str| {
        schedule.next(moment(after), moment("2026-11-21T10:02:00Z"), &Zone::UTC).map(shown).expect("there is always a next")
    };
    assert_eq!(next("2026-11-21T09:00:00Z"), "2026-11-21T10:02:00Z");
    assert_eq!(next("2026-11-21T10:02:00Z"), "2026-11-21T10:07:00Z");
    assert_eq!(next("2026-11-21T10:06:59Z"), "2026-11-21T10:07:00Z");
    assert_eq!(next("2027-01-01T00:00:00Z"), "2027-01-01T00:02:00Z");
}

#[test]
fn once_is_once() {
    let at = "at(2026-03-29T02:30:00)";
    assert_eq!(occurrences(at, "2026-01-01T00:00:00Z", "UTC", 3), ["2026-03-29T02:30:00Z"]);
    assert_eq!(occurrences(at, "2026-01-01T00:00:00Z", "Asia/Kolkata", 3), ["2026-03-28T21:00:00Z"]);
    // Clocks in Berlin don't show this time: it is taken by the offset before the change.
    assert_eq!(occurrences(at, "2026-01-01T00:00:00Z", "Europe/Berlin", 3), ["2026-03-29T01:30:00Z"]);
    assert!(occurrences(at, "2026-03-29T02:30:00Z", "UTC", 1).is_empty());
    assert!(Schedule::of_scheduler(at).is_ok_and(|it| it.is_once()));
}

#[test]
fn times_that_a_clock_change_leaves_out_do_not_occur() {
    let found = occurrences("cron(30 2 * * ? *)", "2026-03-28T00:00:00Z", "Europe/Berlin", 3);
    assert_eq!(found, ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]);
    let found = occurrences("cron(30 2 * * ? *)", "2026-03-07T12:00:00Z", "America/New_York", 2);
    assert_eq!(found, ["2026-03-09T06:30:00Z", "2026-03-10T06:30:00Z"]);
}

#[test]
fn times_that_a_clock_change_repeats_occur_once() {
    let found = occurrences("cron(30 2 * * ? *)", "2026-10-24T12:00:00Z", "Europe/Berlin", 2);
    assert_eq!(found, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    // Asked in the hour that comes again.
    let found = occurrences("cron(0/20 * * * ? *)", "2026-10-25T01:10:00Z", "Europe/Berlin", 2);
    assert_eq!(found, ["2026-10-25T02:00:00Z", "2026-10-25T02:20:00Z"]);
}

fn field(first: u32, last: u32) -> impl Strategy<Value = String> {
    let value = first..=last;
    prop_oneof![
        Just("*".to_owned()),
        value.clone().prop_map(|it| it.to_string()),
        (value.clone(), value.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        (value.clone(), 1u32..9).prop_map(|(a, step)| format!("{a}/{step}")),
        (value.clone(), value).prop_map(|(a, b)| format!("{a},{b}")),
    ]
}

prop_compose! {
    fn cron()(minute in field(0, 59), hour in field(0, 23), day in field(1, 28), month in field(1, 12), week in field(1, 7), weekly: bool)
        -> String {
        if weekly { format!("cron({minute} {hour} ? {month} {week} *)") } else { format!("cron({minute} {hour} {day} {month} ? *)") }
    }
}

proptest! {
    #[test]
    fn reading_never_panics(text in "(rate|cron|at)\\([0-9A-Z*?/,#LW -]{0,30}\\)") {
        let _ = (Schedule::of_rule(&text), Schedule::of_scheduler(&text));
    }

    /// There is nothing between a moment and what is next: asked from just before, it is still the next.
    #[test]
    fn the_next_is_the_first(cron in cron(), after in 0i64..4_000_000_000, zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])) {
        let schedule = Schedule::of_rule(&cron).expect("an expression");
        let zone = Zone::named(zone).expect("a zone");
        let start = Timestamp(i64::MIN);
        let after = Timestamp(after * 1000);
        let next = schedule.next(after, start, &zone).expect("the years go on");
        prop_assert!(next > after);
        prop_assert_eq!(next.0 % 60_000, 0);
        prop_assert_eq!(schedule.next(Timestamp(next.0 - 1), start, &zone), Some(next));
        prop_assert_eq!(schedule.next(Timestamp((after.0 + next.0) / 2), start, &zone), if (after.0 + next.0) / 2 >= next.0 { schedule.next(next, start, &zone) } else { Some(next) });
    }

    /// What the fields say is so at every occurrence.
    #[test]
    fn an_occurrence_is_as_the_fields_say(minute in 0i8..60, hour in 0i8..24, day in 1i8..29, after in 0i64..4_000_000_000) {
        let schedule = Schedule::of_rule(&format!("cron({minute} {hour} {day} * ? *)")).expect("an expression");
        let next = schedule.next(Timestamp(after * 1000), Timestamp(0), &Zone::UTC).expect("the years go on");
        let clock = jiff::Timestamp::from_millisecond(next.0).expect("a moment").to_zoned(jiff::tz::TimeZone::UTC);
        prop_assert_eq!((clock.minute(), clock.hour(), clock.day()), (minute, hour, day));
        prop_assert!(next.0 - after * 1000 <= 31 * 24 * 3_600_000);
    }
}
