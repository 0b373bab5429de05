//! Events that services of AWS put on the default bus of their users.

use model::{
    AccountId, Arn, Env, Region,
    delivery::{Caller, Delivery, DeliverySpec, Request, Retry},
};
use serde_json::{Value, json};
use spine::{StoreError, Tx};

/// Something that has happened to a thing of a user.
pub struct AwsEvent<'a> {
    /// Which service says so: `ec2` says it as `ec2.amazonaws.com`, and its source is `aws.ec2`.
    pub service: &'a str,
    /// To what it has happened.
    pub about: Arn,
    /// Such as `EC2 Instance State-change Notification`.
    pub detail_type: &'a str,
    /// An object.
    pub detail: Value,
}

impl AwsEvent<'_> {
    /// Writes it into the outbox: it reaches the bus if the transaction succeeds.
    ///
    /// # Errors
    /// Those of the store.
    pub fn tell(self, tx: &mut Tx, env: &Env, (account, region): (&AccountId, &Region)) -> Result<(), StoreError> {
        let now = env.now();
        let entry = json!({
            "Source": format!("aws.{}", self.service), "DetailType": self.detail_type, "Resources": [self.about.to_string()],
            "Time": now.as_secs_f64(), "Detail": self.detail.to_string(),
        });
        let name = format!("{}.amazonaws.com", self.service);
        let spec = DeliverySpec {
            call: Request::new("events", "PutEvents", &json!({"Entries": [entry]})),
            by: Caller::Service { name, source: self.about, account: account.clone() },
            wanted: now,
            not_before: now,
            retry: Retry::DAY,
            dead_letter: None,
        };
        tx.create(&Delivery::key(account, region, env.uuid()), &spec)
    }
}
