//! What `DescribeInstances` costs in this process, from a request's bytes to its answer's: with a hundred instances, and with a hundred
//! thousand.

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/instances/world.rs"]
#[allow(dead_code, reason = "the tests play hosts by it, this only launches")]
mod world;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use model::ec2::{AttachedTo, Attachment, Instance, NetworkInterface, Volume};
use spine::Read;
use std::{cell::LazyCell, hint::black_box, sync::LazyLock};
use tokio::runtime::Runtime;
use world::{World, key};

/// The server's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FEW: usize = 100;
const MANY: usize = 100_000;
/// Records that one transaction writes.
const CHUNK: usize = 2_000;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

fn id(prefix: &str, number: usize) -> String {
    // Spread as drawn ids are.
    format!("{prefix}-{:016x}0", (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A cloud with so many instances, each with an interface and a volume; every tenth is of the team `blue`.
async fn crowd(count: usize) -> World {
    let world = World::new().await;
    let first = world.running(&[]).await;
    let read = world.bench.store.snapshot();
    let one = read.get(&key::<Instance>(&first)).unwrap().unwrap();
    let interface = read.get(&key::<NetworkInterface>(&one.spec.interfaces[0])).unwrap().unwrap();
    let volume = read.get(&key::<Volume>(&one.spec.volumes[0])).unwrap().unwrap();
    let numbers: Vec<usize> = (1..count).collect();
    for chunk in numbers.chunks(CHUNK) {
        world
            .write(|tx| {
                for number in chunk {
                    let (this, its_interface, its_volume) = (id("i", *number), id("eni", *number), id("vol", *number));
                    let mut spec = (*one.spec).clone();
                    (spec.interfaces, spec.volumes) = (vec![its_interface.clone()], vec![its_volume.clone()]);
                    let team = if number % 10 == 0 { "blue" } else { "red" };
                    spec.tags.extend([("Name".into(), format!("web-{number}")), ("team".into(), team.into())]);
                    tx.create(&key::<Instance>(&this), &spec)?;
                    tx.put_plan(&key::<Instance>(&this), &one.plan)?;
                    let mut spec = (*interface.spec).clone();
                    let attachment: Option<Attachment> = spec.attachment.take();
                    spec.attachment = attachment.map(|it| Attachment { to: AttachedTo::Instance(this.clone()), ..it });
                    tx.create(&key::<NetworkInterface>(&its_interface), &spec)?;
                    let mut spec = (*volume.spec).clone();
                    spec.attachments.iter_mut().for_each(|it| it.instance.clone_from(&this));
                    tx.create(&key::<Volume>(&its_volume), &spec)?;
                    tx.put_plan(&key::<Volume>(&its_volume), &volume.plan)?;
                }
                Ok(())
            })
            .await;
    }
    world
}

fn describe(world: &World, parameters: &[(&str, &str)]) -> usize {
    let reply = RUNTIME.block_on(world.bench.form("ec2", "DescribeInstances", parameters));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.body.len()
}

fn describes(c: &mut Criterion) {
    let names: Vec<String> = (1..=99).map(|number| format!("InstanceId.{number}")).collect();
    let ids: Vec<String> = (1..=99).map(|number| id("i", number)).collect();
    let by_id: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(ids.iter().map(String::as_str)).collect();
    let running = [("Filter.1.Name", "instance-state-name"), ("Filter.1.Value.1", "running"), ("MaxResults", "1000")];
    let team = [("Filter.1.Name", "tag:team"), ("Filter.1.Value.1", "blue"), ("MaxResults", "1000")];
    let name = [("Filter.1.Name", "tag:Name"), ("Filter.1.Value.1", "web-77")];
    for count in [FEW, MANY] {
        let world = LazyCell::new(|| RUNTIME.block_on(crowd(count)));
        let mut group = c.benchmark_group("describe");
        group.sample_size(20);
        let questions: [(&str, &[(&str, &str)]); 4] = [
            ("99 by id", &by_id),
            ("page of those that run", &running),
            ("page of a tenth, by tag", &team),
            ("one, by its name", &name),
        ];
        for (what, parameters) in questions {
            group.bench_with_input(BenchmarkId::new(what, count), &count, |b, _| {
                let world = &*world;
                b.iter(|| black_box(describe(world, parameters)))
            });
        }
        group.finish();
    }
}

criterion_group!(benches, describes);
criterion_main!(benches);
