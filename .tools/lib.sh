# shellcheck shell=bash
# Sourced by everything in this folder: the versions of the tools, where they are kept, and a PATH that finds them. They are kept outside
# the repository, so that a second clone has them already, and away from what the user has installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/evenkeel

cargo_leptos=0.3.10
cargo_deny=0.20.2
cargo_mutants=27.1.0
typos=1.52.0
binaryen=132.0.0
# The command line must be of exactly the library's version.
wasm_bindgen=
if [ -f Cargo.lock ]; then
  wasm_bindgen=$(awk '/^name = "wasm-bindgen"/ { getline; gsub(/version = |"/, ""); print; exit }' Cargo.lock)
fi

for tool in "cargo-leptos-$cargo_leptos" "cargo-deny-$cargo_deny" "cargo-mutants-$cargo_mutants" "typos-$typos" "binaryen-$binaryen" "wasm-bindgen-cli-$wasm_bindgen"; do
  PATH=$cache/$tool/bin:$PATH
done
PATH=$PATH:$cache/promtool/bin # after the user's own, which may be newer
export PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin

# What the browser tests start, unless the user has named others.
export CHROME=${CHROME:-$(command -v chromium || command -v google-chrome ||
  command -v "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" || true)}
export CHROMEDRIVER=${CHROMEDRIVER:-$(command -v chromedriver || true)}

# installing WHAT WHY, then the work, then installed.
installing() {
  echo "==> Installing $1: $2"
  started=$SECONDS
}

installed() {
  echo "    installed in $((SECONDS - started)) s"
}

missing() {
  echo "evenkeel: $*" >&2
  exit 1
}

need() {
  command -v "$1" >/dev/null || missing "$1 is missing: $2"
}

need_rust() {
  need cargo "install Rust with rustup (this needs no administrator), then try again"
  need cc "Rust links with it: install a C compiler (Debian: the package build-essential), then try again"
}

need_node() {
  need npm "install Node.js 20 or later with npm, then try again"
  [ "$(node --print 'parseInt(process.versions.node)')" -ge 20 ] || missing "Node.js is $(node --version): install 20 or later, then try again"
}

# has TOOL VERSION: is there a TOOL of exactly this version, ours or the user's?
has() {
  command -v "$1" >/dev/null && [[ "$("$1" --version 2>/dev/null) " == *" $2 "* ]]
}

# cargo_install CRATE VERSION [OPTION...]: unoptimized, since optimizing takes minutes longer than it ever saves; with the tool's own
# lock file, unless the registry at hand is a mirror that has not caught up with it.
cargo_install() {
  local crate=$1 version=$2
  shift 2
  local install=(cargo install "$crate" --version "$version" --debug --root "$cache/$crate-$version" "$@")
  export CARGO_PROFILE_DEV_DEBUG=0
  "${install[@]}" --locked || {
    echo "    once more, without the lock file of $crate"
    "${install[@]}"
  }
}

# debian_update: the lists of Debian's packages, anew.
debian_update() {
  command -v apt-get >/dev/null || return 1
  apt=(apt-get -qq -o DPkg::Lock::Timeout=300)
  if [ "$(id -u)" != 0 ]; then apt=(sudo "${apt[@]}"); fi
  "${apt[@]}" update || true # a list out of reach may be one that is not needed here
}

# debian_install PACKAGE...: fails where there is no apt, or no such package.
debian_install() {
  debian_update || return 1
  export DEBIAN_FRONTEND=noninteractive
  "${apt[@]}" install --yes --no-install-recommends "$@"
}
