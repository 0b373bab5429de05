//! Listeners: create, describe, change, delete.

use super::limits;
use crate::elbv2::{
    arn,
    errors::{self, parameter_not_built, validation},
    load,
    paging::page,
    parse::action::action,
    tags,
    usage::balancer_of,
    views,
};
use api::elbv2::{
    Action as ActionGiven, Certificate, CreateListenerInput, CreateListenerOutput, DeleteListenerInput, DeleteListenerOutput,
    DescribeListenerCertificatesInput, DescribeListenerCertificatesOutput, DescribeListenersInput, DescribeListenersOutput,
    ModifyListenerInput, ModifyListenerOutput, MutualAuthenticationAttributes, ProtocolEnum,
};
use front::{Cx, records};
use model::{
    Key,
    elbv2::{Action, Attributes, Listener, ListenerSpec, LoadBalancer},
};
use spine::{Read, Tx};
use wire::Fault;

/// `CreateListener`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateListenerInput) -> Result<CreateListenerOutput, Fault> {
    let (balancer, _) = load::balancer(cx, tx, &input.load_balancer_arn)?;
    let protocol = protocol(input.protocol.ok_or_else(|| validation("A listener protocol must be specified"))?)?;
    let port = port(input.port.ok_or_else(|| validation("A listener port must be specified"))?)?;
    let tls = Tls {
        policy: input.ssl_policy.as_ref(),
        certificates: input.certificates.as_deref(),
        alpn: input.alpn_policy.as_deref(),
        mutual: input.mutual_authentication.as_ref(),
    };
    tls.refuse()?;
    let others = load::listeners_of(tx, &balancer)?;
    if others.iter().any(|(_, other)| other.port == port) {
        return Err(errors::duplicate_listener(&balancer));
    }
    if others.len() >= limits::LISTENERS {
        let message = "You've reached the limit on the number of listeners per load balancer";
        return Err(Fault::client("TooManyListeners", message));
    }
    let spec = ListenerSpec {
        port,
        protocol,
        default_rule: cx.env.hex(16),
        default_action: checked_action(cx, tx, &balancer, &input.default_actions)?,
        attributes: Attributes::new(),
        tags: tags::new(input.tags.as_deref())?,
    };
    let key = records::key::<Listener>(cx, format!("{}/{}", balancer.id, cx.env.hex(16)));
    tx.create(&key, &spec)?;
    Ok(CreateListenerOutput { listeners: Some(vec![views::listener(&key, &spec)]) })
}

/// The one thing to do of a request's actions, all of whose groups can stand behind the balancer.
pub fn checked_action(cx: &Cx, tx: &Tx, balancer: &Key<LoadBalancer>, given: &[ActionGiven]) -> Result<Action, Fault> {
    let action = action(given, &|text| load::group(cx, tx, text).map(|(key, _)| key))?;
    load::check_groups(cx, tx, balancer, &action)?;
    Ok(action)
}

fn protocol(given: ProtocolEnum) -> Result<String, Fault> {
    match given {
        ProtocolEnum::Http => Ok("HTTP".into()),
        ProtocolEnum::Https => Err(Fault::not_implemented("A listener with the protocol HTTPS")),
        other => Err(validation(format!("Listener protocol '{}' must be one of 'HTTPS, HTTP'", other.as_str()))),
    }
}

fn port(given: i32) -> Result<u16, Fault> {
    let port = u16::try_from(given).ok().filter(|port| *port > 0);
    port.ok_or_else(|| validation(format!("Listener port '{given}' must be between 1 and 65535")))
}

/// What only a listener that speaks TLS may have.
struct Tls<'a> {
    policy: Option<&'a String>,
    certificates: Option<&'a [Certificate]>,
    alpn: Option<&'a [String]>,
    mutual: Option<&'a MutualAuthenticationAttributes>,
}

impl Tls<'_> {
    fn refuse(&self) -> Result<(), Fault> {
        if self.policy.is_some() {
            return Err(validation("An SSL policy cannot be specified for HTTP listeners"));
        }
        if self.certificates.is_some_and(|it| !it.is_empty()) {
            return Err(validation("A certificate cannot be specified for HTTP listeners"));
        }
        if self.alpn.is_some_and(|it| !it.is_empty()) {
            return Err(validation("An ALPN policy cannot be specified for HTTP listeners"));
        }
        match self.mutual.and_then(|mutual| mutual.mode.as_deref()) {
            None | Some("off") => Ok(()),
            Some(_) => Err(parameter_not_built("MutualAuthentication")),
        }
    }
}

/// `DescribeListeners`: those of a balancer, or those that are named.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeListenersInput) -> Result<DescribeListenersOutput, Fault> {
    let arns = input.listener_arns.as_deref().filter(|arns| !arns.is_empty());
    let mut found = match (&input.load_balancer_arn, arns) {
        (Some(_), Some(_)) => return Err(validation("Load balancer ARN and listener ARNs cannot be specified at the same time")),
        (Some(text), None) => load::listeners_of(tx, &load::balancer(cx, tx, text)?.0)?,
        (None, Some(arns)) => arns.iter().map(|text| load::listener(cx, tx, text)).collect::<Result<Vec<_>, Fault>>()?,
        (None, None) => return Err(validation("You must specify either listener ARNs or a load balancer ARN")),
    };
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let (found, next_marker) = page(found, |(key, _)| &key.id, input.marker.as_deref(), input.page_size)?;
    let views = found.iter().map(|(key, spec)| views::listener(key, spec)).collect();
    Ok(DescribeListenersOutput { listeners: Some(views), next_marker })
}

/// `DescribeListenerCertificates`: a listener that speaks HTTP, as all do, has none.
pub fn certificates(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeListenerCertificatesInput,
) -> Result<DescribeListenerCertificatesOutput, Fault> {
    load::listener(cx, tx, &input.listener_arn)?;
    let (certificates, next_marker) = page(Vec::new(), |_| "", input.marker.as_deref(), input.page_size)?;
    Ok(DescribeListenerCertificatesOutput { certificates: Some(certificates), next_marker })
}

/// `ModifyListener`.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyListenerInput) -> Result<ModifyListenerOutput, Fault> {
    let (key, spec) = load::listener(cx, tx, &input.listener_arn)?;
    let balancer = balancer_of(&key).ok_or_else(errors::listener_not_found)?;
    let tls = Tls {
        policy: input.ssl_policy.as_ref(),
        certificates: input.certificates.as_deref(),
        alpn: input.alpn_policy.as_deref(),
        mutual: input.mutual_authentication.as_ref(),
    };
    tls.refuse()?;
    let mut spec = ListenerSpec::clone(&spec);
    if let Some(given) = input.protocol {
        spec.protocol = protocol(given)?;
    }
    if let Some(given) = input.port {
        spec.port = port(given)?;
        if load::listeners_of(tx, &balancer)?.iter().any(|(other, it)| *other != key && it.port == spec.port) {
            return Err(errors::duplicate_listener(&balancer));
        }
    }
    if let Some(given) = input.default_actions.as_deref().filter(|given| !given.is_empty()) {
        spec.default_action = checked_action(cx, tx, &balancer, given)?;
    }
    tx.put_spec(&key, &spec)?;
    Ok(ModifyListenerOutput { listeners: Some(vec![views::listener(&key, &spec)]) })
}

/// `DeleteListener`, with its rules.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteListenerInput) -> Result<DeleteListenerOutput, Fault> {
    let key = arn::listener(cx, &input.listener_arn)?;
    if !tx.exists(&key)? {
        return Err(errors::listener_not_found());
    }
    for (rule, _) in load::rules_of(tx, &key)? {
        tx.delete(&rule)?;
    }
    tx.delete(&key)?;
    Ok(DeleteListenerOutput {})
}
