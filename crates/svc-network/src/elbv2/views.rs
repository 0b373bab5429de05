//! From records to what the API shows. Pure.

use super::{names::hosted_zone, usage::balancer_of};
use api::elbv2::{
    Action as ActionView, ActionTypeEnum, AvailabilityZone, FixedResponseActionConfig, ForwardActionConfig,
    HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig, IpAddressType,
    Listener as ListenerView, LoadBalancer as BalancerView, LoadBalancerSchemeEnum, LoadBalancerState, LoadBalancerStateEnum,
    LoadBalancerTypeEnum, Matcher, PathPatternConditionConfig, ProtocolEnum, QueryStringConditionConfig, QueryStringKeyValuePair,
    RedirectActionConfig, RedirectActionStatusCodeEnum, Rule as RuleView, RuleCondition, SourceIpConditionConfig,
    TargetGroup as GroupView, TargetGroupIpAddressTypeEnum, TargetGroupStickinessConfig, TargetGroupTuple, TargetTypeEnum,
};
use model::{
    AccountId, Key, Region,
    elbv2::{
        Action, Condition, Listener, ListenerSpec, LoadBalancer, LoadBalancerObserved, LoadBalancerSpec, LoadBalancerZone, Rule,
        RuleSpec, TargetGroup, TargetGroupSpec, TargetType,
    },
};
use wire::Time;

/// A balancer. `fault` says why one of its listeners isn't open where it should be, if so.
pub fn balancer(
    key: &Key<LoadBalancer>,
    spec: &LoadBalancerSpec,
    observed: &LoadBalancerObserved,
    fault: Option<String>,
) -> BalancerView {
    let code = if observed.taken { LoadBalancerStateEnum::Active } else { LoadBalancerStateEnum::Provisioning };
    let scheme = if spec.internet_facing { LoadBalancerSchemeEnum::InternetFacing } else { LoadBalancerSchemeEnum::Internal };
    BalancerView {
        load_balancer_arn: Some(key.arn().to_string()),
        dns_name: Some(spec.dns_name.clone()),
        canonical_hosted_zone_id: Some(hosted_zone(&key.region)),
        created_time: Some(Time(spec.created_at.0)),
        load_balancer_name: Some(spec.name.clone()),
        scheme: Some(scheme),
        vpc_id: Some(spec.vpc.clone()),
        state: Some(LoadBalancerState { code: Some(code), reason: fault }),
        r#type: Some(LoadBalancerTypeEnum::Application),
        availability_zones: Some(zones(&spec.zones)),
        security_groups: Some(spec.groups.clone()),
        ip_address_type: Some(IpAddressType::Ipv4),
        ..BalancerView::default()
    }
}

/// Where a balancer stands.
pub fn zones(zones: &[LoadBalancerZone]) -> Vec<AvailabilityZone> {
    let view = |zone: &LoadBalancerZone| AvailabilityZone {
        zone_name: Some(zone.zone.clone()),
        subnet_id: Some(zone.subnet.clone()),
        load_balancer_addresses: Some(Vec::new()),
        ..AvailabilityZone::default()
    };
    zones.iter().map(view).collect()
}

/// A listener.
pub fn listener(key: &Key<Listener>, spec: &ListenerSpec) -> ListenerView {
    ListenerView {
        listener_arn: Some(key.arn().to_string()),
        load_balancer_arn: balancer_of(key).map(|balancer| balancer.arn().to_string()),
        port: Some(spec.port.into()),
        protocol: ProtocolEnum::parse(&spec.protocol),
        default_actions: Some(vec![action(&key.account, &key.region, &spec.default_action)]),
        ..ListenerView::default()
    }
}

/// A listener's default rule.
pub fn default_rule(key: &Key<Listener>, spec: &ListenerSpec) -> RuleView {
    RuleView {
        rule_arn: Some(default_rule_key(key, spec).arn().to_string()),
        priority: Some("default".into()),
        conditions: Some(Vec::new()),
        actions: Some(vec![action(&key.account, &key.region, &spec.default_action)]),
        is_default: Some(true),
        transforms: None,
    }
}

/// The key that a listener's default rule would have, were it a record.
pub fn default_rule_key(key: &Key<Listener>, spec: &ListenerSpec) -> Key<Rule> {
    Key::new(&key.account, &key.region, format!("{}/{}", key.id, spec.default_rule))
}

/// A rule.
pub fn rule(key: &Key<Rule>, spec: &RuleSpec) -> RuleView {
    RuleView {
        rule_arn: Some(key.arn().to_string()),
        priority: Some(spec.priority.to_string()),
        conditions: Some(spec.conditions.iter().map(condition).collect()),
        actions: Some(vec![action(&key.account, &key.region, &spec.action)]),
        is_default: Some(false),
        transforms: None,
    }
}

fn condition(condition: &Condition) -> RuleCondition {
    let view = |field: &str| RuleCondition { field: Some(field.into()), ..RuleCondition::default() };
    match condition {
        Condition::HostHeader(values) => RuleCondition {
            values: Some(values.clone()),
            host_header_config: Some(HostHeaderConditionConfig { values: Some(values.clone()), regex_values: None }),
            ..view("host-header")
        },
        Condition::PathPattern(values) => RuleCondition {
            values: Some(values.clone()),
            path_pattern_config: Some(PathPatternConditionConfig { values: Some(values.clone()), regex_values: None }),
            ..view("path-pattern")
        },
        Condition::HttpHeader { name, values } => RuleCondition {
            http_header_config: Some(HttpHeaderConditionConfig {
                http_header_name: Some(name.clone()),
                values: Some(values.clone()),
                regex_values: None,
            }),
            ..view("http-header")
        },
        Condition::HttpRequestMethod(values) => RuleCondition {
            http_request_method_config: Some(HttpRequestMethodConditionConfig { values: Some(values.clone()) }),
            ..view("http-request-method")
        },
        Condition::QueryString(pairs) => {
            let pair = |(key, value): &(Option<String>, String)| QueryStringKeyValuePair {
                key: key.clone(),
                value: Some(value.clone()),
            };
            let config = QueryStringConditionConfig { values: Some(pairs.iter().map(pair).collect()) };
            RuleCondition { query_string_config: Some(config), ..view("query-string") }
        }
        Condition::SourceIp(blocks) => {
            let values = Some(blocks.iter().map(ToString::to_string).collect());
            RuleCondition {
                source_ip_config: Some(SourceIpConditionConfig { values, ..SourceIpConditionConfig::default() }),
                ..view("source-ip")
            }
        }
    }
}

fn action(account: &AccountId, region: &Region, action: &Action) -> ActionView {
    let view = |r#type| ActionView {
        r#type,
        target_group_arn: None,
        authenticate_oidc_config: None,
        authenticate_cognito_config: None,
        order: None,
        redirect_config: None,
        fixed_response_config: None,
        forward_config: None,
        jwt_validation_config: None,
    };
    match action {
        Action::Forward { groups, stickiness_seconds } => {
            let arn = |id: &str| Some(Key::<TargetGroup>::new(account, region, id).arn().to_string());
            let tuple = |(id, weight): &(String, u32)| TargetGroupTuple {
                target_group_arn: arn(id),
                weight: i32::try_from(*weight).ok(),
            };
            let only = <&[_; 1]>::try_from(groups.as_slice()).ok();
            ActionView {
                target_group_arn: only.and_then(|[(id, _)]| arn(id)),
                forward_config: Some(ForwardActionConfig {
                    target_groups: Some(groups.iter().map(tuple).collect()),
                    target_group_stickiness_config: Some(TargetGroupStickinessConfig {
                        enabled: Some(stickiness_seconds.is_some()),
                        duration_seconds: stickiness_seconds.and_then(|seconds| i32::try_from(seconds).ok()),
                    }),
                }),
                ..view(ActionTypeEnum::Forward)
            }
        }
        Action::Redirect { permanent, protocol, host, port, path, query } => ActionView {
            redirect_config: Some(RedirectActionConfig {
                protocol: Some(protocol.clone()),
                port: Some(port.clone()),
                host: Some(host.clone()),
                path: Some(path.clone()),
                query: Some(query.clone()),
                status_code: if *permanent {
                    RedirectActionStatusCodeEnum::Http301
                } else {
                    RedirectActionStatusCodeEnum::Http302
                },
            }),
            ..view(ActionTypeEnum::Redirect)
        },
        Action::FixedResponse { status, content_type, body } => ActionView {
            fixed_response_config: Some(FixedResponseActionConfig {
                message_body: body.clone(),
                status_code: status.to_string(),
                content_type: content_type.clone(),
            }),
            ..view(ActionTypeEnum::FixedResponse)
        },
    }
}

/// A target group that those balancers pass requests to.
pub fn group(key: &Key<TargetGroup>, spec: &TargetGroupSpec, balancers: &[Key<LoadBalancer>]) -> GroupView {
    let check = &spec.health_check;
    let number = |number: u32| i32::try_from(number).ok();
    GroupView {
        target_group_arn: Some(key.arn().to_string()),
        target_group_name: Some(spec.name.clone()),
        protocol: ProtocolEnum::parse(&spec.protocol),
        port: Some(spec.port.into()),
        vpc_id: Some(spec.vpc.clone()),
        health_check_protocol: ProtocolEnum::parse(&check.protocol),
        health_check_port: Some(check.port.map_or_else(|| "traffic-port".into(), |port| port.to_string())),
        health_check_enabled: Some(check.enabled),
        health_check_interval_seconds: number(check.interval_seconds),
        health_check_timeout_seconds: number(check.timeout_seconds),
        healthy_threshold_count: number(check.healthy_threshold),
        unhealthy_threshold_count: number(check.unhealthy_threshold),
        health_check_path: Some(check.path.clone()),
        matcher: Some(Matcher { http_code: Some(check.matcher.clone()), grpc_code: None }),
        load_balancer_arns: Some(balancers.iter().map(|balancer| balancer.arn().to_string()).collect()),
        target_type: Some(match spec.target_type {
            TargetType::Instance => TargetTypeEnum::Instance,
            TargetType::Ip => TargetTypeEnum::Ip,
        }),
        protocol_version: Some(spec.protocol_version.clone()),
        ip_address_type: Some(TargetGroupIpAddressTypeEnum::Ipv4),
        target_control_port: None,
    }
}
