"""The server's certificate: one that the person provides, or one that the server signs itself."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from voicebot.config.models import ServerConfig
from voicebot.errors import ConfigError
from voicebot.private_file import write_private
from voicebot.translation import system_reason, tr

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, GeneralName

_LASTS = timedelta(days=365)
_RENEWED = timedelta(days=30)
"""Before its end."""
_CLOCKS_DIFFER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What TLS needs."""

    certificate: Path
    key: Path
    fingerprint: str = ""
    """The SHA-256 of one that the server has signed itself, as browsers show it."""


def certificate_path() -> Path:
    """The file of the one that the server signs itself, with its key."""
    import platformdirs

    return Path(platformdirs.user_state_dir("voicebot", appauthor=False)) / "server.pem"


def tls_files(config: ServerConfig, names: Sequence[str]) -> TlsFiles | None:
    """The certificate for a server of these `names`; None without TLS. Raises ConfigError."""
    if config.tls_self_signed and config.tls_cert:
        raise ConfigError(
            tr("server.tls_cert and server.tls_self_signed are both set"), hint=tr("leave one of them out")
        )
    if config.tls_key and not config.tls_cert:
        raise ConfigError(tr("server.tls_key is set without server.tls_cert"), hint=tr("set both, or none"))
    if config.tls_self_signed:
        return _self_signed(certificate_path(), names)
    if not config.tls_cert:
        return None
    files = TlsFiles(Path(config.tls_cert), Path(config.tls_key or config.tls_cert))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key, password=_no_password)
    except OSError as error:
        reason = str(error) if isinstance(error, ssl.SSLError) else system_reason(error)
        raise ConfigError(
            tr("cannot use the certificate {path}: {reason}", path=files.certificate, reason=reason),
            hint=tr("it takes two files of the form PEM, and a key without a password"),
        ) from error
    return files


def _no_password() -> str:
    """What keeps OpenSSL from asking at the terminal."""
    return ""


def _self_signed(path: Path, names: Sequence[str]) -> TlsFiles:
    """The one that is kept at `path`, or a new one in its place if that is for other names or expires soon."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    kept = None
    with suppress(OSError, ValueError):
        kept = x509.load_pem_x509_certificate(path.read_bytes())
    try:
        if kept is None or not _fits(kept, names):
            kept = _make(path, names)
        path.chmod(0o600)
    except OSError as error:
        raise ConfigError(
            tr("cannot keep the certificate {path}: {reason}", path=path, reason=system_reason(error)),
            hint=tr("give one of your own: --tls-cert FILE --tls-key FILE"),
        ) from error
    return TlsFiles(path, path, kept.fingerprint(hashes.SHA256()).hex(":").upper())


def _fits(kept: Certificate, names: Sequence[str]) -> bool:
    from cryptography import x509

    if kept.not_valid_after_utc < datetime.now(UTC) + _RENEWED:
        return False
    try:
        found = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return set(map(_general_name, names)) <= set(found)


def _make(path: Path, names: Sequence[str]) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "voicebot")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + _LASTS)
        .add_extension(x509.SubjectAlternativeName(list(map(_general_name, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    written = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    write_private(path, key.private_bytes(*written) + made.public_bytes(serialization.Encoding.PEM))
    return made


def _general_name(name: str) -> GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
