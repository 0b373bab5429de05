//! Measures the store in a folder: `cargo run --release -p spine --example measure -- FOLDER`.

use model::{AccountId, Env, Key, Record, Region};
use spine::{Read, Scope, Store, StoreError};
use std::path::PathBuf;

enum Blob {}

impl Record for Blob {
    const KIND: &'static str = "measure/blob";
    type Spec = String;
    type Plan = ();
    type Observed = ();
}

/// Bytes of a value.
const SIZE: usize = 1000;

fn key(id: impl ToString) -> Key<Blob> {
    let account = AccountId::parse(AccountId::DEFAULT).expect("twelve digits");
    Key::new(&account, &Region::parse("us-east-1").expect("a region"), id.to_string())
}

async fn write(store: &Store, id: String) -> Result<(), StoreError> {
    let text = "x".repeat(SIZE);
    store.transact(|tx| tx.create(&key(&id), &text)).await
}

async fn timed<T>(env: &Env, what: &str, count: u64, work: impl Future<Output = T>) -> T {
    let start = env.now();
    let outcome = work.await;
    let millis = env.now().since(start).as_millis().max(1);
    println!("{what:<44} {millis:>7} ms  {:>10.1} µs each", millis as f64 * 1000.0 / count as f64);
    outcome
}

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let env = Env::system();
    let folder = std::env::args().nth(1).map(PathBuf::from).expect("the first argument is a folder");
    let store = timed(&env, "open an empty folder", 1, async { Store::open(&folder) }).await?;
    timed(&env, "500 commits, one after the other", 500, async {
        for i in 0..500 {
            write(&store, format!("serial/{i}")).await?;
        }
        Ok::<_, StoreError>(())
    })
    .await?;
    timed(&env, "20,000 commits, 256 at a time", 20_000, async {
        let writers = (0..256).map(async |writer| {
            for i in (writer..20_000).step_by(256) {
                write(&store, format!("parallel/{i}")).await?;
            }
            Ok::<_, StoreError>(())
        });
        futures::future::try_join_all(writers).await
    })
    .await?;
    timed(&env, "100,000 reads", 100_000, async {
        (0..100_000).try_for_each(|i| store.snapshot().get(&key(format!("parallel/{}", i % 20_000))).map(drop))
    })
    .await?;
    timed(&env, "list 20,500 records", 20_500, async { store.snapshot().list::<Blob>(Scope::All).map(drop) }).await?;
    drop(store);
    timed(&env, "open a folder with 20,500 records", 1, async { Store::open(&folder).map(drop) }).await
}
