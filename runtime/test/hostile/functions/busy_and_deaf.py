import signal


def handler(input, context):
    """SIGXCPU is how the kernel says that the processor time is used up."""
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        pass
