//! The SFTP server, version 3 of the protocol ([draft-ietf-secsh-filexfer-02](https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02)), which is
//! the one that OpenSSH speaks.
//!
//! A process in the user's name, one question after another on its standard streams: no event loop, no rights but the user's, and a file system that is slow
//! holds up nobody else. The crate `russh-sftp` was not taken because it makes every file name UTF-8 and never ends when its client has gone in the middle of a packet.

mod attributes;
mod files;
mod listing;
mod packet;

use crate::accounts::Accounts;
use files::{Files, Refusal};
use packet::{Reader, Writer, kind};
use std::{
    io::{self, BufReader, BufWriter, Read, Write},
    process::ExitCode,
};

/// The longest packet that is taken: what OpenSSH takes.
const LONGEST: u32 = 256 << 10;

/// Serves whoever is at the other end of the standard streams, until it has nothing more to ask.
pub fn serve_standard_streams() -> ExitCode {
    match serve(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sftp: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(input: impl Read, output: impl Write) -> io::Result<()> {
    let mut input = BufReader::with_capacity(64 << 10, input);
    let mut output = BufWriter::with_capacity(64 << 10, output);
    let mut files = Files::new(Accounts::here());
    while let Some(question) = next(&mut input)? {
        let answer =
            answer(&mut files, &question).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a packet is malformed"))?;
        output.write_all(&answer.finish())?;
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
    output.flush()
}

/// The next packet without its length; `None` at the end.
fn next(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_be_bytes(length);
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a packet is too long"));
    }
    let mut packet = vec![0; length as usize];
    input.read_exact(&mut packet)?;
    Ok(Some(packet))
}

/// What to say to a packet; `None` if it makes no sense.
fn answer(files: &mut Files, packet: &[u8]) -> Option<Writer> {
    let mut question = Reader::new(packet);
    match question.byte()? {
        kind::INIT => Some(version()),
        code => {
            let id = question.number()?;
            Some(match ask(files, code, id, &mut question)? {
                Ok(answer) => answer,
                Err(refusal) => status(id, &refusal),
            })
        }
    }
}

fn version() -> Writer {
    let extensions = [
        ("posix-rename@openssh.com", "1"),
        ("hardlink@openssh.com", "1"),
        ("fsync@openssh.com", "1"),
        ("limits@openssh.com", "1"),
    ];
    let hello = Writer::new(kind::VERSION).number(3);
    extensions.iter().fold(hello, |hello, (name, version)| hello.bytes(name.as_bytes()).bytes(version.as_bytes()))
}

fn status(id: u32, refusal: &Refusal) -> Writer {
    Writer::new(kind::STATUS).number(id).number(refusal.code).bytes(refusal.words.as_bytes()).bytes(b"en")
}

fn done(id: u32) -> impl FnOnce(()) -> Writer {
    move |()| status(id, &Refusal { code: 0, words: "Success".into() })
}

/// Reads a question's arguments and answers it. `None` if arguments are missing.
fn ask(files: &mut Files, code: u8, id: u32, q: &mut Reader) -> Option<Result<Writer, Refusal>> {
    let handle = |handle: String| Writer::new(kind::HANDLE).number(id).bytes(handle.as_bytes());
    let name = |name: Vec<u8>| Writer::new(kind::NAME).number(id).number(1).bytes(&name).bytes(&name).number(0);
    let found = |attributes: attributes::Attributes| attributes.write(Writer::new(kind::ATTRS).number(id));
    Some(match code {
        kind::OPEN => files.open(&q.path()?, q.number()?, &q.attributes()?).map(handle),
        kind::CLOSE => files.close(q.bytes()?).map(done(id)),
        kind::READ => files.read(q.bytes()?, q.long()?, q.number()?).map(|data| Writer::new(kind::DATA).number(id).bytes(&data)),
        kind::WRITE => files.write(q.bytes()?, q.long()?, q.bytes()?).map(done(id)),
        kind::STAT => files.stat(&q.path()?).map(found),
        kind::LSTAT => files.lstat(&q.path()?).map(found),
        kind::FSTAT => files.fstat(q.bytes()?).map(found),
        kind::SETSTAT => files.set(&q.path()?, &q.attributes()?).map(done(id)),
        kind::FSETSTAT => files.fset(q.bytes()?, &q.attributes()?).map(done(id)),
        kind::OPENDIR => files.open_folder(&q.path()?).map(handle),
        kind::READDIR => files.read_folder(q.bytes()?).map(|entries| {
            let head = Writer::new(kind::NAME).number(id).number(entries.len() as u32);
            entries.iter().fold(head, |answer, entry| entry.attributes.write(answer.bytes(&entry.name).bytes(&entry.line)))
        }),
        kind::REMOVE => files.remove(&q.path()?).map(done(id)),
        kind::MKDIR => files.make_folder(&q.path()?, &q.attributes()?).map(done(id)),
        kind::RMDIR => files.remove_folder(&q.path()?).map(done(id)),
        kind::REALPATH => files.real_path(&q.path()?).map(name),
        kind::RENAME => files.rename(&q.path()?, &q.path()?, false).map(done(id)),
        kind::READLINK => files.read_link(&q.path()?).map(name),
        // OpenSSH has the two the wrong way round, and so has every client that works with it.
        kind::SYMLINK => files.link(&q.path()?, &q.path()?).map(done(id)),
        kind::EXTENDED => return extended(files, id, q),
        _ => Err(Refusal::unsupported()),
    })
}

fn extended(files: &mut Files, id: u32, q: &mut Reader) -> Option<Result<Writer, Refusal>> {
    Some(match q.bytes()? {
        b"posix-rename@openssh.com" => files.rename(&q.path()?, &q.path()?, true).map(done(id)),
        b"hardlink@openssh.com" => files.hard_link(&q.path()?, &q.path()?).map(done(id)),
        b"fsync@openssh.com" => files.sync(q.bytes()?).map(done(id)),
        b"limits@openssh.com" => {
            let packet = u64::from(LONGEST);
            let data = packet - 1024;
            Ok(Writer::new(kind::EXTENDED_REPLY).number(id).long(packet).long(data).long(data).long(files::HANDLES as u64))
        }
        _ => Err(Refusal::unsupported()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each packet's kind and contents.
    fn talk(questions: &[Writer]) -> Vec<(u8, Vec<u8>)> {
        let input: Vec<u8> = questions.iter().flat_map(|question| question.clone().finish()).collect();
        let mut output = Vec::new();
        serve(&input[..], &mut output).unwrap();
        let mut output = &output[..];
        std::iter::from_fn(|| next(&mut output).unwrap()).map(|packet| (packet[0], packet[1..].to_vec())).collect()
    }

    fn code(answer: &(u8, Vec<u8>)) -> u32 {
        assert_eq!(answer.0, kind::STATUS);
        u32::from_be_bytes(answer.1[4..8].try_into().unwrap())
    }

    #[test]
    fn a_file_is_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a").to_string_lossy().into_owned();
        let open = |flags| Writer::new(kind::OPEN).number(1).bytes(path.as_bytes()).number(flags).number(0);
        let read = |at, length| Writer::new(kind::READ).number(3).bytes(b"1").long(at).number(length);
        let answers = talk(&[
            Writer::new(kind::INIT).number(3),
            open(0x1a),
            Writer::new(kind::WRITE).number(2).bytes(b"0").long(0).bytes(b"hello"),
            Writer::new(kind::CLOSE).number(2).bytes(b"0"),
            open(1),
            read(1, 100),
            read(5, 1),
            Writer::new(kind::CLOSE).number(2).bytes(b"7"),
            Writer::new(kind::REMOVE).number(2).bytes(path.as_bytes()),
            Writer::new(kind::LSTAT).number(2).bytes(path.as_bytes()),
            Writer::new(99).number(2),
        ]);
        assert_eq!(answers[0].0, kind::VERSION);
        assert_eq!((code(&answers[2]), code(&answers[3])), (0, 0));
        assert_eq!(answers[5], (kind::DATA, [&[0, 0, 0, 3, 0, 0, 0, 4][..], b"ello"].concat()));
        assert_eq!(code(&answers[6]), 1, "the end of the file");
        assert_eq!(code(&answers[7]), 4, "no such handle");
        assert_eq!((code(&answers[8]), code(&answers[9]), code(&answers[10])), (0, 2, 8));
    }

    #[test]
    fn a_folder_is_listed_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..250 {
            std::fs::write(folder.path().join(format!("f{number}")), "x").unwrap();
        }
        let list = || Writer::new(kind::READDIR).number(2).bytes(b"0");
        let open = Writer::new(kind::OPENDIR).number(1).bytes(folder.path().as_os_str().as_encoded_bytes());
        let answers = talk(&[open, list(), list(), list(), list()]);
        let count = |answer: &(u8, Vec<u8>)| u32::from_be_bytes(answer.1[4..8].try_into().unwrap());
        let names: u32 = answers.iter().filter(|answer| answer.0 == kind::NAME).map(count).sum();
        assert_eq!(names, 252, "with . and ..");
        assert_eq!(code(answers.last().unwrap()), 1);
    }

    proptest! {
        #[test]
        fn no_packet_makes_it_panic(code in 1u8..=20, bytes in prop::collection::vec(0u8..4, 0..60)) {
            // Not those that change things.
            prop_assume!(![kind::REMOVE, kind::RMDIR, kind::MKDIR, kind::RENAME, kind::SYMLINK, kind::SETSTAT, kind::OPEN].contains(&code));
            let mut files = Files::new(Accounts::here());
            answer(&mut files, &[&[code][..], &bytes].concat());
        }
    }
}
