package srp

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"filippo.io/bigmod"
	"github.com/stretchr/testify/require"
)

// prime is N for math/big.
var prime, _ = new(big.Int).SetString(primeHex, 16)

// nat is n, which is below N, for bigmod.
func nat(n *big.Int) *bigmod.Nat { return toNat(n.FillBytes(make([]byte, size)), group().n) }

func toBig(x *bigmod.Nat) *big.Int { return new(big.Int).SetBytes(x.Bytes(group().n)) }

// plainPowerOfG is g^e for an exponent of any length, without the table.
func plainPowerOfG(e []byte) *bigmod.Nat { return exp(nat(big.NewInt(2)), e) }

func clientWith(a []byte) *Client { return newClient(a, plainPowerOfG(a)) }

func serverWith(v Verifier, b []byte) *Server { return newServer(v, b, plainPowerOfG(b)) }

func plainHex(x *bigmod.Nat) string { return toHex(x.Bytes(group().n)) }

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
