//! Machines from the image to the last signal, with OpenSSH's own client: quick starts, and a root with another C library, or none.

mod support;

use machine_init::quick_start;
use nix::{
    pty::{Winsize, openpty},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{fs, io::Read, os::fd::AsRawFd, path::PathBuf, thread};
use support::{
    can_run,
    machine::{Machine, World, image_of},
    people::{Person, believe},
    said,
};

const BYTES: u64 = 512 << 20;
const USER: &str = "ec2-user";

/// A world with one person, whose key is the key pair's.
fn world(kind: &str) -> (World, Person) {
    let world = World::new("i-0000000000000001");
    let person = Person::new(world.folder.path(), "ada", kind);
    world.say("meta-data/public-keys/0/openssh-key", person.public());
    (world, person)
}

fn image(world: &World) -> PathBuf {
    let image = world.path("root.img");
    quick_start::build(world.folder.path(), &image, BYTES).unwrap();
    image
}

/// Boots, and waits until people may log in.
fn boot(world: &World, image: &std::path::Path) -> Machine {
    let mut machine = world.boot(image);
    machine.shows("-----END SSH HOST KEY KEYS-----");
    world.listens(&machine);
    believe(world, &machine.console());
    machine
}

fn off(machine: Machine) {
    kill(Pid::from_raw(machine.process_one()), Signal::SIGTERM).unwrap();
    assert_eq!(machine.ended(), Some(libc::SIGINT), "powered off");
}

#[test]
fn the_image_is_the_same_each_time_and_small() {
    if !can_run() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let images = ["a", "b"].map(|name| {
        let image = folder.path().join(name);
        quick_start::build(folder.path(), &image, BYTES).unwrap();
        image
    });
    let [one, other] = images.clone().map(|image| fs::read(image).unwrap());
    assert!(one == other, "two images of one host differ");
    let blocks = one.chunks(512 << 10).filter(|chunk| chunk.iter().any(|byte| *byte != 0)).count();
    assert!(blocks < 100, "{blocks} blocks of 512 KiB are not empty");
    support::tool("e2fsck", &["-f", "-n", &images[0].to_string_lossy()]);
    assert!(
        matches!(quick_start::make_image(folder.path(), &images[0], BYTES), Err(quick_start::Error::File { .. })),
        "never over a file"
    );
}

#[test]
fn one_logs_in_and_user_data_run_once() {
    if !can_run() {
        return;
    }
    let (world, ada) = world("ed25519");
    world.say("user-data", "#!/bin/bash\necho \"ran as $(id -un)\" | tee -a /root/ran\nchmod 711 /root; chmod 644 /root/ran\n");
    let image = image(&world);
    let mut machine = boot(&world, &image);
    assert_eq!(
        ada.ask(&world, USER, "id -un; hostname; pwd; echo $0"),
        "ec2-user\nip-10-0-0-7.ec2.internal\n/home/ec2-user\nbash"
    );
    machine.shows("Hillfog: the boot of ip-10-0-0-7.ec2.internal is over");
    assert!(machine.console().contains("ran as root"), "{}", machine.console());
    assert_eq!(ada.ask(&world, USER, "cat /root/ran; cat /var/lib/hillfog/instance-id"), "ran as root\ni-0000000000000001");
    assert!(ada.ask(&world, USER, "cat /var/log/cloud-init-output.log; ls /var/lib/cloud/instance/").contains("boot-finished"));
    assert_eq!(
        ada.ask(&world, USER, "cat /etc/resolv.conf; getent hosts ip-10-0-0-7"),
        "search ec2.internal\nnameserver 10.0.0.2\n10.0.0.7        ip-10-0-0-7.ec2.internal ip-10-0-0-7"
    );
    let id = ada.ask(&world, USER, "cat /etc/machine-id");
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let shown = machine.console();
    off(machine);

    let machine = boot(&world, &image);
    let keys = |console: &str| console.split("HOST KEY KEYS").nth(1).unwrap().to_owned();
    assert_eq!(keys(&machine.console()), keys(&shown), "a machine keeps its keys");
    assert_eq!(ada.ask(&world, USER, "cat /root/ran"), "ran as root");
    off(machine);

    world.say("meta-data/instance-id", "i-0000000000000002");
    let mut machine = boot(&world, &image);
    assert_ne!(keys(&machine.console()), keys(&shown), "another machine has other keys");
    machine.shows("Hillfog: the boot of");
    assert_eq!(ada.ask(&world, USER, "cloud-init status --wait; cat /root/ran"), "status: done\nran as root\nran as root");
    let shown = machine.console();
    off(machine);

    // Without metadata people get in by what is on the disk, and a machine that learns late that it is another has other keys from then on.
    world.unsay("meta-data/instance-id");
    let mut machine = boot(&world, &image);
    assert_eq!(keys(&machine.console()), keys(&shown));
    assert_eq!(ada.ask(&world, USER, "cloud-init status; cat /root/ran"), "status: running\nran as root\nran as root");
    world.say("meta-data/instance-id", "i-0000000000000003");
    machine.shows("Hillfog: the boot of");
    assert!(machine.console().contains("doesn't answer yet"), "{}", machine.console());
    believe(&world, &machine.console());
    assert_eq!(ada.ask(&world, USER, "wc -l < /root/ran"), "3");
    off(machine);
}

#[test]
fn the_ssh_server_is_like_any_other() {
    if !can_run() {
        return;
    }
    let (world, ada) = world("rsa");
    let machine = boot(&world, &image(&world));
    let run = |options: &[&str], command: &str, input: &[u8]| ada.run(&world, USER, options, command, input);

    let failed = run(&[], "echo out; echo err >&2; exit 7", b"");
    assert_eq!((failed.status.code(), &failed.stdout[..], &failed.stderr[..]), (Some(7), &b"out\n"[..], &b"err\n"[..]));
    assert_eq!(run(&[], "kill -TERM $$", b"").status.code(), Some(255), "ended by a signal");

    // More than any buffer holds, both ways at once.
    let much: Vec<u8> = (0..20_000_000u32).map(|number| (number % 251) as u8).collect();
    assert!(run(&[], "cat", &much).stdout == much);

    let screen = run(&["-tt", "-o", "SendEnv=LANG"], "tty; stty -a | head -1; echo $TERM $LANG $SSH_TTY; exit 3", b"");
    let text = String::from_utf8_lossy(&screen.stdout).replace("\r\n", "\n");
    assert!(text.starts_with("/dev/pts/0\n") && text.contains("rows 0; columns 0"), "{text}");
    assert_eq!(screen.status.code(), Some(3));
    let typed = run(&["-tt"], "", b"echo $0 $((6*7))\nexit 5\n");
    assert!(said(&typed).contains("-bash 42") && said(&typed).contains("Hillfog quick start"), "{}", said(&typed));
    assert_eq!(typed.status.code(), Some(5));

    let through = run(
        &["-W", "169.254.169.254:80"],
        "",
        b"PUT /latest/api/token HTTP/1.0\r\nx-aws-ec2-metadata-token-ttl-seconds: 9\r\n\r\n",
    );
    assert!(said(&through).ends_with("secret"), "{}", said(&through));

    agent(&world, &ada);
    let root = ada.run(&world, "root", &[], "id", b"");
    assert!(said(&root).contains("Please login as the user \"ec2-user\" rather than the user \"root\"."), "{}", said(&root));
    assert_eq!(root.status.code(), Some(142));
    files(&world, &ada);
    strangers(&world);
    windows(&world, &ada);
    crowds(&world, &ada);
    assert_eq!(ada.ask(&world, USER, "pgrep -x sshd | wc -l"), "1");
    let zombies = || ada.ask(&world, USER, "(true &); ps -eo stat= | grep -c ^Z || :");
    support::wait_for("the last zombie", || (zombies() == "0").then_some(()));
    let ended = ada.run(&world, USER, &[], "sudo pkill -KILL -x sshd", b"");
    assert_eq!(ended.status.code(), Some(255), "{}", said(&ended));
    world.listens(&machine);
    assert_eq!(ada.ask(&world, USER, "echo again"), "again");
    off(machine);
}

/// The client's agent signs for a program in the machine, and not for one that wasn't lent it.
fn agent(world: &World, ada: &Person) {
    let socket = world.path("agent");
    let mut agent = std::process::Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    support::wait_for("the agent", || socket.exists().then_some(()));
    ada.add_to(&socket);
    let lent = ada.agent_lent(world, &socket, "ssh-add -l; ls -ld $SSH_AUTH_SOCK");
    assert!(lent.contains("ada (RSA)") && lent.contains("srw------- 1 ec2-user"), "{lent}");
    assert_eq!(ada.ask(world, USER, "echo ${SSH_AUTH_SOCK-none}; ls /tmp"), "none");
    kill(Pid::from_raw(agent.id() as i32), Signal::SIGTERM).unwrap();
    agent.wait().unwrap();
}

/// A terminal whose size changes while a program runs on it.
fn windows(world: &World, ada: &Person) {
    let size = |rows, columns| Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(&size(33, 101), None).unwrap();
    let script = "stty size; trap 'stty size; exit 4' WINCH; echo ready; while :; do sleep 0.05; done";
    let mut ssh = ada.client(world, "ssh");
    ssh.arg("-tt")
        .arg("ec2-user@127.0.0.1")
        .arg(script)
        .stdin(pair.slave.try_clone().unwrap())
        .stderr(pair.slave.try_clone().unwrap());
    let mut child = ssh.stdout(pair.slave).spawn().unwrap();
    drop(ssh);
    let mut screen = fs::File::from(pair.master.try_clone().unwrap());
    let mut text = String::new();
    let mut resized = false;
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = screen.read(&mut buffer) {
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
        if text.contains("ready") && !resized {
            resized = true;
            let larger = size(44, 120);
            // SAFETY: the call reads the size that it is given.
            unsafe { libc::ioctl(pair.master.as_raw_fd(), libc::TIOCSWINSZ, &raw const larger) };
            kill(Pid::from_raw(child.id() as i32), Signal::SIGWINCH).unwrap();
        }
    }
    assert_eq!(child.wait().unwrap().code(), Some(4), "{text}");
    assert!(text.contains("33 101") && text.contains("44 120"), "{text}");
}

/// Many at once, each in a connection of its own and in one of all.
fn crowds(world: &World, ada: &Person) {
    thread::scope(|scope| {
        for number in 0..16 {
            scope.spawn(move || assert_eq!(ada.ask(world, USER, &format!("sleep 0.2; echo {number}")), number.to_string()));
        }
    });
    let control = format!("ControlPath={}", world.path("control").display());
    let mut master = ada.client(world, "ssh");
    let mut master = master.args(["-o", &control, "-M", "-N", "ec2-user@127.0.0.1"]).spawn().unwrap();
    support::wait_for("the master", || world.path("control").exists().then_some(()));
    let shared = |command: &str, input: &[u8]| ada.run(world, USER, &["-o", &control], command, input);
    thread::scope(|scope| {
        // One who doesn't read must not hold up the others.
        let stuck = scope.spawn(|| shared("sleep 2", &vec![0; 40_000_000]).status.code());
        assert_eq!(said(&shared("echo through", b"")), "through\n");
        assert_eq!(stuck.join().unwrap(), Some(0));
    });
    kill(Pid::from_raw(master.id() as i32), Signal::SIGTERM).unwrap();
    master.wait().unwrap();
}

/// sftp and both ways of scp.
fn files(world: &World, ada: &Person) {
    let there = world.path("there");
    let back = world.path("back");
    let data: Vec<u8> = (0..3_000_000u32).map(|number| (number % 249) as u8).collect();
    fs::write(&there, &data).unwrap();
    let batch = world.path("batch");
    let (from, to) = (there.display(), back.display());
    fs::write(&batch, format!("put {from} one\nchmod 600 one\nmkdir d\nrename one d/two\nsymlink d/two link\nls -l d\nget link {to}\ndf\n-rm nothing\nrm link\n")).unwrap();
    let mut sftp = ada.client(world, "sftp");
    let output = sftp.arg("-b").arg(&batch).arg("ec2-user@127.0.0.1").output().unwrap();
    assert!(said(&output).contains("-rw-------    1 ec2-user ec2-user  3000000"), "{}", said(&output));
    assert!(fs::read(&back).unwrap() == data);
    for option in ["-O", "-s"] {
        let copied = ada.client(world, "scp").arg(option).arg(&there).arg("ec2-user@127.0.0.1:three").output().unwrap();
        assert!(copied.status.success(), "scp {option}: {}", said(&copied));
        assert_eq!(ada.ask(world, USER, "cmp three d/two && rm three && echo same"), "same");
    }
}

/// Those who stay outside, and one whose key was pushed.
fn strangers(world: &World) {
    let bob = Person::new(world.folder.path(), "bob", "ed25519");
    let refused = |user: &str| {
        let output = bob.run(world, user, &[], "id", b"");
        assert_eq!(output.status.code(), Some(255), "{user}");
        assert!(said(&output).contains("Permission denied (publickey)"), "{user}: {}", said(&output));
    };
    ["ec2-user", "root", "nobody", "no-such-user"].into_iter().for_each(refused);
    let path = "meta-data/managed-ssh-keys/active-keys/ec2-user/";
    world.say(path, format!("#Timestamp=1\n#Instance=i-1\n{}c2lnbmF0dXJl\n", bob.public()));
    assert_eq!(bob.ask(world, USER, "id -un"), "ec2-user");
    world.unsay(path);
    refused("ec2-user");
}

#[test]
fn a_cloud_config_makes_the_machine_and_it_ends_from_inside() {
    if !can_run() {
        return;
    }
    let (world, ada) = world("ed25519");
    let config = "#cloud-config\nhostname: web\ndisable_root: false\nusers:\n - default\n - {name: eve, groups: 'adm,ops', shell: /bin/sh}\n\
        write_files:\n - {path: /srv/site/index.html, content: hello, permissions: '0640', owner: 'eve:ops'}\n\
        runcmd:\n - [sh, -c, 'echo $0-run > /srv/ran', first]\n - sleep 1000 >/dev/null &\n - echo second; false\npackages: [nginx]\nfinal_message: all done\n";
    world.say("user-data", config);
    let image = image(&world);
    let mut machine = boot(&world, &image);
    machine.shows("Hillfog: the boot of web is over");
    let status = ada.run(&world, USER, &[], "cloud-init status --wait --long", b"");
    assert_eq!((said(&status).as_str(), status.status.code()), ("status: error\n- runcmd failed: exit status: 1\n", Some(1)));
    let console = machine.console();
    for line in ["second\n", "user data: runcmd failed: exit status: 1\n", "packages is not built", "all done\n"] {
        assert!(console.contains(line), "{line:?} in\n{console}");
    }
    assert_eq!(
        ada.ask(&world, "root", "hostname; cat /srv/ran; stat -c '%U:%G %a' /srv/site/index.html; id -nG eve"),
        "web\nfirst-run\neve:ops 640\neve adm ops"
    );
    ada.run(&world, "root", &[], "reboot", b"");
    assert_eq!(machine.ended(), Some(libc::SIGHUP), "wants to be started again");

    let machine = boot(&world, &image);
    let output = ada.run(&world, USER, &[], "shutdown -h now", b"");
    assert!(said(&output).contains("must be superuser"), "{}", said(&output));
    sudo(&world, &ada);
    ada.run(&world, USER, &[], "sudo shutdown -h now", b"");
    assert_eq!(machine.ended(), Some(libc::SIGINT), "is off");
}

#[test]
fn a_root_without_init_or_c_library_is_a_machine_too() {
    let busybox = "/bin/busybox";
    let is_static = std::process::Command::new("ldd").arg(busybox).output().is_ok_and(|output| !output.status.success());
    if !can_run() || !is_static {
        return eprintln!("SKIPPED: needs busybox, linked statically");
    }
    let (world, ada) = world("ed25519");
    let root = world.path("busybox");
    for folder in ["bin", "etc", "root", "home", "tmp", "var/log"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::copy(busybox, root.join("bin/busybox")).unwrap();
    for name in ["sh", "ash", "cat", "id", "ls", "hostname", "kill", "wc", "echo"] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).unwrap();
    }
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
    fs::write(root.join("etc/group"), "root:x:0:\nwheel:x:10:\n").unwrap();
    world.say("user-data", "#!/bin/sh\necho hello from $(id -un)\n");
    let image = world.path("root.img");
    image_of(&root, &image);
    let mut machine = boot(&world, &image);
    machine.shows("hello from root\n");
    assert_eq!(
        ada.ask(&world, USER, "id -un; id -Gn; echo $0; hostname; [ -e /lib64 ] || echo no library"),
        "ec2-user\nec2-user wheel\nash\nip-10-0-0-7.ec2.internal\nno library"
    );
    let batch = world.path("batch");
    fs::write(&batch, format!("put {} one\nls -l\n", batch.display())).unwrap();
    let output = ada.client(&world, "sftp").arg("-b").arg(&batch).arg("ec2-user@127.0.0.1").output().unwrap();
    assert!(output.status.success() && said(&output).contains(" ec2-user "), "{}", said(&output));
    off(machine);
}

/// The host's `sudo` or the small init's: what people do with it is the same.
fn sudo(world: &World, ada: &Person) {
    let ask = |command: &str| ada.ask(world, USER, command);
    assert_eq!(ask("cd /srv; sudo sh -c 'id -un; pwd; echo $SUDO_USER $HOME'"), "root\n/srv\nec2-user /root");
    assert_eq!(ask("echo piped | sudo tee /root/it; sudo cat /root/it; sudo -u eve id -un"), "piped\npiped\neve");
    assert_eq!(ask("sudo sh -c 'exit 9'; echo $?; sudo no-such-command 2>/dev/null; echo $?"), "9\n1");
    assert_eq!(ask("sudo -u eve sudo -n id >/dev/null 2>&1; echo $?"), "1", "eve has no rule");
    let typed = ada.run(world, USER, &["-tt"], "sudo -i", b"tty; echo $0 $((6*7)); stty size\nexit 5\n");
    let text = said(&typed);
    assert!(text.contains("-bash 42") && text.contains("/dev/pts/1") && !text.contains("no job control"), "{text}");
    assert_eq!(typed.status.code(), Some(5), "{text}");
}
