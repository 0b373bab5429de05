//! The operations.

pub mod acls;
pub mod buckets;
pub mod configure;
mod copied;
pub mod copy;
pub mod delete;
pub mod get;
pub mod list;
pub mod locks;
pub mod multipart;
pub mod notifications;
pub mod policies;
pub mod put;
pub mod restore;
pub mod tags;
