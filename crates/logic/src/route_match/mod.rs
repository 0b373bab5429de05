//! Which rule a request falls under: the conditions of Application Load Balancer listener rules.
//!
//! Only the question "does it match?" is answered here; what is done then is [`balancer`](crate::balancer)'s and the edge's.
//!
//! Spec: "Listener rules for your Application Load Balancer", *Condition types for listener rules*.

mod condition;
mod pattern;

pub use condition::{Condition, Network, Request};
pub use pattern::{Case, Pattern};

/// The first of the rules whose conditions all hold. A rule without conditions (the default rule) always matches.
pub fn first<'r, R>(rules: &'r [R], conditions: impl Fn(&R) -> &[Condition], request: &Request<'_>) -> Option<&'r R> {
    rules.iter().find(|rule| conditions(rule).iter().all(|condition| condition.holds(request)))
}
