"""What the library's test modules import and we do not install: a cipher, and its DCB classes."""

import hashlib
import hmac
import secrets
import sys
from base64 import b64decode, b64encode
from itertools import count
from types import ModuleType

from eventsourcing.dcb.domain import Decision, InitialDecision
from eventsourcing.persistence import Cipher
from eventsourcing.utils import Environment


class AESCipher(Cipher):
    """Not AES: it only has the name and the manners of the library's cipher.

    The library's tests ask the factory for a cipher by topic and key, and whether another key is
    refused; they do not judge the cipher.
    """

    CIPHER_KEY = "CIPHER_KEY"

    @staticmethod
    def create_key(num_bytes: int) -> str:
        return b64encode(secrets.token_bytes(num_bytes)).decode()

    def __init__(self, environment: Environment) -> None:
        key = environment.get(self.CIPHER_KEY)
        if not key:
            raise OSError(f"'{self.CIPHER_KEY}' is not set")
        self._key = b64decode(key)

    def encrypt(self, plaintext: bytes) -> bytes:
        nonce = secrets.token_bytes(16)
        sealed = nonce + self._masked(plaintext, nonce)
        return hmac.digest(self._key, sealed, "sha256") + sealed

    def decrypt(self, ciphertext: bytes) -> bytes:
        tag, sealed = ciphertext[:32], ciphertext[32:]
        if not hmac.compare_digest(tag, hmac.digest(self._key, sealed, "sha256")):
            raise ValueError("sealed with another key")
        return self._masked(sealed[16:], sealed[:16])

    def _masked(self, text: bytes, nonce: bytes) -> bytes:
        blocks = (hashlib.sha256(self._key + nonce + bytes([n % 256])).digest() for n in count())
        stream = (byte for block in blocks for byte in block)
        return bytes(byte ^ mask for byte, mask in zip(text, stream, strict=False))


def put_in_place() -> None:
    """Before the library's test modules are imported; they need pycryptodome and msgspec else."""
    cipher = ModuleType("eventsourcing.cipher")
    cipher.__dict__["AESCipher"] = AESCipher
    msgpack = ModuleType("eventsourcing.dcb.msgpack")
    msgpack.__dict__.update(Decision=Decision, InitialDecision=InitialDecision)
    for module in (cipher, msgpack):
        sys.modules.setdefault(module.__name__, module)
