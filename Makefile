# Four commands are all that one needs: `make demo`, `make demo-ec2`, `make demo-lambda` and `make test`. The others are for those who work on Hillfog.

# What the binary needs to be built, what the cloud needs to run, and what the demo's and the tests' clients are.
BUILD_PACKAGES  := gcc libc6-dev make
RUN_PACKAGES    := nftables iproute2 passt e2fsprogs
CLIENT_PACKAGES := python3 python3-venv skopeo curl ca-certificates busybox-static
TEST_PACKAGES   := chromium openssh-client qemu-utils qemu-system-x86 ovmf mtools syslinux syslinux-common syslinux-efi mmdebstrap xfsprogs

.PHONY: demo demo-ec2 demo-lambda test build setup lint fmt bench fuzz clean

demo: setup build
	@demo/run.sh

## A machine of EC2's, and a shell in it.
demo-ec2: setup build
	@scripts/packages.sh openssh-client
	@demo/ec2.sh

## A function that makes thumbnails of what is put into a bucket, and an HTTP API in front of it.
demo-lambda: setup build
	@demo/lambda.sh

## All tests: the crates', then the real clients against the real binary.
test: setup
	@scripts/packages.sh $(TEST_PACKAGES)
	@scripts/test.sh

build:
	cargo build --release --package hillfog

setup:
	@scripts/packages.sh $(BUILD_PACKAGES) $(RUN_PACKAGES) $(CLIENT_PACKAGES)
	@scripts/venv.sh

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- --deny warnings
	cargo xtask tidy
	cargo xtask codegen --check

fmt:
	cargo fmt --all

bench: setup build
	@bench/run.sh

## Every parser of what comes from outside, for FUZZ_SECONDS (60) each.
fuzz:
	@scripts/fuzz.sh

clean:
	cargo clean
	rm -rf .venv .cache
