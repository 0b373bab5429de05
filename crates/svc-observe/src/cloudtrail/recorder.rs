//! Takes the calls that the front tells of, and keeps what there is to keep.

use super::{
    category, event,
    identity::Facts,
    store::{Noted, TrailStore},
};
use front::{Call, Recorder};
use model::{
    Arn, Key,
    iam::{AccessKey, Principal, User, base_name},
};
use spine::{Read, Store};
use std::{collections::BTreeSet, sync::Arc};

/// The recorder of a cloud.
pub struct Trail {
    store: Store,
    events: Arc<TrailStore>,
}

impl Trail {
    /// A recorder that looks up the caller's credentials in `store` and keeps events in `events`.
    pub fn new(store: Store, events: Arc<TrailStore>) -> Self {
        Self { store, events }
    }

    /// What the records say of the caller's credentials. What can't be read is left out: an event with less is better than none.
    fn facts(&self, call: &Call) -> Facts {
        let snapshot = self.store.snapshot();
        let key = snapshot.spec(&Key::<AccessKey>::of_id(&call.access_key_id)).ok().flatten();
        let issuer_id = match &call.principal {
            Principal::FederatedUser { by: Some(user), .. } => {
                let user = snapshot.spec(&Key::<User>::named(&call.account, base_name(user))).ok().flatten();
                user.map(|user| user.id.clone())
            }
            _ => None,
        };
        Facts { key, issuer_id }
    }
}

impl Recorder for Trail {
    /// An event that can't be kept is the operator's trouble and not the caller's, whose call is done by now.
    fn record(&self, call: Call) {
        // Strangers who are refused could fill the history; whoever got in by a token has an event.
        if call.principal == Principal::Anonymous && call.error.is_some() {
            return;
        }
        let management = category::is_management(call.service.id, call.operation);
        let entry = management.then(|| event::entry(&call, &self.facts(&call)));
        let noted = Noted {
            place: format!("{}/{}", call.account, event::region(&call)),
            entry,
            principal: noted_name(&call.principal.arn(&call.account)),
            at: call.at,
            used: used(&call),
        };
        if let Err(error) = self.events.note(noted) {
            tracing::error!(request_id = call.request_id, %error, "a call is missing from the event history");
        }
    }

    fn in_full(&self, service: &'static wire::Service, operation: &'static str) -> bool {
        category::is_management(service.id, operation)
    }
}

/// What the call was allowed. One that was denied any part of what it needed has used nothing.
fn used(call: &Call) -> BTreeSet<(String, String)> {
    if call.checks.iter().any(|check| !check.allowed) {
        return BTreeSet::new();
    }
    call.checks.iter().map(|check| (check.action.clone(), check.resource.clone())).collect()
}

/// Under which name the permissions of an ARN's principal are noted: paths are left out, since names are unique without them and a session's
/// ARN has none, and a session's permissions are its role's.
pub fn noted_name(principal: &Arn) -> String {
    let parts: Vec<&str> = principal.resource.split('/').collect();
    let resource = match (&*principal.service, &*parts) {
        ("sts", ["assumed-role", role, ..]) => format!("role/{role}"),
        ("iam", [kind @ ("role" | "user"), .., name]) => format!("{kind}/{name}"),
        _ => principal.resource.clone(),
    };
    format!("{}/{resource}", principal.account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_their_roles_and_paths_do_not_matter() {
        let name = |arn: &str| noted_name(&arn.parse().unwrap());
        assert_eq!(name("arn:aws:iam::111122223333:role/service-role/builder"), "111122223333/role/builder");
        assert_eq!(name("arn:aws:sts::111122223333:assumed-role/builder/i-1"), "111122223333/role/builder");
        assert_eq!(name("arn:aws:iam::111122223333:user/team/anna"), "111122223333/user/anna");
        assert_eq!(name("arn:aws:sts::111122223333:federated-user/anna"), "111122223333/federated-user/anna");
        assert_eq!(name("arn:aws:iam::111122223333:root"), "111122223333/root");
    }
}
