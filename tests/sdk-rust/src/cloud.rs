//! The cloud that is used, and how the SDK's clients are made for it.

use anyhow::{Context, Result};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_s3::config::{BehaviorVersion, Region, retry::RetryConfig};
use aws_types::SdkConfig;
use std::{env, path::PathBuf, time::Duration};

/// Where the cloud is, and with which key it is used.
pub struct Cloud {
    /// `http://host:port`.
    pub endpoint: String,
    sdk: SdkConfig,
}

impl Cloud {
    /// The cloud of `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
    pub fn of_environment() -> Result<Self> {
        let endpoint = told("AWS_ENDPOINT_URL")?;
        let sdk = config(&endpoint, told("AWS_REGION")?, &told("AWS_ACCESS_KEY_ID")?, &told("AWS_SECRET_ACCESS_KEY")?);
        Ok(Self { endpoint, sdk })
    }

    /// The same cloud, used by the root of another account: on a loopback address its number is a key.
    pub fn of_account(&self, account: &str) -> Self {
        let region = self.sdk.region().map(ToString::to_string).unwrap_or_default();
        Self { endpoint: self.endpoint.clone(), sdk: config(&self.endpoint, region, account, "test") }
    }

    /// The role that functions and schedules have (`ROLE_ARN`).
    pub fn role(&self) -> Result<String> {
        told("ROLE_ARN")
    }

    /// The zip with the Rust function (`FUNCTION_ZIP`).
    pub fn zip(&self) -> Result<PathBuf> {
        told("FUNCTION_ZIP").map(PathBuf::from)
    }

    /// What a schedule is to be due at, a few seconds from now (`SCHEDULE_AT`).
    pub fn schedule_at(&self) -> Result<String> {
        told("SCHEDULE_AT")
    }

    /// API Gateway's HTTP APIs.
    pub fn apis(&self) -> aws_sdk_apigatewayv2::Client {
        aws_sdk_apigatewayv2::Client::new(&self.sdk)
    }

    /// EventBridge.
    pub fn events(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.sdk)
    }

    /// Lambda.
    pub fn functions(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.sdk)
    }

    /// S3; buckets are named in the path, since not every host's resolver knows names under `localhost`.
    pub fn objects(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk).force_path_style(true).build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// EventBridge Scheduler.
    pub fn schedules(&self) -> aws_sdk_scheduler::Client {
        aws_sdk_scheduler::Client::new(&self.sdk)
    }

    /// SQS.
    pub fn queues(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sdk)
    }
}

/// A client without TLS that asks once, so that no fault is hidden by another try.
fn config(endpoint: &str, region: String, key: &str, secret: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys(key, secret, None)))
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

fn told(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} isn't set"))
}

/// The first answer to `ask` that is one; asks again and again for half a minute.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let asking = async {
        loop {
            if let Some(found) = ask().await? {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asking)
        .await
        .with_context(|| format!("{what} did not come in half a minute"))?
}
