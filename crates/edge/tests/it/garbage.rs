//! Whatever bytes come: the edge answers or closes, stays alive, and passes on nothing but whole requests.

use crate::support::*;
use model::env::{Dice, SeededDice};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SOUND: &[&str] = &[
    "GET /a?b=c HTTP/1.1\r\nHost: a\r\nX-Y: z\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n",
    "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET http://b.test/a HTTP/1.1\r\nHost: a\r\nCookie: AWSALB=00; AWSALBTG=zz\r\n\r\n",
];

/// Pieces that mean something in HTTP, most of them in the wrong place.
const PIECES: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    ":",
    "\t",
    "\r\n\r\n",
    "0\r\n\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Host: x\r\n",
    "GET /smuggled HTTP/1.1\r\nHost: s\r\n\r\n",
    "HTTP/1.1",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\u{fffd}",
    "Connection: upgrade, host, content-length\r\n",
    "Upgrade: websocket\r\n",
    "Expect: 100-continue\r\n",
    "ffffffffffffffffff\r\n",
    "-1",
    "\x16\x03\x01",
];

struct Mutations(SeededDice);

impl Mutations {
    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % limit as u64).unwrap()
    }

    /// A sound request, or two, changed in a few places.
    fn request(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..1 + self.below(2)).flat_map(|_| SOUND[self.below(SOUND.len())].bytes()).collect();
        for _ in 0..1 + self.below(4) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => drop(bytes.splice(at..at, PIECES[self.below(PIECES.len())].bytes())),
                1 => drop(bytes.drain(at..(at + 1 + self.below(6)).min(bytes.len()))),
                2 => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                _ => bytes.truncate(at.max(1)),
            }
            if bytes.is_empty() {
                return b"G".to_vec();
            }
        }
        bytes
    }
}

#[tokio::test]
async fn anything_may_come() {
    let (malformed, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (bad, all) = (malformed.clone(), seen.clone());
    let backend = Backend::start(move |stream| {
        let (bad, all) = (bad.clone(), all.clone());
        async move {
            let answer = |request: String| {
                all.fetch_add(1, SeqCst);
                // Every request that the edge passes on is one that it has read and written again.
                let traces = request.matches("x-amzn-trace-id: ").count();
                if traces != 1 || !request.split("\r\n").next().unwrap().ends_with(" HTTP/1.1") {
                    bad.fetch_add(1, SeqCst);
                }
                ("200 OK".to_owned(), "fine".to_owned())
            };
            drop(answer_all(stream, answer).await);
        }
    })
    .await;
    let table = table(vec![backend.target()]);
    let _world = World::serving(&table).await;
    let seed = u64::from(std::process::id());
    let mutations = Mutations(SeededDice::new(seed));
    for round in 0..400 {
        let request = mutations.request();
        let mut stream = connect(table.at()).await;
        let _ = stream.write_all(&request).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(
            ended.is_ok(),
            "seed {seed}, round {round}: neither answered nor closed after {:?}",
            String::from_utf8_lossy(&request)
        );
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1."),
            "seed {seed}, round {round}: {:?}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert_eq!(malformed.load(SeqCst), 0, "seed {seed}");
    assert!(seen.load(SeqCst) > 0, "some were sound after all");
    assert_eq!(body(&get(table.at(), "a", "/").await), "fine");
}
