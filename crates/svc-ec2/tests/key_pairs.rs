//! Key pairs, through the front.

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{call, cloud, ec2};
use front::{Call, Recorder, testing::Bench};
use std::sync::{Arc, Mutex};

// Made with ssh-keygen for these tests alone; their private halves are kept nowhere.
const RSA_1024: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDTqcT8gQQJ4UC8or3oTqPZ/nPXSerdjIYLB3Cf2AdzOGVHJBTznBSVxFRsM6lJSgWwDnyqAg\
    jlHhfhSfDj5RNrhA1s5yo8ETx7rrdIAQxTqv+KgBV3JigXzaWGH+RKayVD93agspQReoPAF/Xxo39h4fGiQsaKMf1G6M4j8gALFQ== me@home";
const RSA_3072: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDYRtndH607e3jMa5CQhlHRnKNOUJkaI1IqdBXMNkaCXmUq9uYQJ7snNo/T6jNhcCAMB+eO5z\
    qFPr2gj0OAr/ujXkBG6RQBC3gFkQmp4bVvDriN1NVSkX1hIlBXsvnL05q0g670erLmMP6XFOpCZBwi5Tsx4ZPYJhHJhuV0YmlcHVg0xboA4VI6\
    kYr16AsRehTQRgKjRqUEMxrozhEfFCBxufvfnQE55+jtEO0VrzjgUze6EmWVxdUqNGxxFoj+QN9yvIkUxffUMgbNjiUO7wYpQJXb6uQb7I+hZK\
    zsPRymdV22HPsMGyBQd36Gfx//gQf0lvv6hpRhmMyfy9pVtPLc07BcEnK2XUO+awJd7wSIr+/9jqxMjpr7KY0byvDaFceRaxdM7cO+Br5D0JKB\
    9Y9BekTarfynjUUaLhRLs4K5ptnpLjHqLipOhdCxY6ukEZyYzhyZU6yh9O6OrksjIruUM0hBRKgBW+0OFlrj7b6EEMXZ4CU8ojUf4t5biEq1GD\
    U= me@home";
const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE2uGfKjleVy3EC2F08ihH+I2DtchV46cDSB+si+h8g/ me";
const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGRz2ZUta4IZnb/WG/2QncjWal+NWNpsYzJ3Ft\
    P/Yi+73bmxsZkgTiGDVYCOSLks+KKEnTYb4qGe0eNQ8Nh74Xw= me";

async fn import(bench: &Bench, name: &str, material: &str) -> common::Answer {
    call(bench, "ec2", "ImportKeyPair", &[("KeyName", name), ("PublicKeyMaterial", &STANDARD.encode(material))]).await
}

async fn names(bench: &Bench) -> Vec<String> {
    let mut names: Vec<String> =
        ec2(bench, "DescribeKeyPairs", &[]).await.all("item/keyName").iter().map(|name| name.to_string()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn an_rsa_key_is_told_once() {
    let cloud = cloud();
    let made = ec2(&cloud, "CreateKeyPair", &[("KeyName", "web")]).await;
    let pem = made.one("keyMaterial");
    assert!(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"), "{pem}");
    assert!(pem.trim_end().ends_with("-----END RSA PRIVATE KEY-----"), "{pem}");
    assert_eq!(made.one("keyFingerprint").split(':').count(), 20);
    let shown = ec2(&cloud, "DescribeKeyPairs", &[("KeyName.1", "web"), ("IncludePublicKey", "true")]).await;
    assert_eq!(shown.one("item/keyPairId"), made.one("keyPairId"));
    assert_eq!(shown.one("item/keyFingerprint"), made.one("keyFingerprint"));
    assert_eq!(shown.one("item/keyType"), "rsa");
    let line = shown.one("item/publicKey");
    assert!(line.starts_with("ssh-rsa ") && line.ends_with(" web"), "{line}");
    assert!(shown.all("keyMaterial").is_empty());
    assert!(ec2(&cloud, "DescribeKeyPairs", &[]).await.all("item/publicKey").is_empty());
}

#[tokio::test]
async fn an_ed25519_key_comes_in_opensshs_format() {
    let cloud = cloud();
    let made = ec2(&cloud, "CreateKeyPair", &[("KeyName", "web"), ("KeyType", "ed25519"), ("KeyFormat", "pem")]).await;
    let private = ssh_key::PrivateKey::from_openssh(made.one("keyMaterial")).unwrap();
    let shown = ec2(&cloud, "DescribeKeyPairs", &[("IncludePublicKey", "true")]).await;
    assert_eq!(private.public_key().to_openssh().unwrap(), shown.one("item/publicKey"));
    assert_eq!(shown.one("item/keyType"), "ed25519");
    let digest = STANDARD.decode(made.one("keyFingerprint")).unwrap();
    assert_eq!(digest, private.fingerprint(ssh_key::HashAlg::Sha256).as_bytes());
    let other = ec2(&cloud, "CreateKeyPair", &[("KeyName", "other"), ("KeyType", "ed25519")]).await;
    assert_ne!(other.one("keyMaterial"), made.one("keyMaterial"));
}

#[tokio::test]
async fn keys_are_imported_in_each_form() {
    let cloud = cloud();
    let body = RSA_1024.split(' ').nth(1).unwrap();
    let header = "Subject: long \\\nand longer\nComment: \"c\"\n";
    let rfc4716 = format!("---- BEGIN SSH2 PUBLIC KEY ----\n{header}{body}\n---- END SSH2 PUBLIC KEY ----\n");
    let der = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDTqcT8gQQJ4UC8or3oTqPZ/nPXSerdjIYLB3Cf2AdzOGVHJBTznBSVxFRsM6lJSgWwDnyqAg\
    jlHhfhSfDj5RNrhA1s5yo8ETx7rrdIAQxTqv+KgBV3JigXzaWGH+RKayVD93agspQReoPAF/Xxo39h4fGiQsaKMf1G6M4j8gALFQIDAQAB";
    for (name, material) in [("line", RSA_1024), ("rfc4716", &rfc4716), ("der", der)] {
        let made = import(&cloud, name, material).await;
        assert_eq!((made.status, made.one("keyFingerprint")), (200, "52:25:c5:ee:75:df:cf:b9:58:e8:49:b0:36:dc:aa:1c"), "{name}");
        let shown = ec2(&cloud, "DescribeKeyPairs", &[("KeyName.1", name), ("IncludePublicKey", "true")]).await;
        assert_eq!(shown.one("item/publicKey"), format!("ssh-rsa {body} {name}"));
    }
    let made = import(&cloud, "ed25519", ED25519).await;
    assert_eq!(made.one("keyFingerprint"), "KN9TnGksvPT0v+UPaQXYSGZJ/xBpuwg31m6yqbH5Z4Q=");
}

#[tokio::test]
async fn what_is_no_key_of_ec2s_is_refused() {
    let cloud = cloud();
    for material in ["junk", "ssh-rsa AAAA web", "ssh-rsa", RSA_3072, ECDSA, "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n", "\u{e4}"]
    {
        let answer = import(&cloud, "web", material).await;
        assert_eq!((answer.status, answer.code()), (400, "InvalidKey.Format"), "{material}");
        assert_eq!(answer.message(), "Key is not in valid OpenSSH public key format");
    }
    assert!(names(&cloud).await.is_empty());
}

#[tokio::test]
async fn bad_input_makes_no_key() {
    let cloud = cloud();
    import(&cloud, "there", ED25519).await;
    let long = "n".repeat(256);
    let tag = [("TagSpecification.1.ResourceType", "vpc"), ("TagSpecification.1.Tag.1.Key", "k")];
    for (status, code, parameters) in [
        (400, "InvalidKeyPair.Duplicate", vec![("KeyName", "there")]),
        (400, "InvalidParameterValue", vec![("KeyName", " web")]),
        (400, "InvalidParameterValue", vec![("KeyName", "w\u{e4}b")]),
        (400, "InvalidParameterValue", vec![("KeyName", &*long)]),
        (400, "InvalidParameterValue", vec![("KeyName", "web"), tag[0], tag[1]]),
        (501, "NotImplemented", vec![("KeyName", "web"), ("KeyFormat", "ppk")]),
        (412, "DryRunOperation", vec![("KeyName", "web"), ("DryRun", "true")]),
    ] {
        let answer = call(&cloud, "ec2", "CreateKeyPair", &parameters).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{parameters:?}");
    }
    let again = import(&cloud, "there", ED25519).await;
    assert_eq!((again.code(), again.message()), ("InvalidKeyPair.Duplicate", "The keypair 'there' already exists"));
    assert_eq!(names(&cloud).await, ["there"]);
    assert!(ec2(&cloud.region("eu-west-1"), "DescribeKeyPairs", &[]).await.all("item/keyName").is_empty());
}

#[tokio::test]
async fn key_pairs_are_found_by_what_they_are() {
    let cloud = cloud();
    let tags = [
        ("KeyName", "web"),
        ("KeyType", "ed25519"),
        ("TagSpecification.1.ResourceType", "key-pair"),
        ("TagSpecification.1.Tag.1.Key", "team"),
        ("TagSpecification.1.Tag.1.Value", "blue"),
    ];
    let made = ec2(&cloud, "CreateKeyPair", &tags).await;
    assert_eq!(made.one("tagSet/item/value"), "blue");
    let (id, fingerprint) = (made.one("keyPairId"), made.one("keyFingerprint"));
    import(&cloud, "other", ED25519).await;
    for (name, value) in
        [("key-name", "w?b"), ("key-pair-id", id), ("fingerprint", fingerprint), ("tag:team", "blue"), ("tag-key", "team")]
    {
        let found = ec2(&cloud, "DescribeKeyPairs", &[("Filter.1.Name", name), ("Filter.1.Value.1", value)]).await;
        assert_eq!(found.all("item/keyName"), ["web"], "{name}");
    }
    assert_eq!(ec2(&cloud, "DescribeKeyPairs", &[("KeyPairId.1", id)]).await.all("item/keyName"), ["web"]);
    for (parameter, value, code) in [
        ("KeyName.1", "nobody", "InvalidKeyPair.NotFound"),
        ("KeyPairId.1", "key-00000000000000000", "InvalidKeyPair.NotFound"),
        ("KeyPairId.1", "web", "InvalidParameterValue"),
    ] {
        assert_eq!(call(&cloud, "ec2", "DescribeKeyPairs", &[(parameter, value)]).await.code(), code);
    }
    let colour = [("Filter.1.Name", "colour"), ("Filter.1.Value.1", "red")];
    assert_eq!(call(&cloud, "ec2", "DescribeKeyPairs", &colour).await.code(), "InvalidParameterValue");
}

#[tokio::test]
async fn tags_come_and_go() {
    let cloud = cloud();
    let id = import(&cloud, "web", ED25519).await.one("keyPairId").to_owned();
    ec2(&cloud, "CreateTags", &[("ResourceId.1", &id), ("Tag.1.Key", "team"), ("Tag.1.Value", "blue")]).await;
    assert_eq!(ec2(&cloud, "DescribeKeyPairs", &[]).await.all("tagSet/item/value"), ["blue"]);
    let kind = [("Filter.1.Name", "resource-type"), ("Filter.1.Value.1", "key-pair")];
    assert_eq!(ec2(&cloud, "DescribeTags", &kind).await.all("item/resourceId"), [id.as_str()]);
    ec2(&cloud, "DeleteTags", &[("ResourceId.1", &id), ("Tag.1.Key", "team")]).await;
    assert!(ec2(&cloud, "DescribeTags", &kind).await.all("item/resourceId").is_empty());
    let nobody = [("ResourceId.1", "key-00000000000000000"), ("Tag.1.Key", "team")];
    assert_eq!(call(&cloud, "ec2", "CreateTags", &nobody).await.code(), "InvalidKeyPair.NotFound");
}

#[tokio::test]
async fn deleting_needs_no_key_to_be_there() {
    let cloud = cloud();
    let first = import(&cloud, "first", ED25519).await.one("keyPairId").to_owned();
    let second = import(&cloud, "second", ED25519).await.one("keyPairId").to_owned();
    let dry = call(&cloud, "ec2", "DeleteKeyPair", &[("KeyName", "first"), ("DryRun", "true")]).await;
    assert_eq!(dry.code(), "DryRunOperation");
    assert_eq!(call(&cloud, "ec2", "DeleteKeyPair", &[]).await.code(), "MissingParameter");
    assert_eq!(names(&cloud).await, ["first", "second"]);
    let gone = ec2(&cloud, "DeleteKeyPair", &[("KeyName", "first")]).await;
    assert_eq!((gone.one("return"), gone.one("keyPairId")), ("true", first.as_str()));
    ec2(&cloud, "DeleteKeyPair", &[("KeyPairId", &second)]).await;
    assert!(names(&cloud).await.is_empty());
    for again in [("KeyName", "first"), ("KeyPairId", second.as_str())] {
        let answer = ec2(&cloud, "DeleteKeyPair", &[again]).await;
        assert_eq!((answer.one("return"), answer.all("keyPairId").len()), ("true", 0));
    }
}

#[derive(Default)]
struct Notebook(Mutex<Vec<Call>>);

impl Recorder for Notebook {
    fn record(&self, call: Call) {
        self.0.lock().unwrap().push(call);
    }

    fn in_full(&self, _: &'static wire::Service, _: &'static str) -> bool {
        true
    }
}

#[tokio::test]
async fn the_private_key_is_in_no_record_and_in_no_event() {
    let notebook = Arc::<Notebook>::default();
    let cloud = Bench::on(spine::Store::ephemeral(), |front, store, _| {
        front.service(svc_ec2::service(&Arc::new(store.clone()), &Arc::new(svc_ec2::Hosts::none()))).recorder(notebook.clone())
    });
    let made = ec2(&cloud, "CreateKeyPair", &[("KeyName", "web"), ("KeyType", "ed25519")]).await;
    let calls = notebook.0.lock().unwrap();
    let response = &calls[0].response;
    assert_eq!(response["keyFingerprint"], made.one("keyFingerprint"));
    let text = response.to_string() + &calls[0].parameters.to_string();
    assert!(response.get("keyMaterial").is_some() && !text.contains("PRIVATE KEY"), "{text}");
    let kept = format!("{:?}", spine::Read::specs::<model::ec2::KeyPair>(&cloud.store.snapshot(), spine::Scope::All).unwrap());
    assert!(kept.contains("ssh-ed25519") && !kept.contains("PRIVATE"), "{kept}");
}
