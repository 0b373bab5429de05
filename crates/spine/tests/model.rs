//! The store against a plain map: whatever transactions are run, in whatever order, on memory or disk, both hold the same.

mod common;

use common::*;
use proptest::prelude::*;
use spine::{Read, Scope, Store, StoreError, Tx};
use std::collections::BTreeMap;

/// Spec, plan, observed.
type Model = BTreeMap<String, [u64; 3]>;

#[derive(Debug, Clone)]
enum Op {
    Create(String, u64),
    Put(usize, String, u64),
    Add(usize, String, u64),
    Delete(String),
}

#[derive(Debug, Clone)]
enum Step {
    /// A transaction; it fails at its end if told so.
    Transact(Vec<Op>, bool),
    Reset,
    Reopen,
}

fn ops() -> impl Strategy<Value = Op> {
    let id = || "[ab]( |/)?[ab]?";
    prop_oneof![
        3 => (id(), 0..9_u64).prop_map(|(id, value)| Op::Create(id, value)),
        3 => (0..3_usize, id(), 0..9_u64).prop_map(|(section, id, value)| Op::Put(section, id, value)),
        3 => (0..3_usize, id(), 1..9_u64).prop_map(|(section, id, by)| Op::Add(section, id, by)),
        1 => id().prop_map(Op::Delete),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let transaction = (prop::collection::vec(ops(), 0..6), prop::bool::weighted(0.1));
    let step = prop_oneof![
        20 => transaction.prop_map(|(ops, fails)| Step::Transact(ops, fails)),
        1 => Just(Step::Reset),
        2 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..40)
}

/// Errors that say that a record is or isn't there are part of the behaviour, and change nothing.
fn in_store(tx: &mut Tx, op: &Op) -> Result<bool, StoreError> {
    let outcome = match op {
        Op::Create(id, value) => tx.create(&key::<Counter>(id), &count(*value)),
        Op::Put(0, id, value) => tx.put_spec(&key::<Counter>(id), &count(*value)),
        Op::Put(1, id, value) => tx.put_plan(&key::<Counter>(id), &count(*value)),
        Op::Put(_, id, value) => tx.put_observed(&key::<Counter>(id), &count(*value)),
        Op::Add(0, id, by) => tx.update_spec(&key::<Counter>(id), |spec| spec.value += by),
        Op::Add(1, id, by) => tx.update_plan(&key::<Counter>(id), |plan| plan.value += by),
        Op::Add(_, id, by) => tx.update_observed(&key::<Counter>(id), |observed| observed.value += by),
        Op::Delete(id) => tx.delete(&key::<Counter>(id)),
    };
    match outcome {
        Ok(()) => Ok(true),
        Err(StoreError::AlreadyExists { .. } | StoreError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn in_model(model: &mut Model, op: &Op) -> bool {
    match op {
        Op::Create(id, _) if model.contains_key(id) => false,
        Op::Create(id, value) => model.insert(id.clone(), [*value, 0, 0]).is_none(),
        Op::Put(section, id, value) => model.get_mut(id).map(|record| record[*section] = *value).is_some(),
        Op::Add(section, id, by) => model.get_mut(id).map(|record| record[*section] += by).is_some(),
        Op::Delete(id) => {
            model.remove(id);
            true
        }
    }
}

fn contents(reader: &impl Read) -> Model {
    let rows = reader.list::<Counter>(Scope::All).unwrap();
    rows.into_iter().map(|(key, row)| (key.id, [row.spec.value, row.plan.value, row.observed.value])).collect()
}

/// What listing says, asking for each record says too.
fn one_by_one(reader: &impl Read, model: &Model) {
    for (id, record) in model {
        let row = reader.get(&key::<Counter>(id)).unwrap().unwrap();
        assert_eq!([row.spec.value, row.plan.value, row.observed.value], *record);
    }
}

async fn transact(store: &Store, model: &mut Model, ops: &[Op], fails: bool) {
    let before = model.clone();
    let outcome = store
        .transact(|tx| {
            *model = before.clone();
            for op in ops {
                assert_eq!(in_store(tx, op)?, in_model(model, op), "{op:?}");
                assert_eq!(contents(tx), *model);
            }
            if fails { Err(StoreError::Closed) } else { Ok(()) }
        })
        .await;
    assert_eq!(outcome.is_err(), fails);
    if fails {
        *model = before;
    }
}

async fn run(steps: Vec<Step>, open: impl Fn(Option<Store>) -> Store) {
    let mut store = open(None);
    let mut model = Model::new();
    for step in steps {
        match step {
            Step::Transact(ops, fails) => transact(&store, &mut model, &ops, fails).await,
            Step::Reset => {
                store.reset().await.unwrap();
                model.clear();
            }
            Step::Reopen => store = open(Some(store)),
        }
        let snapshot = store.snapshot();
        assert_eq!(contents(&snapshot), model);
        one_by_one(&snapshot, &model);
    }
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn in_memory(steps in steps()) {
        block_on(run(steps, |store| store.unwrap_or_else(Store::ephemeral)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn on_a_disk(steps in steps()) {
        let data = tempfile::tempdir().unwrap();
        block_on(run(steps, |store| {
            drop(store);
            Store::open(data.path()).unwrap()
        }));
    }
}
