//! The shim's socket: takes the server's orders and says what comes of them. A server that is gone is no reason to stop: what was ordered is
//! done to its end, and the next server asks how it is.

use super::{
    conductor::{Conductor, Means},
    desk::Desk,
    door::Doors,
    faults::Fault,
    keeper::Keeper,
    words::Answered,
};
use crate::{
    cgroup::Cgroups,
    function::{
        job::Place,
        order::{self, Head, Order, Said},
    },
    shim::Clock,
};
use agent_proto::function::Report;
use bytes::Bytes;
use model::Timestamp;
use std::{
    cell::Cell,
    io,
    os::unix::net::UnixListener as StdListener,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{Mutex, Notify},
};

/// How long an environment may go on after an invocation, in case that the next one comes at once.
const GRACE: Duration = Duration::from_millis(20);

/// What all connections share.
struct Shared {
    conductor: Mutex<Conductor>,
    desk: Desk,
    /// It is in the middle of an invocation.
    busy: Cell<bool>,
    /// How many orders have been carried out.
    orders: Cell<u64>,
    over: Notify,
}

/// Takes orders until the environment is to end.
pub async fn serve(
    place: &Place,
    cgroups: &Cgroups,
    keeper: Keeper,
    clock: Clock,
    doors: Doors,
    control: StdListener,
) -> io::Result<()> {
    control.set_nonblocking(true)?;
    let listener = UnixListener::from_std(control)?;
    let (desk, means) = (
        Desk::default(),
        Means { place: place.clone(), cgroups: cgroups.clone(), keeper, clock: Rc::new(clock), listener: doors.runtime },
    );
    let conductor = Mutex::new(Conductor::new(means, desk.clone()));
    let shared = Rc::new(Shared { conductor, desk, busy: Cell::new(false), orders: Cell::new(0), over: Notify::new() });
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let shared = shared.clone();
                match accepted {
                    Ok((stream, _)) => drop(tokio::task::spawn_local(async move { shared.attend(stream).await })),
                    // The function has all descriptors that there are: some have to be closed first.
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
            () = shared.over.notified() => return Ok(()),
        }
    }
}

impl Shared {
    async fn attend(self: Rc<Self>, stream: UnixStream) -> io::Result<()> {
        let mut out = Out { stream, gone: false, bytes: 0, came: None };
        while let Some(frame) = order::read(&mut out.stream).await? {
            match frame.said()? {
                Order::Look => out.say(&Said::Looks { busy: self.busy.get() }, None).await,
                Order::Begin => self.begin(&mut out).await,
                Order::Invoke(head) => {
                    let payload = order::expect(&mut out.stream).await?.data()?;
                    self.clone().invoke(head, payload, &mut out).await;
                }
                Order::Stop => {
                    self.desk.change(|state| state.stopping = true);
                    self.conductor.lock().await.stop().await;
                    self.over.notify_one();
                    // The connection stays until the process ends.
                    std::future::pending::<()>().await;
                }
            }
        }
        Ok(())
    }

    async fn begin(self: &Rc<Self>, out: &mut Out) {
        let begun = self.conductor.lock().await.begin().await;
        match begun {
            Err(why) => out.refuse(&why).await,
            Ok((took, fault)) => {
                let said =
                    Said::Begun { micros: took.as_micros() as u64, failed: fault.as_ref().map(|fault| fault.kind().to_owned()) };
                out.say(&said, fault.map(|fault| fault.payload("")).as_deref()).await;
            }
        }
        self.freeze_soon();
    }

    async fn invoke(self: Rc<Self>, head: Head, payload: Bytes, out: &mut Out) {
        let mut conductor = self.conductor.lock().await;
        self.busy.set(true);
        conductor.invoke(head, payload, out).await;
        self.busy.set(false);
        drop(conductor);
        self.freeze_soon();
    }

    /// Freezes the environment, if nobody wants anything of it until then.
    fn freeze_soon(self: &Rc<Self>) {
        let number = self.orders.get() + 1;
        self.orders.set(number);
        let shared = self.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(GRACE).await;
            if let (Ok(mut conductor), true) = (shared.conductor.try_lock(), shared.orders.get() == number) {
                conductor.freeze();
            }
        });
    }
}

/// Where it is said what comes of an order. Nothing is said to a server that is gone.
pub struct Out {
    stream: UnixStream,
    gone: bool,
    /// How many bytes of an answer have been said, from when to when.
    bytes: u64,
    came: Option<(Instant, Instant)>,
}

impl Out {
    /// An answer comes in pieces.
    pub async fn begin(&mut self, content_type: Option<String>) {
        self.count(0);
        self.say(&Said::Answer { pieces: true, content_type }, None).await;
    }

    /// A piece.
    pub async fn data(&mut self, data: &[u8]) {
        self.count(data.len());
        if !self.gone {
            self.gone = order::send(&mut self.stream, data).await.is_err();
        }
    }

    /// A whole answer.
    pub async fn whole(&mut self, payload: &[u8], content_type: Option<String>) {
        self.count(payload.len());
        self.say(&Said::Answer { pieces: false, content_type }, Some(payload)).await;
    }

    fn count(&mut self, bytes: usize) {
        let now = Instant::now();
        self.bytes += bytes as u64;
        self.came.get_or_insert((now, now)).1 = now;
    }

    /// What has been answered of an invocation that began then. It is counted anew from here.
    pub fn answered(&mut self, (begin, at): (Timestamp, Instant)) -> Answered {
        let came = self.came.take().map(|(first, last)| (first - at, last - first));
        Answered { bytes: std::mem::take(&mut self.bytes), begin, came }
    }

    /// It has failed. (What comes behind a whole answer is for the log alone: the caller has it already.)
    pub async fn failed(&mut self, fault: &Fault, request: &str) {
        self.say(&Said::Failed(fault.kind().to_owned()), Some(&fault.payload(request))).await;
    }

    /// It is done.
    pub async fn done(&mut self, report: Report, tail: &[u8]) {
        self.say(&Said::Done(report), Some(tail)).await;
    }

    /// It can't be done.
    pub async fn refuse(&mut self, why: &str) {
        self.say(&Said::Refused(why.to_owned()), None).await;
    }

    async fn say(&mut self, what: &Said, data: Option<&[u8]>) {
        if !self.gone {
            self.gone = order::say(&mut self.stream, what, data).await.is_err();
        }
    }
}
