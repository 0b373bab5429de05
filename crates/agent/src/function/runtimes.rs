//! What runs functions on this host: `provided` runtimes need nothing, Python and Node.js the host's own interpreters, found by looking for
//! them and asking them; all others, and whoever has one configured, a runtime image.

use super::job::{Program, Root};
use crate::image::Digest;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A language of which the host may have interpreters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// `python3.12`.
    Python,
    /// `nodejs22.x`.
    Node,
}

impl Language {
    /// The name of its bootstrap's text.
    pub const fn bootstrap(self) -> &'static str {
        match self {
            Self::Python => "bootstrap.py",
            Self::Node => "bootstrap.mjs",
        }
    }
}

/// A version: major and minor. Of Node.js only the major one counts.
pub type Version = (u32, u32);

/// An interpreter of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// What it is.
    pub language: Language,
    /// Its version, as it says it: `3.12.1`.
    pub full: String,
    /// Its version.
    pub version: Version,
    /// The program.
    pub program: PathBuf,
    /// The folder that it and its library are in.
    pub prefix: PathBuf,
    /// The bootstrap's name in the runtime's folder: its text, or what the interpreter has made of it.
    pub bootstrap: String,
}

/// All that this host has.
#[derive(Clone, Debug, Default)]
pub struct Interpreters(Vec<Interpreter>);

/// How a runtime is had.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The root file system.
    pub root: Root,
    /// The image that it is of.
    pub image: Option<Digest>,
    /// What is executed.
    pub program: Program,
    /// Said in the function's log, if it isn't exactly what was asked for.
    pub notice: Option<String>,
    /// For `INIT_START`.
    pub version: String,
}

/// What asks for invocations where the function brings it itself, in the order in which it is looked for.
pub const BOOTSTRAPS: [&str; 3] = ["/var/runtime/bootstrap", "/var/task/bootstrap", "/opt/bootstrap"];

/// Asked of Python: `[3.12.1, 3, 12, prefix, program]`.
const PYTHON: &str = "import sys,json;v=sys.version_info;print(json.dumps(['%d.%d.%d'%v[:3],v[0],v[1],sys.base_prefix,getattr(sys,'_base_executable',sys.executable)]))";
/// Likewise, of Node.js.
const NODE: &str = "const v=process.versions.node.split('.').map(Number),p=require('path'),e=require('fs').realpathSync(process.execPath);\
                    console.log(JSON.stringify([process.versions.node,v[0],0,p.dirname(p.dirname(e)),e]))";

/// Has Python compile the bootstrap, once: each cold start would wait for it. What comes of it says the name under which environments see the text.
const COMPILE: &str = "import sys,py_compile as p;p.compile(sys.argv[1],sys.argv[2],'/var/runtime/bootstrap.py',True,invalidation_mode=p.PycInvalidationMode.UNCHECKED_HASH)";

impl Interpreters {
    /// Looks for them. It takes a while: each is asked.
    pub fn find() -> Self {
        let mut seen = BTreeSet::new();
        let candidates = candidates(&["python3", "python"], "bin/python3").into_iter().map(|path| (Language::Python, path));
        let candidates =
            candidates.chain(self::candidates(&["node", "nodejs"], "bin/node").into_iter().map(|path| (Language::Node, path)));
        let fresh = candidates.filter(|(_, path)| fs::canonicalize(path).is_ok_and(|real| seen.insert(real)));
        let mut found: Vec<Interpreter> = Vec::new();
        for interpreter in fresh.filter_map(|(language, path)| ask(language, &path)) {
            if !found.iter().any(|it| (it.language, it.version) == (interpreter.language, interpreter.version)) {
                found.push(interpreter);
            }
        }
        Self(found)
    }

    /// With the bootstraps in a folder made ready for them. One that can't be is run from its text.
    pub fn prepared(mut self, bootstraps: &Path) -> Self {
        for interpreter in self.0.iter_mut().filter(|it| it.language == Language::Python) {
            let name = format!("python{}.{}.pyc", interpreter.version.0, interpreter.version.1);
            let mut command = Command::new(&interpreter.program);
            command.args(["-I", "-c", COMPILE]).arg(bootstraps.join("bootstrap.py")).arg(bootstraps.join(&name));
            let done = command.env_clear().current_dir("/").stdin(Stdio::null()).output();
            match done {
                Ok(done) if done.status.success() => interpreter.bootstrap = name,
                other => tracing::warn!(?other, "{} can't compile its bootstrap", interpreter.name()),
            }
        }
        self
    }

    /// These.
    pub fn of(interpreters: Vec<Interpreter>) -> Self {
        Self(interpreters)
    }

    /// How a runtime without an image is had here.
    ///
    /// # Errors
    /// A sentence for people, if it can't be had.
    pub fn choose(&self, runtime: &str) -> Result<Chosen, String> {
        if runtime.starts_with("provided") {
            let program = Program::FirstOf(BOOTSTRAPS.map(str::to_owned).to_vec());
            return Ok(Chosen {
                root: Root::Host(None),
                image: None,
                program,
                notice: None,
                version: runtime.replacen('.', ":", 1),
            });
        }
        let Some((language, wanted)) = parse(runtime) else {
            return Err(format!(
                "this host has nothing that runs {runtime}: give it a runtime image (hillfog up --runtime {runtime}=IMAGE)"
            ));
        };
        let interpreter = self.nearest(language, wanted).ok_or_else(|| {
            let name = if language == Language::Python { "Python" } else { "Node.js" };
            format!("this host has no {name} for {runtime}: install one, or give it a runtime image (hillfog up --runtime {runtime}=IMAGE)")
        })?;
        let notice = (interpreter.version != wanted).then(|| format!("{runtime} is run by {} of this host", interpreter.name()));
        Ok(interpreter.chosen(notice))
    }

    /// The one of this version; or else the next newer one; or else the newest.
    fn nearest(&self, language: Language, wanted: Version) -> Option<&Interpreter> {
        let all = || self.0.iter().filter(|it| it.language == language && it.version.0 >= 3);
        let newer = all().filter(|it| it.version >= wanted).min_by_key(|it| it.version);
        newer.or_else(|| all().max_by_key(|it| it.version))
    }

    /// What the documented runtimes are run by, for people.
    pub fn overview(&self) -> BTreeMap<String, String> {
        let mut all =
            BTreeMap::from(["provided.al2", "provided.al2023"].map(|it| (it.to_owned(), "the function's own".to_owned())));
        for interpreter in &self.0 {
            let (major, minor) = interpreter.version;
            let name = match interpreter.language {
                Language::Python => format!("python{major}.{minor}"),
                Language::Node => format!("nodejs{major}.x"),
            };
            all.insert(name, format!("{} of this host", interpreter.name()));
        }
        all
    }
}

impl Interpreter {
    fn name(&self) -> String {
        match self.language {
            Language::Python => format!("Python {}", self.full),
            Language::Node => format!("Node.js {}", self.full),
        }
    }

    fn chosen(&self, notice: Option<String>) -> Chosen {
        // What is below `/usr` is there already.
        let is_system = self.prefix == Path::new("/usr");
        let program = match is_system {
            true => self.program.clone(),
            false => Path::new("/var/lang").join(self.program.strip_prefix(&self.prefix).unwrap_or(&self.program)),
        };
        let program = program.to_string_lossy().into_owned();
        let bootstrap = format!("/var/runtime/{}", self.bootstrap);
        let (words, name) = match self.language {
            // Neither the user's site folder nor `.pth` files are looked at, which takes longer than all the rest: the bootstrap says where
            // modules are.
            Language::Python => (vec![program, "-S".into(), "-s".into(), bootstrap], "python"),
            Language::Node => (vec![program, bootstrap], "nodejs"),
        };
        Chosen {
            root: Root::Host((!is_system).then(|| self.prefix.clone())),
            image: None,
            program: Program::Command { words, variables: Vec::new(), folder: "/var/task".into(), wrapped: true },
            notice,
            version: format!("{name}:{}", self.full),
        }
    }
}

/// `python3.12`, `nodejs22.x`.
fn parse(runtime: &str) -> Option<(Language, Version)> {
    if let Some(version) = runtime.strip_prefix("python") {
        let (major, minor) = version.split_once('.')?;
        return Some((Language::Python, (major.parse().ok()?, minor.parse().ok()?)));
    }
    let version = runtime.strip_prefix("nodejs")?;
    Some((Language::Node, (version.split('.').next()?.parse().ok()?, 0)))
}

/// Programs that may be interpreters: in the search path, and where version managers put them.
fn candidates(names: &[&str], below: &str) -> Vec<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/local/bin:/usr/bin";
    let mut found = Vec::new();
    for folder in std::env::split_paths(&path).filter(|it| !it.to_string_lossy().contains("/shims")) {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let matches = |name: &str| names.iter().any(|known| name.strip_prefix(known).is_some_and(is_version));
        found.extend(entries.filter(|it| it.file_name().to_str().is_some_and(matches)).map(|it| it.path()));
    }
    let home = std::env::var("HOME").map(PathBuf::from).unwrap_or_else(|_| "/root".into());
    let managers =
        [".pyenv/versions", ".local/share/uv/python", ".nvm/versions/node", ".asdf/installs/python", ".asdf/installs/nodejs"];
    for manager in managers.map(|it| home.join(it)) {
        found.extend(fs::read_dir(manager).into_iter().flatten().flatten().map(|it| it.path().join(below)));
    }
    found
}

/// What may follow an interpreter's name: `3`, `.12`, `3.12`; not `-config`.
fn is_version(rest: &str) -> bool {
    rest.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn ask(language: Language, path: &Path) -> Option<Interpreter> {
    #[derive(Deserialize)]
    struct Said(String, u32, u32, PathBuf, PathBuf);
    let arguments = match language {
        Language::Python => ["-I", "-c", PYTHON],
        Language::Node => ["--no-warnings", "-e", NODE],
    };
    let mut command = Command::new(path);
    command.args(arguments).env_clear().current_dir("/").stdin(Stdio::null()).stderr(Stdio::null());
    let said: Said = serde_json::from_slice(&command.output().ok()?.stdout).ok()?;
    let prefix = fs::canonicalize(&said.3).ok()?;
    let program = fs::canonicalize(&said.4).ok()?;
    // Another prefix than the program's own can't be shown to a function.
    let whole = program.starts_with(&prefix);
    let bootstrap = language.bootstrap().to_owned();
    whole.then_some(Interpreter { language, full: said.0, version: (said.1, said.2), program, prefix, bootstrap })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_of_this_host_run_what_they_have_compiled() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bootstrap.py"), "print('ready')").unwrap();
        let pythons = Interpreters::find().prepared(folder.path()).0.into_iter().filter(|it| it.language == Language::Python);
        let mut ran = 0;
        for python in pythons.filter(|it| it.version >= (3, 9)) {
            assert_ne!(python.bootstrap, "bootstrap.py");
            let output = Command::new(&python.program).arg(folder.path().join(&python.bootstrap)).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), "ready\n");
            ran += 1;
        }
        assert!(ran > 0, "the tests need Python 3");
    }

    fn host() -> Interpreters {
        let of = |language, full: &str, version, prefix: &str, program: &str| Interpreter {
            language,
            bootstrap: language.bootstrap().into(),
            full: full.into(),
            version,
            prefix: prefix.into(),
            program: format!("{prefix}/{program}").into(),
        };
        Interpreters::of(vec![
            of(Language::Python, "3.11.2", (3, 11), "/usr", "bin/python3.11"),
            of(Language::Python, "3.13.0", (3, 13), "/opt/py", "bin/python3.13"),
            of(Language::Node, "20.1.0", (20, 0), "/usr", "bin/node"),
        ])
    }

    fn first_word(chosen: &Chosen) -> String {
        match &chosen.program {
            Program::Command { words, .. } => words[0].clone(),
            Program::FirstOf(paths) => paths[0].clone(),
        }
    }

    #[test]
    fn the_exact_version_is_taken_where_it_is_there() {
        let chosen = host().choose("python3.11").unwrap();
        assert_eq!((first_word(&chosen).as_str(), chosen.notice, chosen.root), ("/usr/bin/python3.11", None, Root::Host(None)));
        let chosen = host().choose("python3.13").unwrap();
        assert_eq!(first_word(&chosen), "/var/lang/bin/python3.13");
        assert_eq!(chosen.root, Root::Host(Some("/opt/py".into())));
    }

    #[test]
    fn another_version_is_said_to_be_one() {
        let notice = |runtime: &str| host().choose(runtime).unwrap().notice.unwrap();
        assert_eq!(notice("python3.12"), "python3.12 is run by Python 3.13.0 of this host");
        assert_eq!(notice("python3.14"), "python3.14 is run by Python 3.13.0 of this host");
        assert_eq!(notice("nodejs22.x"), "nodejs22.x is run by Node.js 20.1.0 of this host");
    }

    #[test]
    fn what_cannot_be_had_is_refused_with_a_way_out() {
        assert!(host().choose("java21").unwrap_err().contains("--runtime java21=IMAGE"));
        assert!(Interpreters::default().choose("python3.12").unwrap_err().contains("no Python"));
        assert_eq!(first_word(&host().choose("provided.al2023").unwrap()), "/var/runtime/bootstrap");
    }

    #[test]
    fn names_of_interpreters() {
        assert!(["", "3", "3.12", ".12"].into_iter().all(is_version) && !is_version("3-config"));
    }
}
