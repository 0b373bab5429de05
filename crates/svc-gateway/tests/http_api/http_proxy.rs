//! Requests to an API that go on to an address: a small server that tells what it was asked.

use super::cloud::Cloud;
use http::Request;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// A server that answers each request with its own text; its address.
async fn mirror() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut text = Vec::new();
                let mut buffer = [0; 4096];
                while !complete(&text) {
                    match socket.read(&mut buffer).await {
                        Ok(read) if read > 0 => text.extend_from_slice(&buffer[..read]),
                        _ => break,
                    }
                }
                let head =
                    format!("HTTP/1.1 203 Fine\r\nx-mirror: yes\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", text.len());
                let _ = socket.write_all(&[head.as_bytes(), &text].concat()).await;
            });
        }
    });
    address
}

/// Whether a head with a body of the length that it states is there.
fn complete(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    body.len() >= length.unwrap_or(0)
}

#[tokio::test]
async fn a_request_goes_on_and_its_answer_back() {
    let cloud = Cloud::new();
    let (api, address) = (cloud.api().await, mirror().await);
    let integration = json!({"integrationType": "HTTP_PROXY", "integrationMethod": "ANY", "integrationUri": format!("http://{address}/base/{{proxy}}?k=v")});
    cloud.route(&api, "ANY /{proxy+}", integration, json!({})).await;
    let request =
        Request::post("/a/b%20c?x=1").header("content-length", "5").header("connection", "x-gone").header("x-gone", "1");
    let reply = cloud.ask_with(&api, request.header("x-kept", "1"), "hello").await;
    assert_eq!((reply.status, reply.headers["x-mirror"].to_str().unwrap()), (203, "yes"));
    let text = reply.text();
    assert!(text.starts_with("POST /base/a/b%20c?k=v&x=1 HTTP/1.1\r\n"), "{text}");
    assert!(text.contains(&format!("host: {address}\r\n")) && text.contains("x-kept: 1") && !text.contains("x-gone"), "{text}");
    assert!(text.contains("via: HTTP/1.1 AmazonAPIGateway\r\n") && text.contains("forwarded: for=127.0.0.1;"), "{text}");
    assert!(text.ends_with("\r\n\r\nhello"), "{text}");
}

#[tokio::test]
async fn an_address_where_nobody_is_makes_the_api_unavailable() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let integration =
        json!({"integrationType": "HTTP_PROXY", "integrationMethod": "GET", "integrationUri": format!("http://{address}/")});
    cloud.route(&api, "GET /", integration, json!({})).await;
    let reply = cloud.ask(&api, "GET", "/").await;
    assert_eq!((reply.status, reply.json()), (503, json!({"message": "Service Unavailable"})));
}

#[tokio::test]
async fn more_than_ten_megabytes_are_too_much() {
    let cloud = Cloud::new();
    let (api, address) = (cloud.api().await, mirror().await);
    let integration =
        json!({"integrationType": "HTTP_PROXY", "integrationMethod": "POST", "integrationUri": format!("http://{address}/")});
    cloud.route(&api, "POST /", integration, json!({})).await;
    let request = Request::post("/").header("content-length", "10485761");
    let reply = cloud.ask_with(&api, request, "").await;
    assert_eq!((reply.status, reply.json()), (413, json!({"message": "Request Entity Too Large"})));
}
