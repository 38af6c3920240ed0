"""The library's SM3, SM4 and SM4-GCM give the published results, on whatever build is installed."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")


def sm4_gcm(iv: bytes, text: bytes, aad: bytes = b"") -> tuple[str, str]:
    encryptor = Cipher(algorithms.SM4(KEY), modes.GCM(iv)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return (encryptor.update(text) + encryptor.finalize()).hex(), encryptor.tag.hex()


def test_sm3_of_abc() -> None:
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    assert digest.finalize().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_one_block_of_sm4() -> None:
    # ECB of one block is the bare cipher that GB/T 32907 gives its example for.
    encryptor = Cipher(algorithms.SM4(KEY), modes.ECB()).encryptor()
    assert (encryptor.update(KEY) + encryptor.finalize()).hex() == "681edf34d206965e86b3e94f536e4246"


def test_sm4_gcm_of_abc() -> None:
    assert sm4_gcm(bytes(12), b"abc") == ("d2710f", "5106ba1dc0d73255f3700f658f6f7f1e")


def test_sm4_gcm_of_rfc_8998() -> None:
    text = b"".join(bytes([byte]) * 8 for byte in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    ciphertext, tag = sm4_gcm(bytes.fromhex("00001234567800000000abcd"), text, aad)
    assert ciphertext == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    )
    assert tag == "83de3541e4c2b58177e065a9bf7b62ec"
