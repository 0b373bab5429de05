//! From what was issued to what the API shows.

use api::sts as sdk;
use front::credentials::IssuedSession;
use model::{AccountId, Timestamp, iam::Principal};

pub fn time(at: Timestamp) -> wire::Time {
    wire::Time(at.0)
}

pub fn credentials(issued: IssuedSession) -> sdk::Credentials {
    sdk::Credentials {
        access_key_id: issued.access_key_id,
        secret_access_key: issued.secret_access_key,
        session_token: issued.token,
        expiration: time(issued.expires_at),
    }
}

pub fn assumed_role_user(account: &AccountId, session: &Principal) -> sdk::AssumedRoleUser {
    sdk::AssumedRoleUser { assumed_role_id: session.id(account), arn: session.arn(account).to_string() }
}

pub fn federated_user(account: &AccountId, session: &Principal) -> sdk::FederatedUser {
    sdk::FederatedUser { federated_user_id: session.id(account), arn: session.arn(account).to_string() }
}
