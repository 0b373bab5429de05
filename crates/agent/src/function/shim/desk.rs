//! What the runtime and the extensions of an environment are told and have said: the state behind the APIs. It only remembers and judges;
//! `conductor` acts on it.

use super::{super::order::Head, faults::Fault};
use bytes::Bytes;
use model::Timestamp;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};
use tokio::sync::{Notify, mpsc};

/// Extensions that may register (Lambda quotas: 10 for a function).
const MOST_EXTENSIONS: usize = 10;

/// How far the runtime is, in the words of the errors that the Runtime API answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It initializes.
    Started,
    /// It has said that it can't be initialized.
    InitError,
    /// It waits for an invocation.
    Ready,
    /// It has one.
    Running,
    /// It is sending its answer.
    InvocationResponse,
    /// It is sending what went wrong.
    InvocationErrorResponse,
    /// It has answered.
    ResponseSent,
}

/// An event that extensions ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// `INVOKE`.
    Invoke,
    /// `SHUTDOWN`.
    Shutdown,
}

/// An extension that has registered.
#[derive(Debug)]
pub struct Extension {
    /// Its name: its file's, if it is an external one.
    pub name: String,
    /// The events that it wants.
    pub events: BTreeSet<Event>,
    /// It has asked for the next event, and nothing has been answered.
    pub waits: bool,
    /// The last event that it was given.
    pub given: u64,
}

/// An invocation that runs.
pub struct Current {
    /// What it is.
    pub head: Head,
    /// Its event.
    pub payload: Bytes,
    /// When it has to be done.
    pub deadline: Timestamp,
    /// Where what the function answers goes.
    pub answers: mpsc::Sender<FromFunction>,
}

/// What the function answers.
#[derive(Debug)]
pub enum FromFunction {
    /// All of it.
    Whole {
        /// Its bytes.
        payload: Bytes,
        /// `Content-Type`.
        content_type: Option<String>,
    },
    /// It begins to come in pieces.
    Begins {
        /// `Content-Type`.
        content_type: Option<String>,
    },
    /// A piece.
    Data(Bytes),
    /// All pieces have come.
    Ends,
    /// It went wrong.
    Fails(Fault),
}

/// What is to be told to extensions.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The event, JSON.
    pub text: Bytes,
    number: u64,
}

/// The state. All of it is of one thread.
#[derive(Default)]
pub struct State {
    /// How far the runtime is; none: there is none.
    pub stage: Option<Stage>,
    /// The invocation.
    pub current: Option<Current>,
    /// By identifier.
    pub extensions: BTreeMap<String, Extension>,
    /// External extensions that were started.
    pub expected: BTreeSet<String>,
    /// Why it can't be initialized, in the words of the runtime or an extension.
    pub failure: Option<Fault>,
    /// The environment is to end.
    pub stopping: bool,
    /// Grows with each reset: who has asked before gets nothing any more.
    pub generation: u64,
    notice: Option<Notice>,
    notices: u64,
    /// What was registered or subscribed after this is refused.
    closed: bool,
}

/// The desk at which all meet.
#[derive(Clone, Default)]
pub struct Desk {
    state: Rc<RefCell<State>>,
    changed: Rc<Notify>,
}

/// Why an extension can't register: error type and message.
pub type Refusal = (&'static str, String);

impl Desk {
    /// Looks at the state, or changes it.
    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.borrow_mut())
    }

    /// Changes the state, and wakes those who wait.
    pub fn change<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let done = self.with(work);
        self.changed.notify_waiters();
        done
    }

    /// Waits until the state gives something; none, if a reset comes first.
    pub async fn until_reset<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let generation = self.with(|state| state.generation);
        let look = move |state: &mut State| match state.generation == generation {
            true => look(state).map(Some),
            false => Some(None),
        };
        self.until(look).await
    }

    /// Waits until the state gives something.
    pub async fn until<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(found) = self.with(&mut look) {
                return found;
            }
            changed.await;
        }
    }
}

impl State {
    /// Forgets all processes: they have been ended.
    pub fn clear(&mut self) {
        *self = Self { notices: self.notices, generation: self.generation + 1, stopping: self.stopping, ..Self::default() };
    }

    /// Registers an extension under an identifier that is nobody's.
    pub fn register(&mut self, id: &str, name: &str, events: BTreeSet<Event>) -> Result<(), Refusal> {
        let external = self.expected.contains(name);
        if self.closed {
            return Err(("Extension.RegistrationClosed", "Extension registration closed already".into()));
        }
        if self.extensions.values().any(|it| it.name == name) {
            return Err(("Extension.AlreadyRegistered", "Extension with this name already registered".into()));
        }
        if self.extensions.len() >= MOST_EXTENSIONS {
            return Err(("Extension.TooManyExtensions", format!("Extension limit ({MOST_EXTENSIONS}) reached")));
        }
        if !external && events.contains(&Event::Shutdown) {
            return Err(("Extension.InvalidEventType", "SHUTDOWN: event not supported for internal extensions".into()));
        }
        let given = self.notices;
        self.extensions.insert(id.to_owned(), Extension { name: name.to_owned(), events, waits: false, given });
        Ok(())
    }

    /// Whether every external extension has registered.
    pub fn all_registered(&self) -> bool {
        self.expected.iter().all(|name| self.extensions.values().any(|it| it.name == *name))
    }

    /// Whether the runtime and all extensions wait for what comes next.
    pub fn all_ready(&self) -> bool {
        self.stage == Some(Stage::Ready) && self.all_registered() && self.extensions.values().all(|it| it.waits)
    }

    /// The initialization is over.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Whether anybody may still register or subscribe.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Tells extensions of something.
    pub fn tell(&mut self, event: Event, text: &serde_json::Value) {
        self.notices += 1;
        self.notice = Some(Notice { text: text.to_string().into(), number: self.notices });
        for extension in self.extensions.values_mut().filter(|it| !it.events.contains(&event)) {
            extension.given = self.notices;
        }
        for extension in self.extensions.values_mut().filter(|it| it.events.contains(&event)) {
            extension.waits = false;
        }
    }

    /// What an extension has not been told yet; it waits if there is nothing.
    pub fn next_for(&mut self, id: &str) -> Option<Notice> {
        let extension = self.extensions.get_mut(id)?;
        match &self.notice {
            Some(notice) if notice.number > extension.given => {
                extension.given = notice.number;
                extension.waits = false;
                Some(notice.clone())
            }
            _ => {
                extension.waits = true;
                None
            }
        }
    }

    /// Whether any extension wants to know of the end.
    pub fn wants_farewell(&self) -> bool {
        self.extensions.values().any(|it| it.events.contains(&Event::Shutdown))
    }
}
