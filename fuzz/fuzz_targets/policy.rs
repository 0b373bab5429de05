//! Policy documents: they are read or refused, and what was read decides.
//!
//! An input is a document, an action, a resource and a value of every condition key, with NUL characters between them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logic::policy::{
    Attached, Caller, CallerKind, Context, Kind, Policies, Policy, Request, ResourceRule, condition_keys, decide, explain,
    simulate,
};
use std::sync::Arc;

const ACCOUNT: &str = "123456789012";
const SESSION: Caller<'static> = Caller {
    arn: "arn:aws:sts::123456789012:assumed-role/builder/job",
    account: ACCOUNT,
    kind: CallerKind::AssumedRole { role_arn: "arn:aws:iam::123456789012:role/builder" },
};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.split('\0');
    let mut part = || parts.next().unwrap_or_default();
    let (document, action, resource, value) = (part(), part(), part(), part());
    for kind in [Kind::Identity, Kind::Resource, Kind::Trust] {
        match Policy::parse(document, kind) {
            Ok(policy) => ask(kind, policy, action, resource, value),
            Err(fault) => assert!(!fault.message.is_empty()),
        }
    }
});

/// Every way to ask has to find the same.
fn ask(kind: Kind, policy: Policy, action: &str, resource: &str, value: &str) {
    let mut context = Context::new();
    for key in condition_keys(&policy) {
        context.set(key, value);
    }
    let attached = Attached { name: "p".into(), policy: Arc::new(policy) };
    let (policies, of_resource) = match kind {
        Kind::Identity => (Policies { identity: vec![attached], ..Policies::default() }, None),
        _ => (Policies::default(), Some(attached)),
    };
    let request = Request { caller: SESSION, action, resource, resource_account: None, context: &context };
    let decision = decide(&request, &policies, of_resource.as_ref(), ResourceRule::Either);
    let explanation = explain(&request, &policies, of_resource.as_ref(), ResourceRule::Either);
    assert_eq!(explanation.decision, decision);
    let matched = explanation.policies.iter().flat_map(|it| &it.statements).any(|it| it.matched);
    assert!(matched || !decision.allowed);
    simulate(&request, &policies, of_resource.as_ref(), ResourceRule::Either);
}
