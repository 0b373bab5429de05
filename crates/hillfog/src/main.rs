//! Hillfog's one binary: the cloud, the processes that it starts of itself, and the commands by which people handle it.

mod aws;
mod client;
mod cloud;
mod command;
mod folders;
mod image;
mod print;
mod span;

use clap::{Parser, Subcommand};
use command::{doctor, down, env, iam, image as images, instance, key, reset, status, up};
use std::{ffi::OsString, process::ExitCode};

/// glibc's takes twice the time for what an answer is made of, many small pieces that live for a moment (`bench/crates.sh`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A compute cloud in one binary: it answers the AWS API, and really runs what it is asked to run.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the cloud
    Up(up::Args),
    /// Stop the cloud and everything that it runs; its data stay
    Down(down::Args),
    /// Show what runs, and what this host can't do
    Status(status::Args),
    /// Empty the cloud: everything in it is deleted
    Reset(reset::Args),
    /// Print the exports that point the AWS CLI, SDKs and Terraform at the cloud
    Env(env::Args),
    /// Find out what this host lacks, and how to get it
    Doctor(doctor::Args),
    /// Issue an access key
    Key(key::Args),
    /// Have something done with an instance, as the owner of its host
    Instance(instance::Args),
    /// Find out what principals may do, and what they have done
    Iam(iam::Args),
    /// Make machine images: of disks, folders, archives, container images, or a distribution's packages
    Image(images::Args),
    /// Holds one container (started by the cloud)
    #[command(hide = true, disable_help_flag = true)]
    Shim {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Makes a block device of one volume (started by the cloud)
    #[command(hide = true, disable_help_flag = true)]
    Volume {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Reads one disk image (started by `image import`)
    #[command(hide = true)]
    DiskReader,
    /// Serves load balancers and names (started by the cloud)
    #[command(hide = true, disable_help_flag = true)]
    Edge {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Process 1 of a machine whose image has none (started by the cloud)
    #[command(hide = true, disable_help_flag = true)]
    Init {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    // Machines have links to this program for commands such as `poweroff`.
    let mut words = std::env::args_os();
    if let Some(code) = machine_init::called_as(words.next(), words) {
        return code;
    }
    // The shim, the init and the reader of images stay single-threaded, a volume's server starts so, and the edge makes a runtime of its own: none may start below one.
    let done = match Args::parse().command {
        Command::Shim { args } => return command::shim(args),
        Command::Volume { args } => return command::volume(args),
        Command::DiskReader => return command::disk_reader(),
        Command::Edge { args } => return command::edge(args),
        Command::Init { args } => return command::init(args),
        Command::Up(args) => up::run(args),
        Command::Down(args) => down::run(args),
        Command::Status(args) => status::run(args),
        Command::Reset(args) => reset::run(args),
        Command::Env(args) => env::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Key(args) => key::run(args),
        Command::Instance(args) => instance::run(args),
        Command::Iam(args) => iam::run(args),
        Command::Image(args) => images::run(args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            print::error(&error);
            ExitCode::FAILURE
        }
    }
}
