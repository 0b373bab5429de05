//! The keeper: the process that handles a volume's loop device, and frees it when the server is gone.
//!
//! Requests are lines: `attach`, `resize`, `detach`, and `drop`, which waits for nobody. So are the answers.

use super::{
    loopdev::{self, IMPATIENT, Loop, PATIENT},
    protocol::{Answer, Stopped, line, read},
};
use crate::{Error, Result};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::PathBuf,
    sync::Mutex,
};

/// What the keeper has.
pub struct Keeper {
    /// The file system that the volume's file is in. It is nowhere in the host's tree.
    pub mount: OwnedFd,
    /// The file's name.
    pub name: String,
    /// A folder for device nodes.
    pub spare: PathBuf,
}

impl Keeper {
    /// Does what it is told until nobody is left to tell it something.
    pub fn run(self, orders: UnixStream) -> io::Result<()> {
        // It ends with the server and not before.
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None)?;
        let mut device: Option<Loop> = None;
        let mut answers = orders.try_clone()?;
        let mut done = false;
        for order in BufReader::new(orders).lines() {
            let answer = match (order.unwrap_or_default().as_str(), &device) {
                ("attach", None) => {
                    let attached = self.attach();
                    device = attached.as_ref().ok().cloned();
                    said(attached.map(|device| (device.node, device.major, device.minor)))
                }
                ("resize", Some(device)) => said(self.resize(device)),
                (order @ ("detach" | "drop"), Some(device)) => {
                    let detached = self.detach(device, if order == "drop" { IMPATIENT } else { PATIENT });
                    done = detached.is_ok();
                    said(detached)
                }
                // The server is gone.
                ("", _) => break,
                _ => said::<()>(Err(io::ErrorKind::InvalidInput.into())),
            };
            // Without the keeper nothing holds the file but the device: the kernel lets go of it when the device is free.
            if answers.write_all(answer.as_bytes()).is_err() || done {
                break;
            }
        }
        device.filter(|_| !done).map_or(Ok(()), |device| device.detach(&self.name, PATIENT).map(drop))
    }

    fn attach(&self) -> io::Result<Loop> {
        loopdev::attach(&self.open()?, &self.spare)
    }

    fn resize(&self, device: &Loop) -> io::Result<()> {
        // The device asks for the size that the kernel last heard of.
        self.open()?.metadata()?;
        device.resize()
    }

    fn detach(&self, device: &Loop, patience: usize) -> io::Result<Stopped> {
        Ok(if device.detach(&self.name, patience)? { Stopped::Detached } else { Stopped::Busy })
    }

    fn open(&self) -> io::Result<File> {
        let path = format!("/proc/self/fd/{}/{}", self.mount.as_raw_fd(), self.name);
        File::options().read(true).write(true).open(path)
    }
}

fn said<T: Serialize>(result: io::Result<T>) -> String {
    line(&Answer::from(result.map_err(Error::from))) + "\n"
}

/// The server's end.
pub struct Orders(Mutex<BufReader<UnixStream>>);

impl Orders {
    pub fn new(stream: UnixStream) -> Orders {
        Orders(Mutex::new(BufReader::new(stream)))
    }

    /// Makes the device.
    pub fn attach(&self) -> Result<(PathBuf, u32, u32)> {
        self.order("attach")
    }

    /// Lets the device take a new size over.
    pub fn resize(&self) -> Result<()> {
        self.order("resize")
    }

    /// Frees the device. Who is in a hurry doesn't wait for those that have it open for a moment.
    pub fn detach(&self, in_a_hurry: bool) -> Result<Stopped> {
        self.order(if in_a_hurry { "drop" } else { "detach" })
    }

    fn order<T: DeserializeOwned>(&self, what: &str) -> Result<T> {
        let mut stream = self.0.lock().expect("nobody panics with the keeper's socket");
        writeln!(stream.get_mut(), "{what}")?;
        let mut answer = String::new();
        stream.read_line(&mut answer)?;
        read::<Answer<T>>(&answer)?.into()
    }
}
