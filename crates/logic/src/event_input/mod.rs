//! What a rule's target gets of an event: a part of it by a path, or a text with variables (EventBridge user guide, "Amazon EventBridge
//! input transformation").

mod path;
mod template;

pub use path::Path;
pub use template::{InvalidTemplate, Reserved, Template};

#[cfg(test)]
mod tests;
