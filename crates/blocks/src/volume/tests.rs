//! A volume against a model of it: bytes in memory.

use super::*;
use crate::{BLOCK, DataKey, Stored};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What is written at a time, all of it the same byte. Smaller than a sector of encryption.
const UNIT: usize = 512;
/// Three blocks and a half.
const SIZE: u64 = (7 * BLOCK / 2) as u64;

struct World {
    _folder: tempfile::TempDir,
    path: PathBuf,
    store: BlockStore,
    keys: Keys,
}

impl World {
    fn new(key: Option<DataKey>) -> World {
        let folder = tempfile::tempdir().unwrap();
        let store = BlockStore::open(&folder.path().join("store")).unwrap();
        World { path: folder.path().join("vol-1"), _folder: folder, store, keys: Keys { own: key, source: None } }
    }

    fn create(&self, size: u64, snapshot: Option<&str>) {
        let key = self.keys.own.as_ref();
        let source = snapshot.map(|snapshot| Source { snapshot, key });
        Volume::create(&self.path, &Create { id: "vol-1", size, key, source }, &self.store).unwrap();
    }

    fn open(&self) -> Volume {
        Volume::open(&self.path, &self.store, &self.keys).unwrap()
    }

    /// A snapshot's content.
    fn content(&self, name: &str) -> Vec<u8> {
        let manifest = self.store.manifest(name).unwrap();
        let codec = Codec::new(self.keys.own.as_ref());
        let mut content = vec![0; blocks_of(manifest.size()) as usize * BLOCK];
        for (index, id) in manifest.blocks() {
            content[*index as usize * BLOCK..][..BLOCK].copy_from_slice(&self.store.read(&codec, *id).unwrap());
        }
        assert!(content[manifest.size() as usize..].iter().all(|byte| *byte == 0));
        content.truncate(manifest.size() as usize);
        content
    }
}

#[derive(Clone, Debug)]
enum Step {
    Write { at: usize, units: usize, byte: u8 },
    Discard { at: usize, units: usize },
    Read { at: usize, units: usize },
    Flush,
    Grow,
    Begin,
    Upload,
    Abandon,
    Collect,
    Reopen,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let units = SIZE as usize / UNIT;
    let length = prop_oneof![1..20usize, Just(BLOCK / UNIT), 1..2 * BLOCK / UNIT];
    // Whole blocks as often as anything.
    let at = prop_oneof![0..units, (0..3usize).prop_map(|block| block * BLOCK / UNIT)];
    prop_oneof![
        8 => (at.clone(), length.clone(), 1u8..).prop_map(|(at, units, byte)| Step::Write { at, units, byte }),
        2 => (at.clone(), length.clone()).prop_map(|(at, units)| Step::Discard { at, units }),
        1 => (at, length).prop_map(|(at, units)| Step::Read { at, units }),
        2 => Just(Step::Flush),
        1 => Just(Step::Grow),
        2 => Just(Step::Begin),
        2 => Just(Step::Upload),
        1 => Just(Step::Abandon),
        1 => Just(Step::Collect),
        1 => Just(Step::Reopen),
        2 => Just(Step::Crash),
    ]
}

/// What the volume must hold.
struct Model {
    units: Vec<u8>,
    /// What each unit may hold after a crash, beside what it holds.
    unflushed: Vec<BTreeSet<u8>>,
    /// Snapshots that are under way, and those that are done.
    begun: Vec<(String, Vec<u8>)>,
    done: Vec<(String, Vec<u8>)>,
    count: usize,
}

impl Model {
    fn new(units: Vec<u8>) -> Model {
        Model { unflushed: vec![BTreeSet::new(); units.len()], units, begun: Vec::new(), done: Vec::new(), count: 0 }
    }

    fn set(&mut self, at: usize, units: usize, byte: u8) -> (u64, usize) {
        let end = (at + units).min(self.units.len());
        for unit in at..end {
            self.unflushed[unit].insert(self.units[unit]);
            self.units[unit] = byte;
        }
        ((at * UNIT) as u64, (end - at) * UNIT)
    }

    fn flushed(&mut self) {
        self.unflushed.iter_mut().for_each(BTreeSet::clear);
    }

    fn check(&mut self, volume: &Volume, crashed: bool) {
        let mut content = vec![0; volume.size() as usize];
        volume.read_at(0, &mut content).unwrap();
        for (number, unit) in content.chunks(UNIT).enumerate() {
            let byte = unit[0];
            assert!(unit.iter().all(|it| *it == byte), "unit {number} is torn");
            let fits = byte == self.units[number] || (crashed && self.unflushed[number].contains(&byte));
            assert!(fits, "unit {number} holds {byte}, not {}", self.units[number]);
            self.units[number] = byte;
        }
        if crashed {
            self.flushed();
        }
    }
}

fn run(world: &World, volume: Volume, model: &mut Model, step: &Step) -> Volume {
    match *step {
        Step::Write { at, units, byte } => {
            let (offset, length) = model.set(at, units, byte);
            volume.write_at(offset, &vec![byte; length]).unwrap();
        }
        Step::Discard { at, units } => {
            let (offset, length) = model.set(at, units, 0);
            volume.discard(offset, length as u64).unwrap();
        }
        Step::Read { at, units } => {
            let end = (at + units).min(model.units.len());
            let mut out = vec![0; (end - at) * UNIT];
            volume.read_at((at * UNIT) as u64, &mut out).unwrap();
            assert!(out.chunks(UNIT).zip(&model.units[at..end]).all(|(unit, byte)| unit.iter().all(|it| it == byte)));
        }
        Step::Flush => {
            volume.flush().unwrap();
            model.flushed();
        }
        Step::Grow => {
            volume.grow(volume.size() + 3 * crate::SECTOR as u64).unwrap();
            model.units.resize(volume.size() as usize / UNIT, 0);
            model.unflushed.resize(model.units.len(), BTreeSet::new());
        }
        Step::Begin if model.begun.len() < 3 => {
            model.count += 1;
            let name = format!("snap-{}", model.count);
            volume.begin_snapshot(&name).unwrap();
            model.flushed();
            model.begun.push((name, model.units.clone()));
        }
        Step::Upload if !model.begun.is_empty() => {
            let begun = model.begun.remove(0);
            volume.upload(&begun.0).unwrap();
            assert_eq!(volume.progress(&begun.0), None);
            model.done.push(begun);
        }
        Step::Abandon if model.begun.len() > 1 => volume.abandon(&model.begun.remove(1).0).unwrap(),
        Step::Collect => {
            // The oldest is deleted.
            if model.done.len() > 1 {
                model.done.remove(0);
            }
            let names = model.done.iter().chain(&model.begun).map(|(name, _)| name.clone());
            let live = names.chain(["vol-1".to_owned(), "snap-source".to_owned()]).collect();
            world.store.collect(|| Ok(live)).unwrap();
        }
        Step::Reopen => {
            volume.close().unwrap();
            model.flushed();
            return reopened(world, model, false);
        }
        Step::Crash => {
            volume.crash();
            return reopened(world, model, true);
        }
        _ => {}
    }
    volume
}

fn reopened(world: &World, model: &mut Model, crashed: bool) -> Volume {
    let volume = world.open();
    assert_eq!(volume.snapshots(), model.begun.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    model.check(&volume, crashed);
    volume
}

fn expand(units: &[u8]) -> Vec<u8> {
    units.iter().flat_map(|byte| [*byte; UNIT]).collect()
}

fn play(key: Option<DataKey>, from_snapshot: bool, steps: &[Step]) {
    let world = World::new(key);
    let mut model = Model::new(vec![0; SIZE as usize / UNIT]);
    if from_snapshot {
        (0..model.units.len()).filter(|unit| unit % 3000 < 2000).for_each(|unit| model.units[unit] = (unit / 100) as u8 + 1);
        let image = tempfile::tempfile().unwrap();
        std::os::unix::fs::FileExt::write_all_at(&image, &expand(&model.units), 0).unwrap();
        crate::import(&world.store, "snap-source", &image, world.keys.own.as_ref()).unwrap();
    }
    world.create(SIZE, from_snapshot.then_some("snap-source"));
    let mut volume = world.open();
    for step in steps {
        volume = run(&world, volume, &mut model, step);
    }
    model.check(&volume, false);
    for (name, _) in &model.begun {
        volume.upload(name).unwrap();
    }
    for (name, units) in model.begun.iter().chain(&model.done) {
        assert!(world.content(name) == expand(units), "{name} isn't what the volume was");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_volume_is_its_model(key in any::<bool>(), source in any::<bool>(), steps in proptest::collection::vec(step(), 1..40)) {
        play(key.then(|| DataKey::new([5; 32])), source, &steps);
    }
}

fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..BLOCK / 8).flat_map(|_| word()).collect()
}

#[test]
fn one_percent_changed_stores_one_percent() {
    let world = World::new(None);
    let blocks = 200;
    world.create(blocks * BLOCK as u64, None);
    let volume = world.open();
    for index in 0..blocks {
        volume.write_at(index * BLOCK as u64, &noise(index)).unwrap();
    }
    let whole = volume.snapshot("snap-1").unwrap();
    assert_eq!((whole.looked_at, whole.new_blocks), (blocks, blocks));
    assert!(whole.new_bytes >= blocks * BLOCK as u64);
    // A sector in each of two blocks.
    volume.write_at(17 * BLOCK as u64 + 4096, &[1; 4096]).unwrap();
    volume.write_at(170 * BLOCK as u64, &[1; 512]).unwrap();
    let part = volume.snapshot("snap-2").unwrap();
    assert_eq!((part.looked_at, part.new_blocks), (2, 2));
    assert!(part.new_bytes * 100 <= whole.new_bytes + 200);
    // Nothing.
    assert_eq!(volume.snapshot("snap-3").unwrap(), Stored::default());
    // A volume of it that is barely touched stores what was touched.
    let other = world.path.with_file_name("vol-2");
    let source = Some(Source { snapshot: "snap-3", key: None });
    Volume::create(&other, &Create { id: "vol-2", size: volume.size(), key: None, source }, &world.store).unwrap();
    let other = Volume::open(&other, &world.store, &Keys::default()).unwrap();
    other.write_at(5 * BLOCK as u64, &[7; 512]).unwrap();
    assert_eq!(other.local_bytes(), BLOCK as u64);
    let stored = other.snapshot("snap-4").unwrap();
    assert_eq!((stored.looked_at, stored.new_blocks), (1, 1));
    // After a crash everything local is looked at, and still nothing is stored twice.
    volume.crash();
    let stored = world.open().snapshot("snap-5").unwrap();
    assert_eq!((stored.looked_at, stored.new_blocks), (blocks, 0));
}

#[test]
fn a_snapshot_that_was_half_stored_is_gone_on_with() {
    let world = World::new(None);
    let blocks = 100;
    world.create(blocks * BLOCK as u64, None);
    let volume = world.open();
    let before: Vec<u8> = (0..blocks).flat_map(noise).collect();
    volume.write_at(0, &before).unwrap();
    volume.begin_snapshot("snap-1").unwrap();
    std::thread::scope(|scope| {
        let upload = scope.spawn(|| volume.upload("snap-1"));
        while volume.progress("snap-1").is_some_and(|progress| progress.done == 0) {
            std::thread::yield_now();
        }
        volume.closed.store(true, SeqCst);
        assert!(matches!(upload.join().unwrap(), Err(Error::Busy(_))), "it was stored before it could be stopped");
    });
    let stored = volume.progress("snap-1").unwrap();
    assert!(stored.done > 0 && stored.done < blocks && stored.percent() < 100);
    // Blocks that are stored, and blocks that aren't.
    volume.write_at(0, &vec![1; blocks as usize * BLOCK]).unwrap();
    volume.crash();
    let volume = world.open();
    assert_eq!(volume.progress("snap-1").unwrap().done, stored.done);
    assert_eq!(volume.upload("snap-1").unwrap().looked_at, blocks - stored.done);
    assert!(world.content("snap-1") == before);
}

#[test]
fn a_machine_that_lost_power_keeps_what_was_flushed() {
    let world = World::new(None);
    world.create(SIZE, None);
    let volume = world.open();
    volume.write_at(0, &[1; 4096]).unwrap();
    volume.flush().unwrap();
    volume.begin_snapshot("snap-1").unwrap();
    volume.write_at(BLOCK as u64, &[2; 4096]).unwrap();
    volume.crash();
    std::fs::write(world.path.join("open"), "another start of the machine").unwrap();
    let volume = world.open();
    let mut out = vec![9; 2 * BLOCK];
    volume.read_at(0, &mut out).unwrap();
    assert!(out[..4096] == [1; 4096] && out[4096..].iter().all(|byte| *byte == 0));
    // What the snapshot had frozen may be torn: it failed, and its name can be used again.
    assert!(volume.snapshots().is_empty() && !world.path.join("frozen/snap-1").exists());
    volume.snapshot("snap-1").unwrap();
}

#[test]
fn nothing_readable_is_on_the_disk() {
    let world = World::new(Some(DataKey::new([9; 32])));
    world.create(SIZE, None);
    let volume = world.open();
    let secret = b"the treasure lies beneath the third palm";
    let block: Vec<u8> = secret.iter().copied().cycle().take(BLOCK).collect();
    volume.write_at(0, &block).unwrap();
    volume.write_at(BLOCK as u64 + 700, secret).unwrap();
    volume.begin_snapshot("snap-1").unwrap();
    volume.write_at(0, &block[1..]).unwrap();
    volume.flush().unwrap();
    assert!(world.path.join("frozen/snap-1/kept").exists());
    let found = |folder: &Path| files(folder).into_iter().filter(|file| contains(file, secret)).collect::<Vec<_>>();
    assert_eq!(found(world._folder.path()), Vec::<PathBuf>::new());
    volume.upload("snap-1").unwrap();
    assert_eq!(found(world._folder.path()), Vec::<PathBuf>::new());
    assert!(world.content("snap-1").starts_with(&block));
    // Another key, or none, opens nothing.
    drop(volume);
    for own in [None, Some(DataKey::new([8; 32]))] {
        let opened = Volume::open(&world.path, &world.store, &Keys { own, source: None });
        assert!(matches!(opened, Err(Error::WrongKey(_))));
    }
}

fn contains(file: &Path, text: &[u8]) -> bool {
    std::fs::read(file).unwrap().windows(text.len()).any(|part| part == text)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_plain_snapshot_becomes_an_encrypted_volume() {
    let world = World::new(None);
    let image = tempfile::tempfile().unwrap();
    std::os::unix::fs::FileExt::write_all_at(&image, &[noise(1), noise(2)].concat(), 0).unwrap();
    crate::import(&world.store, "snap-plain", &image, None).unwrap();
    let key = DataKey::new([3; 32]);
    let source = Some(Source { snapshot: "snap-plain", key: None });
    Volume::create(&world.path, &Create { id: "vol-1", size: SIZE, key: Some(&key), source }, &world.store).unwrap();
    let keys = Keys { own: Some(key.clone()), source: None };
    let volume = Volume::open(&world.path, &world.store, &keys).unwrap();
    volume.begin_snapshot("snap-sealed").unwrap();
    volume.write_at(0, &[0; 512]).unwrap();
    assert_eq!(volume.upload("snap-sealed").unwrap().new_blocks, 2);
    // What was stored once under the key isn't looked at again.
    assert_eq!(volume.snapshot("snap-again").unwrap().looked_at, 1);
    let out = tempfile::tempfile().unwrap();
    crate::export(&world.store, "snap-sealed", &out, Some(&key)).unwrap();
    let mut content = vec![0; 2 * BLOCK];
    std::os::unix::fs::FileExt::read_exact_at(&out, &mut content, 0).unwrap();
    assert!(content == [noise(1), noise(2)].concat());
}

#[test]
fn a_volume_outlives_its_source_and_nobody_elses_blocks_stay() {
    let world = World::new(None);
    let image = tempfile::tempfile().unwrap();
    std::os::unix::fs::FileExt::write_all_at(&image, &[noise(1), noise(2)].concat(), 0).unwrap();
    crate::import(&world.store, "snap-1", &image, None).unwrap();
    world.create(SIZE, Some("snap-1"));
    let collected = world.store.collect(|| Ok(BTreeSet::from(["vol-1".to_owned()]))).unwrap();
    assert_eq!(collected, Default::default());
    let volume = world.open();
    let mut out = vec![0; 2 * BLOCK];
    volume.read_at(0, &mut out).unwrap();
    assert!(out == [noise(1), noise(2)].concat());
    volume.close().unwrap();
    Volume::delete(&world.path, &world.store).unwrap();
    let collected = world.store.collect(|| Ok(BTreeSet::new())).unwrap();
    assert_eq!((collected.manifests, collected.blocks), (1, 2));
    assert!(files(&world._folder.path().join("store")).iter().all(|file| file.ends_with("lock")));
}

#[test]
fn a_corrupt_block_is_an_error_and_no_data() {
    let world = World::new(None);
    let image = tempfile::tempfile().unwrap();
    std::os::unix::fs::FileExt::write_all_at(&image, &noise(1), 0).unwrap();
    crate::import(&world.store, "snap-1", &image, None).unwrap();
    world.create(SIZE, Some("snap-1"));
    let block = files(&world._folder.path().join("store/blocks")).remove(0);
    let mut bytes = std::fs::read(&block).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&block, bytes).unwrap();
    let volume = world.open();
    assert!(matches!(volume.read_at(0, &mut [0; 512]), Err(Error::Corrupt(_))));
    assert!(matches!(volume.write_at(5, &[1; 512]), Err(Error::Corrupt(_))));
    // What is overwritten as a whole needs nothing of it.
    volume.write_at(0, &noise(3)).unwrap();
}

#[test]
fn only_one_has_it_open() {
    let world = World::new(None);
    world.create(SIZE, None);
    let volume = world.open();
    assert!(matches!(Volume::open(&world.path, &world.store, &world.keys), Err(Error::Busy(_))));
    assert!(matches!(Volume::delete(&world.path, &world.store), Err(Error::Busy(_))));
    drop(volume);
    drop(world.open());
}

#[test]
fn bad_ranges_sizes_and_names_are_refused() {
    let world = World::new(None);
    for (id, size) in [("../vol", SIZE), ("", SIZE), ("vol-1", 0), ("vol-1", 5000), ("vol-1", u64::MAX)] {
        let made = Volume::create(&world.path, &Create { id, size, key: None, source: None }, &world.store);
        assert!(matches!(made, Err(Error::Invalid(_))));
    }
    let source = Some(Source { snapshot: "snap-none", key: None });
    let made = Volume::create(&world.path, &Create { id: "vol-1", size: SIZE, key: None, source }, &world.store);
    assert!(matches!(made, Err(Error::NotFound(_))) && !world.path.exists());
    // What was broken off is begun anew; what is there stays.
    fs::create_dir(&world.path).unwrap();
    fs::write(world.path.join("data"), [1; 5000]).unwrap();
    world.create(SIZE, None);
    let again = Volume::create(&world.path, &Create { id: "vol-1", size: SIZE, key: None, source: None }, &world.store);
    assert!(matches!(again, Err(Error::Io(_))));
    let volume = world.open();
    let mut out = [9; 5000];
    volume.read_at(0, &mut out).unwrap();
    assert_eq!(out, [0; 5000]);
    assert!(matches!(volume.read_at(SIZE - 1, &mut [0; 2]), Err(Error::Invalid(_))));
    assert!(matches!(volume.write_at(u64::MAX, &[0; 2]), Err(Error::Invalid(_))));
    assert!(matches!(volume.discard(1, SIZE), Err(Error::Invalid(_))));
    assert!(matches!(volume.grow(SIZE - 4096), Err(Error::Invalid(_))));
    assert!(matches!(volume.begin_snapshot("a/b"), Err(Error::Invalid(_))));
    volume.snapshot("snap-1").unwrap();
    assert!(matches!(volume.begin_snapshot("snap-1"), Err(Error::Invalid(_))));
}

/// Several write while snapshots are taken. Each writes its next number to one block and then to another, so of one moment is what
/// has them equal, or the first ahead by one.
#[test]
fn snapshots_are_of_one_moment_whoever_writes() {
    const WRITERS: u64 = 3;
    for key in [None, Some(DataKey::new([2; 32]))] {
        let world = World::new(key);
        world.create(8 * BLOCK as u64, None);
        let volume = world.open();
        let busy = AtomicBool::new(true);
        let begun = std::sync::Barrier::new(WRITERS as usize + 1);
        // Sectors of all writers are neighbours, and no writer's is a whole sector of encryption.
        let places = |writer: u64| [writer * 512, 5 * BLOCK as u64 + 1024 + writer * 512];
        let names: Vec<String> = (1..=6).map(|number| format!("snap-{number}")).collect();
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (volume, busy, begun) = (&volume, &busy, &begun);
                scope.spawn(move || {
                    for number in 1u64.. {
                        for place in places(writer) {
                            volume.write_at(place, &number.to_le_bytes().repeat(64)).unwrap();
                        }
                        if number == 1 {
                            begun.wait();
                        }
                        if number.is_multiple_of(50) {
                            volume.flush().unwrap();
                        }
                        if !busy.load(SeqCst) {
                            return;
                        }
                    }
                });
            }
            begun.wait();
            let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                for pair in names.chunks(2) {
                    // Two are under way at a time.
                    pair.iter().for_each(|name| volume.begin_snapshot(name).unwrap());
                    for name in pair {
                        volume.upload(name).unwrap();
                    }
                }
            }));
            busy.store(false, SeqCst);
            taken.unwrap();
        });
        let mut before = [0; WRITERS as usize];
        for name in &names {
            let content = world.content(name);
            for writer in 0..WRITERS {
                let [first, second] = places(writer).map(|place| number_at(&content, place as usize));
                assert!(first == second || first == second + 1, "{name}: writer {writer} wrote {first} and {second}");
                assert!(
                    first >= std::mem::replace(&mut before[writer as usize], first),
                    "{name} is older than the one before it"
                );
            }
        }
        assert!(before.iter().all(|number| *number > 0));
    }
}

fn number_at(content: &[u8], place: usize) -> u64 {
    let sector = &content[place..place + 512];
    assert!(sector.chunks(8).all(|word| word == &sector[..8]), "a torn sector at {place}");
    u64::from_le_bytes(sector[..8].try_into().unwrap())
}

/// What a machine remembers: no whole number of sectors, and more than is read at once.
fn dream() -> Vec<u8> {
    b"what the machine thought of ".iter().copied().cycle().take(3 * (1 << 20) / 2 + 77).collect()
}

fn recalled(volume: &Volume) -> Result<Vec<u8>> {
    let (memory, mut content) = (volume.recall_memory()?, Vec::new());
    memory.give(&mut content)?;
    assert_eq!(memory.length, content.len() as u64);
    Ok(content)
}

#[test]
fn a_memory_counts_from_when_it_is_sealed_to_the_first_write() {
    for key in [None, Some(DataKey::new([3; 32]))] {
        let world = World::new(key.clone());
        world.create(8 * BLOCK as u64, None);
        let volume = world.open();
        let keep = || volume.expect_memory(2 << 20).unwrap().take(&*dream());
        assert!(matches!(volume.recall_memory().map(drop), Err(Error::NotFound(_))));
        assert!(matches!(volume.seal_memory(), Err(Error::NotFound(_))));
        keep();
        assert!(recalled(&volume).is_err(), "it isn't sealed");
        assert_eq!(volume.seal_memory().unwrap(), dream().len() as u64);
        assert!(recalled(&volume).unwrap() == dream());
        assert!(volume.local_bytes() >= dream().len() as u64, "it takes room");
        volume.close().unwrap();
        // It is sealed as the blocks are.
        let kept = fs::read(world.path.join("memory")).unwrap();
        assert_eq!(kept.windows(19).any(|part| part == b"the machine thought"), key.is_none());
        let volume = world.open();
        assert!(recalled(&volume).unwrap() == dream(), "it is there after a start of the server");
        let before = volume.local_bytes();
        volume.write_at(5, b"x").unwrap();
        assert!(recalled(&volume).is_err(), "it knows the disk as it was");
        assert!(volume.local_bytes() < before);
        let keep = || volume.expect_memory(2 << 20).unwrap().take(&*dream());
        for end in [Volume::forget_memory, |it: &Volume| it.discard(0, 512)] {
            keep();
            volume.seal_memory().unwrap();
            end(&volume).unwrap();
            assert!(recalled(&volume).is_err());
        }
        keep();
        volume.crash();
        assert!(!fs::exists(world.open().folder.join("memory.new")).unwrap(), "what was never sealed is gone");
    }
}

#[test]
fn a_memory_that_finds_no_room_is_none() {
    let world = World::new(None);
    world.create(SIZE, None);
    let volume = world.open();
    assert!(matches!(volume.expect_memory(SIZE + 1).map(drop), Err(Error::Invalid(_))), "the volume is smaller");
    let endless = std::io::repeat(7);
    volume.expect_memory(SIZE).unwrap().take(endless);
    let refused = volume.seal_memory().unwrap_err().to_string();
    assert!(refused.contains("the memory has more than"), "{refused}");
    assert!(!fs::exists(world.path.join("memory.new")).unwrap());
    assert!(matches!(volume.seal_memory(), Err(Error::NotFound(_))), "it is said once");
}
