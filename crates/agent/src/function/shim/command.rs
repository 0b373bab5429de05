//! What an environment's processes execute, with which arguments and variables. Pure but for the look at which files there are.

use super::{enter::Command, keeper::Task};
use crate::function::{
    job::{Job, Program},
    variables,
};
use std::{ffi::CString, io, path::Path};

/// What a process of an environment executes.
pub fn of(job: &Job, task: &Task) -> io::Result<Command> {
    let variables = variables::of(job, matches!(task, Task::Runtime));
    let (words, folder) = match task {
        Task::Runtime => runtime(&job.program, &variables)?,
        Task::Extension(name) => (vec![format!("/opt/extensions/{name}")], "/".to_owned()),
    };
    let program = words.first().ok_or_else(|| io::Error::other("there is no program to run"))?;
    let program = find(program, variables.get("PATH").map(String::as_str).unwrap_or_default());
    let variables = variables.iter().map(|(name, value)| format!("{name}={value}"));
    Ok(Command { program: text(program)?, words: texts(words)?, variables: texts(variables)?, folder })
}

fn runtime(program: &Program, variables: &variables::Variables) -> io::Result<(Vec<String>, String)> {
    match program {
        Program::FirstOf(paths) => {
            let found = paths.iter().find(|path| Path::new(path).is_file());
            let none = || io::Error::other(format!("Couldn't find valid bootstrap(s): [{}]", paths.join(" ")));
            Ok((vec![found.ok_or_else(none)?.clone()], "/var/task".to_owned()))
        }
        Program::Command { words, folder, wrapped, .. } => {
            let wrapper = variables.get("AWS_LAMBDA_EXEC_WRAPPER").filter(|_| *wrapped);
            Ok((wrapper.into_iter().chain(words).cloned().collect(), folder.clone()))
        }
    }
}

/// A program without a slash is looked for in the search path.
fn find(program: &str, path: &str) -> String {
    if program.contains('/') {
        return program.to_owned();
    }
    let found = path.split(':').map(|folder| format!("{folder}/{program}")).find(|path| Path::new(path).is_file());
    found.unwrap_or_else(|| program.to_owned())
}

fn texts(words: impl IntoIterator<Item = String>) -> io::Result<Vec<CString>> {
    words.into_iter().map(text).collect()
}

fn text(word: String) -> io::Result<CString> {
    CString::new(word).map_err(|_| io::ErrorKind::InvalidInput.into())
}
