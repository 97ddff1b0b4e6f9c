"""Whether an endpoint can be reached: its name, its address, its port, its certificate. Nothing is asked of Twizzit."""

import httpcore
import httpx

from twizzit_pipeline.errors import ConnectionFailed
from twizzit_pipeline.twizzit.connections import Deadline
from twizzit_pipeline.twizzit.endpoint import Endpoint
from twizzit_pipeline.twizzit.transport import GuardedBackend, trusted_authorities


def reach(endpoint: Endpoint, *, allow_private: bool, seconds: float) -> None:
    """Open a connection to the endpoint, with TLS where it is https, and close it again. No request is sent.

    Raises:
        EndpointRefused: its address is not allowed.
        ConnectionFailed: the name is unknown, nothing answers, or the certificate is none that this machine trusts.
        SettingsError: what the environment names for TLS cannot be read.
    """
    url = httpx.URL(endpoint.base_url)
    port = url.port or (443 if endpoint.scheme == "https" else 80)
    deadline = Deadline()
    deadline.start(seconds)
    backend = GuardedBackend(endpoint.scheme, allow_private=allow_private, deadline=deadline)
    try:
        stream = backend.connect_tcp(url.host, port, timeout=seconds)
        try:
            if endpoint.scheme == "https":
                stream = stream.start_tls(trusted_authorities(), server_hostname=url.host, timeout=seconds)
        finally:
            stream.close()
    except (httpcore.TimeoutException, TimeoutError):
        raise ConnectionFailed(f"{endpoint.host} does not answer within {seconds:.0f} s", reached=False) from None
    except (httpcore.NetworkError, OSError) as error:
        raise ConnectionFailed(f"{endpoint.host} cannot be reached ({error})", reached=False) from None
