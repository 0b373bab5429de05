//! Which target groups are in use, and by which balancer: read off the actions of listeners and rules.

use front::Cx;
use model::{
    Key,
    elbv2::{Action, Listener, LoadBalancer, Rule, TargetGroup},
};
use spine::{Read, Scope, Specs, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// The groups that actions of listeners and rules name, with the balancers.
#[derive(Clone, Debug, Default)]
pub struct Usage(BTreeMap<Key<TargetGroup>, BTreeSet<String>>);

impl Usage {
    /// Of one account in a region.
    pub fn here(cx: &Cx, read: &impl Read) -> Result<Self, StoreError> {
        Self::within(read, Scope::Region(&cx.account, &cx.region))
    }

    /// Of the whole cloud.
    pub fn everywhere(read: &impl Read) -> Result<Self, StoreError> {
        Self::within(read, Scope::All)
    }

    fn within(read: &impl Read, scope: Scope<'_>) -> Result<Self, StoreError> {
        Ok(Self::of(&read.specs::<Listener>(scope)?, &read.specs::<Rule>(scope)?))
    }

    /// Of those listeners and rules.
    pub fn of(listeners: &Specs<Listener>, rules: &Specs<Rule>) -> Self {
        let mut usage = Self::default();
        listeners.iter().for_each(|(key, listener)| usage.add(balancer_of(key).as_ref(), &listener.default_action));
        rules.iter().for_each(|(key, rule)| {
            let listener = listener_of(key);
            usage.add(listener.as_ref().and_then(balancer_of).as_ref(), &rule.action);
        });
        usage
    }

    fn add(&mut self, balancer: Option<&Key<LoadBalancer>>, action: &Action) {
        let Some(balancer) = balancer else { return };
        for group in groups_of(action) {
            let group = Key::new(&balancer.account, &balancer.region, group);
            self.0.entry(group).or_default().insert(balancer.id.clone());
        }
    }

    /// Whether anything passes requests to the group.
    pub fn is_used(&self, group: &Key<TargetGroup>) -> bool {
        self.0.contains_key(group)
    }

    /// The balancers that pass requests to the group.
    pub fn balancers(&self, group: &Key<TargetGroup>) -> Vec<Key<LoadBalancer>> {
        let ids = self.0.get(group).into_iter().flatten();
        ids.map(|id| Key::new(&group.account, &group.region, id)).collect()
    }

    /// The groups that a balancer passes requests to.
    pub fn groups(&self, balancer: &Key<LoadBalancer>) -> Vec<Key<TargetGroup>> {
        let uses = |group: &Key<TargetGroup>, ids: &BTreeSet<String>| {
            (&group.account, &group.region) == (&balancer.account, &balancer.region) && ids.contains(&balancer.id)
        };
        self.0.iter().filter(|(group, ids)| uses(group, ids)).map(|(group, _)| group.clone()).collect()
    }
}

/// The ids of the groups that an action passes requests to.
pub fn groups_of(action: &Action) -> impl Iterator<Item = &str> {
    let groups = match action {
        Action::Forward { groups, .. } => groups.as_slice(),
        Action::Redirect { .. } | Action::FixedResponse { .. } => &[],
    };
    groups.iter().map(|(id, _)| id.as_str())
}

/// The balancer that a listener belongs to.
pub fn balancer_of(listener: &Key<Listener>) -> Option<Key<LoadBalancer>> {
    let (balancer, _) = listener.id.rsplit_once('/')?;
    Some(Key::new(&listener.account, &listener.region, balancer))
}

/// The listener that a rule belongs to.
pub fn listener_of(rule: &Key<Rule>) -> Option<Key<Listener>> {
    let (listener, _) = rule.id.rsplit_once('/')?;
    Some(Key::new(&rule.account, &rule.region, listener))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        AccountId, Region,
        elbv2::{ListenerSpec, RuleSpec},
    };
    use std::sync::Arc;

    #[test]
    fn groups_are_found_in_listeners_and_rules() {
        let (account, region) = (AccountId::parse(AccountId::DEFAULT).unwrap(), Region::parse("eu-west-1").unwrap());
        let to = |group: &str| Action::Forward { groups: vec![(group.into(), 1)], stickiness_seconds: None };
        let listener = ListenerSpec {
            port: 80,
            protocol: "HTTP".into(),
            default_rule: "d".into(),
            default_action: to("a/1"),
            attributes: Default::default(),
            tags: Default::default(),
        };
        let rule = RuleSpec { priority: 1, conditions: Vec::new(), action: to("b/2"), tags: Default::default() };
        let usage = Usage::of(
            &vec![(Key::new(&account, &region, "app/x/1/2"), Arc::new(listener))],
            &vec![(Key::new(&account, &region, "app/y/3/4/5"), Arc::new(rule))],
        );
        let group = |id: &str| Key::<TargetGroup>::new(&account, &region, id);
        assert_eq!(usage.balancers(&group("a/1"))[0].id, "app/x/1");
        assert_eq!(usage.balancers(&group("b/2"))[0].id, "app/y/3");
        assert!(!usage.is_used(&group("c/3")));
        assert_eq!(usage.groups(&Key::new(&account, &region, "app/x/1")), [group("a/1")]);
    }
}
