//! The values of secrets, sealed with the account's own key (`alias/aws/ssm`), each for the one parameter that it is the value of.

use super::errors::not_built;
use front::{Cx, records::key};
use logic::sealer::Sealer;
use model::{Timestamp, iam::SealingKeySpec, ssm::ParameterKey};
use spine::{Read, Tx};
use wire::Fault;

/// The key that is used where none is named.
pub const OWN_KEY: &str = "alias/aws/ssm";
/// What is sealed here can't be passed off as something else that is.
const PURPOSE: &str = "ssm/parameter";
/// Secrets don't age.
const EVER: Timestamp = Timestamp(i64::MAX);

/// The key that a request names, which has to be the account's own.
pub fn check_key(cx: &Cx, named: &str) -> Result<(), Fault> {
    let arn = cx.arn("kms", OWN_KEY).to_string();
    if named == OWN_KEY || named == arn { Ok(()) } else { Err(not_built(format_args!("the KMS key {named}"))) }
}

/// A value as it is kept.
pub fn seal(cx: &Cx, tx: &mut Tx, name: &str, value: &str) -> Result<String, Fault> {
    let at = key::<ParameterKey>(cx, OWN_KEY);
    let kept = match tx.spec(&at)? {
        Some(kept) => kept.key,
        None => {
            let mut made = SealingKeySpec { key: [0; 32] };
            cx.env.dice.fill(&mut made.key);
            tx.create(&at, &made)?;
            made.key
        }
    };
    let mut nonce = [0; 12];
    cx.env.dice.fill(&mut nonce);
    Ok(Sealer::new(&kept).seal(PURPOSE, &bound(name, value), EVER, nonce))
}

/// What a value as it is kept means.
pub fn open(cx: &Cx, tx: &Tx, name: &str, sealed: &str) -> Result<String, Fault> {
    let kept = tx.spec(&key::<ParameterKey>(cx, OWN_KEY))?;
    let opened = kept.and_then(|kept| Sealer::new(&kept.key).open(PURPOSE, sealed, cx.now));
    let value = opened.as_deref().and_then(|text| text.strip_prefix(&bound(name, "")).map(str::to_owned));
    value.ok_or_else(|| Fault::internal(format_args!("the value of the parameter {name} can't be opened")))
}

fn bound(name: &str, value: &str) -> String {
    format!("{name}:{value}")
}
