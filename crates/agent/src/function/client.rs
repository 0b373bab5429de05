//! The server's end of a shim's socket.

use super::order::{self, Frame, Head, Order, Said};
use agent_proto::function::{Answer, FunctionError, Invocation, Invoked, Piece, Report};
use bytes::Bytes;
use std::{io, path::Path, time::Duration};
use tokio::{
    net::UnixStream,
    sync::{mpsc, oneshot},
};

/// A connection to a shim.
pub struct Client(UnixStream);

/// What came of an initialization: what it took, and what it failed by.
pub type Begun = (Duration, Option<FunctionError>);

/// An invocation of which the beginning of the answer is known. The connection comes back when it is over.
pub struct Begins {
    /// What is known.
    pub invoked: Invoked,
    /// The connection, unless it has broken.
    pub after: oneshot::Receiver<Client>,
}

impl Client {
    /// Connects.
    pub async fn connect(socket: &Path) -> io::Result<Self> {
        UnixStream::connect(socket).await.map(Self)
    }

    /// Has it become what its job says.
    pub async fn begin(&mut self) -> io::Result<Result<Begun, String>> {
        order::say(&mut self.0, &Order::Begin, None).await?;
        match self.heard().await? {
            Said::Begun { micros, failed } => {
                let failure = match failed {
                    None => None,
                    Some(kind) => Some(FunctionError { kind, payload: order::expect(&mut self.0).await?.data()? }),
                };
                Ok(Ok((Duration::from_micros(micros), failure)))
            }
            Said::Refused(why) => Ok(Err(why)),
            other => Err(unexpected(&other)),
        }
    }

    /// Whether it is in the middle of an invocation.
    pub async fn is_busy(&mut self) -> io::Result<bool> {
        order::say(&mut self.0, &Order::Look, None).await?;
        match self.heard().await? {
            Said::Looks { busy } => Ok(busy),
            other => Err(unexpected(&other)),
        }
    }

    /// Has it end; returns when its process is about to.
    pub async fn stop(mut self) -> io::Result<()> {
        order::say(&mut self.0, &Order::Stop, None).await?;
        order::read(&mut self.0).await.map(drop)
    }

    /// Hands an invocation over, and returns with the answer or with the beginning of it. The cloud's clock is that much before the system's.
    pub async fn invoke(mut self, invocation: Invocation, clock_offset_ms: i64) -> io::Result<Begins> {
        let payload = invocation.payload.clone();
        order::say(&mut self.0, &Order::Invoke(head(invocation, clock_offset_ms)), Some(&payload)).await?;
        let (back, after) = oneshot::channel();
        let answer = match self.heard().await? {
            Said::Answer { pieces: true, content_type } => {
                let (sender, pieces) = mpsc::channel(4);
                tokio::spawn(self.stream(sender, back));
                let answer = Answer::Pieces { content_type, pieces };
                return Ok(Begins { invoked: Invoked { answer, report: None, tail: Bytes::new(), over: false }, after });
            }
            Said::Answer { pieces: false, .. } => Answer::Whole(self.bytes().await?),
            Said::Failed(kind) => Answer::Failed(FunctionError { kind, payload: self.bytes().await? }),
            other => return Err(unexpected(&other)),
        };
        let (answer, report, tail) = self.rest(answer).await?;
        let _ = back.send(self);
        Ok(Begins { invoked: Invoked { answer, report: Some(report), tail, over: false }, after })
    }

    /// What is said behind an answer. A runtime that ends behind its answer has failed nevertheless.
    async fn rest(&mut self, answer: Answer) -> io::Result<(Answer, Report, Bytes)> {
        let mut answer = answer;
        loop {
            match self.heard().await? {
                Said::Done(report) => return Ok((answer, report, self.bytes().await?)),
                Said::Failed(kind) => answer = Answer::Failed(FunctionError { kind, payload: self.bytes().await? }),
                other => return Err(unexpected(&other)),
            }
        }
    }

    /// Passes pieces on to whoever wants them, and reads them to the end if nobody does.
    async fn stream(mut self, pieces: mpsc::Sender<Piece>, back: oneshot::Sender<Self>) {
        loop {
            let piece = match self.piece().await {
                Ok(piece) => piece,
                Err(error) => {
                    let payload = serde_json::json!({"errorType": "Sandbox.Failure", "errorMessage": error.to_string()});
                    let lost = FunctionError { kind: "Sandbox.Failure".into(), payload: payload.to_string().into() };
                    let _ = pieces.send(Piece::Failed(lost)).await;
                    return;
                }
            };
            let is_last = matches!(piece, Piece::End { .. });
            let _ = pieces.send(piece).await;
            if is_last {
                let _ = back.send(self);
                return;
            }
        }
    }

    async fn piece(&mut self) -> io::Result<Piece> {
        match order::expect(&mut self.0).await? {
            Frame::Data(data) => Ok(Piece::Data(data)),
            said => match said.said()? {
                Said::Failed(kind) => Ok(Piece::Failed(FunctionError { kind, payload: self.bytes().await? })),
                Said::Done(report) => Ok(Piece::End { report, tail: self.bytes().await? }),
                other => Err(unexpected(&other)),
            },
        }
    }

    async fn heard(&mut self) -> io::Result<Said> {
        order::expect(&mut self.0).await?.said()
    }

    async fn bytes(&mut self) -> io::Result<Bytes> {
        order::expect(&mut self.0).await?.data()
    }
}

fn head(invocation: Invocation, clock_offset_ms: i64) -> Head {
    Head {
        request_id: invocation.request_id,
        invoked_arn: invocation.invoked_arn,
        trace_id: invocation.trace_id,
        client_context: invocation.client_context,
        cognito_identity: invocation.cognito_identity,
        streams: invocation.streams,
        clock_offset_ms,
    }
}

fn unexpected(said: &Said) -> io::Error {
    io::Error::other(format!("an unexpected word: {said:?}"))
}
