//! A request to a function's URL: who may make it, and what the function is told of it.

use front::{Answer, Arrival, Cx};
use http::{HeaderMap, HeaderValue, header::HOST, request::Parts};
use logic::{
    http_api::{
        exchange::{Caller, Exchange},
        path,
    },
    policy::Context,
};
use model::{
    Arn, Key,
    lambda::{Url, UrlAuth, UrlSpec},
};
use spine::Store;
use wire::Fault;

/// What functions are told of a URL's only stage, and of its only route.
const DEFAULT: &str = "$default";
/// What they are told of the account of somebody who hasn't signed.
const ANONYMOUS: &str = "anonymous";

/// What is asked, and of which URL.
pub struct Asked<'a> {
    pub store: &'a Store,
    pub key: &'a Key<Url>,
    pub spec: &'a UrlSpec,
    pub arrival: &'a Arrival,
}

impl Asked<'_> {
    /// Who asks, if they may: both to use the URL and to invoke the function (Lambda developer guide, "Control access to Lambda function URLs").
    ///
    /// # Errors
    /// Of a signature that doesn't hold, or where the permission is missing.
    pub fn admit(&self, head: &Parts, body: &[u8]) -> Answer<Caller> {
        let service = &api::lambda::SERVICE;
        let (cx, auth) = match self.spec.auth {
            UrlAuth::None => (self.arrival.anonymous(self.store, service, &self.key.account, &self.key.region)?, "NONE"),
            UrlAuth::AwsIam => {
                let cx = self.arrival.identify(self.store, (service, "lambda"), head, body)?;
                (cx.ok_or_else(|| Fault::client("AccessDeniedException", "Forbidden").status(403))?, "AWS_IAM")
            }
        };
        let mut keys = Context::default();
        keys.set("lambda:FunctionUrlAuthType", auth);
        keys.set("lambda:InvokedViaFunctionUrl", "true");
        for action in ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"] {
            cx.authorize(action, &[self.function()], &keys)?;
        }
        Ok(if auth == "NONE" { Caller::Unknown } else { caller(&cx) })
    }

    fn function(&self) -> Arn {
        self.key.function().arn_of(self.key.alias())
    }

    /// The request as the function is told of it.
    pub fn exchange(&self, head: &mut Parts, caller: Caller) -> Exchange {
        let source_ip = self.arrival.source().map(|source| source.to_string()).unwrap_or_else(|| "127.0.0.1".into());
        let host = text(&head.headers, HOST.as_str()).unwrap_or_else(|| self.arrival.endpoint.clone());
        let mut headers = head.headers.clone();
        forwarded(&mut headers, &source_ip, &host);
        Exchange {
            account: account(&caller),
            region: self.key.region.to_string(),
            api: self.spec.id.clone(),
            stage: DEFAULT.into(),
            domain: front::host::name(&host),
            id: self.arrival.request_id.clone(),
            at: self.arrival.env.now(),
            source_ip,
            protocol: format!("{:?}", head.version),
            method: head.method.to_string(),
            whole_path: path::decoded(head.uri.path()),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers,
            route_key: DEFAULT.into(),
            parameters: Default::default(),
            variables: Default::default(),
            caller,
        }
    }
}

fn account(caller: &Caller) -> String {
    match caller {
        Caller::Iam { account, .. } => account.clone(),
        _ => ANONYMOUS.to_owned(),
    }
}

/// Whoever has signed.
fn caller(cx: &Cx) -> Caller {
    let user_id = cx.context().single("aws:userid").map(str::to_owned);
    Caller::Iam {
        access_key: cx.access_key_id().unwrap_or(cx.account.as_str()).to_owned(),
        account: cx.account.to_string(),
        user_id: user_id.unwrap_or_else(|| cx.account.to_string()),
        arn: cx.principal.arn(&cx.account).to_string(),
    }
}

/// What says where a request came from.
fn forwarded(headers: &mut HeaderMap, source: &str, host: &str) {
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port).to_owned();
    for (name, value) in [("x-forwarded-for", source), ("x-forwarded-proto", "http"), ("x-forwarded-port", &port)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
