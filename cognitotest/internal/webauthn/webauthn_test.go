package webauthn

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// From RFC 8949, appendix A.
func TestCBOR(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]any{
		"\x00": int64(0), "\x17": int64(23), "\x18\x18": int64(24), "\x19\x03\xe8": int64(1000),
		"\x1a\x00\x0f\x42\x40": int64(1000000), "\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00": int64(1000000000000),
		"\x20": int64(-1), "\x39\x03\xe7": int64(-1000), "\xf4": false, "\xf5": true, "\xf6": nil,
		"\x44\x01\x02\x03\x04": []byte{1, 2, 3, 4}, "\x64IETF": "IETF", "\x80": []any{},
		"\x83\x01\x82\x02\x03\x82\x04\x05": []any{int64(1), []any{int64(2), int64(3)}, []any{int64(4), int64(5)}},
		"\xa0":                             map[any]any{}, "\xa2\x01\x02\x03\x04": map[any]any{int64(1): int64(2), int64(3): int64(4)},
		"\xa2\x61a\x01\x61b\x82\x02\x03": map[any]any{"a": int64(1), "b": []any{int64(2), int64(3)}},
	} {
		got, rest, err := decodeCBOR([]byte(in + "rest"))
		require.NoError(t, err, "%x", in)
		assert.Equal(t, want, got, "%x", in)
		assert.Equal(t, "rest", string(rest))
	}
	for _, in := range []string{
		"", "\x18", "\x1c", "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", "\x44\x01", "\x64a", "\x82\x01", "\xa1\x01", "\xc0\x00", "\xf9\x3c\x00",
		"\x9f\xff", "\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "\xbb\xff\xff\xff\xff\xff\xff\xff\xff", "\xa2\x01\x02\x01\x02", "\xa1\x80\x01",
		"\x81\x81\x81\x81\x81\x81\x81\x00",
	} {
		_, _, err := decodeCBOR([]byte(in))
		require.ErrorIs(t, err, errCBOR, "%x", in)
	}
}

// What is sent to a pool as an attestation ends in an error or in a key, and is never read past its
// end.
func FuzzAttestation(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	id := []byte("0123456789abcdef")
	data := append(make([]byte, 32), FlagAttested)
	data = append(append(data, make([]byte, 4+16)...), 0, 16)
	f.Add(append(append(data, id...), MarshalKey(key.Public())...))
	f.Add([]byte("\xa2\x01\x02\x03\x04"))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, rest, err := decodeCBOR(in)
		if err == nil && !bytes.HasSuffix(in, rest) {
			t.Errorf("the rest of %x is %x", in, rest)
		}
		if data, ok := ParseAuthenticatorData(in); ok {
			if id, key, ok := data.Attested(); ok && (len(id) == 0 || key == nil) {
				t.Errorf("%x has no credential", in)
			}
		}
	})
}
