//! A metadata service that answers what it is told to.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Paths below `/latest/` and what stands there.
pub type Answers = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// Serves until the test ends.
pub fn serve(listener: TcpListener, answers: Answers) {
    listener.set_nonblocking(false).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = answers.clone();
            thread::spawn(move || answer(stream, &answers));
        }
    });
}

fn answer(mut stream: TcpStream, answers: &Answers) -> Option<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    let request = String::from_utf8(request).ok()?.to_ascii_lowercase();
    let mut words = request.split(' ');
    let (method, path) = (words.next()?, words.next()?.strip_prefix("/latest/")?);
    let (status, body) = match (method, path) {
        ("put", "api/token") if request.contains("x-aws-ec2-metadata-token-ttl-seconds: ") => ("200 OK", b"secret".to_vec()),
        ("get", _) if !request.contains("x-aws-ec2-metadata-token: secret\r\n") => ("401 Unauthorized", Vec::new()),
        ("get", path) => match answers.lock().unwrap().get(path) {
            Some(body) => ("200 OK", body.clone()),
            None => ("404 Not Found", b"<html>404</html>".to_vec()),
        },
        _ => ("400 Bad Request", Vec::new()),
    };
    stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes()).ok()?;
    stream.write_all(&body).ok()
}
