# SPDX-License-Identifier: ISC
# packages.bash - what must be installed, and installing what is missing
#
# Sourced by ../quickstart and ../check.  On Debian 12 what is missing is
# installed with apt-get, as root or through sudo, without a question.  On a
# system without apt-get nothing is installed: the tools must be there.

# Building needs these; python3, which quickstart talks to the server with, is
# meson's own requirement.
packages_to_build=(gcc libc6-dev meson ninja-build pkg-config python3
    libgnutls28-dev liblmdb-dev libconfuse-dev libgsasl-dev libcrypt-dev
    libidn2-dev libunistring-dev libjansson-dev libltdl-dev)

# Prints those of its arguments that are not installed.
packages_missing() {
	local p
	for p in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] ||
		    printf '%s\n' "$p"
	done
}

# Installs those of its arguments that are missing; says so on stderr.
packages_install() {
	local missing as_root=()
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		echo "There is no apt-get here: what Debian calls $* must be there already." >&2
		return 0
	fi
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "Missing: ${missing[*]}.  Run this as root, or install them first." >&2
			return 1
		fi
		as_root=(sudo)
	fi
	echo "Installing ${missing[*]}" >&2
	# A list that cannot be renewed may still be good enough.
	"${as_root[@]}" apt-get -q -o DPkg::Lock::Timeout=300 update >&2 </dev/null ||
	    echo "The lists of packages were not renewed." >&2
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
	    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
	    install --no-install-recommends "${missing[@]}" >&2 </dev/null
}
