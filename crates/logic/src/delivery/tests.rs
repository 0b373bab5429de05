//! When deliveries are tried again, as tables.

use super::*;
use model::{
    AccountId, Arn,
    delivery::{Caller, Request, Retry},
};

const START: Timestamp = Timestamp(1_000_000);

fn wanted(retry: Retry) -> DeliverySpec {
    let source: Arn = "arn:aws:s3:::photos".parse().unwrap();
    let account = AccountId::parse("111122223333").unwrap();
    DeliverySpec {
        call: Request::new("sqs", "SendMessage", &serde_json::json!({})),
        by: Caller::Service { name: "s3.amazonaws.com".into(), source, account },
        wanted: START,
        not_before: START,
        retry,
        dead_letter: None,
    }
}

#[test]
fn pauses_double_up_to_the_longest() {
    let spec = wanted(Retry::DAY);
    let pause = |attempts| match after_failure(&spec, attempts, false, START) {
        Next::Again(at) => (at.0 - START.0) / 1000,
        other => panic!("{other:?}"),
    };
    assert_eq!([1, 2, 3, 9, 10, 100].map(pause), [1, 2, 4, 256, 500, 500]);
}

#[test]
fn it_is_given_up_when_it_was_tried_enough_or_is_too_old() {
    let spec = wanted(Retry { max_age: 60, max_retries: 2 });
    assert!(matches!(after_failure(&spec, 2, false, START), Next::Again(_)));
    assert_eq!(after_failure(&spec, 3, false, START), Next::TriedEnough);
    assert_eq!(after_failure(&spec, 1, false, START + Duration::from_secs(60)), Next::TooOld);
    assert_eq!(after_failure(&spec, 1, true, START), Next::Hopeless);
}

#[test]
fn a_day_holds_about_as_many_tries_as_are_allowed() {
    let spec = wanted(Retry::DAY);
    let (mut now, mut attempts) = (START, 1);
    while let Next::Again(at) = after_failure(&spec, attempts, false, now) {
        (now, attempts) = (at, attempts + 1);
    }
    assert!((170..=186).contains(&attempts), "{attempts}");
}
