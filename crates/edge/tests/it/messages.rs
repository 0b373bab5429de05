//! What rules do with requests, and what is written into messages on their way.

use crate::support::*;
use agent_proto::edge::*;

#[tokio::test]
async fn rules_are_tried_in_order() {
    let backend = Backend::named("target").await;
    let mut table = table(vec![backend.target()]);
    let redirect = Action::Redirect {
        permanent: true,
        protocol: "HTTPS".into(),
        host: "#{host}".into(),
        port: "443".into(),
        path: "/new/#{path}".into(),
        query: "#{query}".into(),
    };
    let own = |text: &str| vec![text.to_owned()];
    let rules = &mut table.listener().rules;
    rules.insert(0, rule(vec![Condition::PathPattern(own("/old/*"))], redirect));
    rules.insert(
        1,
        rule(vec![Condition::HostHeader(own("*.shop.test")), Condition::HttpRequestMethod(own("GET"))], fixed("shop")),
    );
    rules.insert(2, rule(vec![Condition::QueryString(vec![(Some("v".into()), "2".into())])], fixed("two")));
    rules.insert(
        3,
        rule(
            vec![Condition::HttpHeader { name: "Host".into(), values: own("h.test*") }],
            Action::FixedResponse { status: 403, content_type: None, body: String::new() },
        ),
    );
    let _world = World::serving(&table).await;

    let redirected = get(table.at(), "a.test:8080", "/old/x?y=z").await;
    assert_eq!(status(&redirected), "301");
    assert_eq!(field(&redirected, "location"), Some("https://a.test:443/new/old/x?y=z"));
    let shop = get(table.at(), "A.Shop.Test", "/").await;
    assert_eq!((status(&shop), body(&shop)), ("200", "shop"));
    assert_eq!(field(&shop, "content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(field(&shop, "server"), Some("awselb/2.0"));
    assert_eq!(body(&get(table.at(), "x", "/?v=2").await), "two");
    assert_eq!(status(&get(table.at(), "h.test", "/").await), "403");
    assert_eq!(body(&get(table.at(), "x", "/OLD/x").await), "target");
}

#[tokio::test]
async fn the_target_learns_of_the_client() {
    let backend = Backend::echo().await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let request = "POST /p%20q?a=b HTTP/1.1\r\nHost: web.test\r\nX-Forwarded-For: 198.51.100.7\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\
                   X-Hillfog-Client: 6.6.6.6:6\r\nX_Under: kept\r\nContent-Length: 5\r\n\r\nhello";
    let answer = send(table.at(), request).await;
    let seen = body(&answer);
    assert!(seen.starts_with("POST /p%20q?a=b HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\nhello"), "{seen}");
    assert_eq!(field(seen, "host"), Some("web.test:8080"), "the listener's port is not the default");
    assert_eq!(field(seen, "x-forwarded-for"), Some("198.51.100.7, 127.0.0.1"));
    assert_eq!(field(seen, "x-forwarded-proto"), Some("http"));
    assert_eq!(field(seen, "x-forwarded-port"), Some("8080"));
    assert!(field(seen, "x-amzn-trace-id").unwrap().starts_with("Root=1-"));
    assert_eq!(field(seen, "x_under"), Some("kept"));
    for gone in ["x-hop", "keep-alive", "connection", "x-hillfog-client"] {
        assert_eq!(field(seen, gone), None, "{gone}");
    }
}

#[tokio::test]
async fn attributes_change_what_is_passed_on() {
    let backend = Backend::echo().await;
    let mut table = table(vec![backend.target()]);
    table.balancer().attributes = BalancerAttributes {
        drop_invalid_headers: true,
        preserve_host: true,
        forwarded_for: ForwardedFor::Append,
        forwarded_client_port: true,
        http2: false,
    };
    let world = World::serving(&table).await;
    let request = "GET / HTTP/1.1\r\nHost: web.test\r\nX_Under: 1\r\nX-Forwarded-For: 9.9.9.9\r\nConnection: close\r\n\r\n";
    let answer = send(table.at(), request).await;
    assert_eq!(field(body(&answer), "host"), Some("web.test"));
    assert_eq!(field(body(&answer), "x_under"), None);
    let forwarded = field(body(&answer), "x-forwarded-for").unwrap();
    assert!(forwarded.starts_with("9.9.9.9, 127.0.0.1:"), "{forwarded}");

    table.balancer().attributes.forwarded_for = ForwardedFor::Remove;
    world.apply(&table).await;
    assert_eq!(field(body(&send(table.at(), request).await), "x-forwarded-for"), None);
    table.balancer().attributes.forwarded_for = ForwardedFor::Preserve;
    world.apply(&table).await;
    assert_eq!(field(body(&send(table.at(), request).await), "x-forwarded-for"), Some("9.9.9.9"));
}

#[tokio::test]
async fn chunked_bodies_go_through_both_ways() {
    let backend = Backend::start(|mut stream| async move {
        use tokio::io::AsyncWriteExt;
        let request = read_until(&mut stream, "0\r\n\r\n").await;
        assert!(field(&request, "transfer-encoding").is_some(), "{request}");
        stream
            .write_all(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            )
            .await
            .unwrap();
    })
    .await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let answer = send(
        table.at(),
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n",
    )
    .await;
    assert_eq!(status(&answer), "200");
    assert!(answer.ends_with("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn answers_without_a_body_keep_their_length() {
    let backend = Backend::start(|mut stream| async move {
        use tokio::io::AsyncWriteExt;
        let request = read_until(&mut stream, "\r\n\r\n").await;
        let status = if request.starts_with("HEAD ") { "200 OK" } else { "304 Not Modified" };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 1234\r\nETag: \"x\"\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let head = send(table.at(), "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert_eq!((status(&head), field(&head, "content-length"), body(&head)), ("200", Some("1234"), ""));
    let unchanged = get(table.at(), "a", "/").await;
    assert_eq!((status(&unchanged), field(&unchanged, "etag"), body(&unchanged)), ("304", Some("\"x\""), ""));
}

#[tokio::test]
async fn a_client_may_wait_to_be_asked_for_its_body() {
    use tokio::io::AsyncWriteExt;
    let backend = Backend::echo().await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let mut stream = connect(table.at()).await;
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await.unwrap();
    read_until(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    stream.write_all(b"hello").await.unwrap();
    let answer = read_until(&mut stream, "\r\n\r\nhello").await;
    assert_eq!(status(&answer), "200");
    assert_eq!(field(body(&answer), "expect"), None);
}
