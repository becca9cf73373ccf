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

// These are the errors of this package. Errors about values from the other side name the field and
// what was expected.
var (
	// ErrMalformed means that a value is not hex or base64, is empty, or is too long.
	ErrMalformed = errors.New("malformed")
	// ErrIllegalParameter means that a value would make the shared key predictable: A or B = 0 mod
	// N, or u = 0.
	ErrIllegalParameter = errors.New("illegal SRP parameter")
	// ErrProof means that the signature does not match the password.
	ErrProof = errors.New("the proof does not match")
)

// These bounds limit the values from the other side. Honest values have 768, 32 and about 2,300
// characters. The bound for A and B is large enough to detect multiples of N.
const (
	maxPublicHex   = 1024
	maxSaltHex     = 512
	maxSecretBlock = 32 << 10
	maxSignature   = 128
)

// pad returns the number b in the encoding in which numbers are hashed: Java's
// BigInteger.toByteArray for a non-negative number. b is big-endian. Leading zeros are dropped, but
// a zero byte precedes a byte whose top bit is set. The number 0 is one zero byte.
func pad(b []byte) []byte {
	b = bytes.TrimLeft(b, "\x00")
	if len(b) == 0 || b[0]&0x80 != 0 {
		return append([]byte{0}, b...)
	}
	return b
}

// toHex returns the number b in the form that is sent: lower-case hex without leading zeros, so
// that its length may be odd.
func toHex(b []byte) string {
	text := strings.TrimLeft(hex.EncodeToString(b), "0")
	if text == "" {
		return "0"
	}
	return text
}

// parseHex parses the number in field. text is hex in either case, of any length up to most digits.
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

// parseBase64 parses the standard base64 in field, of at most most characters.
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

// parsePublic parses A or B. It returns the bytes to hash and the number modulo N. It rejects 0
// modulo N.
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

// TimestampLayout is the layout of TIMESTAMP: English, UTC, 24 hours, the day without padding. The
// service formats the time itself and compares, so that a padded day fails like a wrong password.
const TimestampLayout = "Mon Jan 2 15:04:05 UTC 2006"

// Timestamp returns t in the form of TIMESTAMP.
func Timestamp(t time.Time) string { return t.UTC().Format(TimestampLayout) }

// ParseTimestamp parses a TIMESTAMP. It accepts only the output of [Timestamp].
func ParseTimestamp(s string) (time.Time, error) {
	const longest = len("Wed Sep 30 09:05:01 UTC 2026")
	if len(s) <= longest {
		if t, err := time.Parse(TimestampLayout, s); err == nil && Timestamp(t) == s {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("TIMESTAMP: %w: want the form %q", ErrMalformed, TimestampLayout)
}
