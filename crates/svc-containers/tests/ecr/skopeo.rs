//! A real client against a real listener.

use super::cloud::Cloud;
use serde_json::json;
use std::{path::Path, process::Output};
use tokio::{net::TcpListener, process::Command, sync::oneshot};

const SKOPEO: &str = "skopeo";

/// An image in a folder, as skopeo reads and writes it with `dir:`.
fn write_image(folder: &Path) {
    let layer = b"not really a layer, which no registry minds";
    let config = json!({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [super::cloud::digest(layer)]}});
    let config = config.to_string();
    let (config_digest, layer_digest) = (super::cloud::digest(config.as_bytes()), super::cloud::digest(layer));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": config_digest, "size": config.len()},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar", "digest": layer_digest, "size": layer.len()}],
    });
    let name = |digest: &str| folder.join(digest.trim_start_matches("sha256:"));
    std::fs::write(folder.join("version"), "Directory Transport Version: 1.1\n").unwrap();
    std::fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    std::fs::write(name(&config_digest), config).unwrap();
    std::fs::write(name(&layer_digest), layer).unwrap();
}

async fn skopeo(arguments: &[&str]) -> Output {
    let output = Command::new(SKOPEO).args(arguments).env_remove("HTTP_PROXY").env_remove("http_proxy").output().await.unwrap();
    assert!(output.status.success(), "skopeo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[tokio::test]
async fn skopeo_pushes_and_pulls() {
    if Command::new(SKOPEO).arg("--version").output().await.is_err() {
        eprintln!("SKIPPED: skopeo is not installed (Debian package `skopeo`), so no real client has pushed or pulled");
        return;
    }
    let cloud = Cloud::with("team/web").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server =
        tokio::spawn(front::serve(cloud.bench.front.clone(), listener, front::Entrance::Address, async { _ = stopped.await }));

    let token = cloud.login().await;
    let token = String::from_utf8(base64_decode(token.trim_start_matches("Basic "))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (pushed, pulled) = (folder.path().join("pushed"), folder.path().join("pulled"));
    std::fs::create_dir_all(&pushed).unwrap();
    write_image(&pushed);
    let (from, to) = (format!("dir:{}", pushed.display()), format!("docker://{address}/team/web:v1"));
    skopeo(&["copy", "--preserve-digests", "--insecure-policy", "--dest-tls-verify=false", "--dest-creds", &token, &from, &to])
        .await;
    let back = format!("dir:{}", pulled.display());
    skopeo(&["copy", "--insecure-policy", "--src-tls-verify=false", "--src-creds", &token, &to, &back]).await;
    let manifest = |folder: &std::path::Path| std::fs::read(folder.join("manifest.json")).unwrap();
    assert_eq!(manifest(&pushed), manifest(&pulled));
    let tags = skopeo(&["list-tags", "--tls-verify=false", "--creds", &token, &format!("docker://{address}/team/web")]).await;
    assert!(String::from_utf8_lossy(&tags.stdout).contains("\"v1\""));
    skopeo(&["delete", "--tls-verify=false", "--creds", &token, &to]).await;
    assert_eq!(cloud.ok("ListImages", json!({"repositoryName": "team/web"})).await["imageIds"], json!([]));
    stop.send(()).unwrap();
    server.await.unwrap();
}

fn base64_decode(text: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.decode(text).unwrap()
}
