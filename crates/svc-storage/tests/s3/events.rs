//! What notifications leave in the outbox.

use crate::cloud::{Cloud, header};
use model::delivery::{Caller, Delivery};
use serde_json::Value;
use spine::{
    Read, Scope,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::time::Duration;
use svc_storage::s3::Lifecycle;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What stands in the outbox: service, operation and input.
fn outbox(cloud: &Cloud) -> Vec<(String, Value)> {
    let all = cloud.s3.store.snapshot().specs::<Delivery>(Scope::All).unwrap();
    let call = |spec: &model::delivery::DeliverySpec| {
        assert!(
            matches!(&spec.by, Caller::Service { name, source, .. } if name == "s3.amazonaws.com" && source.resource == "box")
        );
        (format!("{}:{}", spec.call.service, spec.call.operation), serde_json::from_str(&spec.call.input).unwrap())
    };
    all.iter().map(|(_, spec)| call(spec)).collect()
}

async fn configure(cloud: &Cloud, configuration: &str) {
    let body = format!("<NotificationConfiguration>{configuration}</NotificationConfiguration>");
    let headers = [("x-amz-skip-destination-validation", "true")];
    let reply = cloud.send("PUT", "/box?notification", &headers, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test]
async fn a_queue_is_told_of_what_its_filter_lets_through() {
    let cloud = Cloud::with("box").await;
    let rule = |name: &str, value: &str| format!("<FilterRule><Name>{name}</Name><Value>{value}</Value></FilterRule>");
    let filter = format!("<Filter><S3Key>{}{}</S3Key></Filter>", rule("prefix", "in/"), rule("suffix", ".jpg"));
    let queue = "arn:aws:sqs:us-east-1:111122223333:photos";
    configure(
        &cloud,
        &format!(
            "<QueueConfiguration><Id>q</Id><Queue>{queue}</Queue><Event>s3:ObjectCreated:*</Event>{filter}</QueueConfiguration>"
        ),
    )
    .await;
    cloud.ok("PUT", "/box/in/a.png", "x").await;
    cloud.ok("PUT", "/box/in/a%20b.jpg", "hello").await;
    cloud.ok("DELETE", "/box/in/a%20b.jpg", "").await;
    let told = outbox(&cloud);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (told[0].0.as_str(), told[0].1["QueueUrl"].as_str().unwrap().ends_with("/111122223333/photos")),
        ("sqs:SendMessage", true)
    );
    let body: Value = serde_json::from_str(told[0].1["MessageBody"].as_str().unwrap()).unwrap();
    let record = &body["Records"][0];
    assert_eq!((&record["eventName"], &record["awsRegion"]), (&"ObjectCreated:Put".into(), &"us-east-1".into()));
    assert_eq!((&record["s3"]["object"]["key"], &record["s3"]["object"]["size"]), (&"in/a+b.jpg".into(), &5.into()));
    assert_eq!(record["s3"]["configurationId"], "q");
}

#[tokio::test]
async fn the_bus_is_told_of_everything() {
    let cloud = Cloud::with("box").await;
    configure(&cloud, "<EventBridgeConfiguration></EventBridgeConfiguration>").await;
    cloud.ok("PUT", "/box/k", "hello").await;
    cloud.ok("DELETE", "/box/k", "").await;
    let mut kinds: Vec<String> = Vec::new();
    for (call, input) in outbox(&cloud) {
        assert_eq!((call.as_str(), &input["Entries"][0]["Source"]), ("events:PutEvents", &"aws.s3".into()));
        assert!(input["Entries"][0]["Time"].is_i64(), "EventBridge reads times as seconds: {input}");
        let detail: Value = serde_json::from_str(input["Entries"][0]["Detail"].as_str().unwrap()).unwrap();
        assert_eq!((&detail["bucket"]["name"], &detail["object"]["key"]), (&"box".into(), &"k".into()));
        kinds.push(input["Entries"][0]["DetailType"].as_str().unwrap().to_owned());
    }
    kinds.sort();
    assert_eq!(kinds, ["Object Created", "Object Deleted"]);
}

#[tokio::test]
async fn configurations_that_overlap_are_refused() {
    let cloud = Cloud::with("box").await;
    let queue = |id: &str, event: &str| {
        format!(
            "<QueueConfiguration><Id>{id}</Id><Queue>arn:aws:sqs:us-east-1:111122223333:q</Queue><Event>{event}</Event></QueueConfiguration>"
        )
    };
    let both = |a: &str, b: &str| format!("<NotificationConfiguration>{a}{b}</NotificationConfiguration>");
    let overlap = both(&queue("1", "s3:ObjectCreated:*"), &queue("2", "s3:ObjectCreated:Put"));
    cloud.fails("PUT", "/box?notification", overlap, "InvalidArgument").await;
    let topic = "<NotificationConfiguration><TopicConfiguration><Topic>arn:aws:sns:us-east-1:1:t</Topic><Event>s3:ObjectCreated:*</Event></TopicConfiguration></NotificationConfiguration>";
    cloud.fails("PUT", "/box?notification", topic, "NotImplemented").await;
    // Nobody answers for the queue here.
    let one = format!("<NotificationConfiguration>{}</NotificationConfiguration>", queue("1", "s3:ObjectCreated:*"));
    let refused = cloud.fails("PUT", "/box?notification", one, "InvalidArgument").await;
    assert!(refused.text().contains("Unable to validate the following destination configurations"));
}

#[tokio::test]
async fn the_lifecycle_runs_at_midnight() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>").await;
    let rules = "<LifecycleConfiguration><Rule><ID>x</ID><Filter><Prefix>log/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>";
    cloud.ok("PUT", "/box?lifecycle", rules).await;
    cloud.ok("PUT", "/box/log/a", "y".repeat(5000)).await;
    cloud.ok("PUT", "/box/kept", "x").await;
    cloud.ok("POST", "/box/log/u?uploads", "").await;
    let lifecycle = Lifecycle::new(&cloud.s3);
    let cx = ReconcileCx::new(cloud.s3.store.clone(), cloud.bench.env.clone());
    let midnight = Wake::At(cloud.bench.env.now() + DAY);
    assert_eq!(lifecycle.reconcile(&cx).await.unwrap(), midnight);
    assert_eq!(cloud.get("/box/log/a").await.len(), 5000);
    // A day later it expires, to be seen no more; after one more, its bytes go, and the upload; then the marker.
    let mut left = Vec::new();
    for _ in 0..3 {
        cloud.bench.advance(DAY);
        lifecycle.reconcile(&cx).await.unwrap();
        let reply = cloud.send("GET", "/box/log/a", &[], "").await;
        let versions = cloud.ok("GET", "/box?versions&prefix=log/", "").await.text().matches("<VersionId>").count();
        let uploads = cloud.ok("GET", "/box?uploads", "").await.text().matches("<UploadId>").count();
        left.push((reply.status, versions, cloud.s3.blobs.count().unwrap(), uploads));
    }
    assert_eq!(left, [(404, 2, 1, 1), (404, 1, 0, 0), (404, 0, 0, 0)]);
    assert_eq!(header(&cloud.ok("HEAD", "/box/kept", "").await, "content-length"), "1");
}
