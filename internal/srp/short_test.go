package srp

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shortVectors reads testdata/short_vectors.json, which testdata/short_vectors.py wrote. The cases
// stay maps: the names "a" and "A" are different numbers.
func shortVectors(t *testing.T) map[string]map[string]string {
	t.Helper()
	var file struct{ Cases []map[string]string }
	readJSON(t, "testdata/short_vectors.json", &file)
	vectors := make(map[string]map[string]string, len(file.Cases))
	for _, c := range file.Cases {
		require.Len(t, c, 17, c["name"])
		vectors[c["name"]] = c
	}
	require.Len(t, vectors, len(file.Cases))
	return vectors
}

func TestShortVectors(t *testing.T) {
	t.Parallel()
	for name, v := range shortVectors(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testShortVector(t, v)
		})
	}
}

// testShortVector runs both halves and compares every intermediate number.
func testShortVector(t *testing.T, v map[string]string) {
	t.Helper()
	id := Identity{v["namespace"], v["user"]}
	a, b := [secretSize]byte(unhex(t, v["a"])), [secretSize]byte(unhex(t, v["b"]))
	salt := strings.ToLower(strings.TrimLeft(v["salt"], "0"))

	verifier := newVerifier(unhex(t, v["salt"]), id, v["password"])
	assert.Equal(t, v["v"], toHex(verifier.Value))
	parsed, err := ParseVerifier(verifier.Salt, verifier.Value)
	require.NoError(t, err)
	assert.Equal(t, verifier, parsed)

	s, c := newServer(verifier, b[:], powerOfG(&b)), newClient(a[:], powerOfG(&a))
	assert.Equal(t, v["A"], c.PublicKey())
	assert.Equal(t, v["B"], s.PublicKey())
	assert.Equal(t, salt, s.Salt())

	// A server's values in its own form and in the forms that other programs write.
	for _, form := range []func(string) string{
		func(s string) string { return s },
		strings.ToUpper,
		func(s string) string { return "0" + s },
		func(s string) string { return strings.Repeat("0", 100) + s },
	} {
		ch, err := ParseChallenge(form(v["salt"]), form(v["B"]), v["secret_block"])
		require.NoError(t, err)
		signature, err := c.Sign(id, v["password"], ch, v["timestamp"])
		require.NoError(t, err)
		require.Equal(t, v["signature"], signature)
		require.NoError(t, s.Verify(id, form(v["A"]), unbase64(t, v["secret_block"]), v["timestamp"], v["signature"]))
	}

	ch, err := ParseChallenge(v["salt"], v["B"], v["secret_block"])
	require.NoError(t, err)
	u, err := scrambler(c.public, ch.padded)
	require.NoError(t, err)
	assert.Equal(t, v["u"], toHex(u))
	x := passwordExponent(ch.salt, id, v["password"])
	assert.Equal(t, v["x"], toHex(x[:]))
	assert.Equal(t, v["S"], plainHex(c.sharedSecret(u, id, v["password"], ch)))
	_, plain, err := parsePublic("SRP_A", v["A"])
	require.NoError(t, err)
	assert.Equal(t, v["S"], plainHex(s.sharedSecret(u, plain)))
	key, err := c.key(id, v["password"], ch)
	require.NoError(t, err)
	assert.Equal(t, v["key"], hex.EncodeToString(key))
	key, err = s.key(v["A"])
	require.NoError(t, err)
	assert.Equal(t, v["key"], hex.EncodeToString(key))
}

// TestShortVectorsAreShort requires that the cases match their names. They are the only proof that
// nothing is hashed at a fixed width.
func TestShortVectorsAreShort(t *testing.T) {
	t.Parallel()
	vectors := shortVectors(t)
	digits := map[string]int{"A": 768, "B": 768, "S": 768, "u": 64, "x": 64}
	for number, full := range digits {
		for missing, name := range map[int]string{1: number + " 1 bytes short", 2: number + " 2 bytes short"} {
			require.Contains(t, vectors, name)
			number := strings.Repeat("0", full-len(vectors[name][number])) + vectors[name][number]
			assert.Equal(t, strings.Repeat("0", 2*missing), number[:2*missing], name)
			assert.Less(t, number[2*missing:], "8", "%s: a sign byte would hide it", name)
		}
		if number != "x" {
			assert.Len(t, vectors["odd number of digits in "+number][number], full-1)
			set := vectors["top bit of A, B, S and u set"][number]
			assert.Len(t, set, full)
			assert.GreaterOrEqual(t, set[:1], "8")
		}
	}
	composed, decomposed := vectors["password in NFC"], vectors["password in NFD"]
	assert.Equal(t, composed["a"]+composed["b"]+composed["salt"], decomposed["a"]+decomposed["b"]+decomposed["salt"])
	assert.NotEqual(t, composed["password"], decomposed["password"])
	assert.NotEqual(t, composed["key"], decomposed["key"])
}
