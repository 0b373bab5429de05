//! What requests act on, and the condition keys that they and the resources tell (Service Authorization Reference, "Amazon EC2").
//!
//! A security group that isn't found by its name is any security group here; who is allowed that much is told by the handler that there is
//! none.

use super::{
    ops::groups,
    records::{default_vpc, key, place},
    resource::Resource,
};
use api::ec2::{Tag, TagSpecification};
use front::{Access, Answer, Cx, Facts, Tagging, keys};
use logic::policy::Context;
use model::{
    AccountId, Arn, Key, Record, Region,
    ec2::{
        Instance, InternetGateway, KeyPair, KeyType, NetworkInterface, PlacementGroup, PlacementStrategy, RouteTable,
        SecurityGroup, Subnet, Tags, Vpc,
    },
};
use spine::{Read, Scope, Snapshot};
use wire::Fault;

/// An operation on no particular resource.
pub fn all<I>() -> Access<I> {
    Access::all().keys(region)
}

/// An operation on what its input alone names.
pub fn on<I>(resources: fn(&Cx, &I) -> Vec<Arn>) -> Access<I> {
    Access::on(resources).keys(region)
}

/// An operation on what records name.
pub fn found<I>(resources: fn(&Cx, &Snapshot, &I) -> Answer<Vec<Arn>>) -> Access<I> {
    Access::found(resources).keys(region)
}

fn region<I>(cx: &Cx, _: &I) -> Context {
    in_region(cx)
}

/// `ec2:Region`.
pub fn in_region(cx: &Cx) -> Context {
    Context::new().with("ec2:Region", cx.region.to_string())
}

/// The resource with that id.
pub fn one(cx: &Cx, resource: Resource, id: &str) -> Arn {
    place(cx).arn(resource, id)
}

/// The resources with those ids, each of the kind that its id is of.
pub fn many(cx: &Cx, snapshot: &Snapshot, ids: &[String]) -> Answer<Vec<Arn>> {
    let arn = |id: &String| match Resource::of_id(id) {
        Some(Resource::KEY_PAIR) => key_pair(cx, snapshot, Some(id), None),
        Some(Resource::PLACEMENT_GROUP) => {
            let group = snapshot.spec(&key::<PlacementGroup>(cx, id))?;
            Ok(one(cx, Resource::PLACEMENT_GROUP, group.as_ref().map_or("*", |group| &group.name)))
        }
        Some(resource) => Ok(one(cx, resource, id)),
        None => Ok(cx.arn("ec2", format!("*/{id}"))),
    };
    ids.iter().map(arn).collect()
}

/// The key pair with that id or that name: ARNs have its name.
pub fn key_pair(cx: &Cx, snapshot: &Snapshot, id: Option<&str>, name: Option<&str>) -> Answer<Arn> {
    let found = match id {
        Some(id) => snapshot.spec(&key::<KeyPair>(cx, id))?,
        None => None,
    };
    let name = name.or(found.as_ref().map(|pair| &*pair.name));
    Ok(one(cx, Resource::KEY_PAIR, name.unwrap_or("*")))
}

/// The security group with that id, or with that name in the default VPC.
pub fn group(cx: &Cx, snapshot: &Snapshot, id: Option<&str>, name: Option<&str>) -> Answer<Vec<Arn>> {
    let id = groups::find(cx, snapshot, id, name)?;
    Ok(vec![one(cx, Resource::SECURITY_GROUP, id.as_deref().unwrap_or("*"))])
}

/// A security group that is made has no id yet; its VPC has one.
pub fn new_group(cx: &Cx, snapshot: &Snapshot, vpc: Option<&str>) -> Answer<Vec<Arn>> {
    let vpc = match vpc {
        Some(id) => Some(id.to_owned()),
        None => default_vpc(cx, snapshot)?.map(|(id, _)| id),
    };
    let vpc = one(cx, Resource::VPC, vpc.as_deref().unwrap_or("*"));
    Ok(vec![one(cx, Resource::SECURITY_GROUP, "*"), vpc])
}

/// The tags of something that is made.
pub fn tagging(cx: &Cx, made: Resource, specifications: Option<&[TagSpecification]>) -> Tagging {
    tagging_named(cx, made, "*", specifications)
}

/// The tags of something that is made, and that has its name in its ARN.
pub fn tagging_named(cx: &Cx, made: Resource, name: &str, specifications: Option<&[TagSpecification]>) -> Tagging {
    let tags = specifications.unwrap_or_default().iter().filter_map(|specification| specification.tags.as_deref());
    Tagging { resources: vec![one(cx, made, name)], tags: tags.flat_map(pairs).collect() }
}

/// `ec2:Region`, `aws:RequestTag/…` and `aws:TagKeys`.
pub fn request_tags(cx: &Cx, tags: &[Tag]) -> Context {
    let mut context = in_region(cx);
    context.set_from(&keys::request_tags(pairs(tags)));
    context
}

fn pairs(tags: &[Tag]) -> Vec<(String, String)> {
    tags.iter().map(|tag| (tag.key.clone().unwrap_or_default(), tag.value.clone().unwrap_or_default())).collect()
}

/// What is known of a resource: its tags, and where it is.
pub fn facts(_: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    let place = AccountId::parse(&arn.account).ok().zip(Region::parse(&arn.region).ok());
    let (Some((account, region)), Some((kind, id))) = (place, arn.resource.split_once('/')) else { return Ok(Facts::default()) };
    let found = Found { snapshot, account, region, id };
    match kind {
        "key-pair" => found.key_pair(),
        "placement-group" => found.placement_group(),
        _ => found.by_id(),
    }
}

/// Where to look for a resource.
struct Found<'a> {
    snapshot: &'a Snapshot,
    account: AccountId,
    region: Region,
    id: &'a str,
}

impl Found<'_> {
    /// What has its id in its ARN.
    fn by_id(&self) -> Result<Facts, Fault> {
        let id = self.id;
        match Resource::of_id(id) {
            Some(Resource::VPC) => self.describe::<Vpc>(
                |_, context| {
                    context.set("ec2:VpcID", id).set("ec2:Tenancy", "default");
                },
                |spec| &spec.tags,
            ),
            Some(Resource::SUBNET) => self.describe::<Subnet>(
                |spec, context| {
                    context.set("ec2:SubnetID", id).set("ec2:Vpc", self.arn(Resource::VPC, &spec.vpc));
                    context.set("ec2:AvailabilityZone", &spec.zone).set("ec2:AvailabilityZoneId", &spec.zone_id);
                },
                |spec| &spec.tags,
            ),
            Some(Resource::SECURITY_GROUP) => self.describe::<SecurityGroup>(
                |spec, context| {
                    context.set("ec2:SecurityGroupID", id).set("ec2:Vpc", self.arn(Resource::VPC, &spec.vpc));
                },
                |spec| &spec.tags,
            ),
            Some(Resource::SECURITY_GROUP_RULE) => self.rule(),
            Some(Resource::NETWORK_INTERFACE) => self.describe::<NetworkInterface>(
                |spec, context| {
                    context.set("ec2:NetworkInterfaceID", id).set("ec2:AvailabilityZone", &spec.zone);
                    context.set("ec2:Subnet", self.arn(Resource::SUBNET, &spec.subnet));
                    context.set("ec2:Vpc", self.arn(Resource::VPC, &spec.vpc));
                },
                |spec| &spec.tags,
            ),
            Some(Resource::INTERNET_GATEWAY) => self.describe::<InternetGateway>(
                |_, context| {
                    context.set("ec2:InternetGatewayID", id);
                },
                |spec| &spec.tags,
            ),
            Some(Resource::ROUTE_TABLE) => self.describe::<RouteTable>(
                |spec, context| {
                    context.set("ec2:RouteTableID", id).set("ec2:Vpc", self.arn(Resource::VPC, &spec.vpc));
                },
                |spec| &spec.tags,
            ),
            Some(Resource::INSTANCE) => self.describe::<Instance>(
                |_, context| {
                    context.set("ec2:InstanceID", id);
                },
                |spec| &spec.tags,
            ),
            _ => Ok(Facts::default()),
        }
    }

    fn arn(&self, resource: Resource, id: &str) -> String {
        Arn::new("ec2", &self.region, &self.account, format!("{}/{id}", resource.name)).to_string()
    }

    fn describe<R: Record>(&self, keys: impl Fn(&R::Spec, &mut Context), tags: fn(&R::Spec) -> &Tags) -> Result<Facts, Fault> {
        let key = Key::<R>::new(&self.account, &self.region, self.id);
        let Some(spec) = self.snapshot.spec(&key)? else { return Ok(Facts::default()) };
        let mut facts = Facts { tags: tags(&spec).clone(), ..Facts::default() };
        keys(&spec, &mut facts.keys);
        Ok(facts)
    }

    /// A rule is no record of its own.
    fn rule(&self) -> Result<Facts, Fault> {
        let groups = self.snapshot.specs::<SecurityGroup>(Scope::Region(&self.account, &self.region))?;
        let rule = groups.iter().flat_map(|(_, group)| &group.rules).find(|rule| rule.id == self.id);
        Ok(Facts { tags: rule.map(|rule| rule.tags.clone()).unwrap_or_default(), ..Facts::default() })
    }

    /// A key pair has its name in its ARN, as the next one has.
    fn key_pair(&self) -> Result<Facts, Fault> {
        let pairs = self.snapshot.specs::<KeyPair>(Scope::Region(&self.account, &self.region))?;
        let Some((_, pair)) = pairs.into_iter().find(|(_, pair)| pair.name == self.id) else { return Ok(Facts::default()) };
        let mut facts = Facts { tags: pair.tags.clone(), ..Facts::default() };
        facts.keys.set("ec2:KeyPairName", &pair.name).set("ec2:KeyPairType", key_type(pair.key_type));
        Ok(facts)
    }

    fn placement_group(&self) -> Result<Facts, Fault> {
        let groups = self.snapshot.specs::<PlacementGroup>(Scope::Region(&self.account, &self.region))?;
        let Some((_, group)) = groups.into_iter().find(|(_, group)| group.name == self.id) else { return Ok(Facts::default()) };
        let mut facts = Facts { tags: group.tags.clone(), ..Facts::default() };
        let strategy = match group.strategy {
            PlacementStrategy::Cluster => "cluster",
            PlacementStrategy::Partition(_) => "partition",
            PlacementStrategy::Spread(_) => "spread",
        };
        facts.keys.set("ec2:PlacementGroupName", &group.name).set("ec2:PlacementGroupStrategy", strategy);
        Ok(facts)
    }
}

/// As `ec2:KeyPairType` has it.
fn key_type(key_type: KeyType) -> &'static str {
    match key_type {
        KeyType::Rsa => "rsa",
        KeyType::Ed25519 => "ed25519",
    }
}
