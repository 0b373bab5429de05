//! The kinds of resources that can be tagged, in one table ([`KINDS`]): a new kind is an entry in `kinds.rs`, and with it `CreateTags`,
//! `DescribeTags` and the decisions about who may do what know of it.
//!
//! How a kind's ids look and what is said of one that isn't there stands in `resource.rs`.

mod kinds;
mod rule;

pub use kinds::KINDS;

use crate::{
    records::{all, find, key},
    resource::Resource,
};
use front::{Answer, Cx, Facts};
use logic::policy::Context;
use model::{AccountId, Arn, Key, Record, Region, ec2::Tags, touch::Touched};
use spine::{Read, Scope, Snapshot, Tx};
use std::sync::Arc;
use wire::Fault;

/// Records of a kind of resource, which has ids and tags.
pub trait Tagged: Record {
    /// The kind.
    const RESOURCE: Resource;
    /// What ARNs have instead of the id, where they have something else.
    const NAME: Option<fn(&Self::Spec) -> &str>;
    /// Its tags.
    fn tags(spec: &Self::Spec) -> &Tags;
    /// The same, to be changed.
    fn tags_mut(spec: &mut Self::Spec) -> &mut Tags;
    /// Tells its condition keys (Service Authorization Reference, "Resource types defined by Amazon EC2").
    fn tell(spec: &Self::Spec, known: &mut Known<'_>);
}

/// A record's spec with its key.
pub type Keyed<R> = (Key<R>, Arc<<R as Record>::Spec>);

/// The tags of resources, by their ids.
pub type TagsById = Vec<(String, Tags)>;

/// What is to be done to tags.
pub type Change<'a> = &'a dyn Fn(&mut Tags) -> Answer<()>;

/// What can be done with the resources of a kind, whatever its records are.
pub struct Kind {
    /// The kind.
    pub resource: Resource,
    /// Changes the tags of the one with that id.
    pub change: fn(&Cx, &mut Tx, &str, Change<'_>) -> Answer<()>,
    /// The tags of each, by id.
    pub tags: fn(&Cx, &Tx) -> Answer<TagsById>,
    /// What ARNs have for the one with that id.
    name: fn(&Cx, &Snapshot, &str) -> Answer<String>,
    /// What is known of the one that an ARN names.
    facts: fn(&Found<'_>) -> Answer<Facts>,
}

impl Kind {
    const fn of<R: Tagged>() -> Self {
        Self { resource: R::RESOURCE, change: change::<R>, tags: tags::<R>, name: name::<R>, facts: facts::<R> }
    }

    /// The kind that an id's prefix means.
    pub fn of_id(id: &str) -> Option<&'static Self> {
        let resource = Resource::of_id(id)?;
        KINDS.iter().find(|kind| kind.resource == resource)
    }

    /// The ARN of the one with that id.
    pub fn arn(&self, cx: &Cx, snapshot: &Snapshot, id: &str) -> Answer<Arn> {
        Ok(self.resource.arn(&cx.account, &cx.region, &(self.name)(cx, snapshot, id)?))
    }
}

/// Where to look for a resource.
struct Found<'a> {
    snapshot: &'a Snapshot,
    /// Of the caller, which comes first where an ARN names no account.
    caller: &'a AccountId,
    /// Of the ARN.
    account: Option<AccountId>,
    region: Region,
    /// Its id, or its name.
    name: &'a str,
}

/// What is known of a resource, in the making.
pub struct Known<'a> {
    /// Its id.
    pub id: &'a str,
    /// Who owns it.
    pub account: &'a AccountId,
    /// Where it is.
    pub region: &'a Region,
    keys: Context,
}

impl Known<'_> {
    /// Tells a condition key.
    pub fn set(&mut self, key: &'static str, value: impl Into<String>) -> &mut Self {
        self.keys.set(key, value);
        self
    }

    /// Tells a condition key whose value is the ARN of something beside it.
    pub fn set_arn(&mut self, key: &'static str, resource: Resource, id: &str) -> &mut Self {
        let arn = resource.arn(self.account, self.region, id).to_string();
        self.set(key, arn)
    }
}

/// What is known of a resource: its tags, and where it is. Of one that isn't there, nothing.
pub fn facts_of(cx: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    let Some((resource, name)) = arn.resource.split_once('/') else { return Ok(Facts::default()) };
    let kind = KINDS.iter().find(|kind| kind.resource.name == resource);
    let (Some(kind), Ok(region)) = (kind, Region::parse(&arn.region)) else { return Ok(Facts::default()) };
    (kind.facts)(&Found { snapshot, caller: &cx.account, account: AccountId::parse(&arn.account).ok(), region, name })
}

/// A record of whatever account in a region, by its id: the caller's own before those that others may have shared. It reads one record
/// for each account at most, and none but the caller's where that is the one.
pub fn anywhere<R: Record>(read: &impl Read, caller: &AccountId, region: &Region, id: &str) -> Answer<Option<Keyed<R>>> {
    let own = Key::<R>::new(caller, region, id);
    if let Some(spec) = read.spec(&own)? {
        return Ok(Some((own, spec)));
    }
    for (touched, _) in read.specs::<Touched>(Scope::All)? {
        let key = Key::<R>::new(&touched.account, region, id);
        if touched.region == *region
            && let Some(spec) = read.spec(&key)?
        {
            return Ok(Some((key, spec)));
        }
    }
    Ok(None)
}

fn change<R: Tagged>(cx: &Cx, tx: &mut Tx, id: &str, f: Change<'_>) -> Answer<()> {
    let mut spec = R::Spec::clone(&*find::<R>(cx, tx, id)?);
    f(R::tags_mut(&mut spec))?;
    Ok(tx.put_spec(&key::<R>(cx, id), &spec)?)
}

fn tags<R: Tagged>(cx: &Cx, tx: &Tx) -> Answer<TagsById> {
    Ok(all::<R>(cx, tx)?.into_iter().map(|(id, spec)| (id, R::tags(&spec).clone())).collect())
}

fn name<R: Tagged>(cx: &Cx, snapshot: &Snapshot, id: &str) -> Answer<String> {
    let Some(name) = R::NAME else { return Ok(id.to_owned()) };
    let found = snapshot.spec(&key::<R>(cx, id))?;
    Ok(found.map_or_else(|| "*".to_owned(), |spec| name(&spec).to_owned()))
}

fn facts<R: Tagged>(at: &Found<'_>) -> Answer<Facts> {
    let Some((key, spec)) = at.record::<R>()? else { return Ok(Facts::default()) };
    let mut known = Known { id: &key.id, account: &key.account, region: &key.region, keys: Context::default() };
    R::tell(&spec, &mut known);
    Ok(Facts { tags: R::tags(&spec).clone(), keys: known.keys, ..Facts::default() })
}

impl Found<'_> {
    fn record<R: Tagged>(&self) -> Answer<Option<Keyed<R>>> {
        match (&self.account, R::NAME) {
            (None, _) => anywhere::<R>(self.snapshot, self.caller, &self.region, self.name),
            (Some(account), None) => {
                let key = Key::<R>::new(account, &self.region, self.name);
                Ok(self.snapshot.spec(&key)?.map(|spec| (key, spec)))
            }
            (Some(account), Some(name)) => {
                let specs = self.snapshot.specs::<R>(Scope::Region(account, &self.region))?;
                Ok(specs.into_iter().find(|(_, spec)| name(spec) == self.name))
            }
        }
    }
}
