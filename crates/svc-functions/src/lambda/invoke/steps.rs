//! An answer step by step, whether the function gave it whole or in pieces.

use agent_proto::function::{Answer as Outcome, FunctionError, Piece};
use bytes::Bytes;
use serde_json::json;
use std::collections::VecDeque;
use tokio::sync::mpsc::Receiver;

/// A step of an answer.
#[derive(Debug)]
pub enum Step {
    /// Bytes of it.
    Data(Bytes),
    /// It went wrong; nothing follows.
    Failed(FunctionError),
    /// It is done.
    End,
}

/// The steps of an answer.
pub struct Steps {
    known: VecDeque<Step>,
    pieces: Option<Receiver<Piece>>,
    tail: Bytes,
}

impl Steps {
    /// Those of what a function has answered.
    pub fn of(outcome: Outcome) -> Self {
        let (known, pieces) = match outcome {
            Outcome::Whole(payload) => (VecDeque::from([Step::Data(payload), Step::End]), None),
            Outcome::Failed(error) => (VecDeque::from([Step::Failed(error)]), None),
            Outcome::Pieces { pieces, .. } => (VecDeque::new(), Some(pieces)),
        };
        Self { known, pieces, tail: Bytes::new() }
    }

    /// What was written is known already, if the answer is whole.
    pub fn with_tail(self, tail: Bytes) -> Self {
        Self { tail, ..self }
    }

    /// These bytes come first.
    pub fn before(mut self, bytes: Bytes) -> Self {
        self.known.push_front(Step::Data(bytes));
        self
    }

    /// The next one; [`Step::End`] behind the last.
    pub async fn next(&mut self) -> Step {
        if let Some(step) = self.known.pop_front() {
            return step;
        }
        let Some(pieces) = &mut self.pieces else { return Step::End };
        match pieces.recv().await {
            Some(Piece::Data(bytes)) => Step::Data(bytes),
            Some(Piece::Failed(error)) => Step::Failed(error),
            Some(Piece::End { tail, .. }) => {
                self.tail = tail;
                Step::End
            }
            None => Step::Failed(broken()),
        }
    }

    /// The end of what was written, behind the end or the failure of the answer.
    pub async fn tail(mut self) -> Bytes {
        while let Some(pieces) = &mut self.pieces {
            match pieces.recv().await {
                Some(Piece::End { tail, .. }) => return tail,
                Some(_) => {}
                None => break,
            }
        }
        self.tail
    }
}

/// The host has lost the function in the midst of its answer.
fn broken() -> FunctionError {
    let payload = json!({"errorMessage": "The function's answer broke off", "errorType": "Runtime.TruncatedResponse"});
    FunctionError { kind: "Runtime.TruncatedResponse".into(), payload: payload.to_string().into() }
}
