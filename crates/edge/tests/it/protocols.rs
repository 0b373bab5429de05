//! WebSocket, TLS, HTTP/2, and bodies that take their time.

use crate::support::*;
use agent_proto::edge::Edge;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

#[tokio::test]
async fn a_websocket_goes_through_and_outlives_its_listener() {
    let backend = Backend::start(|mut stream| async move {
        let request = read_until(&mut stream, "\r\n\r\n").await;
        assert_eq!(field(&request, "upgrade"), Some("websocket"));
        assert_eq!(field(&request, "connection"), Some("upgrade"));
        assert_eq!(field(&request, "sec-websocket-key"), Some("abc"));
        stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").await.unwrap();
        let (mut reading, mut writing) = stream.split();
        let _ = tokio::io::copy(&mut reading, &mut writing).await;
    })
    .await;
    let mut table = table(vec![backend.target()]);
    let world = World::serving(&table).await;
    let mut stream = connect(table.at()).await;
    stream.write_all(b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n\r\n").await.unwrap();
    let answer = read_until(&mut stream, "\r\n\r\n").await;
    assert_eq!(status(&answer), "101");
    assert_eq!(field(&answer, "upgrade"), Some("websocket"));
    stream.write_all(b"ping").await.unwrap();
    read_until(&mut stream, "ping").await;
    table.group().targets[0].draining = true;
    world.link.apply(table.clone()).await.unwrap();
    world.report(|report| report.targets[GROUP][0].in_flight == 1).await;
    table.balancer().listeners.clear();
    world.link.apply(table.clone()).await.unwrap();
    stream.write_all(b"still there").await.unwrap();
    read_until(&mut stream, "still there").await;
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn no_other_protocol_is_changed_to() {
    let backend = Backend::echo().await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let mut stream = connect(table.at()).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_until(&mut stream, "x-amzn-trace-id").await;
    assert_eq!(status(&answer), "200");
    for gone in ["upgrade", "http2-settings", "connection"] {
        assert_eq!(field(body(&answer), gone), None, "{gone}");
    }
}

#[tokio::test]
async fn an_answer_is_passed_on_as_it_comes() {
    let (go, on) = tokio::sync::mpsc::channel::<()>(1);
    let on = Arc::new(tokio::sync::Mutex::new(on));
    let backend = Backend::start(move |mut stream| {
        let on = on.clone();
        async move {
            read_until(&mut stream, "\r\n\r\n").await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n").await.unwrap();
            on.lock().await.recv().await;
            stream.write_all(b"data: 2\n\n").await.unwrap();
        }
    })
    .await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let mut stream = connect(table.at()).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut stream, "data: 1").await;
    go.send(()).await.unwrap();
    read_until(&mut stream, "data: 2").await;
}

#[tokio::test]
async fn a_request_is_passed_on_as_it_comes() {
    let backend = Backend::start(|mut stream| async move {
        read_until(&mut stream, "one").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ngot\r\n").await.unwrap();
        read_until(&mut stream, "two").await;
        stream.write_all(b"4\r\nboth\r\n0\r\n\r\n").await.unwrap();
    })
    .await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let mut stream = connect(table.at()).await;
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\none").await.unwrap();
    read_until(&mut stream, "got").await;
    stream.write_all(b"two").await.unwrap();
    read_until(&mut stream, "both").await;
}

/// The target can't be far ahead of a client that doesn't read: what lies between is bounded by the sockets' buffers.
#[tokio::test]
async fn a_slow_client_slows_its_target() {
    const TOTAL: usize = 512 * 1024 * 1024;
    let written = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = written.clone();
    let backend = Backend::start(move |mut stream| {
        let counter = counter.clone();
        async move {
            read_until(&mut stream, "\r\n\r\n").await;
            stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {TOTAL}\r\n\r\n").as_bytes()).await.unwrap();
            let piece = [b'x'; 64 * 1024];
            for _ in 0..TOTAL / piece.len() {
                stream.write_all(&piece).await.unwrap();
                counter.fetch_add(piece.len(), std::sync::atomic::Ordering::SeqCst);
            }
        }
    })
    .await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let mut stream = connect(table.at()).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    stream.readable().await.unwrap();
    // Wait until the target has stopped getting on.
    let mut before = usize::MAX;
    while before != written.load(std::sync::atomic::Ordering::SeqCst) {
        before = written.load(std::sync::atomic::Ordering::SeqCst);
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    assert!(before < TOTAL, "{before} bytes were taken from the target while the client read nothing");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.len() > TOTAL);
}

/// A certificate for a name, as PEM: chain and key.
fn certificate(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

async fn tls(at: SocketAddr, name: &str, alpn: &[&[u8]], trusted: &[&(String, String)]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    for (chain, _) in trusted {
        roots.add(CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), connect(at).await).await
}

#[tokio::test]
async fn https_with_a_certificate_for_each_name() {
    let backend = Backend::echo().await;
    let mut table = table(vec![backend.target()]);
    let (first, second) = (certificate("first.test"), certificate("*.second.test"));
    table.listener().certificates = vec![first.clone(), second.clone()];
    let _world = World::serving(&table).await;
    for (name, trusted) in [("first.test", &first), ("www.second.test", &second)] {
        let mut stream = tls(table.at(), name, &[], &[trusted]).await.unwrap();
        stream.write_all(format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let answer = read_until(&mut stream, "\r\n\r\nGET / HTTP/1.1").await;
        assert_eq!(field(body(&answer), "x-forwarded-proto"), Some("https"));
    }
    assert!(tls(table.at(), "other.test", &[], &[&second]).await.is_err(), "for any other name the first certificate is shown");
    assert_eq!(status(&get(table.at(), "first.test", "/").await), "400", "plain text at an HTTPS listener");
}

#[tokio::test]
async fn https_to_targets_whatever_their_certificates() {
    let (chain, key) = certificate("whatever.test");
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap();
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap()));
    let backend = Backend::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                drop(answer_all(stream, |_| ("200 OK".into(), "secret".into())).await);
            }
        }
    })
    .await;
    let mut table = table(vec![backend.target()]);
    table.group().tls = true;
    table.group().health_check.enabled = true;
    table.group().health_check.tls = true;
    let world = World::serving(&table).await;
    world.healthy(1).await;
    assert_eq!(body(&get(table.at(), "a", "/").await), "secret");
}

#[tokio::test]
async fn http2_from_clients() {
    let backend = Backend::echo().await;
    let mut table = table(vec![backend.target()]);
    let shown = certificate("two.test");
    table.listener().certificates = vec![shown.clone()];
    let world = World::serving(&table).await;
    let stream = tls(table.at(), "two.test", &[b"h2", b"http/1.1"], &[&shown]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let ask = |path: &str| {
        let mut sender = sender.clone();
        let request = http::Request::get(format!("https://two.test{path}"))
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(Empty::<Bytes>::new())
            .unwrap();
        async move {
            let answer = sender.send_request(request).await.unwrap();
            String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
        }
    };
    let (one, two) = tokio::join!(ask("/one"), ask("/two"));
    assert!(one.starts_with("GET /one HTTP/1.1\r\n") && two.starts_with("GET /two HTTP/1.1\r\n"), "{one}{two}");
    assert_eq!(field(&one, "host"), Some("two.test:8080"));
    assert_eq!(field(&one, "cookie"), Some("a=1; b=2"));
    table.balancer().attributes.http2 = false;
    world.apply(&table).await;
    let stream = tls(table.at(), "two.test", &[b"h2", b"http/1.1"], &[&shown]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn an_http2_connection_finishes_its_requests_when_its_listener_goes() {
    let (go, on) = tokio::sync::mpsc::channel::<()>(1);
    let on = Arc::new(tokio::sync::Mutex::new(on));
    let backend = Backend::start(move |mut stream| {
        let on = on.clone();
        async move {
            read_until(&mut stream, "\r\n\r\n").await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf").await.unwrap();
            on.lock().await.recv().await;
            stream.write_all(b"half").await.unwrap();
        }
    })
    .await;
    let mut table = table(vec![backend.target()]);
    let shown = certificate("two.test");
    table.listener().certificates = vec![shown.clone()];
    let world = World::serving(&table).await;
    let stream = tls(table.at(), "two.test", &[b"h2"], &[&shown]).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(http::Request::get("https://two.test/").body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    table.balancer().listeners.clear();
    world.apply(&table).await;
    go.send(()).await.unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "halfhalf");
    tokio::time::timeout(PATIENCE, connection).await.expect("then it ends").unwrap().unwrap();
}

/// Sixteen megabytes there and back again, in pieces of odd sizes.
#[tokio::test]
async fn large_bodies_arrive_whole() {
    let backend = Backend::start(|stream| async move {
        let echo = hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| async move {
            Ok::<_, std::convert::Infallible>(http::Response::new(request.into_body()))
        });
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), echo).await;
    })
    .await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let sent: Vec<u8> = (0..16 * 1024 * 1024u32).map(|number| (number ^ number >> 11) as u8).collect();
    let (mut reading, mut writing) = connect(table.at()).await.into_split();
    let body = sent.clone();
    let sending = tokio::spawn(async move {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        writing.write_all(head.as_bytes()).await.unwrap();
        for piece in body.chunks(77_777) {
            writing.write_all(piece).await.unwrap();
        }
        writing
    });
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE * 4, reading.read_to_end(&mut answer)).await.unwrap().unwrap();
    let _writing = sending.await.unwrap();
    let start = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    assert!(answer[start..] == sent[..], "{} bytes came back", answer.len() - start);
}

#[tokio::test]
async fn http2_to_targets() {
    let backend = Backend::start(|stream| async move {
        let service = hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| async move {
            assert_eq!(request.version(), http::Version::HTTP_2);
            Ok::<_, std::convert::Infallible>(http::Response::new(format!(
                "{} {}",
                request.uri(),
                request.headers()["x-forwarded-for"].to_str().unwrap()
            )))
        });
        let _ =
            hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    })
    .await;
    let mut table = table(vec![backend.target()]);
    table.group().http2 = true;
    table.group().health_check.enabled = true;
    table.group().health_check.path = "/health".into();
    let world = World::serving(&table).await;
    let _ = world;
    for _ in 0..3 {
        let answer = get(table.at(), "h.test", "/p?q").await;
        assert_eq!(body(&answer), "http://h.test/p?q 127.0.0.1", "{answer}");
    }
}
