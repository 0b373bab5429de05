//! A program that uses the cloud through AWS's SDK for Rust. `sdk-rust objects` goes through S3, and so on: the areas are the modules.
//!
//! Where the cloud is and whose key is used stands in the variables of the environment that the SDKs know; what else an area
//! needs is told in variables as well (see [`cloud::Cloud`]).

mod cloud;
mod events;
mod functions;
mod http_api;
mod objects;
mod presigned;
mod queues;
mod schedules;
mod web;

use anyhow::{Result, bail};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let area = std::env::args().nth(1).unwrap_or_default();
    let cloud = cloud::Cloud::of_environment()?;
    match area.as_str() {
        "events" => events::run(&cloud).await,
        "functions" => functions::run(&cloud).await,
        "http_api" => http_api::run(&cloud).await,
        "objects" => objects::run(&cloud).await,
        "presigned" => presigned::run(&cloud).await,
        "queues" => queues::run(&cloud).await,
        "schedules" => schedules::run(&cloud).await,
        other => bail!("no area is named {other:?}"),
    }
}
