//! The boot: what cloud-init's EC2 data source does for other images. It asks the metadata service who the machine is, and makes it so.
//!
//! The order is cloud-init's, since user data are written for it: at every boot the name and `bootcmd`; at the first boot of an instance its host keys, users and their keys,
//! and `write_files`; then people may log in; then, at the first boot, `runcmd` and scripts. Which instance booted last is kept on the disk, so a machine made of
//! another one's image is a new one.

mod apply;
mod cloud_config;
mod courtesy;
mod host_keys;
mod identity;
pub mod imds;
pub mod log;
mod names;
mod scripts;
pub mod status;
mod user_data;

#[cfg(test)]
pub use courtesy::line as courtesy_line;
pub use host_keys::load as host_keys;

use cloud_config::CloudConfig;
use identity::Identity;
use log::{note, say};
use model::{Env, Timestamp};
use nix::poll::{PollTimeout, poll};
use std::{fs, io, os::fd::OwnedFd, path::Path, time::Duration};
use user_data::Part;

/// Whom people log in as, as on Amazon Linux.
pub const DEFAULT_USER: &str = "ec2-user";

/// The instance that booted last on this root volume.
const INSTANCE_ID: &str = "/var/lib/hillfog/instance-id";

/// After which people may log in by what is on the disk, though the metadata service has said nothing yet.
const LOGIN_PATIENCE: Duration = Duration::from_secs(5);

/// After which the metadata service isn't asked any more, as cloud-init's `max_wait`.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two questions, at first; doubled each time up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Boots, and drops `ready` as soon as people may log in. All that it and its scripts print goes to `output`. The result is the process's exit code.
pub fn run(env: &Env, output: OwnedFd, ready: OwnedFd) -> i32 {
    log::speak_into(output);
    let mut boot = Boot { env, ready: Some(ready), started: env.now(), host: names::on_disk() };
    match boot.who_am_i() {
        Some(identity) => boot.as_told(identity),
        None => boot.without_metadata(),
    }
    let uptime = env.now().since(boot.started).as_secs_f64();
    say(format!("Hillfog: the boot of {} is over after {uptime:.2} seconds", boot.host));
    0
}

struct Boot<'a> {
    env: &'a Env,
    ready: Option<OwnedFd>,
    started: Timestamp,
    host: String,
}

impl Boot<'_> {
    /// Asks until there is an answer, or no hope for one.
    fn who_am_i(&mut self) -> Option<Identity> {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match Identity::ask() {
                Ok(identity) => return Some(identity),
                Err(error) => error,
            };
            let waited = self.env.now().since(self.started);
            if waited >= PATIENCE {
                say(format!("the metadata service has not answered for {} seconds: {error}", PATIENCE.as_secs()));
                return None;
            }
            if waited >= LOGIN_PATIENCE && self.ready.is_some() {
                say(format!("the metadata service doesn't answer yet: {error}"));
                self.open_the_door();
            }
            wait(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The usual boot.
    fn as_told(&mut self, identity: Identity) {
        let first = stored_instance_id().as_deref() != Some(identity.instance_id.as_str());
        let parts = user_data::parts(&identity.user_data);
        let config = configuration(&parts);
        self.host = names::name_of(&config, &identity);
        if !config.preserve_hostname {
            note("the name can't be set", names::set(&self.host, &identity));
        }
        note("names can't be resolved", names::resolver(&identity));
        note("user data can't be kept", scripts::keep(&identity.instance_id, &identity.user_data));
        let mut failures = scripts::run_lines("bootcmd", &config.bootcmd);
        if first {
            self.become_another(&config, &identity);
        }
        self.open_the_door();
        if first {
            // Before scripts run: one that ends the machine must not be met by its next boot.
            note("the instance's id can't be kept", store_instance_id(&identity.instance_id));
            failures.extend(scripts::run_lines("runcmd", &config.runcmd));
            failures.extend(scripts::run_all(&identity.instance_id, &parts));
        }
        if let Some(message) = &config.final_message {
            say(message);
        }
        note(
            "the boot's end can't be noted",
            scripts::finished(&identity.instance_id).and_then(|()| status::finished(&failures)),
        );
    }

    /// What an instance does once: nothing of the one that its image was made of may be left.
    fn become_another(&self, config: &CloudConfig, identity: &Identity) {
        note("the image's host keys are still there", host_keys::forget());
        if self.ready.is_none() {
            // People have been let in by the image's keys; from the next connection on it is by these.
            self.show_keys();
        }
        apply::machine_id(self.env);
        apply::accounts(config, &identity.keys);
        apply::files(&config.write_files);
        apply::timezone(config);
    }

    fn without_metadata(&mut self) {
        note("the name can't be set", names::set_kernel_name(&self.host));
        self.open_the_door();
        note("the boot's end can't be noted", status::finished(&["the metadata service has not answered".to_owned()]));
    }

    /// Lets people in, unless they are in already.
    fn open_the_door(&mut self) {
        if let Some(ready) = self.ready.take() {
            self.show_keys();
            drop(ready);
        }
    }

    /// Makes host keys where there are none, and shows them.
    fn show_keys(&self) {
        if let Some(keys) = note("host keys can't be made", host_keys::ensure(self.env, &self.host)) {
            say(format!("{}\n\n{}\n", host_keys::announcement(&keys), names::banner(&self.host, DEFAULT_USER)));
        }
    }
}

/// All cloud-configs as one, having told what of the user data has no effect.
fn configuration(parts: &[Part]) -> CloudConfig {
    let mut config = CloudConfig::default();
    for part in parts {
        match part {
            Part::Config(text) => config = config.then(CloudConfig::parse(text)),
            Part::Refused(why) => say(format!("user data: {why}")),
            Part::Script(_) => {}
        }
    }
    config.refused.iter().for_each(say);
    config
}

fn stored_instance_id() -> Option<String> {
    Some(fs::read_to_string(INSTANCE_ID).ok()?.trim().to_owned())
}

fn store_instance_id(id: &str) -> io::Result<()> {
    let path = Path::new(INSTANCE_ID);
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    let beside = path.with_extension("new");
    let file = fs::File::create(&beside)?;
    io::Write::write_all(&mut &file, format!("{id}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, path)
}

/// Lets time pass: a poll of nothing.
fn wait(time: Duration) {
    let _ = poll(&mut [], PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX));
}
