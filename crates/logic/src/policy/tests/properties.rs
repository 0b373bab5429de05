//! What is true of all policies and requests.

use super::world::*;
use crate::policy::*;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const ACTIONS: &[&str] = &["s3:GetObject", "s3:PutObject", "ec2:RunInstances", "iam:PassRole", "sts:AssumeRole"];
const PATTERNS: &[&str] = &["*", "s3:*", "s3:Get*", "ec2:RunInstances", "*:*Object", "iam:Pass?ole"];
const RESOURCES: &[&str] = &["*", "arn:aws:s3:::box/key", "arn:aws:s3:::box/other", "arn:aws:iam::123456789012:role/x"];
const RESOURCE_PATTERNS: &[&str] =
    &["*", "arn:aws:s3:::box/*", "arn:aws:s3:::*/key", "arn:aws:iam::*:role/*", "arn:aws:s3:::${aws:username}/*"];

fn element(name: &'static str, values: &'static [&'static str]) -> impl Strategy<Value = (String, Value)> {
    (any::<bool>(), prop::collection::vec(select(values), 1..3))
        .prop_map(move |(not, values)| (format!("{}{name}", if not { "Not" } else { "" }), json!(values)))
}

fn condition() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(json!({})),
        1 => Just(json!({"StringEquals": {"aws:username": "box"}})),
        1 => Just(json!({"StringNotEquals": {"aws:username": "box"}})),
        1 => Just(json!({"ForAllValues:StringLike": {"aws:TagKeys": ["a*"]}})),
        1 => Just(json!({"Null": {"aws:TagKeys": "true"}})),
    ]
}

fn statement(effect: impl Strategy<Value = &'static str>) -> impl Strategy<Value = Value> {
    (effect, element("Action", PATTERNS), element("Resource", RESOURCE_PATTERNS), condition()).prop_map(
        |(effect, (action, actions), (resource, resources), condition)| {
            json!({"Effect": effect, action: actions, resource: resources, "Condition": condition})
        },
    )
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(statement(select(&["Allow", "Allow", "Deny"][..])), 1..5)
}

fn resource_statement() -> impl Strategy<Value = Value> {
    let principals = vec![json!("*"), json!({"AWS": ACCOUNT}), json!({"AWS": ROLE}), json!({"AWS": [ANNA.arn, SESSION.arn]})];
    (statement(select(&["Allow", "Deny"][..])), select(principals)).prop_map(|(mut statement, principal)| {
        statement["Principal"] = principal;
        statement
    })
}

fn context() -> impl Strategy<Value = Context> {
    (prop::option::of(select(&["box", "anna", "*"][..])), prop::option::of(prop::collection::vec("[ab]{1,2}", 0..3))).prop_map(
        |(name, tags)| {
            let mut context = Context::new();
            if let Some(name) = name {
                context.set("aws:username", name);
            }
            if let Some(tags) = tags {
                context.set_all("aws:TagKeys", tags);
            }
            context
        },
    )
}

/// Everything that a decision depends on.
#[derive(Clone, Debug)]
struct World {
    caller: Caller<'static>,
    identity: Vec<Value>,
    boundary: Option<Vec<Value>>,
    session: Option<Vec<Value>>,
    resource: Option<Vec<Value>>,
    foreign: bool,
    rule: ResourceRule,
    action: &'static str,
    resource_arn: &'static str,
    context: Context,
}

impl World {
    fn policies(&self) -> Policies {
        Policies {
            identity: vec![attached(Kind::Identity, json!(self.identity))],
            boundary: self.boundary.as_ref().map(|it| attached(Kind::Identity, json!(it))),
            session: self.session.as_ref().map(|it| vec![attached(Kind::Session, json!(it))]),
            service_control: Vec::new(),
            endpoint: None,
        }
    }

    fn decide(&self) -> Decision {
        let resource = self.resource.as_ref().map(|it| attached(Kind::Resource, json!(it)));
        decide(&self.request(), &self.policies(), resource.as_ref(), self.rule)
    }

    fn request(&self) -> Request<'_> {
        let owner = if self.foreign { OTHER } else { ACCOUNT };
        Request { resource_account: Some(owner), ..request(self.caller, self.action, self.resource_arn, &self.context) }
    }
}

fn world() -> impl Strategy<Value = World> {
    let policies = (
        statements(),
        prop::option::of(statements()),
        prop::option::of(statements()),
        prop::option::of(prop::collection::vec(resource_statement(), 1..4)),
    );
    let rules = select(&[ResourceRule::Either, ResourceRule::MustAllow][..]);
    let asked = (select(&[ANNA, SESSION][..]), any::<bool>(), rules, select(ACTIONS), select(RESOURCES), context());
    (policies, asked).prop_map(
        |((identity, boundary, session, resource), (caller, foreign, rule, action, resource_arn, context))| World {
            caller,
            identity,
            boundary,
            session,
            resource,
            foreign,
            rule,
            action,
            resource_arn,
            context,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_explicit_deny_always_wins(mut world in world(), place in 0..4_u8) {
        let mut deny = deny(world.action);
        let target = match place {
            0 => &mut world.identity,
            1 => world.boundary.get_or_insert_default(),
            2 => world.session.get_or_insert_default(),
            _ => { deny["Principal"] = json!("*"); world.resource.get_or_insert_default() }
        };
        target.push(deny);
        let decision = world.decide();
        prop_assert!(!decision.allowed && decision.is_explicit_deny());
    }

    #[test]
    fn one_more_denial_never_allows(mut world in world(), more in statement(Just("Deny"))) {
        let before = world.decide().allowed;
        world.identity.push(more);
        prop_assert!(before || !world.decide().allowed);
    }

    #[test]
    fn one_more_permission_never_denies(mut world in world(), more in statement(Just("Allow"))) {
        let before = world.decide().allowed;
        world.identity.push(more);
        prop_assert!(!before || world.decide().allowed);
    }

    #[test]
    fn boundaries_and_session_policies_only_narrow(world in world()) {
        let unlimited = World { boundary: None, session: None, ..world.clone() };
        prop_assert!(unlimited.decide().allowed || !world.decide().allowed);
    }

    #[test]
    fn across_accounts_is_never_easier(world in world()) {
        let home = World { foreign: false, ..world.clone() };
        let abroad = World { foreign: true, ..world };
        prop_assert!(home.decide().allowed || !abroad.decide().allowed);
    }

    #[test]
    fn explanations_and_simulations_agree_with_decisions(world in world()) {
        let resource = world.resource.as_ref().map(|it| attached(Kind::Resource, json!(it)));
        let (request, policies) = (world.request(), world.policies());
        let decision = decide(&request, &policies, resource.as_ref(), world.rule);
        let explanation = explain(&request, &policies, resource.as_ref(), world.rule);
        prop_assert_eq!(&explanation.decision, &decision);
        let traces = explanation.policies.iter().flat_map(|it| &it.statements);
        for trace in traces {
            prop_assert_eq!(trace.matched, trace.failed.is_none());
        }
        let simulation = simulate(&request, &policies, resource.as_ref(), world.rule);
        let effect = if decision.is_explicit_deny() { Effect::Deny } else { Effect::Allow };
        let counted = explanation.policies.iter().flat_map(|it| it.statements.iter().map(|trace| (it.policy_type, trace)));
        let counted = counted.filter(|(_, trace)| trace.matched && trace.effect == effect).map(|(kind, trace)| (kind, trace.index));
        let matched = simulation.matched.iter().map(|it| (it.policy_type, it.index));
        prop_assert_eq!(counted.collect::<Vec<_>>(), matched.collect::<Vec<_>>());
        prop_assert_eq!(simulation.decision == EvalDecision::Allowed, decision.allowed);
        prop_assert_eq!(simulation.decision == EvalDecision::ExplicitDeny, decision.is_explicit_deny());
    }

    #[test]
    fn the_least_policy_allows_what_was_done_and_no_more(
        used in prop::collection::btree_set((select(ACTIONS), "arn:aws:s3:::box/[a*?$\\{]{0,4}-"), 1..6),
        other in (select(ACTIONS), "arn:aws:s3:::box/[a*?$\\{]{0,4}-"),
    ) {
        let owned = used.iter().map(|(action, resource)| ((*action).to_owned(), resource.clone())).collect();
        let policy = least_policy(&owned);
        let context = Context::new();
        for (action, resource) in &used {
            prop_assert!(may(policy["Statement"].clone(), action, resource, &context));
        }
        prop_assert_eq!(may(policy["Statement"].clone(), other.0, &other.1, &context), used.contains(&other));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*", kind in select(&[Kind::Identity, Kind::Resource, Kind::Trust][..])) {
        let _ = Policy::parse(&text, kind);
    }

    #[test]
    fn nothing_like_a_policy_makes_it_panic(text in "([{}\\[\\]:,\"]|\"(Version|Statement|Effect|Allow|Action|Resource|Condition|\\$\\{|\\*)\"){0,40}") {
        let _ = Policy::parse(&text, Kind::Identity);
    }

    #[test]
    fn odd_values_are_taken_or_refused(action in "\\PC{0,20}", resource in "\\PC{0,20}", key in "\\PC{0,20}", value in "\\PC{0,20}") {
        for operator in ["StringLike", "ArnLike", "IpAddress", "DateLessThan", "NumericEquals", "ForAnyValue:StringEqualsIgnoreCase"] {
            let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": format!("s3:{action}"),
                "Resource": resource, "Condition": {operator: {&key: &value}}}});
            let Ok(policy) = Policy::parse(&document.to_string(), Kind::Resource) else { continue };
            let context = Context::new().with(key.clone(), value.clone());
            let attached = Attached { name: "p".into(), policy: policy.into() };
            let action = format!("s3:{action}");
            decide(&request(ANNA, &action, &resource, &context), &Policies::default(), Some(&attached), ResourceRule::Either);
        }
    }
}
