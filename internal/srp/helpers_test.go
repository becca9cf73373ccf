package srp

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// prime is N for math/big, and radix is the R of the Montgomery form.
var (
	prime = new(big.Int).SetBytes(groupN.bytes())
	radix = new(big.Int).Lsh(big.NewInt(1), 3072)
)

// toElement is n, which is below 2^3072, in limbs; it is not reduced and not in Montgomery form.
func toElement(n *big.Int) (e element) {
	b := n.FillBytes(make([]byte, size))
	for i := range e {
		for _, octet := range b[size-8*(i+1) : size-8*i] {
			e[i] = e[i]<<8 | uint64(octet)
		}
	}
	return e
}

func toBig(e *element) *big.Int { return new(big.Int).SetBytes(e.bytes()) }

// powerOfG is g^e in Montgomery form for an exponent of any length, without the comb.
func powerOfG(e []byte) element {
	var z element
	z.exp(&group().two, e)
	return z
}

func clientWith(a []byte) *Client {
	public := powerOfG(a)
	return newClient(a, &public)
}

func serverWith(v Verifier, b []byte) *Server {
	power := powerOfG(b)
	return newServer(v, b, &power)
}

// plainHex is what e, in Montgomery form, stands for.
func plainHex(e element) string {
	e.fromMontgomery(&e)
	return toHex(e.bytes())
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

// unhex reads hex of any length, as bytes.
func unhex(tb testing.TB, text string) []byte {
	tb.Helper()
	if len(text)%2 == 1 {
		text = "0" + text
	}
	b, err := hex.DecodeString(text)
	require.NoError(tb, err)
	return b
}

func unbase64(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	require.NoError(tb, err)
	return b
}
