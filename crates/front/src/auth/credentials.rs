//! Access keys: those that the cloud issues, and those that every tutorial uses.

use model::{
    AccountId, Env, Key,
    iam::{AccessKey, AccessKeySpec, Principal},
};
use spine::{StoreError, Tx};

/// What begins the id of a lasting key (IAM user guide, "Unique identifiers").
const LASTING: &str = "AKIA";
const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A key as its owner gets it.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// `AKIA` and 16 more.
    pub access_key_id: String,
    /// 40 characters.
    pub secret_access_key: String,
}

/// Issues a lasting key that acts as the principal in the account.
pub fn issue(tx: &mut Tx, env: &Env, account: &AccountId, principal: Principal) -> Result<Issued, StoreError> {
    let access_key_id = format!("{LASTING}{}", env.pick(ID_ALPHABET, 16));
    let secret_access_key = env.pick(SECRET_ALPHABET, 40);
    let spec = AccessKeySpec {
        account: account.clone(),
        principal,
        secret: secret_access_key.clone(),
        created_at: env.now(),
        session: None,
    };
    tx.create(&Key::<AccessKey>::of_id(&access_key_id), &spec)?;
    Ok(Issued { access_key_id, secret_access_key })
}

/// The account whose root a key of the tutorials acts as, whatever its secret: `test`, or an account's own number.
pub(crate) fn tutorial_account(access_key_id: &str) -> Option<AccountId> {
    match access_key_id {
        "test" => AccountId::parse(AccountId::DEFAULT).ok(),
        number => AccountId::parse(number).ok(),
    }
}
