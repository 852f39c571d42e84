#!/usr/bin/env bash
# Brings the digests of the images that a Dockerfile names in its build arguments up to date:
# .github/pin-bases.sh [Dockerfile]
set -euo pipefail

file="${1:-Dockerfile}"
sed -n 's/^ARG [A-Z]*=\([^@ ]*\)@sha256:.*/\1/p' "$file" | while read -r image; do
  digest="$(docker buildx imagetools inspect "$image" --format '{{ .Manifest.Digest }}')"
  if ! [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]]; then
    echo "$image: not a digest: $digest" >&2
    exit 1
  fi
  sed -i "s|^\(ARG [A-Z]*=$image\)@sha256:.*|\1@$digest|" "$file"
done
