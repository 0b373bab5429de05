#!/usr/bin/env bash
# The demo: an image in ECR, a service of two tasks behind an Application Load Balancer, and its page, all through the AWS CLI.
#
# It can be run again: what is there already is kept. IMAGE=public/image:tag uses that image in place of the demo's own.
# HILLFOG_DATA names another data folder; PORT the port of the load balancer (80, or 8080 where 80 is taken).
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=demo/lib.sh
. demo/lib.sh

# As aws_run, for a command whose failure with the given error code means that the thing is there already.
aws_once() {
  local code=$1 errors; shift
  printf '         %s$ aws %s%s\n' "$dim" "$*" "$off" >&2
  if ! errors=$(aws "$@" --output text 2>&1 >/dev/null) && [[ $errors != *"$code"* ]]; then fail "$errors"; fi
}

start_cloud

if [ -n "${IMAGE:-}" ]; then
  image=$IMAGE
else
  step "An image in ECR"
  demo/image.py .cache/demo-image
  aws_once RepositoryAlreadyExistsException ecr create-repository --repository-name hello
  repository=$(aws_run ecr describe-repositories --repository-names hello --query 'repositories[0].repositoryUri')
  image=$repository:latest
  digest=$(python3 -c 'import json;print(json.load(open(".cache/demo-image/index.json"))["manifests"][0]["digest"])')
  pushed=$(aws ecr describe-images --repository-name hello --image-ids imageTag=latest --query 'imageDetails[0].imageDigest' --output text 2>/dev/null || true)
  if [ "$pushed" != "$digest" ]; then
    aws_run ecr get-login-password | skopeo login --tls-verify=false --username AWS --password-stdin "${repository%%/*}" >/dev/null
    printf '         %s$ skopeo copy oci:… docker://%s%s\n' "$dim" "$image" "$off"
    skopeo copy --quiet --dest-tls-verify=false oci:.cache/demo-image:latest "docker://$image"
  fi
fi

step "A network: the default VPC, and security groups for the balancer and the tasks"
vpc=$(aws_run ec2 describe-vpcs --filters Name=is-default,Values=true --query 'Vpcs[0].VpcId')
subnets=$(aws_run ec2 describe-subnets --filters "Name=vpc-id,Values=$vpc" --query 'Subnets[].SubnetId' | tr '\t' ' ')
group_of() { aws ec2 describe-security-groups --filters "Name=group-name,Values=$1" "Name=vpc-id,Values=$vpc" --query 'SecurityGroups[0].GroupId' --output text; }
group() { # name, description → its id, made if it isn't there
  local id; id=$(group_of "$1")
  [ "$id" != None ] || id=$(aws_run ec2 create-security-group --group-name "$1" --description "$2" --vpc-id "$vpc" --query GroupId)
  echo "$id"
}
balancer_group=$(group demo-balancer "Anyone may ask the load balancer")
task_group=$(group demo-tasks "Only the load balancer may ask the tasks")

# The port that the balancer listens at already, else the one that was asked for, else 80 where it is free.
listening=$(aws elbv2 describe-load-balancers --names demo --query 'LoadBalancers[0].LoadBalancerArn' --output text 2>/dev/null || true)
port=None
[ -z "$listening" ] || port=$(aws elbv2 describe-listeners --load-balancer-arn "$listening" --query 'Listeners[0].Port' --output text)
if [ "$port" = None ]; then
  port=${PORT:-80}
  if [ -z "${PORT:-}" ] && (exec 3<>/dev/tcp/127.0.0.1/80) 2>/dev/null; then port=8080; fi
fi
aws_once InvalidPermission.Duplicate ec2 authorize-security-group-ingress --group-id "$balancer_group" --protocol tcp --port "$port" --cidr 0.0.0.0/0
aws_once InvalidPermission.Duplicate ec2 authorize-security-group-ingress --group-id "$task_group" --protocol tcp --port 80 --source-group "$balancer_group"

step "An Application Load Balancer"
# shellcheck disable=SC2086 # the subnets are words
balancer=$(aws_run elbv2 create-load-balancer --name demo --subnets $subnets --security-groups "$balancer_group" --query 'LoadBalancers[0].LoadBalancerArn')
targets=$(aws_run elbv2 create-target-group --name demo --protocol HTTP --port 80 --vpc-id "$vpc" --target-type ip \
  --health-check-path /health --health-check-interval-seconds 5 --health-check-timeout-seconds 2 --healthy-threshold-count 2 --query 'TargetGroups[0].TargetGroupArn')
aws_once DuplicateListener elbv2 create-listener --load-balancer-arn "$balancer" --protocol HTTP --port "$port" --default-actions "Type=forward,TargetGroupArn=$targets"
name=$(aws_run elbv2 describe-load-balancers --names demo --query 'LoadBalancers[0].DNSName')

step "A cluster, a task definition, a service of two tasks"
aws_run ecs create-cluster --cluster-name demo --query cluster.clusterArn >/dev/null
aws_once ResourceAlreadyExistsException logs create-log-group --log-group-name /demo/web
definition=$(aws_run ecs register-task-definition --family web --network-mode awsvpc --requires-compatibilities FARGATE --cpu 256 --memory 512 \
  --container-definitions "[{\"name\":\"web\",\"image\":\"$image\",\"portMappings\":[{\"containerPort\":80}],\"logConfiguration\":{\"logDriver\":\"awslogs\",\"options\":{\"awslogs-group\":\"/demo/web\",\"awslogs-region\":\"$AWS_DEFAULT_REGION\",\"awslogs-stream-prefix\":\"web\"}}}]" \
  --query taskDefinition.taskDefinitionArn)
status=$(aws ecs describe-services --cluster demo --services web --query 'services[0].status' --output text 2>/dev/null || true)
network="awsvpcConfiguration={subnets=[${subnets// /,}],securityGroups=[$task_group]}"
if [ "$status" = ACTIVE ]; then
  aws_run ecs describe-services --cluster demo --services web --query 'services[0].serviceArn' >/dev/null
else
  aws_run ecs create-service --cluster demo --service-name web --task-definition "$definition" --desired-count 2 --launch-type FARGATE \
    --network-configuration "$network" --load-balancers "targetGroupArn=$targets,containerName=web,containerPort=80" --query service.serviceArn >/dev/null
fi

step "Waiting until both tasks answer"
deadline=$((SECONDS + 120))
shown=
while :; do
  healthy=$(aws elbv2 describe-target-health --target-group-arn "$targets" --query 'TargetHealthDescriptions[].TargetHealth.State' --output text)
  [ "$healthy" = "$shown" ] || { shown=$healthy; printf '         targets: %s\n' "${healthy:-none yet}"; }
  [ "$(tr '\t' '\n' <<<"$healthy" | grep -c '^healthy$')" -lt 2 ] || break
  if [ $SECONDS -gt $deadline ]; then
    aws ecs describe-services --cluster demo --services web --query 'services[0].events[:5].message' --output text >&2
    stopped=$(aws ecs list-tasks --cluster demo --desired-status STOPPED --query 'taskArns[0]' --output text)
    [ "$stopped" = None ] || aws ecs describe-tasks --cluster demo --tasks "$stopped" --query 'tasks[0].stoppedReason' --output text >&2
    fail "The tasks did not become healthy. \`$hillfog status --data $data\` says what this host lacks."
  fi
done

url=http://$name
[ "$port" = 80 ] || url=$url:$port
curl --silent --show-error --fail "$url/" | grep -q 'It runs.' || fail "$url answered something else than the page."
printf '\n%s✓ %s%s   (%s)\n\n' "$green$bold" "$url" "$off" "$(elapsed | tr -s ' ')"
cat <<END
Try next:
  curl -s $url | grep 'Answered by'                    the two tasks answer in turn
  eval "\$($hillfog env --data $data)"                  points your AWS CLI, SDKs and Terraform here
  aws ecs update-service --cluster demo --service web --desired-count 4
  aws logs tail /demo/web                              what the tasks have written
  $hillfog status --data $data                         what runs, and what this host lacks
  $hillfog down --data $data                           stops the cloud; \`up\` brings it back
END
