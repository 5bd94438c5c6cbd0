# Each file is within the limit; together they are not.
set -e
for number in $(seq 48); do
  head -c 1048576 /dev/zero > "${TMPDIR:-/tmp}/$number"
done
echo '{"could": ["write 48 MiB into many files"]}'
