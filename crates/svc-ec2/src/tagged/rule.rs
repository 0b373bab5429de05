//! Rules of security groups: they have ids and tags, but are no records of their own.

use super::{Change, Found, Kind};
use crate::{
    records::{all, key},
    resource::Resource,
};
use front::{Answer, Cx, Facts};
use model::ec2::{SecurityGroup, Tags};
use spine::{Read, Scope, Tx};

/// Rules of security groups.
pub const KIND: Kind = Kind { resource: Resource::SECURITY_GROUP_RULE, change, tags, name: |_, _, id| Ok(id.to_owned()), facts };

fn change(cx: &Cx, tx: &mut Tx, id: &str, f: Change<'_>) -> Answer<()> {
    let groups = all::<SecurityGroup>(cx, tx)?;
    let absent = || Resource::SECURITY_GROUP_RULE.absent(id);
    let (group, spec) = groups.iter().find(|(_, group)| group.rules.iter().any(|rule| rule.id == id)).ok_or_else(absent)?;
    let mut spec = (**spec).clone();
    spec.rules.iter_mut().filter(|rule| rule.id == id).try_for_each(|rule| f(&mut rule.tags))?;
    Ok(tx.put_spec(&key::<SecurityGroup>(cx, group), &spec)?)
}

fn tags(cx: &Cx, tx: &Tx) -> Answer<Vec<(String, Tags)>> {
    let groups = all::<SecurityGroup>(cx, tx)?;
    let rules = groups.iter().flat_map(|(_, group)| &group.rules);
    Ok(rules.map(|rule| (rule.id.clone(), rule.tags.clone())).collect())
}

fn facts(at: &Found<'_>) -> Answer<Facts> {
    let Some(account) = &at.account else { return Ok(Facts::default()) };
    let groups = at.snapshot.specs::<SecurityGroup>(Scope::Region(account, &at.region))?;
    let rule = groups.iter().flat_map(|(_, group)| &group.rules).find(|rule| rule.id == at.name);
    Ok(Facts { tags: rule.map(|rule| rule.tags.clone()).unwrap_or_default(), ..Facts::default() })
}
