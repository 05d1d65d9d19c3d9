#!/bin/sh
# Installs what the tests need and cargo does not bring, into .test-env. Quiet when everything is there.
#   setup.sh         PostgreSQL 15 or newer, MariaDB, RabbitMQ, Azurite, Chromium, systemd's analyzer, clients in Python, Node and C, cargo-nextest
#   setup.sh bench   the same, and what the benchmark compares with
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
env=$root/.test-env
mkdir -p "$env"

# One set-up at a time.
exec 9>"$env/.lock"
if command -v flock >/dev/null; then flock 9; fi

say() { echo "setup: $*" >&2; }
die() { say "$*"; exit 1; }

# --- What the system has to have.
postgres_missing() {
    for bin in /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres; do
        [ -x "$bin" ] || continue
        major=$("$bin" --version | sed -n 's/.* \([0-9][0-9]*\)\..*/\1/p')
        [ "${major:-0}" -ge 13 ] && return 1
    done
    command -v postgres >/dev/null && return 1
    return 0
}
packages=
if postgres_missing; then packages="$packages postgresql-15"; fi
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then packages="$packages nodejs npm"; fi
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then packages="$packages python3 python3-venv"; fi
if ! command -v cc >/dev/null; then packages="$packages build-essential"; fi
if ! [ -x /usr/sbin/mariadbd ] || ! command -v mariadb-install-db >/dev/null; then packages="$packages mariadb-server"; fi
if ! command -v faketime >/dev/null; then packages="$packages faketime"; fi
if ! command -v tsql >/dev/null || ! command -v freebcp >/dev/null; then packages="$packages freetds-bin"; fi
if ! [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || ! command -v epmd >/dev/null; then packages="$packages rabbitmq-server"; fi
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then
    packages="$packages chromium"
fi
# `ip` lies where a user's PATH does not lead.
if ! [ -x /usr/sbin/ip ] && ! command -v ip >/dev/null; then packages="$packages iproute2"; fi
# Judges the units without systemd running.
if ! command -v systemd-analyze >/dev/null; then packages="$packages systemd"; fi
if [ "${1:-}" = bench ] && ! ldconfig -p | grep -q 'libsecret-1.so.0'; then packages="$packages libsecret-1-0"; fi
if [ -n "$packages" ]; then
    command -v apt-get >/dev/null || die "these programs are missing, and there is no apt-get to install them with:$packages"
    [ "$(id -u)" = 0 ] || die "run this once, then try again: sudo apt-get install -y --no-install-recommends$packages"
    say "installing$packages"
    # Tests start servers of their own: the packages' services stay down.
    if ! [ -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    # shellcheck disable=SC2086 # a list of words
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages; } \
        >"$env/apt.log" 2>&1 </dev/null || { tail -n 20 "$env/apt.log" >&2; die "apt-get failed; see $env/apt.log"; }
fi
if [ "$(id -u)" = 0 ] && ! id postgres >/dev/null 2>&1; then
    die "PostgreSQL refuses to run as root and there is no user \"postgres\" to run it as"
fi

# --- Into .test-env; a stamp names what was installed, so that a changed list installs again.
stamp() { cat "$@" | cksum | tr ' ' -; }

pip_install() { # name of the stamp, list, virtual environment
    want=$(stamp "$2")
    if [ "$(cat "$env/$1.stamp" 2>/dev/null)" != "$want" ]; then
        say "installing Python packages of $(basename "$2")"
        [ -x "$env/$3/bin/python" ] || python3 -m venv "$env/$3"
        "$env/$3/bin/python" -m pip install -q --disable-pip-version-check -r "$2" </dev/null \
            || die "pip could not install $2"
        echo "$want" >"$env/$1.stamp"
    fi
}
# A virtual environment does not survive that its interpreter goes away.
for venv in venv venv-sdk10; do
    if [ -d "$env/$venv" ] && ! "$env/$venv/bin/python" -c '' 2>/dev/null; then rm -rf "$env/$venv" "$env"/python*.stamp; fi
done
pip_install python "$here/requirements.txt" venv
pip_install python-sdk10 "$here/requirements-sdk10.txt" venv-sdk10
if [ "${1:-}" = bench ]; then pip_install python-bench "$here/requirements-bench.txt" venv; fi

want=$(stamp "$here/package.json" "$here/package-lock.json")
if [ "$(cat "$env/npm.stamp" 2>/dev/null)" != "$want" ]; then
    say "installing Azurite, tedious, Playwright and Azure's clients for Node"
    mkdir -p "$env/npm"
    cp "$here/package.json" "$here/package-lock.json" "$env/npm/"
    (cd "$env/npm" && npm ci --no-audit --no-fund --loglevel=error) >"$env/npm.log" 2>&1 </dev/null \
        || { tail -n 20 "$env/npm.log" >&2; die "npm failed; see $env/npm.log"; }
    echo "$want" >"$env/npm.stamp"
fi

# A server of S3's protocol that checks signatures.
if [ "$("$env/cargo/bin/s3s-fs" --version 2>/dev/null)" != "s3s-fs 0.14.1" ]; then
    say "installing s3s-fs (some minutes)"
    CARGO_TARGET_DIR="$env/cargo/target" cargo install s3s-fs --version 0.14.1 --features binary --locked --quiet --root "$env/cargo" </dev/null \
        || die "cargo could not install s3s-fs"
    rm -rf "$env/cargo/target"
fi

# What copies of files are compared with.
azcopy=$env/azcopy/node_modules/@azure-tools/azcopy-linux/dist/bin/azcopy_linux_amd64
if [ "${1:-}" = bench ] && ! [ -x "$azcopy" ]; then
    say "installing azcopy"
    npm install --prefix "$env/azcopy" --no-audit --no-fund --loglevel=error @azure-tools/azcopy-linux@10.32.2 \
        >"$env/npm.log" 2>&1 </dev/null || { tail -n 20 "$env/npm.log" >&2; die "npm failed; see $env/npm.log"; }
    chmod +x "$azcopy"
fi

if ! cargo nextest --version >/dev/null 2>&1; then
    say "installing cargo-nextest (some minutes)"
    cargo install cargo-nextest --locked --quiet </dev/null || die "cargo could not install cargo-nextest"
fi
