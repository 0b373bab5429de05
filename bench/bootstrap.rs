//! The smallest function of `provided.al2023`: it answers with its event, and does nothing else. For `bench/functions.py`, which compiles it.

use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
};

fn main() -> io::Result<()> {
    let api = env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
    let mut stream = BufReader::new(TcpStream::connect(&api)?);
    stream.get_ref().set_nodelay(true)?;
    loop {
        let (id, event) = ask(&mut stream, "GET", "next", &api, &[])?;
        ask(&mut stream, "POST", &format!("{id}/response"), &api, &event)?;
    }
}

/// A request and its answer: the invocation's identifier, and the body.
fn ask(stream: &mut BufReader<TcpStream>, method: &str, path: &str, api: &str, body: &[u8]) -> io::Result<(String, Vec<u8>)> {
    let mut request =
        format!("{method} /2018-06-01/runtime/invocation/{path} HTTP/1.1\r\nHost: {api}\r\nContent-Length: {}\r\n\r\n", body.len())
            .into_bytes();
    request.extend_from_slice(body);
    stream.get_mut().write_all(&request)?;
    let (mut id, mut length, mut line) = (String::new(), 0, String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().map_err(io::Error::other)?,
            Some((name, value)) if name.eq_ignore_ascii_case("lambda-runtime-aws-request-id") => id = value.to_owned(),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    Ok((id, answer))
}
