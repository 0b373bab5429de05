//! The queue against a plain model of what it must never do: lose, show twice, or reorder.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const START: Timestamp = Timestamp(1_700_000_000_000);

fn wish(most: usize, seconds: u64) -> Wish {
    Wish { most, invisible: Duration::from_secs(seconds), delay: Duration::ZERO, most_receives: None }
}

fn message(number: Number, group: Option<&str>) -> Waiting {
    Waiting { number, group: group.map(Into::into), from: number.time(), past: None }
}

fn after(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

fn numbers(taken: &Taken) -> Vec<u64> {
    taken.messages.iter().map(|(number, _)| number.0).collect()
}

#[test]
fn numbers_grow_even_if_the_clock_goes_back() {
    let numbers = Numbers::default();
    let first = numbers.next(START);
    assert_eq!(first.time(), START);
    let second = numbers.next(START - Duration::from_secs(5));
    assert!(second > first && second.time() == START);
    assert!(numbers.next(after(1)).time() == after(1));
    assert_eq!(first.sequence_number().len(), 20);
}

#[test]
fn a_received_message_is_invisible_until_its_time_or_until_it_is_told() {
    let (mut queue, number) = (Queue::standard(), Number::first_at(START));
    queue.add(message(number, None), START);
    let first = queue.take(wish(10, 30), START);
    assert_eq!(first.messages[0].1.count, 1);
    assert_eq!(queue.take(wish(10, 30), after(29)).messages, []);
    assert_eq!(queue.next_change(Duration::ZERO), Some(after(30)));
    assert_eq!(queue.take(wish(10, 30), after(30)).messages[0].1.count, 2);
    assert_eq!(queue.change(number, 1, Duration::ZERO, after(31)), Err(NotChanged::NotInFlight), "by an old receipt");
    queue.change(number, 2, Duration::ZERO, after(31)).unwrap();
    assert_eq!(
        queue.take(wish(10, 30), after(31)).messages[0].1,
        Past { count: 3, first: START, last: after(31), until: after(61) }
    );
    let twelve = LONGEST_INVISIBLE;
    assert_eq!(queue.change(number, 3, twelve, after(32)), Err(NotChanged::TooLong));
    queue.change(number, 3, twelve - Duration::from_secs(1), after(32)).unwrap();
    assert!(queue.remove(number, after(33)) && !queue.remove(number, after(33)));
    assert_eq!(queue.change(number, 3, twelve, after(33)), Err(NotChanged::Gone));
    assert_eq!((queue.in_flight(), queue.next_change(Duration::ZERO)), (0, None));
}

#[test]
fn a_delayed_message_comes_when_its_delay_is_over() {
    let (mut queue, number) = (Queue::standard(), Number::first_at(START));
    queue.add(Waiting { from: after(5), ..message(number, None) }, START);
    assert_eq!(queue.take(wish(1, 30), after(4)).messages, []);
    assert_eq!((queue.delayed(Duration::ZERO, after(4)), queue.next_change(Duration::ZERO)), (1, Some(after(5))));
    assert_eq!(numbers(&queue.take(wish(1, 30), after(5))), [number.0]);
}

#[test]
fn a_group_is_held_back_while_one_of_its_messages_is_in_flight() {
    let mut queue = Queue::fifo();
    let at = |place| Number(Number::first_at(START).0 + place);
    for (place, group) in [(0, "a"), (1, "b"), (2, "a"), (3, "a"), (4, "b")] {
        queue.add(message(at(place), Some(group)), START);
    }
    assert_eq!(numbers(&queue.take(wish(2, 30), START)), [at(0).0, at(2).0], "as many as there are of one group");
    assert_eq!(numbers(&queue.take(wish(10, 60), START)), [at(1).0, at(4).0]);
    assert_eq!(queue.take(wish(10, 30), START).messages, []);
    queue.remove(at(0), START);
    assert_eq!(queue.take(wish(10, 30), START).messages, [], "the other one is in flight still");
    queue.remove(at(2), START);
    assert_eq!(numbers(&queue.take(wish(10, 30), START)), [at(3).0]);
    assert_eq!(numbers(&queue.take(wish(10, 30), after(30))), [at(3).0], "again, before anything else of the group");
    assert_eq!(numbers(&queue.take(wish(1, 30), after(60))), [at(1).0], "the first of the two that came back together");
}

#[test]
fn what_was_received_too_often_is_dead() {
    let (mut queue, number) = (Queue::standard(), Number::first_at(START));
    queue.add(message(number, None), START);
    let wish = Wish { most_receives: Some(2), ..wish(1, 1) };
    assert_eq!(numbers(&queue.take(wish, START)), [number.0]);
    assert_eq!(numbers(&queue.take(wish, after(1))), [number.0]);
    let taken = queue.take(wish, after(2));
    assert_eq!((taken.messages.len(), taken.dead.len(), taken.dead[0].1.count), (0, 1, 2));
    assert_eq!(queue.take(wish, after(2)), Taken::default(), "it is being moved away");
}

#[test]
fn what_was_remembered_of_receipts_counts_again() {
    let mut queue = Queue::fifo();
    let (first, second) = (Number::first_at(START), Number::first_at(after(1)));
    let past = Past { count: 4, first: START, last: after(2), until: after(32) };
    queue.add(Waiting { past: Some(past), ..message(first, Some("g")) }, after(3));
    queue.add(message(second, Some("g")), after(3));
    assert_eq!(queue.take(wish(10, 30), after(31)).messages, []);
    let taken = queue.take(wish(10, 30), after(32));
    assert_eq!((numbers(&taken), taken.messages[0].1.count), (vec![first.0, second.0], 5));
}

#[test]
fn an_attempt_that_is_made_again_gets_the_same() {
    let mut queue = Queue::fifo();
    let number = Number::first_at(START);
    queue.add(message(number, Some("g")), START);
    let given = queue.take(wish(10, 30), START).messages;
    let again = queue.take_again(&given, Duration::from_secs(30), after(10)).unwrap();
    assert_eq!((again[0].1.count, again[0].1.until), (1, after(40)));
    assert_eq!(queue.take_again(&given, Duration::from_secs(30), after(11)), None, "the first receipt's time was changed");
    assert_eq!(queue.take_again(&again, Duration::from_secs(30), after(41)), None, "it is visible to everybody");
}

#[test]
fn a_deduplication_id_stands_for_five_minutes() {
    let mut known = Known::default();
    let sent = Sent { number: Number::first_at(START), message_id: "m".into() };
    known.remember(history(Some("g"), "x"), sent.clone());
    assert_eq!(known.find("g\nx", after(299)), Some(&sent));
    assert_eq!(known.find("x", after(299)), None);
    assert_eq!(known.find("g\nx", after(300)), None);
}

/// A standard queue with messages of tenants, by their places; none has no group.
fn shared(tenants: &[(u64, Option<&str>)]) -> Queue {
    let mut queue = Queue::standard();
    tenants.iter().for_each(|(at, group)| queue.add(message(place(*at), *group), START));
    queue
}

fn place(at: u64) -> Number {
    Number(Number::first_at(START).0 + at)
}

#[test]
fn a_tenant_with_too_many_in_flight_comes_behind_the_others() {
    let mut queue = shared(&[]);
    (0..100).for_each(|at| queue.add(message(place(at), Some("loud")), START));
    assert_eq!(queue.take(wish(29, 30), START).messages.len(), 29);
    queue.add(message(place(100), Some("quiet")), START);
    queue.add(message(place(101), None), START);
    assert_eq!(numbers(&queue.take(wish(1, 30), START)), [place(29).0], "with fewer than thirty nobody is noisy");
    assert_eq!(numbers(&queue.take(wish(3, 30), START)), [place(100).0, place(101).0, place(30).0], "and then the noisy one's");
}

#[test]
fn a_tenant_that_takes_long_comes_behind_the_others_for_a_while() {
    let mut queue = shared(&[(0, Some("slow")), (1, Some("slow")), (2, Some("slow"))]);
    assert_eq!(numbers(&queue.take(wish(1, 30), START)), [place(0).0]);
    queue.remove(place(0), after(20));
    queue.add(message(place(3), Some("quick")), after(20));
    assert_eq!(numbers(&queue.take(wish(1, 30), after(20))), [place(3).0], "nothing of it has taken any time");
    queue.remove(place(3), after(20));
    queue.add(message(place(4), None), after(20));
    assert_eq!(numbers(&queue.take(wish(1, 30), after(20))), [place(4).0], "each without a group is a tenant by itself");
    queue.remove(place(4), after(20));
    queue.add(message(place(5), Some("quick")), after(300));
    assert_eq!(numbers(&queue.take(wish(2, 30), after(300))), [place(1).0, place(2).0], "it has sent nothing for five minutes");
}

#[test]
fn of_noisy_tenants_the_one_with_the_fewest_in_flight_is_next() {
    let mut queue = shared(&[]);
    (0..40).for_each(|at| queue.add(message(place(at), Some("a")), START));
    (40..75).for_each(|at| queue.add(message(place(at), Some("b")), START));
    let taken = numbers(&queue.take(wish(60, 30), START));
    assert_eq!(
        (taken[29], taken[30], taken[59]),
        (place(29).0, place(40).0, place(69).0),
        "thirty of the first, thirty of the other"
    );
    assert_eq!(numbers(&queue.take(wish(4, 30), START)), [30, 70, 31, 71].map(|at| place(at).0), "in turn");
}

/// What a client may do.
#[derive(Clone, Debug)]
enum Step {
    Send { group: u8 },
    Receive { most: usize, seconds: u64 },
    Delete { which: usize },
    Change { which: usize, seconds: u64 },
    Wait { seconds: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..4u8).prop_map(|group| Step::Send { group }),
        3 => (1..=10usize, 0..40u64).prop_map(|(most, seconds)| Step::Receive { most, seconds }),
        2 => any::<usize>().prop_map(|which| Step::Delete { which }),
        1 => (any::<usize>(), 0..40u64).prop_map(|(which, seconds)| Step::Change { which, seconds }),
        2 => (0..20u64).prop_map(|seconds| Step::Wait { seconds }),
    ];
    prop::collection::vec(step, 1..120)
}

/// What has to be so: each message that isn't deleted, its group, and until when it is invisible.
type Model = BTreeMap<Number, (u8, Timestamp, u32)>;

fn run(mut queue: Queue, (fifo, grouped): (bool, bool), steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (mut model, mut now, numbers) = (Model::new(), START, Numbers::default());
    for step in steps {
        match step {
            Step::Send { group } => {
                let number = numbers.next(now);
                queue.add(message(number, grouped.then(|| group.to_string()).as_deref()), now);
                model.insert(number, (group, now, 0));
            }
            Step::Receive { most, seconds } => {
                let taken = queue.take(wish(most, seconds), now);
                check(&model, fifo, &taken, most, now)?;
                for (number, past) in taken.messages {
                    let entry = model.get_mut(&number).unwrap();
                    prop_assert_eq!(past.count, entry.2 + 1);
                    (entry.1, entry.2) = (past.until, past.count);
                }
            }
            Step::Delete { which } => {
                if let Some(number) = model.keys().nth(which % model.len().max(1)).copied() {
                    prop_assert!(queue.remove(number, now));
                    model.remove(&number);
                }
            }
            Step::Change { which, seconds } => {
                let flying: Vec<Number> =
                    model.iter().filter(|(_, it)| it.1 > now && it.2 > 0).map(|(number, _)| *number).collect();
                if let Some(number) = flying.get(which % flying.len().max(1)) {
                    let entry = model.get_mut(number).unwrap();
                    let past = queue.change(*number, entry.2, Duration::from_secs(seconds), now).unwrap();
                    entry.1 = past.until;
                }
            }
            Step::Wait { seconds } => now = now + Duration::from_secs(seconds),
        }
    }
    // Nothing is lost: in the end everything that wasn't deleted is received.
    let mut left = Vec::new();
    now = now + Duration::from_secs(100);
    loop {
        let taken = queue.take(wish(10, 1000), now);
        if taken.messages.is_empty() {
            // The rest of a FIFO queue's groups comes when what is before it is deleted.
            let Some(blocker) = left.iter().find(|number| model.contains_key(*number)).copied() else { break };
            queue.remove(blocker, now);
            model.remove(&blocker);
            continue;
        }
        check(&model, fifo, &taken, 10, now)?;
        for (number, past) in &taken.messages {
            model.get_mut(number).unwrap().1 = past.until;
            left.push(*number);
        }
    }
    prop_assert!(model.is_empty(), "lost: {:?}", model);
    Ok(())
}

/// What is given is there, is visible, and is given once; in a FIFO queue nothing before it in its group is there, but what is given with it.
fn check(model: &Model, fifo: bool, taken: &Taken, most: usize, now: Timestamp) -> Result<(), TestCaseError> {
    prop_assert!(taken.messages.len() <= most);
    let mut given: Vec<Number> = Vec::new();
    for (number, _) in &taken.messages {
        let (group, until, _) = model.get(number).copied().ok_or_else(|| TestCaseError::fail("it was deleted"))?;
        prop_assert!(until <= now, "it is invisible");
        prop_assert!(!given.contains(number), "it is given twice");
        if fifo {
            let before = model.range(..*number).filter(|(_, it)| it.0 == group).map(|(number, _)| number);
            prop_assert!(before.into_iter().all(|before| given.contains(before)), "something is before it in its group");
        }
        given.push(*number);
    }
    let available = model.iter().filter(|(_, it)| it.1 <= now).count();
    prop_assert!(fifo || taken.messages.len() == available.min(most), "there was more");
    Ok(())
}

proptest! {
    #[test]
    fn a_standard_queue_loses_nothing_and_shows_nothing_twice(steps in steps()) {
        run(Queue::standard(), (false, false), steps)?;
    }

    #[test]
    fn nor_does_one_that_tenants_share(steps in steps()) {
        run(Queue::standard(), (false, true), steps)?;
    }

    #[test]
    fn a_fifo_queue_keeps_the_order_of_its_groups_besides(steps in steps()) {
        run(Queue::fifo(), (true, true), steps)?;
    }
}
