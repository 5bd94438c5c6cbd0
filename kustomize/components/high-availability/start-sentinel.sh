#!/bin/sh
# A Sentinel writes what it learns into its configuration, which so is a file of its own.
set -eu
file=/data/sentinel.conf
[ -f "$file" ] || cat > "$file" <<END
port 26379
dir /data
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $POD.redis-sentinel
sentinel monitor gaugelet redis-0.redis 6379 2
sentinel down-after-milliseconds gaugelet 3000
sentinel failover-timeout gaugelet 10000
sentinel parallel-syncs gaugelet 1
END
exec redis-server "$file" --sentinel
