//! Access keys: those that the cloud issues, and those that every tutorial uses.

use model::{
    AccountId, Env, Key, Timestamp,
    iam::{AccessKey, AccessKeySpec, Principal, Session, SessionTerms},
};
use spine::{StoreError, Tx};
use std::time::Duration;

/// What begins the id of a lasting key, and of a temporary one (IAM user guide, "Unique identifiers").
const LASTING: &str = "AKIA";
const TEMPORARY: &str = "ASIA";
/// Tokens of STS begin so, and clients take them for opaque. The rest is drawn: a token is looked up, not decoded.
const TOKEN_PREFIX: &str = "IQoJb3JpZ2luX2Vj";
const TOKEN_LENGTH: usize = 240;
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

/// Temporary credentials as their owner gets them.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedSession {
    /// `ASIA` and 16 more.
    pub access_key_id: String,
    /// 40 characters.
    pub secret_access_key: String,
    /// Has to come with each request.
    pub token: String,
    /// From then on the key is refused.
    pub expires_at: Timestamp,
}

/// Issues a lasting key that acts as the principal in the account.
pub fn issue(tx: &mut Tx, env: &Env, account: &AccountId, principal: Principal) -> Result<Issued, StoreError> {
    let spec = spec(env, account, principal, None);
    let access_key_id = create(tx, env, LASTING, &spec)?;
    Ok(Issued { access_key_id, secret_access_key: spec.secret })
}

/// Issues temporary credentials, which act as the principal in the account for as long as they last.
pub fn issue_session(
    tx: &mut Tx,
    env: &Env,
    account: &AccountId,
    principal: Principal,
    lasts: Duration,
    terms: SessionTerms,
) -> Result<IssuedSession, StoreError> {
    let expires_at = env.now() + lasts;
    let token = format!("{TOKEN_PREFIX}{}", env.pick(SECRET_ALPHABET, TOKEN_LENGTH));
    let session = Session { token: token.clone(), expires_at, terms };
    let spec = spec(env, account, principal, Some(session));
    let access_key_id = create(tx, env, TEMPORARY, &spec)?;
    Ok(IssuedSession { access_key_id, secret_access_key: spec.secret, token, expires_at })
}

fn spec(env: &Env, account: &AccountId, principal: Principal, session: Option<Session>) -> AccessKeySpec {
    let (secret, created_at) = (env.pick(SECRET_ALPHABET, 40), env.now());
    AccessKeySpec { account: account.clone(), principal, secret, created_at, inactive: false, session }
}

fn create(tx: &mut Tx, env: &Env, prefix: &str, spec: &AccessKeySpec) -> Result<String, StoreError> {
    let id = format!("{prefix}{}", env.pick(ID_ALPHABET, 16));
    tx.create(&Key::<AccessKey>::of_id(&id), spec)?;
    Ok(id)
}

/// The account whose root a key of the tutorials acts as, whatever its secret: `test`, or an account's own number.
pub(crate) fn tutorial_account(access_key_id: &str) -> Option<AccountId> {
    match access_key_id {
        "test" => AccountId::parse(AccountId::DEFAULT).ok(),
        number => AccountId::parse(number).ok(),
    }
}
