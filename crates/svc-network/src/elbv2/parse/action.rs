//! Actions of listeners and rules.

use crate::elbv2::errors::{absent, invalid_action, validation};
use api::elbv2::{
    Action as Given, ActionTypeEnum, FixedResponseActionConfig, ForwardActionConfig, RedirectActionConfig,
    RedirectActionStatusCodeEnum, TargetGroupStickinessConfig,
};
use model::{Key, elbv2::Action, elbv2::TargetGroup};
use wire::Fault;

/// Groups that one action may pass requests to.
const MOST_GROUPS: usize = 5;

/// Finds the target group that an ARN names.
pub type FindGroup<'a> = &'a dyn Fn(&str) -> Result<Key<TargetGroup>, Fault>;

/// The one thing to do of a list of actions.
pub fn action(given: &[Given], find: FindGroup<'_>) -> Result<Action, Fault> {
    if let Some(other) = given.iter().find(|action| !is_built(action.r#type)) {
        return Err(Fault::not_implemented(format_args!("An action of type {}", other.r#type.as_str())));
    }
    let [action] = given else {
        return Err(validation("Exactly one action of type forward, redirect or fixed-response must be specified"));
    };
    absent("AuthenticateOidcConfig", &action.authenticate_oidc_config)?;
    absent("AuthenticateCognitoConfig", &action.authenticate_cognito_config)?;
    absent("JwtValidationConfig", &action.jwt_validation_config)?;
    match action.r#type {
        ActionTypeEnum::Redirect => redirect(required(&action.redirect_config, "RedirectConfig")?),
        ActionTypeEnum::FixedResponse => fixed_response(required(&action.fixed_response_config, "FixedResponseConfig")?),
        _ => forward(action.target_group_arn.as_deref(), action.forward_config.as_ref(), find),
    }
}

fn is_built(kind: ActionTypeEnum) -> bool {
    matches!(kind, ActionTypeEnum::Forward | ActionTypeEnum::Redirect | ActionTypeEnum::FixedResponse)
}

fn required<'a, T>(config: &'a Option<T>, name: &str) -> Result<&'a T, Fault> {
    config.as_ref().ok_or_else(|| validation(format!("A {name} must be specified for an action of this type")))
}

fn forward(arn: Option<&str>, config: Option<&ForwardActionConfig>, find: FindGroup<'_>) -> Result<Action, Fault> {
    let tuples = config.and_then(|config| config.target_groups.as_deref()).unwrap_or_default();
    let mut groups: Vec<(String, u32)> = Vec::new();
    for tuple in tuples {
        let arn = tuple.target_group_arn.as_deref().ok_or_else(|| validation("A target group ARN must be specified"))?;
        let weight = u32::try_from(tuple.weight.unwrap_or(1)).ok().filter(|weight| *weight <= 999);
        let weight = weight.ok_or_else(|| validation("The weight of a target group must be between 0 and 999"))?;
        groups.push((find(arn)?.id, weight));
    }
    match arn.map(find).transpose()? {
        Some(group) if groups.is_empty() => groups.push((group.id, 1)),
        Some(group) if groups.len() > 1 || groups[0].0 != group.id => {
            return Err(validation(
                "The target group ARN and the forward configuration of an action must name the same target group",
            ));
        }
        _ => {}
    }
    check_groups(&groups)?;
    let stickiness = config.and_then(|config| config.target_group_stickiness_config.as_ref());
    Ok(Action::Forward { groups, stickiness_seconds: stickiness.map_or(Ok(None), sticky_seconds)? })
}

fn check_groups(groups: &[(String, u32)]) -> Result<(), Fault> {
    if groups.is_empty() {
        return Err(validation("A target group ARN must be specified"));
    }
    if groups.len() > MOST_GROUPS {
        let message = format!("An action can forward to at most {MOST_GROUPS} target groups");
        return Err(Fault::client("TooManyUniqueTargetGroupsPerLoadBalancer", message));
    }
    let doubled = groups.iter().enumerate().any(|(place, (id, _))| groups[..place].iter().any(|(other, _)| other == id));
    if doubled { Err(validation("A target group was specified more than once in an action")) } else { Ok(()) }
}

fn sticky_seconds(config: &TargetGroupStickinessConfig) -> Result<Option<u32>, Fault> {
    if config.enabled != Some(true) {
        return Ok(None);
    }
    let seconds = config.duration_seconds.and_then(|seconds| u32::try_from(seconds).ok());
    let seconds = seconds.filter(|seconds| (1..=604_800).contains(seconds));
    let message = "The stickiness duration of target groups must be between 1 and 604800 seconds";
    seconds.map(Some).ok_or_else(|| validation(message))
}

fn redirect(config: &RedirectActionConfig) -> Result<Action, Fault> {
    let part =
        |given: &Option<String>, default: &str| given.clone().filter(|it| !it.is_empty()).unwrap_or_else(|| default.into());
    let (protocol, host) = (part(&config.protocol, "#{protocol}"), part(&config.host, "#{host}"));
    let (port, path) = (part(&config.port, "#{port}"), part(&config.path, "/#{path}"));
    let query = config.query.clone().unwrap_or_else(|| "#{query}".into());
    if !matches!(protocol.as_str(), "HTTP" | "HTTPS" | "#{protocol}") {
        return Err(invalid_action(format!("The redirect protocol '{protocol}' must be HTTP, HTTPS or #{{protocol}}")));
    }
    if port != "#{port}" && !port.parse().is_ok_and(|port: u16| port > 0) {
        return Err(invalid_action(format!("The redirect port '{port}' must be between 1 and 65535, or #{{port}}")));
    }
    if !path.starts_with('/') {
        return Err(invalid_action(format!("The redirect path '{path}' must begin with a '/'")));
    }
    let unchanged = protocol == "#{protocol}" && host == "#{host}" && port == "#{port}" && path == "/#{path}";
    if unchanged {
        return Err(invalid_action("A redirect must change the protocol, the host, the port or the path, or it never ends"));
    }
    let permanent = config.status_code == RedirectActionStatusCodeEnum::Http301;
    Ok(Action::Redirect { permanent, protocol, host, port, path, query })
}

const CONTENT_TYPES: [&str; 5] = ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];

fn fixed_response(config: &FixedResponseActionConfig) -> Result<Action, Fault> {
    let status = config.status_code.parse().ok().filter(|status: &u16| matches!(status / 100, 2 | 4 | 5));
    let status =
        status.ok_or_else(|| invalid_action(format!("The status code '{}' must be 2XX, 4XX or 5XX", config.status_code)))?;
    let content_type = config.content_type.clone().filter(|it| !it.is_empty());
    if content_type.as_deref().is_some_and(|it| !CONTENT_TYPES.contains(&it)) {
        return Err(invalid_action(format!("The content type must be one of {}", CONTENT_TYPES.join(", "))));
    }
    if config.message_body.as_ref().is_some_and(|body| body.len() > 1024) {
        return Err(invalid_action("The message body must not be longer than 1024 bytes"));
    }
    Ok(Action::FixedResponse { status, content_type, body: config.message_body.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::elbv2::TargetGroupTuple;
    use model::{AccountId, Region};

    fn find(arn: &str) -> Result<Key<TargetGroup>, Fault> {
        let (account, region) = (AccountId::parse(AccountId::DEFAULT).unwrap(), Region::parse("eu-west-1").unwrap());
        Ok(Key::new(&account, &region, arn))
    }

    fn given(r#type: ActionTypeEnum) -> Given {
        Given {
            r#type,
            target_group_arn: None,
            authenticate_oidc_config: None,
            authenticate_cognito_config: None,
            order: None,
            redirect_config: None,
            fixed_response_config: None,
            forward_config: None,
            jwt_validation_config: None,
        }
    }

    fn to(groups: &[(&str, i32)]) -> Given {
        let tuple =
            |(arn, weight): &(&str, i32)| TargetGroupTuple { target_group_arn: Some((*arn).into()), weight: Some(*weight) };
        let config =
            ForwardActionConfig { target_groups: Some(groups.iter().map(tuple).collect()), target_group_stickiness_config: None };
        Given { forward_config: Some(config), ..given(ActionTypeEnum::Forward) }
    }

    fn code(action_given: Given) -> String {
        action(&[action_given], &find).unwrap_err().code.into_owned()
    }

    #[test]
    fn forwards_by_arn_by_weight_or_by_both_alike() {
        let one = Given { target_group_arn: Some("a".into()), ..given(ActionTypeEnum::Forward) };
        let expected = Action::Forward { groups: vec![("a".into(), 1)], stickiness_seconds: None };
        assert_eq!(action(&[one], &find).unwrap(), expected);
        let both = Given { target_group_arn: Some("a".into()), ..to(&[("a", 1)]) };
        assert_eq!(action(&[both], &find).unwrap(), expected);
        assert_eq!(code(Given { target_group_arn: Some("b".into()), ..to(&[("a", 1)]) }), "ValidationError");
    }

    #[test]
    fn groups_have_bounds() {
        assert_eq!(code(to(&[])), "ValidationError");
        assert_eq!(code(to(&[("a", 1000)])), "ValidationError");
        assert_eq!(code(to(&[("a", 1), ("a", 2)])), "ValidationError");
        let six: Vec<_> = ["a", "b", "c", "d", "e", "f"].map(|arn| (arn, 1)).into();
        assert_eq!(code(to(&six)), "TooManyUniqueTargetGroupsPerLoadBalancer");
    }

    fn redirect_to(host: Option<&str>, port: Option<&str>, path: Option<&str>) -> Given {
        let config = RedirectActionConfig {
            protocol: None,
            port: port.map(Into::into),
            host: host.map(Into::into),
            path: path.map(Into::into),
            query: None,
            status_code: RedirectActionStatusCodeEnum::Http302,
        };
        Given { redirect_config: Some(config), ..given(ActionTypeEnum::Redirect) }
    }

    #[test]
    fn redirects_fill_in_what_is_left_out_and_end() {
        let Action::Redirect { permanent, host, port, path, query, .. } =
            action(&[redirect_to(Some("example.com"), None, None)], &find).unwrap()
        else {
            panic!("a redirect")
        };
        assert_eq!((permanent, &*host, &*port, &*path, &*query), (false, "example.com", "#{port}", "/#{path}", "#{query}"));
        for bad in [redirect_to(None, None, None), redirect_to(None, Some("0"), None), redirect_to(None, None, Some("x"))] {
            assert_eq!(code(bad), "InvalidLoadBalancerAction");
        }
    }

    #[test]
    fn fixed_responses_are_checked() {
        let fixed = |status: &str, content_type: &str| Given {
            fixed_response_config: Some(FixedResponseActionConfig {
                message_body: None,
                status_code: status.into(),
                content_type: Some(content_type.into()),
            }),
            ..given(ActionTypeEnum::FixedResponse)
        };
        assert!(action(&[fixed("404", "text/plain")], &find).is_ok());
        assert_eq!(code(fixed("302", "text/plain")), "InvalidLoadBalancerAction");
        assert_eq!(code(fixed("200", "image/png")), "InvalidLoadBalancerAction");
    }

    #[test]
    fn what_is_not_built_says_so() {
        let fault = action(&[given(ActionTypeEnum::AuthenticateOidc), to(&[("a", 1)])], &find).unwrap_err();
        assert_eq!((fault.status, fault.message.contains("authenticate-oidc")), (501, true));
        assert_eq!(action(&[], &find).unwrap_err().code, "ValidationError");
    }
}
