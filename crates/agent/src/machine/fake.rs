//! A driver that runs nothing: machines are entries in memory, and what they do is said by the test.

use super::{BootOrder, CONSOLE, Door, Life, MachineDriver, OpenDisk, Seen};
use agent_proto::{
    Missing,
    machine::{Halt, Kind, Machine, OffCause},
};
use model::Env;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// How a machine behaves.
#[derive(Clone, Debug, Default)]
pub struct FakeBehaviour {
    /// Its start fails so.
    pub start_error: Option<String>,
    /// It takes no notice of being asked to end or to reboot.
    pub stubborn: bool,
    /// It can't hibernate.
    pub insomniac: bool,
    /// The disks that it doesn't give back, by their names, unless it is made to.
    pub busy: BTreeSet<String>,
}

/// Runs nothing, of every kind. Clones share one host: a clone is what a restarted server has.
#[derive(Clone)]
pub struct FakeMachines {
    env: Env,
    host: Arc<Mutex<Shelf>>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Shelf {
    behaviours: BTreeMap<String, FakeBehaviour>,
    machines: BTreeMap<String, FakeMachine>,
}

/// A machine in memory.
#[derive(Clone, Debug, Default)]
pub struct FakeMachine {
    /// How it is seen.
    pub seen: Option<Seen>,
    /// Its disks.
    pub disks: BTreeMap<String, OpenDisk>,
    /// The boots that were started, in order.
    pub boots: Vec<u32>,
    /// Of those, the ones that went on from a hibernation.
    pub resumed: Vec<u32>,
    /// Its processor's bound.
    pub cpu_quota: Option<u64>,
    /// It has what it is plugged in by.
    pub prepared: bool,
    console: Vec<u8>,
}

impl FakeMachine {
    /// It runs.
    pub fn runs(&self) -> bool {
        matches!(self.seen, Some(Seen { life: Life::Running { .. }, .. }))
    }

    fn write(&mut self, line: &str) {
        self.console.extend(format!("{line}\n").into_bytes());
        let extra = self.console.len().saturating_sub(CONSOLE);
        self.console.drain(..extra);
    }
}

impl FakeMachines {
    /// None yet.
    pub fn new(env: Env) -> Self {
        Self { env, host: Arc::default(), changed: watch::Sender::default() }
    }

    /// Says how a machine behaves from now on.
    pub fn behave(&self, id: &str, behaviour: FakeBehaviour) {
        self.shelf().behaviours.insert(id.to_owned(), behaviour);
    }

    /// A machine's system shuts down by itself.
    pub fn shut_down(&self, id: &str) {
        self.end(id, OffCause::Itself);
    }

    /// A machine dies.
    pub fn die(&self, id: &str, why: &str) {
        self.end(id, OffCause::Died(why.to_owned()));
    }

    /// A machine writes to its console.
    pub fn print(&self, id: &str, line: &str) {
        self.with(id, |machine| machine.write(line));
    }

    /// The host has lost its power: no machine is left, but for the consoles.
    pub fn lose_power(&self) {
        for machine in self.shelf().machines.values_mut() {
            (machine.seen, machine.prepared) = (None, false);
            machine.disks.clear();
        }
    }

    /// A machine as it is.
    pub fn machine(&self, id: &str) -> Option<FakeMachine> {
        self.shelf().machines.get(id).cloned()
    }

    fn end(&self, id: &str, cause: OffCause) {
        let at = self.env.now();
        self.with(id, |machine| {
            if machine.runs() {
                machine.disks.clear();
                if let Some(seen) = &mut machine.seen {
                    seen.life = Life::Ended { at, cause };
                }
            }
        });
        self.changed.send_replace(());
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.host.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, id: &str, act: impl FnOnce(&mut FakeMachine) -> T) -> Option<T> {
        self.shelf().machines.get_mut(id).map(act)
    }

    fn running<T>(&self, id: &str, act: impl FnOnce(&mut FakeMachine) -> T) -> Result<T, String> {
        let mut shelf = self.shelf();
        let machine = shelf.machines.get_mut(id).filter(|machine| machine.runs());
        machine.map(act).ok_or_else(|| format!("{id} does not run"))
    }

    fn behaviour(&self, id: &str) -> FakeBehaviour {
        self.shelf().behaviours.get(id).cloned().unwrap_or_default()
    }
}

#[async_trait::async_trait]
impl MachineDriver for FakeMachines {
    fn runs(&self, _: &Kind) -> bool {
        true
    }

    fn probe(&self) -> Vec<Missing> {
        Vec::new()
    }

    async fn recover(&self) -> Result<BTreeSet<String>, String> {
        Ok(self.shelf().machines.keys().cloned().collect())
    }

    async fn prepare(&self, machine: &Machine) -> Result<Door, String> {
        self.shelf().machines.entry(machine.id.clone()).or_default().prepared = true;
        Ok(Door::Namespace(format!("/dev/fake/{}", machine.id).into()))
    }

    async fn start(&self, order: &BootOrder) -> Result<(), String> {
        let (id, now) = (&order.machine.id, self.env.now());
        if let Some(error) = self.behaviour(id).start_error {
            return Err(error);
        }
        let start = |machine: &mut FakeMachine| {
            if machine.runs() && machine.seen.as_ref().is_some_and(|seen| seen.boot == order.boot) {
                return;
            }
            machine.boots.push(order.boot);
            machine.resumed.extend(order.resume.then_some(order.boot));
            machine.cpu_quota = order.machine.hardware.cpu_quota;
            machine.disks = order.disks.iter().map(|disk| (disk.disk.device.clone(), disk.clone())).collect();
            let life = Life::Running { since: now };
            machine.seen = Some(Seen { boot: order.boot, reboots: order.machine.reboots, life });
            machine.write(&format!("boot {}", order.boot));
        };
        self.with(id, start).ok_or_else(|| format!("{id} is not prepared"))
    }

    async fn halt(&self, id: &str, how: Halt) -> Result<(), String> {
        let behaviour = self.behaviour(id);
        match how {
            Halt::Ask if behaviour.stubborn => {}
            Halt::Ask => self.shut_down(id),
            Halt::Force => self.die(id, "it was killed"),
            Halt::Hibernate if behaviour.insomniac => return Err("it can't hibernate".into()),
            Halt::Hibernate => self.end(id, OffCause::Hibernated),
        }
        Ok(())
    }

    async fn reboot(&self, id: &str, number: u32, force: bool) -> Result<(), String> {
        let (now, stubborn) = (self.env.now(), self.behaviour(id).stubborn);
        self.running(id, |machine| {
            if let Some(seen) = machine.seen.as_mut().filter(|seen| seen.reboots < number && (force || !stubborn)) {
                (seen.reboots, seen.life) = (number, Life::Running { since: now });
                machine.write(&format!("reboot {number}"));
            }
        })?;
        self.changed.send_replace(());
        Ok(())
    }

    async fn inspect(&self, id: &str) -> Option<Seen> {
        self.with(id, |machine| machine.seen.clone()).flatten()
    }

    async fn changed(&self, id: &str, from: &Seen) -> Option<Seen> {
        let mut changed = self.changed.subscribe();
        loop {
            let seen = self.inspect(id).await;
            if seen.as_ref() != Some(from) {
                return seen;
            }
            // It is asked by a reference to what sends.
            let _ = changed.changed().await;
        }
    }

    async fn attach_disk(&self, id: &str, disk: &OpenDisk) -> Result<(), String> {
        self.running(id, |machine| drop(machine.disks.insert(disk.disk.device.clone(), disk.clone())))
    }

    async fn detach_disk(&self, id: &str, disk: &OpenDisk, force: bool) -> Result<(), String> {
        let device = &disk.disk.device;
        if !force && self.behaviour(id).busy.contains(device) {
            return Err(format!("{device} is in use"));
        }
        self.running(id, |machine| drop(machine.disks.remove(device)))
    }

    async fn grow_disk(&self, id: &str, disk: &OpenDisk) -> Result<(), String> {
        self.attach_disk(id, disk).await
    }

    async fn set_cpu_quota(&self, id: &str, quota: Option<u64>) -> Result<(), String> {
        self.running(id, |machine| machine.cpu_quota = quota)
    }

    async fn cpu_ms(&self, _: &str) -> u64 {
        0
    }

    async fn console(&self, id: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.with(id, |machine| machine.console.clone()))
    }

    async fn release(&self, id: &str) -> Result<(), String> {
        self.die(id, "it was released");
        self.with(id, |machine| (machine.seen, machine.prepared) = (None, false));
        self.changed.send_replace(());
        Ok(())
    }

    async fn forget(&self, id: &str) -> Result<(), String> {
        self.shelf().machines.remove(id);
        self.changed.send_replace(());
        Ok(())
    }

    async fn teardown(&self) -> Result<(), String> {
        self.lose_power();
        self.changed.send_replace(());
        Ok(())
    }
}
