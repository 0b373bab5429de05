//! `hillfog image`: makes machine images (AMIs), of what somebody has and of a distribution's packages.

use crate::{
    aws::Aws,
    folders::{DataArg, Folders},
    image::{
        debian,
        progress::Progress,
        source::{Disk, Source},
        upload::{self, Wanted},
    },
    print,
};
use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use serde_json::Value;
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make an image of a disk (raw or qcow2), a root file system (a folder or a tar archive), or a container image in a registry
    Import(Import),
    /// Make an image of a distribution's packages
    Build(Build),
}

#[derive(clap::Args)]
struct Import {
    /// A file, a folder, or the reference of a container image, such as the URI of one in ECR
    #[arg(value_name = "FILE|FOLDER|REFERENCE")]
    source: String,
    /// The boot mode, where the disk doesn't show it
    #[arg(long, value_enum)]
    boot_mode: Option<BootMode>,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct Build {
    #[arg(value_enum)]
    distribution: Distribution,
    /// The distribution's release
    #[arg(long, default_value = "bookworm")]
    release: String,
    /// More packages, separated by commas
    #[arg(long, value_delimiter = ',')]
    packages: Vec<String>,
    /// Boot with systemd and cloud-init, rather than with the small init
    #[arg(long)]
    cloud_init: bool,
    /// Where the packages come from [default: as the tool that installs them has it]
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct Common {
    /// The image's name [default: made of the source's]
    #[arg(long)]
    name: Option<String>,
    /// A description
    #[arg(long)]
    description: Option<String>,
    /// The architecture of what is on the disk
    #[arg(long, value_enum, default_value_t = Architecture::host())]
    architecture: Architecture,
    /// The name of the root device
    #[arg(long, value_name = "DEVICE", default_value = "/dev/xvda")]
    root_device: String,
    /// The root volume's size [default: the disk's, or what its files need]
    #[arg(long, value_name = "GIB", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    size: Option<u32>,
    /// The region that the image is for
    #[arg(long, default_value = "us-east-1", env = "AWS_REGION")]
    region: String,
    /// Print a JSON object, and nothing else
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArg,
}

#[derive(Clone, Copy, ValueEnum)]
enum BootMode {
    LegacyBios,
    Uefi,
    UefiPreferred,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Architecture {
    #[value(name = "x86_64")]
    X86_64,
    Arm64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Distribution {
    Debian,
}

impl Architecture {
    fn host() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::X86_64 }
    }
}

pub fn run(args: Args) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // From the beginning: what an interrupt ends are the programs that work for this one, and it cleans up after them.
        let interrupt = &mut signal(SignalKind::interrupt())?;
        match args.command {
            Command::Import(args) => import(args, interrupt).await,
            Command::Build(args) => build(args, interrupt).await,
        }
    })
}

async fn import(args: Import, interrupt: &mut Signal) -> Result<ExitCode> {
    let source = Source::of(&args.source)?;
    let (aws, wanted) = args.common.wanted(source.suggested_name(), args.boot_mode.map(word))?;
    upload::check_name(&aws, &wanted.name).await?;
    let progress = Progress::new(args.common.json);
    let disk = Disk::of(&source, wanted.gib, &aws, &progress).await?;
    finish(&aws, disk, &wanted, &args.common, &progress, interrupt).await
}

async fn build(args: Build, interrupt: &mut Signal) -> Result<ExitCode> {
    let Distribution::Debian = args.distribution;
    let kind = if args.cloud_init { "cloud-init" } else { "small" };
    let (aws, wanted) = args.common.wanted(format!("debian-{}-{kind}", args.release), None)?;
    upload::check_name(&aws, &wanted.name).await?;
    let progress = Progress::new(args.common.json);
    let choice =
        debian::Choice { release: args.release, packages: args.packages, cloud_init: args.cloud_init, mirror: args.mirror };
    let disk = debian::build(&choice, wanted.gib, aws.env(), &progress)?;
    finish(&aws, disk, &wanted, &args.common, &progress, interrupt).await
}

impl Common {
    fn wanted(&self, suggested: String, boot_mode: Option<String>) -> Result<(Aws, Wanted)> {
        let wanted = Wanted {
            name: self.name.clone().unwrap_or(suggested),
            description: self.description.clone(),
            architecture: word(self.architecture),
            boot_mode,
            root_device: self.root_device.clone(),
            gib: self.size,
        };
        Ok((Aws::of(&Folders::of(&self.data)?, &self.region)?, wanted))
    }
}

async fn finish(
    aws: &Aws,
    disk: Disk,
    wanted: &Wanted,
    common: &Common,
    progress: &Progress,
    interrupt: &mut Signal,
) -> Result<ExitCode> {
    let made = upload::image(aws, disk, wanted, progress, interrupt).await?;
    if common.json {
        println!("{made}");
    } else {
        tell(&made);
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(made: &Value) {
    let text = |name: &str| made[name].as_str().unwrap_or_default();
    let kind = match made["BootMode"].as_str() {
        Some(mode) => format!("a virtual machine that boots by {mode}"),
        None => "a system container".to_owned(),
    };
    println!("{} {}: {kind}, {} GiB, {}", print::good(text("ImageId")), text("Name"), made["Size"], text("Architecture"));
    println!("Launch it:  aws ec2 run-instances --image-id {} --instance-type t3.micro --key-name KEY", text("ImageId"));
}

/// A choice in the API's words, which are the command line's.
fn word(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
