#!/usr/bin/env bash
# Builds this checkout and runs its unit tests in a Debian 13 chroot: ./dev check --debian 13
#
# The chroot lives in build/debian13 and is kept, with its packages, objects and compiler cache; `sudo rm -r` it to
# start anew. Packages come from the mirror this machine uses itself. Unoptimised and without precompiled headers: the
# question is whether another compiler and other library versions agree, and each file must name what it uses.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
root=$PWD/build/debian13/root
sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo)

mirror() {
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian|Debian|//p' | head -n 1
}

if [ ! -e "$root" ]; then
  from=$(mirror)
  if [ -z "$from" ]; then "${sudo[@]}" apt-get -q update >/dev/null; from=$(mirror); fi
  [ -n "$from" ] || { echo "debian13: apt here names no mirror of Debian; see /etc/apt/sources.list*" >&2; exit 1; }
  mkdir -p build/debian13 build/logs
  "${sudo[@]}" rm -rf "$root.new"
  echo "making the chroot (packages from the mirror of this machine)"
  "${sudo[@]}" mmdebstrap --quiet --variant=apt --include=git,ca-certificates trixie "$root.new" "deb $from trixie main" \
    >build/logs/debian13.log 2>&1 || { tail -n 20 build/logs/debian13.log >&2; exit 1; }
  "${sudo[@]}" mv "$root.new" "$root"
fi

# The sources as they are here, with their times, so that only what changed is built again.
"${sudo[@]}" mkdir -p "$root/src"
"${sudo[@]}" find "$root/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
git ls-files -co --exclude-standard -z | while IFS= read -r -d '' f; do [ -e "$f" ] && printf '%s\0' "$f"; done |
  tar c --null -T - | "${sudo[@]}" tar x -C "$root/src"
for f in resolv.conf hosts; do [ ! -e /etc/$f ] || "${sudo[@]}" cp -L /etc/$f "$root/etc/$f"; done
apt-config dump | grep -E '^Acquire::(http|https)::' | "${sudo[@]}" tee "$root/etc/apt/apt.conf.d/99host" >/dev/null || true

inside='set -e; cd /src; mount -t proc proc /proc 2>/dev/null || true
./dev deps
cmake --preset dev -B build/debian13 -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O0" -DO3_PCH=OFF >/tmp/configure.log 2>&1 || { tail -n 30 /tmp/configure.log; exit 1; }
cmake --build build/debian13 -j "$(nproc)" | grep -v "^\[[0-9]*[1-9]/"
ctest --test-dir build/debian13 -j "$(nproc)" --output-on-failure --no-tests=error -L unit'
# An own mount namespace where it is allowed, so that nothing stays mounted.
own=(unshare --mount --propagation private)
"${sudo[@]}" "${own[@]}" true 2>/dev/null || own=()
"${sudo[@]}" "${own[@]}" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb \
  http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" chroot "$root" bash -o pipefail -c "$inside" </dev/null
