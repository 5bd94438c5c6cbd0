#!/bin/sh
# Follows whomever the Sentinels call the primary; the first ever is redis-0.
set -eu
primary=""
for number in 0 1 2; do
  primary=$(redis-cli -h "redis-sentinel-$number.redis-sentinel" -p 26379 -t 2 \
    sentinel get-master-addr-by-name gaugelet 2>/dev/null | head -n 1) || primary=""
  [ -n "$primary" ] && break
done
: "${primary:=redis-0.redis}"
set -- --appendonly yes --appendfsync everysec --dir /data \
  --maxmemory "$((MEMORY_LIMIT_MIB * 3 / 4))mb" --maxmemory-policy noeviction \
  --replica-announce-ip "$POD.redis" \
  --min-replicas-to-write 1 --min-replicas-max-lag 10
if [ "$primary" != "$POD.redis" ]; then
  set -- "$@" --replicaof "$primary" 6379
fi
exec redis-server "$@"
