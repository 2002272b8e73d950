# Usual commands; `just` lists them.

default:
    @just --list

# Unit tests without Kubernetes and exports: the inner loop
unit *FILTER:
    cargo test --lib --no-default-features {{FILTER}}

# Everything, with the real servers
test *ARGS:
    tests/run {{ARGS}}

# What the gate runs
ci:
    .ci/run

# Lints with warnings denied
lint:
    cargo fmt --check
    cargo clippy --locked --all-targets -- -D warnings

# Write the generated reference
docs:
    UPDATE_DOCS=1 cargo test --test it docs

# Write the golden files; read the diff afterwards
golden:
    UPDATE_GOLDEN=1 cargo test --test it

# The daemon on a generated platform
demo *ARGS:
    cargo run --profile demo -- demo {{ARGS}}

# Licences, sources and duplicates of dependencies
deny:
    cargo deny check licenses sources bans
