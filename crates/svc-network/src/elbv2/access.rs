//! What requests act on, and the condition keys that they tell (Service Authorization Reference, "AWS Elastic Load Balancing V2").

use api::elbv2::{CreateLoadBalancerInput, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, ProtocolEnum, SubnetMapping, Tag};
use front::{Cx, Facts, Tagging, keys};
use logic::policy::Context;
use model::{
    Arn, Key,
    elbv2::{Listener, LoadBalancer, Rule, Tags, TargetGroup},
};
use spine::{Read, Snapshot};
use wire::Fault;

/// The ARN as the request names it, if it is one; what isn't is refused by the handler.
pub fn named(text: &str) -> Vec<Arn> {
    text.parse().into_iter().collect()
}

/// The ARNs of several resources.
pub fn all(arns: &[String]) -> Vec<Arn> {
    arns.iter().flat_map(|text| named(text)).collect()
}

/// A load balancer that is made has no id yet.
pub fn new_balancer(cx: &Cx, input: &CreateLoadBalancerInput) -> Arn {
    let kind = match input.r#type {
        Some(LoadBalancerTypeEnum::Network) => "net",
        Some(LoadBalancerTypeEnum::Gateway) => "gwy",
        _ => "app",
    };
    cx.arn("elasticloadbalancing", format!("loadbalancer/{kind}/{}/*", input.name))
}

/// A target group that is made has no id yet.
pub fn new_group(cx: &Cx, name: &str) -> Arn {
    cx.arn("elasticloadbalancing", format!("targetgroup/{name}/*"))
}

/// What is made below a parent has the parent's ARN with another kind, and no id yet.
pub fn new_below(parent: &str, kind: (&str, &str)) -> Vec<Arn> {
    let below = |mut arn: Arn| {
        let rest = arn.resource.strip_prefix(kind.0)?.to_owned();
        arn.resource = format!("{}{rest}/*", kind.1);
        Some(arn)
    };
    named(parent).into_iter().filter_map(below).collect()
}

/// From the ARN of a load balancer to those of its listeners.
pub const LISTENER: (&str, &str) = ("loadbalancer/", "listener/");
/// From the ARN of a listener to those of its rules.
pub const RULE: (&str, &str) = ("listener/", "listener-rule/");

/// The tags of something that is made.
pub fn tagging(resources: Vec<Arn>, tags: Option<&[Tag]>) -> Tagging {
    Tagging { resources, tags: pairs(tags.unwrap_or_default()) }
}

/// `aws:RequestTag/…` and `aws:TagKeys`.
pub fn request_tags(tags: &[Tag]) -> Context {
    keys::request_tags(pairs(tags))
}

fn pairs(tags: &[Tag]) -> Vec<(String, String)> {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect()
}

/// The keys of `CreateLoadBalancer`.
pub fn of_create_balancer(_: &Cx, input: &CreateLoadBalancerInput) -> Context {
    let mut context = subnets(input.subnets.as_deref(), input.subnet_mappings.as_deref());
    context.set_from(&security_groups(input.security_groups.as_deref().unwrap_or_default()));
    let scheme = input.scheme.unwrap_or(LoadBalancerSchemeEnum::InternetFacing);
    context.with("elasticloadbalancing:Scheme", scheme.as_str())
}

/// `elasticloadbalancing:SecurityGroup`.
pub fn security_groups(ids: &[String]) -> Context {
    let mut context = Context::new();
    context.set_all("elasticloadbalancing:SecurityGroup", ids.iter().map(String::as_str));
    context
}

/// `elasticloadbalancing:Subnet`.
pub fn subnets(ids: Option<&[String]>, mappings: Option<&[SubnetMapping]>) -> Context {
    let mapped = mappings.unwrap_or_default().iter().filter_map(|mapping| mapping.subnet_id.as_ref());
    let mut context = Context::new();
    context.set_all("elasticloadbalancing:Subnet", ids.unwrap_or_default().iter().chain(mapped).map(String::as_str));
    context
}

/// `elasticloadbalancing:ListenerProtocol` and `elasticloadbalancing:SecurityPolicy`.
pub fn listener(protocol: Option<ProtocolEnum>, policy: Option<&String>) -> Context {
    let mut context = Context::new();
    if let Some(protocol) = protocol {
        context.set("elasticloadbalancing:ListenerProtocol", protocol.as_str());
    }
    context.set_all("elasticloadbalancing:SecurityPolicy", policy.map(String::as_str));
    context
}

/// What is known of a resource: its tags.
pub fn facts(_: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    Ok(Facts { tags: tags(snapshot, arn)?.unwrap_or_default(), ..Facts::default() })
}

fn tags(snapshot: &Snapshot, arn: &Arn) -> Result<Option<Tags>, Fault> {
    if let Some(key) = Key::<LoadBalancer>::of_arn(arn) {
        return Ok(snapshot.spec(&key)?.map(|spec| spec.tags.clone()));
    }
    if let Some(key) = Key::<Listener>::of_arn(arn) {
        return Ok(snapshot.spec(&key)?.map(|spec| spec.tags.clone()));
    }
    if let Some(key) = Key::<Rule>::of_arn(arn) {
        return Ok(snapshot.spec(&key)?.map(|spec| spec.tags.clone()));
    }
    let Some(key) = Key::<TargetGroup>::of_arn(arn) else { return Ok(None) };
    Ok(snapshot.spec(&key)?.map(|spec| spec.tags.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_below_a_parent_has_no_id_yet() {
        let parent = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188";
        let listener = new_below(parent, LISTENER).pop().unwrap().to_string();
        assert_eq!(listener, "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/web/50dc6c495c0c9188/*");
        assert!(new_below(parent, RULE).is_empty() && new_below("junk", LISTENER).is_empty());
    }
}
