//! Which policies apply to whoever makes a request.
//!
//! They are read from the records of IAM for each request, so that a change holds from the next request on, and compiled once for each
//! revision of the record that they stand in. Those of resources stand in the records of many services, and are compiled once for each
//! text.

use super::facts::ResourcePolicy;
use logic::{
    aws_managed,
    policy::{Attached, Kind, Policies, Policy},
};
use model::{
    AccountId, Arn, Key,
    iam::{AccessKeySpec, Group, ManagedPolicy, Named, Permissions, Principal, Role, Session, User, base_name},
};
use spine::{Read, Revision, Snapshot};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use wire::Fault;

/// Compiled policies that are kept; all are forgotten when there are more.
const MOST_KEPT: usize = 10_000;

type Documents = Arc<Vec<Attached>>;

/// Compiled policies, by the record that they stand in and its revision, or by their own text.
#[derive(Default)]
pub(crate) struct Compiled(Mutex<HashMap<String, (Revision, Documents)>>);

impl Compiled {
    /// Forgets everything; revisions of an emptied store begin anew.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    /// A resource's policy. Its text takes the place of a record, and needs no revision.
    pub(crate) fn of_resource(&self, resource: &ResourcePolicy) -> Result<Attached, Fault> {
        let ResourcePolicy { name, document, kind } = resource;
        let compiled = self.of(format!("{kind:?} {document}"), Revision::default(), || {
            let policy = Policy::parse(document, *kind)
                .map_err(|malformed| Fault::internal(format_args!("the policy of {name} can't be read: {malformed}")))?;
            Ok(vec![Attached { name: name.clone(), policy: Arc::new(policy) }])
        })?;
        // Another resource with the same text may have had it compiled.
        Ok(Attached { name: name.clone(), policy: compiled[0].policy.clone() })
    }

    fn of(
        &self,
        place: String,
        revision: Revision,
        compile: impl FnOnce() -> Result<Vec<Attached>, Fault>,
    ) -> Result<Documents, Fault> {
        if let Some((at, documents)) = self.lock().get(&place)
            && *at == revision
        {
            return Ok(documents.clone());
        }
        let documents = Arc::new(compile()?);
        let mut kept = self.lock();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(place, (revision, documents.clone()));
        Ok(documents)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Revision, Documents)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the policies of an account's identities.
pub(crate) struct Reader<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) compiled: &'a Compiled,
    pub(crate) account: &'a AccountId,
}

impl Reader<'_> {
    /// The policies that decide what a holder of the key may do. The account's root has none and may do everything.
    pub(crate) fn of_key(&self, id: &str, key: &AccessKeySpec) -> Result<Policies, Fault> {
        let narrowed = key.session.as_ref().map(|session| self.of_session(id, session)).transpose()?.flatten();
        match &key.principal {
            Principal::Root => Ok(Policies { session: narrowed, ..Policies::default() }),
            Principal::FederatedUser { by: None, .. } => {
                let everything = vec![self.managed("arn:aws:iam::aws:policy/AdministratorAccess")?];
                let identity = everything.into_iter().flatten().collect();
                // Whoever is federated may do nothing but what the session's policies say.
                Ok(Policies { identity, session: Some(narrowed.unwrap_or_default()), ..Policies::default() })
            }
            Principal::FederatedUser { by: Some(user), .. } => {
                let policies = self.of_user(base_name(user), None)?;
                Ok(Policies { session: Some(narrowed.unwrap_or_default()), ..policies })
            }
            principal => Ok(Policies { session: narrowed, ..self.of_principal(principal)? }),
        }
    }

    /// The policies of a user, or of a role whose session it is. Those of somebody who is gone are none, so that everything is denied.
    pub(crate) fn of_principal(&self, principal: &Principal) -> Result<Policies, Fault> {
        match principal {
            Principal::User { name, id } => self.of_user(base_name(name), Some(id)),
            Principal::AssumedRole { role, id, .. } => self.of_role(base_name(role), Some(id)),
            Principal::Root | Principal::Anonymous | Principal::FederatedUser { .. } | Principal::Service { .. } => {
                Ok(Policies::default())
            }
        }
    }

    /// A user's own, its groups', and its boundary. With an id, the user must still be the same.
    pub(crate) fn of_user(&self, name: &str, id: Option<&String>) -> Result<Policies, Fault> {
        let key = Key::<User>::named(self.account, name);
        let Some(user) = self.snapshot.get(&key)?.filter(|user| id.is_none_or(|id| *id == user.spec.id)) else {
            return Ok(Policies::default());
        };
        let mut identity = self.permissions(&key, user.revision, &user.spec.permissions)?;
        for group in &user.spec.groups {
            let key = Key::<Group>::named(self.account, group);
            if let Some(group) = self.snapshot.get(&key)? {
                identity.extend(self.permissions(&key, group.revision, &group.spec.permissions)?);
            }
        }
        Ok(Policies { identity, boundary: self.boundary(user.spec.boundary.as_deref())?, ..Policies::default() })
    }

    /// A role's own and its boundary. With an id, the role must still be the same.
    pub(crate) fn of_role(&self, name: &str, id: Option<&String>) -> Result<Policies, Fault> {
        let key = Key::<Role>::named(self.account, name);
        let Some(role) = self.snapshot.get(&key)?.filter(|role| id.is_none_or(|id| *id == role.spec.id)) else {
            return Ok(Policies::default());
        };
        let identity = self.permissions(&key, role.revision, &role.spec.permissions)?;
        Ok(Policies { identity, boundary: self.boundary(role.spec.boundary.as_deref())?, ..Policies::default() })
    }

    fn permissions<R: Named>(&self, key: &Key<R>, revision: Revision, permissions: &Permissions) -> Result<Vec<Attached>, Fault> {
        let place = format!("{key:?}");
        let inline = self
            .compiled
            .of(place, revision, || permissions.inline.iter().map(|(name, document)| attached(name, document)).collect())?;
        let mut all = inline.to_vec();
        for arn in &permissions.attached {
            all.extend(self.managed(arn)?);
        }
        Ok(all)
    }

    /// A boundary that can't be found bounds everything away.
    fn boundary(&self, arn: Option<&str>) -> Result<Option<Attached>, Fault> {
        let Some(arn) = arn else { return Ok(None) };
        let found = self.managed(arn)?;
        Ok(Some(found.unwrap_or_else(|| Attached { name: arn.into(), policy: Arc::new(Policy::empty()) })))
    }

    /// What narrows a session, if anything does. Keys are never changed, so that they need no revision.
    fn of_session(&self, id: &str, session: &Session) -> Result<Option<Vec<Attached>>, Fault> {
        let terms = &session.terms;
        if terms.policies.is_none() && terms.policy_arns.is_empty() {
            return Ok(None);
        }
        let inline = self.compiled.of(format!("session/{id}"), Revision::default(), || {
            let documents = terms.policies.iter().flatten();
            documents.map(|document| attached("session policy", document)).collect()
        })?;
        let mut all = inline.to_vec();
        for arn in &terms.policy_arns {
            all.extend(self.managed(arn)?);
        }
        Ok(Some(all))
    }

    /// The default version of a managed policy: AWS's, or the account's own.
    fn managed(&self, arn: &str) -> Result<Option<Attached>, Fault> {
        if let Some(policy) = aws_managed::find(arn) {
            let compiled = self.compiled.of(arn.to_owned(), Revision::default(), || Ok(vec![attached(arn, policy.document)?]))?;
            return Ok(compiled.first().cloned());
        }
        let Some(name) =
            arn.parse::<Arn>().ok().and_then(|arn| Some(base_name(arn.resource.strip_prefix("policy/")?).to_owned()))
        else {
            return Ok(None);
        };
        let key = Key::<ManagedPolicy>::named(self.account, &name);
        let Some(policy) = self.snapshot.get(&key)? else { return Ok(None) };
        let compiled = self.compiled.of(format!("{key:?}"), policy.revision, || {
            let version = policy.spec.versions.get(&policy.spec.default);
            version.map(|version| attached(arn, &version.document)).into_iter().collect()
        })?;
        Ok(compiled.first().cloned())
    }
}

/// Documents were checked when they were written: one that can't be read now is the cloud's fault, and allows nothing.
fn attached(name: &str, document: &str) -> Result<Attached, Fault> {
    let policy = Policy::parse(document, Kind::Identity)
        .map_err(|malformed| Fault::internal(format_args!("the policy {name} can't be read: {malformed}")))?;
    Ok(Attached { name: name.into(), policy: Arc::new(policy) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resources_policy_is_compiled_once_for_each_text_and_kind() {
        let text = |effect: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Principal":"*","Action":"sts:AssumeRole"}}]}}"#
            )
        };
        let of = |name: &str, document: String, kind| ResourcePolicy { name: name.into(), document, kind };
        let compiled = Compiled::default();
        let first = compiled.of_resource(&of("a", text("Allow"), Kind::Trust)).unwrap();
        let again = compiled.of_resource(&of("b", text("Allow"), Kind::Trust)).unwrap();
        assert!(Arc::ptr_eq(&first.policy, &again.policy));
        assert_eq!((&*first.name, &*again.name), ("a", "b"));
        for other in [of("a", text("Deny"), Kind::Trust), of("a", text("Allow"), Kind::Resource)] {
            assert!(!Arc::ptr_eq(&first.policy, &compiled.of_resource(&other).unwrap().policy));
        }
    }
}
