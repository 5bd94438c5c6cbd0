import threading
import time


def handler(input, context):
    for _ in range(10_000):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return {"could": ["start 10,000 threads"]}
