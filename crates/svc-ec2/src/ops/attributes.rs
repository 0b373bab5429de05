//! Attributes of accounts and VPCs.

use crate::{
    errors::dry_run,
    records::{default_vpc, key},
    resource::Resource,
};
use api::ec2::{
    AccountAttribute, AccountAttributeName, AccountAttributeValue, AttributeBooleanValue, DescribeAccountAttributesRequest,
    DescribeAccountAttributesResult, DescribeVpcAttributeRequest, DescribeVpcAttributeResult, VpcAttributeName,
};
use front::Cx;
use model::ec2::Vpc;
use spine::{Read, Tx};
use wire::Fault;

/// `DescribeAccountAttributes`: those that the model lists.
pub fn account(cx: &Cx, tx: &mut Tx, input: &DescribeAccountAttributesRequest) -> Result<DescribeAccountAttributesResult, Fault> {
    dry_run(input.dry_run)?;
    let default_vpc = default_vpc(cx, tx)?.map_or_else(|| "none".into(), |(id, _)| id);
    let all = [(AccountAttributeName::SupportedPlatforms, "VPC".to_owned()), (AccountAttributeName::DefaultVpc, default_vpc)];
    let wanted = input.attribute_names.as_deref().unwrap_or_default();
    let attribute = |(name, value): (AccountAttributeName, String)| AccountAttribute {
        attribute_name: Some(name.as_str().into()),
        attribute_values: Some(vec![AccountAttributeValue { attribute_value: Some(value) }]),
    };
    let chosen = all.into_iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name));
    Ok(DescribeAccountAttributesResult { account_attributes: Some(chosen.map(attribute).collect()) })
}

/// `DescribeVpcAttribute`.
pub fn vpc(cx: &Cx, tx: &mut Tx, input: &DescribeVpcAttributeRequest) -> Result<DescribeVpcAttributeResult, Fault> {
    dry_run(input.dry_run)?;
    let vpc = tx.spec(&key::<Vpc>(cx, &input.vpc_id))?.ok_or_else(|| Resource::VPC.absent(&input.vpc_id))?;
    let mut answer = DescribeVpcAttributeResult { vpc_id: Some(input.vpc_id.clone()), ..Default::default() };
    let value = |value| Some(AttributeBooleanValue { value: Some(value) });
    match input.attribute {
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support = value(vpc.dns_support),
        VpcAttributeName::EnableDnsHostnames => answer.enable_dns_hostnames = value(vpc.dns_hostnames),
        VpcAttributeName::EnableNetworkAddressUsageMetrics => answer.enable_network_address_usage_metrics = value(false),
    }
    Ok(answer)
}
