//! The values of secrets, encrypted with KMS keys, each for the one parameter that it is the value of (KMS developer guide, "How AWS Systems
//! Manager Parameter Store uses AWS KMS").

use super::errors::{bad_key, invalid_key};
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{
    Cx,
    kms::{self, Found},
};
use logic::kms::{Ciphertext, EncryptionContext};
use model::kms::KeyKind;
use spine::{Read, Tx};
use wire::Fault;

/// The key that is used where none is named.
pub const OWN_KEY: &str = "alias/aws/ssm";

/// A value as it is kept: encrypted with the key that is named.
///
/// # Errors
/// `InvalidKeyId` for a key that isn't there or can't be used, and what the caller may not.
pub fn seal(cx: &Cx, tx: &mut Tx, (name, named): (&str, &str), value: &str) -> Result<String, Fault> {
    let found = key(cx, tx, named)?;
    usable(cx, &found)?;
    let context = context(cx, name);
    kms::authorize(cx, &found, "kms:Encrypt", "ssm", &context)?;
    Ok(STANDARD.encode(kms::encrypt(&cx.env, tx, &found, value.as_bytes(), &context)?))
}

fn key(cx: &Cx, tx: &mut Tx, named: &str) -> Result<Found, Fault> {
    if named == OWN_KEY || named == cx.arn("kms", OWN_KEY).to_string() {
        return kms::managed(cx, tx, "ssm");
    }
    let found = kms::find(cx, tx, named).map_err(invalid_key)?;
    match found.spec.kind {
        KeyKind::Symmetric => Ok(found),
        kind => Err(bad_key(format!("{} is no symmetric encryption KMS key, but {}.", found.key.arn(), kind.as_str()))),
    }
}

fn usable(cx: &Cx, found: &Found) -> Result<(), Fault> {
    kms::usable(found, cx.now).map_err(invalid_key)
}

/// What a value as it is kept means.
///
/// # Errors
/// `InvalidKeyId` where its key is gone or can't be used, and what the caller may not.
pub fn open(cx: &Cx, read: &impl Read, name: &str, sealed: &str) -> Result<String, Fault> {
    let broken = || Fault::internal(format_args!("the value of the parameter {name} can't be opened"));
    let bytes = STANDARD.decode(sealed).map_err(|_| broken())?;
    let ciphertext = Ciphertext::parse(&bytes).ok_or_else(broken)?;
    let gone = || bad_key(format!("Key '{}' does not exist", ciphertext.key.arn()));
    let found = kms::at(read, &ciphertext.key)?.ok_or_else(gone)?;
    let context = context(cx, name);
    kms::authorize(cx, &found, "kms:Decrypt", "ssm", &context)?;
    usable(cx, &found)?;
    let opened = kms::decrypt(read, &ciphertext, &context)?.ok_or_else(broken)?;
    String::from_utf8(opened).map_err(|_| broken())
}

/// What a value is bound to: the ARN of its parameter.
fn context(cx: &Cx, name: &str) -> EncryptionContext {
    let arn = cx.arn("ssm", format!("parameter/{}", name.trim_start_matches('/'))).to_string();
    EncryptionContext::from([("PARAMETER_ARN".to_owned(), arn)])
}
