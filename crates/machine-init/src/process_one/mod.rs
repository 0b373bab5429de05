//! Process 1 of a machine: it starts the boot and the SSH server, takes leave of processes that have ended, and ends the machine.
//!
//! It has one thread and never waits for anything but its signals and the boot's word, so nothing that happens in the machine can stop it. What it
//! starts of its own program is forked, not executed: that takes less than a millisecond, and the memory is shared.

mod button;
mod child;
mod mounts;
mod ready;
mod service;
pub mod signals;
mod stop;

use crate::{boot, commands, console::say, ssh, sudo};
use button::Buttons;
use model::Env;
use nix::{
    fcntl::OFlag,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    unistd::{Pid, getpid, pipe2},
};
use ready::Ready;
use service::Service;
use signals::{Signals, Wish};
use std::{io, os::fd::AsFd, process::ExitCode};

/// What woke process 1.
enum Event {
    /// Processes have ended.
    Ended(Vec<Pid>),
    /// The machine is to end.
    Asked(Wish),
    /// The boot says that people may log in.
    Ready,
    /// A moment that was waited for has come, or nothing of interest.
    Woken,
}

/// Runs the machine until its end. Comes back only if the machine could not be run, or could not be ended by the kernel's own means
/// ([`stop::end`] says what the exit code means then).
pub fn run() -> ExitCode {
    if getpid() != Pid::from_raw(1) {
        say(format!("init: this is process 1 of a machine, and not process {}", getpid()));
        return ExitCode::FAILURE;
    }
    match machine(&Env::system()) {
        Ok(code) => code,
        Err(error) => {
            say(format!("init: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn machine(env: &Env) -> io::Result<ExitCode> {
    let mut signals = Signals::take()?;
    for problem in mounts::complete() {
        say(format!("init: {problem}"));
    }
    if let Err(error) = commands::lay() {
        say(format!("init: commands can't be laid: {error}"));
    }
    let mut buttons = Buttons::find();
    let mut ready = start_boot(env)?;
    let mut services = vec![Service::new("sshd", ssh::start)];
    if sudo::is_there() {
        let mut sudo = Service::new("sudo", sudo::serve);
        sudo.want();
        services.push(sudo);
    }
    loop {
        let now = env.now();
        services.iter_mut().for_each(|service| service.tend(now));
        match next(env, &mut signals, &mut buttons, &mut ready, &services)? {
            Event::Ended(pids) => services.iter_mut().for_each(|service| service.ended(&pids, env.now())),
            Event::Ready => services.iter_mut().for_each(Service::want),
            Event::Asked(wish) => return Ok(stop::end(env, &mut signals, wish)),
            Event::Woken => {}
        }
    }
}

/// Starts the boot and the process that keeps what it prints. The latter first, since it must not hold the pipe by which the boot says that it is ready.
fn start_boot(env: &Env) -> io::Result<Ready> {
    let (read, output) = pipe2(OFlag::O_CLOEXEC)?;
    // Each side drops the end that isn't its own, or the other would never see the end.
    let (mut read, mut output) = (Some(read), Some(output));
    child::fork("console", || {
        output = None;
        read.take().map_or(1, boot::log::copy)
    })?;
    drop(read);
    let (said, ready) = Ready::pair()?;
    let mut said = Some(said);
    child::fork("boot", || output.take().zip(said.take()).map_or(1, |(output, said)| boot::run(env, output, said)))?;
    Ok(ready)
}

fn next(env: &Env, signals: &mut Signals, buttons: &mut Buttons, ready: &mut Ready, services: &[Service]) -> io::Result<Event> {
    let patience = services.iter().filter_map(Service::due).min().map(|at| at.since(env.now()));
    let patience = patience.map_or(PollTimeout::NONE, |left| PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
    let mut watched = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    watched.extend(buttons.fds().chain(ready.fd()).map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
    match poll(&mut watched, patience) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let called = watched.iter().map(|fd| fd.any().unwrap_or(false)).collect::<Vec<_>>();
    if called[0] {
        return signals.next();
    }
    if buttons.pressed() {
        return Ok(Event::Asked(Wish::PowerOff));
    }
    match called.get(1 + buttons.fds().count()) {
        Some(true) => {
            ready.close();
            Ok(Event::Ready)
        }
        _ => Ok(Event::Woken),
    }
}
