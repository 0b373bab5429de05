//! `hillfog key`: issues an access key of an account's root.

use crate::{
    client::Server,
    folders::{DataArg, Folders},
};
use anyhow::{Context, Result};
use model::AccountId;
use serde_json::json;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: DataArg,
    /// The account whose root the key is for
    #[arg(long, default_value = AccountId::DEFAULT, value_parser = AccountId::parse)]
    account: AccountId,
    /// Print a JSON object instead of exports
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> Result<ExitCode> {
    let server = Server::expect(&Folders::of(&args.data)?)?;
    let key = server.post("/_hillfog/keys", &json!({ "account": args.account }))?;
    if args.json {
        println!("{key}");
        return Ok(ExitCode::SUCCESS);
    }
    let field = |name: &str| key[name].as_str().map(str::to_owned).with_context(|| format!("The server's answer has no {name}"));
    println!("export AWS_ACCESS_KEY_ID='{}'", field("access_key_id")?);
    println!("export AWS_SECRET_ACCESS_KEY='{}'", field("secret_access_key")?);
    Ok(ExitCode::SUCCESS)
}
