//! The quick start image: made of the host itself, so that there is one from the first minute, without a download.
//!
//! Its root volume holds a skeleton: what a machine has of its own, `/etc`, `/root`, `/home`, `/var`, a few megabytes. Its `/usr` is the host's, read-only, with the
//! volume's own `/usr` laid over it by whoever starts the machine ([`layout`](crate::layout)); `/bin`, `/lib` and the others are links into it.
//! The same host makes the same bytes each time.
//!
//! Runs on the host, as root: the files' owners are written as they are to be.

mod accounts;
mod host;
mod image;
mod skeleton;
mod texts;
mod tree;

pub use image::make_image;
pub use skeleton::write_skeleton;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The size that EC2's own images have: 8 GiB, nearly all of it a hole in the file.
pub const BYTES: u64 = 8 << 30;

/// Why there is no quick start image on this host.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Owners can't be written.
    #[error("a quick start image is made as root")]
    NotRoot,
    /// Programs aren't all below `/usr`.
    #[error(
        "this host's {0} is no link into /usr, so its programs can't be shared with machines: make images of containers or of a distribution's packages instead"
    )]
    NotMerged(PathBuf),
    /// The file system can't be made.
    #[error("{0} is missing: install the package e2fsprogs")]
    NoTool(&'static str),
    /// It could not be made all the same.
    #[error("{tool} failed: {said}")]
    Tool {
        /// The program.
        tool: &'static str,
        /// The end of what it printed.
        said: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {cause}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl Error {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |cause| Error::File { path, cause }
    }
}

/// Makes the image of this host: an ext4 file system of `bytes` in the new file `image`. `work` is a folder for what is needed meanwhile.
pub fn build(work: &Path, image: &Path, bytes: u64) -> Result<(), Error> {
    let skeleton = work.join("quick-start-skeleton");
    let _ = fs::remove_dir_all(&skeleton);
    let made = write_skeleton(&skeleton, Path::new("/")).and_then(|()| make_image(&skeleton, image, bytes));
    let removed = fs::remove_dir_all(&skeleton).map_err(Error::at(&skeleton));
    made.and(removed)
}
