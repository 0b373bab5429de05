//! What workloads find at their link-local address.

use crate::support::*;
use agent_proto::edge::{Edge, EndpointDoor, GatewayDoor, Metadata, RoleCredentials, Table};
use logic::arrival::{Arrival, PREFIX};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddrV4},
    os::unix::fs::PermissionsExt,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream, UnixListener},
};

fn credentials(source: Ipv4Addr, secret: &str) -> RoleCredentials {
    RoleCredentials {
        sources: BTreeSet::from([source]),
        role_arn: "arn:aws:iam::111122223333:role/app".into(),
        access_key_id: "ASIAEXAMPLE".into(),
        secret_access_key: secret.into(),
        token: "token".into(),
        issued: "2026-01-01T00:00:00Z".into(),
        expiration: "2026-01-01T06:00:00Z".into(),
    }
}

/// A VPC in which credentials and the API are found at ports of one address.
fn table(at: Ipv4Addr, credentials: impl IntoIterator<Item = (&'static str, RoleCredentials)>) -> Table {
    let metadata = Metadata {
        credentials_at: SocketAddrV4::new(at, PORT),
        api_at: SocketAddrV4::new(at, PORT + 1),
        credentials: credentials.into_iter().map(|(id, it)| (id.to_owned(), it)).collect(),
    };
    Table { metadata: BTreeMap::from([(VPC.to_owned(), metadata)]), ..Table::default() }
}

/// Asks from an address of one's own.
async fn ask(from: Ipv4Addr, at: Ipv4Addr, path: &str) -> String {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    let mut stream = socket.connect((at, PORT).into()).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn credentials_are_given_to_their_workload_alone_also_while_the_server_is_away() {
    let (at, one, two) = (address(), address(), address());
    let mut world = World::serving(&table(at, [("one", credentials(one, "first")), ("two", credentials(two, "other"))])).await;
    let given = ask(one, at, "/v2/credentials/one").await;
    assert_eq!((status(&given), field(&given, "content-type")), ("200", Some("application/json")));
    assert!(body(&given).contains("\"SecretAccessKey\":\"first\""), "{given}");
    for (from, id, code) in [(two, "one", "InvalidIdInRequest"), (one, "", "NoIdInRequest"), (one, "three", "InvalidIdInRequest")]
    {
        let refused = ask(from, at, &format!("/v2/credentials/{id}")).await;
        assert!(status(&refused) == "400" && refused.contains(code) && !refused.contains("first"), "{refused}");
    }

    world.apply(&table(at, [("one", credentials(one, "second"))])).await;
    assert!(ask(one, at, "/v2/credentials/one").await.contains("second"));
    assert_eq!(status(&ask(two, at, "/v2/credentials/two").await), "400", "a task that is gone has none");

    let kept = std::fs::metadata(world.folder.path().join("data/edge/table.json")).unwrap();
    assert_eq!(kept.permissions().mode() & 0o777, 0o600);
    world.stop_edge().await;
    world.start_edge();
    drop(connect((at, PORT)).await);
    assert!(ask(one, at, "/v2/credentials/one").await.contains("second"), "from the table on the disk");
}

#[tokio::test]
async fn calls_are_passed_on_to_the_server_and_reset_while_there_is_none() {
    let at = address();
    let world = World::serving(&table(at, [])).await;
    let api = (at, PORT + 1);
    assert!(is_reset(connect(api).await).await);

    let socket = world.folder.path().join("run").join(edge::SERVER_SOCKET);
    let server = UnixListener::bind(&socket).unwrap();
    let mut client = TcpStream::connect(api).await.unwrap();
    client.write_all(b"hello").await.unwrap();
    let (mut taken, _) = server.accept().await.unwrap();
    assert_eq!(arrival(&mut taken).await, Arrival { source: Ipv4Addr::LOCALHOST.into(), endpoint: None });
    let mut heard = [0; 5];
    taken.read_exact(&mut heard).await.unwrap();
    taken.write_all(&heard).await.unwrap();
    client.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    drop((taken, server));
    assert_eq!(client.read(&mut heard).await.unwrap_or(0), 0, "it ends for both");
    assert!(is_reset(connect(api).await).await, "the socket's file alone is no server");

    let door = EndpointDoor { address: SocketAddrV4::new(address(), PORT), endpoint: "vpce-1".into() };
    let endpoints = Table { endpoints: BTreeMap::from([(VPC.to_owned(), vec![door.clone()])]), ..Table::default() };
    world.link.apply(endpoints).await.unwrap();
    assert!(is_reset(connect((*door.address.ip(), PORT)).await).await, "an interface endpoint leads to the same door");
    std::fs::remove_file(&socket).unwrap();
    let server = UnixListener::bind(&socket).unwrap();
    let _client = connect((*door.address.ip(), PORT)).await;
    let (mut taken, _) = server.accept().await.unwrap();
    assert_eq!(arrival(&mut taken).await.endpoint.as_deref(), Some("vpce-1"), "the server is told by which it came");
    let to = SocketAddrV4::new(address(), PORT);
    for (subnet, expected) in [("127.0.0.0/24", Some("vpce-2")), ("10.0.0.0/8", None)] {
        let gateway = GatewayDoor { address: to, endpoints: vec![(subnet.parse().unwrap(), "vpce-2".into())] };
        let gateways = Table { gateways: BTreeMap::from([(VPC.to_owned(), gateway)]), ..Table::default() };
        world.link.apply(gateways).await.unwrap();
        let _client = connect((*to.ip(), PORT)).await;
        let (mut taken, _) = server.accept().await.unwrap();
        assert_eq!(arrival(&mut taken).await.endpoint.as_deref(), expected, "by whose subnet it came");
    }
    world.link.apply(Table::default()).await.unwrap();
    assert!(TcpStream::connect(api).await.is_err(), "a VPC that is gone has no door");
}

/// What the edge says of a connection before its own bytes.
async fn arrival(taken: &mut tokio::net::UnixStream) -> Arrival {
    let mut prefix = [0; PREFIX];
    taken.read_exact(&mut prefix).await.unwrap();
    let mut rest = vec![0; Arrival::rest(&prefix).unwrap()];
    taken.read_exact(&mut rest).await.unwrap();
    Arrival::read(&rest).unwrap()
}

async fn is_reset(mut stream: TcpStream) -> bool {
    matches!(stream.read(&mut [0]).await, Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset)
}
