# Connections to what is not its own.
event=$(cat)
could=""
try() {
  port=$(echo "$event" | grep -o "\"$2\": *[0-9]*" | tail -n 1 | tr -dc 0-9)
  if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then could="$could${could:+, }\"connect to $1\""; fi
}
try Redis redis
try "a database's port" database
try "the runtime" runtime
echo "{\"could\": [$could]}"
