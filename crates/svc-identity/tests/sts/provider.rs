//! An identity provider on the loopback interface: it publishes its keys and signs tokens.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeySize, PublicKeyComponents},
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use front::testing::START;
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// A provider that runs for as long as the test does.
pub struct Provider {
    /// `127.0.0.1:port`.
    pub host: String,
    /// What it serves as its key set; nothing is a `500`.
    pub keys: Arc<Mutex<Option<Value>>>,
    /// How often it was asked for anything.
    pub asked: Arc<AtomicUsize>,
    pair: RsaKeyPair,
}

impl Provider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let keys = Arc::new(Mutex::new(Some(json!({"keys": [jwk(&pair, "1")]}))));
        let asked = Arc::new(AtomicUsize::new(0));
        tokio::spawn(serve(listener, host.clone(), keys.clone(), asked.clone()));
        Self { host, keys, asked, pair }
    }

    pub fn issuer(&self) -> String {
        format!("http://{}", self.host)
    }

    /// A token for an hour, with changed claims; null takes one away.
    pub fn token(&self, changes: Value) -> String {
        self.signed("1", changes)
    }

    /// The same, by a key that is called otherwise.
    pub fn signed(&self, key_id: &str, changes: Value) -> String {
        let now = START.0 / 1000;
        let mut claims =
            json!({"iss": self.issuer(), "sub": "repo:acme/web", "aud": "sts.amazonaws.com", "iat": now, "exp": now + 3600});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": key_id});
        let unsigned = format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), unsigned.as_bytes(), &mut signature).unwrap();
        format!("{unsigned}.{}", encoded(&signature))
    }

    /// Publishes the key under another name.
    pub fn rename_key(&self, key_id: &str) {
        *self.keys.lock().unwrap() = Some(json!({"keys": [jwk(&self.pair, key_id)]}));
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn jwk(pair: &RsaKeyPair, key_id: &str) -> Value {
    let parts = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id, "n": encoded(&parts.n), "e": encoded(&parts.e)})
}

async fn serve(listener: TcpListener, host: String, keys: Arc<Mutex<Option<Value>>>, asked: Arc<AtomicUsize>) {
    while let Ok((mut socket, _)) = listener.accept().await {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match socket.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        asked.fetch_add(1, Ordering::SeqCst);
        let head = String::from_utf8_lossy(&head).into_owned();
        let keys = keys.lock().unwrap().clone();
        let (status, body) = match (head.split(' ').nth(1), keys) {
            (Some("/.well-known/openid-configuration"), _) => {
                (200, json!({"issuer": format!("http://{host}"), "jwks_uri": format!("http://{host}/keys")}).to_string())
            }
            (Some("/keys"), Some(keys)) => (200, keys.to_string()),
            (Some("/keys"), None) => (500, String::new()),
            _ => (404, String::new()),
        };
        let answer = format!("HTTP/1.1 {status} Whatever\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let _ = socket.write_all(answer.as_bytes()).await;
    }
}
