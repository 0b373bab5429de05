//! Whole clouds in the process of a test: the binary's own assembly over a host and an edge that exist in memory only, on a clock
//! that is moved.
//!
//! * [`World`]: a cloud that can be let go on for a while, and whose server can be killed at any moment.
//! * [`User`]: somebody with an account, who makes requests of bytes as clients send them.
//! * [`Site`]: what most people want of a cloud: an image, a cluster, a load balancer and a service behind it.
//! * [`state`]: what is there in the end.
//!
//! Not here: containers, packets and processes, which the tests of `agent`, `edge` and `hillfog` have; and what a single operation
//! answers, which the services' own tests have.
//!
//! Worlds want Tokio's current-thread runtime, which is the one of `#[tokio::test]`: they know by it when nothing is left to do.

mod crashes;
mod site;
pub mod state;
mod user;
mod world;

pub use crashes::Crashes;
pub use site::Site;
pub use user::User;
pub use world::World;
