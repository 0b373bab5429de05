"""The functions demo: makes a thumbnail of each picture that is put under `photos/`, and tells who asks by HTTP what there is."""
import io
import json
import os
import urllib.parse

import boto3
from PIL import Image

s3 = boto3.client("s3")


def handler(event, context):
    if "requestContext" in event:
        return listing(event)
    return [thumbnail(record["s3"]) for record in event["Records"]]


def thumbnail(put):
    bucket, key = put["bucket"]["name"], urllib.parse.unquote_plus(put["object"]["key"])
    picture = Image.open(s3.get_object(Bucket=bucket, Key=key)["Body"])
    size = picture.size
    picture.thumbnail((128, 128))
    written = io.BytesIO()
    picture.save(written, "PNG")
    target = key.replace("photos/", "thumbnails/", 1)
    s3.put_object(Bucket=bucket, Key=target, Body=written.getvalue(), ContentType="image/png")
    print(f"{key} {size} became {target} {picture.size}")
    return target


def listing(event):
    found = s3.list_objects_v2(Bucket=os.environ["BUCKET"], Prefix="thumbnails/").get("Contents", [])
    body = {"asked": event["rawPath"], "thumbnails": {it["Key"]: it["Size"] for it in found}}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
