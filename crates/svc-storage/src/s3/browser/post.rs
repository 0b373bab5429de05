//! Uploads of forms (Amazon S3 API reference, "Browser-Based Uploads Using POST"). Who has signed the form's policy uploads; a form
//! without one is nobody's.

use crate::s3::{
    Storage, acl,
    blobs::{ContentKey, Writer, Written},
    checksum::{self, Algorithm},
    digest,
    draft::{self, Wishes},
    encryption::{Headers, Wanted},
    errors, find, names,
    ops::put,
    receive,
    versions::Place,
};
use api::s3 as sdk;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use front::{Arrival, Body, Cx, body};
use futures::{Stream, stream};
use http::{HeaderMap, Method, Response, StatusCode, header};
use logic::{policy::Context, post_policy::Policy};
use model::s3::{Checksum, Content, VersionSpec};
use multer::{Constraints, Field, Multipart, SizeLimit};
use std::{collections::BTreeMap, io, sync::Arc};
use wire::{Dialect, Fault, FromValue, Value};

/// The most bytes of all fields before the file.
const LARGEST_FIELDS: u64 = 20 * 1024;
/// The most fields.
const MOST_FIELDS: usize = 64;

/// The fields before the file, by lower-case names.
type Fields = BTreeMap<String, String>;

/// Takes an upload.
pub async fn upload(
    s3: &Arc<Storage>,
    request: &wire::Request,
    content: Body,
    arrival: &Arrival,
) -> Result<Response<Body>, Fault> {
    let mut form = form(request, content)?;
    let bucket = request.path.trim_matches('/').to_owned();
    let (mut fields, file) = fields(&mut form).await?;
    fields.insert("bucket".into(), bucket.clone());
    let key = key(&fields, &file)?;
    let snapshot = s3.store.snapshot();
    let spec = find::anywhere(&snapshot, &bucket, None)?;
    let (cx, policy) = signer(s3, arrival, &fields, (&spec.owner, &spec.region))?;
    if let Some(policy) = &policy {
        policy.check(&fields, cx.now).map_err(|why| Fault { message: why.to_string(), ..errors::access_denied() })?;
    }
    cx.authorize("s3:PutObject", &[find::object_arn(&bucket, &key)], &Context::new())?;
    let wishes = wishes(&fields)?;
    let draft = wishes.draft(&cx, &snapshot, (&bucket, &spec), &key)?;
    let method = encryption(&fields)?.choose(&cx, &snapshot, &spec, (&bucket, &key))?;
    let secret = ContentKey::new(&cx.env);
    let (written, checksum) = receive_file(s3, &cx, file, &fields, policy.and_then(|policy| policy.length), &secret).await?;
    let content = Content {
        blob: written.id.clone(),
        size: written.size,
        etag: method.etag(&cx.env, &written.md5),
        checksum,
        class: wishes.class(),
        headers: wishes.headers.clone(),
        seal: None,
    };
    let etag = content.etag.clone();
    let (at, named, teller) = (bucket.clone(), key.clone(), cx.clone());
    let done = s3.commit(vec![written], move |tx, written, gone| {
        let bucket = find::anywhere(tx, &at, None)?;
        written.iter().try_for_each(|blob| receive::record(tx, blob))?;
        let content = Content { seal: Some(method.seal(&teller, tx, &secret)?), ..content.clone() };
        let draft = VersionSpec { content: Some(content), ..draft.clone() };
        let place = Place { name: &at, bucket: &bucket, key: &named };
        put::create(tx, &teller, place, draft, ("ObjectCreated:Post", "POST Object"), gone)
    });
    let answered = done.await;
    arrival.tell(&cx, "PutObject", &answered.as_ref().map(drop).map_err(Clone::clone));
    let (made, spec) = answered?;
    answer(&cx, &fields, (&bucket, &key, &etag), put::shown_id(&spec, &made))
}

fn form(request: &wire::Request, content: Body) -> Result<Multipart<'static>, Fault> {
    let kind = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(malformed)?;
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(receive::LARGEST + (1 << 20)));
    Ok(Multipart::with_constraints(pieces(content), boundary, limits))
}

/// The object's key, which may contain the file's name.
fn key(fields: &Fields, file: &Field<'_>) -> Result<String, Fault> {
    let key = fields.get("key").ok_or_else(|| {
        errors::invalid_argument(
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
            "key",
            "",
        )
    })?;
    let key = key.replace("${filename}", file.file_name().unwrap_or_default());
    names::key(&key)?;
    Ok(key)
}

/// Writes the file, which has to be as long as the policy and as its checksum in the fields say.
async fn receive_file(
    s3: &Storage,
    cx: &Cx,
    mut file: Field<'_>,
    fields: &Fields,
    length: Option<(u64, u64)>,
    secret: &ContentKey,
) -> Result<(Written, Option<Checksum>), Fault> {
    let given = digest::one(checksums(fields))?;
    let algorithm = given.as_ref().map_or(Algorithm::Crc64Nvme, |(algorithm, _)| *algorithm);
    let mut writer = Writer::new(&s3.blobs, &cx.env, Some(algorithm), Some(secret));
    while let Some(piece) = file.chunk().await.map_err(malformed)? {
        writer.write(&piece).await.map_err(errors::disk)?;
        if let Some((_, most)) = length.filter(|(_, most)| writer.size() > *most) {
            return Err(errors::too_large(writer.size(), most));
        }
    }
    if let Some((least, _)) = length.filter(|(least, _)| writer.size() < *least) {
        let fault = Fault::client("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
        let fault = fault.with("ProposedSize", Value::Str(writer.size().to_string()));
        return Err(fault.with("MinSizeAllowed", Value::Str(least.to_string())));
    }
    let written = writer.finish().await.map_err(errors::disk)?;
    let checksum = written.checksum.as_deref().map(|bytes| checksum::full(algorithm, bytes));
    if given.is_some_and(|(_, value)| checksum.as_ref().is_none_or(|sum| sum.value != value)) {
        return Err(errors::bad_digest(algorithm.name()));
    }
    Ok((written, checksum))
}

fn malformed(error: multer::Error) -> Fault {
    match error {
        multer::Error::StreamSizeExceeded { limit } => errors::too_large(limit, receive::LARGEST),
        error => Fault::client(
            "MalformedPOSTRequest",
            format!("The body of your POST request is not well-formed multipart/form-data: {error}"),
        ),
    }
}

fn pieces(content: Body) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold(content, |mut content| async move {
        let piece = body::next(&mut content).await.map_err(io::Error::other)?;
        Ok(piece.map(|piece| (piece, content)))
    })
}

/// The fields up to the file; what is behind it is not looked at.
async fn fields<'a>(form: &mut Multipart<'a>) -> Result<(Fields, Field<'a>), Fault> {
    let (mut fields, mut bytes) = (Fields::new(), 0);
    while let Some(mut field) = form.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().to_ascii_lowercase();
        if name == "file" {
            return Ok((fields, field));
        }
        let mut value = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(malformed)? {
            bytes += piece.len() as u64;
            if bytes > LARGEST_FIELDS {
                return Err(Fault::client(
                    "MaxPostPreDataLengthExceeded",
                    "Your POST request fields preceding the upload file were too large.",
                ));
            }
            value.extend_from_slice(&piece);
        }
        fields.insert(name, String::from_utf8_lossy(&value).into_owned());
        if fields.len() > MOST_FIELDS {
            return Err(errors::invalid_request("The form has too many fields."));
        }
    }
    Err(errors::invalid_argument("POST requires exactly one file upload per request.", "file", "0"))
}

/// Who uploads: whoever has signed the policy; where there is none, nobody who is known.
fn signer(
    s3: &Arc<Storage>,
    arrival: &Arrival,
    fields: &Fields,
    (owner, region): (&model::AccountId, &model::Region),
) -> Result<(Cx, Option<Policy>), Fault> {
    let service = &api::s3::SERVICE;
    let Some(encoded) = fields.get("policy") else {
        return Ok((arrival.anonymous(&s3.store, service, owner, region)?, None));
    };
    let missing = |name: &'static str| {
        errors::invalid_argument(
            format!(
                "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields."
            ),
            name,
            "",
        )
    };
    let field = |name: &'static str| fields.get(name).ok_or_else(|| missing(name));
    let token = fields.get("x-amz-security-token").map(String::as_str);
    let cx = if let Some(id) = fields.get("awsaccesskeyid") {
        let signature = field("signature")?;
        arrival.signer_by_version_2(&s3.store, (service, region), (id, token), encoded.as_bytes(), signature)?
    } else {
        if field("x-amz-algorithm")? != "AWS4-HMAC-SHA256" {
            return Err(errors::invalid_argument("The algorithm has to be AWS4-HMAC-SHA256", "x-amz-algorithm", ""));
        }
        field("x-amz-date")?;
        let (credential, signature) = (field("x-amz-credential")?, field("x-amz-signature")?);
        arrival.signer(&s3.store, service, (credential, token), encoded.as_bytes(), signature)?
    };
    let decoded = STANDARD.decode(encoded.split_whitespace().collect::<String>());
    let invalid = |why: String| Fault::client("InvalidPolicyDocument", why);
    let policy = decoded.map_err(|_| invalid("Invalid Policy: Invalid Base64.".into()))?;
    Ok((cx, Some(Policy::parse(&policy).map_err(|why| invalid(why.to_string()))?)))
}

fn checksums(fields: &Fields) -> Vec<(String, String)> {
    let named =
        |(name, value): (&String, &String)| Some((name.strip_prefix("x-amz-checksum-")?.to_ascii_uppercase(), value.clone()));
    fields.iter().filter_map(named).filter(|(name, _)| name != "ALGORITHM").collect()
}

/// The fields as an object's wishes.
fn wishes(fields: &Fields) -> Result<Wishes<'_>, Fault> {
    let text = |name: &str| fields.get(name).map(String::as_str);
    if let Some(lock) = fields.keys().find(|name| name.starts_with("x-amz-object-lock-")) {
        return Err(errors::not_built(format_args!("the field {lock} of forms")));
    }
    const KEPT: [&str; 6] = [
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-type",
        "expires",
        "x-amz-website-redirect-location",
    ];
    let kept = |name: &str| KEPT.contains(&name) || name.starts_with("x-amz-meta-");
    let unknown = |what: &'static str, value: &str| errors::invalid_argument(format!("The {what} is not valid"), what, value);
    let class = text("x-amz-storage-class")
        .map(|text| sdk::StorageClass::parse(text).ok_or_else(|| unknown("x-amz-storage-class", text)));
    let canned = text("acl").filter(|text| sdk::ObjectCannedACL::parse(text).is_some());
    if let Some(other) = text("acl").filter(|_| canned.is_none()) {
        return Err(unknown("acl", other));
    }
    Ok(Wishes {
        headers: fields.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.clone(), value.clone())).collect(),
        class: class.transpose()?,
        tags: text("tagging").map(tags).transpose()?,
        acl: acl::Given { canned, headers: Vec::new(), list: None },
        mode: None,
        until: None,
        hold: None,
    })
}

/// The field `tagging` holds what `PutObjectTagging` takes.
fn tags(document: &str) -> Result<BTreeMap<String, String>, Fault> {
    let request = wire::Request {
        method: Method::PUT,
        path: "/bucket/key".into(),
        query: "tagging".into(),
        headers: HeaderMap::new(),
        body: document.to_owned().into(),
    };
    let dialect = Dialect::preferred(&api::s3::SERVICE);
    let input = dialect.decode(dialect.match_operation(&request)?, &request)?;
    let input = sdk::PutObjectTaggingRequest::from_value(input)?;
    draft::tags_of(&input.tagging, draft::most_object_tags())
}

/// What the fields say of encryption.
fn encryption(fields: &Fields) -> Result<Wanted<'_>, Fault> {
    const NAME: &str = "x-amz-server-side-encryption";
    let text = |rest: &str| fields.get(&format!("{NAME}{rest}")).map(String::as_str);
    let unknown = |text: &str| errors::invalid_argument("The encryption method specified is not supported", NAME, text);
    let algorithm = text("").map(|text| sdk::ServerSideEncryption::parse(text).ok_or_else(|| unknown(text)));
    Ok(Wanted {
        algorithm: algorithm.transpose()?,
        kms_key: text("-aws-kms-key-id"),
        context: text("-context"),
        bucket_key: text("-bucket-key-enabled").map(|text| text == "true"),
        customer: Headers { algorithm: text("-customer-algorithm"), key: text("-customer-key"), md5: text("-customer-key-md5") },
    })
}

/// What the browser gets: where to go, or the status that the form wants.
fn answer(
    cx: &Cx,
    fields: &Fields,
    (bucket, key, etag): (&str, &str, &str),
    version: Option<String>,
) -> Result<Response<Body>, Fault> {
    let location = format!("http://{}/{bucket}/{}", cx.endpoint, wire::protocol::uri::encode(key).replace("%2F", "/"));
    let mut response = Response::builder().header(header::ETAG, format!("\"{etag}\"")).header("x-amz-request-id", &cx.request_id);
    if let Some(version) = version {
        response = response.header("x-amz-version-id", version);
    }
    let redirect =
        fields.get("success_action_redirect").or_else(|| fields.get("redirect")).filter(|text| text.starts_with("http"));
    let made = match (redirect, fields.get("success_action_status").map(String::as_str)) {
        (Some(address), _) => {
            let mark = if address.contains('?') { '&' } else { '?' };
            let encode = wire::protocol::uri::encode;
            let address = format!("{address}{mark}bucket={bucket}&key={}&etag={}", encode(key), encode(&format!("\"{etag}\"")));
            response.status(StatusCode::SEE_OTHER).header(header::LOCATION, address).body(body::empty())
        }
        (None, Some("201")) => {
            let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let text = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>{}</Location><Bucket>{bucket}</Bucket><Key>{}</Key><ETag>\"{etag}\"</ETag></PostResponse>",
                escape(&location),
                escape(key)
            );
            let response = response.status(StatusCode::CREATED).header(header::LOCATION, location);
            response.header(header::CONTENT_TYPE, "application/xml").body(body::full(text))
        }
        (None, Some("200")) => response.status(StatusCode::OK).header(header::LOCATION, location).body(body::empty()),
        _ => response.status(StatusCode::NO_CONTENT).header(header::LOCATION, location).body(body::empty()),
    };
    made.map_err(Fault::internal)
}
