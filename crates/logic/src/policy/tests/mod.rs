//! The cases of the IAM documentation, and properties.

mod documents;
mod world;
