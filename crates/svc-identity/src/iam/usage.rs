//! Where managed policies are used: attached to whom, and bounding whom.

use super::names;
use front::{Answer, Cx};
use model::iam::{Group, Role, User};
use spine::Read;
use std::collections::BTreeMap;

/// How often a policy is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// To how many users, groups and roles it is attached.
    pub attached: i32,
    /// How many users and roles it bounds.
    pub bounds: i32,
}

/// The policies that are used, by ARN.
#[derive(Debug, Default)]
pub struct Usages(BTreeMap<String, Usage>);

impl Usages {
    /// How the caller's account uses policies.
    pub fn of(cx: &Cx, store: &impl Read) -> Answer<Self> {
        let mut usages = Self::default();
        for (_, user) in names::all::<User>(cx, store)? {
            usages.count(&user.permissions.attached, &user.boundary);
        }
        for (_, role) in names::all::<Role>(cx, store)? {
            usages.count(&role.permissions.attached, &role.boundary);
        }
        for (_, group) in names::all::<Group>(cx, store)? {
            usages.count(&group.permissions.attached, &None);
        }
        Ok(usages)
    }

    /// How the policy of that ARN is used.
    pub fn get(&self, arn: &str) -> Usage {
        self.0.get(arn).copied().unwrap_or_default()
    }

    fn count<'a>(&mut self, attached: impl IntoIterator<Item = &'a String>, boundary: &Option<String>) {
        attached.into_iter().for_each(|arn| self.0.entry(arn.clone()).or_default().attached += 1);
        boundary.iter().for_each(|arn| self.0.entry(arn.clone()).or_default().bounds += 1);
    }
}
