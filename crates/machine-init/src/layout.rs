//! What the machine's file system holds for the small init, agreed with whoever starts machines.
//!
//! The host lays this program into the machine, read-only, at [`PROGRAM`], in a `/run` that is a file system in memory, so that nothing of it is
//! left on the root volume. It is linked against the host's C library: that is there in a quick start machine, whose `/usr` is the host's. For any other
//! root the program's libraries and their loader go to [`LIBRARIES`], and it is started through that loader.

use std::{
    ffi::{CStr, OsStr, c_int, c_void},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// This program, in a machine.
pub const PROGRAM: &str = "/run/hillfog/init";

/// In a machine that isn't a quick start: the files that [`libraries`] names, each under its own file name.
pub const LIBRARIES: &str = "/run/hillfog/lib";

/// In a quick start: links to this program for commands that the machine would miss.
pub const COMMANDS: &str = "/run/hillfog/bin";

/// Where programs are found in a machine. Ours come first: a host's `poweroff` speaks to a systemd that isn't there.
pub const PATH: &str = "/run/hillfog/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// In a machine: where the small init's `sudo` is answered.
pub const SUDO_SOCKET: &str = "/run/hillfog/sudo";

/// On the root volume of a quick start: there if the machine is to get the host's `/usr`.
pub const QUICK_START: &str = ".hillfog/quick-start";

/// On the root volume of a quick start: the `workdir` of the overlay whose `upperdir` is the volume's own `/usr`.
pub const OVERLAY_WORK: &str = ".hillfog/usr-work";

/// How an image's process 1 is found in its root, in this order.
const INITS: [&str; 4] = ["sbin/init", "usr/sbin/init", "lib/systemd/systemd", "usr/lib/systemd/systemd"];

/// How a machine is started, told by its root file system before it is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The image has an init of its own, at this path in the machine.
    Own(PathBuf),
    /// A quick start: the host's `/usr` is to be laid over the volume's, and this program runs as it is.
    QuickStart,
    /// Another image without init: this program runs by the loader and libraries that were laid beside it.
    Foreign,
}

impl Start {
    /// Looks at the root volume of a machine, mounted at `root`. Links are read as the machine would, so none leads out of it.
    pub fn of(root: &Path) -> Start {
        if root.join(QUICK_START).symlink_metadata().is_ok_and(|found| found.is_file()) {
            return Start::QuickStart;
        }
        let own = INITS.iter().find(|path| exists_inside(root, Path::new(path)));
        own.map_or(Start::Foreign, |path| Start::Own(Path::new("/").join(path)))
    }

    /// The command line of process 1, paths being the machine's.
    pub fn command(&self) -> Vec<String> {
        let ours = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self {
            Start::Own(path) => vec![path.to_string_lossy().into_owned()],
            Start::QuickStart => ours(&[PROGRAM, "init"]),
            Start::Foreign => by_loader().into_iter().chain(["init".to_owned()]).collect(),
        }
    }
}

/// The command line, without a subcommand, that starts this program once more inside the machine.
pub fn again() -> Vec<String> {
    match Path::new(LIBRARIES).is_dir() {
        true => by_loader(),
        false => vec![PROGRAM.to_owned()],
    }
}

fn by_loader() -> Vec<String> {
    let loader = format!("{LIBRARIES}/{}", loader_name());
    [&loader, "--library-path", LIBRARIES, "--argv0", PROGRAM, PROGRAM].map(str::to_owned).to_vec()
}

/// The dynamic loader's file name in the ABI of this processor.
fn loader_name() -> &'static str {
    match cfg!(target_arch = "aarch64") {
        true => "ld-linux-aarch64.so.1",
        false => "ld-linux-x86-64.so.2",
    }
}

/// Whether a path is there as a machine that had `root` for its root would see it. A link counts by its own being there when it is absolute:
/// where it leads is the machine's business.
fn exists_inside(root: &Path, path: &Path) -> bool {
    let mut at = root.to_owned();
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        at.push(part);
        let Ok(found) = at.symlink_metadata() else { return false };
        if found.is_symlink() && parts.peek().is_some() {
            let Ok(target) = at.read_link() else { return false };
            // Merged-/usr roots link `sbin` to `usr/sbin`; anything cleverer is not looked for.
            if target.components().any(|part| part.as_os_str() == "..") {
                return false;
            }
            at = root.join(target.strip_prefix("/").unwrap_or(&target));
        }
    }
    true
}

/// The files that the running program was linked with, its loader among them: what has to be at [`LIBRARIES`], under the same file names.
///
/// Fails if one of them can't be found any more.
pub fn libraries() -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = Vec::new();
    // SAFETY: `collect` gets the vector it expects, and only while this call lasts.
    unsafe { libc::dl_iterate_phdr(Some(collect), (&raw mut found).cast()) };
    found.into_iter().map(|path| path.canonicalize().map(|_| path)).collect()
}

/// Takes the name of one loaded object. The program itself has none, and the kernel's own is no file.
unsafe extern "C" fn collect(info: *mut libc::dl_phdr_info, _size: usize, found: *mut c_void) -> c_int {
    // SAFETY: the C library passes a valid description, and `libraries` its vector.
    let (name, found) = unsafe { ((*info).dlpi_name, &mut *found.cast::<Vec<PathBuf>>()) };
    if !name.is_null() {
        // SAFETY: a name that isn't null is a C string.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes();
        if name.starts_with(b"/") {
            found.push(PathBuf::from(OsStr::from_bytes(name)));
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn the_root_says_how_it_is_started() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Start::of(root.path()), Start::Foreign);
        fs::create_dir_all(root.path().join("usr/sbin")).unwrap();
        symlink("usr/sbin", root.path().join("sbin")).unwrap();
        symlink("/lib/systemd/systemd", root.path().join("usr/sbin/init")).unwrap();
        assert_eq!(Start::of(root.path()), Start::Own("/sbin/init".into()));
        fs::create_dir_all(root.path().join(".hillfog")).unwrap();
        fs::write(root.path().join(QUICK_START), "").unwrap();
        assert_eq!(Start::of(root.path()), Start::QuickStart);
    }

    #[test]
    fn no_link_leads_out_of_the_root() {
        let root = tempfile::tempdir().unwrap();
        symlink("../../../../usr/sbin", root.path().join("sbin")).unwrap();
        assert_eq!(Start::of(root.path()), Start::Foreign);
    }

    #[test]
    fn the_programs_own_libraries_are_found() {
        let names: Vec<String> =
            libraries().unwrap().iter().map(|path| path.file_name().unwrap().to_string_lossy().into()).collect();
        assert!(names.iter().any(|name| name == "libc.so.6"), "{names:?}");
        assert!(names.iter().any(|name| name == loader_name()), "{names:?}");
    }
}
