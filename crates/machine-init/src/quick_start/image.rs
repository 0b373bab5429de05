//! From a folder to an ext4 file system in a file, the same bytes each time.

use super::{
    Error,
    tree::{TIME, Tree},
};
use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Write},
    path::Path,
    process::{Command, Output, Stdio},
};

const MKFS: &str = "mkfs.ext4";
const DEBUGFS: &str = "debugfs";

/// Names the file system, and seeds its folders' hashes and its checksums: anything random would make other bytes of the same files.
const UUID: &str = "68696c6c-666f-4720-9175-69636b737461";

/// Features by name, since each version of the tools has other defaults. All are known to kernels since 3.18.
const FEATURES: &str = "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,\
                        huge_file,dir_nlink,extra_isize,metadata_csum";

/// One inode for so many bytes: half as many as usual, since their tables are most of what an empty file system is.
const BYTES_PER_INODE: &str = "32768";

/// The first inode that isn't the file system's own: `lost+found` has number 11.
const FIRST_INODE: usize = 12;

/// Makes the file system of `bytes` with what is in `skeleton`, in the new file `image`. Tables of inodes stay unwritten: mount it with `noinit_itable`, or the
/// kernel writes them in the background.
pub fn make_image(skeleton: &Path, image: &Path, bytes: u64) -> Result<(), Error> {
    let entries = Tree::opened(skeleton).seal()?;
    let file = File::create_new(image).map_err(Error::at(image))?;
    file.set_len(bytes).map_err(Error::at(image))?;
    let made =
        mkfs(skeleton, image).and_then(|()| set_times(image, entries)).and_then(|()| file.sync_all().map_err(Error::at(image)));
    if made.is_err() {
        let _ = fs::remove_file(image);
    }
    made
}

fn mkfs(skeleton: &Path, image: &Path) -> Result<(), Error> {
    let extended = format!("hash_seed={UUID},lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0");
    let mut mkfs = Command::new(MKFS);
    mkfs.args([
        "-q",
        "-F",
        "-b",
        "4096",
        "-I",
        "256",
        "-m",
        "1",
        "-i",
        BYTES_PER_INODE,
        "-O",
        FEATURES,
        "-U",
        UUID,
        "-L",
        "hillfog",
        "-E",
        &extended,
    ]);
    mkfs.arg("-d").arg(skeleton).arg(image);
    run(MKFS, mkfs, "")
}

/// The tools copy the files' times but that of the last change to an inode, which nobody can set on the host.
fn set_times(image: &Path, entries: usize) -> Result<(), Error> {
    let mut script = String::new();
    for inode in FIRST_INODE..FIRST_INODE + entries {
        for field in ["ctime", "atime", "crtime"] {
            let _ = writeln!(script, "set_inode_field <{inode}> {field} @{TIME}\nset_inode_field <{inode}> {field}_extra 0");
        }
    }
    let mut debugfs = Command::new(DEBUGFS);
    debugfs.args(["-w", "-f", "-"]).arg(image);
    run(DEBUGFS, debugfs, &script)
}

fn run(tool: &'static str, mut command: Command, input: &str) -> Result<(), Error> {
    // The first is read by e2fsprogs 1.47.1 and later, the second by those before.
    command.env("SOURCE_DATE_EPOCH", TIME.to_string()).env("E2FSPROGS_FAKE_TIME", TIME.to_string());
    match talk(command, input) {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(Error::Tool { tool, said: String::from_utf8_lossy(&output.stderr).trim().to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NoTool(tool)),
        Err(error) => Err(Error::Tool { tool, said: error.to_string() }),
    }
}

/// Output is small where it is kept: the tools answer each line of a script, which nobody reads.
fn talk(mut command: Command, input: &str) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        match stdin.write_all(input.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
    child.wait_with_output()
}
