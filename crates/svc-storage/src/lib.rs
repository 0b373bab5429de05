//! The services of objects: S3.

pub mod s3;
