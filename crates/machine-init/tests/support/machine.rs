//! A machine as whoever starts them would: namespaces, the root volume, the host's `/usr` over it, and this program as process 1.

use super::{
    imds::{self, Answers},
    tool, wait_for,
};
use machine_init::layout::{self, Start};
use netns::Namespace;
use std::{
    fs,
    io::Write,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};
use tempfile::TempDir;

/// A network of one machine: loopback, and the metadata service on it. Clients go in, too.
pub struct World {
    /// Files of the test.
    pub folder: TempDir,
    /// What the metadata service says.
    pub answers: Answers,
    network: PathBuf,
}

impl World {
    /// An empty one, whose machine is `i-…`.
    pub fn new(instance: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let network = folder.path().join("net");
        let namespace = Namespace::create(&network).unwrap();
        let world = World { folder, answers: Answers::default(), network };
        world.ip(&["link", "set", "lo", "up"]);
        world.ip(&["addr", "add", "169.254.169.254/32", "dev", "lo"]);
        // The namespace belongs to the host's users, so the machine's root has no rights over it.
        let opened = namespace.run(|| fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")).unwrap();
        opened.unwrap();
        imds::serve(namespace.tcp_listen("169.254.169.254:80".parse().unwrap()).unwrap(), world.answers.clone());
        world.say("meta-data/instance-id", instance);
        world.say("meta-data/local-hostname", "ip-10-0-0-7.ec2.internal");
        world.say("meta-data/local-ipv4", "10.0.0.7");
        world.say("meta-data/mac", "02:00:00:00:00:07");
        world.say("meta-data/network/interfaces/macs/02:00:00:00:00:07/vpc-ipv4-cidr-block", "10.0.0.0/16");
        world.say("meta-data/public-keys/", "0=my-key");
        world
    }

    /// Has the metadata service say something.
    pub fn say(&self, path: &str, answer: impl Into<Vec<u8>>) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer.into());
    }

    /// Has it say nothing there any more.
    pub fn unsay(&self, path: &str) {
        self.answers.lock().unwrap().remove(path);
    }

    /// A program in this network.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.network.display())).arg(program);
        command
    }

    /// Waits until somebody listens for SSH.
    pub fn listens(&self, machine: &Machine) {
        let namespace = Namespace::open(&self.network).unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while namespace.run(|| std::net::TcpStream::connect("127.0.0.1:22")).unwrap().is_err() {
            assert!(std::time::Instant::now() < deadline, "nobody listens\n{}", machine.console());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    fn ip(&self, args: &[&str]) {
        let output = self.command("ip").args(args).output().unwrap();
        assert!(output.status.success(), "ip {args:?}: {}", super::said(&output));
    }

    /// A path of the test's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Boots a root volume.
    pub fn boot(&self, image: &Path) -> Machine {
        Machine::start(self, image)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = Namespace::remove(&self.network);
    }
}

/// Mounts the root volume and what belongs into it, and runs process 1 in its own namespaces. `$1` image, `$2` mount point, `$3` the program, `$4` its libraries,
/// and then the command.
const SHIM: &str = r#"
set -e
image=$1 root=$2 program=$3 libraries=$4; shift 4
mount -o loop,noinit_itable "$image" "$root"
if [ -e "$root/.hillfog/quick-start" ]; then
    mount -t overlay overlay -o "lowerdir=/usr,upperdir=$root/usr,workdir=$root/.hillfog/usr-work" "$root/usr"
fi
mkdir -p "$root/run" "$root/dev" "$root/proc" "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root/run/hillfog/lib"
touch "$root/run/hillfog/init"
mount --bind "$program" "$root/run/hillfog/init"
if [ -n "$libraries" ]; then cp -L $libraries "$root/run/hillfog/lib/"; else rmdir "$root/run/hillfog/lib"; fi
mount -t tmpfs tmpfs "$root/dev"
for node in null zero full random urandom tty; do touch "$root/dev/$node"; mount --bind "/dev/$node" "$root/dev/$node"; done
mkdir "$root/dev/pts" "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t sysfs sysfs "$root/sys"
exec unshare --user --mount --pid --fork --uts --ipc --root="$root" --wd=/ /bin/sh -c 'read -r go; exec "$@" </dev/null' init "$@"
"#;

/// One that runs.
pub struct Machine {
    child: Child,
    console: PathBuf,
}

impl Machine {
    fn start(world: &World, image: &Path) -> Self {
        let root = world.path("root");
        fs::create_dir_all(&root).unwrap();
        let start = match is_quick_start(image) {
            true => Start::QuickStart,
            false => Start::Foreign,
        };
        let libraries: Vec<String> = match start {
            Start::QuickStart => Vec::new(),
            _ => program_libraries(),
        };
        let console = world.path("console");
        let mut command = world.command("unshare");
        command.args(["--mount", "--propagation=private", "sh", "-c", SHIM, "shim"]).args([image, &root]);
        command.arg(env!("CARGO_BIN_EXE_machine-init")).arg(libraries.join(" ")).args(start.command());
        let output = fs::File::create(&console).unwrap();
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("container", "hillfog");
        let child = command.stdin(Stdio::piped()).stderr(output.try_clone().unwrap()).stdout(output).spawn().unwrap();
        let mut machine = Machine { child, console };
        machine.map_users();
        machine
    }

    /// Users of the machine are those of the same numbers; then process 1, which waits for that, is executed.
    fn map_users(&mut self) {
        let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/user")).ok();
        let inside = wait_for("the machine's namespace", || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}\n{}", self.console());
            let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.child.id())).unwrap_or_default();
            children
                .split_whitespace()
                .find(|pid| namespace(pid).is_some_and(|it| Some(it) != namespace("self")))
                .map(str::to_owned)
        });
        for map in ["uid_map", "gid_map"] {
            fs::write(format!("/proc/{inside}/{map}"), "0 0 65536").unwrap();
        }
        writeln!(self.child.stdin.take().unwrap(), "go").unwrap();
    }

    /// What its console shows.
    pub fn console(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.console).unwrap()).into_owned()
    }

    /// Waits until the console shows something.
    pub fn shows(&mut self, text: &str) {
        wait_for(text, || {
            let console = self.console();
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() || console.contains(text), "the machine has ended ({ended:?}) without {text:?}:\n{console}");
            console.contains(text).then_some(())
        });
    }

    /// Process 1, in the host's numbers.
    pub fn process_one(&self) -> i32 {
        let outer = self.child.id();
        let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children")).unwrap();
        children.trim().parse().unwrap()
    }

    /// Waits for its end; the signal that process 1 was killed by.
    pub fn ended(mut self) -> Option<i32> {
        let status: ExitStatus = wait_for("the machine's end", || self.child.try_wait().unwrap());
        assert!(status.signal().is_some(), "{status:?}\n{}", self.console());
        status.signal()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // Process 1 takes everything in its namespace with it.
            if let Ok(children) = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.child.id())) {
                children.split_whitespace().for_each(|pid| drop(Command::new("kill").args(["-KILL", pid]).status()));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn is_quick_start(image: &Path) -> bool {
    let found = Command::new("debugfs").args(["-R", &format!("stat /{}", layout::QUICK_START)]).arg(image).output().unwrap();
    String::from_utf8_lossy(&found.stdout).contains("Inode:")
}

/// What the program finds of itself when it asks [`layout::libraries`], by another way, since the test is linked with fewer.
fn program_libraries() -> Vec<String> {
    let listed = tool("ldd", &[env!("CARGO_BIN_EXE_machine-init")]);
    listed.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned).collect()
}

/// An image of a folder, for roots that aren't quick starts.
pub fn image_of(folder: &Path, image: &Path) {
    tool("truncate", &["-s", "512M", &image.to_string_lossy()]);
    tool("mkfs.ext4", &["-q", "-F", "-d", &folder.to_string_lossy(), &image.to_string_lossy()]);
}
