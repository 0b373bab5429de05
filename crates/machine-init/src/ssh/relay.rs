//! Carries bytes between a channel and a program, and the program's end to the client.

use super::{
    inbox::{Mail, Outlet},
    terminal::Master,
};
use russh::{
    ChannelWriteHalf, Sig,
    server::{Handle, Msg},
};
use std::{os::unix::process::ExitStatusExt, process::ExitStatus};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout},
};

/// Bytes that are carried at once: a packet.
const BUFFER: usize = 32 << 10;

/// The client's stream of standard error (RFC 4254, section 5.2).
const STDERR: Option<u32> = Some(1);

/// The client's side.
pub struct Client {
    /// What it sends.
    pub read: Outlet,
    /// What it gets.
    pub write: ChannelWriteHalf<Msg>,
    /// The session, for what channels can't say.
    pub handle: Handle,
}

impl Client {
    /// Tells how the program ended, and closes the channel.
    async fn finish(&self, status: Option<ExitStatus>) {
        let id = self.write.id();
        if let Some(signal) = status.and_then(|status| status.signal()) {
            let core = status.is_some_and(|status| status.core_dumped());
            let _ = self.handle.exit_signal_request(id, signal_name(signal), core, String::new(), String::new()).await;
        } else {
            let code = status.and_then(|status| status.code()).unwrap_or(255);
            let _ = self.write.exit_status(code as u32).await;
        }
        let _ = self.write.eof().await;
        let _ = self.write.close().await;
    }
}

/// A program on pipes, until it has ended and closed its streams, or the client is gone: then it is left without streams, as OpenSSH does it.
pub async fn pipes(mut client: Client, mut child: Child, io: (ChildStdin, ChildStdout, ChildStderr)) {
    let (stdin, stdout, stderr) = io;
    let (out, err) = (client.write.make_writer(), client.write.make_writer_ext(STDERR));
    let program = async {
        let (status, (), ()) = tokio::join!(child.wait(), copy(stdout, out), copy(stderr, err));
        status.ok()
    };
    let status = tokio::select! {
        status = program => status,
        () = feed(&mut client.read, stdin) => return,
    };
    client.finish(status).await;
}

/// Gives the program what the client sends; comes back when the client has left, not when it has merely nothing more to say.
async fn feed(read: &mut Outlet, stdin: ChildStdin) {
    let mut stdin = Some(stdin);
    while let Some(mail) = read.next().await {
        let open = match (&mail, &mut stdin) {
            (Mail::Data(data), Some(pipe)) => pipe.write_all(data).await.is_ok(),
            _ => false,
        };
        if !open {
            stdin = None;
        }
    }
}

/// Carries bytes until their source has ended, or nobody takes them.
pub async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl tokio::io::AsyncWrite + Unpin) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// A program on a terminal, until it has ended; what runs on behind it keeps no session open. When the client is gone the terminal is, too, and the kernel tells
/// the program by `SIGHUP`.
pub async fn terminal(mut client: Client, mut child: Child, master: Master, greeting: Option<Vec<u8>>) {
    let mut out = client.write.make_writer();
    let screen = master.clone();
    let program = async {
        if let Some(text) = greeting {
            let _ = out.write_all(&text).await;
        }
        let mut buffer = vec![0; BUFFER];
        let status = loop {
            tokio::select! {
                biased;
                read = screen.read(&mut buffer) => match read {
                    Ok(count @ 1..) => drop(out.write_all(&buffer[..count]).await),
                    _ => break child.wait().await.ok(),
                },
                status = child.wait() => break status.ok(),
            }
        };
        loop {
            match screen.read_now(&mut buffer) {
                0 => return status,
                count => drop(out.write_all(&buffer[..count]).await),
            }
        }
    };
    let status = tokio::select! {
        status = program => status,
        () = typed(&mut client.read, &master) => return,
    };
    client.finish(status).await;
}

/// Types what the client sends. There is no end of it on a terminal, but for the client's own.
async fn typed(read: &mut Outlet, master: &Master) {
    while let Some(mail) = read.next().await {
        if let Mail::Data(data) = mail {
            let _ = master.write_all(&data).await;
        }
    }
}

/// Names of RFC 4254, section 6.10.
fn signal_name(signal: i32) -> Sig {
    match signal {
        libc::SIGABRT => Sig::ABRT,
        libc::SIGALRM => Sig::ALRM,
        libc::SIGFPE => Sig::FPE,
        libc::SIGHUP => Sig::HUP,
        libc::SIGILL => Sig::ILL,
        libc::SIGINT => Sig::INT,
        libc::SIGKILL => Sig::KILL,
        libc::SIGPIPE => Sig::PIPE,
        libc::SIGQUIT => Sig::QUIT,
        libc::SIGSEGV => Sig::SEGV,
        libc::SIGTERM => Sig::TERM,
        libc::SIGUSR1 => Sig::USR1,
        libc::SIGUSR2 => Sig::Custom("USR2".into()),
        other => Sig::Custom(format!("SIG{other}@hillfog")),
    }
}

/// The number of a signal that a client wants to have sent.
pub fn signal_number(signal: &Sig) -> Option<i32> {
    Some(match signal {
        Sig::ABRT => libc::SIGABRT,
        Sig::ALRM => libc::SIGALRM,
        Sig::FPE => libc::SIGFPE,
        Sig::HUP => libc::SIGHUP,
        Sig::ILL => libc::SIGILL,
        Sig::INT => libc::SIGINT,
        Sig::KILL => libc::SIGKILL,
        Sig::PIPE => libc::SIGPIPE,
        Sig::QUIT => libc::SIGQUIT,
        Sig::SEGV => libc::SIGSEGV,
        Sig::TERM => libc::SIGTERM,
        Sig::USR1 => libc::SIGUSR1,
        Sig::Custom(name) if name == "USR2" => libc::SIGUSR2,
        Sig::Custom(_) => return None,
    })
}
