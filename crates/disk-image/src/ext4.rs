//! From folders to an ext4 file system in a file, by `mke2fs`: owners, modes, times, links and attributes are kept.

use crate::Error;
use nix::{
    errno::Errno,
    fcntl::OFlag,
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};
use std::{
    ffi::{CStr, CString},
    fs::{self, File},
    io,
    os::{
        fd::{AsRawFd, RawFd},
        unix::{ffi::OsStrExt, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const MKE2FS: &str = "mke2fs";

/// The descriptors of layers have numbers from here on: higher than any that the process has.
const DESCRIPTORS: RawFd = 500;

/// What kernels of today can mount; each version of the tools has other defaults.
const FEATURES: &str = "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,\
                        huge_file,dir_nlink,extra_isize,metadata_csum";

/// Makes a file system of so many bytes, of what is in a folder, in a new file.
///
/// # Errors
/// If `mke2fs` is missing or fails, as it does where the content doesn't fit.
pub fn of_folder(folder: &Path, image: &Path, bytes: u64) -> Result<(), Error> {
    make(command(folder, image), image, bytes)
}

/// The same of folders that lie one upon another, the lowest first, as the layers of a container image do (kernel documentation, "Overlay
/// Filesystem"). The stack is seen by `mke2fs` alone, and ends with it. `work` is a folder for what is needed meanwhile.
///
/// # Errors
/// As [`of_folder`]; or if the kernel refuses the stack.
pub fn of_layers(layers: &[PathBuf], work: &Path, image: &Path, bytes: u64) -> Result<(), Error> {
    let (root, empty) = (work.join("root"), work.join("empty"));
    fs::create_dir_all(&root)?;
    fs::create_dir_all(&empty)?;
    // A stack without a writable top has two layers at least.
    let named = |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other);
    let folders: Vec<CString> = layers.iter().rev().chain([&empty]).map(|path| named(path)).collect::<io::Result<_>>()?;
    // Named by descriptor: the names of a hundred layers would not fit in the page that mount options may take.
    let names: Vec<String> = (0..folders.len()).map(|n| format!("/proc/self/fd/{}", DESCRIPTORS + n as RawFd)).collect();
    let options = CString::new(format!("lowerdir={}", names.join(":"))).map_err(io::Error::other)?;
    let place = named(&root)?;
    let mut command = command(&root, image);
    // SAFETY: system calls with what was made before the fork; nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            unshare(CloneFlags::CLONE_NEWNS)?;
            mount(None::<&str>, c"/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
            // Opened here: the kernel stacks nothing of another mount table.
            for (n, folder) in folders.iter().enumerate() {
                open_as(folder, DESCRIPTORS + n as RawFd)?;
            }
            let flags = MsFlags::MS_RDONLY | MsFlags::MS_NODEV;
            Ok(mount(Some(c"overlay"), place.as_c_str(), Some(c"overlay"), flags, Some(options.as_c_str()))?)
        });
    }
    make(command, image, bytes)
}

/// Opens a folder under a number, until the process executes another program.
fn open_as(folder: &CStr, number: RawFd) -> io::Result<()> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let opened = nix::fcntl::open(folder, flags, nix::sys::stat::Mode::empty())?;
    // SAFETY: both are numbers; what had the second, of which nothing is that high, is closed.
    Errno::result(unsafe { libc::dup3(opened.as_raw_fd(), number, libc::O_CLOEXEC) })?;
    Ok(())
}

fn command(folder: &Path, image: &Path) -> Command {
    let mut command = Command::new(MKE2FS);
    command.args(["-q", "-F", "-t", "ext4", "-b", "4096", "-I", "256", "-m", "1", "-L", "root", "-O", FEATURES]);
    command.args(["-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0"]).arg("-d").arg(folder).arg(image);
    command
}

fn make(command: Command, image: &Path, bytes: u64) -> Result<(), Error> {
    File::create_new(image)?.set_len(bytes)?;
    let made = run(command);
    if made.is_err() {
        let _ = fs::remove_file(image);
    }
    made
}

fn run(mut command: Command) -> Result<(), Error> {
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::refused("mke2fs is missing: install the package e2fsprogs"),
        _ => error.into(),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("Could not allocate") {
        return Err(Error::refused("the files don't fit: name a larger size with --size"));
    }
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    Err(Error::Refused(format!("mke2fs failed: {}", lines[lines.len().saturating_sub(3)..].join(" "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

    fn debugfs(image: &Path, request: &str) -> String {
        let output = Command::new("debugfs").args(["-R", request]).arg(image).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[test]
    fn a_folder_becomes_a_file_system_with_its_owners() {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("NOT RUN: needs root");
            return;
        }
        let work = tempfile::tempdir().unwrap();
        let (root, image) = (work.path().join("tree"), work.path().join("image"));
        fs::create_dir_all(root.join("home/me")).unwrap();
        fs::write(root.join("home/me/file"), "hello").unwrap();
        chown(root.join("home/me/file"), Some(1000), Some(1001)).unwrap();
        fs::set_permissions(root.join("home/me/file"), fs::Permissions::from_mode(0o4750)).unwrap();
        symlink("../../../../etc/shadow", root.join("link")).unwrap();
        of_folder(&root, &image, 64 << 20).unwrap();
        let about = debugfs(&image, "stat /home/me/file");
        for part in ["User:  1000", "Group:  1001", "Mode:  04750"] {
            assert!(about.contains(part), "{about}");
        }
        assert_eq!(debugfs(&image, "cat /home/me/file"), "hello");
        assert!(debugfs(&image, "stat /link").contains("../../../../etc/shadow"));
        assert!(image.metadata().unwrap().blocks() * 512 < 16 << 20, "what is empty takes no room");
    }

    #[test]
    fn what_does_not_fit_is_said_and_leaves_nothing() {
        let work = tempfile::tempdir().unwrap();
        let (root, image) = (work.path().join("tree"), work.path().join("image"));
        fs::create_dir(&root).unwrap();
        fs::write(root.join("large"), vec![1; 16 << 20]).unwrap();
        let error = of_folder(&root, &image, 8 << 20).unwrap_err().to_string();
        assert!(error.contains("--size"), "{error}");
        assert!(!image.exists());
    }

    #[test]
    fn layers_hide_what_lies_below() {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("NOT RUN: needs root");
            return;
        }
        use nix::sys::stat::{Mode, SFlag, mknod};
        let work = tempfile::tempdir().unwrap();
        let (low, high, image) = (work.path().join("low"), work.path().join("high"), work.path().join("image"));
        fs::create_dir_all(low.join("etc")).unwrap();
        fs::create_dir_all(high.join("etc")).unwrap();
        for (path, text) in [(low.join("etc/one"), "low"), (low.join("etc/two"), "low"), (high.join("etc/one"), "high")] {
            fs::write(path, text).unwrap();
        }
        mknod(&high.join("etc/two"), SFlag::S_IFCHR, Mode::empty(), 0).unwrap();
        of_layers(&[low, high], work.path(), &image, 64 << 20).unwrap();
        assert_eq!(debugfs(&image, "cat /etc/one"), "high");
        assert!(!debugfs(&image, "ls -p /etc").contains("two"));
        assert!(!fs::read_to_string("/proc/self/mountinfo").unwrap().contains(&*work.path().to_string_lossy()));
    }
}
