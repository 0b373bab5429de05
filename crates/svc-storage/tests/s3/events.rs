//! What notifications leave in the outbox.

use crate::cloud::{Cloud, header};
use model::delivery::{Caller, Delivery};
use serde_json::Value;
use spine::{Read, Scope};

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

pub async fn configure(cloud: &Cloud, configuration: &str) {
    let body = format!("<NotificationConfiguration>{configuration}</NotificationConfiguration>");
    let headers = [("x-amz-skip-destination-validation", "true")];
    let reply = cloud.send("PUT", "/box?notification", &headers, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// The configuration of a queue that is told of an event.
pub fn queue(id: &str, event: &str) -> String {
    format!(
        "<QueueConfiguration><Id>{id}</Id><Queue>arn:aws:sqs:us-east-1:111122223333:q</Queue><Event>{event}</Event></QueueConfiguration>"
    )
}

/// The records that queues are told, by their names.
pub fn records(cloud: &Cloud) -> Vec<Value> {
    let body = |input: &Value| serde_json::from_str::<Value>(input["MessageBody"].as_str().unwrap()).unwrap();
    let mut all: Vec<Value> = outbox(cloud).iter().map(|(_, input)| body(input)["Records"][0].clone()).collect();
    all.sort_by_key(|record| record["eventName"].to_string());
    all
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
        assert!(input["Entries"][0]["Time"].is_number(), "EventBridge reads times as seconds: {input}");
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

const TAGS: &str = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>";

/// Does with an object what can be done with one.
async fn live(cloud: &Cloud) {
    let owned = "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>";
    cloud.ok("PUT", "/box?ownershipControls", owned).await;
    cloud.ok("PUT", "/box?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>").await;
    cloud.ok("PUT", "/box/k", "hello").await;
    cloud.ok("PUT", "/box/k?tagging", TAGS).await;
    cloud.ok("DELETE", "/box/k?tagging", "").await;
    assert_eq!(cloud.send("PUT", "/box/k?acl", &[("x-amz-acl", "private")], "").await.status, 200);
    assert_eq!(cloud.send("PUT", "/box/copy", &[("x-amz-copy-source", "box/k")], "").await.status, 200);
    let id = cloud.ok("POST", "/box/large?uploads", "").await.element("UploadId");
    let etag = header(&cloud.ok("PUT", &format!("/box/large?partNumber=1&uploadId={id}"), "part").await, "etag");
    let part = format!("<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>");
    let body = format!("<CompleteMultipartUpload>{part}</CompleteMultipartUpload>");
    cloud.ok("POST", &format!("/box/large?uploadId={id}"), body).await;
    let marker = header(&cloud.ok("DELETE", "/box/k", "").await, "x-amz-version-id");
    cloud.ok("DELETE", &format!("/box/k?versionId={marker}"), "").await;
}

#[tokio::test]
async fn each_kind_of_event_is_told_by_its_name() {
    let cloud = Cloud::with("box").await;
    let families = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*", "s3:ObjectAcl:Put"];
    let configured = families.iter().enumerate().map(|(index, family)| queue(&index.to_string(), family));
    configure(&cloud, &configured.collect::<String>()).await;
    live(&cloud).await;
    let told = records(&cloud);
    let shown: Vec<(&str, &str, bool)> = told
        .iter()
        .map(|it| {
            let name = it["eventName"].as_str().unwrap();
            (name, it["s3"]["configurationId"].as_str().unwrap(), it["s3"]["object"]["size"].is_number())
        })
        .collect();
    let expected = [
        ("ObjectAcl:Put", "3", true),
        ("ObjectCreated:CompleteMultipartUpload", "0", true),
        ("ObjectCreated:Copy", "0", true),
        ("ObjectCreated:Put", "0", true),
        ("ObjectRemoved:Delete", "1", false),
        ("ObjectRemoved:DeleteMarkerCreated", "1", false),
        ("ObjectTagging:Delete", "2", true),
        ("ObjectTagging:Put", "2", true),
    ];
    assert_eq!(shown, expected);
    assert_eq!((&told[0]["eventVersion"], &told[1]["eventVersion"]), (&"2.3".into(), &"2.1".into()));
    assert!(told.iter().all(|it| it["s3"]["object"]["versionId"].is_string()));
}

#[tokio::test]
async fn the_bus_hears_what_each_event_is_about() {
    let cloud = Cloud::with("box").await;
    configure(&cloud, "<EventBridgeConfiguration></EventBridgeConfiguration>").await;
    live(&cloud).await;
    let detail = |input: &Value| serde_json::from_str::<Value>(input["Entries"][0]["Detail"].as_str().unwrap()).unwrap();
    let told = outbox(&cloud).into_iter().map(|(_, input)| {
        let (kind, detail) = (input["Entries"][0]["DetailType"].as_str().unwrap().to_owned(), detail(&input));
        let text = |name: &str| detail[name].as_str().unwrap_or("-").to_owned();
        format!("{kind}: {} {}", text("reason"), text("deletion-type"))
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    let expected = [
        "Object ACL Updated: - -",
        "Object Created: CompleteMultipartUpload -",
        "Object Created: CopyObject -",
        "Object Created: PutObject -",
        "Object Deleted: DeleteObject Delete Marker Created",
        "Object Deleted: DeleteObject Permanently Deleted",
        "Object Tags Added: - -",
        "Object Tags Deleted: - -",
    ];
    assert_eq!(told, expected);
}
