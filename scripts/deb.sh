#!/bin/sh
# Builds the Debian packages of this tree in build/deb, and holds them against lintian.
# usage: deb.sh VERSION [orig]
# orig: no more than the archive of the source, and no tools for it.
set -eu
umask 022
cd "$(dirname "$0")/.."
version=$1
only=${2:-all}
[ "$only" = orig ] || for tool in dpkg-buildpackage dh lintian; do
    command -v $tool >/dev/null || {
        echo "make deb: $tool is missing: apt-get install dpkg-dev debhelper lintian fakeroot" >&2
        exit 1
    }
done
out=build/deb
src=$out/nsprobe-$version
rm -rf "$out"
mkdir -p "$src"
# what is under version control, and nothing that a build left behind
if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -z | tar -c --null -T - | tar -x -C "$src"
else
    tar -c --exclude=./build . | tar -x -C "$src"
fi
tar -C "$out" --sort=name --mtime=@1795600000 --owner=0 --group=0 --numeric-owner \
    --mode=u+rw,go=rX -czf "$out/nsprobe_$version.orig.tar.gz" "nsprobe-$version"
[ "$only" != orig ] || exit 0
cp -r packaging/debian "$src/debian"
(cd "$src" && dpkg-buildpackage -us -uc -b >../build.log 2>&1) || {
    tail -40 "$out/build.log" >&2
    exit 1
}
lintian --fail-on error,warning "$out"/*.changes
ls "$out"/*.deb
