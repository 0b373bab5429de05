//! `hillfog iam observed`: the least policy that covers what a principal was really allowed.

use crate::{
    client::Server,
    folders::{DataArg, Folders},
    span::seconds,
};
use anyhow::Result;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: DataArg,
    /// The ARN of a user, a role, a session of a role, or an account's root; a role's are all its sessions
    #[arg(long, value_name = "ARN")]
    principal: String,
    /// Only what was called so lately, such as 2h or 7d; else as far back as is known, 90 days
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    since: Option<i64>,
    /// Print the policy on one line
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> Result<ExitCode> {
    let server = Server::expect(&Folders::of(&args.data)?)?;
    let principal = utf8_percent_encode(&args.principal, NON_ALPHANUMERIC);
    let since = args.since.map(|seconds| format!("&since_seconds={seconds}")).unwrap_or_default();
    let observed = server.get(&format!("/_hillfog/iam/observed?principal={principal}{since}"))?;
    let policy = &observed["policy"];
    if policy["Statement"].as_array().is_none_or(Vec::is_empty) {
        eprintln!("No allowed call of {} is known. Let it do its work, and ask again.", args.principal);
        return Ok(ExitCode::from(3));
    }
    println!("{}", if args.json { policy.to_string() } else { pretty(policy) });
    Ok(ExitCode::SUCCESS)
}

/// With the version first, as policies are written.
fn pretty(policy: &Value) -> String {
    let statements = format!("{:#}", policy["Statement"]).replace('\n', "\n  ");
    format!("{{\n  \"Version\": {},\n  \"Statement\": {statements}\n}}", policy["Version"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_policy_is_shown_as_policies_are_written() {
        let policy = json!({"Statement": [{"Effect": "Allow"}], "Version": "2012-10-17"});
        assert_eq!(
            pretty(&policy),
            "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\"\n    }\n  ]\n}"
        );
    }
}
