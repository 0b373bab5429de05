//! `hillfog iam decide`: whether a principal may do something, and which statement of which policy says so.

use crate::{
    client::Server,
    folders::{DataArg, Folders},
    print,
};
use anyhow::Result;
use serde_json::{Value, json};
use std::{collections::BTreeMap, process::ExitCode};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: DataArg,
    /// The ARN of a user, a role, a session of a role, or an account's root
    #[arg(long, value_name = "ARN")]
    principal: String,
    /// Such as ecs:RunTask
    #[arg(long)]
    action: String,
    /// The ARN of what it would be done to
    #[arg(long, value_name = "ARN", default_value = "*")]
    resource: String,
    /// A condition key and its value, such as aws:SourceIp=10.0.0.1; a key with several values is given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    context: Vec<(String, String)>,
    /// Show what every statement of every policy says
    #[arg(long)]
    explain: bool,
    /// Print JSON, with the explanation
    #[arg(long)]
    json: bool,
}

/// Succeeds if it would be allowed, and ends with 3 if it would be denied.
pub fn run(args: Args) -> Result<ExitCode> {
    let server = Server::expect(&Folders::of(&args.data)?)?;
    let mut context = BTreeMap::<&str, Vec<&str>>::new();
    args.context.iter().for_each(|(key, value)| context.entry(key).or_default().push(value));
    let question = json!({"principal": args.principal, "action": args.action, "resource": args.resource, "context": context});
    let answer = server.post("/_hillfog/iam/decide", &question)?;
    let allowed = answer["decision"]["allowed"] == true;
    if args.json {
        println!("{answer:#}");
    } else {
        let word = if allowed { print::good("allowed") } else { print::bad("denied") };
        println!("{word} {}", answer["reason"].as_str().unwrap_or_default());
        list(&answer["decision"]["statements"]).iter().for_each(|statement| println!("  {}", place(statement)));
        if args.explain {
            explain(&answer);
        }
    }
    Ok(if allowed { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// A table of all statements that were looked at.
fn explain(answer: &Value) {
    let policies = list(&answer["policies"]);
    if policies.is_empty() {
        println!("\nThere is no policy to look at.");
        return;
    }
    println!();
    let rows = policies.iter().flat_map(|policy| list(&policy["statements"]).iter().map(|statement| row(policy, statement)));
    print::table(["POLICY", "TYPE", "STATEMENT", "LINE", "EFFECT", "MATCHES"], rows);
}

fn row(policy: &Value, statement: &Value) -> [String; 6] {
    let matches = match statement["failed"].as_str() {
        Some(element) => format!("no: {element}"),
        None => "yes".to_owned(),
    };
    [
        text(&policy["policy"]),
        text(&policy["policy_type"]),
        named(statement),
        text(&statement["start"]["line"]),
        text(&statement["effect"]),
        matches,
    ]
}

/// Where a statement that decided stands.
fn place(statement: &Value) -> String {
    let (policy, kind) = (text(&statement["policy"]), text(&statement["policy_type"]));
    format!("statement {} of {policy} ({kind}), line {}", named(statement), text(&statement["start"]["line"]))
}

/// A statement's number, from 1, and its `Sid`.
fn named(statement: &Value) -> String {
    let number = statement["index"].as_u64().unwrap_or_default() + 1;
    statement["sid"].as_str().map_or_else(|| number.to_string(), |sid| format!("{number} ({sid})"))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    pair.map(|(key, value)| (key.to_owned(), value.to_owned())).ok_or_else(|| format!("{text} is not KEY=VALUE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_named_by_number_and_sid() {
        let statement = json!({"policy": "own", "policy_type": "identity", "sid": "Run", "index": 1, "start": {"line": 4}});
        assert_eq!(place(&statement), "statement 2 (Run) of own (identity), line 4");
        assert_eq!(named(&json!({"sid": null, "index": 0})), "1");
    }

    #[test]
    fn values_may_hold_an_equals_sign() {
        assert_eq!(pair("a:b=c=d"), Ok(("a:b".to_owned(), "c=d".to_owned())));
        assert!(pair("ab").is_err() && pair("=b").is_err());
    }
}
