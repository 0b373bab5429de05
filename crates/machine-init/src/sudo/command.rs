//! The command line.

use super::{
    passage,
    wire::{Question, Shell},
};
use crate::layout::SUDO_SOCKET;
use std::{io, os::unix::net::UnixStream, process::ExitCode};

/// Variables of the caller's that the program gets without being asked for (`env_keep` of `sudoers(5)`).
const KEPT: [&str; 6] = ["TERM", "COLORTERM", "LANG", "LANGUAGE", "LS_COLORS", "DISPLAY"];

/// Runs `sudo` with its arguments.
pub fn run(args: &[String]) -> ExitCode {
    let result = parse(args, std::env::vars()).and_then(|question| match question {
        None => Ok(0),
        Some(question) => ask(question).map_err(|error| error.to_string()),
    });
    match result {
        Ok(code) => ExitCode::from(code as u8),
        Err(error) => {
            eprintln!("sudo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn ask(question: Question) -> io::Result<i32> {
    let stream =
        UnixStream::connect(SUDO_SOCKET).map_err(|error| io::Error::other(format!("process 1 doesn't answer: {error}")))?;
    passage::run(stream, question)
}

/// What is asked for; `None` where there is nothing to do.
fn parse(args: &[String], environment: impl Iterator<Item = (String, String)>) -> Result<Option<Question>, String> {
    let mut question = Question { user: "root".into(), ..Question::default() };
    let mut keep_all = false;
    let mut words = args.iter();
    let mut rest: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--" => break,
            "-u" | "--user" => question.user = words.next().ok_or("-u wants a user")?.clone(),
            "-i" | "--login" => question.shell = Some(Shell::Login),
            "-s" | "--shell" => question.shell = Some(Shell::Plain),
            "-E" | "--preserve-env" => keep_all = true,
            // There are no passwords to be asked for, and HOME is the user's anyway.
            "-n" | "-S" | "-H" | "--non-interactive" | "--stdin" | "--set-home" => {}
            "-v" | "-k" | "-K" | "--validate" | "--reset-timestamp" | "--remove-timestamp" => return Ok(None),
            option if option.starts_with('-') => return Err(format!("{option} is not built: this is the small init's sudo")),
            word => {
                rest.push(word.to_owned());
                break;
            }
        }
    }
    rest.extend(words.cloned());
    question.variables = environment.filter(|(name, _)| is_kept(name, keep_all)).collect();
    let assigned = rest.iter().take_while(|word| is_assignment(word)).count();
    for word in rest.drain(..assigned) {
        let (name, value) = word.split_once('=').unwrap_or_default();
        question.variables.push((name.to_owned(), value.to_owned()));
    }
    question.words = rest;
    match question.words.is_empty() && question.shell.is_none() {
        true => Err("what is to be run? (sudo [-u user] [-i | -s] [-E] [NAME=value] command)".into()),
        false => Ok(Some(question)),
    }
}

fn is_kept(name: &str, all: bool) -> bool {
    let is_ours = ["PATH", "HOME", "USER", "LOGNAME", "SHELL"].contains(&name) || name.starts_with("SUDO_");
    (all && !is_ours) || KEPT.contains(&name) || name.starts_with("LC_")
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Option<Question>, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let environment = [("TERM", "xterm"), ("PATH", "/evil"), ("A", "b"), ("LC_ALL", "C")];
        parse(&words, environment.into_iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn the_usual_lines_are_understood() {
        let question = of("-n -u ada X=1 ls -l").unwrap().unwrap();
        assert_eq!((question.user.as_str(), question.shell), ("ada", None));
        assert_eq!(question.words, ["ls", "-l"]);
        let names: Vec<&str> = question.variables.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["TERM", "LC_ALL", "X"]);
        assert_eq!(of("-E ls").unwrap().unwrap().variables.len(), 3, "all but PATH");
        assert_eq!(of("-i").unwrap().unwrap().shell, Some(Shell::Login));
        assert_eq!(of("-v").unwrap(), None);
        assert_eq!(of("-- -x").unwrap().unwrap().words, ["-x"]);
    }

    #[test]
    fn what_is_not_built_is_refused() {
        for line in ["", "-u", "-l", "-b ls", "X=1"] {
            assert!(of(line).is_err(), "{line}");
        }
    }
}
