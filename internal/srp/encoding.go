package srp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"filippo.io/bigmod"
)

// Errors of this package; those about what the other side sent name the field and what was expected.
var (
	// ErrMalformed: a value is not hex or not base64, is empty, or is too long.
	ErrMalformed = errors.New("malformed")
	// ErrIllegalParameter: a value that would make the shared key predictable: A or B = 0 mod N, or u = 0.
	ErrIllegalParameter = errors.New("illegal SRP parameter")
	// ErrProof: the signature is not the one that the password gives.
	ErrProof = errors.New("the proof does not match")
)

// What the other side may send, at most. Honest values have 768, 32 and about 2,300 characters; the bound on A
// and B lets multiples of N be recognised as such.
const (
	maxPublicHex   = 1024
	maxSaltHex     = 512
	maxSecretBlock = 32 << 10
	maxSignature   = 128
)

// pad is the encoding in which numbers are hashed: that of Java's BigInteger.toByteArray for a number that is not
// negative. b is big-endian; leading zeros are dropped, but one is put before a byte whose top bit is set, and 0
// is one zero byte.
func pad(b []byte) []byte {
	b = bytes.TrimLeft(b, "\x00")
	if len(b) == 0 || b[0]&0x80 != 0 {
		return append([]byte{0}, b...)
	}
	return b
}

// toHex is the number b on the wire: lower-case hex without leading zeros, so that its length may be odd.
func toHex(b []byte) string {
	text := strings.TrimLeft(hex.EncodeToString(b), "0")
	if text == "" {
		return "0"
	}
	return text
}

// parseHex reads a number of the field in hex of either case and any length up to most digits.
func parseHex(field, text string, most int) ([]byte, error) {
	switch {
	case text == "":
		return nil, fmt.Errorf("%s: %w: want hex digits, got none", field, ErrMalformed)
	case len(text) > most:
		return nil, fmt.Errorf("%s: %w: want at most %d hex digits, got %d", field, ErrMalformed, most, len(text))
	case len(text)%2 == 1:
		text = "0" + text
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: want hex digits only", field, ErrMalformed)
	}
	return b, nil
}

// parseBase64 reads standard base64 of the field, at most of most characters.
func parseBase64(field, text string, most int) ([]byte, error) {
	switch {
	case text == "":
		return nil, fmt.Errorf("%s: %w: want base64, got nothing", field, ErrMalformed)
	case len(text) > most:
		return nil, fmt.Errorf("%s: %w: want at most %d characters, got %d", field, ErrMalformed, most, len(text))
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: want base64", field, ErrMalformed)
	}
	return b, nil
}

// parsePublic reads A or B: as bytes to be hashed, and modulo N to be computed with. 0 modulo N is refused.
func parsePublic(field, text string) ([]byte, *bigmod.Nat, error) {
	b, err := parseHex(field, text, maxPublicHex)
	if err != nil {
		return nil, nil, err
	}
	r := residue(b)
	if r.IsZero() == 1 {
		return nil, nil, fmt.Errorf("%s: %w: it is 0 modulo N", field, ErrIllegalParameter)
	}
	return pad(b), r, nil
}

// TimestampLayout is the layout of TIMESTAMP: English, UTC, 24 hours, the day not padded. The service renders the
// time itself, so that a day of two digits fails as a wrong password.
const TimestampLayout = "Mon Jan 2 15:04:05 UTC 2006"

// Timestamp is t as TIMESTAMP wants it.
func Timestamp(t time.Time) string { return t.UTC().Format(TimestampLayout) }

// ParseTimestamp reads a TIMESTAMP. It takes only what Timestamp writes.
func ParseTimestamp(s string) (time.Time, error) {
	const longest = len("Wed Sep 30 09:05:01 UTC 2026")
	if len(s) <= longest {
		if t, err := time.Parse(TimestampLayout, s); err == nil && Timestamp(t) == s {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("TIMESTAMP: %w: want the form %q", ErrMalformed, TimestampLayout)
}
