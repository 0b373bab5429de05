//! The service of functions: Lambda.

pub mod lambda;
