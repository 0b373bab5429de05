//! The name server of a VPC.

use crate::support::*;
use agent_proto::edge::Zone;
use hickory_proto::{
    op::{Message, MessageType, OpCode, Query},
    rr::{Name, RecordType},
};
use std::{collections::BTreeMap, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UdpSocket,
};

pub fn question(name: &str) -> Vec<u8> {
    let mut message = Message::new(77, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    message.to_vec().unwrap()
}

fn addresses(answer: &[u8]) -> Vec<String> {
    Message::from_vec(answer).unwrap().answers.iter().map(|record| record.data.to_string()).collect()
}

async fn by_udp(server: SocketAddr, name: &str) -> Vec<String> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut answer = [0; 512];
    // A question that comes before the server listens is lost.
    for _ in 0..300 {
        socket.send_to(&question(name), server).await.unwrap();
        let soon = std::time::Duration::from_millis(100);
        if let Ok(Ok((length, _))) = tokio::time::timeout(soon, socket.recv_from(&mut answer)).await {
            return addresses(&answer[..length]);
        }
    }
    panic!("no answer about {name}");
}

async fn by_tcp(server: SocketAddr, name: &str) -> Vec<String> {
    let mut stream = connect(server).await;
    let question = question(name);
    stream.write_u16(question.len() as u16).await.unwrap();
    stream.write_all(&question).await.unwrap();
    let mut answer = vec![0; usize::from(stream.read_u16().await.unwrap())];
    stream.read_exact(&mut answer).await.unwrap();
    addresses(&answer)
}

#[tokio::test]
async fn names_of_the_zone_and_of_balancers() {
    let server = address();
    let mut table = table(vec![]);
    let names = BTreeMap::from([("Web.Internal".to_owned(), vec!["10.0.0.9".parse().unwrap()])]);
    table.zones.insert(VPC.into(), Zone { servers: vec![server], names, ..Zone::default() });
    let world = World::serving(&table).await;
    let at = SocketAddr::from((server, world.dns_port));
    let balancer = table.balancer().dns_name.clone();
    assert_eq!(by_udp(at, "web.internal.").await, ["10.0.0.9"]);
    assert_eq!(by_tcp(at, "WEB.internal.").await, ["10.0.0.9"]);
    assert_eq!(by_udp(at, &balancer).await, [table.at().ip().to_string()]);
    table.zones.get_mut(VPC).unwrap().names.insert("new.internal".into(), vec!["10.0.0.8".parse().unwrap()]);
    world.apply(&table).await;
    assert_eq!(by_udp(at, "new.internal.").await, ["10.0.0.8"]);
}
