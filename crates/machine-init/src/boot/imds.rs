//! The instance metadata service, version 2, as a client in the machine sees it: blocking, one connection for a question, HTTP/1.0.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// Where it answers in every VPC.
const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80);

/// For a connection, and for each read.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest answer that is read: user data have 16 KiB at most.
const LONGEST: u64 = 1 << 20;

/// For how long a token is asked for, in seconds. A boot and its user data are over by then.
const TOKEN_LIFE: &str = "21600";

/// A session with the service.
pub struct Imds {
    address: SocketAddr,
    token: String,
}

impl Imds {
    /// Gets a token.
    pub fn connect() -> io::Result<Self> {
        Self::connect_to(ADDRESS)
    }

    fn connect_to(address: SocketAddr) -> io::Result<Self> {
        let headers = [("X-aws-ec2-metadata-token-ttl-seconds", TOKEN_LIFE)];
        let answer = ask(address, "PUT", "/latest/api/token", &headers)?;
        match answer.status {
            200 => Ok(Imds { address, token: String::from_utf8_lossy(&answer.body).trim().to_owned() }),
            status => Err(io::Error::other(format!("the metadata service gives no token: {status}"))),
        }
    }

    /// What stands at a path below `/latest/`; `None` if there is nothing.
    pub fn get(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let headers = [("X-aws-ec2-metadata-token", self.token.as_str())];
        let answer = ask(self.address, "GET", &format!("/latest/{path}"), &headers)?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            status => Err(io::Error::other(format!("the metadata service answers {status} to {path}"))),
        }
    }

    /// The same, as text without white space around it; `None` if it is empty, too.
    pub fn text(&self, path: &str) -> io::Result<Option<String>> {
        let text = self.get(path)?.map(|body| String::from_utf8_lossy(&body).trim().to_owned());
        Ok(text.filter(|text| !text.is_empty()))
    }
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\nContent-Length: 0\r\n", address.ip());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{request}\r\n").as_bytes())?;
    let mut bytes = Vec::new();
    stream.take(LONGEST).read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the metadata service doesn't speak HTTP"))
}

/// An answer that ended with its connection, cut to its length where it says one.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let body = &bytes[end + 4..];
    let length = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    match length {
        None => Some(Answer { status, body: body.to_vec() }),
        Some((_, length)) => body.get(..length.trim().parse().ok()?).map(|body| Answer { status, body: body.to_vec() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{net::TcpListener, thread};

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let whole = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
        assert_eq!((whole.status, whole.body), (200, b"hi".to_vec()));
        assert_eq!(parse(b"HTTP/1.0 404 Not Found\r\n\r\nno").unwrap().status, 404);
        assert!(parse(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi").is_none(), "it was cut off");
        assert!(parse(b"SSH-2.0-x\r\n\r\n").is_none());
        assert!(parse(b"HTTP/1.1 200 OK\r\n").is_none());
    }

    #[test]
    fn a_token_goes_with_every_question() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let replies = ["HTTP/1.0 200 OK\r\n\r\nTOKEN", "HTTP/1.0 200 OK\r\n\r\n i-1\n", "HTTP/1.0 404 Not Found\r\n\r\n"];
            replies.map(|reply| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.push(byte[0]);
                }
                stream.write_all(reply.as_bytes()).unwrap();
                String::from_utf8(request).unwrap()
            })
        });
        let imds = Imds::connect_to(address).unwrap();
        assert_eq!(imds.text("meta-data/instance-id").unwrap().as_deref(), Some("i-1"));
        assert_eq!(imds.get("user-data").unwrap(), None);
        let [token, id, data] = server.join().unwrap();
        assert!(token.starts_with("PUT /latest/api/token ") && token.contains("ttl-seconds: 21600"), "{token}");
        assert!(id.starts_with("GET /latest/meta-data/instance-id ") && id.contains("metadata-token: TOKEN"), "{id}");
        assert!(data.starts_with("GET /latest/user-data "), "{data}");
    }
}
