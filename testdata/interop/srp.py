"""SRP-6a as Cognito's clients speak it, written out after pycognito: aws_srp.py and its device code."""

import base64
import datetime
import hashlib
import hmac
import os

N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 2


def padded(number):
    """The bytes of Java's BigInteger.toByteArray, in hex."""
    text = "%x" % number
    if len(text) % 2:
        return "0" + text
    return "00" + text if text[0] in "89abcdef" else text


def sha256(data):
    return hashlib.sha256(data).hexdigest().rjust(64, "0")


def hex_hash(text):
    return sha256(bytes.fromhex(text))


K = int(hex_hash("00%x02" % N), 16)


def secret_hash(username, client_id, secret):
    return base64.b64encode(hmac.new(secret.encode(), (username + client_id).encode(), hashlib.sha256).digest()).decode()


def timestamp():
    now = datetime.datetime.now(datetime.timezone.utc)
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return "%s %s %d %02d:%02d:%02d UTC %d" % (
        days[now.weekday()], months[now.month - 1], now.day, now.hour, now.minute, now.second, now.year,
    )


class Client:
    """The client's half of a proof: of a user's password, with the pool's name, or of a device's, with its group."""

    def __init__(self):
        self.small_a = int.from_bytes(os.urandom(128), "big") % N
        self.large_a = pow(G, self.small_a, N)

    @property
    def srp_a(self):
        return "%x" % self.large_a

    def claim(self, params, namespace, name, password):
        """The members of an answer to PASSWORD_VERIFIER or DEVICE_PASSWORD_VERIFIER."""
        large_b, salt = int(params["SRP_B"], 16), int(params["SALT"], 16)
        u = int(hex_hash(padded(self.large_a) + padded(large_b)), 16)
        assert u and large_b % N
        x = int(hex_hash(padded(salt) + sha256(("%s%s:%s" % (namespace, name, password)).encode())), 16)
        s = pow((large_b - K * pow(G, x, N)) % N, self.small_a + u * x, N)
        prk = hmac.new(bytes.fromhex(padded(u)), bytes.fromhex(padded(s)), hashlib.sha256).digest()
        key = hmac.new(prk, b"Caldera Derived Key\x01", hashlib.sha256).digest()[:16]
        now = timestamp()
        message = (namespace + name).encode() + base64.b64decode(params["SECRET_BLOCK"]) + now.encode()
        return {
            "TIMESTAMP": now, "PASSWORD_CLAIM_SECRET_BLOCK": params["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode(),
        }


def device_verifier(group, key):
    """A password for a new device, and what the pool is to know of it."""
    password = base64.b64encode(os.urandom(40)).decode()
    salt = padded(int.from_bytes(os.urandom(16), "big"))
    x = int(hex_hash(salt + sha256(("%s%s:%s" % (group, key, password)).encode())), 16)
    return password, {
        "PasswordVerifier": base64.b64encode(bytes.fromhex(padded(pow(G, x, N)))).decode(),
        "Salt": base64.b64encode(bytes.fromhex(salt)).decode(),
    }
