//! What is kept, in what order, and what outlives what.

use super::*;

const PLACE: &str = "111122223333/us-east-1";

fn noted(at: i64, id: &str) -> Noted {
    let entry = Entry {
        id: id.into(),
        at: Timestamp(at),
        name: "CreateCluster".into(),
        source: "ecs.amazonaws.com".into(),
        user_name: "root".into(),
        access_key_id: "test".into(),
        read_only: false,
        resources: Vec::new(),
        event: "{}".into(),
    };
    let used = [("ecs:CreateCluster".to_owned(), id.to_owned())].into();
    Noted { place: PLACE.into(), entry: Some(entry), principal: "111122223333/root".into(), at: Timestamp(at), used }
}

fn store(folder: &tempfile::TempDir) -> Arc<TrailStore> {
    Arc::new(TrailStore::new(&folder.path().join("trail")))
}

fn ids_at(store: &TrailStore, place: &str) -> Vec<String> {
    let all = store.newest_first(place, Timestamp(0), &Place::before(Timestamp(i64::MAX))).unwrap();
    all.map(|entry| entry.unwrap().1.id).collect()
}

fn ids(store: &TrailStore) -> Vec<String> {
    ids_at(store, PLACE)
}

fn resources(store: &TrailStore, since: i64) -> Vec<String> {
    store.used("111122223333/root", Timestamp(since)).unwrap().into_iter().map(|(_, resource)| resource).collect()
}

#[test]
fn calls_are_kept_before_the_database_is_open_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(&folder);
    first.note(noted(10, "a")).unwrap();
    first.note(noted(10, "b")).unwrap();
    assert!(first.open.get().is_none());
    assert_eq!(ids(&first), ["b", "a"]);
    first.note(noted(5, "earlier")).unwrap();
    assert_eq!(ids(&first), ["b", "a", "earlier"]);
    drop(first);
    let second = store(&folder);
    second.note(noted(10, "c")).unwrap();
    assert_eq!(ids(&second).len(), 4);
}

#[test]
fn early_calls_outlive_their_server_and_are_taken_over_once() {
    let folder = tempfile::tempdir().unwrap();
    for id in ["a", "b"] {
        // Each has noted a call and was gone before it opened the database.
        store(&folder).note(noted(1, id)).unwrap();
    }
    let last = store(&folder);
    let mut found = ids(&last);
    found.sort();
    assert_eq!(found, ["a", "b"]);
    assert!(!folder.path().join("trail/early.jsonl").exists());
}

#[test]
fn many_early_calls_have_the_database_opened() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let count = 2000;
    for number in 0..count {
        store.note(noted(number, &format!("{number:04}"))).unwrap();
    }
    assert_eq!(ids(&store).len(), count as usize);
}

#[test]
fn a_long_file_of_an_earlier_server_has_it_opened_by_the_next_call() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("trail")).unwrap();
    std::fs::write(folder.path().join("trail/early.jsonl"), vec![b'\n'; MOST_EARLY_BYTES as usize + 1]).unwrap();
    let store = store(&folder);
    store.note(noted(1, "a")).unwrap();
    // Nobody reads, so a thread of its own has to do it.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while store.open.get().is_none() && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!(store.open.get().is_some());
    assert_eq!(ids(&store), ["a"]);
}

#[test]
fn events_of_other_places_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let elsewhere = Noted { place: "111122223333/us-east-10".into(), ..noted(1, "other") };
    store.note(elsewhere).unwrap();
    store.note(noted(1, "here")).unwrap();
    assert_eq!(ids(&store), ["here"]);
    assert_eq!(ids_at(&store, "111122223333/us-east-10"), ["other"]);
}

#[test]
fn what_was_used_is_known_by_its_last_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    for (at, id) in [(1, "once"), (1, "twice"), (9, "twice")] {
        store.note(noted(at, id)).unwrap();
    }
    assert_eq!(resources(&store, 0), ["once", "twice"]);
    assert_eq!(resources(&store, 5), ["twice"]);
    assert!(store.used("111122223333/roo", Timestamp(0)).unwrap().is_empty());
}

#[test]
fn expiry_takes_what_is_older_of_every_place_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let places = ["111122223333/us-east-1", "111122223333/us-east-10", "444455556666/eu-west-1"];
    for place in places {
        for at in 0..1500 {
            store.note(Noted { place: place.into(), ..noted(at, &format!("{at:04}")) }).unwrap();
        }
    }
    store.expire(Timestamp(1490)).unwrap();
    let _ = ids(&store);
    store.expire(Timestamp(1490)).unwrap();
    for place in places {
        assert_eq!(ids_at(&store, place).len(), 10, "{place}");
    }
    assert_eq!(resources(&store, 0).len(), 10);
}

#[test]
fn a_wipe_leaves_nothing_open_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let open = store(&folder);
    open.note(noted(1, "a")).unwrap();
    assert_eq!(ids(&open).len(), 1);
    open.wipe().unwrap();
    assert!(ids(&open).is_empty() && resources(&open, 0).is_empty());
    open.note(noted(2, "b")).unwrap();
    assert_eq!(ids(&open), ["b"]);
    drop(open);
    let closed = store(&folder);
    closed.note(noted(3, "c")).unwrap();
    closed.wipe().unwrap();
    closed.note(noted(4, "d")).unwrap();
    assert_eq!(ids(&closed), ["d"]);
}

#[test]
fn what_was_allowed_a_moment_ago_is_known_and_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let of_data = |at: i64| Noted { entry: None, ..noted(at, "a") };
    let first = store(&folder);
    let mut written = Vec::new();
    for at in [1_000, 2_000, 60_999, 61_000, 62_000] {
        first.note(of_data(at)).unwrap();
        written.push(locked(&first.early).lines().unwrap().len());
    }
    assert_eq!(written, [1, 1, 1, 2, 2]);
    assert_eq!((resources(&first, 62_000), resources(&first, 62_001)), (vec!["a".to_owned()], Vec::new()));
    drop(first);
    let again = store(&folder);
    assert_eq!((resources(&again, 61_000).len(), resources(&again, 61_001).len()), (1, 0), "to the minute on the disk");
}
