//! The password of the cloud's own registry.

use super::{Aws, Call};
use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Method;
use serde_json::Value;

impl Aws {
    /// `GetAuthorizationToken`: user name and password.
    pub async fn registry_password(&self) -> Result<(String, String)> {
        let call = Call {
            service: "ecr",
            method: Method::POST,
            path: "/".into(),
            headers: vec![
                ("content-type", "application/x-amz-json-1.1".into()),
                ("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken".into()),
            ],
            body: Bytes::from_static(b"{}"),
        };
        let answer = self.send(call).await.context("GetAuthorizationToken failed")?;
        let granted: Value = serde_json::from_slice(&answer.body)?;
        let token = granted["authorizationData"][0]["authorizationToken"].as_str().and_then(|token| STANDARD.decode(token).ok());
        let token = token.and_then(|token| String::from_utf8(token).ok());
        let (user, password) =
            token.as_deref().and_then(|token| token.split_once(':')).context("The registry's token can't be read")?;
        Ok((user.to_owned(), password.to_owned()))
    }
}
