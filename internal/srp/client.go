package srp

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"

	"filippo.io/bigmod"
)

// Client is the client half of one attempt to prove a password. It prints without its secret. It is
// not safe for concurrent use.
type Client struct {
	secret []byte // a
	public []byte // A, padded
}

// NewClient starts an attempt with a new secret.
func NewClient() *Client {
	var a [secretSize]byte
	_, _ = rand.Read(a[:]) // never fails
	return newClient(a[:], powerOfG(&a))
}

// newClient returns the client half for the secret a. public is g^a.
func newClient(a []byte, public *bigmod.Nat) *Client {
	return &Client{secret: a, public: pad(public.Bytes(group().n))}
}

// PublicKey returns SRP_A in lower-case hex without leading zeros. The number of digits may be odd.
func (c *Client) PublicKey() string { return toHex(c.public) }

// Sign answers ch. It returns PASSWORD_CLAIM_SIGNATURE in base64, for the time timestamp (see
// [Timestamp]). Errors wrap [ErrIllegalParameter].
func (c *Client) Sign(id Identity, password string, ch *Challenge, timestamp string) (string, error) {
	key, err := c.key(id, password, ch)
	if err != nil {
		return "", err
	}
	defer clear(key)
	return base64.StdEncoding.EncodeToString(sign(key, id, ch.secretBlock, timestamp)), nil
}

// key returns the key that both halves derive.
func (c *Client) key(id Identity, password string, ch *Challenge) ([]byte, error) {
	u, err := scrambler(c.public, ch.padded)
	if err != nil {
		return nil, err
	}
	return signingKey(u, c.sharedSecret(u, id, password, ch))
}

// sharedSecret returns S = (B - k·g^x)^(a + u·x).
func (c *Client) sharedSecret(u []byte, id Identity, password string, ch *Challenge) *bigmod.Nat {
	x := passwordExponent(ch.salt, id, password)
	defer clear(x[:])
	base := sub(ch.public, powerOfG(&x).Mul(group().k, group().n))
	exponent := mulAdd(c.secret, u, x[:])
	defer clear(exponent)
	return exp(base, exponent)
}

// Format prints the type's name for every verb.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "srp.Client{}") }

// LogValue returns the type's name.
func (c *Client) LogValue() slog.Value { return slog.StringValue("srp.Client{}") }

// Challenge is a server's response to SRP_A.
type Challenge struct {
	salt        []byte      // padded
	padded      []byte      // B in the form that is hashed
	public      *bigmod.Nat // B mod N
	secretBlock []byte
}

// ParseChallenge parses SALT and SRP_B (hex) and SECRET_BLOCK (base64) from a server. SALT is a
// number, so redundant leading zeros are ignored. B is hashed as it was received and reduced modulo
// N for the arithmetic. Errors name the parameter and wrap [ErrMalformed], or [ErrIllegalParameter]
// if B = 0 mod N.
func ParseChallenge(salt, bigB, secretBlock string) (*Challenge, error) {
	s, err := parseHex("SALT", salt, maxSaltHex)
	if err != nil {
		return nil, err
	}
	padded, public, err := parsePublic("SRP_B", bigB)
	if err != nil {
		return nil, err
	}
	block, err := parseBase64("SECRET_BLOCK", secretBlock, maxSecretBlock)
	if err != nil {
		return nil, err
	}
	return &Challenge{salt: pad(s), padded: padded, public: public, secretBlock: block}, nil
}
