"""Appends to a UmaDB server from threads: ``umadb_client.py PORT CLIENTS SECONDS`` prints appends a second.

Starts with the server and waits for it, at most half a minute.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, perf_counter, sleep
from uuid import uuid4

from umadb import Client, Event, TransportError  # type: ignore[import-not-found]

BODY = b'{"data":{"kind":"repair","text":"' + b"x" * 327 + b'"},"v":1}'


def connected(port: str) -> Client:
    """A client, once the server answers."""
    until = monotonic() + 30
    while True:
        try:
            client = Client(f"http://127.0.0.1:{port}")
            client.head()
            return client
        except TransportError:
            if monotonic() > until:
                raise
            sleep(0.1)


def main(port: str, clients: int, seconds: float) -> float:
    """Appends a second of all threads together."""
    connected(port)
    made = [Client(f"http://127.0.0.1:{port}") for _ in range(clients)]
    until = perf_counter() + seconds

    def caller(client: Client) -> int:
        done = 0
        while perf_counter() < until:
            client.append([Event("bench.made", BODY, tags=[f"stream:{uuid4()}"], uuid=uuid4())])
            done += 1
        return done

    begun = perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(caller, made)) / (perf_counter() - begun)


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
