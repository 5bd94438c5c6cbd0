# What its user may not read, and what the runtime was started with.
runtime=$(grep -o '"runtime": *[0-9]*' | head -n 1 | tr -dc 0-9)
could=""
try() {
  if head -c 1 "$2" > /dev/null 2>&1; then could="$could${could:+, }\"read $1\""; fi
}
try /etc/shadow /etc/shadow
try /etc/gshadow /etc/gshadow
try "the runtime's environment" "/proc/$runtime/environ"
try "the runtime's memory" "/proc/$runtime/mem"
echo "{\"could\": [$could]}"
