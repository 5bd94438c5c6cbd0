trap "" TERM HUP INT QUIT USR1 USR2 XCPU
while :; do sleep 1; done
