//! A process that is started again whenever it has ended.

use super::child;
use crate::console::say;
use model::Timestamp;
use nix::unistd::Pid;
use std::time::Duration;

/// The wait before a process is started again that ended soon after its start.
const PATIENCE: Duration = Duration::from_secs(1);

/// One service.
pub struct Service {
    name: &'static str,
    work: fn() -> i32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Nobody has asked for it yet.
    Unwanted,
    /// To be started, at this moment or later.
    Due(Timestamp),
    /// Since this moment.
    Running(Pid, Timestamp),
}

impl Service {
    /// A service that isn't wanted yet; `work` is done in a process of its own.
    pub fn new(name: &'static str, work: fn() -> i32) -> Self {
        Service { name, work, state: State::Unwanted }
    }

    /// From now on it is to run.
    pub fn want(&mut self) {
        if self.state == State::Unwanted {
            self.state = State::Due(Timestamp(0));
        }
    }

    /// When it wants to be [tended](Self::tend).
    pub fn due(&self) -> Option<Timestamp> {
        match self.state {
            State::Due(at) => Some(at),
            _ => None,
        }
    }

    /// Takes note of processes that have ended.
    pub fn ended(&mut self, pids: &[Pid], now: Timestamp) {
        if let State::Running(pid, since) = self.state
            && pids.contains(&pid)
        {
            say(format!("init: {} has ended and is started again", self.name));
            let soon = now.since(since) < PATIENCE;
            self.state = State::Due(if soon { now + PATIENCE } else { now });
        }
    }

    /// Starts it if its moment has come.
    pub fn tend(&mut self, now: Timestamp) {
        if !matches!(self.state, State::Due(at) if at <= now) {
            return;
        }
        self.state = match child::fork(self.name, self.work) {
            Ok(pid) => State::Running(pid, now),
            Err(error) => {
                say(format!("init: {} can't be started: {error}", self.name));
                State::Due(now + PATIENCE)
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp(second * 1000)
    }

    #[test]
    fn one_that_fails_at_once_is_waited_for() {
        let mut service = Service::new("test", || 0);
        assert_eq!(service.due(), None);
        service.want();
        assert_eq!(service.due(), Some(Timestamp(0)));
        service.state = State::Running(Pid::from_raw(7), at(10));
        service.ended(&[Pid::from_raw(8)], at(10));
        assert_eq!(service.due(), None);
        service.ended(&[Pid::from_raw(7)], at(10));
        assert_eq!(service.due(), Some(at(11)));
        service.state = State::Running(Pid::from_raw(7), at(10));
        service.ended(&[Pid::from_raw(7)], at(60));
        assert_eq!(service.due(), Some(at(60)));
    }
}
