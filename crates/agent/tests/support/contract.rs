//! The contract that every driver of machines keeps, run on the fake one, on system containers and on virtual machines.
#![allow(dead_code, missing_docs)]

use agent::{
    machine::{BootOrder, Life, MachineDriver, OpenDisk, Seen},
    network::MachineNetwork,
};
use agent_proto::machine::{Halt, Hardware, Kind, Machine, OffCause, Power};

/// What the contract is tried with: the same behaviour by other means.
pub struct Subject<'a> {
    pub kind: Kind,
    pub driver: &'a dyn MachineDriver,
    /// The driver of a server that has come back.
    pub again: &'a dyn MachineDriver,
    /// A root disk whose system says `boot` at its console when it can be asked to end.
    pub root: OpenDisk,
    /// Another disk.
    pub data: OpenDisk,
}

impl Subject<'_> {
    fn order(&self, id: &str) -> BootOrder {
        order(id, self.kind.clone(), vec![self.root.clone()])
    }

    async fn start(&self, order: &BootOrder) -> Seen {
        let id = &order.machine.id;
        self.driver.prepare(&order.machine).await.unwrap();
        self.driver.start(order).await.unwrap();
        while !String::from_utf8_lossy(&self.driver.console(id).await.unwrap().unwrap_or_default()).contains("boot") {
            tokio::task::yield_now().await;
        }
        self.driver.inspect(id).await.unwrap()
    }

    /// How it is seen when that is so.
    async fn seen(&self, id: &str, so: impl Fn(&Seen) -> bool) -> Seen {
        let mut seen = self.driver.inspect(id).await.unwrap();
        while !so(&seen) {
            seen = self.driver.changed(id, &seen).await.unwrap();
        }
        seen
    }

    async fn end(&self, id: &str) -> OffCause {
        match self.seen(id, |seen| !runs(seen)).await.life {
            Life::Ended { cause, .. } => cause,
            Life::Running { .. } => unreachable!("it has ended"),
        }
    }
}

/// The order for a small machine.
pub fn order(id: &str, kind: Kind, disks: Vec<OpenDisk>) -> BootOrder {
    let machine = Machine {
        id: id.into(),
        power: Power::On { boot: 1 },
        reboots: 0,
        kind,
        hardware: Hardware { vcpus: 2, memory_mib: 256, cpu_quota: None },
        hostname: "ip-10-0-0-7".into(),
        vpc: "vpc-1".into(),
        interfaces: Vec::new(),
        disks: disks.iter().map(|disk| disk.disk.clone()).collect(),
        forced_out: Default::default(),
    };
    BootOrder { machine, boot: 1, disks, network: MachineNetwork::default(), resume: false, memory: None }
}

fn runs(seen: &Seen) -> bool {
    matches!(seen.life, Life::Running { .. })
}

pub async fn contract(subject: &Subject<'_>) {
    a_boot_is_started_once_and_ends_when_it_is_asked(subject).await;
    what_is_forced_has_died(subject).await;
    a_reboot_of_a_number_comes_once(subject).await;
    disks_come_and_go(subject).await;
    a_server_that_comes_back_finds_it(subject).await;
    what_is_unknown_is_no_error(subject).await;
}

async fn a_boot_is_started_once_and_ends_when_it_is_asked(subject: &Subject<'_>) {
    let (driver, order) = (subject.driver, subject.order("i-asked"));
    let door = driver.prepare(&order.machine).await.unwrap();
    assert_eq!(driver.prepare(&order.machine).await.unwrap(), door, "it is the same until it is released");
    assert!(driver.inspect("i-asked").await.is_none());
    let seen = subject.start(&order).await;
    assert!(runs(&seen) && (seen.boot, seen.reboots) == (1, 0), "{seen:?}");
    driver.start(&order).await.unwrap();
    assert_eq!(driver.inspect("i-asked").await.unwrap(), seen);
    driver.halt("i-asked", Halt::Ask).await.unwrap();
    assert_eq!(subject.end("i-asked").await, OffCause::Itself);
    driver.halt("i-asked", Halt::Force).await.unwrap();
    assert_eq!(subject.end("i-asked").await, OffCause::Itself, "the end of one that has ended doesn't change");
    for _ in 0..2 {
        driver.release("i-asked").await.unwrap();
    }
    assert!(driver.inspect("i-asked").await.is_none());
    assert!(driver.console("i-asked").await.unwrap().is_some_and(|console| !console.is_empty()), "it outlives a release");
    // The next boot.
    let second = BootOrder { boot: 2, ..order };
    assert_eq!(subject.start(&second).await.boot, 2);
    for _ in 0..2 {
        driver.forget("i-asked").await.unwrap();
    }
    assert_eq!(driver.console("i-asked").await.unwrap(), None);
}

async fn what_is_forced_has_died(subject: &Subject<'_>) {
    subject.start(&subject.order("i-forced")).await;
    subject.driver.halt("i-forced", Halt::Force).await.unwrap();
    assert!(matches!(subject.end("i-forced").await, OffCause::Died(_)));
    subject.driver.forget("i-forced").await.unwrap();
}

async fn a_reboot_of_a_number_comes_once(subject: &Subject<'_>) {
    let (driver, first) = (subject.driver, subject.start(&subject.order("i-reboots")).await);
    driver.reboot("i-reboots", 2, true).await.unwrap();
    let second = subject.seen("i-reboots", |seen| seen.reboots == 2).await;
    assert!(runs(&second) && second.boot == 1 && second != first);
    driver.reboot("i-reboots", 2, true).await.unwrap();
    driver.reboot("i-reboots", 1, true).await.unwrap();
    assert_eq!(driver.inspect("i-reboots").await.unwrap(), second);
    driver.forget("i-reboots").await.unwrap();
}

async fn disks_come_and_go(subject: &Subject<'_>) {
    let driver = subject.driver;
    subject.start(&subject.order("i-disks")).await;
    for _ in 0..2 {
        driver.attach_disk("i-disks", &subject.data).await.unwrap();
    }
    for _ in 0..2 {
        driver.detach_disk("i-disks", &subject.data, false).await.unwrap();
    }
    driver.set_cpu_quota("i-disks", Some(512)).await.unwrap();
    driver.set_cpu_quota("i-disks", None).await.unwrap();
    driver.forget("i-disks").await.unwrap();
}

async fn a_server_that_comes_back_finds_it(subject: &Subject<'_>) {
    let seen = subject.start(&subject.order("i-kept")).await;
    assert_eq!(subject.again.recover().await.unwrap().into_iter().collect::<Vec<_>>(), ["i-kept"]);
    assert_eq!(subject.again.inspect("i-kept").await, Some(seen));
    subject.again.halt("i-kept", Halt::Ask).await.unwrap();
    assert_eq!(subject.end("i-kept").await, OffCause::Itself);
    subject.again.forget("i-kept").await.unwrap();
}

async fn what_is_unknown_is_no_error(subject: &Subject<'_>) {
    let driver = subject.driver;
    assert!(driver.inspect("i-unknown").await.is_none());
    assert_eq!((driver.console("i-unknown").await.unwrap(), driver.cpu_ms("i-unknown").await), (None, 0));
    driver.halt("i-unknown", Halt::Ask).await.unwrap();
    driver.release("i-unknown").await.unwrap();
    driver.forget("i-unknown").await.unwrap();
    assert!(driver.recover().await.unwrap().is_empty());
}
