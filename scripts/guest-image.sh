#!/usr/bin/env bash
# Makes a disk image of a small system that boots by itself, by BIOS and by UEFI: Debian's kernel for clouds, busybox, and the small init of Hillfog.
#
#   guest-image.sh HILLFOG OUT
#
# HILLFOG is the program, OUT the raw image. The kernel's package is fetched once into .cache/guest. Nothing is mounted, so this needs no root.
set -euo pipefail
hillfog=$(realpath "$1") out=$(realpath "$2")
cd "$(dirname "$0")/.."
cache=$PWD/.cache/guest
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ ! -e "$cache/done" ]; then
  rm -rf "$cache" && mkdir -p "$cache"
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
  (cd "$cache" && apt-get download -qq "$package" 2>/dev/null && dpkg-deb -x ./*.deb . && rm -f ./*.deb)
  touch "$cache/done"
fi
kernel=$(echo "$cache"/boot/vmlinuz-*)
modules=$(echo "$cache"/lib/modules/*/kernel)

# The first root file system: it finds the disk and the network, and goes on with the second partition.
early=$work/early
mkdir -p "$early"/{bin,modules,proc,sys,dev,run,root}
cp /bin/busybox "$early/bin/"
n=10
for module in virtio/virtio_ring virtio/virtio virtio/virtio_pci_modern_dev virtio/virtio_pci_legacy_dev virtio/virtio_pci block/virtio_blk \
  acpi/button input/evdev; do
  cp "$modules/drivers/$module.ko" "$early/modules/$((n++))-${module##*/}.ko"
done
cp "$modules/net/core/failover.ko" "$early/modules/$((n++))-failover.ko"
cp "$modules/drivers/net/net_failover.ko" "$early/modules/$((n++))-net_failover.ko"
cp "$modules/drivers/net/virtio_net.ko" "$early/modules/$((n++))-virtio_net.ko"
cat >"$early/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in /modules/*; do insmod $module; done
ip link set lo up; ip link set eth0 up
mkdir -p /dev/pts
while [ ! -b /dev/vda2 ]; do sleep 0.1; done
mount -t ext4 /dev/vda2 /root
udhcpc -q -n -t 10 -T 1 -i eth0 -s /lease && cp /resolv.conf /root/etc/resolv.conf
mount -t tmpfs -o mode=755 run /root/run
mkdir /root/run/hillfog && mount --bind /root/opt/hillfog /root/run/hillfog
mount --move /dev /root/dev; umount /proc /sys
L=/run/hillfog/lib; P=/run/hillfog/init
exec switch_root /root $L/ld-linux-x86-64.so.2 --library-path $L --argv0 $P $P init
INIT
cat >"$early/lease" <<'LEASE'
#!/bin/busybox sh
[ "$1" = bound ] || exit 0
ip addr add $ip/$mask dev $interface
[ -z "$mtu" ] || ip link set $interface mtu $mtu
ip route add default via $router
{ for server in $dns; do echo nameserver $server; done; echo search $domain; } >/resolv.conf
hostname $hostname
LEASE
chmod 755 "$early/init" "$early/lease"
(cd "$early" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$work/initrd"

# The second one: busybox, and the small init with its libraries.
root=$work/root
mkdir -p "$root"/{bin,etc,proc,sys,dev,run,tmp,root,home,var/log,var/lib,opt/hillfog/lib,usr/bin,sbin,mnt}
cp /bin/busybox "$root/bin/"
busybox --list | while read -r name; do [ "$name" = busybox ] || ln -s busybox "$root/bin/$name"; done
printf 'root:x:0:0::/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"
printf 'root:*:1::::::\n' >"$root/etc/shadow"
strip -o "$root/opt/hillfog/init" "$hillfog"
ldd "$hillfog" | awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^\//) print $i }' | while read -r library; do cp -L "$library" "$root/opt/hillfog/lib/"; done
size=$(($(du -sm "$root" | cut -f1) * 5 / 4 + 24))
truncate -s "${size}M" "$work/root.img"
mke2fs -q -t ext4 -O ^has_journal -E root_owner=0:0 -d "$root" "$work/root.img"

# The boot partition, for both kinds of firmware.
boot=$work/boot.img
truncate -s 32M "$boot"
mformat -i "$boot" -H 2048 -v BOOT ::
printf 'DEFAULT linux\nPROMPT 0\nLABEL linux\nLINUX /linux\nINITRD /initrd\nAPPEND console=ttyS0 quiet panic=5\n' >"$work/syslinux.cfg"
mcopy -i "$boot" "$kernel" ::/linux
mcopy -i "$boot" "$work/initrd" ::/initrd
mcopy -i "$boot" "$work/syslinux.cfg" ::/syslinux.cfg
mmd -i "$boot" ::/EFI ::/EFI/BOOT
mcopy -i "$boot" /usr/lib/SYSLINUX.EFI/efi64/syslinux.efi ::/EFI/BOOT/BOOTX64.EFI
mcopy -i "$boot" /usr/lib/syslinux/modules/efi64/ldlinux.e64 ::/EFI/BOOT/ldlinux.e64
mcopy -i "$boot" "$work/syslinux.cfg" ::/EFI/BOOT/syslinux.cfg
syslinux --install "$boot"

# The disk: a partition table with the first partition active and of the kind that UEFI looks for.
truncate -s "$((1 + 32 + size))M" "$out"
little() { printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24)); }
{
  printf "\x80\xfe\xff\xff\xef\xfe\xff\xff$(little 2048)$(little 65536)"
  printf "\x00\xfe\xff\xff\x83\xfe\xff\xff$(little 67584)$(little $((size * 2048)))"
} | dd of="$out" bs=1 seek=446 conv=notrunc status=none
printf '\x55\xaa' | dd of="$out" bs=1 seek=510 conv=notrunc status=none
dd if=/usr/lib/SYSLINUX/mbr.bin of="$out" bs=440 count=1 conv=notrunc status=none
dd if="$boot" of="$out" bs=1M seek=1 conv=notrunc,sparse status=none
dd if="$work/root.img" of="$out" bs=1M seek=33 conv=notrunc,sparse status=none
