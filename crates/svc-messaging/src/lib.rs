//! The services of messages: SQS.

pub mod sqs;
