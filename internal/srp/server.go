package srp

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"

	"filippo.io/bigmod"
)

// Verifier is what a server stores instead of a password: a salt, and v = g^x. Both are padded, as
// in ConfirmDevice: big-endian, with a zero byte before a top bit that is set. A Verifier prints
// without the value.
type Verifier struct {
	Salt  []byte
	Value []byte
}

const saltSize = 16

// NewVerifier returns the verifier of a password, with a new salt.
func NewVerifier(id Identity, password string) Verifier {
	var salt [saltSize]byte
	_, _ = rand.Read(salt[:]) // never fails
	return newVerifier(salt[:], id, password)
}

func newVerifier(salt []byte, id Identity, password string) Verifier {
	salt = pad(salt)
	x := passwordExponent(salt, id, password)
	defer clear(x[:])
	return Verifier{Salt: salt, Value: pad(powerOfG(&x).Bytes(group().n))}
}

// ParseVerifier checks a verifier that a client created. It rejects a salt or value that is empty,
// too long or negative (its top bit is set), and a value that is 0 mod N. Errors name the field and
// wrap [ErrMalformed] or [ErrIllegalParameter].
func ParseVerifier(salt, value []byte) (Verifier, error) {
	for _, field := range []struct {
		name  string
		bytes []byte
		most  int
	}{{"salt", salt, maxSaltHex / 2}, {"password verifier", value, size + 1}} {
		switch {
		case len(field.bytes) == 0:
			return Verifier{}, fmt.Errorf("%s: %w: want a number, got nothing", field.name, ErrMalformed)
		case len(field.bytes) > field.most:
			return Verifier{}, fmt.Errorf("%s: %w: want at most %d bytes, got %d",
				field.name, ErrMalformed, field.most, len(field.bytes))
		case field.bytes[0]&0x80 != 0:
			return Verifier{}, fmt.Errorf("%s: %w: want a positive number, got a negative one", field.name, ErrMalformed)
		}
	}
	if residue(value).IsZero() == 1 {
		return Verifier{}, fmt.Errorf("password verifier: %w: it is 0 modulo N", ErrIllegalParameter)
	}
	return Verifier{Salt: pad(salt), Value: pad(value)}, nil
}

// NewDevicePassword returns a new password for a device: the base64 encoding of 40 random bytes.
// The base64 text itself is hashed.
func NewDevicePassword() string {
	var b [40]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.StdEncoding.EncodeToString(b[:])
}

// Format prints the type's name for every verb.
func (v Verifier) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "srp.Verifier{}") }

// LogValue returns the type's name.
func (v Verifier) LogValue() slog.Value { return slog.StringValue("srp.Verifier{}") }

// Server is the server half of one attempt. It prints without its secrets. It never changes and is
// safe for concurrent use.
type Server struct {
	salt     []byte      // padded
	verifier *bigmod.Nat // v mod N
	secret   []byte      // b
	public   []byte      // B, padded
}

// NewServer starts an attempt against v with a new secret.
func NewServer(v Verifier) *Server {
	var b [secretSize]byte
	_, _ = rand.Read(b[:]) // never fails
	return newServer(v, b[:], powerOfG(&b))
}

// newServer returns the server half for the secret b. power is g^b. B is k·v + g^b.
func newServer(v Verifier, b []byte, power *bigmod.Nat) *Server {
	n := group().n
	public := residue(v.Value).Mul(group().k, n).Add(power, n)
	return &Server{salt: v.Salt, verifier: residue(v.Value), secret: b, public: pad(public.Bytes(n))}
}

// Salt returns SALT in lower-case hex without leading zeros. The number of digits may be odd.
func (s *Server) Salt() string { return toHex(s.salt) }

// PublicKey returns SRP_B in lower-case hex without leading zeros. The number of digits may be odd.
func (s *Server) PublicKey() string { return toHex(s.public) }

// CheckPublicKey checks SRP_A as it was received: it must be hex, not too long, and not 0 mod N.
func CheckPublicKey(bigA string) error {
	_, _, err := parsePublic("SRP_A", bigA)
	return err
}

// Verify checks the signature, in base64, of a client with the public key bigA. It returns nil if
// the client knows the password, and [ErrProof] if not. For a value that no honest client sends,
// the error wraps [ErrMalformed] or [ErrIllegalParameter]. Verify compares in constant time.
func (s *Server) Verify(id Identity, bigA string, secretBlock []byte, timestamp, signature string) error {
	claimed, err := parseBase64("PASSWORD_CLAIM_SIGNATURE", signature, maxSignature)
	if err != nil {
		return err
	}
	key, err := s.key(bigA)
	if err != nil {
		return err
	}
	defer clear(key)
	if !hmac.Equal(claimed, sign(key, id, secretBlock, timestamp)) {
		return ErrProof
	}
	return nil
}

// key returns the key that both halves derive.
func (s *Server) key(bigA string) ([]byte, error) {
	padded, a, err := parsePublic("SRP_A", bigA)
	if err != nil {
		return nil, err
	}
	u, err := scrambler(padded, s.public)
	if err != nil {
		return nil, err
	}
	return signingKey(u, s.sharedSecret(u, a))
}

// sharedSecret returns S = (A·v^u)^b.
func (s *Server) sharedSecret(u []byte, a *bigmod.Nat) *bigmod.Nat {
	return exp(exp(s.verifier, u).Mul(a, group().n), s.secret)
}

// Format prints the type's name for every verb.
func (s *Server) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "srp.Server{}") }

// LogValue returns the type's name.
func (s *Server) LogValue() slog.Value { return slog.StringValue("srp.Server{}") }
