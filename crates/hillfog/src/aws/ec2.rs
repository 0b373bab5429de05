//! The operations of EC2 that are needed to make an image of a snapshot.

use super::{Aws, Call};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::time::Duration;

/// The version of the API (EC2 API reference).
const VERSION: &str = "2016-11-15";
/// Between two looks at something that is under way.
const LOOK: Duration = Duration::from_millis(100);

/// An image to be registered.
pub struct NewImage<'a> {
    /// Its name.
    pub name: &'a str,
    /// What people wrote.
    pub description: Option<&'a str>,
    /// `x86_64` or `arm64`.
    pub architecture: &'a str,
    /// `legacy-bios` and its like; none is for system containers.
    pub boot_mode: Option<&'a str>,
    /// Such as `/dev/xvda`.
    pub root_device: &'a str,
    /// What its root volume begins as.
    pub snapshot: &'a str,
}

impl Aws {
    /// Whether the caller has an image of that name.
    pub async fn has_image(&self, name: &str) -> Result<bool> {
        let found =
            self.ec2("DescribeImages", &[("Owner.1", "self"), ("Filter.1.Name", "name"), ("Filter.1.Value.1", name)]).await?;
        Ok(element(&found, "imageId").is_some())
    }

    /// `RegisterImage`: the image's id.
    pub async fn register_image(&self, new: &NewImage<'_>) -> Result<String> {
        let mut parameters = vec![
            ("Name", new.name),
            ("Architecture", new.architecture),
            ("RootDeviceName", new.root_device),
            ("BlockDeviceMapping.1.DeviceName", new.root_device),
            ("BlockDeviceMapping.1.Ebs.SnapshotId", new.snapshot),
            ("BlockDeviceMapping.1.Ebs.VolumeType", "gp3"),
            ("EnaSupport", "true"),
        ];
        parameters.extend(new.description.map(|text| ("Description", text)));
        parameters.extend(new.boot_mode.map(|mode| ("BootMode", mode)));
        let made = self.ec2("RegisterImage", &parameters).await?;
        element(&made, "imageId").context("The answer to RegisterImage has no imageId")
    }

    /// Ends when a snapshot is complete.
    pub async fn snapshot_completed(&self, id: &str) -> Result<()> {
        self.becomes("DescribeSnapshots", ("SnapshotId.1", id), "status", "completed", "error").await
    }

    /// Ends when an image can be launched.
    pub async fn image_available(&self, id: &str) -> Result<()> {
        self.becomes("DescribeImages", ("ImageId.1", id), "imageState", "available", "failed").await
    }

    /// `DeleteSnapshot`.
    pub async fn delete_snapshot(&self, id: &str) -> Result<()> {
        self.ec2("DeleteSnapshot", &[("SnapshotId", id)]).await.map(drop)
    }

    async fn becomes(&self, operation: &str, one: (&str, &str), state: &str, good: &str, bad: &str) -> Result<()> {
        loop {
            let found = self.ec2(operation, &[one]).await?;
            match element(&found, state) {
                Some(found) if found == good => return Ok(()),
                Some(found) if found == bad => bail!("{} is in the state {bad}", one.1),
                Some(_) => self.env().sleep(LOOK).await,
                None => bail!("{} is gone", one.1),
            }
        }
    }

    async fn ec2(&self, operation: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let mut body = format!("Action={operation}&Version={VERSION}");
        for (name, value) in parameters {
            body.extend(["&", name, "=", &utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()]);
        }
        let call = Call {
            service: "ec2",
            method: Method::POST,
            path: "/".into(),
            headers: vec![("content-type", "application/x-www-form-urlencoded".into())],
            body: Bytes::from(body),
        };
        let answer = self.send(call).await.with_context(|| format!("{operation} failed"))?;
        Ok(String::from_utf8(answer.body.into())?)
    }
}

/// The text of the first element of a name that holds nothing but text.
pub fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")];
    Some(plain.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}
