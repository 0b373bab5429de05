//! The network world with real namespaces, real packet filters and real sockets. Needs root and `nft`.
//!
//! The host itself is a namespace that the test made, so nothing outside the test is touched, and what is left after a teardown can
//! be compared to what was before.

mod addresses;
mod borders;
mod flows;
mod groups;
mod instances;
mod internet;
mod ipv6;
mod judged;
mod lab;
mod lifecycle;
mod measure;
mod routes;
