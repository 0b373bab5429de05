//! The service of functions: Lambda.

pub mod lambda;
pub mod testing;
