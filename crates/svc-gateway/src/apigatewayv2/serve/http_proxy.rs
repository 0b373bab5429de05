//! `HTTP_PROXY`: the request goes on to an address, and its answer back, both as they come.

use super::{
    Gateway, LARGEST,
    integrate::{Asked, Failure, Reply, strip},
};
use front::{Body, body};
use http::{
    HeaderValue, Method, Request, Uri,
    header::{CONTENT_LENGTH, HOST, VIA},
};
use http_body_util::{BodyExt, Limited};
use logic::http_api::{exchange::Exchange, target};
use model::apigatewayv2::IntegrationSpec;

/// Asks the address. `path` is another one than the address's, if mappings say so.
pub async fn integration(
    gateway: &Gateway,
    spec: &IntegrationSpec,
    (seen, path): (&Exchange, Option<String>),
    asked: Asked,
) -> Result<(Reply, Option<u16>), Failure> {
    let uri = address(spec, seen, path.as_deref()).ok_or_else(|| Failure::internal("The integration's URI is invalid."))?;
    let request = request(spec, seen, uri, asked).ok_or_else(|| Failure::internal("The integration's URI is invalid."))?;
    let client = gateway.roads.client().ok_or_else(|| Failure::internal("This host has no TLS to ask with."))?;
    let answer = client
        .request(request)
        .await
        .map_err(|error| Failure::unavailable(format!("The integration can't be reached: {error}")))?;
    let (head, body) = answer.into_parts();
    let mut headers = head.headers;
    strip(&mut headers);
    let body = body.map_err(Into::into).boxed_unsync();
    Ok((Reply { status: head.status, headers, body }, None))
}

/// The address with the values of path and stage variables, and the request's query behind its own.
fn address(spec: &IntegrationSpec, seen: &Exchange, path: Option<&str>) -> Option<Uri> {
    let uri = target::with_variables(spec.uri.as_deref()?, seen);
    let uri = target::with_parameters(&uri, seen);
    let mut url = url::Url::parse(&uri).ok()?;
    if let Some(path) = path {
        url.set_path(path);
    }
    let query: Vec<&str> = [url.query().unwrap_or_default(), &seen.query].into_iter().filter(|part| !part.is_empty()).collect();
    let query = query.join("&");
    url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    url.set_fragment(None);
    url.as_str().parse().ok()
}

fn request(spec: &IntegrationSpec, seen: &Exchange, uri: Uri, asked: Asked) -> Option<Request<Body>> {
    let method = spec.method.as_deref().filter(|method| *method != "ANY").unwrap_or(&seen.method);
    let mut headers = seen.headers.clone();
    strip(&mut headers);
    headers.remove(HOST);
    let forwarded = format!("for={};host={};proto=http", seen.source_ip, seen.domain);
    headers.insert("forwarded", HeaderValue::try_from(forwarded).ok()?);
    headers.insert(VIA, HeaderValue::from_static(front::GATEWAY_VIA));
    let body = match asked {
        Asked::Whole(bytes) => {
            headers.remove(CONTENT_LENGTH);
            body::full(bytes)
        }
        Asked::Streaming(body) => Limited::new(body, LARGEST).map_err(|error| error).boxed_unsync(),
    };
    let mut request = Request::new(body);
    (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) =
        (Method::from_bytes(method.as_bytes()).ok()?, uri, headers);
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(uri: &str) -> IntegrationSpec {
        IntegrationSpec { uri: Some(uri.into()), ..crate::apigatewayv2::ops::integrations::plain() }
    }

    fn seen() -> Exchange {
        Exchange {
            account: String::new(),
            region: String::new(),
            api: String::new(),
            stage: String::new(),
            domain: String::new(),
            id: String::new(),
            at: model::Timestamp(0),
            source_ip: String::new(),
            protocol: String::new(),
            method: "GET".into(),
            whole_path: String::new(),
            path: String::new(),
            query: "a=1&b=%20".into(),
            headers: Default::default(),
            route_key: String::new(),
            parameters: [("proxy".to_owned(), "x/y z".to_owned())].into(),
            variables: [("host".to_owned(), "backend:81".to_owned())].into(),
            caller: Default::default(),
        }
    }

    #[test]
    fn addresses_have_their_variables_and_the_query() {
        let at = |uri: &str, path: Option<&str>| address(&spec(uri), &seen(), path).map(|uri| uri.to_string());
        assert_eq!(at("http://a/{proxy}", None).as_deref(), Some("http://a/x/y%20z?a=1&b=%20"));
        assert_eq!(at("http://${stageVariables.host}/v?c=2", None).as_deref(), Some("http://backend:81/v?c=2&a=1&b=%20"));
        assert_eq!(at("http://a/v", Some("/new path")).as_deref(), Some("http://a/new%20path?a=1&b=%20"));
        assert_eq!(at("nonsense", None), None);
    }
}
