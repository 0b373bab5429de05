//! A service as a table: for each operation that is built, who may call it on what, and the function that answers.

use crate::{Cx, auth::facts::FactsOf, keys::request_tags};
use futures::future::{BoxFuture, FutureExt};
use logic::policy::Context;
use model::Arn;
use spine::{Snapshot, Store, Tx};
use std::{collections::BTreeMap, future::Future, sync::Arc};
use wire::{Api, Fault, Value};

/// What a handler answers with. What goes wrong in the store becomes a fault by `?`.
pub type Answer<T> = Result<T, Fault>;

/// What a service lays down where an account is seen in a region for the first time. It may be run again.
pub type FirstTouch = fn(&Cx, &mut Tx) -> Answer<()>;

/// A service that the front serves.
pub struct Service {
    pub(crate) api: &'static wire::Service,
    pub(crate) first_touch: Option<FirstTouch>,
    pub(crate) rows: BTreeMap<&'static str, Row>,
    pub(crate) facts: Option<FactsOf>,
    pub(crate) iam_prefix: &'static str,
    pub(crate) binds_root: bool,
    lasting_only: bool,
}

/// An operation's row.
pub(crate) struct Row {
    /// None of an operation that needs no permission.
    pub(crate) action: Option<String>,
    pub(crate) has_resource: bool,
    pub(crate) lasting_only: bool,
    pub(crate) run: Run,
}

type Run = Box<dyn Fn(Store, Cx, Value) -> BoxFuture<'static, Result<Value, Fault>> + Send + Sync>;

/// Who may call an operation that takes `I`: its IAM action, the resources that it acts on, and the condition keys of its input
/// (Service Authorization Reference).
pub struct Access<I> {
    action: Option<&'static str>,
    resources: Resources<I>,
    keys: Option<fn(&Cx, &I) -> Context>,
    tagging: Option<(&'static str, TaggingOf<I>)>,
}

type TaggingOf<I> = fn(&Cx, &I) -> Tagging;

/// The tags that a request gives to what it makes.
pub struct Tagging {
    /// What is made; `*` stands in its ARN for an id that it hasn't yet.
    pub resources: Vec<Arn>,
    /// The tags, as they stand in the request.
    pub tags: Vec<(String, String)>,
}

/// How the resources of an operation are found.
enum Resources<I> {
    /// Anybody may call it, whatever the policies say.
    Anyone,
    /// It acts on none in particular: policies name it with `"Resource": "*"`.
    All,
    /// The input alone tells.
    On(fn(&Cx, &I) -> Vec<Arn>),
    /// The input names something whose ARN only its record tells.
    Found(fn(&Cx, &Snapshot, &I) -> Result<Vec<Arn>, Fault>),
}

impl<I> Access<I> {
    /// The action of the operation's own name, on the resources that are found from its input. They need not exist.
    pub fn on(resources: fn(&Cx, &I) -> Vec<Arn>) -> Self {
        Self::to(Resources::On(resources))
    }

    /// The action of the operation's own name, on resources whose ARNs stand in records, such as those of IAM with their paths.
    pub fn found(resources: fn(&Cx, &Snapshot, &I) -> Result<Vec<Arn>, Fault>) -> Self {
        Self::to(Resources::Found(resources))
    }

    /// The action of the operation's own name, on no particular resource: policies name it with `"Resource": "*"`.
    pub fn all() -> Self {
        Self::to(Resources::All)
    }

    /// Nobody's permission is looked at, so that no policy can deny the operation either, such as `sts:GetCallerIdentity`.
    pub fn anyone() -> Self {
        Self::to(Resources::Anyone)
    }

    /// Another action than the one of the operation's own name, such as `ec2:CreateTags`.
    pub fn action(self, action: &'static str) -> Self {
        Self { action: Some(action), ..self }
    }

    /// With the condition keys that the input tells, such as `aws:RequestTag/…` and `ecs:cluster`.
    pub fn keys(self, keys: fn(&Cx, &I) -> Context) -> Self {
        Self { keys: Some(keys), ..self }
    }

    /// With tags that the request gives to what it makes. They are condition keys; and where there are any, the caller needs the
    /// permission to tag as well, which can be given for `<prefix>:CreateAction` alone.
    pub fn tagging(self, action: &'static str, tags: TaggingOf<I>) -> Self {
        Self { tagging: Some((action, tags)), ..self }
    }

    fn to(resources: Resources<I>) -> Self {
        Self { action: None, resources, keys: None, tagging: None }
    }

    /// Refuses the call unless every resource may be acted on, and tagged where it is made with tags.
    fn admit(&self, cx: &Cx, operation: &'static str, action: &str, input: &I) -> Result<(), Fault> {
        let resources = match self.resources {
            Resources::Anyone => return Ok(()),
            Resources::All => Vec::new(),
            Resources::On(find) => find(cx, input),
            Resources::Found(find) => find(cx, cx.snapshot(), input)?,
        };
        let made = self.tagging.map(|(tagger, tagging)| (tagger, tagging(cx, input)));
        let mut keys = self.known(cx, input, &resources, made.as_ref().map(|(_, made)| made));
        cx.authorize(action, &resources, &keys)?;
        let Some((tagger, made)) = made.filter(|(_, made)| !made.tags.is_empty()) else { return Ok(()) };
        let prefix = tagger.split(':').next().unwrap_or_default();
        keys.set(format!("{prefix}:CreateAction"), operation);
        cx.authorize(tagger, &made.resources, &keys)
    }

    /// The condition keys of the input and of the tags in it. The root of all that the call is about is held to none.
    fn known(&self, cx: &Cx, input: &I, resources: &[Arn], made: Option<&Tagging>) -> Context {
        let made_resources = made.into_iter().flat_map(|made| &made.resources);
        if cx.authority.is_root_of(resources.iter().chain(made_resources)) {
            return Context::default();
        }
        let mut keys = self.keys.map(|keys| keys(cx, input)).unwrap_or_default();
        if let Some(made) = made {
            keys.set_from(&request_tags(made.tags.iter().map(|(key, value)| (key, value))));
        }
        keys
    }
}

impl Service {
    /// A service of which nothing is built yet.
    pub fn new(api: &'static wire::Service) -> Self {
        Self {
            api,
            first_touch: None,
            facts: None,
            rows: BTreeMap::new(),
            iam_prefix: api.signing_name,
            binds_root: false,
            lasting_only: false,
        }
    }

    /// What stands before the colon in its IAM actions, where that is not its signing name.
    pub fn iam_prefix(self, iam_prefix: &'static str) -> Self {
        Self { iam_prefix, ..self }
    }

    /// Its operations, those that follow here, know nothing of the sessions of users ([`Cx::is_session_of_user`]), as IAM doesn't.
    pub fn lasting_credentials_only(self) -> Self {
        Self { lasting_only: true, ..self }
    }

    /// Finds what is known of a resource that this service's actions are about: its tags, its policy, its condition keys.
    pub fn resources(self, facts: FactsOf) -> Self {
        Self { facts: Some(facts), ..self }
    }

    /// The policies of its resources hold the root of their account as well, as those of KMS's keys do.
    pub fn policies_bind_root(self) -> Self {
        Self { binds_root: true, ..self }
    }

    /// Runs in a transaction before the first operation, of whatever service, in an account and region.
    pub fn first_touch(self, first_touch: FirstTouch) -> Self {
        Self { first_touch: Some(first_touch), ..self }
    }

    /// An operation that is one transaction. The handler may be run several times, until nothing that it has read has changed.
    pub fn op<A: Api>(
        self,
        access: Access<A::Input>,
        handler: impl Fn(&Cx, &mut Tx, &A::Input) -> Answer<A::Output> + Send + Sync + 'static,
    ) -> Self {
        let handler = Arc::new(handler);
        self.row::<A, _>(access, move |store: Store, cx: Cx, input: A::Input| {
            let handler = handler.clone();
            async move { store.transact(move |tx| handler(&cx, tx, &input)).await }
        })
    }

    /// An operation that does more than a transaction, such as moving bytes; `deps` is what it needs for that.
    pub fn op_async<A, D, F>(self, access: Access<A::Input>, deps: &Arc<D>, handler: fn(Cx, Arc<D>, A::Input) -> F) -> Self
    where
        A: Api,
        D: Send + Sync + 'static,
        F: Future<Output = Answer<A::Output>> + Send + 'static,
    {
        let deps = deps.clone();
        self.row::<A, _>(access, move |_, cx, input| handler(cx, deps.clone(), input))
    }

    /// The operations that are built: name, IAM action if it needs a permission, and whether its row says on which resources it acts.
    pub fn table(&self) -> impl Iterator<Item = (&'static str, Option<&str>, bool)> {
        self.rows.iter().map(|(name, row)| (*name, row.action.as_deref(), row.has_resource))
    }

    /// The service in the API's tables.
    pub fn api(&self) -> &'static wire::Service {
        self.api
    }

    fn row<A, F>(mut self, access: Access<A::Input>, handler: impl Fn(Store, Cx, A::Input) -> F + Send + Sync + 'static) -> Self
    where
        A: Api,
        F: Future<Output = Answer<A::Output>> + Send + 'static,
    {
        assert_eq!(A::service().id, self.api.id, "{} is another service's operation", A::NAME);
        let action = access.action.map_or_else(|| format!("{}:{}", self.iam_prefix, A::NAME), str::to_owned);
        let has_resource = matches!(access.resources, Resources::On(_) | Resources::Found(_));
        let needed = !matches!(access.resources, Resources::Anyone);
        let permission = action.clone();
        let run: Run = Box::new(move |store, cx, value| {
            let admitted = A::input(value).and_then(|input| {
                access.admit(&cx, A::NAME, &permission, &input)?;
                Ok(handler(store, cx, input))
            });
            async move { admitted?.await.map(A::output) }.boxed()
        });
        let action = needed.then_some(action);
        let previous = self.rows.insert(A::NAME, Row { action, has_resource, lasting_only: self.lasting_only, run });
        assert!(previous.is_none(), "{} has two rows", A::NAME);
        self
    }
}
