//! Schedule expressions: they are read or refused, and what was read goes on in time.
//!
//! An input is an expression, a time zone and a moment in milliseconds, with NUL characters between them.
#![no_main]

use fuzz::texts;
use libfuzzer_sys::fuzz_target;
use logic::schedule::{Schedule, Zone};
use model::Timestamp;

fuzz_target!(|data: &[u8]| {
    let [expression, zone, moment] = texts(data);
    let zone = Zone::named(&zone).unwrap_or(Zone::UTC);
    let start = Timestamp(moment.parse::<i64>().unwrap_or(0).clamp(0, 1 << 42));
    let Ok(schedule) = Schedule::of_scheduler(&expression) else {
        assert!(Schedule::of_rule(&expression).is_err(), "Scheduler reads what rules do");
        return;
    };
    let mut after = Timestamp(start.0 - 1);
    for _ in 0..5 {
        let Some(next) = schedule.next(after, start, &zone) else { return };
        assert!(next > after && next >= start);
        after = next;
    }
    assert!(!schedule.is_once());
});
