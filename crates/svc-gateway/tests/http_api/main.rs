//! HTTP APIs through the front: what clients of API Gateway send, and what clients of an API do. Functions are played by the test.

mod authorizers;
mod cloud;
mod control;
mod http_proxy;
mod import;
mod serving;
mod tokens;
