//! Answers of the load balancer's own.

use super::{Body, Refusal, body};
use http::{HeaderValue, Response, StatusCode, header};

/// What the real one calls itself.
const SERVER: HeaderValue = HeaderValue::from_static("awselb/2.0");

/// The small page that the real service answers with.
pub(crate) fn plain_page(status: StatusCode) -> Response<Body> {
    html_answer(status, page_text(&title(status)))
}

/// Its text; the title is a status line's code and words.
pub(crate) fn page_text(title: &str) -> String {
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
}

/// Says which load balancers there are, to who asked for another. The real service has no such page: there, each has its own address.
pub(crate) fn unknown_host(known: &[String]) -> Response<Body> {
    let items: String = known.iter().map(|name| format!("<li>{}</li>\r\n", escaped(name))).collect();
    let list = match known {
        [] => "<p>There is no load balancer here.</p>\r\n".to_owned(),
        _ => format!(
            "<p>Several load balancers share this port; the request's host says which is meant. There are:</p>\r\n<ul>\r\n{items}</ul>\r\n"
        ),
    };
    let html = format!(
        "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<h1>No load balancer has this name</h1>\r\n{list}</body>\r\n</html>\r\n"
    );
    html_answer(StatusCode::NOT_FOUND, html)
}

/// A fixed-response action's answer.
pub(super) fn fixed(status: u16, content_type: Option<&str>, text: &str) -> Result<Response<Body>, Refusal> {
    let status = StatusCode::from_u16(status).map_err(|_| Refusal::Page(StatusCode::BAD_GATEWAY))?;
    let mut response = answer(status, text.to_owned());
    if let Some(value) = content_type.and_then(|kind| HeaderValue::from_str(&format!("{kind}; charset=utf-8")).ok()) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    Ok(response)
}

fn html_answer(status: StatusCode, html: String) -> Response<Body> {
    let mut response = answer(status, html);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

fn answer(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(body::text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::SERVER, SERVER);
    response
}

/// The status line's text, in the words of the real service where they differ from the registered ones.
fn title(status: StatusCode) -> String {
    let words = match status.as_u16() {
        408 => "Request Time-out",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Large",
        503 => "Service Temporarily Unavailable",
        504 => "Gateway Time-out",
        _ => status.canonical_reason().unwrap_or_default(),
    };
    format!("{} {words}", status.as_u16()).trim_end().to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
