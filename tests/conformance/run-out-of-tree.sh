#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# needs: binutils pkg-config
#
# Plugins in the tree get no privilege that a third party's lacks: one of them is
# built by a compiler's bare command line against the installed package, and so
# is the template with its test.
#
#	MANSIO_BUILD=... MANSIO_SOURCE=... tests/conformance/run-out-of-tree.sh
set -u
umask 022

build=${MANSIO_BUILD:-} source=${MANSIO_SOURCE:-}
work=${MANSIO_WORK:-}

skip() {
	echo "# skipped: $1"
	exit 77
}
fail() {
	echo "# $1"
	exit 1
}

[ -n "$build" ] && [ -f "$build/build.ninja" ] || skip "MANSIO_BUILD is no build directory"
[ -n "$source" ] || source=$(cd -- "$(dirname -- "$0")/../.." && pwd -P)
for tool in meson ninja pkg-config nm cc; do
	command -v "$tool" > /dev/null || skip "there is no $tool"
done
option() {
	meson introspect --buildoptions "$build" |
	    python3 -c 'import json, sys
for o in json.load(sys.stdin):
    if o["name"] == sys.argv[1]: print(o["value"])' "$1"
}
[ "$(option b_sanitize)" = none ] || skip "the build has a sanitizer, the installed one has none"

if [ -z "$work" ]; then
	work=$(mktemp -d) || exit 1
	trap 'rm -rf "$work"' EXIT
fi
root=$work/root prefix=$(option prefix) libdir=$(option libdir)
lib=$root$prefix/$libdir

# ---- install, and move the package files to where it now lies ----

DESTDIR=$root meson install -C "$build" --no-rebuild --quiet > "$work/install.log" 2>&1 ||
	{ cat "$work/install.log"; fail "the build cannot be installed"; }
sed -i "s|=$prefix|=$root$prefix|" "$lib"/pkgconfig/*.pc || fail "there are no package files"
unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
export PKG_CONFIG_PATH=$lib/pkgconfig LD_LIBRARY_PATH=$lib
mansio=$(find "$root$prefix" -name mansio -type f -perm -u+x -path '*bin*' | head -n 1)
[ -n "$mansio" ] || fail "no program was installed"
[ "$(pkg-config --variable=abi mansio-plugin)" = 1.0 ] || fail "the package names no ABI"
[ -d "$(pkg-config --variable=plugindir mansio-plugin)" ] || fail "plugindir is not there"

# ---- each public header stands alone, also in C++ ----

for header in "$root$prefix"/include/mansio/*.h; do
	name=mansio/$(basename "$header")
	printf "#include <%s>\nextern int not_empty;\n" "$name" > "$work/header.c"
	# shellcheck disable=SC2046
	cc -std=c17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
	    $(pkg-config --cflags mansio-plugin) "$work/header.c" || fail "$name does not stand alone"
	command -v c++ > /dev/null || continue
	# shellcheck disable=SC2046
	c++ -x c++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only \
	    $(pkg-config --cflags mansio-plugin) "$work/header.c" || fail "$name is not for C++"
done

# ---- a plugin of the tree ----

mkdir -p "$work/sizelimit/plugins" || exit 1
cp "$source"/plugins/filter/sizelimit/*.c "$work/sizelimit" || exit 1
cd "$work/sizelimit" || exit 1
# shellcheck disable=SC2046
cc -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -shared -fPIC -Wl,--no-undefined \
    -o plugins/sizelimit.so ./*.c $(pkg-config --cflags --libs mansio-plugin) ||
	fail "sizelimit cannot be built out of tree"
exports=$(nm -D --defined-only plugins/sizelimit.so | awk '{ print $3 }')
[ "$exports" = ms_plugin_entry ] || fail "sizelimit exports $exports"

show() {	# DIRECTORY NAME WORD
	local said
	said=$(MANSIO_PLUGIN_DIR=$1 "$mansio" plugin show "$2" 2>&1) ||
		{ echo "$said"; fail "mansio plugin show $2 fails"; }
	case $said in
	*"$3"*) ;;
	*) echo "$said"; fail "mansio plugin show $2 does not tell of $3" ;;
	esac
}
show "$work/sizelimit/plugins" sizelimit limit

# ---- the template, as its README says ----

cp -r "$(pkg-config --variable=templatedir mansio-plugin)" "$work/quiet" || exit 1
cd "$work/quiet" || exit 1
if ! { meson setup build && meson compile -C build && meson test -C build; } \
    > "$work/template.log" 2>&1; then
	cat "$work/template.log"
	fail "the template cannot be built and tested"
fi
grep -q 'Ok: *1' "$work/template.log" || fail "the template's test did not run"
exports=$(nm -D --defined-only build/org.example.quiet.so | awk '{ print $3 }')
[ "$exports" = ms_plugin_entry ] || fail "the template exports $exports"
show "$work/quiet/build" org.example.quiet capitals
exit 0
