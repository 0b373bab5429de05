//! Images of registries elsewhere: what is asked, with which credentials, and what becomes of bad answers.

mod support;

use agent::{
    driver::Driver,
    image::{ImageLimits, ImageStore, Pulled, Registries, remote::Patience},
};
use model::Env;
use std::{fs, sync::Arc, time::Duration};
use support::{
    Layer,
    distribution::Distribution,
    is_root,
    real::Machine,
    registry::{Asked, Registry, Reply, Shelf, cut, endless, error, reply, stuck},
    workload::remote,
};

/// A host with an image store of its own.
struct Host {
    folder: tempfile::TempDir,
    store: ImageStore,
    registries: Registries,
}

fn patience() -> Patience {
    let short = Duration::from_millis(1);
    Patience { attempts: 3, pause: short, longest_pause: short, ..Patience::default() }
}

impl Host {
    fn new() -> Self {
        Self::with(patience(), ImageLimits::default())
    }

    fn with(patience: Patience, limits: ImageLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = ImageStore::open(folder.path(), limits.clone()).unwrap();
        Self { folder, store, registries: Registries::new(Env::system(), limits, patience) }
    }

    async fn pull(&self, reference: &str) -> Result<Pulled, String> {
        self.pull_as(reference, None).await
    }

    async fn pull_as(&self, reference: &str, user: Option<(&str, &str)>) -> Result<Pulled, String> {
        let credentials = user.map(|(name, password)| (name.to_owned(), password.to_owned()));
        self.registries.pull(&self.store, reference, credentials).await.map_err(|error| error.to_string())
    }

    /// The error of a pull that leaves no layer behind.
    async fn fails(&self, reference: &str) -> String {
        let error = self.pull(reference).await.unwrap_err();
        assert_eq!(fs::read_dir(self.folder.path().join("layers")).unwrap().count(), 0, "{error}");
        error
    }

    fn file(&self, pulled: &Pulled) -> String {
        fs::read_to_string(self.store.layer_paths(pulled)[0].join("note")).unwrap()
    }
}

fn shelf() -> Arc<Shelf> {
    Arc::new(Shelf::new(Layer::new().file("note", &[b'x'; 100_000]).tar()))
}

/// A registry that does what it should, but for what `other` answers.
async fn registry(shelf: &Arc<Shelf>, other: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Registry {
    let shelf = shelf.clone();
    Registry::serve(move |asked| Some(other(asked).unwrap_or_else(|| shelf.answer(asked)))).await
}

#[tokio::test]
async fn an_image_is_fetched_once() {
    let (shelf, host) = (shelf(), Host::new());
    let registry = registry(&shelf, |_| None).await;
    let pulled = host.pull(&registry.image(":v1")).await.unwrap();
    assert_eq!((pulled.config.command.as_slice(), host.file(&pulled).len()), (&["/tool".to_owned()][..], 100_000));
    assert_eq!(registry.lines().len(), 4, "the tag, the manifest, the configuration, the layer");

    assert_eq!(host.pull(&registry.image(":v1")).await.unwrap(), pulled);
    assert_eq!(registry.lines(), ["HEAD /v2/team/app/manifests/v1"], "a tag may lead elsewhere by now");
    assert_eq!(host.pull(&registry.image(&format!("@{}", shelf.digest))).await.unwrap(), pulled);
    assert_eq!(registry.lines(), [""; 0], "a digest can't");
}

#[tokio::test]
async fn a_registry_may_leave_it_to_the_client_to_take_the_digest() {
    let no_header = |shelf: &Shelf, asked: &Asked| {
        let mut reply = shelf.answer(asked);
        reply.headers_mut().remove("docker-content-digest");
        reply
    };
    for refuses_head in [false, true] {
        let shelf = shelf();
        let answers = shelf.clone();
        let registry = registry(&shelf, move |asked| match asked.method.as_str() {
            "HEAD" if refuses_head => Some(reply(405, &[], "")),
            _ => Some(no_header(&answers, asked)),
        });
        let registry = registry.await;
        assert_eq!(Host::new().pull(&registry.image(":v1")).await.unwrap().digest, shelf.digest);
    }
}

/// Asks for a token that only `token_server` gives.
fn guard(asked: &Asked, token_server: &Registry) -> Option<Reply> {
    let realm = format!("Bearer realm=\"http://{}/token\",service=\"the registry\"", token_server.address);
    let denied = reply(401, &[("www-authenticate", &realm)], "");
    (asked.header("authorization") != Some("Bearer good")).then_some(denied)
}

async fn token_server() -> Arc<Registry> {
    let token = |asked: &Asked| match asked.header("authorization") {
        Some("Basic bWU6d3Jvbmc=") => Some(error(401, "UNAUTHORIZED", "incorrect username or password")),
        _ => Some(reply(200, &[], r#"{"access_token":"good","expires_in":300}"#)),
    };
    Arc::new(Registry::serve(token).await)
}

#[tokio::test]
async fn a_token_is_fetched_and_shown() {
    let (shelf, tokens) = (shelf(), token_server().await);
    let guarding = tokens.clone();
    let registry = registry(&shelf, move |asked| guard(asked, &guarding)).await;
    Host::new().pull(&registry.image(":v1")).await.unwrap();
    let asked = tokens.asked();
    assert_eq!(asked.len(), 1, "one token serves a whole pull");
    assert_eq!(asked[0].query, "service=the+registry&scope=repository%3Ateam%2Fapp%3Apull");
    assert_eq!(asked[0].header("authorization"), None);

    Host::new().pull_as(&registry.image(":v1"), Some(("me", "right"))).await.unwrap();
    assert_eq!(tokens.asked()[0].header("authorization"), Some("Basic bWU6cmlnaHQ="));
    assert!(registry.asked().iter().all(|asked| asked.header("authorization").is_none_or(|value| value == "Bearer good")));

    let error = Host::new().pull_as(&registry.image(":v1"), Some(("me", "wrong"))).await.unwrap_err();
    let place = registry.image(":v1");
    let expected = format!(
        "pull image manifest has been retried 1 time(s): failed to resolve ref {place}: failed to authorize: failed to fetch oauth token: \
         unexpected status code http://{}/token: 401 Unauthorized - Server message: unauthorized: incorrect username or password",
        tokens.address
    );
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_password_is_shown_where_one_is_asked_for() {
    let shelf = shelf();
    let registry = registry(&shelf, |asked| {
        let denied = reply(401, &[("www-authenticate", "Basic realm=\"x\"")], "");
        (asked.header("authorization") != Some("Basic bWU6cmlnaHQ=")).then_some(denied)
    });
    let registry = registry.await;
    let place = registry.image(":v1");
    Host::new().pull_as(&place, Some(("me", "right"))).await.unwrap();
    let denied = format!(
        "pull image manifest has been retried 1 time(s): failed to resolve ref {place}: \
         pull access denied, repository does not exist or may require authorization: "
    );
    let wrong = Host::new().pull_as(&place, Some(("me", "wrong"))).await.unwrap_err();
    assert_eq!(wrong, format!("{denied}authorization failed"));
    assert_eq!(Host::new().fails(&place).await, format!("{denied}authorization failed: no basic auth credentials"));
}

#[tokio::test]
async fn what_is_redirected_elsewhere_goes_without_credentials() {
    let (shelf, tokens) = (shelf(), token_server().await);
    let answers = shelf.clone();
    let elsewhere = Registry::serve(move |asked| Some(answers.answer(asked))).await;
    let there = elsewhere.address;
    let registry = registry(&shelf, move |asked| {
        let to = format!("http://{there}{}", asked.path);
        let moved = asked.path.contains("/blobs/").then(|| reply(307, &[("location", &to)], ""));
        guard(asked, &tokens).or(moved)
    });
    Host::new().pull(&registry.await.image(":v1")).await.unwrap();
    let asked = elsewhere.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|asked| asked.header("authorization").is_none()));
}

#[tokio::test]
async fn redirects_end() {
    let circle = registry(&shelf(), |asked| Some(reply(302, &[("location", &asked.path)], ""))).await;
    assert!(Host::new().fails(&circle.image(":v1")).await.ends_with("stopped after 10 redirects"));
    assert_eq!(circle.lines().len(), 11);
    let file = registry(&shelf(), |_| Some(reply(302, &[("location", "file:///etc/passwd")], ""))).await;
    assert!(Host::new().fails(&file.image(":v1")).await.ends_with("is refused: it leads to file:"));
}

#[tokio::test]
async fn refusals_are_reported_in_the_words_of_ecs() {
    for (status, attempts, text) in [
        (404, 1, "{ref}: not found"),
        (403, 1, "unexpected status from HEAD request to http://{address}/v2/team/app/manifests/v1: 403 Forbidden"),
        (429, 3, "unexpected status from HEAD request to http://{address}/v2/team/app/manifests/v1: 429 Too Many Requests"),
        (502, 3, "unexpected status from HEAD request to http://{address}/v2/team/app/manifests/v1: 502 Bad Gateway"),
    ] {
        let registry = registry(&shelf(), move |_| Some(reply(status, &[], ""))).await;
        let place = registry.image(":v1");
        let text = text.replace("{ref}", &place).replace("{address}", &registry.address.to_string());
        let expected = format!("pull image manifest has been retried {attempts} time(s): failed to resolve ref {place}: {text}");
        assert_eq!(Host::new().fails(&place).await, expected);
        assert_eq!(registry.lines().len(), attempts);
    }
}

#[tokio::test]
async fn a_limit_on_pulls_is_passed_on() {
    let shelf = shelf();
    let registry = registry(&shelf, |asked| {
        asked.path.contains("/blobs/").then(|| error(429, "TOOMANYREQUESTS", "You have reached your pull rate limit."))
    });
    let error = Host::new().fails(&registry.await.image(":v1")).await;
    assert!(
        error.starts_with(
            "ref pull has been retried 3 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code"
        )
    );
    let message = "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.";
    assert!(error.ends_with(message), "{error}");
}

#[tokio::test]
async fn a_failure_that_passes_is_outlived() {
    let shelf = shelf();
    let left = std::sync::atomic::AtomicU32::new(2);
    let down = move |_: &Asked| {
        use std::sync::atomic::Ordering::SeqCst;
        let failing = left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        failing.then(|| reply(503, &[], ""))
    };
    let registry = registry(&shelf, down).await;
    Host::new().pull(&registry.image(":v1")).await.unwrap();
}

#[tokio::test]
async fn a_layer_that_breaks_off_is_taken_up_again() {
    for knows_ranges in [true, false] {
        let shelf = shelf();
        let (path, bytes) = (shelf.layer_path(), shelf.blobs.bytes(&shelf.layer.to_string()).unwrap());
        let registry = registry(&shelf, move |asked| {
            let from = asked.header("range").map(|range| range["bytes=".len()..].trim_end_matches('-').parse::<usize>().unwrap());
            match from.filter(|_| asked.path == path) {
                None => (asked.path == path).then(|| cut(bytes[..40_000].to_vec())),
                Some(from) if knows_ranges => {
                    let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
                    Some(reply(206, &[("content-range", &range)], bytes[from..].to_vec()))
                }
                Some(_) => Some(reply(200, &[], bytes.clone())),
            }
        });
        let (registry, host) = (registry.await, Host::new());
        let pulled = host.pull(&registry.image(":v1")).await.unwrap();
        assert_eq!(host.file(&pulled).len(), 100_000);
    }
}

#[tokio::test]
async fn a_layer_that_always_breaks_off_is_given_up() {
    let shelf = shelf();
    let path = shelf.layer_path();
    let registry = registry(&shelf, move |asked| (asked.path == path).then(|| cut(vec![0; 100]))).await;
    let error = Host::new().fails(&registry.image(":v1")).await;
    let expected = format!(
        "ref pull has been retried 3 time(s): failed to copy: httpReadSeeker: Get \"http://{}{}\": unexpected EOF",
        registry.address,
        shelf.layer_path()
    );
    assert_eq!(error, expected);
}

#[tokio::test]
async fn what_has_no_end_is_refused() {
    let shelf = shelf();
    let (path, start) = (shelf.layer_path(), shelf.blobs.bytes(&shelf.layer.to_string()).unwrap());
    let size = start.len();
    let layer = registry(&shelf, move |asked| (asked.path == path).then(|| endless(start.clone()))).await;
    let error = Host::new().fails(&layer.image(":v1")).await;
    assert_eq!(error, format!("the blob has more than the {size} bytes that its descriptor says"));

    let manifest = registry(&shelf, |asked| (asked.method == "GET").then(|| endless(vec![b'{']))).await;
    let limits = ImageLimits { document_bytes: 50_000, ..Default::default() };
    let error = Host::with(patience(), limits).fails(&manifest.image(":v1")).await;
    assert!(error.ends_with("has more than 50000 bytes"), "{error}");

    let refusal = registry(&shelf, |_| {
        Some({
            let mut reply = endless(vec![]);
            *reply.status_mut() = 403.try_into().unwrap();
            reply
        })
    })
    .await;
    let error = Host::new().fails(&refusal.image(&format!("@{}", shelf.digest))).await;
    assert!(error.ends_with("403 Forbidden"), "{error}");
}

#[tokio::test]
async fn other_bytes_than_those_of_the_digest_are_refused() {
    let shelf = shelf();
    for forged in [shelf.layer_path(), format!("/v2/team/app/manifests/{}", shelf.digest)] {
        let size = shelf.blobs.bytes(&shelf.layer.to_string()).unwrap().len();
        let registry = registry(&shelf, move |asked| (asked.path == forged).then(|| reply(200, &[], vec![0; size]))).await;
        let error = Host::new().fails(&registry.image(":v1")).await;
        assert!(error.contains("has the digest sha256:"), "{error}");
    }
}

#[tokio::test]
async fn silence_ends_a_pull() {
    let brief = Duration::from_millis(200);
    let dumb = Registry::serve(|_| None).await;
    let host = Host::with(Patience { answer: brief, ..patience() }, ImageLimits::default());
    let place = dumb.image(":v1");
    let expected = format!(
        "pull image manifest has been retried 3 time(s): failed to resolve ref {place}: failed to do request: \
         Head \"http://{0}/v2/team/app/manifests/v1\": dial tcp {0}: i/o timeout",
        dumb.address
    );
    assert_eq!(host.fails(&place).await, expected);

    let shelf = shelf();
    let path = shelf.layer_path();
    let halting = registry(&shelf, move |asked| (asked.path == path).then(|| stuck(vec![0; 100]))).await;
    let host = Host::with(Patience { silence: brief, ..patience() }, ImageLimits::default());
    let error = host.fails(&halting.image(":v1")).await;
    assert!(error.starts_with("ref pull has been retried 3 time(s)") && error.ends_with("i/o timeout"), "{error}");

    let host = Host::with(Patience { pull: brief, ..patience() }, ImageLimits::default());
    assert_eq!(host.pull(&place).await.unwrap_err(), "context deadline exceeded: the pull took too long");
}

#[tokio::test]
async fn a_host_that_is_not_there_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let expected = format!(
        "pull image manifest has been retried 3 time(s): failed to resolve ref {address}/a:latest: failed to do request: \
         Head \"http://{address}/v2/a/manifests/latest\": dial tcp {address}: connect: connection refused"
    );
    assert_eq!(Host::new().fails(&format!("{address}/a")).await, expected);
    let error = Host::new().fails("registry.invalid/a").await;
    let start = "pull image manifest has been retried 3 time(s): failed to resolve ref registry.invalid/a:latest: failed to do request: \
                 Head \"https://registry.invalid/v2/a/manifests/latest\": ";
    assert!(error.starts_with(start), "{error}");
    assert_eq!(Host::new().fails("Not a reference").await, "invalid reference format: `Not a reference`");
}

#[tokio::test]
async fn the_driver_pulls_from_elsewhere() {
    if !is_root("the_driver_pulls_from_elsewhere") {
        return;
    }
    let (shelf, machine) = (shelf(), Machine::new());
    let registry = registry(&shelf, |_| None).await;
    let driver = machine.driver(Arc::default());
    let pulled = driver.pull(&remote(&registry.image(":v1"))).await.unwrap();
    assert_eq!(pulled.digest, shelf.digest);
    let layers = machine.places().data.join("images/layers");
    assert_eq!(fs::read_dir(layers).unwrap().count(), 1);

    let gone = registry.image(":v1");
    drop(registry);
    let error = driver.pull(&remote(&gone)).await.unwrap_err();
    let start =
        format!("pull image manifest has been retried 5 time(s): failed to resolve ref {gone}: failed to do request: Head");
    assert!(error.starts_with(&start) && error.ends_with("connect: connection refused"), "{error}");
    machine.leave(&driver).await;
}

#[tokio::test]
async fn the_reference_implementation_is_understood() {
    let Some(registry) = Distribution::start("the_reference_implementation_is_understood").await else { return };
    let (shelf, host) = (shelf(), Host::new());
    registry.push(&shelf).await;
    let pulled = host.pull(&format!("{}/team/app:v1", registry.address)).await.unwrap();
    assert_eq!((&pulled.digest, host.file(&pulled).len()), (&shelf.digest, 100_000));
    let error = host.pull(&format!("{}/team/app:v2", registry.address)).await.unwrap_err();
    assert!(error.ends_with("/team/app:v2: not found"), "{error}");
}
