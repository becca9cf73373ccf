"""Writes short_vectors.json: SRP sign-ins whose numbers are shorter than usual.

Python 3, standard library only. It is written from the formulas of the protocol and shares no code with the Go
package, so that an error would have to be made twice. Run it as: python3 short_vectors.py

A number is n bytes short when its first n bytes are zero, and the bit after them too: if that bit were 1, an encoder
of a fixed width that only puts a zero byte before a top bit would come to the same bytes by chance. One attempt in 512
meets this for each of A, B, S, u and x; the cases here are searched for.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import unicodedata

N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D"
    "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 2
BITS = {"A": 3072, "B": 3072, "S": 3072, "u": 256, "x": 256}


def pad(n):
    """Java's BigInteger.toByteArray of a number that is not negative."""
    return n.to_bytes(n.bit_length() // 8 + 1, "big")


def number_of(*parts):
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


K = number_of(pad(N), pad(G))


def secret(label):
    """A number of 256 bits that is the same in every run."""
    return number_of(b"short vectors: " + label.encode())


class Case:
    def __init__(self, name, **given):
        self.name = name
        self.namespace = "Xyz12AbCd"
        self.user = "7d8ca528-4931-4254-9273-ea5ee853f271"
        self.password = "Correct-Horse 9"
        self.block = hashlib.sha256(name.encode()).digest() * 3 + b"\xfb\xff"  # base64 with + and /
        self.timestamp = "Tue Sep 3 21:05:09 UTC 2024"
        self.a, self.b = secret("a of " + name), secret("b of " + name)
        self.salt = secret("salt of " + name) >> 128 | 1 << 126
        self.salt_hex = None
        self.__dict__.update(given)

    def x(self):
        inner = hashlib.sha256((self.namespace + self.user + ":" + self.password).encode()).digest()
        return number_of(pad(self.salt), inner)

    def v(self):
        return pow(G, self.x(), N)

    def A(self):
        return pow(G, self.a, N)

    def B(self):
        return (K * self.v() + pow(G, self.b, N)) % N

    def u(self):
        return number_of(pad(self.A()), pad(self.B()))

    def record(self):
        A, B, u, x = self.A(), self.B(), self.u(), self.x()
        S = pow(B - K * pow(G, x, N), self.a + u * x, N)
        assert S == pow(A * pow(self.v(), u, N), self.b, N), "the two halves disagree"
        prk = hmac.digest(pad(u), pad(S), "sha256")
        key = hmac.digest(prk, b"Caldera Derived Key\x01", "sha256")[:16]
        message = (self.namespace + self.user).encode() + self.block + self.timestamp.encode()
        record = {
            "name": self.name,
            "namespace": self.namespace,
            "user": self.user,
            "password": self.password,
            "salt": self.salt_hex or f"{self.salt:x}",
            "secret_block": base64.b64encode(self.block).decode(),
            "timestamp": self.timestamp,
            "a": f"{self.a:064x}",
            "b": f"{self.b:064x}",
        }
        record |= {k: f"{n:x}" for k, n in {"A": A, "B": B, "u": u, "x": x, "v": self.v(), "S": S}.items()}
        record["key"] = key.hex()
        record["signature"] = base64.b64encode(hmac.digest(key, message, "sha256")).decode()
        return record


def is_short(letter, n, missing):
    return n.bit_length() < BITS[letter] - 8 * missing


def short_A(missing):
    c = Case(f"A {missing} bytes short")
    A = c.A()
    while not is_short("A", A, missing):
        c.a, A = c.a + 1, A * G % N
    return c


def short_B(missing):
    c = Case(f"B {missing} bytes short")
    kv, power = K * c.v() % N, pow(G, c.b, N)
    while not is_short("B", (kv + power) % N, missing):
        c.b, power = c.b + 1, power * G % N
    return c


def short_u(missing):
    c = Case(f"u {missing} bytes short")
    A, B = c.A(), pad(c.B())
    while not is_short("u", number_of(pad(A), B), missing):
        c.a, A = c.a + 1, A * G % N
    return c


def short_x(missing):
    c = Case(f"x {missing} bytes short")
    while not is_short("x", c.x(), missing):
        c.salt += 1
    return c


def short_S(missing):
    """S is (g^b)^a * (v^b)^u: the first factor goes on by one product, the second takes a table of v^b's powers."""
    c = Case(f"S {missing} bytes short")
    A, B = c.A(), pad(c.B())
    step = pow(G, c.b, N)
    first, power = pow(step, c.a, N), pow(c.v(), c.b, N)
    table = []
    for _ in range(32):
        row = [1]
        for _ in range(255):
            row.append(row[-1] * power % N)
        table.append(row)
        power = row[-1] * power % N
    while True:
        S = first
        for row, digit in zip(table, number_of(pad(A), B).to_bytes(32, "little")):
            S = S * row[digit] % N
        if is_short("S", S, missing):
            return c
        c.a, A, first = c.a + 1, A * G % N, first * step % N


def shaped(name, holds):
    """Goes on from case to case until holds says that the numbers have the wanted form."""
    c = Case(name)
    while not holds(c.record()):
        c.a, c.b = c.a + 1, c.b + 1
    return c


def top_bit(text, digits):
    return len(text) == digits and text[0] in "89abcdef"


def cases():
    for missing in 1, 2:
        for search in short_A, short_B, short_u, short_x, short_S:
            yield search(missing)
    yield shaped("odd number of digits in A", lambda r: len(r["A"]) == 767)
    yield shaped("odd number of digits in B", lambda r: len(r["B"]) == 767)
    yield shaped("odd number of digits in S", lambda r: len(r["S"]) == 767)
    yield shaped("odd number of digits in u", lambda r: len(r["u"]) == 63)
    yield shaped("top bit of A, B, S and u set", lambda r: all(top_bit(r[k], BITS[k] // 4) for k in "ABSu"))
    yield shaped("top bit of A, B, S and u not set", lambda r: not any(top_bit(r[k], BITS[k] // 4) for k in "ABSu"))

    salt = secret("salt") >> 128 & ~(1 << 127) | 1 << 126
    yield Case("salt with a redundant zero byte", salt=salt, salt_hex=f"00{salt:032x}")
    yield Case("salt with many redundant zeros", salt=salt, salt_hex=f"{salt:081x}")
    salt |= 1 << 127
    yield Case("salt with its top bit set", salt=salt)
    yield Case("salt with its top bit set and the zero byte", salt=salt, salt_hex=f"00{salt:032x}")
    yield Case("salt with its top bit set and two zero bytes", salt=salt, salt_hex=f"0000{salt:032x}")
    yield Case("salt one byte short", salt=salt >> 9)
    yield Case("salt one byte short, sent in full", salt=salt >> 9, salt_hex=f"{salt >> 9:032x}")
    yield Case("salt of an odd number of digits", salt=salt >> 4)
    yield Case("salt of one digit", salt=7)
    yield Case("salt of upper-case digits", salt=salt, salt_hex=f"{salt:X}")

    text = "Zo\u00eb P\u00e4ssw\u00f6rd \u1e9b\u0323 \U0001f511"
    same = {"salt": salt, "a": secret("a"), "b": secret("b"), "block": b"block"}
    yield Case("password in NFC", password=unicodedata.normalize("NFC", text), **same)
    yield Case("password in NFD", password=unicodedata.normalize("NFD", text), **same)
    yield Case("empty password", password="")
    yield Case("password with colons and spaces", password=" a:b : ")
    yield Case("user name that is not ASCII", user="J\u00fcrgen:\u5f20")
    yield Case("device", namespace="-FDRunwQv", user="eu-west-2_627477ae-3631-4248-bed9-d2e934100372")
    yield Case("exponents of 0 in their upper half", a=secret("a") >> 128, b=secret("b") >> 128)
    yield Case("smallest exponents", a=1, b=1)
    yield Case("largest exponents", a=(1 << 256) - 1, b=(1 << 256) - 1)


def main():
    out = {
        "origin": "Written by short_vectors.py from the formulas of the protocol; both halves agreed on each S.",
        "cases": [c.record() for c in cases()],
    }
    path = pathlib.Path(__file__).with_name("short_vectors.json")
    path.write_text(json.dumps(out, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
