//! What the typed face of the store promises, on the engine without a disk.

mod common;

use common::*;
use model::{AccountId, Key};
use spine::{Read, Scope, Store, StoreError};

type Outcome = Result<(), StoreError>;

#[tokio::test]
async fn a_record_has_three_sections_and_lives_as_long_as_its_spec() -> Outcome {
    let store = Store::ephemeral();
    let a = key::<Counter>("a");
    store.transact(|tx| tx.create(&a, &count(1))).await?;
    let row = store.snapshot().get(&a)?.unwrap();
    assert_eq!((row.spec.value, row.plan.value, row.observed.value), (1, 0, 0));
    store.transact(|tx| tx.put_plan(&a, &count(2))).await?;
    store.transact(|tx| tx.put_observed(&a, &count(3))).await?;
    let later = store.snapshot().get(&a)?.unwrap();
    assert_eq!((later.spec.value, later.plan.value, later.observed.value), (1, 2, 3));
    assert_eq!(later.created, row.created);
    assert!(later.revision > row.revision);
    store.transact(|tx| tx.delete(&a)).await?;
    assert!(store.snapshot().get(&a)?.is_none());
    store.transact(|tx| tx.create(&a, &count(9))).await?;
    assert_eq!(store.snapshot().get(&a)?.unwrap().plan.value, 0, "a new record has nothing of the old one");
    Ok(())
}

#[tokio::test]
async fn creating_twice_and_writing_to_nothing_are_refused() {
    let store = Store::ephemeral();
    let a = key::<Counter>("a");
    let put = store.transact(|tx| tx.put_plan(&a, &count(1))).await;
    assert!(matches!(put, Err(StoreError::NotFound { .. })), "{put:?}");
    store.transact(|tx| tx.create(&a, &count(1))).await.unwrap();
    let again = store.transact(|tx| tx.create(&a, &count(2))).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { .. })), "{again:?}");
    assert_eq!(store.snapshot().get(&a).unwrap().unwrap().spec.value, 1);
}

#[tokio::test]
async fn an_error_writes_nothing() {
    let store = Store::ephemeral();
    let a = key::<Counter>("a");
    let failed: Outcome = store
        .transact(|tx| {
            tx.create(&a, &count(1))?;
            Err(StoreError::Closed)
        })
        .await;
    assert_eq!(failed, Err(StoreError::Closed));
    assert!(!store.snapshot().exists(&a).unwrap());
}

#[tokio::test]
async fn a_transaction_sees_what_it_wrote() -> Outcome {
    let store = Store::ephemeral();
    let (a, b, c) = (key::<Counter>("a"), key::<Counter>("b"), key::<Counter>("c"));
    store.transact(|tx| tx.create(&a, &count(1)).and_then(|()| tx.create(&b, &count(2)))).await?;
    let seen = store
        .transact(|tx| {
            tx.delete(&a)?;
            tx.create(&c, &count(3))?;
            tx.update_spec(&b, |spec| spec.value += 10)?;
            tx.update_plan(&b, |plan| plan.value += 5)?;
            tx.list::<Counter>(Scope::All)
        })
        .await?;
    let seen: Vec<_> = seen.iter().map(|(key, row)| (&*key.id, row.spec.value, row.plan.value)).collect();
    assert_eq!(seen, [("b", 12, 5), ("c", 3, 0)]);
    assert_eq!(store.snapshot().list::<Counter>(Scope::All)?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn lists_keep_to_their_scope_and_order() -> Outcome {
    let store = Store::ephemeral();
    let other = AccountId::parse("000000000001").unwrap();
    let foreign = Key::<Counter>::new(&other, &region(), "c/1");
    store
        .transact(|tx| {
            for id in ["c/2", "c/10", "c", "d", "c/1"] {
                tx.create(&key::<Counter>(id), &count(0))?;
                tx.put_observed(&key::<Counter>(id), &count(id.len() as u64))?;
            }
            tx.create(&foreign, &count(0))
        })
        .await?;
    let snapshot = store.snapshot();
    let (account, region) = (account(), region());
    let ids = |scope| -> Result<Vec<_>, StoreError> {
        let rows = snapshot.list::<Counter>(scope)?;
        assert!(rows.iter().all(|(key, row)| *key == foreign || row.observed.value == key.id.len() as u64));
        assert_eq!(snapshot.specs::<Counter>(scope)?.len(), rows.len());
        Ok(rows.into_iter().map(|(key, _)| key.id).collect())
    };
    assert_eq!(ids(Scope::All)?, ["c", "c/1", "c/10", "c/2", "d", "c/1"]);
    assert_eq!(ids(Scope::Account(&other))?, ["c/1"]);
    assert_eq!(ids(Scope::Region(&account, &region))?.len(), 5);
    assert_eq!(ids(Scope::Prefix(&account, &region, "c/"))?, ["c/1", "c/10", "c/2"]);
    assert_eq!(ids(Scope::After(&account, &region, "c", 2))?, ["c/1", "c/10"]);
    assert_eq!(ids(Scope::After(&account, &region, "c/10", 9))?, ["c/2", "d"], "and no other account's");
    assert!(ids(Scope::After(&account, &region, "d", 9))?.is_empty());
    assert!(snapshot.list::<Note>(Scope::All)?.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_is_too_large_or_has_no_key_is_refused() {
    let store = Store::ephemeral();
    let huge = "x".repeat(2 << 20);
    let refused = store.transact(|tx| tx.create(&key::<Note>("n"), &huge)).await;
    assert!(matches!(refused, Err(StoreError::ValueTooLarge { .. })), "{refused:?}");
    let long = "k".repeat(5000);
    for id in ["", &long] {
        let refused = store.transact(|tx| tx.create(&key::<Note>(id), &"n".to_owned())).await;
        assert!(matches!(refused, Err(StoreError::InvalidKey { .. })), "{refused:?}");
    }
    let half = "x".repeat(1 << 19);
    let refused: Outcome = store.transact(|tx| (0..70).try_for_each(|i| tx.create(&key::<Note>(&format!("n{i}")), &half))).await;
    assert!(matches!(refused, Err(StoreError::TransactionTooLarge { .. })), "{refused:?}");
}

#[tokio::test]
async fn reset_deletes_everything_and_revisions_go_on() -> Outcome {
    let store = Store::ephemeral();
    let a = key::<Counter>("a");
    store.transact(|tx| tx.create(&a, &count(1))).await?;
    let before = store.snapshot();
    store.reset().await?;
    assert!(!store.snapshot().exists(&a)?);
    assert!(before.exists(&a)?, "a snapshot stays as it was");
    assert!(store.snapshot().revision() > before.revision());
    Ok(())
}

#[tokio::test]
async fn writing_the_same_again_is_no_commit() -> Outcome {
    let store = Store::ephemeral();
    let a = key::<Counter>("a");
    store.transact(|tx| tx.create(&a, &count(1)).and_then(|()| tx.put_plan(&a, &count(2)))).await?;
    let before = store.snapshot().revision();
    store.transact(|tx| tx.put_plan(&a, &count(2))).await?;
    assert_eq!(store.snapshot().revision(), before);
    Ok(())
}
