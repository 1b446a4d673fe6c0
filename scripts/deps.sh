#!/bin/sh
# Installs the Debian packages that building and testing nsprobe needs.
set -eu

# what the program is built from
build="gcc make pkg-config libc6-dev libjansson-dev libidn2-dev libcap-ng-dev scdoc
 libpcap-dev libseccomp-dev libssl-dev libsqlite3-dev libmicrohttpd-dev libnats-dev zlib1g-dev liblzma-dev
 libzstd-dev"
# what its tests, its lint and its benchmarks use
check="libcmocka-dev python3 clang-14 clang-tidy-14 clang-format-14 libclang-rt-14-dev cppcheck
 valgrind iproute2 nftables libcap2-bin nsd knot bind9 bind9-utils bind9-dnsutils pdns-server
 pdns-backend-bind knot-dnsutils ldnsutils tshark tcpdump chromium libknot-dev libldns-dev afl++ unbound libc-ares-dev systemd dnscap dnsperf
 dnsmasq-base knot-resolver pdns-recursor
 g++ zsh fish debhelper dpkg-dev fakeroot lintian nats-server openssl"

missing=""
for p in $build $check; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok installed' ||
        missing="$missing $p"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "make deps: these packages are missing and only root can install them:" >&2
    echo "  sudo apt-get install$missing" >&2
    exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# The servers are only wanted as programs: none of them may be started.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' > $policy
    chmod 755 $policy
    trap 'rm -f $policy' EXIT
fi
# A mirror may be out for a moment: a download is tried again, and so is the whole, once.
# shellcheck disable=SC2086
install() {
    apt-get -o Acquire::Retries=3 update -qq &&
        apt-get -o Acquire::Retries=3 install -y -qq --no-install-recommends $missing >/dev/null
}
install || { sleep 10 && install; }
