//! Egress-only internet gateways: what speaks IPv6 gets out by them, and nothing gets in that it hasn't asked for.

use super::tokens::{Asked, asked};
use crate::{
    access::{self, TAG},
    describe::{Described, Field, Query, Text, each, select},
    errors::dry_run,
    records::{chosen, find, key},
    resource::Resource,
    tags,
};
use api::ec2::{
    self, CreateEgressOnlyInternetGatewayRequest, CreateEgressOnlyInternetGatewayResult, DeleteEgressOnlyInternetGatewayRequest,
    DeleteEgressOnlyInternetGatewayResult, DescribeEgressOnlyInternetGatewaysRequest, DescribeEgressOnlyInternetGatewaysResult,
    EgressOnlyInternetGateway as View, InternetGatewayAttachment, Tag,
};
use front::{Cx, Service};
use model::ec2::{EgressOnlyInternetGateway, EgressOnlyInternetGatewaySpec, Vpc};
use spine::Tx;
use wire::Fault;

const RESOURCE: Resource = Resource::EGRESS_ONLY_INTERNET_GATEWAY;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateEgressOnlyInternetGateway>(
            access::on(|cx, i: &CreateEgressOnlyInternetGatewayRequest| {
                vec![access::one(cx, RESOURCE, "*"), access::one(cx, Resource::VPC, &i.vpc_id)]
            })
            .tagging(TAG, |cx, i| access::tagging(cx, RESOURCE, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::DeleteEgressOnlyInternetGateway>(
            access::on(|cx, i: &DeleteEgressOnlyInternetGatewayRequest| {
                vec![access::one(cx, RESOURCE, &i.egress_only_internet_gateway_id)]
            }),
            delete,
        )
        .op::<ec2::DescribeEgressOnlyInternetGateways>(access::all(), describe)
}

/// `CreateEgressOnlyInternetGateway`.
fn create(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateEgressOnlyInternetGatewayRequest,
) -> Result<CreateEgressOnlyInternetGatewayResult, Fault> {
    dry_run(input.dry_run)?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), RESOURCE)?;
    find::<Vpc>(cx, tx, &input.vpc_id)?;
    let answer = |id: &str, spec: &EgressOnlyInternetGatewaySpec| CreateEgressOnlyInternetGatewayResult {
        client_token: input.client_token.clone(),
        egress_only_internet_gateway: Some(view(id, spec)),
    };
    let token = input.client_token.as_deref();
    let client_token = match asked::<EgressOnlyInternetGateway>(cx, tx, token, input, |it| it.client_token.as_ref())? {
        Asked::Before((id, spec)) => return Ok(answer(&id, &spec)),
        Asked::New(token) => token,
    };
    let id = format!("eigw-{}", cx.env.hex(17));
    let spec = EgressOnlyInternetGatewaySpec { vpc: input.vpc_id.clone(), client_token, tags };
    tx.create(&key::<EgressOnlyInternetGateway>(cx, &id), &spec)?;
    Ok(answer(&id, &spec))
}

/// `DeleteEgressOnlyInternetGateway`. Routes that lead to it stay, and lead nowhere.
fn delete(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteEgressOnlyInternetGatewayRequest,
) -> Result<DeleteEgressOnlyInternetGatewayResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.egress_only_internet_gateway_id;
    find::<EgressOnlyInternetGateway>(cx, tx, id)?;
    tx.delete(&key::<EgressOnlyInternetGateway>(cx, id))?;
    Ok(DeleteEgressOnlyInternetGatewayResult { return_code: Some(true) })
}

/// `DescribeEgressOnlyInternetGateways`.
fn describe(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeEgressOnlyInternetGatewaysRequest,
) -> Result<DescribeEgressOnlyInternetGatewaysResult, Fault> {
    dry_run(input.dry_run)?;
    let ids = input.egress_only_internet_gateway_ids.as_deref();
    let views = chosen::<EgressOnlyInternetGateway>(cx, tx, ids)?.iter().map(|(id, spec)| view(id, spec)).collect();
    let query =
        Query { ids, filters: input.filters.as_deref(), max_results: input.max_results, next_token: input.next_token.as_deref() };
    let (gateways, next_token) = select(views, query)?;
    Ok(DescribeEgressOnlyInternetGatewaysResult { egress_only_internet_gateways: Some(gateways), next_token })
}

fn view(id: &str, spec: &EgressOnlyInternetGatewaySpec) -> View {
    View {
        attachments: Some(vec![InternetGatewayAttachment { state: Some("attached".into()), vpc_id: Some(spec.vpc.clone()) }]),
        egress_only_internet_gateway_id: Some(id.into()),
        tags: Some(tags::view(&spec.tags)),
    }
}

impl Described for View {
    const RESOURCE: Resource = RESOURCE;
    const IDS: &'static str = "EgressOnlyInternetGatewayIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("attachment.state", |it| each(&it.attachments, |one| &one.state)),
        ("attachment.vpc-id", |it| each(&it.attachments, |one| &one.vpc_id)),
        ("egress-only-internet-gateway-id", |it| it.egress_only_internet_gateway_id.texts()),
    ];

    fn id(&self) -> &str {
        self.egress_only_internet_gateway_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
