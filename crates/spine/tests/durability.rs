//! What the store on a disk promises: whatever was acknowledged is there again, whole, whenever the process dies.

mod common;

use common::*;
use spine::{
    Options, Read, Scope, Store, StoreError,
    crash::{Points, point},
};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;

const SIGABRT: i32 = 6;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &Path, points: &Points) -> Store {
    Store::open_with(folder, Options { points: points.clone() }).unwrap()
}

/// Both halves are written in each transaction, so they show a torn one.
async fn set_both(store: &Store, value: u64) -> Result<(), StoreError> {
    store
        .transact(|tx| {
            for half in ["left", "right"].map(key::<Counter>) {
                match tx.exists(&half)? {
                    true => tx.put_spec(&half, &count(value))?,
                    false => tx.create(&half, &count(value))?,
                }
            }
            Ok(())
        })
        .await
}

/// The value of both halves; 0 if they aren't there.
fn both(store: &Store) -> u64 {
    let snapshot = store.snapshot();
    let value = |id| snapshot.get(&key::<Counter>(id)).unwrap().map_or(0, |row| row.spec.value);
    assert_eq!(value("left"), value("right"), "a transaction is torn");
    value("left")
}

fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test]
async fn everything_is_there_again() {
    let data = folder();
    let a = key::<Counter>("a");
    let before = {
        let store = Store::open(data.path()).unwrap();
        store.transact(|tx| tx.create(&a, &count(1))).await.unwrap();
        store.transact(|tx| tx.put_plan(&a, &count(2)).and_then(|()| tx.put_observed(&a, &count(3)))).await.unwrap();
        store.transact(|tx| tx.create(&key::<Note>("gone"), &"text".into())).await.unwrap();
        store.transact(|tx| tx.delete(&key::<Note>("gone"))).await.unwrap();
        store.snapshot()
    };
    let store = Store::open(data.path()).unwrap();
    let snapshot = store.snapshot();
    assert_eq!(snapshot.revision(), before.revision());
    assert_eq!(format!("{:?}", snapshot.get(&a).unwrap()), format!("{:?}", before.get(&a).unwrap()));
    assert!(snapshot.list::<Note>(Scope::All).unwrap().is_empty());
    store.reset().await.unwrap();
    drop(store);
    assert!(!Store::open(data.path()).unwrap().snapshot().exists(&a).unwrap());
}

#[test]
fn a_second_server_on_the_folder_is_refused() {
    let data = folder();
    let first = Store::open(data.path()).unwrap();
    match Store::open(data.path()).map(drop) {
        Err(error @ StoreError::InUse { .. }) => {
            assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        }
        other => panic!("{other:?}"),
    }
    drop(first);
    Store::open(data.path()).unwrap();
}

#[tokio::test]
async fn a_death_at_any_step_keeps_what_was_acknowledged() {
    for step in point::ALL {
        let (data, image, points) = (folder(), folder(), Points::default());
        let store = open(data.path(), &points);
        for value in 1..=3 {
            set_both(&store, value).await.unwrap();
        }
        let (from, to) = (data.path().to_owned(), image.path().to_owned());
        points.arm(step, move || {
            copy(&from, &to);
            Ok(())
        });
        set_both(&store, 4).await.unwrap();
        let survived = both(&Store::open(image.path()).unwrap());
        let committed = [point::DURABLE, point::PUBLISHED].contains(&step);
        assert_eq!(survived, 3 + u64::from(committed), "at {step}");
    }
}

#[tokio::test]
async fn an_error_at_any_step_is_told_and_the_store_goes_on() {
    for step in [point::ADMITTED, point::HALF_WRITTEN, point::WRITTEN, point::DURABLE] {
        let (data, points) = (folder(), Points::default());
        let store = open(data.path(), &points);
        set_both(&store, 1).await.unwrap();
        let full = StoreError::DiskFull { path: data.path().into() };
        let error = full.clone();
        points.arm(step, move || Err(error.clone()));
        assert_eq!(set_both(&store, 2).await, Err(full), "at {step}");
        // Durable, and only then failed: it can't be undone any more, and readers and disk agree on that.
        let expected = if step == point::DURABLE { 2 } else { 1 };
        assert_eq!(both(&store), expected, "at {step}");
        points.disarm(step);
        set_both(&store, 3).await.unwrap();
        assert_eq!(both(&store), 3);
        drop(store);
        assert_eq!(both(&Store::open(data.path()).unwrap()), 3, "at {step}");
    }
}

#[tokio::test]
async fn a_log_that_was_torn_anywhere_loses_whole_transactions_from_its_end() {
    let (data, image) = (folder(), folder());
    let store = Store::open(data.path()).unwrap();
    for value in 1..=5 {
        set_both(&store, value).await.unwrap();
    }
    let mut seen = BTreeSet::new();
    let log = fs::read(data.path().join("store.db-wal")).unwrap();
    for cut in (0..=log.len()).step_by(499).chain([log.len()]) {
        fs::copy(data.path().join("store.db"), image.path().join("store.db")).unwrap();
        fs::write(image.path().join("store.db-wal"), &log[..cut]).unwrap();
        let _ = fs::remove_file(image.path().join("store.db-shm"));
        seen.insert(both(&Store::open(image.path()).unwrap()));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
}

/// The process that [`a_killed_process_keeps_what_it_acknowledged`] starts; on its own it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(data) = std::env::var("SPINE_TEST_CHILD") else { return };
    let points = Points::default();
    let store = open(data.as_ref(), &points);
    let acknowledged = Mutex::new(fs::File::create(Path::new(&data).join("acknowledged")).unwrap());
    let step = std::env::var("SPINE_TEST_STEP").unwrap();
    let step = point::ALL.into_iter().find(|point| *point == step).unwrap();
    let writers = (0..8).map(|writer| {
        let (store, points, acknowledged) = (&store, &points, &acknowledged);
        async move {
            for i in 0..50_u64 {
                if (writer, i) == (0, 20) {
                    points.arm_abort(step);
                }
                let pair = ["left", "right"].map(|half| key::<Counter>(&format!("{writer}/{half}/{i}")));
                store.transact(|tx| pair.iter().try_for_each(|key| tx.create(key, &count(i)))).await.unwrap();
                use std::io::Write as _;
                writeln!(acknowledged.lock().unwrap(), "{writer}/left/{i}").unwrap();
            }
        }
    });
    futures::future::join_all(writers).await;
    unreachable!("the process has been killed");
}

#[test]
fn a_killed_process_keeps_what_it_acknowledged() {
    for step in point::ALL {
        let data = folder();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["child", "--exact", "--nocapture"]);
        child.env("SPINE_TEST_CHILD", data.path()).env("SPINE_TEST_STEP", step);
        let output = child.output().unwrap();
        assert_eq!(output.status.signal(), Some(SIGABRT), "{output:?}");
        let snapshot = Store::open(data.path()).unwrap().snapshot();
        let ids: BTreeSet<_> = snapshot.list::<Counter>(Scope::All).unwrap().into_iter().map(|(key, _)| key.id).collect();
        let acknowledged = fs::read_to_string(data.path().join("acknowledged")).unwrap();
        assert!(acknowledged.lines().count() >= 20, "the process worked for a while");
        assert!(acknowledged.lines().all(|id| ids.contains(id)), "an acknowledged transaction is lost at {step}");
        let whole = |id: &String| ids.contains(&id.replace("left", "right")) && ids.contains(&id.replace("right", "left"));
        assert!(ids.iter().all(whole), "a transaction is torn at {step}");
    }
}

#[tokio::test]
async fn damage_is_found_and_said() {
    let data = folder();
    let store = Store::open(data.path()).unwrap();
    store.transact(|tx| tx.create(&key::<Note>("n"), &"a recognisable text".into())).await.unwrap();
    drop(store);
    let file = data.path().join("store.db");
    let good = fs::read(&file).unwrap();
    let corrupt = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        match Store::open(data.path()).map(drop) {
            Err(StoreError::Corrupt { detail, .. }) => detail,
            other => panic!("{other:?}"),
        }
    };
    let at = good.windows(12).position(|window| window == b"recognisable").unwrap();
    let mut flipped = good.clone();
    flipped[at] ^= 1;
    assert!(corrupt(&flipped).contains("checksum"), "a value that changed by itself");
    corrupt(&good[..good.len() - 4096]);
    corrupt(b"");
    corrupt(&b"no database at all, but a longer text ".repeat(200));
    fs::write(&file, &good).unwrap();
    Store::open(data.path()).unwrap();
    fs::rename(&file, data.path().join("moved")).unwrap();
    fs::write(data.path().join("store.db-wal"), b"left alone").unwrap();
    assert!(matches!(Store::open(data.path()).map(drop), Err(StoreError::Corrupt { .. })));
}

#[test]
fn another_format_is_refused() {
    let data = folder();
    drop(Store::open(data.path()).unwrap());
    let database = rusqlite::Connection::open(data.path().join("store.db")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    match Store::open(data.path()).map(drop) {
        Err(StoreError::Format { found: 99, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_value_of_another_shape_is_an_error_that_names_the_record() {
    let data = folder();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = Store::open(data.path()).unwrap();
    runtime.block_on(store.transact(|tx| tx.create(&key::<Counter>("a"), &count(1)))).unwrap();
    enum Other {}
    impl model::Record for Other {
        const KIND: &'static str = Counter::KIND;
        type Spec = Vec<String>;
        type Plan = ();
        type Observed = ();
    }
    match store.snapshot().get(&key::<Other>("a")).map(drop) {
        Err(StoreError::Decode { key, .. }) => assert!(key.ends_with(" a"), "{key}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_half_made_database_is_made_again() {
    let data = folder();
    fs::write(data.path().join("store.db.new"), b"half").unwrap();
    Store::open(data.path()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_that_wait_are_made_durable_together() {
    let (data, points) = (folder(), Points::default());
    let store = open(data.path(), &points);
    let writes = Arc::new(Mutex::new(0));
    let counter = writes.clone();
    points.arm(point::WRITTEN, move || {
        *counter.lock().unwrap() += 1;
        Ok(())
    });
    let create = |i: u32| {
        let (store, note) = (store.clone(), key::<Note>(&i.to_string()));
        async move { store.transact(|tx| tx.create(&note, &"text".into())).await }
    };
    let outcomes = futures::future::join_all((0..500).map(create)).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert!(*writes.lock().unwrap() < 50, "500 transactions took {} flushes", writes.lock().unwrap());
}
