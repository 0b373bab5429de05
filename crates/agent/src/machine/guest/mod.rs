//! Machines as virtual machines: a kernel of their own, started by a boot loader from the root disk. They run under QEMU, by KVM where that works
//! ([`kvm`]), else emulated.
//!
//! Each has a shim ([`super::shimmed`]) that starts the monitor, speaks QMP with it and ends with it. The monitor is given nothing but open descriptors: it runs as
//! a user who owns nothing, in an empty network, without a way to start anything. `docs/adr/0019-guests.md` says why.
//!
//! ```text
//! <data>/guests/<id>/    user, nvram (UEFI's variables), asleep.json (of one that hibernates; its memory is with its root volume), monitor.log
//! hillfog-<tag>/guests/<id>    its control groups
//! ```
//!
//! What is said to QEMU stands in [`shim`] alone (`arguments`, `qmp`, `slots`, `sleep`): another monitor is another set of these four.

mod driver;
mod job;
mod kvm;
mod order;
mod ports;
mod probe;
mod screen;
pub mod shim;
mod user;

pub use driver::Guests;
