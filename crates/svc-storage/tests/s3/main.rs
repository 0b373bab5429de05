//! S3 as its clients meet it.

mod access;
mod archive;
mod browsers;
mod buckets;
mod checksums;
mod cloud;
mod encryption;
mod events;
mod lifecycle;
mod lists;
mod multipart;
mod objects;
mod versions;
