#!/usr/bin/env bash
# The functions demo: a picture that is put into a bucket gets a thumbnail, made by a Python function with its dependencies in the zip; its lines
# are in the log stream; and an HTTP API stands in front of it. All through the AWS CLI and curl.
#
# It can be run again: what is there already is kept. HILLFOG_DATA names another data folder.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=demo/lib.sh
. demo/lib.sh

start_cloud
account=$(aws sts get-caller-identity --query Account --output text)
bucket=demo-photos-$account
work=.cache/demo-lambda

step "A zip: the function, Pillow and the AWS SDK"
version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ ! -d "$work/python$version" ]; then
  printf '         %s$ pip install --target … pillow boto3%s\n' "$dim" "$off"
  rm -rf "$work/new" && mkdir -p "$work/new"
  python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$work/new" pillow boto3
  mv "$work/new" "$work/python$version"
fi
cp demo/thumbnail/app.py "$work/python$version/"
python3 -c 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", sys.argv[2])' "$work/function" "$work/python$version"

step "A bucket, and the zip in it"
aws s3api head-bucket --bucket "$bucket" >/dev/null 2>&1 || aws_run s3api create-bucket --bucket "$bucket" >/dev/null
aws_run s3 cp --only-show-errors "$work/function.zip" "s3://$bucket/code/function.zip"

step "A role that lets the function read and write the bucket, and write its log"
role=arn:aws:iam::$account:role/demo-thumbnail
if ! aws iam get-role --role-name demo-thumbnail >/dev/null 2>&1; then
  aws_run iam create-role --role-name demo-thumbnail --query Role.Arn --assume-role-policy-document \
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}' >/dev/null
fi
aws_run iam attach-role-policy --role-name demo-thumbnail --policy-arn arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
aws_run iam put-role-policy --role-name demo-thumbnail --policy-name bucket --policy-document \
  "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\",\"s3:ListBucket\"],\"Resource\":[\"arn:aws:s3:::$bucket\",\"arn:aws:s3:::$bucket/*\"]}]}"

step "The function"
if aws lambda get-function --function-name demo-thumbnail >/dev/null 2>&1; then
  aws_run lambda update-function-code --function-name demo-thumbnail --s3-bucket "$bucket" --s3-key code/function.zip --query FunctionArn >/dev/null
  aws_run lambda wait function-updated-v2 --function-name demo-thumbnail
else
  aws_run lambda create-function --function-name demo-thumbnail --runtime "python$version" --handler app.handler --role "$role" \
    --timeout 30 --memory-size 512 --environment "Variables={BUCKET=$bucket}" --code "S3Bucket=$bucket,S3Key=code/function.zip" --query FunctionArn >/dev/null
  aws_run lambda wait function-active-v2 --function-name demo-thumbnail
fi
function=$(aws lambda get-function --function-name demo-thumbnail --query Configuration.FunctionArn --output text)
# Who may invoke it; said once for each.
allow() { # id, service, source
  aws lambda add-permission --function-name demo-thumbnail --statement-id "$1" --action lambda:InvokeFunction --principal "$2" --source-arn "$3" \
    >/dev/null 2>"$work/refused" || grep -q ResourceConflictException "$work/refused" || fail "$(cat "$work/refused")"
}
allow bucket s3.amazonaws.com "arn:aws:s3:::$bucket"

step "The bucket tells the function of each picture"
aws_run s3api put-bucket-notification-configuration --bucket "$bucket" --notification-configuration \
  "{\"LambdaFunctionConfigurations\":[{\"LambdaFunctionArn\":\"$function\",\"Events\":[\"s3:ObjectCreated:*\"],\"Filter\":{\"Key\":{\"FilterRules\":[{\"Name\":\"prefix\",\"Value\":\"photos/\"}]}}}]}"

step "A picture"
PYTHONPATH=$work/python$version python3 - "$work/hill.png" <<'PICTURE'
import sys
from PIL import Image, ImageDraw
picture = Image.new("RGB", (1600, 900), "lightsteelblue")
draw = ImageDraw.Draw(picture)
draw.ellipse((200, 500, 1900, 1700), fill="darkseagreen")
for height in range(300, 620, 40):
    draw.ellipse((-200, height, 1800, height + 60), fill="whitesmoke")
picture.save(sys.argv[1])
PICTURE
aws s3 rm --quiet "s3://$bucket/thumbnails/hill.png"
aws_run s3 cp --only-show-errors "$work/hill.png" "s3://$bucket/photos/hill.png"
aws_run s3api wait object-exists --bucket "$bucket" --key thumbnails/hill.png
aws_run s3 cp --only-show-errors "s3://$bucket/thumbnails/hill.png" "$work/thumbnail.png"
printf '         its thumbnail: %s\n' "$work/thumbnail.png"

step "What the function has written"
lines() { aws logs filter-log-events --log-group-name /aws/lambda/demo-thumbnail --filter-pattern 'became' --query 'events[].message' --output text; }
for _ in $(seq 60); do
  [ -z "$(lines 2>/dev/null)" ] || break
done
lines | sed 's/^/         /'

step "An HTTP API in front of it"
api=$(aws apigatewayv2 get-apis --query "Items[?Name=='demo-thumbnails'].ApiId | [0]" --output text)
if [ "$api" = None ]; then
  api=$(aws_run apigatewayv2 create-api --name demo-thumbnails --protocol-type HTTP --target "$function" --query ApiId)
fi
allow api apigateway.amazonaws.com "arn:aws:execute-api:$AWS_DEFAULT_REGION:$account:$api/*"
endpoint=$(aws_run apigatewayv2 get-api --api-id "$api" --query ApiEndpoint)
printf '         %s$ curl %s/thumbnails%s\n         ' "$dim" "$endpoint" "$off"
curl --silent --show-error --fail-with-body --max-time 30 "$endpoint/thumbnails" || fail "The API didn't answer."

printf '\n\n%sDone.%s Put a picture of yours under s3://%s/photos/. \`%s down --data %s\` stops the cloud.\n' "$green" "$off" "$bucket" "$hillfog" "$data"
