"""Entry point of `python -P -m gaugelet_worker [zygote <modules> | guest <modules> | <launch>]`.

Without arguments: a worker that is not contained. `zygote numpy,pandas`: the zygote, with these modules
imported. `guest numpy,pandas`: the first program of a virtual machine, the same. `image …`, `memory …` and
`processor`: for virtual machines, see there. A launch: a worker that contains itself, for systems where the
zygote cannot fork.
"""

import signal
import sys

from gaugelet_worker.isolation import linux

if sys.argv[1:2] == ["zygote"]:
    from gaugelet_worker import zygote

    zygote.main([name for name in "".join(sys.argv[2:3]).split(",") if name])
elif sys.argv[1:2] == ["guest"]:
    from gaugelet_worker.machine import guest

    guest.main([name for name in "".join(sys.argv[2:3]).split(",") if name])
elif sys.argv[1:2] == ["image"]:
    from gaugelet_worker.machine import image

    image.main(sys.argv[2:])
elif sys.argv[1:2] == ["processor"]:
    from gaugelet_worker.machine import processor

    processor.main()
elif sys.argv[1:2] == ["memory"]:
    from gaugelet_worker.machine import memory

    memory.main(sys.argv[2:])
elif sys.argv[1:]:
    from gaugelet_worker import spawn

    spawn.main(sys.argv[1])
else:
    from gaugelet_worker.serving import serve

    linux.die_with_parent()
    # Ctrl-C in the terminal of `npm start` is for the runtime, which then ends its workers in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve()
