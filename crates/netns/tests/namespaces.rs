//! Real namespaces; they need root.

use netns::{Error, Namespace};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder for one test's namespaces, or nothing (said loudly) where namespaces can't be made.
struct Place(PathBuf);

impl Place {
    fn new(test: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("netns-test-{}-{test}", std::process::id()));
        let probe = folder.join("probe");
        match Namespace::create(&probe) {
            Err(Error::Denied(what)) => {
                eprintln!("SKIPPED {test}: not allowed to {what}; run the tests as root");
                std::fs::remove_dir_all(&folder).ok();
                None
            }
            made => {
                made.expect("a namespace can be made");
                Namespace::remove(&probe).expect("and removed");
                Some(Self(folder))
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A namespace whose loopback interface is up.
    fn with_loopback(&self, name: &str) -> Namespace {
        let namespace = Namespace::create(&self.path(name)).expect("a namespace can be made");
        let up = namespace.run(|| Command::new("ip").args(["link", "set", "lo", "up"]).status());
        assert!(up.expect("entered").expect("ip is installed").success());
        namespace
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for entry in std::fs::read_dir(&self.0).into_iter().flatten().flatten() {
            Namespace::remove(&entry.path()).expect("a test's namespace can be removed");
        }
        std::fs::remove_dir(&self.0).expect("nothing is left");
    }
}

fn mounts_at(path: &Path) -> usize {
    let table = std::fs::read_to_string("/proc/self/mountinfo").expect("the mount table can be read");
    table.lines().filter(|line| line.contains(path.to_str().expect("a plain path"))).count()
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

#[test]
fn a_namespace_is_made_found_again_and_removed() {
    let Some(place) = Place::new("made") else { return };
    let path = place.path("one");
    assert!(matches!(Namespace::open(&path), Err(Error::Missing(_))));
    let made = Namespace::create(&path).expect("it can be made");
    assert!(matches!(Namespace::create(&path), Err(Error::Exists(_))));
    let (found, new) = Namespace::ensure(&path).expect("it is found");
    assert!(!new);
    assert_eq!(made.identity().ok(), found.identity().ok());
    assert_ne!(made.identity().ok(), Namespace::current().expect("the host's").identity().ok());
    assert_eq!(mounts_at(&path), 1);
    Namespace::remove(&path).expect("it can be removed");
    Namespace::remove(&path).expect("twice");
    assert_eq!(mounts_at(&path), 0);
    assert!(!path.exists());
}

#[test]
fn a_namespace_has_more_paths_than_one() {
    let Some(place) = Place::new("paths") else { return };
    let (first, second) = (place.path("first"), place.path("second"));
    let made = Namespace::create(&first).expect("it can be made");
    made.keep_at(&second).expect("it can be kept at a second path");
    made.keep_at(&second).expect("and again");
    assert_eq!(mounts_at(&second), 1);
    Namespace::remove(&first).expect("it can be removed");
    let found = Namespace::open(&second).expect("it is still there");
    assert_eq!(made.identity().ok(), found.identity().ok());
}

#[test]
fn a_plain_file_is_no_namespace_and_is_replaced() {
    let Some(place) = Place::new("plain") else { return };
    let path = place.path("left-over");
    std::fs::write(&path, "").expect("a file can be written");
    assert!(matches!(Namespace::open(&path), Err(Error::Missing(_))));
    assert!(Namespace::ensure(&path).expect("it is made").1);
}

#[test]
fn work_inside_sees_only_what_is_inside() {
    let Some(place) = Place::new("inside") else { return };
    let namespace = Namespace::create(&place.path("one")).expect("it can be made");
    let before = Namespace::current().expect("the host's").identity().ok();
    let inside = namespace.run(|| Namespace::current().expect("its own").identity().ok()).expect("it is entered");
    assert_eq!(inside, namespace.identity().ok());
    assert_eq!(Namespace::current().expect("the host's").identity().ok(), before, "the caller stays where it was");
}

#[test]
fn sockets_opened_inside_are_used_outside() {
    let Some(place) = Place::new("sockets") else { return };
    let namespace = place.with_loopback("one");
    let other = place.with_loopback("other");
    let listener = namespace.tcp_listen(loopback(8080)).expect("the port is free");
    other.tcp_listen(loopback(8080)).expect("the other namespace has the port too");
    let taken = namespace.tcp_listen(loopback(8080)).expect_err("the port is taken");
    assert!(taken.to_string().contains("127.0.0.1:8080"), "{taken}");

    let mut client = namespace.run(|| std::net::TcpStream::connect(loopback(8080))).expect("entered").expect("connected");
    listener.set_nonblocking(false).expect("blocking for the test");
    let (mut server, _) = listener.accept().expect("accepted");
    client.write_all(b"fog").expect("written");
    drop(client);
    let mut heard = String::new();
    server.set_nonblocking(false).expect("blocking for the test");
    server.read_to_string(&mut heard).expect("read");
    assert_eq!(heard, "fog");
}

#[test]
fn a_bound_socket_keeps_its_source_address() {
    let Some(place) = Place::new("bound") else { return };
    let namespace = place.with_loopback("one");
    let source = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 9), 0));
    let socket = namespace.tcp_socket_bound(source).expect("any address of lo is free");
    assert_eq!(socket.local_addr().map(|address| address.ip()).ok(), Some(source.ip()));
    let datagrams = namespace.udp_bind(loopback(53)).expect("root may have port 53");
    assert_eq!(datagrams.local_addr().ok(), Some(loopback(53)));
}

#[test]
fn an_open_namespace_outlives_its_path() {
    let Some(place) = Place::new("outlives") else { return };
    let namespace = place.with_loopback("one");
    Namespace::remove(&place.path("one")).expect("it can be removed");
    namespace.tcp_listen(loopback(80)).expect("it is still there");
}
