//! The cases of the IAM documentation, and properties.

mod conditions;
mod decisions;
mod documents;
mod explained;
mod matching;
mod principals;
mod properties;
mod world;
