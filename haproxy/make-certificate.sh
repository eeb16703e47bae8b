#!/bin/sh
# A self-signed certificate for trying haproxy-tls.cfg: sh haproxy/make-certificate.sh <file.pem> [name]
# Browsers warn about it. For people, take a real one: certificate chain and private key in one file.
set -eu
file=$1
name=${2:-localhost}
umask 077
key=$(mktemp)
trap 'rm -f "$key"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 365 \
  -subj "/CN=$name" -addext "subjectAltName=DNS:$name,DNS:localhost,IP:127.0.0.1" -keyout "$key" -out "$file" 2>/dev/null
cat "$key" >> "$file"
