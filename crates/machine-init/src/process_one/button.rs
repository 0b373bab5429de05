//! The power button of a virtual machine, by which its host asks it to end (EC2's stop and reboot).

use nix::{fcntl::OFlag, libc};
use std::{
    fs::{self, File},
    io::Read,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::OpenOptionsExt,
    },
};

/// Where the kernel shows what can be pressed.
const DEVICES: &str = "/dev/input";

// linux/input-event-codes.h
const EV_KEY: u16 = 1;
const KEY_POWER: u16 = 116;
const PRESSED: i32 = 1;

/// The size of `struct input_event`: a time, a type, a code and a value.
const EVENT: usize = size_of::<libc::input_event>();

/// All that can be pressed. A system container has nothing of the kind.
pub(super) struct Buttons(Vec<File>);

impl Buttons {
    /// Opens what is there.
    pub(super) fn find() -> Self {
        let entries = fs::read_dir(DEVICES).into_iter().flatten().flatten();
        let events = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("event"));
        let open = |path| File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path).ok();
        Self(events.filter_map(|entry| open(entry.path())).collect())
    }

    /// What is to be polled.
    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.iter().map(AsFd::as_fd)
    }

    /// Reads all that has happened. Whether the power button was pressed.
    pub(super) fn pressed(&mut self) -> bool {
        let mut pressed = false;
        for device in &mut self.0 {
            let mut events = [0; EVENT * 32];
            while let Ok(length @ 1..) = device.read(&mut events) {
                pressed |= events[..length].chunks_exact(EVENT).any(is_power);
            }
        }
        pressed
    }
}

fn is_power(event: &[u8]) -> bool {
    // The time comes first, in a size that differs between processors.
    let (kind, rest) = event[EVENT - 8..].split_at(2);
    let (code, value) = rest.split_at(2);
    kind == EV_KEY.to_ne_bytes() && code == KEY_POWER.to_ne_bytes() && value == PRESSED.to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_power_button_is_told_from_others() {
        let event = |kind: u16, code: u16, value: i32| {
            let mut bytes = vec![7; EVENT - 8];
            bytes.extend([&kind.to_ne_bytes()[..], &code.to_ne_bytes(), &value.to_ne_bytes()].concat());
            bytes
        };
        assert!(is_power(&event(EV_KEY, KEY_POWER, PRESSED)));
        for (kind, code, value) in [(EV_KEY, KEY_POWER, 0), (EV_KEY, 30, PRESSED), (0, KEY_POWER, PRESSED)] {
            assert!(!is_power(&event(kind, code, value)));
        }
    }
}
