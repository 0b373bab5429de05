//! Listings and their pages.

use crate::cloud::{Cloud, all};

async fn filled() -> Cloud {
    let cloud = Cloud::with("box").await;
    for key in ["a.txt", "photos/1", "photos/2", "photos/2025/x", "zed", "%C3%A9t%C3%A9", "a%26b%0A"] {
        cloud.ok("PUT", &format!("/box/{key}"), "x").await;
    }
    Cloud::ok(&cloud, "PUT", "/box-other", "").await;
    cloud.ok("PUT", "/box-other/photos/9", "x").await;
    cloud
}

#[tokio::test]
async fn keys_are_listed_in_the_order_of_their_bytes() {
    let cloud = filled().await;
    let list = cloud.ok("GET", "/box?list-type=2&encoding-type=url", "").await;
    assert_eq!(
        all(&list, "Key"),
        ["a%26b%0A", "a.txt", "photos/1", "photos/2", "photos/2025/x", "zed", "%C3%A9t%C3%A9"],
        "{}",
        list.text()
    );
    assert_eq!((list.element("KeyCount"), list.element("IsTruncated")), ("7".into(), "false".into()));
    let folders = cloud.ok("GET", "/box?list-type=2&delimiter=/&prefix=photos/", "").await;
    assert_eq!(all(&folders, "Key"), ["photos/1", "photos/2"]);
    assert!(folders.text().contains("<CommonPrefixes><Prefix>photos/2025/</Prefix></CommonPrefixes>"), "{}", folders.text());
    assert_eq!(all(&cloud.ok("GET", "/box?list-type=2&start-after=photos/2", "").await, "Key").len(), 3);
    assert_eq!(all(&cloud.ok("GET", "/box?list-type=2&prefix=zed", "").await, "Key"), ["zed"]);
    assert_eq!(cloud.ok("GET", "/box?list-type=2&max-keys=0", "").await.element("IsTruncated"), "false");
    cloud.fails("GET", "/box?list-type=2&max-keys=-1", "", "InvalidArgument").await;
    cloud.fails("GET", "/box?list-type=2&continuation-token=%21", "", "InvalidArgument").await;
}

#[tokio::test]
async fn pages_follow_each_other() {
    let cloud = filled().await;
    for size in 1..=7 {
        let (mut seen, mut query) = (Vec::new(), String::new());
        loop {
            let page = cloud.ok("GET", &format!("/box?list-type=2&delimiter=/&max-keys={size}{query}"), "").await;
            seen.extend(all(&page, "Key"));
            seen.extend(all(&page, "CommonPrefixes"));
            if page.element("IsTruncated") == "false" {
                break;
            }
            query = format!("&continuation-token={}", page.element("NextContinuationToken"));
        }
        assert_eq!(seen.len(), 5, "pages of {size}: {seen:?}");
    }
    let first = cloud.ok("GET", "/box?max-keys=2&delimiter=/", "").await;
    assert_eq!(first.element("NextMarker"), "a.txt", "{}", first.text());
    let second = cloud.ok("GET", "/box?max-keys=2&delimiter=/&marker=a.txt", "").await;
    assert!(second.text().contains("<Prefix>photos/</Prefix>") && all(&second, "Key") == ["zed"], "{}", second.text());
}

#[tokio::test]
async fn a_walk_leaps_over_folders() {
    let cloud = Cloud::with("box").await;
    for number in 0..2500 {
        cloud.ok("PUT", &format!("/box/d{}/{number:05}", number / 1200), "x").await;
    }
    let list = cloud.ok("GET", "/box?list-type=2&delimiter=/", "").await;
    assert_eq!((list.element("KeyCount"), list.text().matches("<CommonPrefixes>").count()), ("3".into(), 3));
    let page = cloud.ok("GET", "/box?list-type=2", "").await;
    assert_eq!((page.element("KeyCount"), page.element("IsTruncated")), ("1000".into(), "true".into()));
}
