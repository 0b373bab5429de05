//! Which services may write to an account's log groups: those that its resource policies name, and whoever delivers logs for it (CloudWatch
//! Logs user guide, "Enable logging from AWS services": AWS puts a policy `AWSLogDeliveryWrite20150319` there by itself).

use model::{AccountId, Region, logs::ResourcePolicy};
use serde_json::{Value, json};
use spine::{Read, Scope, Snapshot};
use wire::Fault;

/// Who delivers logs of services.
const DELIVERY: &str = "delivery.logs.amazonaws.com";

/// All that an account's policies say, as one policy.
pub fn policy(snapshot: &Snapshot, account: &AccountId, region: &Region) -> Result<String, Fault> {
    let mut statements = vec![json!({
        "Sid": "AWSLogDeliveryWrite",
        "Effect": "Allow",
        "Principal": {"Service": DELIVERY},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": account.as_str()}},
    })];
    for (_, policy) in snapshot.specs::<ResourcePolicy>(Scope::Region(account, region))? {
        let document: Value = serde_json::from_str(&policy.document).unwrap_or_default();
        match document["Statement"].clone() {
            Value::Array(of_policy) => statements.extend(of_policy),
            one => statements.push(one),
        }
    }
    Ok(json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}
