//! Targets that fail, and requests that are not what they should be.

use crate::support::*;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn without_targets_503_and_the_page() {
    let table = table(vec![]);
    let _world = World::serving(&table).await;
    let answer = get(table.at(), "a", "/").await;
    assert_eq!(status(&answer), "503");
    assert_eq!(field(&answer, "server"), Some("awselb/2.0"));
    assert_eq!(field(&answer, "content-length"), Some("162"));
    assert!(answer.contains("<center><h1>503 Service Temporarily Unavailable</h1></center>"), "{answer}");
}

#[tokio::test]
async fn when_all_refuse_502() {
    let table = table(vec![target(address()), target(address())]);
    let _world = World::serving(&table).await;
    assert_eq!(status(&get(table.at(), "a", "/").await), "502");
}

#[tokio::test]
async fn answers_that_are_none_502() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let backend = Backend::start(move |mut stream| {
        let number = counted.fetch_add(1, SeqCst);
        async move {
            read_until(&mut stream, "\r\n\r\n").await;
            let big = format!("HTTP/1.1 200 OK\r\nX-Big: {}\r\n\r\n", "x".repeat(40_000));
            let answer = ["", "what?\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", &big][number];
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
    .await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    for what in ["closed", "no HTTP", "two lengths", "a head of 40 KB"] {
        assert_eq!(status(&get(table.at(), "a", "/").await), "502", "{what}");
    }
    assert_eq!(count.load(SeqCst), 4, "what was sent is not sent again");
}

#[tokio::test]
async fn a_target_that_dies_amid_its_answer_cuts_the_answer_short() {
    let backend = Backend::start(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await.unwrap();
    })
    .await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let answer = get(table.at(), "a", "/").await;
    assert_eq!((status(&answer), field(&answer, "content-length"), body(&answer)), ("200", Some("100"), "half"));
}

#[tokio::test]
async fn a_silent_target_504_and_a_silent_client_408() {
    let backend = Backend::start(|mut stream| async move {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
    })
    .await;
    let mut table = table(vec![backend.target()]);
    table.balancer().idle_timeout = Duration::from_millis(300);
    let _world = World::serving(&table).await;
    assert_eq!(status(&get(table.at(), "a", "/").await), "504");
    assert_eq!(status(&send(table.at(), "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf").await), "408");
    assert_eq!(send(table.at(), "").await, "", "an idle connection is closed");
    assert_eq!(send(table.at(), "GET / HT").await, "", "also with half a head");
}

#[tokio::test]
async fn a_request_is_not_lost_with_a_connection_that_the_target_closed() {
    let backend = Backend::start(|mut stream| async move {
        read_until(&mut stream, "\r\n\r\n").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
    })
    .await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    for _ in 0..20 {
        assert_eq!(body(&get(table.at(), "a", "/").await), "ok");
    }
}

#[tokio::test]
async fn nothing_is_smuggled() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let backend = Backend::start(move |stream| {
        let counted = counted.clone();
        async move {
            let answer = |request: String| {
                counted.fetch_add(1, SeqCst);
                ("200 OK".to_owned(), request)
            };
            drop(answer_all(stream, answer).await);
        }
    })
    .await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\n";
    let refused = [
        format!("{head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
        format!("{head}Content-Length: 5, 6\r\n\r\nhello!"),
        format!("{head}Content-Length: +5\r\n\r\nhello"),
        format!("{head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        format!("{head}X: a\r\n b\r\nContent-Length: 0\r\n\r\n"),
        format!("{head}Host: b\r\nContent-Length: 0\r\n\r\n"),
        format!("{head}X: a\0b\r\nContent-Length: 0\r\n\r\n"),
        "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(),
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
    ];
    for request in &refused {
        let answer = send_and_finish(table.at(), request).await;
        assert_eq!(status(&answer), "400", "{request:?} was answered {answer:?}");
        assert_eq!(field(&answer, "server"), Some("awselb/2.0"), "{answer}");
    }
    assert_eq!(count.load(SeqCst), 0);
    // The chunks count, the length is gone, and the connection ends: what follows is not taken for a request.
    let both = format!(
        "{head}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    );
    let answer = send_and_finish(table.at(), &both).await;
    assert_eq!(count.load(SeqCst), 1, "{answer}");
    assert!(!answer.contains("smuggled"), "{answer}");
    let seen = body(&answer);
    assert!(field(seen, "content-length").is_none() || field(seen, "transfer-encoding").is_none(), "{seen}");
}

/// Sends, and says that nothing more will come.
async fn send_and_finish(to: std::net::SocketAddr, request: &str) -> String {
    let mut stream = connect(to).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer in time");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn what_is_too_long_is_refused() {
    let backend = Backend::named("ok").await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let long = |length| "x".repeat(length);
    let fields = |count: usize| (0..count).map(|number| format!("X-{number}: {}\r\n", long(8000))).collect::<String>();
    for (expected, path, fields) in [
        ("200", format!("/{}", long(16_000)), format!("X: {}\r\n{}", long(16_000), fields(3))),
        ("414", format!("/{}", long(17_000)), String::new()),
        ("414", format!("/{}", long(70_000)), String::new()),
        ("400", "/".into(), format!("X: {}\r\n", long(17_000))),
        ("400", "/".into(), fields(9)),
        ("400", "/".into(), fields(40)),
    ] {
        let answer = send(table.at(), format!("GET {path} HTTP/1.1\r\nHost: a\r\n{fields}Connection: close\r\n\r\n")).await;
        assert_eq!(status(&answer), expected, "path of {}, fields of {}", path.len(), fields.len());
    }
}

#[tokio::test]
async fn methods_and_loops_that_are_refused() {
    let backend = Backend::named("ok").await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let ask = async |line: &str, field: &str| {
        status(&send(table.at(), format!("{line}\r\nHost: a\r\n{field}Connection: close\r\n\r\n")).await).to_owned()
    };
    assert_eq!(ask("TRACE / HTTP/1.1", "").await, "405");
    assert_eq!(ask("CONNECT a:80 HTTP/1.1", "").await, "400");
    assert_eq!(ask("GET / HTTP/1.1", &format!("X-Forwarded-For: {}\r\n", ["1.1.1.1"; 31].join(", "))).await, "463");
    assert_eq!(ask("PURGE / HTTP/1.1", "").await, "200", "methods of which we know nothing are passed on");
}

#[tokio::test]
async fn bad_certificates_are_reported() {
    let mut table = table(vec![]);
    table.listener().certificates = vec![("no".into(), "pem".into())];
    let world = World::serving(&table).await;
    let report = world.report(|report| !report.listener_faults.is_empty()).await;
    assert!(report.listener_faults[LISTENER].starts_with("certificate 1:"), "{report:?}");
    assert_eq!(status(&get(table.at(), "a", "/").await), "400", "an HTTPS listener serves no plain text");
}
