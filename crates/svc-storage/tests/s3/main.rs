//! S3 as its clients meet it.

mod access;
mod browsers;
mod buckets;
mod cloud;
mod encryption;
mod events;
mod lists;
mod multipart;
mod objects;
mod versions;
