//! Transactions that meet: nothing is lost, nothing is half seen, and nobody who waits for a change is forgotten.

mod common;

use common::*;
use futures::future::{join_all, poll_immediate};
use spine::{
    Options, Read, Scope, Store, StoreError,
    crash::{Points, point},
};

type Outcome = Result<(), StoreError>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_increments_lose_nothing() {
    let store = Store::ephemeral();
    let a = key::<Counter>("a");
    store.transact(|tx| tx.create(&a, &count(0))).await.unwrap();
    let writers = (0..200).map(|_| {
        let (store, a) = (store.clone(), a.clone());
        tokio::spawn(async move {
            for _ in 0..5 {
                store.transact(|tx| tx.update_spec(&a, |spec| spec.value += 1)).await.unwrap();
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    assert_eq!(store.snapshot().get(&a).unwrap().unwrap().spec.value, 1000);
}

/// Runs `meanwhile` between the first run of `f` and its commit, and gives how often `f` was run.
async fn overtaken(
    store: &Store,
    mut f: impl FnMut(&mut spine::Tx) -> Outcome,
    meanwhile: impl FnOnce(&mut spine::Tx) -> Outcome + Send + 'static,
) -> u32 {
    let mut runs = 0;
    let mut meanwhile = Some(meanwhile);
    let other = store.clone();
    let outcome: Outcome = store
        .transact(|tx| {
            runs += 1;
            f(tx)?;
            if let Some(meanwhile) = meanwhile.take() {
                let other = other.clone();
                let mut meanwhile = Some(meanwhile);
                let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
                let thread = std::thread::spawn(move || {
                    runtime().block_on(other.transact(|tx| meanwhile.take().map_or(Ok(()), |f| f(tx))))
                });
                thread.join().unwrap()?;
            }
            Ok(())
        })
        .await;
    outcome.unwrap();
    runs
}

async fn store_with(ids: &[&str]) -> Store {
    let store = Store::ephemeral();
    let create = |tx: &mut spine::Tx| ids.iter().try_for_each(|id| tx.create(&key::<Counter>(id), &count(0)));
    store.transact(create).await.unwrap();
    store
}

#[tokio::test]
async fn a_phantom_in_a_range_that_was_read_is_a_conflict() {
    let a = key::<Counter>("a");
    let sum = |tx: &mut spine::Tx| {
        let all = tx.list::<Counter>(Scope::All)?.len() as u64;
        tx.update_plan(&key::<Counter>("a"), |plan| plan.value = plan.value * 10 + all)
    };
    let store = store_with(&["a", "b"]).await;
    assert_eq!(overtaken(&store, sum, |tx| tx.create(&key::<Counter>("c"), &count(0))).await, 2);
    assert_eq!(overtaken(&store, sum, |tx| tx.delete(&key::<Counter>("b"))).await, 2);
    assert_eq!(overtaken(&store, sum, |tx| tx.create(&key::<Note>("n"), &"another kind".into())).await, 1);
    assert_eq!(store.snapshot().get(&a).unwrap().unwrap().plan.value, 322);
}

#[tokio::test]
async fn what_comes_behind_a_page_that_was_read_is_no_conflict() {
    let (account, region) = (account(), region());
    let page = |tx: &mut spine::Tx| {
        let some = tx.list::<Counter>(Scope::After(&account, &region, "a", 2))?.len() as u64;
        tx.update_plan(&key::<Counter>("a"), |plan| plan.value = plan.value * 10 + some)
    };
    let store = store_with(&["a", "b", "d"]).await;
    assert_eq!(overtaken(&store, page, |tx| tx.create(&key::<Counter>("e"), &count(0))).await, 1);
    assert_eq!(overtaken(&store, page, |tx| tx.put_plan(&key::<Counter>("e"), &count(1))).await, 1);
    assert_eq!(overtaken(&store, page, |tx| tx.put_plan(&key::<Counter>("d"), &count(1))).await, 2);
    assert_eq!(overtaken(&store, page, |tx| tx.create(&key::<Counter>("c"), &count(0))).await, 2);
}

#[tokio::test]
async fn of_two_that_read_the_same_and_write_apart_one_runs_again() {
    let store = store_with(&["a", "b"]).await;
    let take_if_both_are_free = |mine: &'static str| {
        move |tx: &mut spine::Tx| {
            let taken = |id| Ok::<_, StoreError>(tx.get(&key::<Counter>(id))?.is_some_and(|row| row.plan.value > 0));
            if taken("a")? || taken("b")? { Ok(()) } else { tx.put_plan(&key::<Counter>(mine), &count(1)) }
        }
    };
    assert_eq!(overtaken(&store, take_if_both_are_free("a"), take_if_both_are_free("b")).await, 2);
    assert_eq!(store.snapshot().get(&key::<Counter>("a")).unwrap().unwrap().plan.value, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_moved_about_is_always_the_same_in_sum() {
    const PURSES: u64 = 10;
    const SUM: u64 = 1000;
    let store = Store::ephemeral();
    let purse = |i: u64| key::<Counter>(&(i % PURSES).to_string());
    let fill = |tx: &mut spine::Tx| (0..PURSES).try_for_each(|i| tx.create(&purse(i), &count(SUM / PURSES)));
    store.transact(fill).await.unwrap();
    let movers = (0..20_u64).map(|mover| {
        let store = store.clone();
        tokio::spawn(async move {
            for i in 0..50 {
                let (from, to) = (purse(mover * 7 + i), purse(mover * 3 + i * i + 1));
                let pay = |tx: &mut spine::Tx| {
                    let all = tx.specs::<Counter>(Scope::All)?;
                    assert_eq!(all.iter().map(|(_, spec)| spec.value).sum::<u64>(), SUM);
                    let amount = tx.spec(&from)?.map_or(0, |spec| spec.value / 2);
                    tx.update_spec(&from, |spec| spec.value -= amount)?;
                    tx.update_spec(&to, |spec| spec.value += amount)
                };
                store.transact(pay).await.unwrap();
            }
        })
    });
    for mover in join_all(movers).await {
        mover.unwrap();
    }
    let all = store.snapshot().specs::<Counter>(Scope::All).unwrap();
    assert_eq!(all.iter().map(|(_, spec)| spec.value).sum::<u64>(), SUM);
}

#[tokio::test]
async fn a_key_that_was_found_absent_and_came_is_a_conflict() {
    let store = store_with(&["a"]).await;
    let note_whether_b = |tx: &mut spine::Tx| {
        let there = tx.exists(&key::<Counter>("b"))?;
        tx.put_plan(&key::<Counter>("a"), &count(1 + u64::from(there)))
    };
    assert_eq!(overtaken(&store, note_whether_b, |tx| tx.create(&key::<Counter>("b"), &count(0))).await, 2);
    assert_eq!(store.snapshot().get(&key::<Counter>("a")).unwrap().unwrap().plan.value, 2);
}

#[tokio::test]
async fn what_failed_to_be_written_overtakes_nobody() {
    let points = Points::default();
    let store = Store::ephemeral_with(Options { points: points.clone() });
    store.transact(|tx| tx.create(&key::<Counter>("a"), &count(0))).await.unwrap();
    points.arm(point::ADMITTED, || Err(StoreError::Closed));
    store.transact(|tx| tx.create(&key::<Counter>("b"), &count(0))).await.unwrap_err();
    points.disarm(point::ADMITTED);
    let sum = |tx: &mut spine::Tx| {
        let all = tx.list::<Counter>(Scope::All)?.len() as u64;
        tx.put_plan(&key::<Counter>("a"), &count(all))
    };
    assert_eq!(overtaken(&store, sum, |tx| tx.create(&key::<Note>("n"), &"another kind".into())).await, 1);
}

#[tokio::test]
async fn the_owners_of_the_sections_do_not_overtake_each_other() {
    let store = store_with(&["a"]).await;
    let a = || key::<Counter>("a");
    assert_eq!(overtaken(&store, |tx| tx.put_plan(&a(), &count(1)), move |tx| tx.put_spec(&a(), &count(1))).await, 1);
    assert_eq!(overtaken(&store, |tx| tx.put_spec(&a(), &count(2)), move |tx| tx.put_observed(&a(), &count(1))).await, 1);
    let spec_only = |tx: &mut spine::Tx| tx.update_spec(&a(), |spec| spec.value += 1);
    assert_eq!(overtaken(&store, spec_only, move |tx| tx.put_plan(&a(), &count(7))).await, 1);
}

#[tokio::test]
async fn a_plan_is_not_written_to_a_record_that_was_deleted_meanwhile() {
    let store = store_with(&["a"]).await;
    let a = || key::<Counter>("a");
    let plan_if_there = |tx: &mut spine::Tx| match tx.put_plan(&a(), &count(1)) {
        Err(StoreError::NotFound { .. }) => tx.create(&key::<Counter>("saw that it is gone"), &count(0)),
        outcome => outcome,
    };
    assert_eq!(overtaken(&store, plan_if_there, move |tx| tx.delete(&a())).await, 2);
    let left = store.snapshot().list::<Counter>(Scope::All).unwrap();
    assert_eq!(left.iter().map(|(key, _)| &*key.id).collect::<Vec<_>>(), ["saw that it is gone"]);
    store.transact(|tx| tx.create(&a(), &count(0))).await.unwrap();
    assert_eq!(store.snapshot().get(&a()).unwrap().unwrap().plan.value, 0);
}

#[tokio::test]
async fn a_watch_tells_each_change_once_and_only_of_its_kinds() -> Outcome {
    let store = store_with(&["a"]).await;
    let a = key::<Counter>("a");
    let mut watch = store.watch(&["test/counter"]);
    assert!(poll_immediate(watch.changed()).await.is_none(), "what was before is not told");
    store.transact(|tx| tx.create(&key::<Note>("n"), &"hello".into())).await?;
    assert!(!watch.pending());
    for value in 1..=3 {
        store.transact(|tx| tx.put_observed(&a, &count(value))).await?;
    }
    assert!(poll_immediate(watch.changed()).await.is_some());
    assert!(poll_immediate(watch.changed()).await.is_none(), "three changes are one");
    store.transact(|tx| tx.delete(&a)).await?;
    assert!(poll_immediate(watch.changed()).await.is_some());
    store.reset().await?;
    assert!(!watch.pending(), "there was no counter left to reset");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_watch_never_misses() {
    const LAST: u64 = 500;
    let store = store_with(&["a"]).await;
    let follower = {
        let store = store.clone();
        let mut watch = store.watch(&["test/counter"]);
        tokio::spawn(async move {
            while store.snapshot().get(&key::<Counter>("a")).unwrap().unwrap().spec.value < LAST {
                watch.changed().await;
            }
        })
    };
    for _ in 0..LAST {
        store.transact(|tx| tx.update_spec(&key::<Counter>("a"), |spec| spec.value += 1)).await.unwrap();
    }
    tokio::time::timeout(std::time::Duration::from_secs(60), follower).await.expect("the last change is told").unwrap();
}
