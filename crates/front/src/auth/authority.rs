//! What the caller of a request may do.

use super::{
    context::{self, Circumstances, Passed},
    encoded::{Denial, Matched},
    facts::Facts,
    gate::Gate,
    policies::Reader,
};
use crate::Cx;
use logic::policy::{self, Attached, Caller, CallerKind, Context, Decision, Explanation, Policies};
use model::{
    AccountId, Arn, Timestamp,
    iam::{AccessKeySpec, Principal, global_arn},
};
use spine::Snapshot;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use wire::Fault;

/// The caller, its policies, and what is known of the request besides its input. Clones are the same.
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

struct Inner {
    account: AccountId,
    principal: Principal,
    /// The key that was issued to the caller, if one was.
    key: Option<String>,
    /// The caller's ARN, and that of the role or the user whose session it is, once a policy has been asked.
    arns: OnceLock<(String, Option<String>)>,
    policies: Policies,
    context: LazyContext,
    snapshot: Snapshot,
    gate: Arc<Gate>,
    denial: Mutex<Option<Denial>>,
}

/// Condition keys that are made when somebody asks for them: most calls are decided without, being those of an account's root.
type LazyContext = LazyLock<Context, Box<dyn FnOnce() -> Context + Send>>;

impl Authority {
    /// Of whoever holds the key.
    pub(crate) fn of_key(
        gate: &Arc<Gate>,
        snapshot: &Snapshot,
        (id, key): (&str, Arc<AccessKeySpec>),
        circumstances: Circumstances,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let reader = Reader { snapshot, compiled: &gate.compiled, account: &key.account };
        let policies = reader.of_key(id, &key)?;
        let passed = circumstances.passed(snapshot, &gate.compiled)?;
        let (tags, of) = (context::lasting_tags(snapshot, &key)?, key.clone());
        let known = move |known: &mut Context| context::of_key(known, &of, &tags);
        let who = (&key.account, &key.principal, Some(id));
        Ok(Self::new(gate, snapshot, who, (policies, passed), move || circumstances.context(now), known))
    }

    /// Of who has no issued key: an account's root by a key of the tutorials, or nobody who is known.
    pub(crate) fn of_keyless(
        gate: &Arc<Gate>,
        snapshot: &Snapshot,
        (account, principal): (&AccountId, &Principal),
        circumstances: Circumstances,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let passed = circumstances.passed(snapshot, &gate.compiled)?;
        let of = (account.clone(), principal.clone());
        let known = move |known: &mut Context| context::of_principal(known, &of.0, &of.1);
        let (who, policies) = ((account, principal, None), Policies::default());
        Ok(Self::new(gate, snapshot, who, (policies, passed), move || circumstances.context(now), known))
    }

    /// Of a service on its own behalf, for a resource of an account.
    pub(crate) fn of_service(
        gate: &Arc<Gate>,
        snapshot: &Snapshot,
        (account, principal): (&AccountId, &Principal),
        (source, source_account): (&Arn, &AccountId),
        circumstances: Circumstances,
        now: Timestamp,
    ) -> Self {
        let (of, source, source_account) = ((account.clone(), principal.clone()), source.to_string(), source_account.clone());
        let known = move |known: &mut Context| {
            context::of_principal(known, &of.0, &of.1);
            known.set("aws:SourceArn", source);
            known.set("aws:SourceAccount", source_account.as_str());
        };
        let (who, policies) = ((account, principal, None), Policies::default());
        Self::new(gate, snapshot, who, (policies, None), move || circumstances.context(now), known)
    }

    /// What is known of the request, `of_request` and then `of_caller` tell when it is asked.
    fn new(
        gate: &Arc<Gate>,
        snapshot: &Snapshot,
        (account, principal, key): (&AccountId, &Principal, Option<&str>),
        (mut policies, passed): (Policies, Option<Passed>),
        of_request: impl FnOnce() -> Context + Send + 'static,
        of_caller: impl FnOnce(&mut Context) + Send + 'static,
    ) -> Self {
        policies.endpoint = passed.as_ref().map(|passed| passed.policy.clone());
        let context: LazyContext = LazyLock::new(Box::new(move || {
            let mut context = of_request();
            of_caller(&mut context);
            passed.into_iter().for_each(|passed| passed.describe(&mut context));
            context
        }));
        let (snapshot, gate) = (snapshot.clone(), gate.clone());
        let (account, principal, key) = (account.clone(), principal.clone(), key.map(str::to_owned));
        let (arns, denial) = (OnceLock::new(), Mutex::default());
        Self(Arc::new(Inner { account, principal, key, arns, policies, context, snapshot, gate, denial }))
    }

    /// What was committed when the request came.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.0.snapshot
    }

    /// The id of the key that was issued to the caller, if one was.
    pub(crate) fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// What is known of the caller and of the way that the request came, as condition keys.
    pub(crate) fn context(&self) -> &Context {
        &self.0.context
    }

    /// What the policies say to an action on a resource; none stands for `*`. `keys` are the condition keys of the request's input.
    pub(crate) fn decide(&self, cx: &Cx, action: &str, resource: Option<&Arn>, keys: &Context) -> Result<Decision, Fault> {
        let facts = self.facts(cx, action, resource)?;
        self.decide_on(&facts, action, resource, keys)
    }

    /// What the policies say to an action on a resource of which these are the facts.
    pub(crate) fn decide_on(
        &self,
        facts: &Facts,
        action: &str,
        resource: Option<&Arn>,
        keys: &Context,
    ) -> Result<Decision, Fault> {
        let (inner, attached) = (&*self.0, self.attached(facts, action, resource)?);
        let (context, text) = (self.circumstances(facts, action, resource, keys), shown(resource));
        let resource_account = facts.owner(resource);
        let request = policy::Request { caller: inner.caller(), action, resource: &text, resource_account, context: &context };
        let decision = policy::decide(&request, &inner.policies, attached.as_ref(), facts.rule);
        if !decision.allowed {
            *self.denial() = Some(inner.denial(&request, &decision));
        }
        Ok(decision)
    }

    /// As [`Authority::decide`], with what every statement of every policy says.
    pub(crate) fn explain(&self, cx: &Cx, action: &str, resource: Option<&Arn>, keys: &Context) -> Result<Explanation, Fault> {
        let inner = &*self.0;
        let facts = self.facts(cx, action, resource)?;
        let attached = self.attached(&facts, action, resource)?;
        let (context, text) = (self.circumstances(&facts, action, resource, keys), shown(resource));
        let resource_account = facts.owner(resource);
        let request = policy::Request { caller: inner.caller(), action, resource: &text, resource_account, context: &context };
        Ok(policy::explain(&request, &inner.policies, attached.as_ref(), facts.rule))
    }

    /// The resource's policy, compiled, where it counts.
    fn attached(&self, facts: &Facts, action: &str, resource: Option<&Arn>) -> Result<Option<Attached>, Fault> {
        let own = self.0.principal == Principal::Root && facts.owner(resource) == Some(self.0.account.as_str());
        let policy = facts.policy.as_ref().filter(|_| !(own && facts.always_roots.contains(&action)));
        policy.map(|policy| self.0.gate.compiled.of_resource(policy)).transpose()
    }

    /// All that is known of a request.
    fn circumstances(&self, facts: &Facts, action: &str, resource: Option<&Arn>, keys: &Context) -> Context {
        let mut context = self.context().clone();
        facts.describe(&mut context, prefix(action), resource);
        // What a request is to make so stands before what is so: `iam:PermissionsBoundary` is the boundary that a user is to have.
        context.set_from(keys);
        context
    }

    /// What was denied last, for messages that only the account's administrators can read.
    pub(crate) fn take_denial(&self) -> Option<Denial> {
        self.denial().take()
    }

    fn denial(&self) -> MutexGuard<'_, Option<Denial>> {
        self.0.denial.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it may do everything to those things, which are of its account: then nothing has to be looked up.
    pub(crate) fn is_root_of<'a>(&self, resources: impl IntoIterator<Item = &'a Arn>) -> bool {
        let own = |arn: &Arn| arn.owner().is_none_or(|owner| owner == self.0.account.as_str());
        let free = |arn: &Arn| !self.0.gate.binds_root.contains(arn.service.as_str());
        let way_is_free = self.0.policies.endpoint.is_none();
        way_is_free && self.0.principal == Principal::Root && resources.into_iter().all(|arn| own(arn) && free(arn))
    }

    fn facts(&self, cx: &Cx, action: &str, resource: Option<&Arn>) -> Result<Facts, Fault> {
        match (self.0.gate.facts.get(prefix(action)), resource) {
            (Some(find), Some(resource)) => find(cx, &self.0.snapshot, resource),
            _ => Ok(Facts::default()),
        }
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("account", &self.0.account).finish_non_exhaustive()
    }
}

fn shown(resource: Option<&Arn>) -> String {
    resource.map_or_else(|| "*".to_owned(), Arn::to_string)
}

fn prefix(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

/// The role or the user whose session the principal is.
fn behind(account: &AccountId, principal: &Principal) -> Option<Arn> {
    match principal {
        Principal::FederatedUser { by: Some(name), .. } => Some(global_arn("iam", account, format!("user/{name}"))),
        principal => principal.role_arn(account),
    }
}

impl Inner {
    fn denial(&self, request: &policy::Request<'_>, decision: &Decision) -> Denial {
        let matched = |statement: &policy::StatementRef| Matched {
            id: statement.sid.clone().unwrap_or_default(),
            denies: decision.is_explicit_deny(),
            actions: Vec::new(),
            resources: Vec::new(),
        };
        Denial {
            explicit: decision.is_explicit_deny(),
            matched: decision.statements.iter().map(matched).collect(),
            principal_id: self.principal.id(&self.account),
            principal: self.principal.arn(&self.account),
            action: request.action.to_owned(),
            resource: request.resource.to_owned(),
            conditions: request.context.iter().map(|(key, values)| (key.to_owned(), values.to_vec())).collect(),
        }
    }

    /// The caller as policies see it.
    fn caller(&self) -> Caller<'_> {
        let shown = |arn: Arn| arn.to_string();
        let made = || (shown(self.principal.arn(&self.account)), behind(&self.account, &self.principal).map(shown));
        let (arn, of) = self.arns.get_or_init(made);
        let kind = match &self.principal {
            Principal::Root => CallerKind::Root,
            Principal::Anonymous => CallerKind::Anonymous,
            Principal::Service { .. } => CallerKind::Service,
            Principal::User { .. } => CallerKind::User,
            Principal::AssumedRole { .. } => CallerKind::AssumedRole { role_arn: of.as_deref().unwrap_or_default() },
            Principal::FederatedUser { .. } => CallerKind::FederatedUser { user_arn: of.as_deref() },
        };
        let arn = if let Principal::Service { name } = &self.principal { name } else { arn };
        Caller { arn, account: self.account.as_str(), kind }
    }
}
