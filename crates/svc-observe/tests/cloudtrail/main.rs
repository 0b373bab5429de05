//! CloudTrail through the whole front: calls of other services, answered by handlers of these tests, and what is seen of them.

mod cloud;
mod history;
mod identities;
mod trails;
