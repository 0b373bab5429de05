//! Environment variables: what may be one, and how they are kept (Lambda developer guide, "Securing Lambda environment variables").

use super::errors;
use front::{Answer, Cx, kms};
use logic::kms::{Ciphertext, EncryptionContext, State, state};
use model::{
    Key, Timestamp,
    kms::{KeyUsage, Secret},
    lambda::{Configuration, Environment, Function},
};
use spine::{Read, Tx};
use std::collections::BTreeMap;
use wire::Fault;

/// Variables by their names.
pub type Variables = BTreeMap<String, String>;

/// The most that all variables may be together as JSON, in bytes.
const LARGEST: usize = 4096;

/// Variables that Lambda sets itself (Lambda developer guide, "Defined runtime environment variables").
const RESERVED: &[&str] = &[
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];

/// Refuses variables that a function can't have.
pub fn check(variables: &Variables) -> Answer<()> {
    const FAILED: &str =
        "Lambda was unable to configure your environment variables because the environment variables you have provided";
    let reserved: Vec<&str> = variables.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    if !reserved.is_empty() {
        return Err(errors::invalid(format!(
            "{FAILED} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    let text = serde_json::to_string(variables).map_err(Fault::internal)?;
    if text.len() > LARGEST {
        return Err(errors::invalid(format!("{FAILED} exceeded the 4KB limit. String measured: {text}")));
    }
    Ok(())
}

/// Encrypts the variables of a function by a key of the caller's, or else the one that AWS manages for Lambda; none if there are none.
///
/// # Errors
/// If the key isn't there or can't be used.
pub fn seal(
    cx: &Cx,
    tx: &mut Tx,
    function: &Key<Function>,
    key: Option<&str>,
    variables: &Variables,
) -> Answer<Option<Environment>> {
    if variables.is_empty() {
        return Ok(None);
    }
    let context = context(function);
    let found = match key {
        None => kms::managed(cx, tx, "lambda")?,
        Some(named) => {
            let found = kms::find(cx, tx, named).map_err(unusable)?;
            kms::usable(&found, cx.now).map_err(unusable)?;
            kms::usage(&found, KeyUsage::EncryptDecrypt, "Encrypt").map_err(unusable)?;
            kms::authorize(cx, &found, "kms:Encrypt", "lambda", &context)?;
            found
        }
    };
    let text = serde_json::to_vec(variables).map_err(Fault::internal)?;
    let ciphertext = kms::encrypt(&cx.env, tx, &found, &text, &context)?;
    Ok(Some(Environment { ciphertext: Secret::new(ciphertext) }))
}

fn unusable(fault: Fault) -> Fault {
    errors::invalid(format!(
        "Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. \
         Please check your KMS key settings. KMS Exception: {}KMS Message: {}",
        fault.code, fault.message
    ))
}

/// Why variables can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The key is disabled.
    Disabled,
    /// The key will be gone, or has no material.
    InvalidState,
    /// The key is gone, or what was kept isn't what it has encrypted.
    NotFound,
}

/// The variables of a function, as invocations see them.
pub fn open(
    read: &impl Read,
    now: Timestamp,
    function: &Key<Function>,
    configuration: &Configuration,
) -> Answer<Result<Variables, Closed>> {
    let Some(environment) = &configuration.environment else { return Ok(Ok(Variables::new())) };
    let Some(ciphertext) = Ciphertext::parse(environment.ciphertext.bytes()) else { return Ok(Err(Closed::NotFound)) };
    let Some(found) = kms::at(read, &ciphertext.key)? else { return Ok(Err(Closed::NotFound)) };
    match state(&found.spec, now) {
        State::Enabled => {}
        State::Disabled => return Ok(Err(Closed::Disabled)),
        State::PendingDeletion | State::PendingImport => return Ok(Err(Closed::InvalidState)),
    }
    let opened = kms::decrypt(read, &ciphertext, &context(function))?;
    Ok(opened.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(Closed::NotFound))
}

/// Whether the caller may see what was encrypted: everybody who sees the function, where the key is AWS's.
pub fn shown_to(cx: &Cx, read: &impl Read, function: &Key<Function>, configuration: &Configuration) -> bool {
    let Some(named) = configuration.kms_key.as_deref() else { return true };
    let allowed = |found| kms::authorize(cx, &found, "kms:Decrypt", "lambda", &context(function));
    kms::find(cx, read, named).and_then(allowed).is_ok()
}

fn context(function: &Key<Function>) -> EncryptionContext {
    EncryptionContext::from([("aws:lambda:FunctionArn".to_owned(), function.arn().to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn some_variables_are_lambdas_own() {
        assert!(check(&of(&[("STAGE", "test"), ("TZ", "UTC"), ("AWS_MINE", "x")])).is_ok());
        let refused = check(&of(&[("AWS_REGION", "x"), ("_HANDLER", "y")])).unwrap_err();
        assert!(refused.message.ends_with("Reserved keys used in this request: AWS_REGION, _HANDLER"));
    }

    #[test]
    fn variables_have_four_kibibytes() {
        // {"AB":"…"} has nine characters more than the value.
        let sized = |length: usize| check(&of(&[("AB", &"x".repeat(length))]));
        assert!(sized(LARGEST - 9).is_ok());
        assert!(sized(LARGEST - 8).unwrap_err().message.contains("exceeded the 4KB limit"));
    }
}
