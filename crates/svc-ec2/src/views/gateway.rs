//! Internet gateways as the API shows them.

use super::Place;
use crate::{
    describe::{Described, Field, Text, each},
    resource::Resource,
    tags,
};
use api::ec2::{InternetGateway, InternetGatewayAttachment, Tag};
use model::ec2::InternetGatewaySpec;

/// An internet gateway.
pub fn gateway(place: Place<'_>, id: &str, spec: &InternetGatewaySpec) -> InternetGateway {
    // EC2 says `available` of a gateway's attachment, which its own model doesn't list among the states of attachments.
    let attachment = |vpc: &String| InternetGatewayAttachment { state: Some("available".into()), vpc_id: Some(vpc.clone()) };
    InternetGateway {
        attachments: Some(spec.vpc.iter().map(attachment).collect()),
        internet_gateway_id: Some(id.into()),
        owner_id: place.owner(),
        tags: Some(tags::view(&spec.tags)),
    }
}

impl Described for InternetGateway {
    const RESOURCE: Resource = Resource::INTERNET_GATEWAY;
    const IDS: &'static str = "InternetGatewayIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("attachment.state", |it| each(&it.attachments, |one| &one.state)),
        ("attachment.vpc-id", |it| each(&it.attachments, |one| &one.vpc_id)),
        ("internet-gateway-id", |it| it.internet_gateway_id.texts()),
        ("owner-id", |it| it.owner_id.texts()),
    ];

    fn id(&self) -> &str {
        self.internet_gateway_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
