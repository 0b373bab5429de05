//! Task definitions between the API and the records: read and refused ([`parse`]), checked ([`check`]), and shown ([`show`]).

mod check;
mod container;
mod parse;
mod show;
mod size;

pub use check::{check, check_fargate, check_fargate_size};
pub use container::environment;
pub use parse::parse;
pub use show::{pairs, protocol, show, status};
pub use size::{parse_cpu, parse_memory};

#[cfg(test)]
mod tests;
