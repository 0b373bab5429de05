//! A service's table: which function answers an operation, under which IAM action, on which resources.
//!
//! A row is typed where it is written and untyped where it is called, so that a wrong pairing does not compile and the front
//! needs to know no service.

use crate::{Cx, Principal};
use model::Arn;
use spine::{Store, StoreError, Tx};
use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};
use wire::{Api, Fault, Value};

/// What a handler answers with.
pub type Answer<T> = Result<T, Error>;

/// Why a handler did not do what it was asked to.
#[derive(Debug)]
pub enum Error {
    /// The caller is told this.
    Fault(Fault),
    /// The store failed; the caller is told that something did.
    Store(StoreError),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::Fault(fault)
    }
}
impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Error::Store(error)
    }
}
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Fault(fault) => fault,
            Error::Store(error) => Fault::internal(error),
        }
    }
}

/// What a caller must be allowed to do to have an operation done.
pub struct Access<I> {
    action: Option<&'static str>,
    resources: fn(&Cx, &I) -> Vec<Arn>,
    /// Whether the operation has no resource of its own in AWS's service authorization reference, so that policies name `*`.
    any: bool,
}

impl<I> Access<I> {
    /// On the resources that the input names.
    pub fn on(resources: fn(&Cx, &I) -> Vec<Arn>) -> Self {
        Self { action: None, resources, any: false }
    }
    /// On no resource in particular (`*` in the service authorization reference).
    pub fn any() -> Self {
        Self { action: None, resources: |_, _| Vec::new(), any: true }
    }
    /// Under another action than `prefix:OperationName`.
    pub fn action(mut self, action: &'static str) -> Self {
        self.action = Some(action);
        self
    }
}

type Running = Pin<Box<dyn Future<Output = Result<Value, Fault>> + Send>>;
type FirstTouch = fn(&Cx, &mut Tx) -> Answer<()>;

/// One operation.
pub struct Row {
    /// The IAM action.
    pub action: String,
    /// Policies name `*` for it.
    pub on_any_resource: bool,
    run: Box<dyn Fn(Store, Cx, Value) -> Running + Send + Sync>,
}

/// A service: its schema and its rows.
pub struct Service {
    schema: &'static wire::Service,
    prefix: &'static str,
    rows: BTreeMap<&'static str, Row>,
    first_touch: Option<FirstTouch>,
}

impl Service {
    /// A service without rows. Its IAM actions begin with its signing name.
    pub fn new(schema: &'static wire::Service) -> Self {
        Self { schema, prefix: schema.signing_name, rows: BTreeMap::new(), first_touch: None }
    }

    /// Adds an operation that is one transaction.
    pub fn op<A: Api>(self, access: Access<A::Input>, handler: fn(&Cx, &mut Tx, &A::Input) -> Answer<A::Output>) -> Self
    where
        A::Input: Sync,
        A::Output: Send,
    {
        self.row::<A, _, _>(access, move |store, cx, input| async move {
            let handled = store.transact(|tx| handler(&cx, tx, &input)).await;
            handled.map_err(Fault::from)
        })
    }

    /// Adds an operation that streams, waits, or reads what isn't a record. It makes transactions of its own.
    pub fn op_async<A: Api, D, F>(self, access: Access<A::Input>, deps: &Arc<D>, handler: fn(Arc<D>, Cx, A::Input) -> F) -> Self
    where
        D: Send + Sync + 'static,
        F: Future<Output = Answer<A::Output>> + Send + 'static,
    {
        let deps = Arc::clone(deps);
        self.row::<A, _, _>(access, move |_, cx, input| {
            let handled = handler(Arc::clone(&deps), cx, input);
            async move { handled.await.map_err(Fault::from) }
        })
    }

    /// What has to be there before an account uses a region for the first time; run once for each, in the first call's name.
    pub fn first_touch(mut self, prepare: FirstTouch) -> Self {
        self.first_touch = Some(prepare);
        self
    }

    /// The service's schema.
    pub fn schema(&self) -> &'static wire::Service {
        self.schema
    }

    /// The rows by operation name.
    pub fn rows(&self) -> &BTreeMap<&'static str, Row> {
        &self.rows
    }

    /// See [`Service::first_touch`].
    pub fn prepare(&self) -> Option<FirstTouch> {
        self.first_touch
    }

    /// Answers a call whose input was decoded and validated.
    pub async fn call(&self, store: &Store, cx: Cx, operation: &str, input: Value) -> Result<Value, Fault> {
        let row = self.rows.get(operation).ok_or_else(|| Fault::not_implemented(format_args!("{}:{operation}", self.prefix)))?;
        (row.run)(store.clone(), cx, input).await
    }

    fn row<A: Api, H, F>(mut self, access: Access<A::Input>, handle: H) -> Self
    where
        H: Fn(Store, Cx, A::Input) -> F + Send + Sync + 'static,
        F: Future<Output = Result<A::Output, Fault>> + Send + 'static,
    {
        let action = access.action.map_or_else(|| format!("{}:{}", self.prefix, A::NAME), str::to_owned);
        let (resources, required) = (access.resources, action.clone());
        let run = move |store, cx: Cx, value| -> Running {
            let handled = A::input(value).and_then(|input| {
                authorize(&cx, &required, &resources(&cx, &input))?;
                Ok(handle(store, cx, input))
            });
            Box::pin(async move { Ok(A::output(handled?.await?)) })
        };
        self.rows.insert(A::NAME, Row { action, on_any_resource: access.any, run: Box::new(run) });
        self
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("id", &self.schema.id).field("rows", &self.rows.len()).finish()
    }
}

/// Whether the caller may. An account's root may do everything in its account, which is the only kind of principal so far.
fn authorize(cx: &Cx, action: &str, _resources: &[Arn]) -> Result<(), Fault> {
    match &cx.principal {
        Principal::Root(account) if *account == cx.account => Ok(()),
        other => Err(Fault::client(
            "AccessDeniedException",
            format!(
                "User: {} is not authorized to perform: {action} because no identity-based policy allows the {action} action",
                other.arn()
            ),
        )
        .status(403)),
    }
}
