#!/usr/bin/env bash
# The EC2 demo: a key pair, a security group, a machine, and a shell prompt inside, all through the AWS CLI and ssh.
#
# Where there is no terminal it runs a few commands in the machine instead of a shell. It can be run again: what is there already is kept.
# HILLFOG_DATA names another data folder; KEEP=1 keeps the machine when the shell ends.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=demo/lib.sh
. demo/lib.sh

command -v ssh >/dev/null || fail "There is no ssh: install the package openssh-client."
start_cloud

step "The quick start image: this machine's own programs, and no download"
for _ in $(seq 100); do
  image=$(aws ec2 describe-images --owners amazon --filters 'Name=name,Values=hillfog-quick-start-*' --query 'Images[0].ImageId' --output text)
  [ "$image" = None ] || break
done
[ "$image" != None ] || fail "There is no quick start image; \`hillfog doctor\` says what is missing, and $data/server.log why."
printf '         %s\n' "$image"

step "A key pair, and a security group that lets ssh in"
key=$data/demo-key.pem
if [ ! -f "$key" ]; then
  aws ec2 delete-key-pair --key-name demo >/dev/null
  (umask 077 && aws_run ec2 create-key-pair --key-name demo --key-type ed25519 --query KeyMaterial >"$key")
fi
group=$(aws ec2 describe-security-groups --filters Name=group-name,Values=demo-ssh --query 'SecurityGroups[0].GroupId' --output text)
if [ "$group" = None ]; then
  group=$(aws_run ec2 create-security-group --group-name demo-ssh --description 'Anyone may ssh' --query GroupId)
  aws_run ec2 authorize-security-group-ingress --group-id "$group" --protocol tcp --port 22 --cidr 0.0.0.0/0 >/dev/null
fi

step "A machine"
find_machine() {
  aws ec2 describe-instances --filters Name=tag:Name,Values=demo Name=instance-state-name,Values=pending,running \
    --query 'Reservations[0].Instances[0].InstanceId' --output text
}
machine=$(find_machine)
if [ "$machine" = None ]; then
  machine=$(aws_run ec2 run-instances --image-id "$image" --instance-type t3.micro --key-name demo --security-group-ids "$group" \
    --tag-specifications 'ResourceType=instance,Tags=[{Key=Name,Value=demo}]' --query 'Instances[0].InstanceId')
fi
aws_run ec2 wait instance-running --instance-ids "$machine"
address=$(aws_run ec2 describe-instances --instance-ids "$machine" --query 'Reservations[0].Instances[0].PublicIpAddress')

into=(ssh -i "$key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=5 -o ConnectionAttempts=10 "ec2-user@$address")
step "Its shell"
printf '         %s$ ssh -i %s ec2-user@%s%s\n\n' "$dim" "$key" "$address" "$off"
if [ -t 0 ] && [ -t 1 ]; then
  "${into[@]}" || true
else
  "${into[@]}" 'cat /etc/motd; echo "I am $(whoami) on $(hostname), up since $(uptime -s 2>/dev/null || date)"'
fi

if [ -z "${KEEP:-}" ]; then
  step "The machine ends"
  aws_run ec2 terminate-instances --instance-ids "$machine" --query 'TerminatingInstances[0].CurrentState.Name' | sed 's/^/         /'
  aws_run ec2 wait instance-terminated --instance-ids "$machine"
fi
printf '\n%sDone.%s \`%s down --data %s\` stops the cloud.\n' "$green" "$off" "$hillfog" "$data"
