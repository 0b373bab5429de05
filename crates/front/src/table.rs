//! A service as a table: for each operation that is built, who may call it on what, and the function that answers.

use crate::{Cx, Incoming, Streamed, auth::facts::FactsOf, keys::request_tags};
use futures::future::{BoxFuture, FutureExt};
use http::HeaderMap;
use logic::policy::Context;
use model::{AccountId, Arn, Region};
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
    pub(crate) unsigned: Option<Unsigned>,
    pub(crate) inspect: Option<Inspect>,
    pub(crate) dress: Option<Dress>,
    lasting_only: bool,
}

/// In whose account, and where, a request acts that nobody has signed; none if it isn't the service's, or about nothing that is there.
pub type Unsigned = fn(&Snapshot, &wire::Request) -> Option<(AccountId, Region)>;

/// Holds a body that was read as a whole against what the headers say of it.
pub type Inspect = fn(&wire::Request) -> Result<(), Fault>;

/// Adds headers to an answer, be it a success or a failure.
pub type Dress = fn(&Snapshot, &wire::Request, &mut HeaderMap);

/// An operation's row.
pub(crate) struct Row {
    /// None of an operation that needs no permission.
    pub(crate) action: Option<String>,
    pub(crate) has_resource: bool,
    pub(crate) lasting_only: bool,
    /// Whether it takes its body as it comes.
    pub(crate) streams: bool,
    pub(crate) run: Run,
}

type Run = Box<dyn Fn(Store, Cx, Value, Incoming) -> BoxFuture<'static, Result<Streamed<Value>, Fault>> + Send + Sync>;

/// Who may call an operation that takes `I`: its IAM action, the resources that it acts on, and the condition keys of its input
/// (Service Authorization Reference).
pub struct Access<I> {
    action: Option<&'static str>,
    chosen: Option<fn(&I) -> Option<&'static str>>,
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

    /// Another action where the input says something, such as `s3:GetObjectVersion` where it names a version.
    pub fn action_if(self, chosen: fn(&I) -> Option<&'static str>) -> Self {
        Self { chosen: Some(chosen), ..self }
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
        Self { action: None, chosen: None, resources, keys: None, tagging: None }
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
        let action = self.chosen.and_then(|chosen| chosen(input)).unwrap_or(action);
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
            unsigned: None,
            inspect: None,
            dress: None,
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

    /// All its operations can be called without a signature, by whoever its resources' policies let in, where `acts` knows what a
    /// request is about.
    pub fn unsigned(self, acts: Unsigned) -> Self {
        Self { unsigned: Some(acts), ..self }
    }

    /// Holds the bodies of its operations against their headers, such as `Content-MD5`.
    pub fn inspect(self, inspect: Inspect) -> Self {
        Self { inspect: Some(inspect), ..self }
    }

    /// Adds headers to all of its answers.
    pub fn dress(self, dress: Dress) -> Self {
        Self { dress: Some(dress), ..self }
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
        self.row::<A, _, _>(access, false, move |store: Store, cx: Cx, input: A::Input, _| {
            let handler = handler.clone();
            async move { store.transact(move |tx| handler(&cx, tx, &input)).await }
        })
    }

    /// As [`Service::op`], of one whose status depends on what was done.
    pub fn op_with_status<A: Api>(
        self,
        access: Access<A::Input>,
        handler: impl Fn(&Cx, &mut Tx, &A::Input) -> Answer<Streamed<A::Output>> + Send + Sync + 'static,
    ) -> Self {
        let handler = Arc::new(handler);
        self.row::<A, _, _>(access, false, move |store: Store, cx: Cx, input: A::Input, _| {
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
        self.row::<A, _, _>(access, false, move |_, cx, input, _| handler(cx, deps.clone(), input))
    }

    /// An operation of a REST service that takes its body as it comes, or answers with one that is sent as it is made. The input lacks
    /// the member that is the body. Who asks is known from the head alone; whether the body is what was signed, only at its end.
    pub fn op_streaming<A, D, F>(
        self,
        access: Access<A::Input>,
        deps: &Arc<D>,
        handler: fn(Cx, Arc<D>, A::Input, Incoming) -> F,
    ) -> Self
    where
        A: Api,
        D: Send + Sync + 'static,
        F: Future<Output = Answer<Streamed<A::Output>>> + Send + 'static,
    {
        let deps = deps.clone();
        self.row::<A, _, _>(access, true, move |_, cx, input, body| handler(cx, deps.clone(), input, body))
    }

    /// The operations that are built: name, IAM action if it needs a permission, and whether its row says on which resources it acts.
    pub fn table(&self) -> impl Iterator<Item = (&'static str, Option<&str>, bool)> {
        self.rows.iter().map(|(name, row)| (*name, row.action.as_deref(), row.has_resource))
    }

    /// The service in the API's tables.
    pub fn api(&self) -> &'static wire::Service {
        self.api
    }

    fn row<A, F, O>(
        mut self,
        access: Access<A::Input>,
        streams: bool,
        handler: impl Fn(Store, Cx, A::Input, Incoming) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: Api,
        F: Future<Output = Answer<O>> + Send + 'static,
        O: Into<Streamed<A::Output>>,
    {
        assert_eq!(A::service().id, self.api.id, "{} is another service's operation", A::NAME);
        let action = access.action.map_or_else(|| format!("{}:{}", self.iam_prefix, A::NAME), str::to_owned);
        let has_resource = matches!(access.resources, Resources::On(_) | Resources::Found(_));
        let needed = !matches!(access.resources, Resources::Anyone);
        let permission = action.clone();
        let run: Run = Box::new(move |store, cx, value, body| {
            let admitted = A::input(value).and_then(|input| {
                access.admit(&cx, A::NAME, &permission, &input)?;
                Ok(handler(store, cx, input, body))
            });
            async move { admitted?.await.map(|answer| answer.into().map(A::output)) }.boxed()
        });
        let action = needed.then_some(action);
        let previous = self.rows.insert(A::NAME, Row { action, has_resource, lasting_only: self.lasting_only, streams, run });
        assert!(previous.is_none(), "{} has two rows", A::NAME);
        self
    }
}
