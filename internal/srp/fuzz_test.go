package srp

import (
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requireRefusal requires an error of the package. The error must be short: it does not repeat the
// input.
func requireRefusal(t *testing.T, err error, fields ...string) {
	t.Helper()
	require.True(t, errors.Is(err, ErrMalformed) || errors.Is(err, ErrIllegalParameter), err.Error())
	require.Less(t, len(err.Error()), 120)
	for _, field := range fields {
		if strings.HasPrefix(err.Error(), field+": ") {
			return
		}
	}
	t.Fatalf("%v names none of %v", err, fields)
}

// hexNumber returns the number in text if it has only hex digits and at most most of them.
func hexNumber(text string, most int) (*big.Int, bool) {
	if text == "" || len(text) > most || strings.Trim(text, "0123456789abcdefABCDEF") != "" {
		return nil, false
	}
	return new(big.Int).SetString(text, 16)
}

func FuzzParseChallenge(f *testing.F) {
	public := NewClient().PublicKey()
	f.Add("e7dc204cebbfda6b62b8493e932f7f4c", public, "5ZmS3XIpUD0zsSdbIfEuyg==")
	f.Add("00ff", "0"+hexOf(prime), "AA==")
	f.Add("0", "0", "A")
	f.Add("", strings.Repeat("f", maxPublicHex), "====")
	f.Add("-1", "0x12", "-_-_")
	f.Fuzz(func(t *testing.T, salt, bigB, block string) {
		ch, err := ParseChallenge(salt, bigB, block)
		s, saltOK := hexNumber(salt, maxSaltHex)
		b, publicOK := hexNumber(bigB, maxPublicHex)
		publicOK = publicOK && new(big.Int).Mod(b, prime).Sign() != 0
		raw, blockErr := base64.StdEncoding.DecodeString(block)
		if err != nil {
			requireRefusal(t, err, "SALT", "SRP_B", "SECRET_BLOCK")
			require.False(t, saltOK && publicOK && blockErr == nil && block != "" && len(block) <= maxSecretBlock)
			return
		}
		require.True(t, saltOK && publicOK && blockErr == nil)
		assert.Equal(t, javaBytes(s), ch.salt)
		assert.Equal(t, javaBytes(b), ch.padded)
		assert.Zero(t, toBig(ch.public).Cmp(b.Mod(b, prime)))
		assert.Equal(t, raw, ch.secretBlock)
	})
}

func FuzzCheckPublicKey(f *testing.F) {
	for _, value := range multiplesOfPrime() {
		f.Add(value)
	}
	f.Add("")
	f.Add("1g")
	f.Add(strings.ToUpper(NewClient().PublicKey()))
	f.Add(strings.Repeat("f", maxPublicHex+1))
	f.Fuzz(func(t *testing.T, bigA string) {
		n, ok := hexNumber(bigA, maxPublicHex)
		err := CheckPublicKey(bigA)
		switch {
		case !ok:
			require.ErrorIs(t, err, ErrMalformed)
			requireRefusal(t, err, "SRP_A")
		case n.Mod(n, prime).Sign() == 0:
			require.ErrorIs(t, err, ErrIllegalParameter)
			requireRefusal(t, err, "SRP_A")
		default:
			require.NoError(t, err)
		}
	})
}

func FuzzParseVerifier(f *testing.F) {
	v := NewVerifier(someone, somePassword)
	f.Add(v.Salt, v.Value)
	f.Add([]byte{0}, prime.Bytes())
	f.Add([]byte{0x80}, append([]byte{0}, prime.Bytes()...))
	f.Add([]byte{}, []byte{1})
	f.Fuzz(func(t *testing.T, salt, value []byte) {
		got, err := ParseVerifier(salt, value)
		n := new(big.Int).SetBytes(value)
		ok := len(salt) > 0 && len(salt) <= maxSaltHex/2 && salt[0] < 0x80 &&
			len(value) > 0 && len(value) <= size+1 && value[0] < 0x80 && new(big.Int).Mod(n, prime).Sign() != 0
		if err != nil {
			requireRefusal(t, err, "salt", "password verifier")
			require.False(t, ok)
			return
		}
		require.True(t, ok)
		require.Equal(t, javaBytes(n), got.Value)
		require.Equal(t, javaBytes(new(big.Int).SetBytes(salt)), got.Salt)
		again, err := ParseVerifier(got.Salt, got.Value)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}

func FuzzParseTimestamp(f *testing.F) {
	for _, text := range []string{
		someTimestamp, "Sat Feb 17 24:03:00 UTC 2024", "Wed Sep 03 09:05:01 UTC 2025", "", "Thu Jan 1 00:00:00 UTC 0",
		"Wed Sep 30 09:05:01 UTC 2026", "Fri Dec 31 23:59:60 UTC 9999",
	} {
		f.Add(text, int64(len(text))*1e8)
	}
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		when, err := ParseTimestamp(text)
		if err == nil {
			require.Equal(t, text, Timestamp(when))
		} else {
			requireRefusal(t, err, "TIMESTAMP")
		}
		// Output is parsed back, for years of four digits.
		when = time.Unix(seconds%253402300800, 0).UTC()
		if when.Year() >= 1000 {
			parsed, err := ParseTimestamp(Timestamp(when))
			require.NoError(t, err)
			require.True(t, when.Equal(parsed))
		}
	})
}

func FuzzVerifySignature(f *testing.F) {
	s := NewServer(NewVerifier(someone, somePassword))
	c := NewClient()
	good := answer(f, c, s, someone, somePassword, someBlock, someTimestamp)
	f.Add(c.PublicKey(), good, someBlock, someTimestamp, someone.Namespace, someone.Name)
	f.Add(c.PublicKey(), "AAAA", someBlock, someTimestamp, someone.Namespace, someone.Name)
	f.Add("0", good, []byte{}, "", "", "")
	f.Add(hexOf(prime), good+"=", someBlock, someTimestamp, someone.Name, someone.Namespace)
	f.Add("1", "!", []byte(nil), someTimestamp, "\x00", "\xff")
	f.Fuzz(func(t *testing.T, bigA, signature string, block []byte, timestamp, namespace, name string) {
		err := s.Verify(Identity{namespace, name}, bigA, block, timestamp, signature)
		switch {
		case err == nil:
			// Only the correct signature is accepted, for the text it covers, in any spelling of A.
			a, ok := hexNumber(bigA, maxPublicHex)
			require.True(t, ok)
			assert.Equal(t, c.PublicKey(), hexOf(a))
			assert.Equal(t, unbase64(t, good), unbase64(t, signature))
			covered := func(id Identity, block []byte, timestamp string) string {
				return id.Namespace + id.Name + string(block) + timestamp
			}
			assert.Equal(t, covered(someone, someBlock, someTimestamp), covered(Identity{namespace, name}, block, timestamp))
		case errors.Is(err, ErrProof):
			require.NoError(t, CheckPublicKey(bigA))
		default:
			requireRefusal(t, err, "SRP_A", "PASSWORD_CLAIM_SIGNATURE")
		}
	})
}
